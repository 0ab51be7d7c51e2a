"""Moment matching against what it promises, and against scipy's matrix square root."""

import numpy as np
import pytest
import scipy
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostnotes import alignment, metrics, retrieval

COUNTS = st.integers(0, 10_000), st.integers(2, 8)


def rows(count, size, seed, shift=0.0):
    """A Gaussian cloud of its own mean and covariance."""
    normal = np.random.default_rng(seed).normal
    return normal(size=(count, size)) @ normal(size=(size, size)) + normal(size=size) + shift


@settings(deadline=None, max_examples=40)
@given(*COUNTS, st.sampled_from(["full", "transport"]))
@example(2810, 4, "full")  # spreads ten orders apart
def test_fitted_moments_are_those_of_the_reference(seed, size, covariance):
    """Without shrinkage and with n > d, on the fitting set; the Fréchet distance vanishes with them.

    Where spreads lie orders apart, float64 knows the smallest to so many digits less.
    """
    generated, reference = rows(60, size, seed), rows(80, size, seed + 1, 3.0)
    moved = alignment.fit_moments(generated, reference, covariance=covariance)(generated)
    scale = np.abs(np.cov(reference.T)).max()
    digits = np.finfo(float).eps * np.linalg.cond(np.cov(generated.T))
    assert moved.mean(0) == pytest.approx(reference.mean(0), abs=1e-8 * max(1, np.abs(reference).max()))
    assert np.cov(moved.T) == pytest.approx(np.cov(reference.T), rel=0, abs=100 * digits * max(1, scale))
    assert metrics.frechet_distance(moved, reference) < 1e-6 * scale


@settings(deadline=None, max_examples=30)
@given(*COUNTS)
def test_less_is_matched_as_asked(seed, size):
    generated, reference = rows(60, size, seed), rows(80, size, seed + 1, 3.0)
    mean = alignment.fit_moments(generated, reference, covariance="none")(generated)
    assert mean == pytest.approx(generated + reference.mean(0) - generated.mean(0), abs=1e-9)
    diagonal = alignment.fit_moments(generated, reference, covariance="diagonal")(generated)
    assert diagonal.mean(0) == pytest.approx(reference.mean(0), abs=1e-8)
    assert diagonal.var(0, ddof=1) == pytest.approx(reference.var(0, ddof=1), rel=1e-8)
    assert np.corrcoef(diagonal.T) == pytest.approx(np.corrcoef(generated.T), abs=1e-8)


def test_the_maps_are_those_of_the_papers():
    """S_r^(1/2) S_g^(-1/2), and the optimal transport between Gaussians, by scipy's matrix functions."""
    generated, reference = rows(60, 5, 0), rows(80, 5, 1)
    g, r = np.cov(generated.T), np.cov(reference.T)
    eye = np.eye(5)

    def linear(covariance):
        found = alignment.fit_moments(generated, reference, covariance=covariance)
        return (found(eye) - found(0 * eye)).T

    root = scipy.linalg.fractional_matrix_power
    assert linear("full") == pytest.approx(root(r, 0.5) @ root(g, -0.5), abs=1e-8)
    middle = root(root(g, 0.5) @ r @ root(g, 0.5), 0.5)
    assert linear("transport") == pytest.approx(root(g, -0.5) @ middle @ root(g, -0.5), abs=1e-8)
    assert linear("transport") == pytest.approx(linear("transport").T, abs=1e-10)
    shares = [np.square(alignment.fit_moments(generated, reference, covariance=c)(generated) - generated).sum()
              for c in ("transport", "full")]  # fmt: skip
    assert shares[0] <= shares[1]


# a shrinkage of 1e-12 makes spreads lie twelve orders apart, and float64 has sixteen
SHRINKAGES = st.just(0.0) | st.floats(1e-8, 1)


@settings(deadline=None, max_examples=40)
@given(*COUNTS, st.sampled_from(alignment.COVARIANCES), st.integers(2, 20), SHRINKAGES)
def test_two_sets_that_agree_are_left_alone(seed, size, covariance, count, shrinkage):
    """Whatever the number of rows: also beside the directions that they span."""
    sample = rows(count, size, seed)
    found = alignment.fit_moments(sample, sample, shrinkage, covariance)
    other = rows(10, size, seed + 1)
    assert found(other) == pytest.approx(other, abs=1e-6 * max(1, np.abs(other).max()))


