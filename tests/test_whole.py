"""The whole pipeline from outside: a scratch copy with a few rows, run, run again, changed, killed, offline."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from ghostnotes import config, profiles
from ghostnotes.files import load_tensors, save_tensors

ROOT = Path(__file__).parents[1]
OFFLINE = ROOT / "tests" / "offline"
pytestmark = pytest.mark.slow


def environment(log, *sources):
    """This environment with the network guarded, and with these folders' code before the installed one."""
    bin_folder = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(map(str, [*sources, OFFLINE])),
        "GHOSTNOTES_NETWORK_LOG": str(log),
    }


class Copy:
    """A scratch copy of the project in the smoke profile."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder.parent / "network.log"
        self.environment = environment(self.log, folder / "src")
        here = os.getcwd()
        os.chdir(ROOT)
        try:
            profiles.copy(folder, "smoke")
        finally:
            os.chdir(here)

    def run(self, *command):
        return subprocess.run(command, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def dvc(self, *arguments):
        return self.run("dvc", *arguments)

    def stages(self, *arguments):
        """The stages that a successful `dvc repro` ran, or with --dry would run."""
        done = self.dvc("repro", *arguments)
        assert done.returncode == 0, done.stdout[-2000:]
        return re.findall(r"Running stage '(.+)'", done.stdout)

    @contextlib.contextmanager
    def settings(self, **changes):
        """params.yaml with these values, and as it was afterwards."""
        with self.file("params.yaml") as path:
            values = config.overlay(yaml.safe_load(path.read_text()), changes)
            path.write_text(yaml.safe_dump(values, sort_keys=False))
            yield

    @contextlib.contextmanager
    def file(self, name):
        """A file that may be changed, and is put back afterwards."""
        path = self.folder / name
        before = path.read_bytes()
        try:
            yield path
        finally:
            path.write_bytes(before)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The copy after one whole run, as `make smoke` does it; progress and stages are in .output."""
    copy = Copy(tmp_path_factory.mktemp("whole") / "copy")
    done = copy.run(sys.executable, "-m", "ghostnotes.parallel")
    copy.output = done.stdout
    assert done.returncode == 0, done.stdout[-3000:]
    return copy


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
    for name, numbers in (("diff4steer_verdicts", range(1, 5)), ("diff4steer_verdicts_2", range(5, 19))):
        verdicts = pd.read_csv(ran.folder / f"reports/tables/{name}.csv")
        assert list(verdicts["id"]) == [f"D{number}" for number in numbers]
        assert not verdicts["verdict"].eq("not testable here").any()
    one = pd.read_csv(ran.folder / "reports/tables/diff4steer_table1.csv")
    assert set(one["query"]) == {"none", "image", "genre", "caption", "image+genre", "image+caption"}
    assert set(pd.read_csv(ran.folder / "reports/tables/diff4steer_table3.csv")["omega"].dropna()) >= {-1, 0, 9, 19}
    for name in ("guidance_sweep", "diff4steer_ladder", "diff4steer_advantage", "sampling_cost", "training_prior",
                 "diff4steer_table1", "calibration", "calibration_reliability"):  # fmt: skip
        for kind in ("png", "svg"):
            assert (ran.folder / f"reports/figures/{name}.{kind}").stat().st_size > 5000


def test_progress_is_shown(ran):
    for what in ("crowd-test", "studio-val: pictures", "MiniLM: lofi", "clap-mini", "probe-audio", "prior", "generate"):
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


def test_another_omega_runs_the_sweep_again_and_not_the_training(ran):
    with ran.settings(sweep={"omegas": [-1, 0, 2, 19]}):
        again = {stage.split("@")[0] for stage in ran.stages("--dry")}
        assert {"prepare", "choices"} <= again
        assert not again & {"train-prior", "train", "train-text", "sampling-cost", "cards", "lesson-04"}


def test_a_mended_sentence_runs_that_lesson_only(ran):
    with ran.file("notebooks/lessons/03-diffusion-on-paper.ipynb") as path:
        notebook = nbformat.read(path, as_version=4)
        next(c for c in notebook.cells if c.cell_type == "markdown").source += "\n\nOne more sentence."
        nbformat.write(notebook, path)
        assert ran.stages() == ["prepare", "lesson-03"]
    assert ran.stages() == ["prepare", "lesson-03"]


