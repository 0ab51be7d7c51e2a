"""What one method's seeds are worth, query by query: the numbers under every retrieval table."""

import numpy as np
import pandas as pd
import torch

from ghostnotes import metrics, retrieval

WAYS = ("interleave", "mean", "max")
PRIMARY = "interleave"  # fixed in claims.yaml; its columns carry no suffix


def per_query(seeds, gallery, truth, masses, recall_at, entropy_at) -> pd.DataFrame:
    """One row a query: recall and rank for three ways to one ranking and per seed, triplet accuracy, MISCS, entropy.

    seeds: (Q, S, d); gallery: (N, d); truth: (Q,) gallery index of each query's own track; masses: (N, G) genres.
    Columns: rank (0-based), recall_at_K (0 or 1) and entropy_at_K (nats, of the first K) of the interleaved list, the
    primary one; recall_at_K_mean, _max; recall_at_K_per_seed and entropy_at_K_per_seed, each seed a query of its own,
    averaged; triplet_accuracy, likewise; miscs where there are several seeds. K beyond the gallery counts all of it.
    """
    count, samples, dim = seeds.shape
    size = len(gallery)
    columns = {}
    for way in WAYS:
        order = retrieval.rank(seeds, gallery, way)
        ranks = retrieval.positions(order, truth)
        suffix = "" if way == PRIMARY else f"_{way}"
        columns["rank" + suffix] = ranks
        for k in recall_at:
            columns[f"recall_at_{k}" + suffix] = (ranks < k).astype(float)
        if way == PRIMARY:
            for k in entropy_at:
                columns[f"entropy_at_{k}"] = [metrics.genre_entropy(masses[row[:k]][None]) for row in order]
    alone = retrieval.rank(seeds.reshape(-1, 1, dim), gallery, "mean")
    ranks = retrieval.positions(alone, np.repeat(np.asarray(truth), samples)).reshape(count, samples)
    for k in recall_at:
        columns[f"recall_at_{k}_per_seed"] = (ranks < k).mean(1)
    columns["triplet_accuracy"] = (1 - ranks / (size - 1)).mean(1)
    if samples > 1:
        columns["miscs"] = [metrics.mean_intra_sample_cosine(one[None]) for one in seeds]
    for k in entropy_at:
        columns[f"entropy_at_{k}_per_seed"] = _entropies(alone[:, :k], masses).reshape(count, samples).mean(1)
    return pd.DataFrame(columns)


def _entropies(lists: np.ndarray, masses: torch.Tensor) -> np.ndarray:
    """`metrics.genre_entropy` of every row of lists at once: (R, k) gallery indices -> (R,) nats."""
    shares = masses.numpy()[lists].sum(1)
    shares /= shares.sum(1, keepdims=True)
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1)
