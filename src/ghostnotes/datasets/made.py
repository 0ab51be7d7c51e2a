"""The made corpus as a catalogue: tables of tracks, captions and pictures, read from data/."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

DATA = Path("data")


@dataclass(frozen=True)
class Catalogue:
    """One split: tracks (indexed by id, in order), their captions (several a track) and their pictures."""

    tracks: pd.DataFrame
    captions: pd.DataFrame
    pictures: pd.DataFrame

    @property
    def ids(self) -> list[str]:
        """Ids of the tracks, in order."""
        return list(self.tracks.index)


def load(split: str, rows: int, domain: str = "studio") -> Catalogue:
    """The first `rows` tracks of a split with their captions and pictures. ValueError names a file that lacks some."""
    tracks, captions, pictures = (_read(kind, domain, split) for kind in ("tracks", "captions", "pictures"))
    if len(tracks) < rows:
        raise ValueError(f"data/tracks/{domain}-{split}.csv has {len(tracks)} tracks, params.yaml asks for {rows}")
    tracks = tracks.head(rows).set_index("id", drop=False)
    captions, pictures = (
        table[table["id"].isin(tracks.index)].reset_index(drop=True) for table in (captions, pictures)
    )
    for name, table in (("captions", captions), ("pictures", pictures)):
        missing = set(tracks.index) - set(table["id"])
        if missing:
            raise ValueError(f"data/{name}/{domain}-{split}.csv has no row for {sorted(missing)[0]!r}")
    return Catalogue(tracks, captions, pictures)


def _read(kind: str, domain: str, split: str) -> pd.DataFrame:
    return _read_table(DATA / kind / f"{domain}-{split}.csv")


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise ValueError(f"{path}: not there; `python -m miniband write data` makes it")
    return pd.read_csv(path, keep_default_na=False)


def genres() -> list[str]:
    """All genres, in the corpus' order."""
    return list(_read_table(DATA / "genres.csv")["genre"])


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
