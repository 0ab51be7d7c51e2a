"""From seeds to one ranking of the gallery, and exact nearest-neighbour search.

Diff4Steer draws up to 50 seeds for an image without saying how they become one list; GD-Retriever averages 5
(Figure 2). `rank` offers three ways; with a single seed all three are plain nearest-neighbour search.
"""

import warnings

import numpy as np

from ghostnotes.metrics import DECIMALS, to_float64, unit_rows, whole_number

_CELLS = 2**23  # scores held at once: 64 MB


def rank(seeds, gallery, how="mean"):
    """Rank the whole gallery for every query by cosine with its seeds: order (Q, N) int64, best first.

    seeds: (Q, S, d), gallery: (N, d). how: "mean", cosine with the mean of the seeds, taken as they come
    (GD-Retriever 4.1); "max", an item scores its best cosine over the seeds; "interleave", the seeds' own
    lists in turn (every seed's first choice in the order of the seeds, then the second choices ...), first
    occurrence kept. Ties go to the lower gallery index, see `distances`.
    """
    if how not in ("mean", "max", "interleave"):
        raise ValueError(f'how must be "mean", "max" or "interleave", got {how!r}')
    seeds = to_float64("seeds", seeds, "(Q, S, d)")
    if how == "mean":
        seeds = unit_rows("the mean of the seeds", seeds.mean(1, keepdims=True))
    count, size = seeds.shape[1], len(gallery)
    chunk = max(1, _CELLS // (count * size))
    order = np.empty((len(seeds), size), np.int64)
    for start in range(0, len(seeds), chunk):
        distance = distances(seeds[start : start + chunk], gallery)
        if how == "interleave" and count > 1:
            place = _inverse(_stable_order(distance))
            turn = place * count + np.arange(count)[:, None]
            order[start : start + chunk] = _stable_order(turn.min(1))
        else:
            order[start : start + chunk] = _stable_order(distance.min(1))
    return order


def distances(seeds, gallery):
    """1 - cosine in units of 1e-9, as whole numbers: seeds (..., d), gallery (N, d) -> int64 (..., N).

    Cosines that agree to nine decimals are ties, which every list here breaks by gallery index: so no order depends
    on the thread count.
    """
    seeds, gallery = to_float64("seeds", seeds, "(..., d)"), to_float64("gallery", gallery, "(N, d)")
    if seeds.shape[-1] != gallery.shape[-1]:
        raise ValueError(f"seeds have {seeds.shape[-1]} dimensions and gallery {gallery.shape[-1]}; "
                         "use embeddings of one encoder")
    # one product of two matrices and no copies: most of what a search costs
    apart = unit_rows("seeds", seeds).reshape(-1, seeds.shape[-1]) @ unit_rows("gallery", gallery).T
    np.subtract(1.0, apart, out=apart)
    apart *= 10**DECIMALS
    return np.rint(apart, out=apart).astype(np.int64).reshape(*seeds.shape[:-1], -1)


def first(distance, k):
    """The k nearest items of every row, best first: int64 (..., N) of `distances` -> indices (..., min(k, N)).

    The head of what `rank` would give, without sorting the whole gallery.
    """
    size = distance.shape[-1]
    # late: the metrics and rankings of a user who brings numpy arrays need no torch
    import torch

    keys = torch.from_numpy(distance * size + np.arange(size))
    return (torch.topk(keys, min(k, size), largest=False).values % size).numpy()


def interleaved(lists):
    """Lists (Q, S, k) of indices, one a seed -> the first k of the interleaved list, (Q, k).

    Every seed's first choice in the order of the seeds, then the second choices ..., first occurrence kept: the head
    of `rank(how="interleave")`, which no item below a seed's first k can enter.
    """
    k = lists.shape[-1]
    turns = lists.swapaxes(1, 2).reshape(len(lists), -1)
    return np.array([list(dict.fromkeys(row))[:k] for row in turns.tolist()], np.int64)


def places(distance, truth):
    """How many items come before the right one: distance (Q, ..., N), truth (Q,) -> 0-based ranks (Q, ...)."""
    truth = _indices("truth", truth)
    own = truth.reshape(-1, *[1] * (distance.ndim - 1))
    found = np.take_along_axis(distance, np.broadcast_to(own, (*distance.shape[:-1], 1)), axis=-1)
    return ((distance < found) | ((distance == found) & (np.arange(distance.shape[-1]) < own))).sum(-1)


def positions(order, truth):
    """0-based rank of the right answer of every query, int64 (Q,); several right answers: the best one.

    order: (Q, N), each row a ranking of the gallery 0..N-1, as `rank` gives it. truth: gallery indices, int
    (Q,) or one collection of ints a query. Raises ValueError for a query without a right answer or with one
    outside the gallery.
    """
    order = _indices("order", order)
    if order.ndim != 2 or order.size == 0:
        raise ValueError(f"order must have shape (Q, N) with at least one query, got {order.shape}")
    size = order.shape[1]
    if not (np.sort(order, axis=1) == np.arange(size)).all():
        raise ValueError(f"a row of order must hold each of 0..{size - 1} once, as retrieval.rank gives it")
    truth = truth.tolist() if hasattr(truth, "tolist") else list(truth)
    if len(truth) != len(order):
        raise ValueError(f"truth is for {len(truth)} queries, order for {len(order)}; give one entry a query")
    place = _inverse(order)
    ranks = np.empty(len(order), np.int64)
    for query, answers in enumerate(truth):
        answers = sorted(answers) if isinstance(answers, (set, frozenset)) else answers
        answers = _indices("truth", answers).reshape(-1)
        if answers.size == 0:
            raise ValueError(f"truth of query {query} is empty; give a right answer or leave the query out")
        if answers.min() < 0 or answers.max() >= size:
            raise ValueError(f"truth of query {query} is {answers.tolist()}, not within 0..{size - 1}")
        ranks[query] = place[query, answers].min()
    return ranks


def nearest(queries, gallery, k):
    """The k gallery rows with the highest cosine: (scores, indices), each (..., k), best first.

    queries: (..., d), gallery: (N, d). Exact search in float32 (faiss.IndexFlatIP); scores are rounded to six
    decimals, all that float32 holds, and equal ones are listed by gallery index. k > N is cut to N with a
    warning. Raises ValueError for NaN, which faiss would drop silently, for rows of zeros, and for k < 1.
    """
    queries, gallery = to_float64("queries", queries, "(..., d)"), to_float64("gallery", gallery, "(N, d)")
    k = whole_number("k", k, 1)
    if queries.ndim == 0 or queries.shape[-1] != gallery.shape[1]:
        raise ValueError(f"queries {queries.shape} must end in the gallery's {gallery.shape[1]} dimensions")
    if k > len(gallery):
        warnings.warn(f"k = {k} is more than the gallery holds; returning all {len(gallery)}", stacklevel=2)
        k = len(gallery)
    # late: faiss brings its own OpenMP, which clashes with torch's on macOS where nothing needs it
    import faiss

    index = faiss.IndexFlatIP(gallery.shape[1])
    index.add(np.ascontiguousarray(unit_rows("gallery", gallery), np.float32))
    flat = unit_rows("queries", queries).reshape(-1, queries.shape[-1])
    scores, indices = index.search(np.ascontiguousarray(flat, np.float32), k)
    scores = np.round(scores, 6)
    by_score = np.lexsort((indices, -scores), axis=-1)
    scores, indices = (np.take_along_axis(found, by_score, axis=1) for found in (scores, indices))
    return scores.reshape(*queries.shape[:-1], k), indices.reshape(*queries.shape[:-1], k)


def _stable_order(keys):
    """Stable argsort of the last axis of small non-negative integers.

    Key and index share one integer: all differ, so the fastest sort is stable and the index is read off.
    """
    size = keys.shape[-1]
    return np.sort(keys * size + np.arange(size), axis=-1) % size


def _inverse(order):
    """Where each item stands in each ranking along the last axis."""
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(order.shape[-1]), order.shape), axis=-1)
    return place


def _indices(name, values):
    """Whole numbers as int64; ValueError for anything else."""
    array = np.asarray(values.cpu() if hasattr(values, "cpu") else values)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must hold whole numbers (gallery indices), got {array.dtype}")
    return array.astype(np.int64)