@pytest.mark.parametrize("covariance", alignment.COVARIANCES)
@pytest.mark.parametrize("shrinkage", [0.0, 0.1, 1.0])
def test_fewer_rows_than_dimensions_stay_stable(covariance, shrinkage):
    """Rows that were not fitted are moved by as much as the spreads differ, and not by an inverse of nothing."""
    generated, reference = np.random.default_rng(0).normal(size=(2, 8, 64))
    new = np.random.default_rng(1).normal(size=(100, 64))
    moved = alignment.fit_moments(generated, reference, shrinkage, covariance)(new)
    assert np.isfinite(moved).all() and np.linalg.norm(moved, axis=1).max() < 10 * np.linalg.norm(new, axis=1).max()


def test_directions_without_spread_are_moved_with_the_mean_alone():
    flat = np.random.default_rng(0).normal(size=(50, 3)) * [1, 2, 0] + [0, 0, 5]
    reference = np.random.default_rng(1).normal(size=(50, 3)) * [3, 1, 1]
    for covariance in ("full", "transport", "diagonal"):
        found = alignment.fit_moments(flat, reference, covariance=covariance)
        step = found(np.array([[0.0, 0, 6]])) - found(np.array([[0.0, 0, 5]]))
        assert step == pytest.approx(np.array([[0, 0, 1.0]]), abs=1e-9)


def test_shrinkage_draws_both_covariances_towards_a_ball():
    """At 1 only the overall size is matched; between, the covariance of neither."""
    generated, reference = rows(60, 5, 0), rows(80, 5, 1)
    moved = alignment.fit_moments(generated, reference, 1.0)(generated)
    ratio = np.trace(np.cov(reference.T)) / np.trace(np.cov(generated.T))
    assert np.cov(moved.T) == pytest.approx(ratio * np.cov(generated.T), rel=1e-8)
    half = np.cov(alignment.fit_moments(generated, reference, 0.5)(generated).T)
    for end in (np.cov(reference.T), ratio * np.cov(generated.T)):
        assert not np.allclose(half, end, rtol=0.05)


def test_tensors_come_back_as_they_went_in():
    generated, reference = rows(60, 5, 0), rows(80, 5, 1)
    found, x = alignment.fit_moments(torch.tensor(generated), reference), torch.randn(2, 3, 5)
    assert found(x).dtype == torch.float32 and found(x).shape == (2, 3, 5)
    assert found(x).numpy() == pytest.approx(found(x.numpy()), abs=1e-5)


def test_distribution_normalisation_is_a_bonus_for_tracks_unlike_the_average_query():
    """The order is that of cosine minus half the cosine with the mean query; means of zero change nothing."""
    queries, gallery = (metrics.unit_rows("x", rows(count, 6, seed)) for count, seed in ((5, 0), (40, 1)))
    zero = np.zeros(6)
    plain = alignment.normalised_distances(queries, gallery, zero, zero)
    assert (plain == retrieval.distances(queries, gallery)).all()
    found = alignment.normalised_distances(queries, gallery, queries.mean(0), gallery.mean(0))
    score = queries @ gallery.T - (gallery @ queries.mean(0))[None] / 2
    assert (np.argsort(found, axis=1) == np.argsort(-score, axis=1)).all()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: alignment.fit_moments(rows(1, 3, 0), rows(9, 3, 1)), "generated has 1 row, which has no covariance"),
        (lambda: alignment.fit_moments(rows(9, 3, 0), rows(1, 3, 1)), "reference has 1 row"),
        (lambda: alignment.fit_moments(np.ones((9, 3)), rows(9, 3, 1)), "generated has 9 rows that"),
        (lambda: alignment.fit_moments(rows(9, 3, 1), np.ones((9, 3))), "reference has 9 rows that"),
        (lambda: alignment.fit_moments(rows(9, 3, 0), rows(9, 4, 1)), "3 dimensions and reference 4"),
        (lambda: alignment.fit_moments(rows(9, 3, 0), rows(9, 3, 1), 1.5), "must lie between 0 and 1, got 1.5"),
        (lambda: alignment.fit_moments(rows(9, 3, 0), rows(9, 3, 1), covariance="half"), "covariance must be one of"),
        (lambda: alignment.fit_moments(rows(9, 3, 0) * np.nan, rows(9, 3, 1)), "NaN or infinite"),
        (lambda: alignment.fit_moments(rows(9, 3, 0), rows(9, 3, 1))(rows(2, 4, 0)), "what was fitted has 3"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(call, what):
    with pytest.raises(ValueError, match=what) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_constant_set_can_still_be_moved_by_its_mean():
    reference = rows(9, 3, 1)
    moved = alignment.fit_moments(np.ones((4, 3)), reference, covariance="none")(np.ones((1, 3)))
    assert moved[0] == pytest.approx(reference.mean(0))