def test_a_notebook_that_was_opened_and_saved_makes_nothing_stale(ran):
    with ran.file("notebooks/pipeline/train.ipynb") as path:
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["language_info"]["version"] = "3.11.99"
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.execution_count = 5
        nbformat.write(notebook, path)
        assert ran.stages() == ["prepare"]
    assert ran.stages() == ["prepare"]


def one_line(output, what):
    """The error is one line of ours that says what; no trace of Python's."""
    return re.search(rf"^ghostnotes: .*{what}.*$", output, re.M) and "Traceback" not in output


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"sweep": {"omegas": [0, float("nan")]}}, "params.yaml: 'sweep.omegas.1'"),
        ({"swep": 1}, "params.yaml: unknown key 'swep'"),
        ({"sampling": {"steps": 0}}, "params.yaml: 'sampling.steps'"),
    ],
)
def test_bad_settings_stop_the_pipeline_and_leave_everything(ran, changes, what):
    table = (ran.folder / "reports/tables/guidance_sweep.csv").read_bytes()
    with ran.settings(**changes):
        done = ran.dvc("repro")
    assert done.returncode != 0 and one_line(done.stdout, what), done.stdout[-1500:]
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


TRAINED = {
    "train-prior": ("build/models/prior/0.safetensors", "prior-0",
                    {"models": {"prior": {"training": {"steps": 2000}}}, "training_seeds": [0]}),
    "picture-encoder": ("build/encoders/clip-mini.safetensors", "clip-mini",
                        {"encoders": {"clip-mini": {"training": {"steps": 300}}}}),
}  # fmt: skip


def kill_when(ran, stage, pattern):
    """kill -9 all of a forced `dvc repro` of one stage as soon as a file of that pattern lies in work/."""
    victim = subprocess.Popen(["dvc", "repro", "--force", "--single-item", stage], cwd=ran.folder,
                              env=ran.environment, start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    deadline = time.monotonic() + 120
    while not list((ran.folder / "work").glob(pattern)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    time.sleep(2)  # the kernel is in a session of its own and ends when it sees its parent gone
    assert list((ran.folder / "work").glob(pattern)), "it was killed while it worked"


def went_on_at(ran, stage, bar):
    """Runs the stage again; the first count that its progress bar shows, and the last."""
    again = ran.dvc("repro", stage)
    assert again.returncode == 0, again.stdout[-2000:]
    return map(int, re.search(rf"{bar}: +\d+%\S* +(\d+)/(\d+)", again.stdout.replace("\r", "\n")).groups())


@pytest.mark.parametrize("stage", TRAINED)
def test_killed_training_goes_on_to_the_same_weights(ran, stage):
    """kill -9 the whole `dvc repro` while it trains; run it again; compare with a run that was left alone."""
    weights, bar, changes = TRAINED[stage]
    weights = ran.folder / weights
    section, model = next((s, m) for s, models in changes.items() for m in models)
    changes = config.overlay(changes, {section: {model: {"training": {"evaluate_every": 100}}}})
    with ran.settings(**changes):
        assert ran.dvc("repro", stage).returncode == 0
        whole = weights.read_bytes()
        weights.unlink()
        kill_when(ran, stage, f"training/{bar}-*.pt")
        assert not weights.exists()
        started, _ = went_on_at(ran, stage, bar)
        assert weights.read_bytes() == whole
        assert started >= 100, "it went on from its checkpoint, not from the start"


def test_killed_rendering_goes_on_to_the_same_frames(ran):
    """kill -9 the whole `dvc repro` while it renders; what was rendered is not rendered again."""
    frames = ran.folder / "build/corpus/lofi/gallery.safetensors"
    with ran.settings(corpus={"rows": {"gallery": 300}}):
        assert ran.dvc("repro", "corpus@lofi").returncode == 0
        whole = frames.read_bytes()
        # the test set comes first, in two chunks of twenty; the fifth is the gallery's
        kill_when(ran, "corpus@lofi", "corpus/lofi-*/*/000060.npy")
        assert not frames.exists()
        started, last = went_on_at(ran, "corpus@lofi", "lofi-gallery")
        # a killed kernel works on until it sees its parent gone, so it may have come to the last chunk
        assert frames.read_bytes() == whole and 60 <= started <= last == 300
