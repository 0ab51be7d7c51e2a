"""The whole pipeline from outside: a scratch copy with a few rows, run, run again, changed, offline."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from scratch import environment

from ghostnotes.files import load_tensors, save_tensors

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(smoke_run):
    """The copy after one whole run, as `make smoke` does it; progress and stages are in .output."""
    return smoke_run("whole")


def test_every_report_is_there(ran):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(stages) <= {name.split("@")[0] for name in re.findall(r"\d min  (\S+)", ran.output)}
    table = pd.read_csv(ran.folder / "reports/tables/guidance_sweep.csv")
    assert set(table["domain"]) == {"studio", "crowd", "lofi"} and table["recall_at_10"].between(0, 1).all()
    ladder = {"chance", "neighbours", "bridge_picture_caption", "bridge_music_caption", "regression", "regression_long",
              "regression_noise", "guided_regression", "diff4steer", "ideal", "oracle"}  # fmt: skip
    for _, rows in table[table["query"] == "image"].groupby("domain"):
        assert ladder <= set(rows["method"]) and list(rows["method"]).count("diff4steer") == 9
    two = pd.read_csv(ran.folder / "reports/tables/diff4steer_table2.csv")
    assert len(two) == 3 * 6 and two["fmd"].gt(0).all() and two["fmd_floor"].gt(0).all()
    numbers = {"diff4steer_verdicts": range(1, 5), "diff4steer_verdicts_2": range(5, 19),
               "gdr_verdicts": (*range(1, 6), *range(9, 18)), "gdr_verdicts_negative": range(18, 22),
               "gdr_verdicts_inversion": range(22, 26), "gdr_verdicts_alignment": range(6, 9),
               "gradient_verdicts": range(1, 4)}  # fmt: skip
    for name, those in numbers.items():
        verdicts = pd.read_csv(ran.folder / f"reports/tables/{name}.csv")
        letter = "C" if name == "gradient_verdicts" else name[0].upper()
        assert list(verdicts["id"]) == [f"{letter}{number}" for number in those]
        # G24 and G25 are read at 5 to 50 steps of inversion; this profile has six
        untested = {"G24", "G25"} if name == "gdr_verdicts_inversion" else set()
        assert set(verdicts["id"][verdicts["verdict"].eq("not testable here")]) == untested
    one = pd.read_csv(ran.folder / "reports/tables/diff4steer_table1.csv")
    assert set(one["query"]) == {"none", "image", "genre", "caption", "image+genre", "image+caption"}
    assert set(pd.read_csv(ran.folder / "reports/tables/diff4steer_table3.csv")["omega"].dropna()) >= {-1, 0, 9, 19}
    for name in ("guidance_sweep", "diff4steer_ladder", "diff4steer_advantage", "sampling_cost", "training_prior",
                 "diff4steer_table1", "calibration", "calibration_reliability", "gdr_table2", "gdr_table4",
                 "gdr_table5", "gdr_ablations", "gdr_sampling", "gdr_figure3", "gdr_negative_outcome",
                 "gdr_negative_pareto", "gdr_figure4", "gdr_figure5", "gdr_edit_outcome", "gdr_like_but",
                 "gdr_round_trips", "gdr_table3", "gdr_alignment_unlabelled", "gdr_alignment_dial", "gradient_choices",
                 "guidance_gradients", "guidance_gradients_bridge", "guidance_gradients_steps",
                 "guidance_gradients_restyle", "scorecard"):  # fmt: skip
        for kind in ("png", "svg"):
            assert (ran.folder / f"reports/figures/{name}.{kind}").stat().st_size > 5000


def test_progress_is_shown(ran):
    for what in ("crowd: test", "studio: train, val, test", "pictures: pictures", "MiniLM: lofi", "clap-mini",
                 "probe-audio", "prior", "generate"):  # fmt: skip
        assert re.search(rf"{what}.*: +\d+%", ran.output), what


def test_executed_notebooks_are_small_and_whole(ran):
    for path in (ran.folder / "reports/notebooks").rglob("*.ipynb"):
        assert path.stat().st_size < 800_000, path.name
        notebook = nbformat.read(path, as_version=4)
        assert all(c.execution_count for c in notebook.cells if c.cell_type == "code" and c.source)
        text = path.read_text()
        assert str(ran.folder) not in text and str(ROOT) not in text, f"{path.name} names a path of this machine"


def test_nothing_went_out_to_a_network(ran):
    assert not ran.log.exists(), ran.log.read_text()


def test_the_network_guard_guards(tmp_path):
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    log = tmp_path / "log"
    done = subprocess.run([sys.executable, "-c", code], env=environment(log), capture_output=True, text=True)
    assert done.returncode != 0 and log.read_text() == "192.0.2.1\n"


def test_a_second_run_does_nothing(ran):
    assert ran.stages() == []


def test_other_settings_run_again_what_reads_them_and_nothing_else(ran):
    """Other omegas run the sweep and no training; one network's settings train that network, an item of a matrix."""
    with ran.settings(sweep={"omegas": [-1, 0, 2, 19]}, ghosts={"models": {"pooled": {"target": "sample"}}}):
        again = set(ran.stages("--dry"))
    assert {stage for stage in again if stage.startswith(("ghost-train", "ghosts"))} == {
        "ghost-train@pooled", "ghosts@pooled",
    }  # fmt: skip
    again = {stage.split("@")[0] for stage in again}
    assert {"prepare", "choices"} <= again
    assert not again & {"train-prior", "train", "train-text", "sampling-cost", "cards", "lesson-04"}


