"""The six moods: how each one bends register, density, articulation, dynamics and harmony."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mood:
    """What a mood does to the notes."""

    register: int  # semitones added to lead and chords
    density: float  # times the chance that a melody step sounds
    articulation: float  # times a note's written length
    velocity: int  # added to MIDI velocity
    tempo: float  # times the genre's middle tempo
    major: float  # probability of a major key; kept within .3 to .75 so that mode is news
    colour: str  # the chord colour it leans to
    leap: float  # chance that the melody leaps rather than steps
    drift: int  # where phrases go: +1 rising, -1 falling
    busy: dict  # weights of the density attribute
    production: dict  # weights of the production attribute


MOODS_TABLE = {
    "happy": Mood(5, 1.1, 0.75, 6, 1.03, 0.72, "sixth", 0.25, 1,
                  {"sparse": 1, "medium": 3, "dense": 2}, {"dry": 2, "bright": 4, "warm": 2, "spacious": 1}),
    "calm": Mood(-2, 0.55, 1.1, -14, 0.92, 0.58, "triad", 0.08, 0,
                 {"sparse": 4, "medium": 2, "dense": 1}, {"dry": 2, "bright": 1, "warm": 4, "spacious": 2}),
    "sad": Mood(-6, 0.7, 1.05, -8, 0.93, 0.36, "seventh", 0.12, -1,
                {"sparse": 3, "medium": 3, "dense": 1}, {"dry": 2, "bright": 1, "warm": 3, "spacious": 3}),
    "energetic": Mood(3, 1.6, 0.6, 14, 1.07, 0.55, "triad", 0.3, 1,
                      {"sparse": 1, "medium": 2, "dense": 4}, {"dry": 3, "bright": 4, "warm": 1, "spacious": 1}),
    "dark": Mood(-13, 0.9, 0.9, 4, 0.98, 0.32, "dark", 0.2, -1,
                 {"sparse": 2, "medium": 3, "dense": 2}, {"dry": 3, "bright": 1, "warm": 2, "spacious": 3}),
    "dreamy": Mood(11, 0.7, 1.5, -10, 0.95, 0.52, "ninth", 0.35, 0,
                   {"sparse": 3, "medium": 3, "dense": 2}, {"dry": 1, "bright": 1, "warm": 2, "spacious": 5}),
}  # fmt: skip
