"""What the corpus knows of its pictures, against the generator's own Bayes' rule."""

from pathlib import Path

import numpy as np
import pytest

from ghostnotes import config
from ghostnotes.datasets import made, truth
from miniband.attributes import Attributes, log_probability
from miniband.beliefs import core_prior, log_posterior, marginals
from miniband.pictures import Picture, likelihood
from miniband.reading import consistent, read

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


def test_beliefs_are_the_generators_own_marginals(val):
    rows = val.pictures.head(8)
    found = truth.picture_beliefs(rows)
    for place, picture in enumerate(rows.to_dict("records")):
        expected = marginals(picture=shown(picture))
        for what in ("genre", "mood"):
            assert found[what][place] == pytest.approx(list(expected[what].values()))


@pytest.mark.parametrize("domain", ["studio", "lofi"])
def test_base_rates_are_the_domains_marginals(domain):
    for what, values in truth.base_rates(domain).items():
        assert values == pytest.approx(list(marginals(domain)[what].values()))


def test_mood_masses_mark_each_tracks_mood(val):
    masses = truth.mood_masses(val.tracks)
    assert masses.shape == (len(val.tracks), 6) and (masses.sum(1) == 1).all()
    columns = {mood: set(masses[(val.tracks["mood"] == mood).to_numpy()].argmax(1)) for mood in set(val.tracks["mood"])}
    assert all(len(found) == 1 for found in columns.values()) and len(set.union(*columns.values())) == len(columns)


def test_matching_is_consistency_row_by_row(val):
    texts, tracks = list(val.captions["text"].head(40)), val.tracks.head(60)
    expected = [[consistent(attributes(row), read(text)) for row in tracks.to_dict("records")] for text in texts]
    found = truth.matching(texts, tracks)
    assert found.tolist() == expected and 0 < found.mean() < 0.5


def test_a_caption_matches_its_own_track(val):
    own = [val.ids.index(name) for name in val.captions["id"]]
    assert truth.matching(val.captions["text"], val.tracks)[range(len(own)), own].all()


@pytest.mark.parametrize("attribute", ["genre", "mood", "tempo", "key", "mode", "lead", "drums"])
def test_a_text_for_an_attribute_says_that_attribute_and_no_other(val, attribute):
    texts = truth.attribute_texts(val.tracks, attribute)
    together = {"key": {"key", "mode"}, "mode": {"key", "mode"}, "genre": {"genre", "second_genre"}}
    for text in texts:
        assert set(read(text).mentions) <= together.get(attribute, {attribute}) and read(text).mentions
    assert truth.matching(texts, val.tracks).diagonal().all()


def test_an_attribute_without_a_text_is_refused(val):
    with pytest.raises(ValueError, match="no text asks for 'density' alone; known: genre, key, mode"):
        truth.attribute_texts(val.tracks, "density")


def test_a_genre_prompt_asks_for_both_genres_of_a_crossover(val):
    for text, row in zip(truth.genre_prompts(val.tracks), val.tracks.itertuples()):
        assert read(text).genres == {row.genre, row.second_genre} - {""}
    odd = val.tracks.head(1).assign(genre="skiffle")
    with pytest.raises(ValueError, match="genre 'skiffle' has no prompt; known: rock, punk"):
        truth.genre_prompts(odd)
