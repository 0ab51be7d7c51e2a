"""From noise to embeddings and back: noise schedules, solvers, inversion.

Everything is written in sigma, the standard deviation of the noise, and state starts at z = sigmas[0] * randn. The
probability-flow ODE is dz/dsigma = (z - D(z, sigma)) / sigma; its Euler steps are DDIM with eta = 0. A solver calls
denoiser(z, sigma) with scalar sigma, never sees a query, and keeps its state in float64.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Noise = torch.Generator | Callable[[int, Tensor], Tensor]


def karras_sigmas(steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0) -> Tensor:
    """Noise levels evenly spaced in sigma^(1/rho), then 0: (steps + 1,) float64. EDM eq. 5."""
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if not 0 < sigma_min <= sigma_max < float("inf"):
        raise ValueError(f"need 0 < sigma_min <= sigma_max, got {sigma_min} and {sigma_max}")
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    return torch.cat([(high + ramp * (low - high)) ** rho, torch.zeros(1, dtype=torch.float64)])


def ddim_sigmas(steps: int, train_steps: int = 1000, beta_start: float = 0.0015, beta_end: float = 0.0195) -> Tensor:
    """AudioLDM2's scaled-linear schedule read as noise levels, then 0: (steps + 1,) float64.

    sigma = sqrt((1 - alpha_bar) / alpha_bar) at `steps` of the training steps ("leading" spacing, offset 1), which is
    what GD-Retriever samples with. In z = x / sqrt(alpha_bar) a DDIM step with eta = 0 is an Euler step.
    """
    if not 1 <= steps <= train_steps:
        raise ValueError(f"steps must lie between 1 and {train_steps}, got {steps}")
    beta = torch.linspace(beta_start**0.5, beta_end**0.5, train_steps, dtype=torch.float64) ** 2
    alpha_bar = torch.cumprod(1 - beta, 0)
    spacing = train_steps // steps
    offset = min(1, train_steps - 1 - (steps - 1) * spacing)
    kept = alpha_bar[torch.arange(steps - 1, -1, -1) * spacing + offset]
    return torch.cat([((1 - kept) / kept).sqrt(), torch.zeros(1, dtype=torch.float64)])


def euler(denoiser, z: Tensor, sigmas) -> Tensor:
    """Euler's method on the ODE along descending sigmas: DDIM with eta = 0. One sigma returns z."""
    levels, dtype, z = _start(z, sigmas, descending=True)
    for sigma, following in zip(levels, levels[1:]):
        z = z + (following - sigma) * _slope(denoiser, z, sigma)
    return z.to(dtype)


def heun(denoiser, z: Tensor, sigmas) -> Tensor:
    """Heun's second-order method on the ODE; no correction on a last step to 0. EDM algorithm 1 without churn."""
    levels, dtype, z = _start(z, sigmas, descending=True)
    for sigma, following in zip(levels, levels[1:]):
        z = _heun_step(denoiser, z, sigma, following)
    return z.to(dtype)


def euler_maruyama(denoiser, z: Tensor, sigmas, generator: Noise) -> Tensor:
    """Euler-Maruyama on the reverse SDE. Diff4Steer eq. 2, with z's coefficient corrected to 2 sigma'/sigma.

    In sigma: dz = 2 (z - D) / sigma dsigma + sqrt(2 sigma |dsigma|) noise, twice the ODE's drift and the noise that
    balances it. The step to sigma 0 has no noise and returns D(z). generator: a torch.Generator, or
    callable(step, z) -> noise shaped like z; it must not repeat the noise that z itself was drawn from.
    """
    levels, dtype, z = _start(z, sigmas, descending=True)
    for step, (sigma, following) in enumerate(zip(levels, levels[1:])):
        if following == 0:
            z = denoiser(z, sigma).to(z)
            break
        drift = 2 * (following - sigma) * _slope(denoiser, z, sigma)
        z = z + drift + (2 * sigma * (sigma - following)) ** 0.5 * _noise(generator, step, z)
    return z.to(dtype)


