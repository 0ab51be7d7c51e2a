"""Counterfactual twins: the same composer's seed with one attribute changed, so that one knows what should change."""

from collections.abc import Iterator
from dataclasses import replace
from math import exp

from miniband.attributes import DRUMS, GENRES, LEADS, MODES, MOODS, Attributes, log_probability
from miniband.harmony import KEYS
from miniband.randomness import choose

CHANGES = ("genre", "mood", "tempo", "key", "mode", "lead", "drums")
AUDIBLE_TEMPO = 0.12  # a twin's tempo differs by at least this share of the original's


def twin(attributes: Attributes, changed: str, rng, domain: str = "studio") -> Attributes | None:
    """The track with another value of one attribute, drawn from p(attribute | the others) without the original's.

    A tempo moves by 12 % or more; drums go in or out. None where the generator has no such track, and for the genre of
    a crossover, of which half would stay.
    """
    weights = {}
    for value in _others(attributes, changed):
        other = replace(attributes, **{changed: value})
        weights[value] = exp(log_probability(other, domain))
    if not any(weights.values()):
        return None
    return replace(attributes, **{changed: choose(rng, weights)})


def _others(attributes: Attributes, changed: str) -> Iterator:
    now = getattr(attributes, changed)
    if changed == "genre":
        values = () if attributes.second_genre else GENRES
    elif changed == "tempo":
        values = (tempo for tempo in range(40, 221) if abs(tempo / now - 1) >= AUDIBLE_TEMPO)
    elif changed == "drums":
        values = DRUMS if now == "none" else ("none",)
    else:
        values = {"mood": MOODS, "key": KEYS, "mode": MODES, "lead": LEADS}[changed]
    return (value for value in values if value != now)
