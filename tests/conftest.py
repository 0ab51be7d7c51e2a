"""Every test starts in the project's root, as the commands in the README do; the whole pipeline runs once for all."""

import os
import shutil
import sys
from pathlib import Path

# before NumPy and torch are imported: three files are tested at a time, and work so small is slower on two threads
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}

import pytest
from filelock import FileLock
from hypothesis import settings
from scratch import Copy

# the same examples every time: what lands has passed them; `pytest --hypothesis-profile=default` draws others
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])


@pytest.fixture(scope="module")
def network():
    """An untrained U-Net of 8-d windows and 6-d tokens, its weights far enough from 0 that texts matter."""
    # late: most tests of files and settings need no torch
    import torch

    from ghostnotes.unet import UNetPrior

    torch.manual_seed(0)
    made = UNetPrior(8, 6, width=16, levels=2, heads=2).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """smoke_run(name) -> a `Copy` after one whole run in the smoke profile: "whole", "killed", "paper", a folder each.

    The first worker that asks runs the pipeline; another waits for it, and finds its own folder as the run left it.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    copies = {name: Copy(base / "smoke" / name / "copy") for name in ("whole", "killed", "paper")}
    output = base / "smoke" / "output"

    def run(name):
        with FileLock(base / "smoke.lock"):
            if not output.exists():
                first = copies["whole"]
                first.make()
                # three stages at a time: the last files wait for this run, and two workers test beside it
                done = first.run(sys.executable, "-m", "ghostnotes.parallel", "--jobs", "3")
                assert done.returncode == 0, done.stdout[-3000:]
                for other in ("killed", "paper"):
                    shutil.copytree(first.folder, copies[other].folder, symlinks=True)
                output.write_text(done.stdout)
        copies[name].output = output.read_text()
        return copies[name]

    return run


def pytest_collection_modifyitems(items):
    """The slow ones first: they take longest. But those of zz wait, the longer of the two files before the other.

    A worker is given its next file when two tests are left to it, and zz_killed has no more: what came after it would
    wait for it while another worker has nothing to do.
    """
    last = ("zz_killed", "zz_paper")
    items.sort(key=lambda item: ([name in item.nodeid for name in last], item.get_closest_marker("slow") is None))
