"""Texts that steer a search: from vectors of the joint space to the `guide` of generation (Diff4Steer II, eq. 4)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ghostnotes import guidance


def standardised(prior, texts: Tensor, centre: Tensor) -> Tensor:
    """Text vectors (..., d), unit norm, as steers in the standardised space of a prior.

    They take the scale of the embeddings and are centred on `centre` (d,), the mean of texts of their own kind: texts
    and tracks lie apart in a joint space, and a part that all texts share would pull all seeds the same way.
    """
    return (texts - centre) * prior.standardiser.scale


def guide(texts: Tensor, strengths, weighting: str = "paper") -> Callable:
    """guide(denoiser, rows) for `generation.generate`: every query is steered by its own texts (eq. 4).

    texts: (Q, d) or (Q, n, d) from `standardised`; strengths: one number, (n,) or (Q, n). Errors as in
    `guidance.text_steering`.
    """
    texts = texts[:, None] if texts.ndim == 2 else texts
    strengths = torch.as_tensor(strengths, dtype=torch.float64)
    strengths = strengths.expand(texts.shape[1]) if strengths.ndim == 0 else strengths

    def wrap(denoiser, rows):
        own = strengths[rows] if strengths.ndim == 2 else strengths
        return guidance.text_steering(denoiser, texts[rows], own, weighting)

    return wrap
