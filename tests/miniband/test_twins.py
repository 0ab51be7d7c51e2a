"""A twin differs from its original in the one attribute: read off the score, not off the label."""

from dataclasses import asdict, replace
from itertools import islice

import pytest

from miniband.attributes import FAMILIES, Attributes, draw, log_probability
from miniband.composer import compose
from miniband.corpus import track_attributes, track_row, twin_rows
from miniband.genres import GENRES_TABLE
from miniband.harmony import KEYS
from miniband.instruments import KITS, LEADS_TABLE, SOUNDS
from miniband.randomness import stream
from miniband.twins import AUDIBLE_TEMPO, CHANGES, twin

PITCHED = ("lead", "chords", "bass", "pad", "counter")


def pairs(changed, count=25):
    """(original score, twin's score, original attributes, twin's attributes) of the corpus' first pairs."""

    def every():
        for index in range(400):
            row = track_row("studio", "test", index)
            attributes = track_attributes(row)
            other = twin(attributes, changed, stream("studio", "twins", index, changed))
            if other is not None:
                yield compose(attributes, row["seed"]), compose(other, row["seed"]), attributes, other

    return list(islice(every(), count))


def first_bar(score, attributes, part):
    """Notes of the first bar: (onset in sixteenths, pitch)."""
    sixteenth = 15 / attributes.tempo
    return [(n.start / sixteenth, n.pitch) for n in score.part(part) if n.start < 16 * sixteenth - 0.02]


def onsets(score, part):
    return [note.start for note in score.part(part)]


@pytest.mark.parametrize("changed", CHANGES)
def test_a_twin_differs_in_one_label_and_is_a_track_of_the_generator(changed):
    for _, _, original, other in pairs(changed):
        assert {name for name in asdict(original) if asdict(original)[name] != asdict(other)[name]} == {changed}
        assert log_probability(other) > float("-inf")


@pytest.mark.parametrize("changed", CHANGES)
def test_a_twin_sounds_different(changed):
    for one, other, _, _ in pairs(changed):
        assert one.text() != other.text()


def test_another_key_moves_every_note_alike_and_leaves_drums_and_sounds():
    for one, other, _, _ in pairs("key"):
        assert one.part("drums") == other.part("drums") and one.programs == other.programs
        shifts = set()
        for part in PITCHED:
            if part in ("bass", "lead"):  # melodies: note by note; where chords are voiced anew, see below
                assert onsets(one, part) == onsets(other, part)
                notes = zip(one.part(part), other.part(part), strict=True)
                shifts |= {(after.pitch - before.pitch) % 12 for before, after in notes}
        assert len(shifts) == 1
        (shift,) = shifts
        for part in ("chords", "pad", "counter"):
            before, after = ({n.pitch % 12 for n in score.part(part)} for score in (one, other))
            assert {(pitch + shift) % 12 for pitch in before} == after


def test_another_mode_changes_the_third_above_the_key_note_and_nothing_about_rhythm_or_sounds():
    thirds = 0
    for one, other, before, after in pairs("mode"):
        assert one.part("drums") == other.part("drums") and one.programs == other.programs
        assert onsets(one, "bass") == onsets(other, "bass") and one.sections == other.sections
        tonic = KEYS.index(before.key)
        played = {}
        for score, mode in ((one, before.mode), (other, after.mode)):
            lengths = {3: 0.0, 4: 0.0}
            for note in (*score.part("lead"), *score.part("chords")):
                if (note.pitch - tonic) % 12 in lengths:
                    lengths[(note.pitch - tonic) % 12] += note.end - note.start
            played[mode] = lengths
        thirds += played["major"][4] > played["major"][3] and played["minor"][3] > played["minor"][4]
    assert thirds >= 23, "of 25 pairs; a blues may play both thirds"


def test_another_lead_changes_the_lead_alone():
    for one, other, before, after in pairs("lead"):
        for part in ("chords", "bass", "pad", "counter", "drums"):
            assert one.part(part) == other.part(part)
        assert [(n.start, n.pitch % 12) for n in one.part("lead")] == [
            (n.start, n.pitch % 12) for n in other.part("lead")
        ]
        if one.part("lead"):
            assert one.programs["lead"] == LEADS_TABLE[before.lead][0]
            assert other.programs["lead"] == LEADS_TABLE[after.lead][0]


