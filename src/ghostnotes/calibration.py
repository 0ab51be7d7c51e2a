"""Is the spread the right spread? What a method believes of a query, against what is truly known of it.

A belief is a distribution over classes (genres, moods): what share of a method's seeds retrieves each, or what a
point's neighbours weigh. The made corpus knows the true distribution of every picture, so that no score needs the luck
of which track a picture happened to be made for: the expectation over it is taken exactly. No paper here measures this.
"""

import numpy as np
import pandas as pd
from scipy import optimize, special

from ghostnotes import metrics

TEMPERATURES = (1e-3, 10.0)  # searched on a logarithmic scale
TENTHS = tuple(np.linspace(0, 1, 11))


def seed_beliefs(first, masses, prior, weight: float = 1.0) -> np.ndarray:
    """Share of the seeds that retrieves each class, (Q, C); rows sum to 1.

    first: (Q, S) gallery index of each seed's nearest track; masses: (N, C), each track's classes, rows sum to 1;
    prior: (C,), the domain's own frequencies, which count as `weight` seeds more: without them a class that no seed
    found would be impossible, and one surprise would cost everything.
    """
    found = np.asarray(masses, dtype=np.float64)[np.asarray(first)].sum(1)
    return (found + weight * np.asarray(prior)) / (np.shape(first)[1] + weight)


def point_beliefs(cosines, masses, temperature: float, prior, share: float) -> np.ndarray:
    """The classes of a point's neighbours, weighted by softmax(cosine / temperature): (Q, C). cosines: (Q, N).

    prior: (C,), of which `share` is mixed in, as the seeds' one more seed is 1 / (S + 1) of their belief.
    """
    found = special.softmax(np.asarray(cosines, dtype=np.float64) / temperature, axis=1) @ np.asarray(masses)
    return (1 - share) * found + share * np.asarray(prior)


def tuned_temperature(cosines, masses, truth, prior, share: float) -> float:
    """At which temperature `point_beliefs` have the lowest cross-entropy against truth (Q, C); use held-out data."""

    def loss(log_temperature):
        return cross_entropies(point_beliefs(cosines, masses, np.exp(log_temperature), prior, share), truth).mean()

    low, high = np.log(TEMPERATURES)
    return float(np.exp(optimize.minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def cross_entropies(beliefs, truth) -> np.ndarray:
    """Expected -log of the belief in the class that comes true, in nats, (Q,); lowest, the entropy, at beliefs = truth.

    beliefs, truth: (Q, C), rows sum to 1. ValueError for other shapes, or a belief of 0 in what can happen.
    """
    beliefs, truth = _both(beliefs, truth)
    if ((beliefs <= 0) & (truth > 0)).any():
        raise ValueError("beliefs hold a 0 where the truth does not; mix in a prior (see seed_beliefs)")
    return -special.xlogy(truth, np.where(truth > 0, beliefs, 1.0)).sum(1)


def brier_scores(beliefs, truth) -> np.ndarray:
    """Expected squared distance of the belief to the class that comes true, (Q,), from 0 to 2. Brier 1950.

    The distance to the truth, squared, plus 1 - sum truth^2, which no belief can avoid.
    """
    beliefs, truth = _both(beliefs, truth)
    return np.square(beliefs - truth).sum(1) + 1 - np.square(truth).sum(1)


def reliability(beliefs, truth, edges=TENTHS) -> pd.DataFrame:
    """How often what is believed with some probability comes true: a row a bin of belief that holds any.

    Columns: believed (the bin's mean belief), comes_true (mean true probability), cells (pairs of query and class).
    Calibrated beliefs lie on the diagonal. Edges ascend from 0 to 1; a belief on an edge belongs to the bin above it.
    """
    beliefs, truth = (array.ravel() for array in _both(beliefs, truth))
    bins = np.clip(np.digitize(beliefs, edges) - 1, 0, len(edges) - 2)
    cells = pd.DataFrame({"bin": bins, "believed": beliefs, "comes_true": truth, "cells": 1})
    found = cells.groupby("bin").agg({"believed": "mean", "comes_true": "mean", "cells": "sum"})
    return found.reset_index(drop=True)


def energy_scores(seeds, targets) -> np.ndarray:
    """Mean distance of the seeds to the target less half the mean distance between seeds, (Q,); lower is better.

    seeds: (Q, S, d), targets: (Q, d). Proper for distributions: in expectation lowest where seeds are distributed as
    targets are. A point method is one seed, whose score is its distance. The mean between seeds runs over different
    ones, so that the number of seeds does not bias it. Gneiting and Raftery 2007, eq. 22.
    """
    seeds, targets = metrics.to_float64("seeds", seeds, "(Q, S, d)"), metrics.to_float64("targets", targets, "(Q, d)")
    if targets.shape != (len(seeds), seeds.shape[2]):
        raise ValueError(f"targets {targets.shape} must hold one vector a query of seeds {seeds.shape}")
    count = seeds.shape[1]
    nearness = np.linalg.norm(seeds - targets[:, None], axis=-1).mean(1)
    if count == 1:
        return nearness
    squares = np.square(seeds).sum(-1)
    between = squares[:, :, None] + squares[:, None, :] - 2 * seeds @ seeds.swapaxes(1, 2)
    distances = np.sqrt(np.clip(between, 0, None))
    distances[:, np.arange(count), np.arange(count)] = 0
    return nearness - distances.sum((1, 2)) / (count * (count - 1)) / 2


def _both(beliefs, truth):
    beliefs, truth = metrics.to_float64("beliefs", beliefs, "(Q, C)"), metrics.to_float64("truth", truth, "(Q, C)")
    if beliefs.shape != truth.shape:
        raise ValueError(f"beliefs {beliefs.shape} and truth {truth.shape} must be of the same queries and classes")
    for name, rows in (("beliefs", beliefs), ("truth", truth)):
        if (rows < 0).any() or not np.allclose(rows.sum(1), 1, atol=1e-6):
            raise ValueError(f"{name}: every row must be a distribution, 0 or more and summing to 1")
    return beliefs, truth
