"""Scores of beliefs against hand cases and against what makes a score proper."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ghostnotes import calibration

EVEN = np.array([[0.5, 0.5]])


def distributions(count):
    return st.lists(st.floats(0.05, 1), min_size=count, max_size=count).map(lambda x: np.array([x]) / sum(x))


def test_seed_beliefs_by_hand():
    masses = np.array([[1.0, 0], [0, 1], [0.5, 0.5]])
    found = calibration.seed_beliefs([[0, 0, 2, 1]], masses, [0.25, 0.75])
    assert found == pytest.approx(np.array([[(2.5 + 0.25) / 5, (1.5 + 0.75) / 5]]))
    alone = calibration.seed_beliefs([[0, 0]], masses, [0.25, 0.75], weight=0)
    assert alone.tolist() == [[1, 0]]


def test_many_draws_come_to_the_truth():
    generator = np.random.default_rng(0)
    truth = np.array([0.7, 0.2, 0.1])
    draws = generator.choice(3, size=(1, 20_000), p=truth)
    assert calibration.seed_beliefs(draws, np.eye(3), [1 / 3] * 3)[0] == pytest.approx(truth, abs=0.01)


def test_point_beliefs_by_hand_and_at_both_ends():
    masses = np.eye(2)
    cosines = np.array([[0.5, 0.1]])
    weight = math.exp(0.4 / 0.2)
    prior = [0.25, 0.75]
    assert calibration.point_beliefs(cosines, masses, 0.2, prior, 0)[0, 0] == pytest.approx(weight / (weight + 1))
    assert calibration.point_beliefs(cosines, masses, 1e6, prior, 0) == pytest.approx(EVEN)
    assert calibration.point_beliefs(cosines, masses, 1e-3, prior, 0) == pytest.approx(np.array([[1, 0]]))
    assert calibration.point_beliefs(cosines, masses, 1e-3, prior, 0.2) == pytest.approx(np.array([[0.85, 0.15]]))


def test_the_temperature_that_made_the_truth_is_found_again():
    generator = np.random.default_rng(1)
    cosines, masses = generator.uniform(-1, 1, (40, 30)), np.eye(5)[generator.integers(0, 5, 30)]
    how = ([0.2] * 5, 0.05)
    truth = calibration.point_beliefs(cosines, masses, 0.13, *how)
    assert calibration.tuned_temperature(cosines, masses, truth, *how) == pytest.approx(0.13, rel=1e-3)


def test_cross_entropy_and_brier_by_hand():
    assert calibration.cross_entropies(EVEN, [[1.0, 0.0]])[0] == pytest.approx(math.log(2))
    assert calibration.cross_entropies([[0.8, 0.2]], EVEN)[0] == pytest.approx(-(math.log(0.8) + math.log(0.2)) / 2)
    assert calibration.brier_scores(EVEN, [[1.0, 0.0]])[0] == pytest.approx(0.5)
    assert calibration.brier_scores([[0.0, 1.0]], [[1.0, 0.0]])[0] == pytest.approx(2)
    # the expectation over what comes true, written out: first class with .6, second with .4
    expected = 0.6 * (0.1**2 + 0.1**2) + 0.4 * (0.9**2 + 0.9**2)
    assert calibration.brier_scores([[0.9, 0.1]], [[0.6, 0.4]])[0] == pytest.approx(expected)


@given(distributions(4), distributions(4))
def test_nothing_scores_better_than_the_truth(belief, truth):
    for score in (calibration.cross_entropies, calibration.brier_scores):
        assert score(truth, truth)[0] <= score(belief, truth)[0] + 1e-12


def test_an_impossible_belief_is_refused():
    with pytest.raises(ValueError, match="a 0 where the truth does not; mix in a prior"):
        calibration.cross_entropies([[1.0, 0.0]], EVEN)
    assert calibration.cross_entropies([[1.0, 0.0]], [[1.0, 0.0]])[0] == 0


@pytest.mark.parametrize(
    ("beliefs", "what"),
    [([[0.5, 0.6]], "summing to 1"), ([[1.5, -0.5]], "0 or more"), ([[1.0]], "same queries and classes")],
)
def test_what_is_no_distribution_is_refused(beliefs, what):
    with pytest.raises(ValueError, match=what):
        calibration.brier_scores(beliefs, EVEN)


def test_reliability_by_hand():
    beliefs = np.array([[0.95, 0.05], [0.85, 0.15]])
    truth = np.array([[1.0, 0.0], [0.5, 0.5]])
    found = calibration.reliability(beliefs, truth, edges=[0, 0.5, 1])
    assert found["believed"].tolist() == pytest.approx([0.1, 0.9])
    assert found["comes_true"].tolist() == pytest.approx([0.25, 0.75])
    assert found["cells"].tolist() == [2, 2]


def test_reliability_lies_on_the_diagonal_where_belief_is_truth():
    truth = np.random.default_rng(0).dirichlet(np.ones(5), 200)
    found = calibration.reliability(truth, truth)
    assert found["believed"].tolist() == found["comes_true"].tolist() and found["cells"].sum() == 1000
    certain = calibration.reliability([[1.0, 0.0], [0.95, 0.05]], [[1.0, 0.0], [1.0, 0.0]])
    assert certain["cells"].tolist() == [2, 2], "a belief of 1 belongs to the last bin"


def test_energy_score_by_hand_and_by_scipy():
    seeds = np.array([[[0.0, 0.0], [2.0, 0.0]]])
    assert calibration.energy_scores(seeds, [[0.0, 0.0]])[0] == pytest.approx(1 - 2 / 2)
    assert calibration.energy_scores(seeds[:, :1], [[3.0, 4.0]])[0] == pytest.approx(5)
    generator = np.random.default_rng(0)
    seeds, target = generator.normal(size=(1, 6, 4)), generator.normal(size=(1, 4))
    between = cdist(seeds[0], seeds[0]).sum() / (6 * 5)
    expected = cdist(seeds[0], target).mean() - between / 2
    assert calibration.energy_scores(torch.from_numpy(seeds), target)[0] == pytest.approx(expected)


def test_the_right_spread_has_the_lowest_energy_score():
    """Targets from N(0, 1): seeds with half or twice their spread score worse; the number of seeds does not matter."""
    generator = np.random.default_rng(0)
    targets = generator.normal(size=(4000, 2))
    seeds = {s: s * generator.normal(size=(4000, 8, 2)) for s in (0.5, 1, 2)}
    scores = {s: calibration.energy_scores(some, targets).mean() for s, some in seeds.items()}
    assert scores[1] < min(scores[0.5], scores[2]) - 0.05
    fewer = calibration.energy_scores(generator.normal(size=(4000, 2, 2)), targets).mean()
    assert fewer == pytest.approx(scores[1], abs=0.05)


def test_targets_must_fit_the_seeds():
    with pytest.raises(ValueError, match=r"targets \(1, 3\) must hold one vector a query of seeds \(1, 2, 2\)"):
        calibration.energy_scores(np.ones((1, 2, 2)), np.ones((1, 3)))
