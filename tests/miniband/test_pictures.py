import re
from hashlib import sha256

import numpy as np
import pytest

from miniband import vocabulary as words
from miniband.attributes import FAMILIES, GENRES, LEADS, MOODS, draw, genre_mass
from miniband.painting import MOTIFS, SIZE
from miniband.pictures import FOREIGN_MOTIF, WRONG_PALETTE, Picture, mood_posterior, paint, picture_caption, posterior
from miniband.pictures import draw as draw_picture
from miniband.randomness import stream
from miniband.subjects import LIGHTS, PALETTES, SUBJECTS, TIERS

COUNT = 24_000


@pytest.fixture(scope="module")
def drawn():
    pairs = []
    for number in range(COUNT):
        attributes = draw(stream("pictured", number))
        pairs.append((attributes, draw_picture(attributes, stream("picture", number))))
    return pairs


def test_in_each_tier_the_subjects_share_out_the_genres():
    for tier, each in zip(TIERS, (1, 2, 4), strict=True):
        subjects = [s for s in SUBJECTS.values() if s.tier == tier]
        assert sorted(g for s in subjects for g in s.genres) == sorted(GENRES)
        for subject in subjects:
            assert len(subject.genres) == each == len({FAMILIES[g] for g in subject.genres})
            assert subject.palette in PALETTES
    assert set(SUBJECTS) == set(MOTIFS) and {mood for mood, _ in LIGHTS.values()} == set(MOODS)


def test_tiers_are_a_third_each(drawn):
    for tier in TIERS:
        assert abs(np.mean([p.tier == tier for _, p in drawn]) - 1 / 3) < 0.012


def test_motifs_are_foreign_and_palettes_wrong_as_often_as_stated(drawn):
    pure = [(a, p) for a, p in drawn if not a.second_genre]
    foreign = np.mean([a.genre not in SUBJECTS[p.motif].genres for a, p in pure])
    usual = {(s.tier, g): s.palette for s in SUBJECTS.values() for g in s.genres}
    wrong = np.mean([usual[p.tier, a.genre] != p.palette for a, p in pure])
    assert abs(foreign - FOREIGN_MOTIF) < 0.01 and abs(wrong - WRONG_PALETTE) < 0.012


@pytest.mark.parametrize("tier", TIERS)
def test_posterior_is_calibrated(drawn, tier):
    """Averaged over the pictures of a tier that put a genre at about p, the genre's mass is about p."""
    said, true = [], []
    for attributes, picture in drawn:
        if picture.tier == tier:
            p, mass = posterior(picture), genre_mass(attributes)
            said += p.values()
            true += [mass.get(g, 0.0) for g in p]
    said, true = np.array(said), np.array(true)
    for low, high in ((0, 0.02), (0.02, 0.05), (0.05, 0.15), (0.15, 0.3), (0.3, 0.6), (0.6, 0.8), (0.8, 1.0)):
        inside = (said >= low) & (said < high)
        if inside.sum() > 200:
            assert abs(said[inside].mean() - true[inside].mean()) < 4 * true[inside].std() / inside.sum() ** 0.5 + 1e-3


@pytest.mark.parametrize("motif", ["skull", "open road", "clouds"])
def test_posterior_matches_counting(drawn, motif):
    """Given the motif alone: mean posterior of such pictures against the mean genre mass of their tracks."""
    shown = [(a, p) for a, p in drawn if p.motif == motif]
    counted = {g: np.mean([genre_mass(a).get(g, 0.0) for a, _ in shown]) for g in GENRES}
    stated = {g: np.mean([posterior(p)[g] for _, p in shown]) for g in GENRES}
    for genre in GENRES:
        assert abs(counted[genre] - stated[genre]) < 4 * 0.5 / len(shown) ** 0.5


def test_mood_posterior_matches_counting_and_vague_pictures_hide_it(drawn):
    for tier in TIERS:
        shown = [(a.mood, p) for a, p in drawn if p.tier == tier and p.light == "night"]
        counted = np.mean([mood == "dark" for mood, _ in shown])
        stated = np.mean([mood_posterior(p)["dark"] for _, p in shown])
        assert abs(counted - stated) < 2 / len(shown) ** 0.5
        assert (stated > 0.7) == (tier != "vague")


def test_the_best_guess_is_right_as_often_as_meant(drawn):
    right = {tier: [] for tier in TIERS}
    for attributes, picture in drawn[:9000]:
        p = posterior(picture)
        right[picture.tier].append(genre_mass(attributes).get(max(p, key=p.get), 0.0))
    assert 0.76 < np.mean(right["clear"]) < 0.86
    assert 0.38 < np.mean(right["two-genre"]) < 0.5
    assert 0.18 < np.mean(right["vague"]) < 0.3


def test_posteriors_sum_to_one(drawn):
    for _, picture in drawn[:300]:
        assert sum(posterior(picture).values()) == pytest.approx(1)
        assert sum(mood_posterior(picture).values()) == pytest.approx(1)


def test_the_seed_tells_nothing(drawn):
    for _, picture in drawn[:50]:
        other = Picture(**{**vars(picture), "seed": picture.seed + 1})
        assert posterior(other) == posterior(picture) and not np.array_equal(paint(other), paint(picture))


def test_every_motif_in_every_light_is_painted_and_visible():
    for motif, subject in SUBJECTS.items():
        for light in LIGHTS:
            image = paint(Picture(subject.tier, motif, subject.palette, light, 0, 5))
            assert image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8
            assert image.std() > 6, (motif, light)


def test_painting_is_the_same_every_time(drawn):
    pictures = [p for _, p in drawn[:20]]
    once = [sha256(paint(p).tobytes()).hexdigest() for p in pictures]
    assert once == [sha256(paint(p).tobytes()).hexdigest() for p in reversed(pictures)][::-1]


def test_rows_hold_the_whole_picture(drawn):
    for _, picture in drawn[:200]:
        row = picture.to_row()
        assert all(isinstance(value, str) for value in row.values())
        assert Picture.from_row(row) == picture


def test_bad_pictures_are_refused(drawn):
    row = drawn[0][1].to_row()
    with pytest.raises(ValueError, match="picture light is 'disco light'"):
        Picture.from_row(row | {"light": "disco light"})
    with pytest.raises(ValueError, match="column missing: motif"):
        Picture.from_row({name: value for name, value in row.items() if name != "motif"})
    with pytest.raises(ValueError, match="motif 'skull' is not of the tier 'vague'"):
        Picture("vague", "skull", "ember", "night", 0, 1)


def test_picture_captions_say_what_is_seen_and_nothing_of_the_music(drawn):
    musical = {
        w for table in (words.GENRE_WORDS, words.LEAD_WORDS, words.DRUM_WORDS) for s in table.values() for w in s
    }
    musical |= (
        set(GENRES) | set(LEADS) | set(words.NOUNS) | {w for s in words.MOOD_WORDS.values() for w in s} - {"gentle"}
    )
    banned = re.compile("|".join(rf"(?<![\w-]){re.escape(w)}(?![\w-])" for w in musical), re.IGNORECASE)
    for number, (_, picture) in enumerate(drawn[:4000]):
        text = picture_caption(picture, stream("seen", number))
        assert re.fullmatch(r"[A-Z].+\.", text) and "  " not in text
        assert not banned.search(text), text
        assert any(w in text.lower() for w in map(str.lower, SUBJECTS[picture.motif].words)), text
        assert any(w in text.lower() for w in PALETTES[picture.palette][1]), text
        assert any(w in text.lower() for w in LIGHTS[picture.light][1]), text
