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
        weight = _like(strength, z)
        return (1 + weight) * wanted(z, sigma) - weight * other(z, sigma)

    return denoiser


def _one_pass(prior, query, strength: Tensor) -> Denoiser:
    """Diff4Steer eq. 3 as a sum over branches that are rows of one batch; a branch of weight 0 is left out."""
    asked, unasked = (strength != -1).nonzero()[:, 0], (strength != 0).nonzero()[:, 0]
    rows = torch.cat([asked, unasked])
    weights = torch.cat([1 + strength[asked], -strength[unasked]])
    branches = prior.bind(query[rows], torch.arange(len(rows)) >= len(asked))

    def denoiser(z: Tensor, sigma) -> Tensor:
        weight = _like(weights, z)
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
        x, clean, outer = _traced("text steering", denoiser, z, sigma)
        direction = steer.to(clean) if z.ndim == 2 else steer.to(clean)[..., None, :] / z.shape[1]
        (gradient,) = torch.autograd.grad(clean, x, direction.expand_as(clean), create_graph=outer)
        clean = clean if outer else clean.detach()
        if weighting == "sigma2":
            gradient = _like(sigma, z) ** 2 * gradient
        return clean + gradient

    return steered


def gradient(denoiser: Denoiser, loss: Callable[[Tensor], Tensor], step) -> Denoiser:
    """Guidance gradients: z0 <- z0 - step rms(z0) g, with g the gradient of loss(z0) in z, scaled to rms 1.

    arXiv 2311.00613: z0 = D(z, sigma) goes down a loss, through the network, once a noise level. loss: z0 -> (B,), one
    number a row (`losses` has some). step: float or (B,), a share of the size of z0, row by row, so neither the loss's
    scale nor the noise level changes what it means; 0 is the denoiser itself. A row whose gradient is 0 stays. A step
    of fixed length never rests: near the loss's minimum it goes beyond. ValueError for a step that is negative or not
    finite, and for a loss of another shape, one that is not finite, and one that no gradient reaches.
    """
    length = torch.as_tensor(step, dtype=torch.float64)
    if not torch.isfinite(length).all() or (length < 0).any():
        raise ValueError(f"guidance gradient: the step must be a finite number of 0 or more, got {step}")
    if not length.any():
        return denoiser

    def guided(z: Tensor, sigma) -> Tensor:
        if length.ndim and length.shape != z.shape[:1]:
            raise ValueError(f"guidance gradient: {tuple(length.shape)} steps do not fit z {tuple(z.shape)}; need (B,)")
        x, clean, outer = _traced("guidance gradient", denoiser, z, sigma)
        with torch.enable_grad():
            found = loss(clean)
            if found.shape != z.shape[:1] or not torch.isfinite(found).all():
                raise ValueError(f"guidance gradient: the loss must give a finite number a row, ({len(z)},), "
                                 f"got {tuple(found.shape)}")  # fmt: skip
            if not found.requires_grad:
                raise ValueError("guidance gradient: the loss does not depend on z0")
            (slope,) = torch.autograd.grad(found.sum(), x, create_graph=outer)
        clean = clean if outer else clean.detach()
        # scaled by the largest first, or the squares of a small or large float32 gradient are lost
        peak = slope.detach().abs().amax(tuple(range(1, z.ndim)), keepdim=True)
        slope = slope / torch.where(peak > 0, peak, 1.0)
        return clean - _like(length, z) * _rms(clean) * slope / torch.where(peak > 0, _rms(slope), 1.0)

    return guided