def dpm_solver_2m_sde(denoiser, z: Tensor, sigmas, generator: Noise) -> Tensor:
    """SDE-DPM-Solver++(2M) with eta 1: Euler-Maruyama's SDE, second order in the drift. Lu et al. 2022 (2211.01095).

    With ratio = following / sigma, a step is z <- ratio^2 z + (1 - ratio^2) D + following sqrt(1 - ratio^2) noise, the
    exact one where D stays constant. D is taken half a step ahead in log sigma, on the line through the answer of this
    step and of the last one, so a step costs one evaluation. The first step has no past; the step to sigma 0 returns
    D(z). generator: as for `euler_maruyama`.
    """
    levels, dtype, z = _start(z, sigmas, descending=True)
    past = None
    for step, (sigma, following) in enumerate(zip(levels, levels[1:])):
        ahead = answer = denoiser(z, sigma).to(z)
        if following == 0:
            z = answer
            break
        ratio, length = following / sigma, math.log(sigma / following)
        if past is not None:
            last_answer, last_length = past
            ahead = answer + (answer - last_answer) * length / (2 * last_length)
        noise = _noise(generator, step, z)
        z = ratio**2 * z + (1 - ratio**2) * ahead + following * (1 - ratio**2) ** 0.5 * noise
        past = answer, length
    return z.to(dtype)


def invert(denoiser, z0: Tensor, sigmas, solver: str = "euler", iterations: int = 0) -> Tensor:
    """Run the ODE from data to noise along ascending sigmas; a leading 0 is skipped. DDIM inversion.

    The explicit step takes its slope from where it starts, not from where the way back will take it. iterations > 0
    repairs that: each step solves for the point whose step back lands on the present one (a fixed point), so that
    `euler` or `heun` along the reversed sigmas returns to z0. Raises ValueError for another solver.
    """
    if solver not in ("euler", "heun"):
        raise ValueError(f"solver must be 'euler' or 'heun', got {solver!r}")
    if iterations < 0:
        raise ValueError(f"iterations must not be negative, got {iterations}")
    levels, dtype, z = _start(z0, sigmas, descending=False)
    levels = levels[1:] if levels[0] == 0 else levels
    for sigma, following in zip(levels, levels[1:]):
        if solver == "euler":
            guess = z + (following - sigma) * _slope(denoiser, z, sigma)
        else:
            guess = _heun_step(denoiser, z, sigma, following)
        for _ in range(iterations):
            back = _slope(denoiser, guess, following)
            if solver == "heun":
                landing = guess + (sigma - following) * back
                back = (back + _slope(denoiser, landing, sigma)) / 2
            guess = z + (following - sigma) * back
        z = guess
    return z.to(dtype)


def _slope(denoiser, z: Tensor, sigma: float) -> Tensor:
    return (z - denoiser(z, sigma).to(z)) / sigma


def _heun_step(denoiser, z: Tensor, sigma: float, following: float) -> Tensor:
    slope = _slope(denoiser, z, sigma)
    landing = z + (following - sigma) * slope
    if following == 0:
        return landing
    return z + (following - sigma) * (slope + _slope(denoiser, landing, following)) / 2


def _noise(generator: Noise, step: int, z: Tensor) -> Tensor:
    if isinstance(generator, torch.Generator):
        return torch.randn(z.shape, generator=generator, dtype=z.dtype, device=generator.device).to(z.device)
    return generator(step, z).to(z)


def _start(z: Tensor, sigmas, descending: bool) -> tuple[list[float], torch.dtype, Tensor]:
    levels = torch.as_tensor(sigmas, dtype=torch.float64).flatten()
    way = "descending" if descending else "ascending"
    steps = levels.diff() if not descending else -levels.diff()
    if len(levels) == 0 or not torch.isfinite(levels).all() or (levels < 0).any() or (steps <= 0).any():
        raise ValueError(f"sigmas must be finite, not negative and strictly {way}, got {levels.tolist()[:8]}")
    return levels.tolist(), z.dtype, z.double()
