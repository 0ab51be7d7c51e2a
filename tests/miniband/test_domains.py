"""Domains and their strengths: what they change, and that nothing changes where the strength is nought."""

from hashlib import sha256

import numpy as np
import pytest

from miniband.attributes import draw
from miniband.composer import compose
from miniband.corpus import caption_rows, picture_rows, track_audio, track_row
from miniband.domains import DOMAINS, domain_named
from miniband.randomness import stream
from miniband.recording import record
from miniband.renderer import RATE, render
from miniband.score import Recording

AWAY = ("crowd", "lofi", "general")


def piece(number, domain, seconds=8.0):
    """The same attributes and seed in that domain."""
    return compose(draw(stream("domains", number)), number, seconds, domain)


def spectrum(sound):
    """Power by frequency, in decibels below the strongest."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return np.fft.rfftfreq(len(sound), 1 / RATE), 10 * np.log10(power / power.max() + 1e-12)


def named(row):
    """A row without the names in which the strength stands."""
    return {name: value for name, value in row.items() if name not in ("id", "domain")}


def share_above(sound, hertz):
    """Share of the energy above a frequency."""
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    power = np.abs(np.fft.rfft(sound)) ** 2
    return power[frequency > hertz].sum() / power.sum()


@pytest.mark.parametrize("domain", AWAY)
def test_at_strength_nought_a_domain_is_studio_and_at_one_itself(domain):
    assert domain_named(f"{domain}@0") == DOMAINS["studio"]
    assert domain_named(f"{domain}@1") == domain_named(domain) == DOMAINS[domain]
    assert piece(3, f"{domain}@0") == piece(3, "studio")


@pytest.mark.parametrize("domain", AWAY)
def test_half_way_lies_between(domain):
    half, full, none = (domain_named(f"{domain}@{s}") for s in (0.5, 1, 0))
    for name in ("borrowed", "dropped", "levels", "loose", "room", "low_cut", "high_cut", "noise", "drive"):
        low, high = sorted((getattr(none, name), getattr(full, name)))
        middle = getattr(half, name)
        assert middle == pytest.approx(low) if low == high else low < middle < high, name
    assert half.high_cut == pytest.approx((none.high_cut * full.high_cut) ** 0.5)


def test_a_dial_turns_the_domain_and_not_the_track():
    """Below full strength a track keeps its seed, and its captions and pictures are drawn by the same dice."""
    for make in (track_row, caption_rows, picture_rows):
        full, one, most = (make(name, "test", 7) for name in ("lofi", "lofi@1", "lofi@0.99"))
        one, most, full = ([x] if isinstance(x, dict) else x for x in (one, most, full))
        for other in (one, most):
            assert [named(row) for row in other] == [named(row) for row in full]
    assert track_row("lofi@0.2", "test", 7)["seed"] == track_row("lofi", "test", 7)["seed"]


@pytest.mark.parametrize("bad", ["lo-fi", "lofi@", "lofi@2", "lofi@-0.1", "lofi@nan", "@1", ""])
def test_other_names_and_strengths_are_refused(bad):
    with pytest.raises(ValueError, match="domain") as caught:
        domain_named(bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("domain", AWAY)
@pytest.mark.parametrize("number", range(4))
def test_recordings_are_neither_clipped_nor_silent_nor_long(domain, number):
    sound = render(piece(number, domain), 1.0, 4.0)
    assert sound.dtype == np.float32 and sound.shape == (4 * RATE,)
    assert np.isfinite(sound).all() and np.abs(sound).max() < 1.0
    assert 0.05 < np.sqrt(np.mean(sound.astype(float) ** 2)) < 0.11


def test_rendering_a_domain_is_repeatable_whatever_came_before():
    def digest(number, domain):
        return sha256(render(piece(number, domain), 0, 3.0).tobytes()).hexdigest()

    one = [digest(number, domain) for number, domain in ((1, "lofi"), (2, "crowd"), (1, "studio"))]
    other = [digest(number, domain) for number, domain in ((1, "studio"), (2, "crowd"), (1, "lofi"))]
    assert one == other[::-1]


def test_a_window_of_a_noisy_recording_is_that_part_of_the_whole():
    row = track_row("lofi", "test", 2)
    whole, part = track_audio(row), track_audio(row, 6.0, 4.0)
    inside = slice(RATE // 2, -RATE // 2)
    same = np.corrcoef(whole[6 * RATE : 10 * RATE][inside], part[inside])[0, 1]
    assert same > 0.98


def test_lofi_loses_highs_and_lows_and_hisses():
    studio, lofi = (render(piece(number, domain)) for number, domain in ((5, "studio"), (5, "lofi")))
    assert share_above(lofi, 8000) < 0.1 * share_above(studio, 8000)
    quiet = Recording(0.0, 20.0, 16000.0, -25.0, 0.0, 3)
    hiss = record(np.zeros(RATE, np.float32), quiet, RATE, 0)
    assert 20 * np.log10(np.sqrt(np.mean(hiss.astype(float) ** 2)) / 0.1) == pytest.approx(-25, abs=1)


def test_crowd_leaves_layers_out_and_keeps_lead_and_drums():
    there = {d: [piece(n, d, 19.0) for n in range(60)] for d in ("studio", "crowd")}
    for studio, crowd in zip(there["studio"], there["crowd"]):
        assert studio.part("lead") and crowd.part("lead")
        assert bool(studio.part("drums")) == bool(crowd.part("drums"))
    with_bass = {d: np.mean([bool(score.part("bass")) for score in scores]) for d, scores in there.items()}
    assert with_bass["crowd"] < with_bass["studio"] - 0.1


def test_crowd_plays_loosely_and_at_other_levels():
    moved, louder = [], []
    for number in range(60):
        studio, crowd = (piece(number, d).part("lead") for d in ("studio", "crowd"))
        if [n.pitch for n in studio] == [n.pitch for n in crowd]:  # another rhythm was not borrowed
            moved += [abs(a.start - b.start) for a, b in zip(studio, crowd)]
            louder += [abs(a.velocity - b.velocity) for a, b in zip(studio, crowd)]
    assert len(moved) > 100 and 0.003 < np.mean(moved) and max(moved) <= DOMAINS["crowd"].loose + 2e-4
    assert np.mean(louder) > 3 and max(louder) <= DOMAINS["crowd"].levels


def test_lofi_has_a_genre_mix_of_its_own():
    counts = {
        d: np.mean([draw(stream("mix", i), d).genre == "ambient" for i in range(3000)]) for d in ("studio", "lofi")
    }
    weights = DOMAINS["lofi"].genres
    expected = weights["ambient"] / sum(weights.values())
    assert abs(counts["lofi"] - expected) < 4.5 * (expected / 3000) ** 0.5
    assert counts["lofi"] > counts["studio"]
