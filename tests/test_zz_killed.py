"""The pipeline, killed in the middle of long work: it goes on where it was, to the same bytes.

The last file (see conftest): it needs the whole run that another worker begins with.
"""

import os
import re
import signal
import subprocess
import time

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(smoke_run):
    """A copy of its own after one whole run."""
    return smoke_run("killed")


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
    again = ran.stage(stage)
    assert again.returncode == 0, again.stdout[-2000:]
    return map(int, re.search(rf"{bar}: +\d+%\S* +(\d+)/(\d+)", again.stdout.replace("\r", "\n")).groups())


def test_killed_training_goes_on_to_the_same_weights(ran):
    """kill -9 the whole `dvc repro` while it trains; run it again; compare with a run that was left alone."""
    weights = ran.folder / "build/encoders/clip-mini.safetensors"
    with ran.settings(encoders={"clip-mini": {"training": {"steps": 120, "evaluate_every": 30}}}):
        assert [ran.stage(name).returncode for name in ("prepare", "picture-encoder")] == [0, 0]
        whole = weights.read_bytes()
        weights.unlink()
        kill_when(ran, "picture-encoder", "training/clip-mini-*.pt")
        assert not weights.exists()
        started, _ = went_on_at(ran, "picture-encoder", "clip-mini")
        assert weights.read_bytes() == whole
        assert started >= 30, "it went on from its checkpoint, not from the start"


def test_killed_rendering_goes_on_to_the_same_frames(ran):
    """kill -9 the whole `dvc repro` while it renders; what was rendered is not rendered again."""
    frames = ran.folder / "build/corpus/lofi/gallery.safetensors"
    with ran.settings(corpus={"rows": {"test": 20, "gallery": 80}, "workers": 2}):
        assert [ran.stage(name).returncode for name in ("prepare", "corpus@lofi")] == [0, 0]
        whole = frames.read_bytes()
        # only the gallery has a chunk that begins at row 20, its second of four
        kill_when(ran, "corpus@lofi", "corpus/lofi-*/*/000020.npy")
        assert not frames.exists()
        started, last = went_on_at(ran, "corpus@lofi", "lofi: gallery")
        # a killed kernel works on until it sees its parent gone, so it may have come to the last chunk
        assert frames.read_bytes() == whole and 20 <= started <= last == 80
