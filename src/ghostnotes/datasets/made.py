"""The made corpus as a catalogue: tables of tracks, captions and pictures, read from data/."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

DATA = Path("data")
SPLITS = {
    "studio": ("pretrain", "train", "val", "test", "gallery", "twins"),
    "crowd": ("test", "gallery"),
    "lofi": ("test", "gallery"),
    "general": ("pretrain", "reference"),
}
DESCRIBED = ("pretrain", "train", "val", "test")  # splits with captions and pictures
UNPAINTED = ("general",)  # domains without pictures
COLUMNS = {
    "tracks": {"id": str, "domain": str, "split": str, "seed": int, "start": float, "seconds": float, "genre": str,
               "second_genre": str, "mood": str, "tempo": int, "key": str, "mode": str, "lead": str, "drums": str,
               "density": str, "production": str},
    "captions": {"id": str, "number": int, "text": str, "mentions": str},
    "pictures": {"id": str, "draw": int, "tier": str, "motif": str, "palette": str, "light": str, "blur": int,
                 "seed": int, "caption": str},
    "twins": {"original": str, "changed": str},
    "genres": {"genre": str, "family": str, "prompt": str},
}  # fmt: skip


@dataclass(frozen=True)
class Catalogue:
    """One set, such as "crowd-test": its tracks, indexed by id; what describes them is read when asked for."""

    name: str
    tracks: pd.DataFrame

    @property
    def ids(self) -> list[str]:
        """Ids of the tracks, in order."""
        return list(self.tracks.index)

    @cached_property
    def captions(self) -> pd.DataFrame:
        """Three rows a track: id, number, text, mentions; no row where the set has no captions."""
        return self._of("captions", self.name.split("-")[1] in DESCRIBED)

    @cached_property
    def pictures(self) -> pd.DataFrame:
        """The rows of the tracks' pictures; none where the set has no pictures."""
        domain, split = self.name.split("-")
        return self._of("pictures", split in DESCRIBED and domain not in UNPAINTED)

    def _of(self, kind: str, there: bool) -> pd.DataFrame:
        if not there:
            return pd.DataFrame(columns=list(COLUMNS[kind]))
        path = _path(kind, self.name)
        table = _read(path, COLUMNS[kind])
        missing = set(self.tracks.index) - set(table["id"])
        if missing:
            raise ValueError(f"{path} has no row for {min(missing)!r}")
        return table[table["id"].isin(self.tracks.index)].reset_index(drop=True)


def load(name: str, rows: Mapping[str, int]) -> Catalogue:
    """The first tracks of a set; rows: how many of each split are used.

    ValueError in one line for an unknown set, or a file that is missing, lacks rows or columns, or holds what it
    should not.
    """
    domain, _, split = name.partition("-")
    if split not in SPLITS.get(domain, ()):
        known = ", ".join(f"{d}-{s}" for d, splits in SPLITS.items() for s in splits)
        raise ValueError(f"unknown set {name!r}; known: {known}")
    path = _path("tracks", name)
    tracks = _read(path, COLUMNS["tracks"] | (COLUMNS["twins"] if split == "twins" else {}))
    if len(tracks) < rows[split]:
        raise ValueError(f"{path} has {len(tracks)} tracks, params.yaml asks for {rows[split]}")
    if tracks["id"].duplicated().any():
        raise ValueError(f"{path}: the id {tracks['id'][tracks['id'].duplicated()].iloc[0]!r} stands twice")
    return Catalogue(name, tracks.head(rows[split]).set_index("id", drop=False))


def _path(kind: str, name: str) -> Path:
    return DATA / kind / f"{name.replace('-', '/')}.csv"


def _read(path: Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """A CSV with these columns as these types; ValueError names file, row (from 1, without the header) and fault."""
    if not path.exists():
        raise ValueError(f"{path}: not there; `python -m miniband write data` makes it")
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV file in UTF-8: {error}") from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(f"{path}: column missing: {', '.join(missing)}; expected: {', '.join(columns)}")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"{path}, row {number}: expected {len(header)} values, found {len(row)}")
    table = pd.DataFrame(rows, columns=header)
    for column, kind in columns.items():
        if kind is str:
            continue
        numbers = pd.to_numeric(table[column], errors="coerce")
        bad = numbers.isna() | ((numbers % 1 != 0) if kind is int else False)
        if bad.any():
            expected = "a whole number" if kind is int else "a number"
            row = int(bad.to_numpy().argmax())
            raise ValueError(f"{path}, row {row + 1}: {column} is {table[column][row]!r}; expected {expected}")
        table[column] = numbers.astype(kind)
    return table


def families() -> dict[str, str]:
    """Every genre's family, genres in the corpus' order."""
    table = _read(DATA / "genres.csv", COLUMNS["genres"])
    return dict(zip(table["genre"], table["family"]))


def genres() -> list[str]:
    """All genres, in the corpus' order."""
    return list(families())


def genre_masses(tracks: pd.DataFrame) -> Tensor:
    """(N, G) float64: a track's genre as a distribution; a crossover's mass is shared by its two genres."""
    names = pd.Index(genres())
    masses = torch.zeros(len(tracks), len(names), dtype=torch.float64)
    rows = torch.arange(len(tracks))
    second = tracks["second_genre"].where(tracks["second_genre"] != "", tracks["genre"])
    for column in (tracks["genre"], second):
        codes = names.get_indexer(column)
        if (codes < 0).any():
            raise ValueError(f"genre {column[codes < 0].iloc[0]!r} is not in data/genres.csv")
        masses[rows, torch.from_numpy(codes)] += 0.5
    return masses
