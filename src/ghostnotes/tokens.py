"""Texts as sequences of token states of any length, padded and masked: what a sequence prior attends to."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tokens:
    """States (B, L, text_dim) of B texts and the mask (B, L), True at real tokens; what is padded is never read.

    Raises ValueError for shapes that do not fit, a mask that is not boolean, and a text without a real token.
    """

    states: Tensor
    mask: Tensor

    def __post_init__(self):
        if self.states.ndim != 3 or self.mask.shape != self.states.shape[:2] or self.mask.dtype != torch.bool:
            raise ValueError(
                "tokens need states (B, L, text_dim) and a boolean mask (B, L), "
                f"got {tuple(self.states.shape)} and {tuple(self.mask.shape)} {self.mask.dtype}"
            )
        if not self.mask.any(1).all():
            raise ValueError(f"tokens: text {int((~self.mask.any(1)).nonzero()[0])} has no real token")

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, rows) -> "Tokens":
        """These texts, in this order; columns that none of them fills are cut off."""
        mask = self.mask[rows]
        length = int(mask.any(0).nonzero().max()) + 1
        return Tokens(self.states[rows][:, :length], mask[:, :length])

    def pooled(self) -> "Tokens":
        """Every text as a single token, the mean of its real ones."""
        real = self.mask[..., None]
        mean = self.states.masked_fill(~real, 0.0).sum(1, keepdim=True) / real.sum(1, keepdim=True)
        return Tokens(mean, torch.ones_like(self.mask[:, :1]))
