"""Queries x guidance strengths x samples -> embeddings: layout, chunks, noise.

The noise of a seed embedding depends on (seed, query id, sample, step) and on nothing else. The same query therefore
starts from the same noise at every omega (differences are paired), in any chunk, order or company.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ghostnotes import guidance, samplers

STOCHASTIC = ("euler_maruyama", "dpm_solver_2m_sde")
SOLVERS = (*STOCHASTIC, "heun", "euler")


def steps_within(solver: str, evaluations: int) -> int:
    """Steps that so many evaluations of the denoiser pay for: one a step; Heun's take two, but the last to sigma 0."""
    return (evaluations + 1) // 2 if solver == "heun" else evaluations


class KeyedNoise:
    """Standard normal noise named by (seed, query id, sample): callable(step, z) -> like z; step -1 is the start.

    One stream a row, so rows can be split, reordered or repeated without changing any of them. All steps are drawn at
    once: ids x samples x (steps + 1) x shape float32.
    """

    def __init__(self, seed: int, ids: Sequence[str], samples: int, shape: tuple[int, ...], steps: int):
        draws = np.empty((len(ids) * samples, steps + 1, *shape), dtype=np.float32)
        for row, (name, sample) in enumerate((name, sample) for name in ids for sample in range(samples)):
            digest = hashlib.sha256(f"{seed}/{name}/{sample}".encode()).digest()
            stream = np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64)))
            draws[row] = stream.standard_normal((steps + 1, *shape), dtype=np.float32)
        self.draws = torch.from_numpy(draws)

    def __call__(self, step: int, z: Tensor) -> Tensor:
        """The noise of a step for rows ids x samples, or for several such blocks, to each block the same."""
        noise = self.draws[:, step + 1].to(z)
        return noise.repeat(len(z) // len(noise), *[1] * (z.ndim - 1))


@torch.no_grad()
def generate(
    prior,
    queries: Tensor | None,
    omegas: Sequence[float],
    samples: int,
    *,
    seed: int,
    ids: Sequence[str] | None = None,
    guide: Callable | None = None,
    sigmas: Tensor | None = None,
    solver: str = "euler_maruyama",
    shape: tuple[int, ...] | None = None,
    rows: int = 500,
    progress: bool = False,
) -> Tensor:
    """Seed embeddings for every guidance strength, query and sample: (W, Q, S, *shape) float32, unit norm.

    queries: (Q, query_dim), or None for unconditional samples, whose number the ids then give. ids: Q names, by
    default "0", "1", ...; they key the noise. guide(denoiser, rows) -> denoiser adds a control; rows (B,) are the
    queries' indices, one for each z of a batch. sigmas: by default 32 Karras levels. rows: how many z are denoised at
    once; queries, omegas and samples share a batch, and all samples of a query at one omega stay together. Raises
    ValueError for an omega that is not finite, no samples, or an unknown solver.
    """
    if queries is None and ids is None:
        raise ValueError("generate: without queries, ids must say how many samples to draw and name their noise")
    count = len(queries) if queries is not None else len(ids)
    ids = [str(i) for i in range(count)] if ids is None else [str(i) for i in ids]
    if len(ids) != count or len(set(ids)) != count:
        raise ValueError(f"generate: {count} queries need {count} different ids, got {len(set(ids))}")
    if samples < 1 or solver not in SOLVERS:
        raise ValueError(f"generate: need samples >= 1 and a solver of {SOLVERS}, got {samples} and {solver!r}")
    if not np.isfinite(omegas).all():
        raise ValueError(f"generate: guidance strengths must be finite numbers, got {list(omegas)}")
    sigmas = samplers.karras_sigmas(32) if sigmas is None else torch.as_tensor(sigmas, dtype=torch.float64)
    shape = (prior.dim,) if shape is None else shape
    prior = prior.at_levels(sigmas) if hasattr(prior, "at_levels") else prior
    strengths = torch.as_tensor(omegas, dtype=torch.float64)
    together = max(1, min(len(strengths), rows // samples))  # omegas of a batch
    chunk = max(1, rows // (together * samples))  # queries of a batch
    out = torch.empty(len(strengths), count, samples, *shape)
    bar = tqdm(total=count * len(strengths), desc="generate", unit="query", disable=not progress)
    with bar:
        for first in range(0, count, chunk):
            span = slice(first, min(first + chunk, count))
            noise = KeyedNoise(seed, ids[span], samples, shape, len(sigmas) - 1 if solver in STOCHASTIC else 0)
            for some in torch.arange(len(strengths)).split(together):
                index = torch.arange(count)[span].repeat_interleave(samples).repeat(len(some))
                omega = strengths[some].repeat_interleave(len(index) // len(some))
                if queries is None:
                    denoiser = guidance.condition(prior, None)
                else:
                    denoiser = guidance.classifier_free(prior, queries[index], omega)
                denoiser = denoiser if guide is None else guide(denoiser, index)
                z = _solve(solver, denoiser, noise, (len(index), *shape), sigmas)
                out[some, span] = prior.decode(z).reshape(len(some), -1, samples, *shape).float()
                bar.update(len(index) // samples)
    return out


def _solve(solver: str, denoiser, noise: Callable, shape: tuple[int, ...], sigmas: Tensor) -> Tensor:
    z = sigmas[0] * noise(-1, torch.empty(shape, dtype=torch.float64))
    return getattr(samplers, solver)(denoiser, z, sigmas, *[noise] * (solver in STOCHASTIC))
