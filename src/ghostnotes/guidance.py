"""Controls, as denoiser -> denoiser.

A denoiser is any callable (z, sigma) -> z0. A control wraps one or two denoisers in another; it never knows which
network is inside, and no sampler knows which control it runs.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, float], Tensor]


def condition(prior, query) -> Denoiser:
    """The prior under one query, no guidance: omega = 0. query None = unconditional: omega = -1."""
    return prior.bind(query)


def classifier_free(prior, query, omega) -> Denoiser:
    """Classifier-free guidance: D' = (1 + omega) D(z, sigma, q) - omega D(z, sigma, 0). Diff4Steer eq. 3.

    omega: float or (B,), one strength a row. As a float, 0 is the plain conditional denoiser and -1 the unconditional
    one, each bit for bit and with a single pass. Elsewhere "guidance scale" means 1 + omega. Raises ValueError where
    omega is not finite.
    """
    strength = torch.as_tensor(omega, dtype=torch.float64)
    if not torch.isfinite(strength).all():
        raise ValueError(f"guidance strength omega must be a finite number, got {omega}")
    if strength.ndim == 0 and strength == 0:
        return condition(prior, query)
    if strength.ndim == 0 and strength == -1:
        return condition(prior, None)
    conditional, unconditional = condition(prior, query), condition(prior, None)

    def denoiser(z: Tensor, sigma) -> Tensor:
        weight = strength.to(z).reshape(-1, *[1] * (z.ndim - 1))
        return (1 + weight) * conditional(z, sigma) - weight * unconditional(z, sigma)

    return denoiser
