"""Chords, pad and counter-line: what fills the middle."""

from collections.abc import Iterator

from miniband.form import Bar, Plan
from miniband.harmony import voicing
from miniband.patterns import CHORD_PATTERNS, onsets
from miniband.rhythm_section import clamp
from miniband.score import Note

COUNTER_FIGURE = (0, 2, 1, 2, 3, 2, 1, 2)


def _middle(plan: Plan) -> int:
    """Where the chords lie: around the B flat below middle C, moved by half of the mood's register."""
    return 58 + plan.mood.register // 2


def _chord_pitches(plan: Plan, bar: Bar) -> tuple[int, ...]:
    return voicing(plan.chord(bar), plan.tonic, _middle(plan))


def _strength(step: int) -> float:
    """How much a bar needs the note on this step, 0 to 1."""
    return 1.0 if step == 0 else 0.8 if step % 8 == 0 else 0.6 if step % 4 == 0 else 0.4 if step % 2 == 0 else 0.2


def chords(plan: Plan) -> Iterator[Note]:
    """The accompaniment pattern; sparse music leaves its weak steps out."""
    pattern = CHORD_PATTERNS[plan.decide("chord pattern", plan.above, "chords")]
    for bar in plan.bars:
        if not bar.layers.chords:
            continue
        pitches = _chord_pitches(plan, bar)
        rng = plan.rng("chord steps", bar.place % 2)
        needs = [0.35 * _strength(step) + 0.65 * rng.random() for step in range(16)]
        for place, (step, length, symbol) in enumerate(onsets(pattern)):
            # at full density all notes stay; at a third the strong steps and some others; the first one always
            if place > 0 and needs[step] < 0.75 - 0.75 * plan.density * bar.layers.density:
                continue
            start, end = plan.time(bar, step, plan.swing), plan.time(bar, step + length, plan.swing)
            end = start + (end - start) * min(1.15, 0.4 + 0.6 * plan.mood.articulation)
            velocity = 74 + plan.mood.velocity + (8 if step % 8 == 0 else 0)
            for finger, pitch in enumerate(_sounding(symbol, pitches)):
                # hands do not strike all strings at once
                yield Note(
                    start + 0.008 * finger, max(end, start + 0.05), pitch, clamp(velocity - 2 * finger), "chords"
                )


def _sounding(symbol: str, pitches: tuple[int, ...]) -> tuple[int, ...]:
    if symbol == "C":
        return pitches
    if symbol == "P":
        return (pitches[0] - 12, pitches[0] - 5)
    place = int(symbol) - 1
    return (pitches[place % len(pitches)] + 12 * (place // len(pitches)),)


def pad(plan: Plan) -> Iterator[Note]:
    """Long chords behind the band, where the genre has them and the music is not sparse."""
    if not plan.above.pads or plan.attributes.density == "sparse" or plan.rng("pad").random() > 0.65:
        return
    for bar in plan.bars:
        if bar.section == "intro":
            continue
        for pitch in _chord_pitches(plan, bar):
            velocity = clamp(50 + 0.5 * plan.mood.velocity)
            yield Note(plan.time(bar, 0), plan.time(bar, 16), pitch + 12 * (plan.mood.register > 8), velocity, "pad")


def counter(plan: Plan) -> Iterator[Note]:
    """A running second voice that dense music adds outside the intro."""
    if plan.attributes.density != "dense":
        return
    for bar in plan.bars:
        if bar.section == "intro" or not bar.layers.chords:
            continue
        pitches = _chord_pitches(plan, bar)
        for place, which in enumerate(COUNTER_FIGURE):
            pitch = pitches[which % len(pitches)] + 12 * (1 + which // len(pitches))
            start, end = plan.time(bar, 2 * place, plan.swing), plan.time(bar, 2 * place + 2, plan.swing)
            yield Note(start, start + (end - start) * min(1.0, plan.mood.articulation), pitch,
                       clamp(58 + plan.mood.velocity), "counter")  # fmt: skip
