"""Long maps over many items that can be killed and go on: a worker pool whose finished chunks stay on disk."""

import hashlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ghostnotes.files import atomically


def map_in_chunks(
    function: Callable[..., np.ndarray], items: Sequence, folder: Path, workers: int, describe: str, size: int = 20
) -> np.ndarray:
    """np.stack([function(item) for item in items]) by `workers` processes; a chunk that is done is not done again.

    function must be importable (defined in a module), items must print as what they are (dicts, strings). folder: where
    finished chunks lie; its name should change with the code that makes them. Chunks of other items are never taken for
    these. An error in a worker names the item. Use `forget(folder)` once the result is safe.
    """
    folder = Path(folder) / hashlib.sha256(repr((size, list(items))).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(items), size)
    missing = [start for start in starts if not _chunk(folder, start).exists()]
    todo = sum(len(items[start : start + size]) for start in missing)
    with tqdm(total=len(items), initial=len(items) - todo, desc=describe, unit="item", mininterval=1) as bar:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, initializer=_begin) as pool:
            jobs = {pool.submit(_do, function, items[start : start + size]): start for start in missing}
            try:
                for job in as_completed(jobs):
                    done = job.result()
                    atomically(_chunk(folder, jobs[job]), lambda temporary, done=done: _save(temporary, done))
                    bar.update(len(done))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return np.concatenate([np.load(_chunk(folder, start), allow_pickle=False) for start in starts])


def forget(folder: Path) -> None:
    """Delete a folder of finished chunks."""
    shutil.rmtree(folder, ignore_errors=True)


def fingerprint(*paths: Path) -> str:
    """A short name for the content of these files and folders (Python and text files), to key unfinished work by."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _chunk(folder: Path, start: int) -> Path:
    return folder / f"{start:06d}.npy"


def _save(temporary: str, array: np.ndarray) -> None:
    with open(temporary, "wb") as file:
        np.save(file, array, allow_pickle=False)


def _do(function, items) -> np.ndarray:
    results = []
    for item in items:
        try:
            results.append(function(item))
        except Exception as error:
            name = item.get("id", item) if isinstance(item, dict) else item
            raise RuntimeError(f"{name}: {type(error).__name__}: {error}") from error
    return np.stack(results)


def _begin() -> None:
    """A worker keeps to one thread, and leaves as soon as the process that started it is gone, however it ended."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