def test_drums_in_or_out_leaves_everybody_else_as_they_were():
    for one, other, before, after in pairs("drums"):
        assert all(one.part(part) == other.part(part) for part in PITCHED)
        assert "none" in (before.drums, after.drums)
        silent = one if before.drums == "none" else other
        loud, kit = (other, after.drums) if before.drums == "none" else (one, before.drums)
        assert not silent.part("drums") and loud.part("drums") and loud.programs["drums"] == KITS[kit]


def test_another_tempo_plays_the_same_bar_at_another_speed():
    for one, other, before, after in pairs("tempo"):
        assert abs(after.tempo / before.tempo - 1) >= AUDIBLE_TEMPO
        shared = set(one.programs) & set(other.programs)
        assert {p: one.programs[p] for p in shared} == {p: other.programs[p] for p in shared}
        for part in ("chords", "bass"):
            for (step, pitch), (other_step, other_pitch) in zip(
                first_bar(one, before, part), first_bar(other, after, part), strict=True
            ):
                assert (
                    pitch == other_pitch and abs(step - other_step) < 0.6
                )  # fingers strike apart in seconds, not in beats


def test_another_mood_keeps_tempo_key_sounds_and_progression():
    for one, other, _, _ in pairs("mood"):
        assert one.sections == other.sections
        shared = (set(one.programs) & set(other.programs)) - {"pad"}
        assert {p: one.programs[p] for p in shared} == {p: other.programs[p] for p in shared}
        assert {n.pitch % 12 for n in one.part("bass") if not n.start} == {
            n.pitch % 12 for n in other.part("bass") if not n.start
        }


def test_another_genre_keeps_tempo_key_lead_and_kit():
    for one, other, before, _ in pairs("genre"):
        assert one.sections == other.sections and not before.second_genre
        assert one.programs.get("lead") == other.programs.get("lead")
        assert one.programs.get("drums") == other.programs.get("drums")


def test_a_genre_twin_plays_what_its_genre_plays():
    """Without borrowing, the bass sound of a genre twin is one of the new genre's own or of its family's."""
    for _, other, _, after in pairs("genre"):
        family = [g for g in GENRES_TABLE.values() if g.family == FAMILIES[after.genre]]
        allowed = {SOUNDS[name] for genre in family for name in genre.bass_sounds}
        assert other.programs.get("bass", next(iter(allowed))) in allowed


def test_more_twins_than_there_are_is_one_clear_line():
    with pytest.raises(ValueError, match="3500 twins are more than the test tracks of 'studio' have; ask for"):
        twin_rows("studio", 3500)


def test_there_is_no_twin_that_the_generator_would_not_make():
    crossover = Attributes("rock", "jazz", "happy", 120, "A", "minor", "piano", "acoustic kit", "medium", "dry")
    assert twin(crossover, "genre", stream(1)) is None
    punk = replace(crossover, genre="punk", second_genre="", tempo=176, drums="none")
    for seed in range(20):
        assert twin(punk, "drums", stream(seed)).drums in ("acoustic kit", "power kit")


def test_twins_are_drawn_in_the_generators_proportions():
    """Of many mood twins of one track, the shares are p(mood | the rest) without the original's mood."""
    from math import exp

    one = draw(stream("proportions", 3))
    weights = {
        m: exp(log_probability(replace(one, mood=m)))
        for m in ("happy", "calm", "sad", "energetic", "dark", "dreamy")
        if m != one.mood
    }
    total, n = sum(weights.values()), 3000
    counts = dict.fromkeys(weights, 0)
    for seed in range(n):
        counts[twin(one, "mood", stream("twin", seed)).mood] += 1
    for mood, weight in weights.items():
        p = weight / total
        assert abs(counts[mood] / n - p) < 4.5 * (p * (1 - p) / n) ** 0.5 + 1e-9


def test_rows_name_their_original_and_what_changed():
    rows = twin_rows("studio", 21)
    assert [row["changed"] for row in rows[:7]] == list(CHANGES)
    assert len({row["id"] for row in rows}) == 21
    for row in rows:
        original = track_row("studio", "test", int(row["original"][-5:]))
        assert original["id"] == row["original"] and original["seed"] == row["seed"]
        differing = {k for k in original if original[k] != row[k]}
        assert differing == {"id", "split", row["changed"]}
