"""The domains: where a track comes from, and so how its attributes are drawn, how it is played and how it is recorded.

`studio` is clean. The others leave it as far as their strength says: "crowd" is the crowd domain in full, "crowd@0.5"
is half way, "crowd@0" is studio. A name with a strength is a domain wherever a domain is asked for.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from math import log2

from miniband.genres import GENRES_TABLE


@dataclass(frozen=True)
class Domain:
    """What may differ between domains; the defaults are studio's. The record-level values are a track's middle ones."""

    genres: dict = field(default_factory=lambda: dict.fromkeys(GENRES_TABLE, 1.0))
    crossovers: float = 0.2  # share of the tracks that mix two genres
    borrowed: float = 0.08  # chance that a sound or pattern is a family neighbour's
    dropped: float = 0.0  # chance that a layer that is not the lead or the chords is left out
    levels: float = 0.0  # MIDI velocity by which a part is louder or softer than it should be
    loose: float = 0.0  # seconds by which a note is early or late
    room: float = 0.0  # energy of the room that the recording was made in, beside the direct sound
    low_cut: float = 20.0  # Hz
    high_cut: float = 16_000.0  # Hz
    noise: float = -90.0  # dB below the music
    drive: float = 0.0  # dB into a compressing tape


EVEN = dict.fromkeys(GENRES_TABLE, 1.0)
DOMAINS = {
    "studio": Domain(),
    "crowd": Domain(borrowed=0.5, dropped=0.3, levels=18.0, loose=0.012, room=0.5, high_cut=11_000.0, noise=-50.0),
    "lofi": Domain(
        genres=EVEN | {"hip hop": 2.0, "ambient": 2.0, "blues": 2.0, "folk": 1.5, "jazz": 1.5, "metal": 0.5,
                       "house": 0.5, "disco": 0.5},
        borrowed=0.3, levels=8.0, low_cut=150.0, high_cut=3_500.0, noise=-25.0, drive=9.0),
    "general": Domain(
        genres=EVEN | {"rock": 2.0, "pop": 2.0, "house": 1.5, "classical": 1.5, "punk": 0.7, "bossa nova": 0.5,
                       "funk": 0.7, "country": 0.7},
        borrowed=0.2, dropped=0.1, levels=8.0, loose=0.005, room=0.15, low_cut=50.0, high_cut=9_000.0, noise=-42.0,
        drive=3.0),
}  # fmt: skip


@cache
def domain_named(name: str) -> Domain:
    """The domain of that name, such as `lofi` or `lofi@0.5`; ValueError names the known ones."""
    base, _, number = name.partition("@")
    if base not in DOMAINS:
        raise ValueError(f"unknown domain {name!r}; known: {', '.join(DOMAINS)}, each with a strength, as in lofi@0.5")
    try:
        strength = float(number) if "@" in name else 1.0
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 1:
        raise ValueError(f"the strength of the domain {name!r} is not a number from 0 to 1")
    return _between(DOMAINS["studio"], DOMAINS[base], strength)


def _between(start: Domain, end: Domain, share: float) -> Domain:
    """A domain between two: filters are met half way in octaves, all else in its own unit."""
    if share in (0.0, 1.0):
        return end if share else start

    def mix(a: float, b: float) -> float:
        return a + share * (b - a)

    total = {name: sum(domain.genres.values()) for name, domain in (("start", start), ("end", end))}
    genres = {g: mix(start.genres[g] / total["start"], end.genres[g] / total["end"]) for g in start.genres}
    plain = ("crossovers", "borrowed", "dropped", "levels", "loose", "room", "noise", "drive")
    values = {name: mix(getattr(start, name), getattr(end, name)) for name in plain}
    cuts = {name: 2 ** mix(log2(getattr(start, name)), log2(getattr(end, name))) for name in ("low_cut", "high_cut")}
    return replace(start, genres=genres, **values, **cuts)


def base_name(name: str) -> str:
    """The domain's name without its strength: seeds hang on it, so that a dial turned changes nothing else."""
    return name.partition("@")[0]
