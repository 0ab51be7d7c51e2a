"""Denoisers that are exact: a Gaussian, a mixture of Gaussians, a finite set of points.

The best denoiser is a posterior mean, D(z, sigma) = E[z0 | z = z0 + sigma noise]. For a mixture of Gaussians it has a
closed form (a finite data set is the mixture with spread 0), so a lesson can check a sampler against the truth and a
test against an oracle that no network can blur.
"""

import torch
from torch import Tensor


class Mixture:
    """sum_k weights[k] N(means[k], spreads[k]^2 I), with its exact denoiser.

    means: (K, d); spreads: float or (K,), 0 for a point; weights: (K,) or None for equal ones. Called as
    mixture(z, sigma) -> z0 with z (B, d) and sigma scalar or (B,).
    """

    def __init__(self, means: Tensor, spreads: float | Tensor = 0.0, weights: Tensor | None = None):
        self.means = torch.as_tensor(means, dtype=torch.float64)
        count = len(self.means)
        self.spreads = torch.as_tensor(spreads, dtype=torch.float64).expand(count)
        weights = torch.ones(count) if weights is None else torch.as_tensor(weights)
        self.weights = weights.double() / weights.double().sum()

    def responsibilities(self, z: Tensor, sigma) -> Tensor:
        """p(component | z at noise level sigma): (B, K), Bayes' rule with each component widened by the noise."""
        return torch.softmax(self._log_joint(z, sigma), dim=-1)

    def log_density(self, z: Tensor, sigma=0.0) -> Tensor:
        """log p(z; sigma), the mixture blurred by noise sigma: (B,)."""
        return torch.logsumexp(self._log_joint(z, sigma), dim=-1)

    def __call__(self, z: Tensor, sigma) -> Tensor:
        variance = self._variance(sigma)
        kept = self.spreads**2 / variance
        shares = self.responsibilities(z, sigma)
        pull = (shares * (1 - kept)) @ self.means
        return ((shares * kept).sum(-1, keepdim=True) * z.double() + pull).to(z.dtype)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, d) draws from the mixture."""
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=torch.float64)
        return self.means[chosen] + self.spreads[chosen, None] * noise

    def _variance(self, sigma) -> Tensor:
        sigma = torch.as_tensor(sigma, dtype=torch.float64).reshape(-1, 1)
        return self.spreads**2 + sigma**2

    def _log_joint(self, z: Tensor, sigma) -> Tensor:
        variance = self._variance(sigma)
        distance = torch.cdist(z.double(), self.means).square()
        volume = self.means.shape[1] / 2 * (2 * torch.pi * variance).log()
        return self.weights.log() - distance / (2 * variance) - volume


def gaussian(mean: Tensor, spread: float) -> Mixture:
    """N(mean, spread^2 I) with its exact denoiser D = (spread^2 z + sigma^2 mean) / (spread^2 + sigma^2)."""
    return Mixture(torch.as_tensor(mean, dtype=torch.float64)[None], spread)


class MixturePrior:
    """A labelled mixture that can be asked as a prior is: bind(label) -> denoiser, None = unconditional.

    conditionals: one Mixture a label; unconditional: the Mixture over all. A query is one int, the label of all rows.
    """

    def __init__(self, conditionals: dict[int, Mixture], unconditional: Mixture):
        self.conditionals, self.unconditional = conditionals, unconditional

    def bind(self, query: int | None):
        """The exact denoiser under one label, or over all of them."""
        return self.unconditional if query is None else self.conditionals[int(query)]


class EmpiricalPrior:
    """The best prior that a finite set of embeddings allows: the exact denoiser of its weighted points.

    A query is a row of log-weights over the points, (B, K), such as log p(query | attributes of the point): then the
    weighted points are what the set says of p(embedding | query). A row of zeros weighs all alike, which makes the zero
    vector the null query, as for a trained prior. Sampled exactly it returns the points themselves with these weights:
    see `draw`. The ladder's "ideal conditional denoiser".
    """

    def __init__(self, points: Tensor, standardiser):
        """points: (K, d) unit-norm embeddings; standardiser: encode and decode, as a prior has them."""
        self.encode, self.decode = standardiser.encode, standardiser.decode
        self.points = self.encode(points)
        self.lengths = self.points.square().sum(1)
        self.dim, self.query_dim = self.points.shape[1], len(points)

    def bind(self, query: Tensor | None, drop: Tensor | None = None):
        """denoiser(z, sigma) -> sum_k w_k points_k, w = softmax(log-weights - |z - points_k|^2 / 2 sigma^2)."""
        if query is not None and query.shape[-1] != self.query_dim:
            raise ValueError(f"query has {query.shape[-1]} log-weights for {self.query_dim} points; give one a point")
        weights = torch.zeros(1, self.query_dim) if query is None else query.to(self.points)
        weights = weights if drop is None else weights.masked_fill(drop[:, None], 0.0)

        def denoiser(z: Tensor, sigma) -> Tensor:
            x = z.to(self.points)
            precision = 1 / torch.as_tensor(sigma).to(x).reshape(-1, 1).square()
            # |z|^2 is the same for all points and drops out of the softmax
            logits = weights + (x @ self.points.T - self.lengths / 2) * precision
            return (torch.softmax(logits, dim=-1) @ self.points).to(z.dtype)

        return denoiser


def draw(log_weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Indices (Q, count) of points drawn with these weights (Q, K): what exact sampling of `EmpiricalPrior` gives."""
    return torch.multinomial(log_weights.double().softmax(-1), count, replacement=True, generator=generator)
