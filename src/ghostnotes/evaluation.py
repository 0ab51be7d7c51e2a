"""What one method's seeds are worth, query by query: the numbers under every retrieval table."""

import warnings

import numpy as np
import pandas as pd
import torch

from ghostnotes import metrics, retrieval

WAYS = ("interleave", "mean", "max")
PRIMARY = "interleave"  # fixed in claims.yaml; its columns carry no suffix
_CELLS = 2**24  # distances held at once: 128 MB


def per_query(seeds, gallery, truth, masses, recall_at, entropy_at) -> pd.DataFrame:
    """One row a query: recall for three ways to one ranking and per seed, triplet accuracy, MISCS, entropy.

    seeds: (Q, S, d); gallery: (N, d); truth: (Q,) gallery index of each query's own track; masses: (N, G) genres.
    Columns: place, the 0-based rank of the right track in the interleaved list, the primary one, cut at the longest K,
    which stands for everything beyond; recall_at_K (0 or 1) and entropy_at_K (nats, of the first K) of that list;
    recall_at_K_mean, _max; recall_at_K_per_seed and entropy_at_K_per_seed, each seed a query of its own, averaged;
    triplet_accuracy, likewise; miscs where there are several seeds. K beyond the gallery counts all of it, and says so.
    """
    _warn_beyond(len(gallery), recall_at, entropy_at)
    seeds = metrics.to_float64("seeds", seeds, "(Q, S, d)")
    truth = np.asarray(truth)
    chunk = max(1, _CELLS // (seeds.shape[1] * len(gallery)))
    parts = [
        _part(seeds[start : start + chunk], gallery, truth[start : start + chunk], masses, recall_at, entropy_at)
        for start in range(0, len(seeds), chunk)
    ]
    return pd.concat(parts, ignore_index=True)


def per_order(order, truth, masses, recall_at, entropy_at) -> pd.DataFrame:
    """The same for a method that has a ranking and no seeds: order (Q, N), each row the gallery, best first."""
    _warn_beyond(order.shape[1], recall_at, entropy_at)
    ranks = retrieval.positions(order, truth)
    columns = {f"recall_at_{k}": (ranks < k).astype(float) for k in recall_at}
    columns["place"] = np.minimum(ranks, max(*recall_at, *entropy_at))
    columns["triplet_accuracy"] = 1 - ranks / (order.shape[1] - 1)
    columns |= {f"entropy_at_{k}": _entropies(order[:, :k], masses) for k in entropy_at}
    return pd.DataFrame(columns)


def _warn_beyond(size, *lists):
    beyond = sorted({k for ks in lists for k in ks if k > size})
    if beyond:
        # the same place every time, so that Python says it once
        warnings.warn(f"K = {beyond[-1]} is more than the gallery's {size} tracks, which all count", stacklevel=3)


def _part(seeds, gallery, truth, masses, recall_at, entropy_at) -> pd.DataFrame:
    samples, longest = seeds.shape[1], max(*recall_at, *entropy_at)
    distance = retrieval.distances(seeds, gallery)
    alone = retrieval.first(distance, longest)
    centre = metrics.unit_rows("the mean of the seeds", seeds.mean(1))
    lists = {
        "interleave": retrieval.interleaved(alone),
        "mean": retrieval.first(retrieval.distances(centre, gallery), longest),
        "max": retrieval.first(distance.min(1), longest),
    }
    columns = {}
    for way in WAYS:
        found, suffix = lists[way] == truth[:, None], "" if way == PRIMARY else f"_{way}"
        columns |= {f"recall_at_{k}{suffix}": found[:, :k].any(1).astype(float) for k in recall_at}
        if way == PRIMARY:
            columns["place"] = np.where(found.any(1), found.argmax(1), longest)
    columns |= {f"entropy_at_{k}": _entropies(lists[PRIMARY][:, :k], masses) for k in entropy_at}
    ranks = retrieval.places(distance, truth)
    columns |= {f"recall_at_{k}_per_seed": (ranks < k).mean(1) for k in recall_at}
    columns["triplet_accuracy"] = (1 - ranks / (len(gallery) - 1)).mean(1)
    if samples > 1:
        columns["miscs"] = [metrics.mean_intra_sample_cosine(one[None]) for one in seeds]
    columns |= {f"entropy_at_{k}_per_seed": _entropies(alone[..., :k], masses).mean(1) for k in entropy_at}
    return pd.DataFrame(columns)


def _entropies(lists: np.ndarray, masses: torch.Tensor) -> np.ndarray:
    """`metrics.genre_entropy` of every list at once: (..., k) gallery indices -> (...) nats."""
    shares = np.asarray(masses)[lists].sum(-2)
    shares /= shares.sum(-1, keepdims=True)
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(-1)
