"""The domains: where a track comes from, and so how its attributes are drawn."""

from dataclasses import dataclass, field

from miniband.genres import GENRES_TABLE


@dataclass(frozen=True)
class Domain:
    """What may differ between domains: genre weights and the share of crossovers."""

    genres: dict = field(default_factory=lambda: dict.fromkeys(GENRES_TABLE, 1.0))
    crossovers: float = 0.2


DOMAINS = {"studio": Domain()}


def domain_named(name: str) -> Domain:
    """The domain of that name; ValueError names the known ones."""
    if name not in DOMAINS:
        raise ValueError(f"unknown domain {name!r}; known: {', '.join(DOMAINS)}")
    return DOMAINS[name]
