"""The networks for one embedding a query: Diff4Steer's prior, and its regression twin.

Diff4Steer II: a residual network denoises one music embedding under a query; its twin maps the query straight to an
embedding.
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes.files import load_weights
from ghostnotes.preconditioning import FourierFeatures, Standardiser, preconditioning


class ResidualBlock(nn.Module):
    """Norm, swish, dense, norm, FiLM, swish, dense; the skip is projected and the sum keeps unit variance."""

    def __init__(self, inputs: int, width: int, conditioning: int, dropout: float):
        super().__init__()
        self.norm_in = nn.LayerNorm(inputs)
        self.dense_in = nn.Linear(inputs, width)
        self.norm_out = nn.LayerNorm(width)
        self.film = nn.Linear(conditioning, 2 * width)
        self.dropout = nn.Dropout(dropout)
        self.dense_out = nn.Linear(width, width)
        self.skip = nn.Linear(inputs, width)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """x: (B, inputs); modulation: what `film` makes of the conditioning, (B or 1, 2 width)."""
        scale, shift = modulation.chunk(2, dim=-1)
        h = self.dense_in(F.silu(self.norm_in(x)))
        h = self.norm_out(h) * (1 + scale) + shift
        h = self.dense_out(self.dropout(F.silu(h)))
        return (self.skip(x) + h) / math.sqrt(2)


class ResNet(nn.Module):
    """`depth` residual blocks, each scaled and shifted by its modulation: (B, inputs) -> (B, outputs)."""

    def __init__(self, inputs: int, outputs: int, width: int, depth: int, conditioning: int, dropout: float):
        super().__init__()
        sizes = [inputs] + [width] * (depth - 1)
        self.blocks = nn.ModuleList(ResidualBlock(size, width, conditioning, dropout) for size in sizes)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor, modulations: list[Tensor]) -> Tensor:
        for block, modulation in zip(self.blocks, modulations):
            x = block(x, modulation)
        return self.out(self.norm(x))


class _QueryModel(nn.Module):
    """What the prior and its twin share: the standardised space, the projected query, the null query."""

    def __init__(self, dim: int, query_dim: int):
        super().__init__()
        self.dim, self.query_dim = dim, query_dim
        self.standardiser = Standardiser(dim)
        self.project = nn.Linear(query_dim, 128)

    def encode(self, x: Tensor) -> Tensor:
        """Unit-norm embeddings (..., dim) -> standardised space."""
        return self.standardiser.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Standardised space (..., dim) -> unit-norm embeddings."""
        return self.standardiser.decode(z)

    def mask_query(self, query: Tensor, drop: Tensor | None) -> Tensor:
        """The query with dropped rows set to zero: the zero vector *is* the null query (Diff4Steer II)."""
        if query.shape[-1] != self.query_dim:
            raise ValueError(f"query has {query.shape[-1]} dimensions, the model expects {self.query_dim}")
        query = query.to(self.project.weight.dtype)
        return query if drop is None else query.masked_fill(drop[:, None], 0.0)


class ResNetPrior(_QueryModel):
    """Diff4Steer's diffusion prior D(z, sigma, query) -> z0 for one embedding per item.

    z: (B, dim) in the standardised space, sigma: scalar or (B,), query: (B, query_dim) or None (unconditional).
    Six layers of width 4096 with dim 128 and a 512-d query have 282,944,384 parameters (282.9M in Diff4Steer III-B);
    the count fits this block structure but does not identify it.
    """

    sigma_data = 1.0

    def __init__(self, dim: int, query_dim: int, width: int = 4096, depth: int = 6, dropout: float = 0.0):
        super().__init__(dim, query_dim)
        self.noise = nn.Sequential(FourierFeatures(128), nn.Linear(128, 256), nn.SiLU(), nn.Linear(256, 128))
        self.trunk = ResNet(dim, dim, width, depth, conditioning=256, dropout=dropout)
        self.known = {}

    def forward(self, z: Tensor, sigma, query: Tensor | None = None, drop: Tensor | None = None) -> Tensor:
        return self.bind(query, drop)(z, sigma)

    def bind(self, query: Tensor | None, drop: Tensor | None = None):
        """denoiser(z, sigma) for this query; what depends on the query alone is computed here, once. drop: (B,) bool.

        Every block's FiLM is linear in concat(noise, query), so it splits into a part for the noise level (one row
        where sigma is a scalar) and a part for the query that all noise levels share.
        """
        projected = self.project.bias[None] if query is None else self.project(self.mask_query(query, drop))
        films = [block.film for block in self.trunk.blocks]
        of_query = [F.linear(projected, film.weight[:, 128:], film.bias) for film in films]

        def denoiser(z: Tensor, sigma) -> Tensor:
            x = z.to(projected.dtype)
            (c_skip, c_out, c_in), of_noise = self.level(sigma)
            modulations = [noise + asked for noise, asked in zip(of_noise, of_query)]
            return (c_skip * x + c_out * self.trunk(c_in * x, modulations)).to(z.dtype)

        return denoiser

    def level(self, sigma) -> tuple[list[Tensor], list[Tensor]]:
        """What depends on the noise level alone: (c_skip, c_out, c_in), and every block's modulation by the noise."""
        if isinstance(sigma, float) and sigma in self.known:
            return self.known[sigma]
        levels = torch.as_tensor(sigma).to(self.project.weight).reshape(-1)
        *scalings, c_noise = preconditioning(levels, self.sigma_data)
        noise = self.noise(c_noise)
        return [c[:, None] for c in scalings], [F.linear(noise, b.film.weight[:, :128]) for b in self.trunk.blocks]

    def at_levels(self, sigmas) -> "ResNetPrior":
        """The same prior, its weights shared, with `level` computed once for each of these noise levels: for sampling.

        The levels keep what the weights were when this was called; training goes on with the prior itself.
        """
        prior = copy.copy(self)
        levels = torch.as_tensor(sigmas, dtype=torch.float64).tolist()
        prior.known = {sigma: self.level(sigma) for sigma in levels if sigma > 0}
        return prior


class ResNetRegression(_QueryModel):
    """The prior's twin without noise: query (B, query_dim) -> z0 (B, dim), one answer a query (Diff4Steer III-C)."""

    def __init__(self, dim: int, query_dim: int, width: int = 4096, depth: int = 6, dropout: float = 0.0):
        super().__init__(dim, query_dim)
        self.trunk = ResNet(128, dim, width, depth, conditioning=128, dropout=dropout)

    def forward(self, query: Tensor, drop: Tensor | None = None) -> Tensor:
        projected = self.project(self.mask_query(query, drop))
        return self.trunk(projected, [block.film(projected) for block in self.trunk.blocks])


NETWORKS = {"prior": ResNetPrior, "regression": ResNetRegression}
SHAPE = ("dim", "query_dim", "width", "depth")


def load(path) -> ResNetPrior | ResNetRegression:
    """A trained prior or regression in evaluation mode, from the safetensors that a training stage wrote."""
    return load_weights(path, lambda saved: NETWORKS[saved["network"]](**{key: saved[key] for key in SHAPE}))[0]
