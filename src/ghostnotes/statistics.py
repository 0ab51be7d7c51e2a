"""How sure we are: intervals over queries, distances over disjoint subsamples, correlations for shapes.

Metrics that are means over queries get a bootstrap over queries, paired where two systems answer the same
ones. The Fréchet distance and the Vendi score are no such means: their value depends on the sample size, and
a resample with repeats has a smaller effective one, so their bootstrap interval lies wholly above the truth.
They are computed again on disjoint parts.
"""

from typing import NamedTuple

import numpy as np

from ghostnotes.metrics import frechet_distance, to_float64, whole_number


class Interval(NamedTuple):
    """A mean with the lower and upper end of its confidence interval."""

    mean: float
    low: float
    high: float


def paired_bootstrap(differences, *, draws=2000, seed=0, level=0.95):
    """Mean of per-query values with a percentile bootstrap interval over queries.

    differences: (Q,), one system minus another on the same queries, Q >= 2; one system's own values work as
    well. With several training seeds, average each query over the seeds first: queries are the unit here. The
    same seed draws the same queries for every input of the same length. Returns Interval(mean, low, high).
    Efron and Tibshirani 1993, chapter 13.
    """
    values = _per_query("differences", differences)
    means = _resampled_means(values, draws, np.random.default_rng(seed))
    return _percentiles(values.mean(), means, level)


def unpaired_bootstrap(one, other, *, draws=2000, seed=0, level=0.95):
    """Difference of two means over different queries, such as one advantage in two domains, and its interval.

    one: (Q,), other: (R,), each at least 2 values, averaged over training seeds first. Both sides are
    resampled on their own. Returns Interval(mean, low, high) of mean(one) - mean(other).
    """
    one, other = _per_query("one", one), _per_query("other", other)
    generator = np.random.default_rng(seed)
    means = _resampled_means(one, draws, generator) - _resampled_means(other, draws, generator)
    return _percentiles(one.mean() - other.mean(), means, level)


def disjoint_subsamples(n, parts, seed=0):
    """Split n rows at random into disjoint parts of equal size: indices (parts, n // parts).

    Rows that do not fill a part are left out. Use the same indices for two systems that answer the same
    queries, so that their difference is paired part by part.
    """
    n, parts = whole_number("n", n, 1), whole_number("parts", parts, 1)
    size = n // parts
    if size < 2:
        raise ValueError(f"{n} rows leave {size} for each of {parts} parts; give {2 * parts} or more rows")
    return np.random.default_rng(seed).permutation(n)[: parts * size].reshape(parts, size)


def frechet_subsamples(generated, reference, parts, seed=0):
    """Fréchet distances on `parts` disjoint subsamples of both sides, a list of floats.

    generated, reference: (n, d) with the same n, else ValueError: the distance is biased by 1 / n. One seed a
    query, so that the rows are independent. Each part has n // parts rows a side; its floor is
    `frechet_floor(real, n // parts)`.
    """
    generated = to_float64("generated", generated, "(n, d)")
    reference = to_float64("reference", reference, "(n, d)")
    if len(generated) != len(reference):
        raise ValueError(f"generated has {len(generated)} rows and reference {len(reference)}; the distance "
                         "depends on n, so draw the same number from both")
    ours, theirs = (disjoint_subsamples(len(generated), parts, [seed, side]) for side in (0, 1))
    return [frechet_distance(generated[a], reference[b]) for a, b in zip(ours, theirs, strict=True)]


def frechet_floor(reference, size, seed=0):
    """Fréchet distances of real against real at `size` rows a side: what a perfect model would score.

    reference: (m, d) with m >= 2 * size. As many disjoint pairs of parts as m allows; returns a list of
    floats.
    """
    reference = to_float64("reference", reference, "(m, d)")
    size = whole_number("size", size, 2)
    pairs = len(reference) // (2 * size)
    if pairs < 1:
        raise ValueError(f"a floor at {size} rows a side needs {2 * size} real rows, reference has "
                         f"{len(reference)}; give more rows or a smaller size")
    rows = np.random.default_rng(seed).permutation(len(reference))[: 2 * pairs * size]
    return [frechet_distance(reference[one], reference[other]) for one, other in rows.reshape(pairs, 2, size)]


def subsample_interval(values, level=0.95):
    """Mean of values from disjoint subsamples with Student's t interval.

    values: (parts,), parts >= 2, such as differences of two systems' Fréchet distances part by part. Parts
    are few and nearly independent, which is where t is right and a bootstrap is not. Returns Interval(mean,
    low, high).
    """
    values, level = to_float64("values", values, "(parts,)"), _level(level)
    if len(values) < 2:
        raise ValueError("values holds 1 subsample; an interval needs at least 2")
    # late: most notebooks need no interval over parts, and it takes most of a second
    from scipy import stats

    reach = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return Interval(float(values.mean()), float(values.mean() - reach), float(values.mean() + reach))


def rank_correlations(points, values):
    """Spearman's correlation of each query's curve with the swept setting: does it grow, does it fall?

    points: (P,) the setting (omega, steps), P >= 3, in the order of the columns of values: (Q, P). Returns
    (Q,) in [-1, 1], ready for `paired_bootstrap`; a query whose curve is flat shows no trend and counts 0.
    """
    points, values = to_float64("points", points, "(P,)"), to_float64("values", values, "(Q, P)")
    if values.shape[1] != len(points) or len(np.unique(points)) != len(points) or len(points) < 3:
        raise ValueError(f"values {values.shape} must have one column for each of the {len(points)} points, "
                         "which must be 3 or more and all different")
    from scipy import stats  # late, as above

    flat = (values == values[:, :1]).all(1)
    return np.array([0.0 if still else stats.spearmanr(points, curve).statistic
                     for curve, still in zip(values, flat, strict=True)])


def _per_query(name, values):
    values = to_float64(f"{name} (average several training seeds first)", values, "(Q,)")
    if len(values) < 2:
        raise ValueError(f"{name} holds 1 query; an interval over queries needs at least 2")
    return values


def _resampled_means(values, draws, generator):
    rows = generator.integers(0, len(values), (whole_number("draws", draws, 1), len(values)))
    return values[rows].mean(1)


def _percentiles(mean, means, level):
    level = _level(level)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high))


def _level(level):
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, got {level!r}")
    return level
