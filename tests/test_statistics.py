"""Intervals that cover what they should, subsamples that are disjoint, floors that behave."""

import numpy as np
import pytest
import torch
from scipy import stats

from ghostnotes import metrics, statistics


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("count", [2, 3, 50, 333])
def test_the_resamples_are_those_of_one_draw_after_another(count):
    values, generator = np.random.default_rng(count).normal(size=count), np.random.default_rng(0)
    means = [values[generator.integers(0, count, count)].mean() for _ in range(2000)]
    found = statistics.paired_bootstrap(values)
    assert found[1:] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=1e-12)



def test_the_bootstrap_interval_covers_the_true_mean_in_about_95_of_100_experiments():
    generator = np.random.default_rng(0)
    covered = 0
    for experiment in range(300):
        interval = statistics.paired_bootstrap(generator.exponential(1.0, 80), draws=400, seed=experiment)
        covered += interval.low <= 1.0 <= interval.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_bootstrap_width_is_that_of_the_normal_approximation():
    values = normal(1, 2000)
    mean, low, high = statistics.paired_bootstrap(values)
    assert mean == pytest.approx(values.mean(), abs=1e-15)
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / np.sqrt(2000), rel=0.06)
    wide = statistics.paired_bootstrap(values, level=0.99)
    assert wide.low < low < mean < high < wide.high


def test_pairing_removes_what_two_systems_share():
    hard, gain = 10 * normal(2, 400), 0.1 + 0.05 * normal(3, 400)
    paired = statistics.paired_bootstrap((hard + gain) - hard)
    alone = statistics.paired_bootstrap(hard + gain)
    assert paired.low > 0
    assert (alone.high - alone.low) > 50 * (paired.high - paired.low)


def test_the_same_seed_gives_the_same_interval_and_draws_the_same_queries():
    values = normal(4, 50)
    once = statistics.paired_bootstrap(values, draws=200, seed=3)
    assert once == statistics.paired_bootstrap(torch.tensor(values), draws=200, seed=3)
    assert once != statistics.paired_bootstrap(values, draws=200, seed=4)
    doubled = statistics.paired_bootstrap(2 * values, draws=200, seed=3)
    assert doubled.high == pytest.approx(2 * once.high, rel=1e-12)
    assert all(type(end) is float for end in once)


def test_subsamples_are_disjoint_of_equal_size_and_depend_on_the_seed():
    parts = statistics.disjoint_subsamples(23, 4, seed=1)
    assert parts.shape == (4, 5)
    assert len(np.unique(parts)) == 20
    assert parts.min() >= 0
    assert parts.max() < 23
    assert not np.array_equal(parts, statistics.disjoint_subsamples(23, 4, seed=2))


def test_frechet_subsamples_use_disjoint_rows_of_both_sides(monkeypatch):
    seen = []
    monkeypatch.setattr(statistics, "frechet_distance", lambda x, y: seen.append((x[:, 0], y[:, 0])) or 0.0)
    rows = np.arange(31.0)[:, None]
    assert statistics.frechet_subsamples(rows, 100 + rows, parts=3, seed=5) == [0.0] * 3
    ours, theirs = (np.concatenate(side) for side in zip(*seen, strict=True))
    assert len(ours) == len(np.unique(ours)) == len(theirs) == len(np.unique(theirs)) == 30
    assert not np.array_equal(ours, theirs - 100)  # row i against row i would be paired, not independent


def test_one_part_holds_all_rows_and_gives_the_plain_distance():
    x, y = normal(6, 40, 3), normal(7, 40, 3) + 1
    distances = statistics.frechet_subsamples(x, y, parts=1, seed=0)
    assert distances == [pytest.approx(metrics.frechet_distance(x, y), rel=1e-9)]
    assert statistics.frechet_subsamples(x, y, parts=4, seed=0) == statistics.frechet_subsamples(x, y, 4, 0)


def test_unequal_numbers_of_rows_are_refused():
    with pytest.raises(ValueError, match="same number from both"):
        statistics.frechet_subsamples(normal(0, 40, 3), normal(1, 41, 3), parts=2)


