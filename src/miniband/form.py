"""The plan of a piece: sections, bars, grooves and chords, fixed before any part is played."""

import random
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from miniband.attributes import FAMILIES, Attributes
from miniband.domains import DOMAINS, Domain
from miniband.genres import GENRES_TABLE, Genre
from miniband.harmony import KEYS, Chord, chord, progression
from miniband.moods import MOODS_TABLE, Mood
from miniband.randomness import choose, pick, stream

STEPS_A_BAR = 16
SPEND = {"sparse": 0.7, "medium": 1.0, "dense": 1.35}


@dataclass(frozen=True)
class Layers:
    """Which parts play in a section. `drums`: 0 none, 1 the cymbals alone, 2 all."""

    drums: int
    lead: bool
    chords: bool
    bass: bool
    register: int  # semitones added to the lead
    density: float


# intro, A, B: three ways in which sections differ; the chords are always there, so that no window is silent
FORMS = {
    "build": (Layers(0, False, True, False, 0, 0.6), Layers(2, True, True, True, 0, 1.0),
              Layers(2, True, True, True, 12, 1.35)),
    "break": (Layers(2, False, True, True, 0, 0.9), Layers(2, True, True, True, 0, 1.1),
              Layers(0, True, True, False, -5, 0.65)),
    "lift": (Layers(1, True, True, False, 0, 0.6), Layers(1, True, True, True, -5, 0.8),
             Layers(2, True, True, True, 7, 1.35)),
}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """One bar: its place in the piece and in its section."""

    index: int
    section: str
    place: int  # counted from the section's first bar
    last: bool  # the last bar of its section
    layers: Layers


@dataclass(frozen=True)
class Plan:
    """All that the parts agree on."""

    attributes: Attributes
    seed: int
    seconds: float
    domain: Domain = DOMAINS["studio"]

    @property
    def below(self) -> Genre:
        """The genre of drums and bass."""
        return GENRES_TABLE[self.attributes.genre]

    @property
    def above(self) -> Genre:
        """The genre of harmony and lead."""
        return GENRES_TABLE[self.attributes.upper_genre]

    @property
    def mood(self) -> Mood:
        """What the mood does to the notes."""
        return MOODS_TABLE[self.attributes.mood]

    @property
    def density(self) -> float:
        """Times the usual number of notes: the density attribute and the mood's share."""
        return SPEND[self.attributes.density] * self.mood.density

    @property
    def tonic(self) -> int:
        """The key note as an offset from C, -5 to 6, so that a change of key moves every note a little."""
        pitch_class = KEYS.index(self.attributes.key)
        return pitch_class - 12 if pitch_class > 6 else pitch_class

    @property
    def bar_seconds(self) -> float:
        """Seconds of a bar of four beats."""
        return 240.0 / self.attributes.tempo

    def rng(self, *decision: object) -> random.Random:
        """The stream of one musical decision; no other decision disturbs it."""
        return stream("miniband", self.seed, *decision)

    def decide(self, decision: str, genre: Genre, table: str) -> str:
        """A choice made once for the whole piece; where the domain borrows, from all that the genre's family does."""
        weights = getattr(genre, table)
        if self.rng("borrowed", decision).random() < self.domain.borrowed:
            family = [getattr(GENRES_TABLE[name], table) for name in FAMILIES if FAMILIES[name] == genre.family]
            weights = {key: sum(t.get(key, 0) / sum(t.values()) for t in family if t) for t in family for key in t}
        return choose(self.rng(decision), weights)

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """Intro about a fifth, A two fifths, B the rest, in whole bars; each at least one bar."""
        count = max(3, ceil(self.seconds / self.bar_seconds))
        intro = max(1, round(0.22 * count))
        first = max(1, round(0.4 * count))
        lengths = (intro, first, max(1, count - intro - first))
        layers = FORMS[pick(self.rng("form"), tuple(FORMS))]
        bars = []
        for name, length, played in zip(("intro", "A", "B"), lengths, layers, strict=True):
            for place in range(length):
                bars.append(Bar(len(bars), name, place, place == length - 1, played))
        return tuple(bars)

    @cached_property
    def numerals(self) -> list[str]:
        """The progression, one numeral a bar."""
        return progression(self.decide("progression", self.above, "progressions"), self.attributes.mode)

    @cached_property
    def colour(self) -> str:
        """The chord colour: the genre's, or in four pieces of ten the mood's."""
        usual = self.decide("colour", self.above, "colours")
        return self.mood.colour if self.rng("mood colour").random() < 0.4 else usual

    def chord(self, bar: Bar) -> Chord:
        """The chord of a bar; every section starts the progression anew."""
        return chord(self.numerals[bar.place % len(self.numerals)], self.colour)

    def time(self, bar: Bar, step: float, swing: float = 0.5) -> float:
        """Seconds at which a sixteenth (0-16) of a bar falls, off-beats delayed by the swing."""
        beat, phase = divmod(step / 4, 1.0)
        swung = phase * 2 * swing if phase < 0.5 else swing + (phase - 0.5) * 2 * (1 - swing)
        return (bar.index + (beat + swung) / 4) * self.bar_seconds

    @property
    def swing(self) -> float:
        """Everyone swings with the drummer."""
        return self.below.swing
