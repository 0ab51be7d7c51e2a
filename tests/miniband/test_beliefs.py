from collections import defaultdict
from dataclasses import asdict, replace
from itertools import product
from math import exp, inf, log

import numpy as np
import pytest

from miniband.attributes import (
    DENSITIES,
    GENRES,
    MOODS,
    PRODUCTIONS,
    Attributes,
    draw,
    genre_mass,
    log_probability,
)
from miniband.beliefs import core_prior, log_posterior, marginals
from miniband.captions import caption
from miniband.domains import domain_named
from miniband.pictures import FOREIGN_MOTIF, OTHER_LIGHT, WRONG_PALETTE, Picture
from miniband.pictures import draw as draw_picture
from miniband.randomness import normalised, stream
from miniband.reading import consistent, read
from miniband.subjects import BLURS, LIGHTS, PALETTES, SUBJECTS, TIERS

COUNT = 3000
ERRORS = 4.5  # standard errors by which a count may miss its expectation
NAMES = ("genre", "mood", "tempo", "key", "mode", "lead", "drums", "density", "production")


@pytest.fixture(scope="module", params=["studio", "lofi"])
def seen(request):
    """(domain, [(attributes, picture, caption)])."""
    made = []
    for number in range(COUNT):
        name = ("believed", request.param, number)
        attributes = draw(stream(*name), request.param)
        text = caption(attributes, stream(*name, "caption"), request.param).text
        made.append((attributes, draw_picture(attributes, stream(*name, "picture")), text))
    return request.param, made


@pytest.fixture(scope="module")
def stated(seen):
    """For picture, caption and both: the marginals of all tracks, and {attribute: (values, stated, true)} of them."""
    domain, tracks = seen
    made = {
        "picture": [marginals(domain, picture) for _, picture, _ in tracks],
        "caption": [marginals(domain, caption=text) for _, _, text in tracks],
        "both": [marginals(domain, picture, text) for _, picture, text in tracks],
    }
    return {evidence: (found, tables(tracks, found)) for evidence, found in made.items()}


def truth(attributes, name):
    return genre_mass(attributes) if name == "genre" else {getattr(attributes, name): 1.0}


def tables(tracks, found):
    made = {}
    for name, values in ((name, list(p)) for name, p in found[0].items()):
        true = [truth(attributes, name) for attributes, _, _ in tracks]
        made[name] = (values, np.clip([list(p[name].values()) for p in found], 0, 1),
                      np.array([[mass.get(value, 0.0) for value in values] for mass in true]))  # fmt: skip
    return made


def misses(said, true):
    """By how many standard errors sums of truths miss the sums of statements, column by column.

    The error of a truth stated with probability p has variance p (1 - p), a crossover's half genres less. Columns
    in which less than 15 is expected either way count as 0.
    """
    enough = np.minimum(said.sum(axis=0), (1 - said).sum(axis=0)) >= 15
    spread = np.sqrt((said * (1 - said)).sum(axis=0))
    off = np.abs((true - said).sum(axis=0))
    return np.where(enough & (off > 1e-6), off / np.maximum(spread, 1e-9), 0.0)


def test_marginals_sum_to_one(stated):
    for found, _ in stated.values():
        for each in found[:300]:
            assert tuple(each) == NAMES
            for p in each.values():
                assert sum(p.values()) == pytest.approx(1) and min(p.values()) >= 0


@pytest.mark.parametrize("evidence", ["picture", "caption", "both"])
def test_values_are_as_frequent_as_stated_among_tracks_with_a_like_picture_or_caption(seen, stated, evidence):
    """Groups by tier and motif, by what is said of genre, mood, lead, tempo; every value of every attribute."""
    groups = defaultdict(list)
    for row, (_, picture, text) in enumerate(seen[1]):
        reading = read(text)
        shown = ("tier", picture.tier), ("motif", picture.motif), ("light", picture.light)
        told = ("mood", reading.mood), ("lead", reading.lead), ("tempo", reading.tempo is None)
        told += (("genres", len(reading.genres or ())), *(("genre", genre) for genre in reading.genres or ()))
        for feature in ("all", *{"picture": shown, "caption": told, "both": shown + told}[evidence]):
            groups[feature].append(row)
    for feature, rows in groups.items():
        for name, (values, said, true) in stated[evidence][1].items():
            off = misses(said[rows], true[rows])
            assert off.max() < ERRORS, (feature, name, values[off.argmax()])


@pytest.mark.parametrize("evidence", ["picture", "caption", "both"])
def test_what_is_said_to_have_probability_p_happens_with_frequency_p(stated, evidence):
    edges = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.01]
    for name, (_, said, true) in stated[evidence][1].items():
        for low, high in zip(edges, edges[1:]):
            inside = (said >= low) & (said < high)
            assert misses(said[inside][:, None], true[inside][:, None]).max() < ERRORS, (name, low)