def changed(path, change):
    """Write a notebook anew after change(notebook)."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def one_more_sentence(notebook):
    next(cell for cell in notebook.cells if cell.cell_type == "markdown").source += "\n\nOne more sentence."


def opened_and_saved(notebook):
    notebook.metadata["language_info"]["version"] = "3.11.99"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 5


def test_a_mended_sentence_runs_that_lesson_only_and_a_notebook_that_was_opened_and_saved_nothing(ran):
    with (ran.file("notebooks/lessons/03-diffusion-on-paper.ipynb") as lesson,
          ran.file("notebooks/pipeline/train.ipynb") as work):  # fmt: skip
        changed(lesson, one_more_sentence)
        changed(work, opened_and_saved)
        assert "Running stage 'prepare'" in ran.stage("prepare").stdout
        assert ran.stages("--dry") == ["lesson-03"]
    assert ran.stage("prepare").returncode == 0  # the next test's last run shows that nothing else is left to do


def one_line(output, what):
    """The error is one line of ours that says what; no trace of Python's."""
    return re.search(rf"^ghostnotes: .*{what}.*$", output, re.M) and "Traceback" not in output


def test_bad_settings_stop_the_pipeline_and_leave_everything(ran):
    table = (ran.folder / "reports/tables/guidance_sweep.csv").read_bytes()
    bad = {"'sweep.omegas.1'": {"sweep": {"omegas": [0, float("nan")]}}, "unknown key 'swep'": {"swep": 1},
           "'sampling.steps'": {"sampling": {"steps": 0}}}  # fmt: skip
    strip = [sys.executable, "-m", "ghostnotes.notebook", "strip"]  # the first stage, which `dvc repro` runs
    for command, (what, changes) in zip((["dvc", "repro"], strip, strip), bad.items(), strict=True):
        with ran.settings(**changes):
            done = ran.run(*command)
        assert done.returncode != 0 and one_line(done.stdout, f"params.yaml: {what}"), done.stdout[-1500:]
    assert (ran.folder / "reports/tables/guidance_sweep.csv").read_bytes() == table
    assert set(ran.stages()) <= {"prepare"}


def spoil_row(path):
    tensors, metadata = load_tensors(path)
    tensors["vectors"][3] = float("nan")
    save_tensors(path, tensors, metadata)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(("spoil", "what"), [(spoil_row, "row 3 .* is not finite"), (truncate, "damaged or truncated")])
def test_a_bad_store_stops_the_stage_and_leaves_its_reports(ran, spoil, what):
    """Run as the stage's plain command: `dvc repro` itself notices the changed file and makes it again."""
    reports = {p: p.read_bytes() for p in (ran.folder / "reports").rglob("*") if p.is_file()}
    store = "build/embeddings/muscall-mini/studio-test-tracks.safetensors"
    (ran.folder / store).chmod(0o644)
    with ran.file(store) as path, ran.file(f"{store}.sha256"):
        path.with_name(path.name + ".sha256").chmod(0o644)
        spoil(path)
        command = [sys.executable, "-m", "ghostnotes.notebook", "run", "pipeline/seeds"]
        done = subprocess.run(command, cwd=ran.folder, env=ran.environment, capture_output=True, text=True)
    said = one_line(done.stderr, f"studio-test-tracks.safetensors: .*{what}")
    assert done.returncode == 1 and said, done.stderr[-1500:]
    assert {p: p.read_bytes() for p in (ran.folder / "reports").rglob("*") if p.is_file()} == reports
