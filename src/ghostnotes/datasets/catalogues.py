"""Every kind of catalogue by its name: what it is, where its files are, what is missing."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path

from ghostnotes.datasets import published
from ghostnotes.datasets.audio import SUFFIXES
from ghostnotes.datasets.folder import folder
from ghostnotes.datasets.items import Catalogue, Fault, Item

__all__ = ["KINDS", "Catalogue", "Fault", "Item", "open_catalogue"]

KINDS: dict[str, Callable[..., Catalogue]] = {
    "folder": folder,
    "musiccaps": published.musiccaps,
    "song-describer": published.song_describer,
    "melbench": published.melbench,
    "pairs": published.pairs,
    "jamendo": published.jamendo,
}
EXPECTED = {
    "folder": f"files that end in {' '.join(sorted(SUFFIXES))}",
    "musiccaps": "files whose names hold the YouTube id, such as [YTID]-[30-40].wav",
    "song-describer": "files such as 48/948.2min.mp3",
    "melbench": "the files that the column `location` names",
    "pairs": "the files that the column `audio` names",
    "jamendo": "files such as 48/948.mp3 or 48/948.low.mp3",
}


def open_catalogue(kind: str, path, /, **options) -> Catalogue:
    """A catalogue of one of KINDS from its folder or its table. Options: those of the kind's function.

    ValueError in one line for an unknown kind or option, an option of another type than the function's, a table that is
    missing or has other columns or broken rows, and where no track's audio is there at all.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of catalogue {kind!r}; known: {', '.join(KINDS)}")
    known = dict(list(inspect.signature(KINDS[kind]).parameters.items())[1:])
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"{kind} has no option {name!r}; it has: {', '.join(known)}")
        flag = isinstance(known[name].default, bool)
        if not isinstance(value, bool if flag else (str, os.PathLike, type(None))):
            raise ValueError(f"{kind}: {name} is {value!r}; expected {'true or false' if flag else 'a text or a path'}")
    catalogue = KINDS[kind](Path(path), **options)
    if not catalogue.found:
        counts = f"{len(catalogue.items)} listed and not there, {len(catalogue.faults)} refused"
        first = f" (the first: {catalogue.faults[0].id}: {catalogue.faults[0].detail})" if catalogue.faults else ""
        raise ValueError(f"{kind} {path}: no music: {counts}{first}; expected in {catalogue.root}: {EXPECTED[kind]}")
    return catalogue