@pytest.mark.parametrize("tier", TIERS)
def test_the_best_guess_from_a_picture_is_right_as_often_as_meant(seen, stated, tier):
    rows = [row for row, (_, picture, _) in enumerate(seen[1]) if picture.tier == tier]
    _, said, true = stated["picture"][1]["genre"]
    best = said[rows].argmax(axis=1)
    meant, right = said[rows, best], true[rows, best]
    assert misses(meant[:, None], right[:, None])[0] < ERRORS
    if seen[0] == "studio":
        low, high = {"clear": (0.76, 0.86), "two-genre": (0.4, 0.52), "vague": (0.18, 0.3)}[tier]
        assert low < meant.mean() < high


def test_a_vague_picture_hides_the_mood_and_a_clear_one_shows_it():
    for tier, motif, palette in (("clear", "skull", "ember"), ("vague", "hills", "dusk")):
        dark = marginals(picture=Picture(tier, motif, palette, "night", 0, 1))["mood"]["dark"]
        assert (dark > 0.7) == (tier == "clear")


def test_a_picture_tells_of_the_lead_what_its_genre_does():
    ember, marble = (marginals(picture=Picture("clear", motif, palette, "night", 0, 1))["lead"]
                     for motif, palette in (("skull", "ember"), ("temple", "marble")))  # fmt: skip
    assert ember["distorted guitar"] > 5 * marble["distorted guitar"] and marble["cello"] > 3 * ember["cello"]


def shown(picture, genre, mood):
    """p(motif, palette, light, blur | tier, genre, mood), written out anew."""
    motifs = {m: s for m, s in SUBJECTS.items() if s.tier == picture.tier}
    own = next(m for m, s in motifs.items() if genre in s.genres)
    p = 1 - FOREIGN_MOTIF if picture.motif == own else FOREIGN_MOTIF / (len(motifs) - 1)
    p *= 1 - WRONG_PALETTE if picture.palette == motifs[own].palette else WRONG_PALETTE / (len(PALETTES) - 1)
    if picture.tier == "vague":
        return p / len(LIGHTS) / 3
    p *= 1 - OTHER_LIGHT if LIGHTS[picture.light][0] == mood else OTHER_LIGHT / (len(LIGHTS) - 1)
    return p * BLURS[mood][picture.blur]


def enumerated(domain, picture, fixed):
    """{attributes: p(attributes | evidence)} of all tracks that agree with the `fixed` lists of values."""
    weights = {}
    for values in product(*fixed.values()):
        attributes = Attributes(**dict(zip(fixed, values, strict=True)))
        p = exp(log_probability(attributes, domain))
        if picture is not None:
            p *= sum(mass * shown(picture, g, attributes.mood) for g, mass in genre_mass(attributes).items())
        if p > 0:
            weights[attributes] = p
    return normalised(weights)


CASES = {  # caption -> what it leaves open
    "A brisk rock and jazz crossover led by a clarinet with live drums, in C minor. It has a dry sound.": {
        "genre": ["rock", "jazz"], "second_genre": ["rock", "jazz"], "mood": MOODS, "tempo": range(113, 139),
        "key": ["C"], "mode": ["minor"], "lead": ["clarinet"], "drums": ["acoustic kit"], "density": DENSITIES,
        "production": ["dry"]},
    "A sad track led by a flute with no drums, in C minor at 96 BPM.": {
        "genre": GENRES, "second_genre": ("", *GENRES), "mood": ["sad"], "tempo": [96], "key": ["C"],
        "mode": ["minor"], "lead": ["flute"], "drums": ["none"], "density": DENSITIES, "production": PRODUCTIONS},
    "A folk tune led by a fiddle with brushed drums, in G major at 104 BPM.": {
        "genre": ["folk"], "second_genre": [""], "mood": MOODS, "tempo": [104], "key": ["G"], "mode": ["major"],
        "lead": ["violin"], "drums": ["brushes"], "density": DENSITIES, "production": PRODUCTIONS},
}  # fmt: skip
PICTURES = (None, Picture("clear", "temple", "marble", "rain", 1, 7), Picture("vague", "window", "dusk", "glow", 2, 7),
            Picture("two-genre", "spotlights", "stained glass", "rain", 0, 7))  # fmt: skip


