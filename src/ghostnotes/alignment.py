"""Making one set of embeddings look like another, without a single pair: mean and covariance matching.

GD-Retriever 4.1.1 moves the ghosts of a domain's captions onto the mean and covariance of that domain's audio, after
"correlation alignment" (Sun et al. 2017) and test-time distribution normalisation (Zhou et al. 2023). Nothing is
trained: unlabelled queries and tracks are enough. On the sets that it was fitted on the Fréchet distance vanishes,
because that distance is made of these moments; whether it helps is seen on queries and tracks that it has not seen.
"""

from collections.abc import Callable

import numpy as np

from ghostnotes.metrics import DECIMALS, to_float64, unit_rows

COVARIANCES = ("full", "diagonal", "none", "transport")


def fit_moments(generated, reference, shrinkage: float = 0.0, covariance: str = "full") -> Callable:
    """x -> (x - mu_g) A' + mu_r, which gives `generated` the moments of `reference`. GD-Retriever 4.1.1.

    generated: (n, d), reference: (m, d), n and m at least 2; the result takes and gives (..., d), not of unit norm.
    covariance: "full", A = S_r^(1/2) S_g^(-1/2); "transport", the symmetric A with the same effect that moves points
    least (the optimal transport between the two Gaussians); "diagonal", each coordinate's spread alone; "none", the
    mean alone. shrinkage in [0, 1]: both covariances are drawn so far towards a multiple of the identity, which few
    rows need. Directions in which `generated` does not vary (n <= d) are moved with the mean and not stretched.
    ValueError for sets that do not fit, for fewer than 2 rows, and for rows that are all the same, unless covariance is
    "none": nothing can be stretched that has no spread.
    """
    if covariance not in COVARIANCES:
        raise ValueError(f"covariance must be one of {', '.join(COVARIANCES)}, got {covariance!r}")
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"shrinkage must lie between 0 and 1, got {shrinkage}")
    generated, reference = to_float64("generated", generated, "(n, d)"), to_float64("reference", reference, "(m, d)")
    if generated.shape[1] != reference.shape[1]:
        raise ValueError(f"generated has {generated.shape[1]} dimensions and reference {reference.shape[1]}; "
                         "align embeddings of one encoder")  # fmt: skip
    for name, rows in (("generated", generated), ("reference", reference)):
        if len(rows) < 2:
            raise ValueError(f"{name} has 1 row, which has no covariance; give at least 2")
        if covariance != "none" and (rows == rows[0]).all():
            raise ValueError(f"{name} has {len(rows)} rows that are all the same: no spread to match")
    start, end = generated.mean(0), reference.mean(0)
    spreads = [np.cov(rows, rowvar=False).reshape(len(start), -1) for rows in (generated, reference)]
    spreads = [_shrunk(spread, shrinkage) for spread in spreads]
    matrix = {"none": _mean_alone, "diagonal": _diagonal, "full": _full, "transport": _transport}[covariance](*spreads)

    def aligned(x):
        moved = to_float64("x", x, "(..., d)")
        if moved.shape[-1] != len(start):
            raise ValueError(f"x has {moved.shape[-1]} dimensions, what was fitted has {len(start)}")
        moved = (moved - start) @ matrix.T + end
        return x.new_tensor(moved) if hasattr(x, "new_tensor") else moved

    return aligned


def normalised_distances(queries, gallery, query_mean, gallery_mean) -> np.ndarray:
    """Distances after test-time distribution normalisation, (Q, N) int64 in the units of `retrieval.distances`.

    queries: (Q, d), gallery: (N, d), made unit-norm; means (d,) of queries and of tracks like them. The score is
    (q - mu_q / 2) . (g - mu_g / 2): a track loses what it has in common with the average query. Zhou et al. 2023.
    """
    sides = ((queries, query_mean, "queries", "(Q, d)"), (gallery, gallery_mean, "gallery", "(N, d)"))
    left, right = (unit_rows(name, to_float64(name, rows, shape)) - to_float64("mean", mean, "(d,)") / 2
                   for rows, mean, name, shape in sides)  # fmt: skip
    return np.round((1.0 - left @ right.T) * 10**DECIMALS).astype(np.int64)


def _shrunk(spread, shrinkage):
    return (1 - shrinkage) * spread + shrinkage * np.trace(spread) / len(spread) * np.eye(len(spread))


def _mean_alone(generated, reference):
    return np.eye(len(generated))


def _diagonal(generated, reference):
    own = np.diag(generated)
    return np.diag(np.sqrt(np.where(own > 0, np.diag(reference) / np.where(own > 0, own, 1.0), 1.0)))


def _full(generated, reference):
    whiten, rest = _inverse_root(generated)
    return _root(reference) @ whiten + rest


def _transport(generated, reference):
    """L^-1 (L S_r L)^(1/2) L^-1 with L = S_g^(1/2), by singular values: the product would square the spreads, and its
    root keep half of their digits. With W s V' = S_r^(1/2) L it is L^-1 V W' S_r^(1/2)."""
    whiten, rest = _inverse_root(generated)
    left, sizes, right = np.linalg.svd(_root(reference) @ _root(generated))
    turn = (right.T * (sizes > sizes.max() * len(sizes) * np.finfo(np.float64).eps)) @ left.T
    return whiten @ turn @ _root(reference) @ (np.eye(len(rest)) - rest) + rest


def _root(spread):
    """S^(1/2) of a covariance, by its eigenvalues."""
    values, axes = np.linalg.eigh(spread)
    return (axes * np.sqrt(values.clip(min=0.0))) @ axes.T


def _inverse_root(spread):
    """S^(-1/2) where S has spread, and the projection onto where it has none."""
    values, axes = np.linalg.eigh(spread)
    there = values > values.max() * len(values) * np.finfo(np.float64).eps
    roots = np.where(there, 1 / np.sqrt(np.where(there, values, 1.0)), 0.0)
    return (axes * roots) @ axes.T, (axes * ~there) @ axes.T
