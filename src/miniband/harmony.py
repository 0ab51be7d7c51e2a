"""Chords and scales: numerals on paper to MIDI pitches."""

import re
from functools import cache
from typing import NamedTuple

KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# (in major, in minor): one numeral a bar, capital = major third; degrees are those of the major scale, b lowers
PROGRESSIONS = {
    "anthem": ("I V vi IV", "i bVI bIII bVII"),
    "doo-wop": ("I vi IV V", "i bVI iv V"),
    "three chords": ("I IV I V", "i iv i V"),
    "mixolydian": ("I bVII IV I", "i bVII iv i"),
    "aeolian": ("I iii vi IV", "i bVII bVI bVII"),
    "phrygian": ("I bII I bVII", "i bII i bVI"),
    "blues": ("I7 IV7 I7 V7", "i7 iv7 i7 V7"),
    "vamp": ("I7 IV7", "i7 IV7"),
    "two-five": ("ii7 V7 I I", "iio7 V7 i i"),
    "turnaround": ("I vi7 ii7 V7", "i bVI iio7 V7"),
    "cadence": ("I IV V I", "i iv V i"),
    "circle": ("I IV iii vi", "i iv bVII bIII"),
}

DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
SCALES = {
    ("diatonic", "major"): (0, 2, 4, 5, 7, 9, 11),
    ("diatonic", "minor"): (0, 2, 3, 5, 7, 8, 10),
    ("pentatonic", "major"): (0, 2, 4, 7, 9),
    ("pentatonic", "minor"): (0, 3, 5, 7, 10),
    ("blues", "major"): (0, 2, 4, 5, 7, 10),
    ("blues", "minor"): (0, 3, 5, 6, 7, 10),
    ("chromatic", "major"): (0, 2, 4, 5, 6, 7, 9, 11),
    ("chromatic", "minor"): (0, 2, 3, 5, 7, 8, 10, 11),
}


class Chord(NamedTuple):
    """A chord above the key: its root in semitones and the intervals above that root."""

    root: int
    intervals: tuple[int, ...]

    def pitch_classes(self, tonic: int) -> tuple[int, ...]:
        """The chord's pitch classes (0-11) where the key note is the pitch class `tonic`."""
        return tuple((tonic + self.root + interval) % 12 for interval in self.intervals)


@cache
def chord(numeral: str, colour: str) -> Chord:
    """A numeral such as `bVII` or `ii7` in a colour: triad, power, sixth, seventh, ninth or dark.

    Raises ValueError for anything that is not a numeral.
    """
    match = re.fullmatch(r"(b?)([IV]+|[iv]+)(o?)(7?)", numeral)
    if match is None or match[2].upper() not in DEGREES:
        raise ValueError(f"not a chord numeral: {numeral!r}")
    flat, degree, diminished, seventh = match.groups()
    root = (DEGREES[degree.upper()] - bool(flat)) % 12
    minor = degree.islower()
    third, fifth = (3 if minor else 4), (6 if diminished else 7)
    # a minor chord takes the minor seventh; so does a dominant, the others take the major one
    high = 10 if minor or seventh or degree == "V" else 11
    if colour == "power":
        return Chord(root, (0, fifth, 12))
    if colour == "seventh" or (seventh and colour in ("triad", "dark")):
        return Chord(root, (0, third, fifth, high))
    if colour == "sixth":
        return Chord(root, (0, third, fifth, 8 if diminished else 9))
    if colour == "ninth":
        return Chord(root, (0, third, high, 14))
    if colour == "dark":
        return Chord(root, (0, third, fifth, 8) if minor else (0, third, 6))
    return Chord(root, (0, third, fifth))


def progression(name: str, mode: str) -> list[str]:
    """The numerals of a named progression in that mode."""
    return PROGRESSIONS[name][mode == "minor"].split()


def voicing(harmony: Chord, tonic: int, centre: int) -> tuple[int, ...]:
    """MIDI pitches of the chord in close position around `centre`, lowest first."""
    lowest = centre - 6
    pitches = {lowest + (pitch_class - lowest) % 12 for pitch_class in harmony.pitch_classes(tonic)}
    return tuple(sorted(pitches))


def scale_pitches(scale: str, mode: str, tonic: int, low: int, high: int) -> list[int]:
    """All pitches of the scale from `low` to `high`."""
    steps = SCALES[scale, mode]
    return [pitch for pitch in range(low, high + 1) if (pitch - tonic) % 12 in steps]
