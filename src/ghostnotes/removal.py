"""Removing what is unwanted from a query: the rivals of the negative prompt, and how they are compared fairly.

GD-Retriever 4.3.1: two interpolations move the finished query, prefix negation writes "not" into the text and asks
again, and a filter on the tracks' metadata, where they have any, is the ceiling. At one weight w the methods are not
equally strong; `equal_effect` finds the weight at which one stands as far from the unwanted thing as another.
"""

import numpy as np
from torch import Tensor


def text_interpolation(ghosts: Tensor, texts: Tensor, unwanted: Tensor, omega: float) -> Tensor:
    """Z + w (T+ - T-), not of unit norm: ghosts (Q, d), text vectors (Q, d) in one joint space. GD-Retriever 4.3.1."""
    return ghosts + _finite(omega) * (texts - unwanted)


def audio_interpolation(ghosts: Tensor, unwanted: Tensor, omega: float) -> Tensor:
    """Z + w (Z - Z-), not of unit norm: ghosts (Q, d) of the query and of what is unwanted. GD-Retriever 4.3.1."""
    return ghosts + _finite(omega) * (ghosts - unwanted)


def prefixed(query: str, unwanted: str) -> str:
    """The query with its negation written out: "A calm piece." and "a folk track" -> "A calm piece, not a folk track."

    GD-Retriever 4.3.1, prefix negation. ValueError where the unwanted text is empty.
    """
    if not unwanted.strip():
        raise ValueError("removal: the unwanted text is empty; write what should go")
    return f"{query.rstrip(' .')}, not {unwanted[0].lower()}{unwanted[1:].rstrip(' .')}."


def equal_effect(move, target: float, high: float = 64.0) -> float | None:
    """The weight w at which effect(w) = move(w) has fallen to the target, by bisection; None where it never does.

    move: w -> the mean similarity to what is unwanted, falling in w from w = 0 on. A target above move(0) is None too:
    that method starts further away than it should end.
    """
    low = 0.0
    if move(low) <= target or move(high) > target:
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if move(middle) > target else (low, middle)
    return (low + high) / 2


def _finite(omega: float) -> float:
    if not np.isfinite(omega):
        raise ValueError(f"removal: the weight w must be a finite number, got {omega}")
    return omega
