"""What the made corpus knows of its pictures, which no real data set does: how probable each is given a track."""

import numpy as np
import pandas as pd

from miniband.attributes import GENRES, MOODS
from miniband.beliefs import core_prior
from miniband.pictures import Picture, likelihood


def picture_log_likelihoods(pictures: pd.DataFrame, tracks: pd.DataFrame) -> np.ndarray:
    """log p(picture | attributes of the track), up to a constant for each picture: (P, N); -inf where impossible.

    pictures: rows of `Catalogue.pictures`; tracks: rows of `Catalogue.tracks`. A picture depends on genre, second genre
    and mood alone, so tracks that share these share their value.
    """
    second = tracks["second_genre"].where(tracks["second_genre"] != "", tracks["genre"])
    place = [pd.Index(names).get_indexer(column) for names, column in
             ((GENRES, tracks["genre"]), (GENRES, second), (MOODS, tracks["mood"]))]  # fmt: skip
    with np.errstate(divide="ignore"):
        return np.stack([np.log(likelihood(one)[tuple(place)]) for one in _each(pictures)])


def picture_entropies(pictures: pd.DataFrame, domain: str = "studio") -> np.ndarray:
    """How open a picture leaves what it is of: entropy of p(genre, second genre, mood | picture) in nats, (P,)."""
    found = []
    for one in _each(pictures):
        belief = core_prior(domain) * likelihood(one)
        belief = belief[belief > 0] / belief.sum()
        found.append(-(belief * np.log(belief)).sum())
    return np.array(found)


def _each(pictures: pd.DataFrame):
    for row in pictures.to_dict("records"):
        yield Picture.from_row({name: str(value) for name, value in row.items()})
