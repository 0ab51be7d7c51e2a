"""What a diffusion prior has to beat: the baselines under it and the ceilings over it, from picture to music.

From the bottom: chance; the music of the nearest training pictures; a regression, alone, with residual noise, and
guided; then the prior itself; above it what the training set allows (`ideal.EmpiricalPrior`), and what a perfect eye
and ear could do (`oracle_order`). Baselines give seeds (Q, S, d), unit norm, as a prior does; the rungs without an
embedding give an order of the gallery.
"""

import numpy as np
import torch
from torch import Tensor

from ghostnotes.generation import KeyedNoise


def chance_order(queries: int, size: int, seed: int = 0) -> np.ndarray:
    """The gallery in random order, one a query: (queries, size)."""
    return np.random.default_rng(seed).permuted(np.tile(np.arange(size), (queries, 1)), axis=1)


def oracle_order(log_likelihood, seed: int = 0) -> np.ndarray:
    """The gallery by how well each track's attributes explain the query, equals in random order: (Q, N) -> (Q, N).

    log_likelihood: log p(query | attributes of the track). No system that hears nothing beyond the attributes, and
    weighs all tracks of the gallery alike beforehand, ranks the right track better on average. ValueError for a query
    that no track of the gallery can answer, such as a genre without tracks.
    """
    values = np.asarray(log_likelihood, dtype=np.float64)
    unanswered = np.flatnonzero(~np.isfinite(values).any(axis=-1))
    if len(unanswered):
        raise ValueError(f"oracle: no track of the gallery can be what query {unanswered[0]} asks for "
                         f"({len(unanswered)} such queries); ask for a genre that it has")  # fmt: skip
    ties = np.random.default_rng(seed).random(values.shape)
    return np.lexsort((ties, -np.round(values, 9)), axis=-1)


def neighbour_seeds(queries: Tensor, keys: Tensor, tracks: list[str], vectors: Tensor, samples: int) -> Tensor:
    """Embeddings of the tracks whose training pictures are nearest to the query: (Q, samples, d), nearest first.

    queries: (Q, e), keys: (K, e) training pictures, both unit norm; tracks: the track each picture was made for;
    vectors: (K, d) that track's embedding. A track counts once, by the nearer of its pictures. ValueError where there
    are too few tracks.
    """
    if samples > len(set(tracks)):
        raise ValueError(f"{samples} neighbours asked for, the training set has {len(set(tracks))} tracks")
    names = np.unique(tracks, return_inverse=True)[1]
    order = (queries @ keys.T).argsort(dim=1, descending=True, stable=True)
    chosen = []
    for row in order.tolist():
        rows = {}
        for index in row:
            rows.setdefault(names[index], index)
            if len(rows) == samples:
                break
        chosen.append(list(rows.values()))
    return vectors[torch.tensor(chosen)]


@torch.no_grad()
def guided_regression(regression, queries: Tensor, omega: float) -> Tensor:
    """(1 + omega) R(q) - omega R(0), as unit-norm embeddings (Q, d): what guidance does without any diffusion.

    R(0) is the regression under the null query, which its own condition dropout taught it; omega 0 is the regression.
    """
    answer = regression(queries)
    if omega != 0:
        nothing = regression(queries[:1], torch.ones(1, dtype=torch.bool))
        answer = (1 + omega) * answer - omega * nothing
    return regression.decode(answer)


@torch.no_grad()
def residuals(regression, queries: Tensor, targets: Tensor) -> Tensor:
    """What the regression misses on held-out pairs, in the standardised space: (n, d). targets: unit norm (n, d)."""
    return regression.encode(targets) - regression(queries)


@torch.no_grad()
def residual_seeds(regression, queries: Tensor, missed: Tensor, samples: int, ids: list[str], seed: int = 0) -> Tensor:
    """Regression plus Gaussian noise of its residuals' mean and covariance: (Q, samples, d), unit norm.

    missed: (n, d) from `residuals` on held-out pairs. The spread is right on average and the same for every query,
    which is what diffusion could improve on. Noise is keyed by (seed, id, sample), as a prior's.
    """
    deviations = missed - missed.mean(0)
    # a square root of the covariance that needs no full rank: noise of n numbers, one a residual
    directions = torch.linalg.svd(deviations.double() / (len(missed) - 1) ** 0.5, full_matrices=False)
    root = (directions.S[:, None] * directions.Vh).to(missed)
    noise = KeyedNoise(seed, ids, samples, (len(root),), 0).draws[:, 0].to(missed)
    noise = noise.reshape(len(ids), samples, len(root))
    return regression.decode(regression(queries)[:, None] + missed.mean(0) + noise @ root)


def late_fusion(answers: Tensor, texts: Tensor, weight: float) -> Tensor:
    """An answer plus so much of a text's vector, unit norm: text steering without any diffusion.

    answers: (Q, ..., d), texts: (Q, d), both unit norm in the joint space; weight 0 is the answer itself.
    """
    texts = texts.reshape(len(texts), *[1] * (answers.ndim - 2), texts.shape[-1])
    return torch.nn.functional.normalize(answers + weight * texts, dim=-1)
