"""Exactly what a picture and a caption tell of a track: Bayes' rule over the whole generator.

The generator draws a core (genre, second genre, mood) and then every other attribute given the core alone, so all
sums run over the core. A picture depends on the core alone. What a caption mentions does not depend on the
attributes, and its words depend on nothing but the values that it mentions (a crossover's genres come in either order
alike; starting again when a word comes twice looks at the same words). So p(caption | attributes) is the same
for all attributes that the caption is true of, and nought for the others. Given the attributes, picture and
caption are independent.
"""

from functools import cache
from math import log

import numpy as np

from miniband.attributes import (
    DENSITIES,
    DRUMS,
    GENRES,
    LEADS,
    MODES,
    MOODS,
    PRODUCTIONS,
    STEPS,
    Attributes,
    log_probability,
)
from miniband.domains import domain_named
from miniband.harmony import KEYS
from miniband.pictures import Picture, likelihood
from miniband.randomness import normalised
from miniband.reading import Reading, consistent, read

CORE = (len(GENRES), len(GENRES), len(MOODS))
# the attributes that are drawn given the core, and their values; the tempi are those that occur
GIVEN_CORE = {"tempo": (), "key": KEYS, "mode": MODES, "lead": LEADS, "drums": DRUMS, "density": DENSITIES,
              "production": PRODUCTIONS}  # fmt: skip


@cache
def core_prior(domain: str = "studio") -> np.ndarray:
    """p(genre, second genre, mood) of the generator, (16, 16, 6); its diagonal holds what is no crossover."""
    place, table = domain_named(domain), np.zeros(CORE)
    for genre, p_genre in normalised(STEPS["genre"](place, {})).items():
        known = {"genre": genre}
        for second, p_second in normalised(STEPS["second_genre"](place, known)).items():
            known["second_genre"] = second
            moods = normalised(STEPS["mood"](place, known))
            row, column = GENRES.index(genre), GENRES.index(second or genre)
            table[row, column] = p_genre * p_second * np.array([moods[mood] for mood in MOODS])
    table.flags.writeable = False
    return table


@cache
def _given_core(domain: str) -> dict[str, tuple[tuple, np.ndarray]]:
    """For each attribute behind the core its values and p(value | core), (values, 16 * 16 * 6)."""
    place, found = domain_named(domain), {}
    for name in GIVEN_CORE:
        columns = []
        for genre in GENRES:
            for second in GENRES:
                for mood in MOODS:
                    known = {"genre": genre, "second_genre": "" if second == genre else second, "mood": mood}
                    columns.append(normalised(STEPS[name](place, known)))
        values = GIVEN_CORE[name] or tuple(sorted(set().union(*columns)))
        found[name] = values, np.array([[column.get(value, 0.0) for column in columns] for value in values])
    return found


def _left_open(values: tuple, said) -> np.ndarray:
    """Which values agree with what is said, a value or a closed range."""
    low, high = said if isinstance(said, tuple) else (said, said)
    return np.array([float(low <= value <= high) for value in values])


def _core_likelihood(picture: Picture | None, reading: Reading) -> np.ndarray:
    """What picture and caption say of the core itself, (16, 16, 6), up to a constant factor."""
    shown = np.ones(CORE) if picture is None else likelihood(picture).copy()
    if reading.genres is not None:
        rows = [GENRES.index(genre) for genre in reading.genres]
        told = np.zeros(CORE)
        told[rows[0], rows[-1]] = told[rows[-1], rows[0]] = 1
        shown *= told
    if reading.mood is not None:
        shown *= np.array([float(mood == reading.mood) for mood in MOODS])
    return shown


def _weighed(domain: str, picture: Picture | None, caption: str | None) -> tuple[np.ndarray, dict]:
    """The core's weights under all evidence, (1536,), and {attribute: (values, p(value | core, caption))} behind it.

    The weights sum to p(evidence) up to a constant factor. ValueError where no track of the domain fits.
    """
    reading = Reading() if caption is None else read(caption)
    weights, behind = (core_prior(domain) * _core_likelihood(picture, reading)).ravel(), {}
    for name, (values, p) in _given_core(domain).items():
        said = getattr(reading, name)
        if said is not None:
            p = p * _left_open(values, said)[:, None]
            agreeing = p.sum(axis=0)
            weights = weights * agreeing
            p = np.divide(p, agreeing, out=np.zeros_like(p), where=agreeing > 0)
        behind[name] = values, p
    if not weights.sum() > 0:
        found = [f"the caption {caption!r}"] * (caption is not None) + [f"the {picture}"] * (picture is not None)
        raise ValueError(f"no track of the domain {domain!r} fits {' and '.join(found)}")
    return weights, behind


def marginals(domain: str = "studio", picture: Picture | None = None, caption: str | None = None) -> dict[str, dict]:
    """p(value | evidence) of every attribute as {attribute: {value: probability}}, each summing to one.

    "genre" is the expected genre mass: a crossover belongs half to each of its two. With neither picture nor caption
    these are the domain's own frequencies. ValueError where no track of the domain fits the evidence.
    """
    weights, behind = _weighed(domain, picture, caption)
    weights = weights / weights.sum()
    core = weights.reshape(CORE)
    both = core.sum(axis=2)
    stated = {"genre": (GENRES, (both.sum(axis=1) + both.sum(axis=0)) / 2), "mood": (MOODS, core.sum(axis=(0, 1)))}
    stated |= {name: (values, p @ weights) for name, (values, p) in behind.items()}
    return {name: dict(zip(values, map(float, p), strict=True)) for name, (values, p) in stated.items()}


def log_posterior(
    attributes: Attributes, domain: str = "studio", picture: Picture | None = None, caption: str | None = None
) -> float:
    """Natural logarithm of p(attributes | evidence); -inf where impossible, the generator's own without evidence.

    log p(attributes) + log p(evidence | attributes) - log p(evidence). ValueError where no track of the domain fits.
    """
    evidence = float(_weighed(domain, picture, caption)[0].sum())
    joint = log_probability(attributes, domain)
    if caption is not None and not consistent(attributes, read(caption)):
        return float("-inf")
    if picture is not None:
        second = attributes.second_genre or attributes.genre
        place = GENRES.index(attributes.genre), GENRES.index(second), MOODS.index(attributes.mood)
        joint += log(likelihood(picture)[place])
    return joint - log(evidence)
