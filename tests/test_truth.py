"""What the corpus knows of its pictures, against the generator's own Bayes' rule."""

from pathlib import Path

import numpy as np
import pytest

from ghostnotes import config
from ghostnotes.datasets import made, truth
from miniband.attributes import Attributes, log_probability
from miniband.beliefs import core_prior, log_posterior
from miniband.pictures import Picture, likelihood

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def val():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        catalogue = made.load("studio-val", config.load().corpus.rows)
        catalogue.pictures  # noqa: B018  read while we stand in the project
        return catalogue


def attributes(row):
    return Attributes(**{name: row[name] for name in Attributes.__dataclass_fields__})


def shown(row):
    return Picture.from_row({name: str(value) for name, value in row.items()})


def test_log_likelihoods_are_posterior_over_prior_up_to_a_constant_of_the_picture(val):
    tracks, pictures = val.tracks.head(12), val.pictures.head(6)
    found = truth.picture_log_likelihoods(pictures, tracks)
    assert found.shape == (6, 12)
    for values, picture in zip(found, pictures.to_dict("records")):
        own = [attributes(row) for row in tracks.to_dict("records")]
        expected = np.array([log_posterior(one, "studio", shown(picture)) - log_probability(one) for one in own])
        assert np.allclose(values - values[0], expected - expected[0])


def test_a_picture_speaks_for_its_own_track(val):
    found = truth.picture_log_likelihoods(val.pictures, val.tracks)
    own = found[np.arange(len(val.pictures)), np.arange(len(val.pictures)) // 2]
    assert (own[:, None] >= found).mean() > 0.8


def test_entropy_by_hand(val):
    rows = val.pictures.head(5)
    for found, picture in zip(truth.picture_entropies(rows), rows.to_dict("records")):
        belief = (core_prior("studio") * likelihood(shown(picture))).ravel()
        belief = [p / belief.sum() for p in belief if p > 0]
        assert found == pytest.approx(-sum(p * np.log(p) for p in belief))


def test_vaguer_tiers_leave_more_open(val):
    entropies = truth.picture_entropies(val.pictures)
    means = [entropies[val.pictures["tier"] == tier].mean() for tier in ("clear", "two-genre", "vague")]
    assert means == sorted(means) and means[2] - means[0] > 1
