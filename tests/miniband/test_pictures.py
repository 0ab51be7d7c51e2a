import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import product

import numpy as np
import pytest

from miniband import crowd_style, lofi_style, studio_style
from miniband import vocabulary as words
from miniband.attributes import FAMILIES, GENRES, LEADS, MOODS, draw
from miniband.painting import MOTIFS, SIZE
from miniband.pictures import FOREIGN_MOTIF, WRONG_PALETTE, Picture, likelihood, paint, picture_caption
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
def test_likelihoods_sum_to_one_over_all_that_a_tier_can_show(tier):
    motifs = [motif for motif, subject in SUBJECTS.items() if subject.tier == tier]
    total = sum(likelihood(Picture(tier, *shown, 0)) for shown in product(motifs, PALETTES, LIGHTS, range(3)))
    assert total.shape == (len(GENRES), len(GENRES), len(MOODS)) and np.allclose(total, 1)


@pytest.mark.parametrize("second", ["", "classical"])
def test_likelihood_is_how_often_a_picture_is_drawn(second):
    """Of the pictures of one track (tiers a third each), the twelve most frequent; 4.5 standard errors."""
    track = replace(draw(stream("likely")), genre="metal", second_genre=second, mood="dark")
    core = GENRES.index("metal"), GENRES.index(second or "metal"), MOODS.index("dark")
    shown = Counter(replace(draw_picture(track, stream("likely", n)), seed=0) for n in range(COUNT))
    for picture, count in shown.most_common(12):
        p = likelihood(picture)[core] / len(TIERS)
        assert abs(count / COUNT - p) < 4.5 * (p * (1 - p) / COUNT) ** 0.5, picture


def test_the_seed_tells_nothing(drawn):
    for _, picture in drawn[:50]:
        other = Picture(**{**vars(picture), "seed": picture.seed + 1})
        assert np.array_equal(likelihood(other), likelihood(picture))
        assert not np.array_equal(paint(other), paint(picture))


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
        set(GENRES)
        | set(LEADS)
        | {noun for style in (studio_style, crowd_style, lofi_style) for noun in style.NOUNS}
        | {w for s in words.MOOD_WORDS.values() for w in s} - {"gentle"}
    )
    banned = re.compile("|".join(rf"(?<![\w-]){re.escape(w)}(?![\w-])" for w in musical), re.IGNORECASE)
    for number, (_, picture) in enumerate(drawn[:4000]):
        text = picture_caption(picture, stream("seen", number))
        assert re.fullmatch(r"[A-Z].+\.", text) and "  " not in text
        assert not banned.search(text), text
        assert any(w in text.lower() for w in map(str.lower, SUBJECTS[picture.motif].words)), text
        assert any(w in text.lower() for w in PALETTES[picture.palette][1]), text
        assert any(w in text.lower() for w in LIGHTS[picture.light][1]), text
