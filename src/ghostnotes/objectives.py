"""What the networks minimise: EDM's weighted denoising loss, the regression's squared error, the noise levels."""

import math

import torch
from torch import Tensor

from ghostnotes.preconditioning import preconditioning


def log_uniform_sigmas(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """(count,) noise levels, log-uniform and stratified: one draw from each of `count` equal slices of ln sigma.

    Stratifying lowers the variance of the loss; after swirl-dynamics, whose co-author wrote Diff4Steer.
    """
    slices = (torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)) / count
    return torch.exp(math.log(low) + slices * (math.log(high) - math.log(low)))


def diffusion_loss(prior, z0: Tensor, query: Tensor, drop: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """EDM's weighted loss, one number a row: (B,). Diff4Steer eq. 1 with lambda = (s^2 + sd^2) / (s sd)^2.

    With this weight the ideal denoiser of N(0, sigma_data^2 I) scores exactly 1 at every noise level, and so does, on
    any data of that spread, a network that adds nothing to the preconditioning: below 1 is knowledge.
    """
    denoised = prior(z0 + sigma[:, None] * noise, sigma, query, drop)
    _, c_out, _, _ = preconditioning(sigma, prior.sigma_data)
    return ((denoised - z0) / c_out[:, None]).square().mean(-1)


def regression_loss(model, z0: Tensor, query: Tensor, drop: Tensor) -> Tensor:
    """Squared error of the twin, one number a row: (B,). The mean of z0 given the query minimises it."""
    return (model(query, drop) - z0).square().mean(-1)


def gaussian_optimum(z0: Tensor, sigma: Tensor, sigma_data: float = 1.0) -> Tensor:
    """The lowest weighted loss for a Gaussian with the mean and covariance of z0: (n, d), sigma (S,) -> (S,).

    A direction of variance v keeps v s^2 / (v + s^2) of error; with the loss's weight that is
    mean_v v (s^2 + sd^2) / ((v + s^2) sd^2), and exactly 1 where all v are sd^2. It is what knowing the mean and the
    covariance is worth: below it lies knowledge of shape, and of the query.
    """
    variances = torch.linalg.eigvalsh(torch.cov(z0.double().T)).clamp(min=0)
    squared = sigma.double()[:, None].square()
    return (variances * (squared + sigma_data**2) / ((variances + squared) * sigma_data**2)).mean(-1)
