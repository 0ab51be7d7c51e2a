"""What a changed query returns: is the unwanted thing gone, is the rest still there, did the counterfactual twin rise?

The corpus knows every track, so these are counted and not judged by an embedding. One value a query everywhere.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ghostnotes import retrieval, statistics
from ghostnotes.datasets.requests import having

FIRST = 10  # tracks of a list that are looked at
KEPT = ("genre", "mood", "lead", "drums", "mode")  # what a track should keep when another thing changes; and the tempo
TEMPO = 0.12  # tempi this share apart count as the same


def first(queries, gallery) -> np.ndarray:
    """The nearest tracks of every query, best first: queries (Q, d), gallery (N, d) -> indices (Q, FIRST)."""
    return retrieval.first(retrieval.distances(queries, gallery), FIRST)


def without(distance: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Distances (Q, N) with the tracks that are left out, bool (N,) or (Q, N), moved behind all others."""
    return np.where(out, distance + distance.max() + 1, distance)


def share(lists: np.ndarray, tracks: pd.DataFrame, wanted: list[dict]) -> np.ndarray:
    """How much of its list has what each query names: lists (Q, k) of rows of tracks -> (Q,), in [0, 1].

    wanted: for every query attribute -> values, as `requests.said` gives them; of several attributes the mean, of none
    NaN: there is nothing to keep.
    """
    found = np.full(len(lists), np.nan)
    for query, (rows, asked) in enumerate(zip(lists, wanted, strict=True)):
        if asked:
            some = tracks.iloc[rows]
            found[query] = np.mean([having(some, name, values).mean() for name, values in asked.items()])
    return found


def own(tracks: pd.DataFrame, changed=None) -> list[dict]:
    """What each track has, as `share` counts it: both genres of a crossover, the tempo within 12 per cent.

    changed: for every track the attribute that is left out, since it is asked to change; None: of none.
    """
    found = []
    left_out = [None] * len(tracks) if changed is None else changed
    for (_, track), name_out in zip(tracks.iterrows(), left_out, strict=True):
        has = {name: (track[name],) for name in KEPT}
        has["genre"] += (track["second_genre"],) if track["second_genre"] else ()
        has["tempo"] = ((1 - TEMPO) * track["tempo"], (1 + TEMPO) * track["tempo"])
        found.append({name: values for name, values in has.items() if name != name_out})
    return found


def similarity(one: Tensor, other: Tensor) -> Tensor:
    """Cosine row by row, (Q, d) and (Q, d) -> (Q,) float64: a CLAP score where both lie in a joint space."""
    return torch.cosine_similarity(one.double(), other.double(), dim=-1)


def overlap(lists: np.ndarray, before: np.ndarray) -> np.ndarray:
    """How much of its list each query had found before: (Q, k) and (Q, k) rows of the gallery -> (Q,), in [0, 1]."""
    return np.array([np.isin(now, then).mean() for now, then in zip(lists, before, strict=True)])


def against_twin(distance: np.ndarray, twin, original, others=()) -> dict[str, np.ndarray]:
    """Where each query finds the twin, and whether before its original: distance (Q, N), gallery rows (Q,) of both.

    others: rows of the gallery that hold twins; all but the query's own are left out, since an original's twins stand
    near one another and would be counted as tracks that the query prefers.
    rank_twin, rank_original: 0-based; log2_rank_twin: of the 1-based rank, so that a fall from 8 to 4 counts as one
    from 400 to 200;
    twin_ahead: 1.0 where the twin stands before the original.
    """
    twin, row = np.asarray(twin), np.arange(distance.shape[1])
    distance = without(distance, np.isin(row, list(others)) & (row != twin[:, None]))
    place, other = retrieval.places(distance, twin), retrieval.places(distance, np.asarray(original))
    ahead = (place < other).astype(float)
    return {"rank_twin": place, "rank_original": other, "log2_rank_twin": np.log2(place + 1.0), "twin_ahead": ahead}


def interval(values) -> statistics.Interval:
    """`statistics.paired_bootstrap` over items; of fewer than two values the mean alone."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return statistics.Interval(float(values.mean()) if len(values) else np.nan, np.nan, np.nan)
    return statistics.paired_bootstrap(values)


def paired(one: pd.DataFrame, other: pd.DataFrame, name: str) -> statistics.Interval:
    """The mean of a value minus that of another method's rows, paired by `item`, rows of an item averaged first.

    Items without a value on either side are left out.
    """
    first, second = (some.groupby("item")[name].mean() for some in (one, other))
    return interval((first - second).dropna())


def median_rank(table: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    """Median of a column of 0-based places by keys, counted from 1 and averaged over training seeds: `median_NAME`."""
    by_seed = table.groupby([*keys, "training_seed"], dropna=False, sort=False)[name].median().add(1)
    return by_seed.groupby(keys, dropna=False, sort=False).mean().rename(f"median_{name}").reset_index()


def over_parts(table: pd.DataFrame, keys: list[str], values: list[str]) -> pd.DataFrame:
    """Means over disjoint parts of a set with Student's t interval: each value as NAME_parts, _parts_low, _parts_high.

    table: one row a part (`part`) and training seed; seeds are averaged first.
    """
    by_part = table.groupby([*keys, "part"], dropna=False, sort=False)[values].mean()

    def one(group):
        ends = {name: statistics.subsample_interval(group[name].to_numpy()) for name in values}
        return pd.Series({f"{name}_parts{end}": value for name, interval in ends.items()
                          for end, value in zip(("", "_low", "_high"), interval)})  # fmt: skip

    return by_part.groupby(keys, dropna=False, sort=False).apply(one).reset_index()


def summed(table: pd.DataFrame, keys: list[str], values: list[str], plain: tuple[str, ...] = ()) -> pd.DataFrame:
    """Means by keys with 95 % intervals over items: each value as NAME, NAME_low, NAME_high; of `plain` the mean alone.

    table: one row a query, `item` names the unit of the intervals; rows of one item, such as training seeds, are
    averaged first. Items without a value (NaN) are left out; of a single one there is no interval.
    """

    def one(group):
        row = {name: group[name].mean() for name in plain}
        for name, by_item in group.groupby("item")[values].mean().items():
            row[name], row[f"{name}_low"], row[f"{name}_high"] = interval(by_item.dropna())
        return pd.Series(row)

    return table.groupby(keys, sort=False, dropna=False)[["item", *plain, *values]].apply(one).reset_index()
