"""Music as an index: every track read, encoded window by window and kept; killed and run again, it goes on.

A folder holds index.json (what it is, written last), tracks.csv, quarantine.csv (what was set aside, and why), and for
every encoder tracks.safetensors (`Embeddings`) and windows.safetensors (`TokenStates`, as many windows as a track has).
Until all is done, what was encoded lies in PARTIAL, a few tracks a file. A track is known by its id, its file's size
and date, the part that is meant, and the encoder's fingerprint: if these are as before, it is not encoded again.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ghostnotes.chunks import forget
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.files import write_csv, write_json

COLUMNS = ("id", "path", "seconds", "title", "artist", "genre", "caption")
ASIDE = ("id", "reason", "detail")
INDEX, PARTIAL, VECTORS, WINDOWS = "index.json", ".ghostnotes-partial", "tracks.safetensors", "windows.safetensors"


def index(catalogue, encoders, folder: Path, *, progress: bool = True) -> "Library":
    """Encode what a catalogue has found, by every encoder, into a folder; what cannot be read is set aside by name.

    catalogue: `datasets.catalogues.Catalogue`, encoders: audio encoders (`encoders.protocol`). A track stays only where
    every encoder could take it. ValueError where no track is left, for two encoders of one name, and for a folder that
    holds something else, or the index of other music that is still there, or lies inside the music.
    """
    # late: who opens an index reads no sound
    from ghostnotes.datasets.audio import AudioFault
    from ghostnotes.shelves import Shelf

    folder = _writable(Path(folder), Path(catalogue.root))
    shelves = [Shelf(folder, encoder) for encoder in encoders]
    if not shelves or len({shelf.name for shelf in shelves}) < len(shelves):
        raise ValueError("index: give at least one audio encoder, and each but once")
    if left := [name for name in _before(folder) if name not in [encoder.name for encoder in encoders]]:
        said = f"it was made by {', '.join(left)} too, and will not be searched by that: name every encoder to keep it"
        print(f"{folder}: {said}", file=sys.stderr)
    aside = [(fault.id, fault.reason, fault.detail) for fault in catalogue.faults]
    aside += [(name, "missing", "the catalogue names it, its audio is not there") for name in catalogue.missing]
    kept = []
    try:
        for item in tqdm(catalogue.found, desc="index", unit="track", mininterval=1, disable=not progress):
            try:
                kept.append((item, [shelf.take(item) for shelf in shelves]))
            except AudioFault as fault:
                aside.append((item.id, fault.reason, fault.detail))
    finally:
        for shelf in shelves:
            shelf.put_down()
    if not kept:
        why = f"; the first: {aside[0][0]}: {aside[0][2]}" if aside else ""
        raise ValueError(f"index: no track in {catalogue.root} that could be read, {len(aside)} set aside{why}")
    items, keys = zip(*kept)
    for shelf, own in zip(shelves, zip(*keys)):
        shelf.save(tuple(item.id for item in items), list(own))
    write_csv(folder / "quarantine.csv", pd.DataFrame(aside, columns=list(ASIDE)))
    rows = [_described(item, shelves[0].rows[own[0]].seconds, Path(catalogue.root)) for item, own in kept]
    write_csv(folder / "tracks.csv", pd.DataFrame(rows, columns=list(COLUMNS)))
    counts = catalogue.coverage() | {"indexed": len(kept), "set aside": len(aside)}
    about = {"catalogue": catalogue.name, "root": str(Path(catalogue.root).resolve()), "counts": counts}
    write_json(folder / INDEX, about | {"encoders": [shelf.about for shelf in shelves]})
    forget(folder / PARTIAL)
    return Library.open(folder)


@dataclass
class Library:
    """An index that is whole. about: index.json; table and quarantine: tracks.csv and quarantine.csv, as text."""

    folder: Path
    about: dict
    table: pd.DataFrame
    quarantine: pd.DataFrame
    _stores: dict = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, folder: Path) -> "Library":
        """Read an index. ValueError in one line where there is none, or one that an earlier run left half renewed."""
        folder = Path(folder)
        if not (folder / INDEX).exists():
            unfinished = ", only an unfinished one" if (folder / PARTIAL).exists() else ""
            raise ValueError(f"{folder}: no index there{unfinished}; `ghostnotes index FOLDER` makes one")
        about = _about(folder)
        try:
            table, quarantine = _table(folder / "tracks.csv", COLUMNS), _table(folder / "quarantine.csv", ASIDE)
            if len(table) != about["counts"]["indexed"]:
                raise ValueError("another number of tracks than index.json says")
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:150]
            raise ValueError(f"{folder}: not a whole index ({reason}); run `ghostnotes index` again") from None
        return cls(folder, about, table, quarantine)

    @property
    def encoders(self) -> list[str]:
        """Names of the encoders that it was made with."""
        return [entry["name"] for entry in self.about["encoders"]]

    @property
    def root(self) -> Path:
        """Where the music lies; the paths in `table` are relative to it."""
        return Path(self.about["root"])

    def entry(self, encoder: str) -> dict:
        """What index.json says of an encoder. ValueError lists those that there are."""
        for entry in self.about["encoders"]:
            if entry["name"] == encoder:
                return entry
        raise ValueError(f"{self.folder}: made by {', '.join(self.encoders)}, not by {encoder}; index again with it")

    def tracks(self, encoder: str) -> Embeddings:
        """One vector a track, unit norm, in the order of `table`."""
        return self._store(encoder, VECTORS, Embeddings)

    def windows(self, encoder: str) -> TokenStates:
        """The windows of every track, in the order of `table`: float16, of about unit norm."""
        return self._store(encoder, WINDOWS, TokenStates)

    def _store(self, encoder: str, file: str, kind):
        if (encoder, file) not in self._stores:
            path = self.folder / self.entry(encoder)["folder"] / file
            if not path.exists():
                raise ValueError(f"{path}: not there; run `ghostnotes index` again")
            found = kind.load(path)
            if list(found.ids) != self.table["id"].tolist():
                raise ValueError(f"{self.folder}: half renewed by a run that was stopped; run `ghostnotes index` again")
            self._stores[encoder, file] = found
        return self._stores[encoder, file]


def _writable(folder: Path, root: Path) -> Path:
    if folder.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{folder}: an index does not go among the music itself; choose a folder outside {root}")
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except NotADirectoryError:
        raise ValueError(f"{folder}: is a file; choose a folder for the index") from None
    if INDEX in names:
        before = Path(_about(folder)["root"])
        if before.resolve() != root.resolve() and before.exists():
            raise ValueError(f"{folder}: the index of {before}; choose another folder by --to, or delete it")
    elif names and PARTIAL not in names:
        raise ValueError(f"{folder}: holds something that is no index; choose another folder")
    return folder


def _about(folder: Path) -> dict:
    """index.json. ValueError where it is not what `index` writes: the folder is then somebody's own."""
    try:
        about = json.loads((folder / INDEX).read_bytes())
        counts, root, encoders = about["counts"]["indexed"], about["root"], about["encoders"]
        texts = [root, *(one[name] for one in encoders for name in ("name", "fingerprint", "folder", "trained_on"))]
        if not encoders or type(counts) is not int or not all(isinstance(text, str) for text in texts):
            raise TypeError
        if any(Path(one["folder"]).name != one["folder"] for one in encoders):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError):  # JSON and UTF-8 that are none are ValueErrors
        raise ValueError(f"{folder}: holds something that is no index ({INDEX} is not as `ghostnotes index` writes "
                         "it); choose another folder") from None  # fmt: skip
    return about


def _before(folder: Path) -> list[str]:
    """Names of the encoders that made the index that is there; none where there is none."""
    return [one["name"] for one in _about(folder)["encoders"]] if (folder / INDEX).exists() else []


def _described(item, seconds: float, root: Path) -> tuple:
    """A row of tracks.csv."""
    path = item.audio.relative_to(root) if item.audio.is_relative_to(root) else item.audio
    about = [item.about.get(name, "") for name in ("title", "artist", "genre")]
    return item.id, path.as_posix(), round(seconds, 2), *about, item.captions[0] if item.captions else ""


def _table(path: Path, columns) -> pd.DataFrame:
    # a carriage return alone is part of a caption or of a name, as `write_csv` leaves it
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8", lineterminator="\n")
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}")
    return table
