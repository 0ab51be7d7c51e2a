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
    one, each bit for bit and with a single pass. With a strength and a query for every row, one pass holds all that is
    needed: rows under their query where omega is not -1, and without it where omega is not 0. Elsewhere "guidance
    scale" means 1 + omega. Raises ValueError where omega is not finite.
    """
    strength = _finite(omega)
    if strength.ndim == 0 and strength == 0:
        return condition(prior, query)
    if strength.ndim == 0 and strength == -1:
        return condition(prior, None)
    if hasattr(query, "__len__") and strength.ndim == 1 and len(query) == len(strength):
        return _one_pass(prior, query, strength)
    return _away_from(condition(prior, query), condition(prior, None), strength)


def negative_prompt(prior, query, unwanted, omega) -> Denoiser:
    """Towards one text and away from another: D' = (1 + omega) D(z, sigma, q+) - omega D(z, sigma, q-). GDR eq. 2.

    unwanted q-: a query of the prior, as many rows as `query`, or None for classifier-free guidance, bit for bit
    (GD-Retriever eq. 3). The unwanted text takes the place of no text, so omega is the only strength there is: as it
    grows the wanted text pulls harder too. omega: float or (B,); as a float, 0 is the plain conditional denoiser, bit
    for bit and with a single pass. With unwanted = query nothing is left of the guidance. Raises ValueError where omega
    is not finite.
    """
    if unwanted is None:
        return classifier_free(prior, query, omega)
    strength = _finite(omega)
    if strength.ndim == 0 and strength == 0:
        return condition(prior, query)
    return _away_from(condition(prior, query), condition(prior, unwanted), strength)


def _finite(omega) -> Tensor:
    strength = torch.as_tensor(omega, dtype=torch.float64)
    if not torch.isfinite(strength).all():
        raise ValueError(f"guidance strength omega must be a finite number, got {omega}")
    return strength


def _away_from(wanted: Denoiser, other: Denoiser, strength: Tensor) -> Denoiser:
    """(1 + strength) of one denoiser minus strength of the other; strength: a number or (B,)."""

    def denoiser(z: Tensor, sigma) -> Tensor:
        weight = strength.to(z).reshape(-1, *[1] * (z.ndim - 1))
        return (1 + weight) * wanted(z, sigma) - weight * other(z, sigma)

    return denoiser


def _one_pass(prior, query, strength: Tensor) -> Denoiser:
    """Diff4Steer eq. 3 as a sum over branches that are rows of one batch; a branch of weight 0 is left out."""
    asked, unasked = (strength != -1).nonzero()[:, 0], (strength != 0).nonzero()[:, 0]
    rows = torch.cat([asked, unasked])
    weights = torch.cat([1 + strength[asked], -strength[unasked]])
    branches = prior.bind(query[rows], torch.arange(len(rows)) >= len(asked))

    def denoiser(z: Tensor, sigma) -> Tensor:
        weight = weights.to(z).reshape(-1, *[1] * (z.ndim - 1))
        return torch.zeros_like(z).index_add(0, rows, weight * branches(z[rows], sigma))

    return denoiser


def text_steering(denoiser: Denoiser, texts: Tensor, strengths, weighting: str = "paper") -> Denoiser:
    """Steer by texts: D'' = D' + sum_n k_n grad_z <D'(z, sigma), z_t,n>. Diff4Steer eq. 4.

    texts: (n, dim) or (B, n, dim), strengths k: (n,) or (B, n), positive towards a text, negative away from it; both in
    the standardised space of z. For sequences z (B, T, dim) the mean of D' over time meets the texts. The sum of the
    texts, weighted by their strengths, is one steer, so any number of them costs one vector-Jacobian product; strengths
    that are all 0 give the denoiser itself. weighting: "paper" is eq. 4 as printed, whose effect grows with
    ln(1 / sigma_min) and is nearly twice as strong under the SDE as under the ODE; "sigma2" multiplies the gradient by
    sigma^2, which moves the mean of N(mu, v^2) data by k v^2 z_t under either. ValueError for shapes that do not fit.
    """
    texts, strengths = torch.as_tensor(texts), torch.as_tensor(strengths)
    if weighting not in ("paper", "sigma2"):
        raise ValueError(f'weighting must be "paper" or "sigma2", got {weighting!r}')
    batches = {len(x) for x, single in ((texts, 2), (strengths, 1)) if x.ndim == single + 1}
    fits = texts.ndim in (2, 3) and strengths.ndim in (1, 2) and texts.shape[-2] == strengths.shape[-1]
    if not fits or len(batches) > 1:
        raise ValueError(
            "text steering needs texts (n, dim) or (B, n, dim) and strengths (n,) or (B, n), "
            f"got {tuple(texts.shape)} and {tuple(strengths.shape)}"
        )
    if not (torch.isfinite(texts).all() and torch.isfinite(strengths).all()):
        raise ValueError("text steering: a text or a strength is not finite (NaN or infinite)")
    if not strengths.any():
        return denoiser
    steer = (strengths.double()[..., None, :] @ texts.double()).squeeze(-2)

    def steered(z: Tensor, sigma) -> Tensor:
        if steer.shape[-1] != z.shape[-1] or steer.ndim == 2 and len(steer) != len(z):
            raise ValueError(f"text steering: steers {tuple(steer.shape)} do not fit z {tuple(z.shape)}; need (B, dim)")
        differentiated = torch.is_grad_enabled() and z.requires_grad  # by another control around this one
        with torch.enable_grad():
            x = z if differentiated else z.detach().requires_grad_()
            clean = denoiser(x, sigma)
            if not clean.requires_grad:
                raise ValueError("text steering: no gradient reaches z; is the denoiser wrapped in torch.no_grad()?")
            direction = steer.to(clean) if z.ndim == 2 else steer.to(clean)[..., None, :] / z.shape[1]
            (gradient,) = torch.autograd.grad(clean, x, direction.expand_as(clean), create_graph=differentiated)
        clean = clean if differentiated else clean.detach()
        if weighting == "sigma2":
            level = torch.as_tensor(sigma, dtype=z.dtype, device=z.device).reshape(-1, *[1] * (z.ndim - 1))
            gradient = level**2 * gradient
        return clean + gradient

    return steered