def test_the_floor_is_positive_and_shrinks_as_samples_grow():
    real = normal(8, 1600, 8)
    floors = [np.mean(statistics.frechet_floor(real, size)) for size in (25, 100, 400)]
    assert floors[0] > 2 * floors[1] > 4 * floors[2] > 0
    assert len(statistics.frechet_floor(real, 100)) == 8


def test_the_floor_compares_halves_that_share_no_row(monkeypatch):
    seen = []
    monkeypatch.setattr(statistics, "frechet_distance", lambda x, y: seen.extend([*x[:, 0], *y[:, 0]]) or 0.0)
    statistics.frechet_floor(np.arange(50.0)[:, None], 12, seed=1)
    assert len(seen) == len(set(seen)) == 48


def test_resampling_with_repeats_inflates_a_frechet_distance():
    # why there is no bootstrap for it: two samples of one distribution, every resample above the plain value
    x, y = normal(9, 200, 16), normal(10, 200, 16)
    generator = np.random.default_rng(0)
    rows = generator.integers(0, 200, (20, 2, 200))
    resampled = [metrics.frechet_distance(x[ours], y[theirs]) for ours, theirs in rows]
    assert min(resampled) > metrics.frechet_distance(x, y)


def test_unpaired_bootstrap_has_the_width_of_two_independent_means():
    one, other = 0.5 + normal(11, 1500), 2 * normal(12, 1000)
    interval = statistics.unpaired_bootstrap(one, other)
    assert interval.mean == pytest.approx(one.mean() - other.mean(), abs=1e-12)
    expected = 1.96 * np.sqrt(one.var() / 1500 + other.var() / 1000)
    assert (interval.high - interval.low) / 2 == pytest.approx(expected, rel=0.08)
    assert interval == statistics.unpaired_bootstrap(one, other)
    # the two sides draw on their own: the same values on both would cancel in a paired one
    assert statistics.unpaired_bootstrap(one, one).high > 0.05


def test_subsample_interval_is_students():
    values = [1.0, 2.0, 4.0, 5.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert statistics.subsample_interval(values) == pytest.approx((3.0, expected.low, expected.high))


def test_rank_correlations_follow_spearman_and_call_a_flat_curve_no_trend():
    points = [-1, 0, 5, 9]
    curves = np.array([[4, 3, 2, 1], [1, 2, 3, 4], [7, 7, 7, 7], [1, 3, 2, 4]])
    found = statistics.rank_correlations(points, curves)
    assert found == pytest.approx([-1.0, 1.0, 0.0, 0.8])
    assert statistics.rank_correlations([9, 5, 0, -1], curves)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: statistics.paired_bootstrap([]), "empty"),
    (lambda: statistics.paired_bootstrap([1.0]), "at least 2"),
    (lambda: statistics.paired_bootstrap([1.0, np.nan]), "NaN"),
    (lambda: statistics.paired_bootstrap(np.ones((3, 5))), "average several training seeds"),
    (lambda: statistics.paired_bootstrap([1.0, 2.0], draws=0), "draws"),
    (lambda: statistics.paired_bootstrap([1.0, 2.0], level=95), "between 0 and 1"),
    (lambda: statistics.unpaired_bootstrap([1.0, 2.0], [1.0]), "other .*at least 2"),
    (lambda: statistics.disjoint_subsamples(7, 4), "8 or more rows"),
    (lambda: statistics.disjoint_subsamples(7, 0), "parts"),
    (lambda: statistics.frechet_floor(np.eye(5), 3), "smaller size"),
    (lambda: statistics.frechet_floor(np.eye(5), 1), "size"),
    (lambda: statistics.subsample_interval([1.0]), "at least 2"),
    (lambda: statistics.rank_correlations([1, 2], np.ones((4, 2))), "3 or more"),
    (lambda: statistics.rank_correlations([1, 2, 2], np.ones((4, 3))), "all different"),
    (lambda: statistics.rank_correlations([1, 2, 3], np.ones((4, 4))), "one column"),
])
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
