"""What a caption reveals of a track, read off the text alone: the inverse of `captions`."""

import re
from dataclasses import dataclass

from miniband.attributes import Attributes
from miniband.crowd_style import FEELINGS
from miniband.harmony import KEYS
from miniband.vocabulary import OWN_WORDS, SHARED_WORDS, SLOWEST, TEMPO_WORDS, USES

PLAIN = ("mood", "key", "mode", "lead", "drums", "density", "production")  # attributes that are said as they are


@dataclass(frozen=True)
class Reading:
    """What a caption says; None where it says nothing of that attribute."""

    genres: frozenset[str] | None = None  # a crossover's two without their roles: captions shuffle them
    mood: str | None = None
    tempo: tuple[int, int] | None = None  # closed range in BPM
    key: str | None = None
    mode: str | None = None
    lead: str | None = None
    drums: str | None = None
    density: str | None = None
    production: str | None = None

    @property
    def mentions(self) -> tuple[str, ...]:
        """The names of the attributes that the caption mentions, in the order of `Attributes`."""
        said = {name for name in (*PLAIN, "tempo") if getattr(self, name) is not None}
        said |= {("genre", "second_genre")[i] for i in range(len(self.genres or ()))}
        return tuple(name for name in Attributes.__dataclass_fields__ if name in said)


def _meanings() -> dict[str, tuple[str, object]]:
    """Phrase in small letters -> (attribute, value), over the words of every style."""
    found = {}
    for tables in (SHARED_WORDS, *OWN_WORDS.values(), {"mood": USES}, {"mood": FEELINGS}):
        for name, table in tables.items():
            for value, phrases in table.items():
                found |= {phrase.lower(): (name, value) for phrase in phrases}
    low = SLOWEST
    for high, phrases in TEMPO_WORDS:
        found |= {phrase: ("tempo", (low, high)) for phrase in phrases}
        low = high + 1
    return found


def _any_of(phrases) -> str:
    """A pattern for the longest of the phrases that stands at a place, as whole words."""
    return rf"(?<![\w-])({'|'.join(map(re.escape, sorted(phrases, key=len, reverse=True)))})(?![\w-])"


MEANINGS = _meanings()
PHRASE = re.compile(_any_of(MEANINGS), re.IGNORECASE)
TONALITY = re.compile(rf"(?<![\w-])({'|'.join(sorted(KEYS, key=len, reverse=True))}) (major|minor)(?![\w-])")
BEATS = re.compile(r"(?<![\w.-])(\d+) BPM(?!\w)")


def read(text: str) -> Reading:
    """What the caption says; ValueError where it says two things of one attribute, or names three genres."""
    said = {name: set() for name in ("genre", *PLAIN, "tempo")}
    for phrase in PHRASE.findall(text):
        name, value = MEANINGS[phrase.lower()]
        said[name].add(value)
    for key, mode in TONALITY.findall(text):
        said["key"].add(key)
        said["mode"].add(mode)
    said["tempo"] |= {(int(number), int(number)) for number in BEATS.findall(text)}
    genres = said.pop("genre")
    for name, values in (said | {"genre": genres}).items():
        if len(values) > (2 if name == "genre" else 1):
            found = ", ".join(sorted(map(str, values)))
            raise ValueError(f"too much is said of the {name} ({found}) in {text!r}")
    single = {name: next(iter(values)) for name, values in said.items() if values}
    return Reading(genres=frozenset(genres) or None, **single)


def consistent(attributes: Attributes, reading: Reading) -> bool:
    """Whether all that the caption says is true of the track; one genre alone is said of no crossover."""
    genres = {attributes.genre, attributes.second_genre} - {""}
    low, high = reading.tempo or (attributes.tempo, attributes.tempo)
    return (
        reading.genres in (None, genres)
        and low <= attributes.tempo <= high
        and all(getattr(reading, name) in (None, getattr(attributes, name)) for name in PLAIN)
    )
