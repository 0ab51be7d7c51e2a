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

SOLVERS = ("euler_maruyama", "heun", "euler")


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
        return self.draws[:, step + 1].to(z)


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
    rows: int = 2500,
    progress: bool = False,
) -> Tensor:
    """Seed embeddings for every guidance strength, query and sample: (W, Q, S, *shape) float32, unit norm.

    queries: (Q, query_dim), or None for unconditional samples, whose number the ids then give. ids: Q names, by
    default "0", "1", ...; they key the noise. guide(denoiser, rows) -> denoiser adds a control; rows (B,) are the
    queries' indices. sigmas: by default 32 Karras levels. rows: how many z are denoised at once. Raises ValueError
    for an omega that is not finite, no samples, or an unknown solver.
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
    sigmas = samplers.karras_sigmas(32) if sigmas is None else torch.as_tensor(sigmas)
    shape = (prior.dim,) if shape is None else shape
    chunk = max(1, rows // samples)
    out = torch.empty(len(omegas), count, samples, *shape)
    bar = tqdm(total=count * len(omegas), desc="generate", unit="query", disable=not progress)
    with bar, torch.no_grad():
        for start in range(0, count, chunk):
            span = range(start, min(start + chunk, count))
            noise = KeyedNoise(seed, [ids[i] for i in span], samples, shape, len(sigmas) - 1)
            index = torch.tensor(span).repeat_interleave(samples)
            for w, omega in enumerate(omegas):
                query = None if queries is None else queries[index]
                denoiser = guidance.classifier_free(prior, query, omega if query is not None else -1.0)
                denoiser = denoiser if guide is None else guide(denoiser, index)
                z = _solve(solver, denoiser, noise, len(index), shape, sigmas)
                out[w, span.start : span.stop] = prior.decode(z).reshape(len(span), samples, *shape).float()
                bar.update(len(span))
    return out


def _solve(solver: str, denoiser, noise: KeyedNoise, rows: int, shape: tuple[int, ...], sigmas: Tensor) -> Tensor:
    z = sigmas[0].double() * noise(-1, torch.empty(rows, *shape, dtype=torch.float64))
    if solver == "euler_maruyama":
        return samplers.euler_maruyama(denoiser, z, sigmas, noise)
    return getattr(samplers, solver)(denoiser, z, sigmas)