@pytest.mark.parametrize("domain", ["studio", "lofi", "general@0.5"])
@pytest.mark.parametrize("picture", PICTURES, ids=["no picture", "clear", "vague", "two-genre"])
@pytest.mark.parametrize("text", CASES)
def test_posterior_and_marginals_are_those_of_adding_up_all_tracks(text, picture, domain):
    everything = enumerated(domain, picture, CASES[text])
    total = defaultdict(float)
    for attributes, p in everything.items():
        assert consistent(attributes, read(text))
        for name in NAMES:
            for value, mass in truth(attributes, name).items():
                total[name, value] += p * mass
    for attributes in list(everything)[:: max(1, len(everything) // 50)]:
        assert log_posterior(attributes, domain, picture, text) == pytest.approx(log(everything[attributes]))
    for name, p in marginals(domain, picture, text).items():
        for value, stated in p.items():
            assert stated == pytest.approx(total[name, value], abs=1e-12)


def test_the_posterior_is_one_in_all():
    """Importance sampling: the mean of posterior over prior, over tracks of the prior, is one."""
    picture, text = PICTURES[3], "An energetic tune."
    drawn = [draw(stream("one in all", n)) for n in range(3000)]
    ratios = [exp(log_posterior(a, "studio", picture, text) - log_probability(a)) for a in drawn]
    assert np.mean(ratios) == pytest.approx(1, abs=ERRORS * np.std(ratios) / len(ratios) ** 0.5)


@pytest.mark.parametrize("domain", ["studio", "lofi"])
def test_without_evidence_the_generator_itself_is_left(domain):
    for number in range(50):
        attributes = draw(stream("no evidence", number), domain)
        assert log_posterior(attributes, domain) == pytest.approx(log_probability(attributes, domain))
    genres, prior = domain_named(domain).genres, core_prior(domain)
    assert prior.shape == (16, 16, 6) and prior.sum() == pytest.approx(1)
    assert dict(zip(GENRES, prior.sum(axis=(1, 2)))) == pytest.approx(normalised(genres))
    assert marginals(domain)["key"]["C"] == pytest.approx(1 / 12)


def test_a_crossovers_second_genre_counts():
    """Both orders are equally probable in studio, so the leads and the kits are half of each genre's."""
    found = marginals(caption="A metal and bossa nova crossover.")
    assert found["genre"] == pytest.approx(dict.fromkeys(GENRES, 0.0) | {"metal": 0.5, "bossa nova": 0.5})
    assert found["lead"]["flute"] == pytest.approx((0.01 + (0.01 + 0.8 / 6)) / 2)
    assert found["lead"]["distorted guitar"] == pytest.approx(((0.01 + 0.8 / 5) + 0.01) / 2)
    assert found["drums"]["power kit"] == pytest.approx(0.7 / 2)
    track = replace(draw(stream("second")), genre="metal", second_genre="bossa nova", mood="dark", tempo=140,
                    lead="flute", drums="power kit")  # fmt: skip
    text = "A dark metal and bossa nova crossover led by a flute with pounding drums."
    swapped = replace(track, genre="bossa nova", second_genre="metal")
    assert log_posterior(track, caption=text) > log_posterior(swapped, caption=text) == -inf
    # a picture of either genre fits the crossover half
    skull = Picture("clear", "skull", "ember", "night", 0, 1)
    plain = replace(track, second_genre="", lead="violin")
    ratio = log_posterior(track, picture=skull) - log_probability(track)
    ratio -= log_posterior(plain, picture=skull) - log_probability(plain)
    assert exp(ratio) == pytest.approx(0.5, rel=0.01)


def test_a_picture_and_a_caption_tell_more_than_either():
    """Mean log score of the true mood and genre over a few hundred tracks."""
    score = dict.fromkeys(("picture", "caption", "both"), 0.0)
    for number in range(400):
        attributes = draw(stream("more", number))
        picture = draw_picture(attributes, stream("more", number, "picture"))
        text = caption(attributes, stream("more", number, "caption")).text
        for name, evidence in {"picture": (picture, None), "caption": (None, text), "both": (picture, text)}.items():
            score[name] += log_posterior(attributes, "studio", *evidence) - log_probability(attributes)
    assert 0 < score["picture"] < score["caption"] < score["both"]


def test_what_contradicts_the_caption_is_impossible():
    track = replace(draw(stream("contradiction")), mood="happy")
    assert log_posterior(track, caption="A sad tune.") == -inf
    assert log_posterior(replace(track, tempo=290), picture=PICTURES[1]) == -inf


@pytest.mark.parametrize("text", ["A slow punk tune.", "A tune at 290 BPM.", "A rock and punk crossover.",
                                  "A house tune with brushed drums."])  # fmt: skip
def test_evidence_that_no_track_gives_is_refused(text):
    with pytest.raises(ValueError, match=f"^no track of the domain 'studio' fits the caption '{text}'$"):
        marginals(caption=text)
    with pytest.raises(ValueError, match="no track of the domain 'studio' fits the caption .* and the Picture"):
        log_posterior(draw(stream(0)), picture=PICTURES[1], caption=text)


def test_an_unknown_domain_is_refused():
    with pytest.raises(ValueError, match="unknown domain 'moon'"):
        marginals("moon")


def test_evidence_does_not_change_what_is_kept():
    before = asdict(draw(stream("kept"))), core_prior("studio").copy()
    marginals(picture=PICTURES[1], caption="A happy rock tune.")
    assert np.array_equal(core_prior("studio"), before[1])
    with pytest.raises(ValueError):
        core_prior("studio")[0, 0, 0] = 1
