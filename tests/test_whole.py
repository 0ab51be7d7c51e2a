"""The whole pipeline from outside: a scratch copy with a few rows, run, run again, changed, killed, offline."""

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

ROOT = Path(__file__).parents[1]
OFFLINE = ROOT / "tests" / "offline"
pytestmark = pytest.mark.slow


def environment(log):
    bin_folder = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(OFFLINE)]),
        "GHOSTNOTES_NETWORK_LOG": str(log),
    }


class Copy:
    """A scratch copy of the project in the smoke profile."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder.parent / "network.log"
        here = os.getcwd()
        os.chdir(ROOT)
        try:
            profiles.copy(folder, "smoke")
        finally:
            os.chdir(here)

    def dvc(self, *arguments):
        return subprocess.run(["dvc", *arguments], cwd=self.folder, env=environment(self.log), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def planned(self, *arguments):
        """Stages that `dvc repro` would run, down the pipeline, were every output as before."""
        return re.findall(r"Running stage '(.+)'", self.dvc("repro", "--dry", *arguments).stdout)

    def settings(self, **changes):
        path = self.folder / "params.yaml"
        values = config.overlay(yaml.safe_load(path.read_text()), changes)
        path.write_text(yaml.safe_dump(values, sort_keys=False))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The copy after one whole run; progress and stages are in .output."""
    copy = Copy(tmp_path_factory.mktemp("whole") / "copy")
    done = copy.dvc("repro")
    copy.output = done.stdout
    assert done.returncode == 0, done.stdout[-3000:]
    return copy


def test_every_report_is_there(ran):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(stages) <= {name.split("@")[0] for name in re.findall(r"Running stage '(.+)'", ran.output)}
    table = pd.read_csv(ran.folder / "reports/tables/guidance_sweep.csv")
    assert list(table["method"]) == ["diff4steer"] * 12 + ["regression"]
    assert table["fmd"].gt(0).all() and table["recall_at_10"].between(0, 1).all()
    for kind in ("png", "svg"):
        assert (ran.folder / f"reports/figures/guidance_sweep.{kind}").stat().st_size > 5000


def test_progress_is_shown(ran):
    for what in ("train: tracks", "muscall-mini", "prior", "generate", "MiniLM"):
        assert re.search(rf"{what}: +\d+%", ran.output), what


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
    assert "Running stage" not in ran.dvc("repro").stdout


def test_another_omega_runs_the_sweep_again_and_not_the_training(ran):
    before = (ran.folder / "params.yaml").read_text()
    ran.settings(sweep={"omegas": [-1, 0, 2, 19]})
    try:
        planned = ran.planned()
    finally:
        (ran.folder / "params.yaml").write_text(before)
    assert "sweep" in planned
    assert {name.split("@")[0] for name in planned} <= {"prepare", "sweep", "lesson-00", "lesson-05"}


def test_a_mended_sentence_runs_that_lesson_only(ran):
    path = ran.folder / "notebooks/lessons/03-diffusion-on-paper.ipynb"
    before = path.read_text()
    notebook = nbformat.reads(before, as_version=4)
    next(c for c in notebook.cells if c.cell_type == "markdown").source += "\n\nOne more sentence."
    nbformat.write(notebook, path)
    try:
        output = ran.dvc("repro").stdout
    finally:
        path.write_text(before)
        ran.dvc("repro")
    assert re.findall(r"Running stage '(.+)'", output) == ["prepare", "lesson-03"]


def test_a_notebook_that_was_opened_and_saved_makes_nothing_stale(ran):
    path = ran.folder / "notebooks/pipeline/train.ipynb"
    before = path.read_text()
    notebook = nbformat.reads(before, as_version=4)
    notebook.metadata["language_info"]["version"] = "3.11.99"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 5
    nbformat.write(notebook, path)
    try:
        output = ran.dvc("repro").stdout
    finally:
        path.write_text(before)
        ran.dvc("repro")
    assert re.findall(r"Running stage '(.+)'", output) == ["prepare"]


def test_bad_settings_stop_the_pipeline_and_leave_everything(ran):
    before = (ran.folder / "params.yaml").read_text()
    table = (ran.folder / "reports/tables/guidance_sweep.csv").read_bytes()
    for changes, what in (({"sweep": {"omegas": [0, float("nan")]}}, "'sweep.omegas.1'"), ({"swep": 1}, "'swep'"),
                          ({"sampling": {"steps": 0}}, "'sampling.steps'")):  # fmt: skip
        ran.settings(**changes)
        try:
            done = ran.dvc("repro")
        finally:
            (ran.folder / "params.yaml").write_text(before)
        assert done.returncode != 0 and re.search(rf"^ghostnotes: params.yaml: .*{what}.*$", done.stdout, re.M)
        assert "Traceback" not in done.stdout
        assert (ran.folder / "reports/tables/guidance_sweep.csv").read_bytes() == table
    ran.dvc("repro")


def test_killed_training_goes_on_to_the_same_weights(ran):
    """kill -9 the whole `dvc repro` while the prior trains; run it again; compare with a run that was left alone."""
    weights = ran.folder / "build/models/prior.safetensors"
    before = (ran.folder / "params.yaml").read_text()
    ran.settings(models={"prior": {"training": {"steps": 2500, "evaluate_every": 100}}})
    try:
        assert ran.dvc("repro", "train@prior").returncode == 0
        whole = weights.read_bytes()
        weights.unlink()
        victim = subprocess.Popen(["dvc", "repro", "--force", "--single-item", "train@prior"], cwd=ran.folder,
                                  env=environment(ran.log), start_new_session=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        deadline = time.monotonic() + 120
        while not list((ran.folder / "work/training").glob("prior-*.pt")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.8)
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        time.sleep(2)  # the kernel is in a session of its own and ends when it sees its parent gone
        kept = list((ran.folder / "work/training").glob("prior-*.pt"))
        assert kept and not weights.exists(), "the run was killed while it trained"
        again = ran.dvc("repro", "train@prior")
        assert again.returncode == 0, again.stdout[-2000:]
        assert weights.read_bytes() == whole
        started = int(re.search(r"prior: +\d+%\S* +(\d+)/2500", again.stdout.replace("\r", "\n")).group(1))
        assert started >= 100, "it went on from its checkpoint, not from the start"
    finally:
        (ran.folder / "params.yaml").write_text(before)
