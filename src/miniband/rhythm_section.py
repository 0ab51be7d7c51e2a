"""Drums and bass: what the genre's lower half plays."""

from collections.abc import Iterator

from miniband.form import Bar, Plan
from miniband.instruments import DRUM_KEYS, HAND_KEYS
from miniband.patterns import BASS_PATTERNS, DRUM_PATTERNS, onsets
from miniband.score import Note

LOUDNESS = {"X": 112, "x": 92, "o": 58}
CYMBALS = ("hat", "ride", "shaker", "open")
INTERVALS = {"R": 0, "5": 7, "8": 12, "6": 9, "7": 10}


def clamp(velocity: float) -> int:
    """A MIDI velocity in 1-127."""
    return max(1, min(127, round(velocity)))


def drums(plan: Plan) -> Iterator[Note]:
    """The drums: one pattern for the piece, thinned or filled by mood and density, fills into new sections."""
    if plan.attributes.drums == "none":
        return
    keys = HAND_KEYS if plan.attributes.drums == "hand percussion" else DRUM_KEYS
    pattern = DRUM_PATTERNS[plan.decide("drum pattern", plan.below, "patterns")]
    for bar in plan.bars:
        if bar.layers.drums == 0:
            continue
        if bar.place == 0 and bar.layers.drums == 2 and bar.index > 0:
            yield _hit(plan, bar, 0, keys["crash"], 88)
        filling = bar.last and bar.layers.drums == 2 and plan.density > 0.5
        for voice, grid in pattern.items():
            if bar.layers.drums == 1 and voice not in CYMBALS:
                continue
            for step, symbol in enumerate(_thinned(plan, bar, voice, grid)):
                if symbol != "." and not (filling and step >= 12):
                    yield _hit(plan, bar, step, keys[voice], LOUDNESS[symbol])
        if filling:
            rng = plan.rng("fill", bar.section)
            for step in range(12, 16):
                if rng.random() < 0.45 + 0.3 * plan.density:
                    yield _hit(plan, bar, step, keys["snare" if step < 14 else "tom"], 84 + 6 * (step - 12))


def _thinned(plan: Plan, bar: Bar, voice: str, grid: str) -> str:
    """The grid as this mood and density play it: few cymbals when quiet, sixteenths and ghosts when busy."""
    busy = plan.density * bar.layers.density
    if voice in CYMBALS and busy < 0.6:
        return "".join(symbol if step % 4 == 0 else "." for step, symbol in enumerate(grid))
    if busy < 0.6:
        return grid.replace("o", ".")
    if voice == "hat" and busy > 1.7:
        return "".join("o" if symbol == "." else symbol for symbol in grid)
    rng = plan.rng("ghosts", voice, bar.place % 2)
    draws = [rng.random() for _ in grid]
    if voice in ("kick", "snare") and busy > 0.9:
        ghosts = [u < 0.05 * busy and step % 2 == 1 for step, u in enumerate(draws)]
        return "".join("o" if s == "." and ghost else s for s, ghost in zip(grid, ghosts, strict=True))
    return grid


def _hit(plan: Plan, bar: Bar, step: int, key: int, velocity: int) -> Note:
    start = plan.time(bar, step, plan.swing)
    human = plan.rng("drum touch", bar.section, bar.place, step, key)
    start = max(0.0, start + (human.random() - 0.5) * 0.006)
    return Note(start, start + 0.12, key, clamp(velocity + 0.6 * plan.mood.velocity + human.random() * 8), "drums")


def bass(plan: Plan) -> Iterator[Note]:
    """The bass line: the genre's pattern on each chord's root; thin moods drop the weak steps."""
    pattern = BASS_PATTERNS[plan.decide("bass pattern", plan.below, "bass")]
    busy = plan.density
    for bar in plan.bars:
        if not bar.layers.bass:
            continue
        root = _bass_pitch(plan, bar)
        following = _bass_pitch(plan, plan.bars[min(bar.index + 1, len(plan.bars) - 1)])
        third = plan.chord(bar).intervals[1]
        for place, (step, length, symbol) in enumerate(onsets(pattern)):
            if place > 0 and busy * bar.layers.density < 0.45 and step % 8:
                continue
            if symbol == "A":
                pitch = following - 1
            elif symbol == "3":
                pitch = root + (third if third < 5 else 7)
            else:
                pitch = root + INTERVALS[symbol]
            start = plan.time(bar, step, plan.swing)
            end = plan.time(bar, step + length, plan.swing)
            written = (end - start) * min(1.0, 0.65 + 0.3 * plan.mood.articulation)
            velocity = clamp(96 + 0.5 * plan.mood.velocity + (6 if step == 0 else 0))
            yield Note(start, start + written, pitch, velocity, "bass")


def _bass_pitch(plan: Plan, bar: Bar) -> int:
    """The chord's root in the octave from E1 (28) up."""
    return 28 + (plan.tonic + plan.chord(bar).root - 28) % 12
