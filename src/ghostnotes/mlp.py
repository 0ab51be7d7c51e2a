"""GD-Retriever's plain baselines for pooled vectors: one hidden layer, as diffusion prior and as regression (4.2)."""

import torch
from torch import Tensor, nn

from ghostnotes.preconditioning import FourierFeatures, Standardiser
from ghostnotes.unet import SCALINGS


class _PooledModel(nn.Module):
    """What both share: the standardised space, and one hidden layer (GELU) over all that goes in."""

    def __init__(self, dim: int, query_dim: int, inputs: int, width: int, dropout: float):
        super().__init__()
        self.dim, self.query_dim = dim, query_dim
        self.standardiser = Standardiser(dim)
        self.null = nn.Parameter(torch.zeros(query_dim))
        self.net = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, dim))

    def encode(self, x: Tensor) -> Tensor:
        """Unit-norm embeddings (..., dim) -> standardised space."""
        return self.standardiser.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Standardised space (..., dim) -> unit-norm embeddings."""
        return self.standardiser.decode(z)

    def shown(self, query: Tensor | None, drop: Tensor | None, count: int) -> Tensor:
        """The queries, a learned vector in place of those that are dropped (True in drop), or of all."""
        if query is None:
            return self.null.expand(count, -1)
        if query.shape[-1] != self.query_dim:
            raise ValueError(f"query has {query.shape[-1]} dimensions, the model expects {self.query_dim}")
        query = query.to(self.null)
        return query if drop is None else torch.where(drop[:, None], self.null, query)


class MLPPrior(_PooledModel):
    """Diffusion with one hidden layer: z (B, dim), sigma scalar or (B,), query (B, query_dim) or None -> z0."""

    sigma_data = 1.0

    def __init__(self, dim: int, query_dim: int, width: int = 4096, dropout: float = 0.0, scalings: str = "edm"):
        super().__init__(dim, query_dim, dim + query_dim + 128, width, dropout)
        self.noise, self.scalings = FourierFeatures(128), SCALINGS[scalings]

    def forward(self, z: Tensor, sigma, query: Tensor | None = None, drop: Tensor | None = None) -> Tensor:
        return self.bind(query, drop)(z, sigma)

    def bind(self, query: Tensor | None, drop: Tensor | None = None):
        """denoiser(z, sigma) for this query."""

        def denoiser(z: Tensor, sigma) -> Tensor:
            x = z.to(self.null)
            *scalings, c_noise = self.scalings(torch.as_tensor(sigma).to(x).reshape(-1), self.sigma_data)
            c_skip, c_out, c_in = (c[:, None] for c in scalings)
            parts = [c_in * x, self.noise(c_noise).expand(len(x), -1), self.shown(query, drop, len(x))]
            return (c_skip * x + c_out * self.net(torch.cat(parts, dim=-1))).to(z.dtype)

        return denoiser


class MLPRegression(_PooledModel):
    """One hidden layer from query (B, query_dim) to z0 (B, dim)."""

    def __init__(self, dim: int, query_dim: int, width: int = 4096, dropout: float = 0.0):
        super().__init__(dim, query_dim, query_dim, width, dropout)

    def forward(self, query: Tensor, drop: Tensor | None = None) -> Tensor:
        return self.net(self.shown(query, drop, len(query)))
