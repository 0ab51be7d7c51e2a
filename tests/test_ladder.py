"""The ladder: every rung against a case that can be done by hand, and the ideal denoiser against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import ladder, samplers
from ghostnotes.denoisers import ResNetRegression, Standardiser
from ghostnotes.generation import generate
from ghostnotes.ideal import EmpiricalPrior, draw


def unit(*shape, seed=0):
    return torch.nn.functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.fixture(scope="module")
def regression():
    torch.manual_seed(0)
    model = ResNetRegression(dim=6, query_dim=5, width=16, depth=2).eval()
    model.standardiser.fit(unit(50, 6))
    return model


@pytest.fixture(scope="module")
def prior():
    points = unit(7, 6, seed=1)
    standardiser = Standardiser(6)
    standardiser.fit(points)
    return EmpiricalPrior(points, standardiser)


def test_chance_is_a_permutation_a_query_and_differs_between_queries():
    order = ladder.chance_order(40, 30)
    assert (np.sort(order, axis=1) == np.arange(30)).all()
    assert len({tuple(row) for row in order}) == 40


def test_the_oracle_puts_likelier_tracks_first_and_breaks_ties_by_lot():
    log_likelihood = np.log([[0.1, 0.4, 0.1, 0.4]] * 400)
    order = ladder.oracle_order(log_likelihood)
    assert {frozenset(row[:2]) for row in order} == {frozenset((1, 3))}
    assert 150 < (order[:, 0] == 1).sum() < 250
    impossible = ladder.oracle_order([[-np.inf, 0.0, -np.inf]])
    assert impossible[0, 0] == 1


def test_neighbours_are_the_nearest_pictures_tracks_each_once():
    keys = torch.tensor([[1.0, 0], [0.9, 0.436], [0.8, 0.6], [0, 1]])
    vectors = torch.eye(4)
    found = ladder.neighbour_seeds(torch.tensor([[1.0, 0.0]]), keys, ["a", "a", "b", "c"], vectors, 2)
    assert torch.equal(found[0], vectors[[0, 2]]), "a's second picture is nearer than b's and does not count again"
    with pytest.raises(ValueError, match="4 neighbours asked for, the training set has 3 tracks"):
        ladder.neighbour_seeds(keys[:1], keys, ["a", "a", "b", "c"], vectors, 4)


def test_guided_regression_at_zero_is_the_regression(regression):
    queries = unit(9, 5, seed=2)
    with torch.no_grad():
        plain = regression.decode(regression(queries))
    assert torch.equal(ladder.guided_regression(regression, queries, 0), plain)


def test_guided_regression_moves_away_from_the_answer_to_nothing(regression):
    queries = unit(9, 5, seed=2)
    with torch.no_grad():
        answer, nothing = regression(queries), regression(torch.zeros(1, 5))
    without, guided = (ladder.guided_regression(regression, queries, omega) for omega in (-1, 3))
    assert torch.allclose(without, regression.decode(nothing).expand(9, 6), atol=1e-6)
    assert torch.allclose(guided, regression.decode(4 * answer - 3 * nothing), atol=1e-6)


def test_residual_noise_has_the_residuals_mean_and_covariance(regression):
    queries, ids = unit(1, 5, seed=3), ["a"]
    shape = torch.randn(6, 6, generator=torch.Generator().manual_seed(4))
    missed = torch.randn(40, 6, generator=torch.Generator().manual_seed(5)) @ shape * 1e-3 + 2e-3
    seeds = ladder.residual_seeds(regression, queries, missed, 20_000, ids)[0]
    with torch.no_grad():
        centre = regression(queries)[0]
    # small noise: decoding is linear around the answer, so compare in the tangent plane
    plain, moved = regression.decode(centre), regression.decode(centre + missed)
    assert torch.allclose(seeds.mean(0), moved.mean(0), atol=2e-4)
    assert torch.allclose(torch.cov((seeds - plain).T), torch.cov((moved - plain).T), rtol=0.1, atol=5e-8)


def test_residual_noise_is_keyed_by_the_query(regression):
    queries, missed = unit(3, 5, seed=3), torch.randn(10, 6, generator=torch.Generator().manual_seed(5))
    whole = ladder.residual_seeds(regression, queries, missed, 4, ["a", "b", "c"])
    some = ladder.residual_seeds(regression, queries[[2, 0]], missed, 2, ["c", "a"])
    assert torch.allclose(some, whole[[2, 0], :2], atol=1e-6)


def test_residuals_are_what_is_missing(regression):
    queries, targets = unit(4, 5, seed=6), unit(4, 6, seed=7)
    missed = ladder.residuals(regression, queries, targets)
    with torch.no_grad():
        assert torch.allclose(regression.decode(regression(queries) + missed), targets, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(sigma=st.floats(0.05, 50), seed=st.integers(0, 1000))
def test_the_ideal_conditional_denoiser_against_brute_force(prior, sigma, seed):
    g = torch.Generator().manual_seed(seed)
    log_weights, z = torch.randn(4, 7, generator=g), torch.randn(4, 6, generator=g) * (1 + sigma)
    found = prior.bind(log_weights)(z.double(), sigma)
    for row in range(4):
        shares = []
        for k, point in enumerate(prior.points.double()):
            shares.append(float(log_weights[row, k]) - float(((z[row].double() - point) ** 2).sum()) / (2 * sigma**2))
        shares = np.exp(np.array(shares) - max(shares))
        expected = sum(share * point for share, point in zip(shares / shares.sum(), prior.points.double()))
        assert torch.allclose(found[row], expected, atol=2e-3)


def test_no_query_and_zero_weights_and_a_dropped_row_are_the_same(prior):
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(8))
    weights = torch.randn(3, 7, generator=torch.Generator().manual_seed(9))
    nothing = prior.bind(None)(z, 0.7)
    assert torch.allclose(prior.bind(torch.zeros(3, 7))(z, 0.7), nothing, atol=1e-6)
    dropped = prior.bind(weights, torch.tensor([True, False, True]))(z, 0.7)
    assert torch.allclose(dropped[[0, 2]], nothing[[0, 2]], atol=1e-6)
    assert not torch.allclose(dropped[1], nothing[1], atol=1e-3)
    with pytest.raises(ValueError, match="3 log-weights for 7 points"):
        prior.bind(torch.zeros(2, 3))


def test_sampling_the_ideal_denoiser_returns_its_points_in_proportion(prior):
    weights = torch.log(torch.tensor([[0.5, 0.3, 0.2, 1e-9, 1e-9, 1e-9, 1e-9]]))
    sigmas = samplers.karras_sigmas(60, 0.002, 80)
    seeds = generate(prior, weights, [0.0], 1500, seed=0, ids=["q"], sigmas=sigmas)[0, 0]
    points = prior.decode(prior.points)
    nearest = (seeds @ points.T).max(1)
    assert nearest.values.min() > 0.999
    shares = torch.bincount(nearest.indices, minlength=7) / len(seeds)
    drawn = torch.bincount(draw(weights, 1500, torch.Generator().manual_seed(0))[0], minlength=7) / 1500
    assert torch.allclose(shares, weights.exp()[0], atol=0.06)
    assert torch.allclose(drawn, weights.exp()[0], atol=0.05)


def test_a_query_that_no_track_can_answer_is_refused():
    with pytest.raises(ValueError, match="no track of the gallery can be what query 1 asks for"):
        ladder.oracle_order([[0.0, -np.inf], [-np.inf, -np.inf]])
