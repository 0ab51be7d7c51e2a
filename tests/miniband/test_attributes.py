from collections import Counter
from dataclasses import fields, replace
from itertools import product
from math import exp, inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniband.attributes import (
    DRUMS,
    FAMILIES,
    GENRES,
    LEADS,
    MOODS,
    STEPS,
    Attributes,
    draw,
    genre_mass,
    log_probability,
)  # fmt: skip
from miniband.domains import DOMAINS
from miniband.genres import GENRES_TABLE
from miniband.harmony import PROGRESSIONS, chord, progression
from miniband.instruments import SOUNDS
from miniband.moods import MOODS_TABLE
from miniband.patterns import BASS_PATTERNS, CHORD_PATTERNS, DRUM_PATTERNS, MELODY_RHYTHMS, onsets
from miniband.randomness import normalised, stream

DRAWS = 20_000


@pytest.fixture(scope="module")
def drawn():
    rng = stream("test attributes")
    return [draw(rng) for _ in range(DRAWS)]


def test_tables_refer_only_to_what_exists():
    for name, genre in GENRES_TABLE.items():
        for used, known in [(genre.moods, MOODS), (genre.drums, DRUMS), (genre.patterns, DRUM_PATTERNS),
                            (genre.bass, BASS_PATTERNS), (genre.bass_sounds, SOUNDS), (genre.chords, CHORD_PATTERNS),
                            (genre.chord_sounds, SOUNDS), (genre.pads, SOUNDS), (genre.leads, LEADS),
                            (genre.melody, MELODY_RHYTHMS), (genre.progressions, PROGRESSIONS)]:  # fmt: skip
            assert set(used) <= set(known), name
    for grid in [*BASS_PATTERNS.values(), *CHORD_PATTERNS.values(), *MELODY_RHYTHMS.values(),
                 *(grid for voices in DRUM_PATTERNS.values() for grid in voices.values())]:  # fmt: skip
        assert len(grid) == 16
    assert len(GENRES) == 16 and len(set(FAMILIES.values())) >= 5 and len(MOODS) == 6 and len(LEADS) == 20


def test_every_numeral_is_a_chord_in_every_colour():
    for name, mode in product(PROGRESSIONS, ("major", "minor")):
        for numeral, colour in product(
            progression(name, mode), ("triad", "power", "sixth", "seventh", "ninth", "dark")
        ):
            assert len(chord(numeral, colour).intervals) >= 3
    with pytest.raises(ValueError, match="'H7'"):
        chord("H7", "triad")


def test_a_held_note_lasts_to_its_last_dash():
    assert onsets("R--.5-..C.......") == ((0, 3, "R"), (4, 2, "5"), (8, 1, "C"))


def test_probabilities_sum_to_one_along_every_branch():
    """The product of conditionals that each sum to one sums to one; the branching ones are enumerated."""
    place, total = DOMAINS["studio"], 0.0
    for genre, p_genre in normalised(STEPS["genre"](place, {})).items():
        for second, p_second in normalised(STEPS["second_genre"](place, {"genre": genre})).items():
            known = {"genre": genre, "second_genre": second}
            for mood, p_mood in normalised(STEPS["mood"](place, known)).items():
                p = p_genre * p_second * p_mood
                for name in ("tempo", "key", "mode", "lead", "drums", "density", "production"):
                    p *= sum(normalised(STEPS[name](place, known | {"mood": mood})).values())
                total += p
    assert total == pytest.approx(1.0)


def test_log_probability_matches_counting(drawn):
    """Frequencies of (genre, mood) and of a drawn attribute given them, against ratios of p(attributes)."""
    base = next(a for a in drawn if not a.second_genre and a.drums != "none")
    for name in ("mode", "mood", "lead", "drums", "density", "production", "genre"):
        # along `name` all else being equal, so ratios of p are ratios of conditional frequencies
        if name in ("mood", "genre"):
            continue
        alike = [a for a in drawn if a.genre == base.genre and a.mood == base.mood and not a.second_genre]
        counts = Counter(getattr(a, name) for a in alike)
        p = {value: exp(log_probability(replace(base, **{name: value}))) for value in counts}
        total = sum(p.values())
        for value, count in counts.items():
            expected = p[value] / total
            spread = (expected * (1 - expected) / len(alike)) ** 0.5
            assert abs(count / len(alike) - expected) < 5 * spread + 0.01, (name, value)


def test_log_probability_is_the_product_of_its_factors():
    a = Attributes("rock", "", "happy", 126, "C", "major", "banjo", "power kit", "medium", "bright")
    # 1/16 genre, .8 no crossover, mood 2/10, tempo peak 1/25 of a triangle of half-width 24, key 1/12,
    # mode .72, strange lead .2/20, power kit 4/11, density 3/6, production 4/9
    expected = log(1 / 16 * 0.8 * 0.2 / 25 / 12 * 0.72 * 0.01 * 4 / 11 * 0.5 * 4 / 9)
    assert log_probability(a) == pytest.approx(expected)


def test_what_is_never_drawn_has_probability_zero():
    a = Attributes("rock", "", "happy", 60, "C", "major", "banjo", "power kit", "medium", "bright")
    assert log_probability(a) == -inf
    assert log_probability(replace(a, tempo=126, second_genre="punk")) == -inf  # same family: no crossover


def test_every_draw_has_a_probability(drawn):
    assert all(-40 < log_probability(a) < 0 for a in drawn[:2000])


def test_a_fifth_are_crossovers_between_families(drawn):
    crossed = [a for a in drawn if a.second_genre]
    assert abs(len(crossed) / DRAWS - 0.2) < 0.012
    assert all(FAMILIES[a.genre] != FAMILIES[a.second_genre] for a in crossed)


def test_mode_is_nearly_independent_of_mood(drawn):
    for mood in MOODS:
        assert 0.3 <= MOODS_TABLE[mood].major <= 0.75
        of_mood = [a.mode for a in drawn if a.mood == mood]
        assert 0.27 < of_mood.count("major") / len(of_mood) < 0.78


def test_genre_mass_is_shared_by_a_crossover():
    a = draw(stream("mass"))
    assert genre_mass(replace(a, genre="jazz", second_genre="")) == {"jazz": 1.0}
    assert genre_mass(replace(a, genre="jazz", second_genre="punk")) == {"jazz": 0.5, "punk": 0.5}


@pytest.mark.parametrize("name", [f.name for f in fields(Attributes) if f.name != "tempo"])
def test_unknown_values_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name} is 'polka'; expected one of"):
        replace(draw(stream("refuse")), **{name: "polka"})


def test_an_unknown_domain_is_refused():
    with pytest.raises(ValueError, match="unknown domain 'moon'; known: studio"):
        draw(stream(0), "moon")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_drawing_depends_on_the_stream_alone(seed):
    assert draw(stream(seed)) == draw(stream(seed))
