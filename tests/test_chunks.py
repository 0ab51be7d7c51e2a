"""Long maps: the same result for any number of workers, resumed where they stopped, errors with a name."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from ghostnotes import chunks


def square(item):
    return np.full(3, item["value"] ** 2)


def refuse_seven(item):
    if item["value"] == 7:
        raise ValueError("seven")
    return square(item)


def items(n=10):
    return [{"id": f"item-{i}", "value": i} for i in range(n)]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_result_is_in_order(tmp_path, workers):
    out = chunks.map_in_chunks(square, items(), tmp_path / "w", workers, "t", size=3)
    assert out[:, 0].tolist() == [i**2 for i in range(10)]


def test_finished_chunks_are_not_done_again(tmp_path):
    folder = tmp_path / "w"
    with pytest.raises(RuntimeError, match="item-7: ValueError: seven"):
        chunks.map_in_chunks(refuse_seven, items(), folder, 1, "t", size=2)
    np.save(next(folder.rglob("000000.npy")), np.full((2, 3), -1))
    out = chunks.map_in_chunks(square, items(), folder, 1, "t", size=2)
    assert out[:, 0].tolist() == [-1, -1] + [i**2 for i in range(2, 10)]
    chunks.forget(folder)
    assert not folder.exists()


def test_finished_chunks_of_other_items_are_not_taken_for_these(tmp_path):
    """Killed after 10 rows, asked for 12 the next time: the last chunk of 10 is not the last chunk of 12."""
    for count in (10, 12):
        out = chunks.map_in_chunks(square, items(count), tmp_path / "w", 1, "t", size=4)
        assert out[:, 0].tolist() == [i**2 for i in range(count)]


def test_the_fingerprint_follows_content(tmp_path):
    (tmp_path / "a.py").write_text("x = 1")
    before = chunks.fingerprint(tmp_path)
    assert chunks.fingerprint(tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2")
    assert chunks.fingerprint(tmp_path) != before


def slowly(item):
    Path(item["folder"], f"{os.getpid()}.pid").touch()
    time.sleep(0.2)
    return square(item)


def test_workers_leave_when_the_process_that_started_them_is_killed(tmp_path):
    """Killed with SIGKILL it can tell them nothing: they look after it themselves."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_chunks
from ghostnotes import chunks

if __name__ == "__main__":
    items = [item | {{"folder": {str(tmp_path)!r}}} for item in test_chunks.items(1000)]
    chunks.map_in_chunks(test_chunks.slowly, items, {str(tmp_path / "w")!r}, 2, "t", size=1)
"""
    (tmp_path / "parent.py").write_text(script)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stderr=subprocess.DEVNULL)
    waited(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    workers = [psutil.Process(int(path.stem)) for path in tmp_path.glob("*.pid")]
    parent.kill()
    parent.wait()
    waited(lambda: not any(working(worker) for worker in workers))


def working(process):
    """Whether it runs; where nobody asks for its exit status, what ended stays in the list of processes."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def waited(happened, seconds=60):
    """Look until it has happened; AssertionError where it never does."""
    for _ in range(seconds * 10):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain")
