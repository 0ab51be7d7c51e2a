"""Random streams that depend on names, not on the order in which they are used.

Only `rng.random()` is ever called: it is the one method whose numbers Python promises never to change, and
NumPy generators offer it as well.
"""

import random
from collections.abc import Mapping
from hashlib import sha256


def stream(*names: object) -> random.Random:
    """The random stream of a decision, e.g. `stream(seed, "melody", "A", 0)`; equal names, equal numbers."""
    digest = sha256("\x1f".join(map(str, names)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def seed_of(*names: object) -> int:
    """A 31-bit seed for those names: what a CSV can hold."""
    digest = sha256("\x1f".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def choose(rng, weights: Mapping):
    """One key of `weights`, with probability proportional to its value; one call of `rng.random()`."""
    threshold = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        threshold -= weight
        if threshold < 0:
            return key
    return next(key for key in reversed(weights) if weights[key] > 0)


def pick(rng, options):
    """One of the options, all alike."""
    return options[min(int(rng.random() * len(options)), len(options) - 1)]


def normalised(weights: Mapping) -> dict:
    """The same weights, summing to one."""
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}
