"""What every denoiser is wrapped in: EDM's preconditioning, features of the noise level, the standardised space.

Preconditioning after Karras et al. 2022 ("EDM"), table 1. Networks differ (`resnet`, `unet`); this does not.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def preconditioning(sigma: Tensor, sigma_data: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """EDM's scalings (c_skip, c_out, c_in, c_noise) at noise level sigma.

    With them the network's input and its target have unit variance at every noise level. EDM, table 1.
    """
    total = sigma_data**2 + sigma**2
    c_skip = sigma_data**2 / total
    c_out = sigma * sigma_data / total.sqrt()
    c_in = 1 / total.sqrt()
    c_noise = sigma.log() / 4
    return c_skip, c_out, c_in, c_noise


class FourierFeatures(nn.Module):
    """A number in, sines and cosines of it out: (B,) -> (B, features). Frequencies are fixed, not trained."""

    def __init__(self, features: int = 128, lowest: float = 0.25, highest: float = 64.0):
        super().__init__()
        ladder = torch.logspace(math.log2(lowest), math.log2(highest), features // 2, base=2.0)
        self.register_buffer("frequencies", 2 * math.pi * ladder, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        angles = x[:, None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Standardiser(nn.Module):
    """Unit-norm embeddings <-> the space of z, where a coordinate has unit variance on average.

    A unit vector in d dimensions has coordinates of size 1/sqrt(d): beside unit noise that is next to nothing. We
    centre on the training mean and multiply by one number, so angles between differences are kept and a gradient
    points the same way in both spaces.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.tensor(math.sqrt(dim)))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Take mean and scale from training embeddings (n, dim)."""
        mean = x.double().mean(0)
        spread = (x.double() - mean).square().mean().sqrt()
        if not torch.isfinite(spread) or spread == 0:
            raise ValueError("cannot standardise: the training embeddings are constant or not finite")
        self.mean.copy_(mean)
        self.scale.copy_(1 / spread)

    def encode(self, x: Tensor) -> Tensor:
        return (x - self.mean.to(x.dtype)) * self.scale.to(x.dtype)

    def decode(self, z: Tensor) -> Tensor:
        return F.normalize(z / self.scale.to(z.dtype) + self.mean.to(z.dtype), dim=-1)
