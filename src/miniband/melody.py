"""The lead: a theme of two bars for each section, walked on a scale and pulled to the chord.

Every step of a bar draws its numbers whether it sounds or not, so that another density, mood or lead leaves
the rest of the tune alone.
"""

from collections.abc import Iterator

from miniband.form import Bar, Plan
from miniband.harmony import scale_pitches
from miniband.instruments import LEADS_TABLE
from miniband.patterns import MELODY_RHYTHMS
from miniband.rhythm_section import clamp
from miniband.score import Note

THEME_BARS = 2
SECTION_THEME = {"intro": "A", "A": "A", "B": "B"}  # the intro hints at A
LONGEST_STEPS = 12


def lead(plan: Plan) -> Iterator[Note]:
    """The lead's notes."""
    low, high = LEADS_TABLE[plan.attributes.lead][1:3]
    rhythm = MELODY_RHYTHMS[plan.decide("melody rhythm", plan.above, "melody")]
    scale = plan.decide("scale", plan.above, "scale")
    # an octave of its own: the walk may use the instrument's range about its centre
    for bar in plan.bars:
        if not bar.layers.lead:
            continue
        centre = 70 + plan.tonic + plan.mood.register + bar.layers.register
        pitches = scale_pitches(scale, plan.attributes.mode, plan.tonic, centre - 11, centre + 11)
        yield from _bar(plan, bar, rhythm, pitches, low, high)


def _bar(plan: Plan, bar: Bar, rhythm: str, pitches: list[int], low: int, high: int) -> Iterator[Note]:
    sounding = []
    for step, pitch, wanted in _walk(plan, bar, pitches):
        chance = int(rhythm[step]) / 10 * plan.density * bar.layers.density
        if wanted < chance:
            sounding.append((step, pitch))
    for place, (step, pitch) in enumerate(sounding):
        following = sounding[place + 1][0] if place + 1 < len(sounding) else 16
        length = min(following - step, LONGEST_STEPS)
        start, end = plan.time(bar, step, plan.swing), plan.time(bar, step + length, plan.swing)
        written = (end - start) * min(1.05, plan.mood.articulation)
        human = plan.rng("lead touch", bar.section, bar.place, step).random()
        velocity = 98 + plan.mood.velocity + (6 if step % 8 == 0 else 0) + 8 * human
        yield Note(
            start + 0.006 * human, start + max(written, 0.06), _within(pitch, low, high), clamp(velocity), "lead"
        )


def _walk(plan: Plan, bar: Bar, pitches: list[int]) -> Iterator[tuple[int, int, float]]:
    """(step, pitch, uniform number) for each of a bar's steps: the tune before silence is cut out of it."""
    theme, part = SECTION_THEME[bar.section], bar.place % THEME_BARS
    rng = plan.rng("theme", theme, part)
    # the answering bar of every second phrase ends differently
    other = plan.rng("answer", theme, bar.place // THEME_BARS)
    tones = set(plan.chord(bar).pitch_classes(plan.tonic))
    tonic_chord = {plan.tonic % 12, (plan.tonic + (4 if plan.attributes.mode == "major" else 3)) % 12}
    position = len(pitches) // 2 + int(3 * (rng.random() - 0.5))
    for step in range(16):
        source = other if part == 1 and step >= 8 else rng
        wanted, direction, leap, snap = (source.random() for _ in range(4))
        size = (3 if leap < plan.mood.leap / 2 else 2) if leap < plan.mood.leap else 1
        up = 0.5 + 0.12 * plan.mood.drift - 0.08 * (position - len(pitches) // 2)
        position = max(0, min(len(pitches) - 1, position + (size if direction < up else -size)))
        pitch = pitches[position]
        if step % 4 == 0 and snap < 0.8:
            # strong beats take chord notes, phrase openings the notes that tell major from minor
            goal = tonic_chord & tones if step == 0 and tonic_chord & tones else tones
            near = [p for p in pitches if p % 12 in goal]
            pitch = min(near, key=lambda p: (abs(p - pitch), p)) if near else pitch
        yield step, pitch, wanted


def _within(pitch: int, low: int, high: int) -> int:
    """The same pitch class inside the instrument's range."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