def observe(denoiser: Denoiser, mask, values, how: str = "overwrite", iterations: int = 8) -> Denoiser:
    """A denoiser that knows some coordinates of z0: those where mask is 1 are those of `values`.

    mask: (T, 1), (B, T, 1) or like z, of 0 and 1; values: likewise, in the standardised space, read where mask is 1.
    how: "overwrite" puts them in place and leaves the others as the denoiser gave them (arXiv 2311.00613), which
    tells the others nothing at this noise level. "posterior" also moves the others, by what the observed ones differ
    from their expectation: z0 <- D + C M' (M C M')^-1 (y - M D), C = sigma^2 dD/dz the covariance of z0 given z. This
    is exact where that distribution is Gaussian (Song et al. 2023, "PiGDM", with C in place of their r^2 I). The
    inverse is by conjugate gradients: one vector-Jacobian product for each of `iterations`, exact from as many as
    there are different eigenvalues. The dD/dz of a trained network is a covariance along the data's own directions
    only: one or two rounds, which move along those first, then do better than many. A mask of ones gives the values,
    one of zeros the denoiser itself. ValueError for shapes that do not fit, other numbers in mask, and values that are
    not finite.
    """
    mask, values = torch.as_tensor(mask), torch.as_tensor(values)
    if how not in ("overwrite", "posterior"):
        raise ValueError(f'how must be "overwrite" or "posterior", got {how!r}')
    if iterations < 1:
        raise ValueError(f"observe: iterations must be at least 1, got {iterations}")
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError("observe: mask must hold 0 (not observed) and 1 (observed) alone")
    seen = mask.bool()
    if not seen.any():
        return denoiser

    def observed(z: Tensor, sigma) -> Tensor:
        for name, given in (("mask", seen), ("values", values)):
            if given.ndim < z.ndim - 1 or not _fits(given, z):
                raise ValueError(f"observe: {name} {tuple(given.shape)} does not fit z {tuple(z.shape)}; "
                                 "need (T, 1), (B, T, 1) or the shape of z")  # fmt: skip
        where, known = seen.to(z.device).expand_as(z), values.to(z).expand_as(z)
        if not torch.isfinite(known[where]).all():
            raise ValueError("observe: an observed value is not finite (NaN or infinite)")
        if how == "overwrite":
            return torch.where(where, known, denoiser(z, sigma))
        x, clean, outer = _traced("observe", denoiser, z, sigma)
        shift = _posterior_shift(x, clean, where, torch.where(where, known - clean, 0.0), iterations, outer)
        return torch.where(where, known, (clean if outer else clean.detach()) + shift)

    return observed


def _posterior_shift(x, clean, where, innovation, iterations: int, outer: bool) -> Tensor:
    """C M' u with M C M' u = innovation, C = dclean/dx (sigma^2 cancels): conjugate gradients, row by row."""
    innovation = innovation if outer else innovation.detach()
    residual = search = innovation
    shift, left = torch.zeros_like(innovation), _dot(residual, residual)
    for _ in range(iterations):
        (moved,) = torch.autograd.grad(clean, x, search, retain_graph=True, create_graph=outer)
        bent = _dot(search, moved)
        # a row that is solved, or in which a network's C is no covariance, goes no further
        length = torch.where((bent > 0) & (left > 0), left / torch.where(bent > 0, bent, 1.0), 0.0)
        shift, residual = shift + length * moved, residual - length * torch.where(where, moved, 0.0)
        before, left = left, torch.where(length > 0, _dot(residual, residual), 0.0)
        search = residual + left / torch.where(before > 0, before, 1.0) * search
    return shift


def _traced(name: str, denoiser: Denoiser, z: Tensor, sigma) -> tuple[Tensor, Tensor, bool]:
    """The z that was asked, the answer with its graph, and whether a control around this one differentiates too."""
    outer = torch.is_grad_enabled() and z.requires_grad
    with torch.enable_grad():
        x = z if outer else z.detach().requires_grad_()
        clean = denoiser(x, sigma)
    if not clean.requires_grad:
        raise ValueError(f"{name}: no gradient reaches z; is the denoiser wrapped in torch.no_grad()?")
    return x, clean, outer


def _like(number, z: Tensor) -> Tensor:
    """A number, or one a row (B,), ready to multiply z."""
    return torch.as_tensor(number, dtype=z.dtype, device=z.device).reshape(-1, *[1] * (z.ndim - 1))


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """Inner product of every row, ready to multiply z."""
    return (one * other).sum(tuple(range(1, one.ndim)), keepdim=True)


def _rms(z: Tensor) -> Tensor:
    """Root mean square of every row, ready to multiply z; at a row of zeros its gradient is 0 too."""
    squares = z.square().mean(tuple(range(1, z.ndim)), keepdim=True)
    return torch.where(squares > 0, torch.where(squares > 0, squares, 1.0).sqrt(), 0.0)


def _fits(given: Tensor, z: Tensor) -> bool:
    """Whether it can be laid over z without making z larger."""
    shape = (1,) * (z.ndim - given.ndim) + tuple(given.shape)
    return len(shape) == z.ndim and all(size in (1, wanted) for size, wanted in zip(shape, z.shape))
