"""Editing a ghost, or a real track, without losing it: back to noise part of the way, then down under another text.

GD-Retriever 4.3.2. DDIM inversion follows the ODE upwards under the original text (`samplers.invert`); how far up it
goes decides what is left of the start when the new text takes over. Its rivals here: fresh noise to the same level
(SDEdit, Meng et al. 2021) and nothing of the start at all (generating anew, `prompting.ghosts`).

Starts are (N, S, T, d), S ghosts of each of N texts or one real track, windows of unit norm. States are (N, S, T, d)
float64 in the network's standardised space, one after every depth, the number of steps that it went up.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ghostnotes import guidance, samplers
from ghostnotes.generation import KeyedNoise
from ghostnotes.tokens import Tokens

ROWS = 256  # sequences denoised at once


def last_levels(sigmas: Tensor, steps: int) -> Tensor:
    """The noise levels of the last steps of a schedule, down to its 0: (steps + 1,). No steps: 0 alone.

    sigmas: (n + 1,) descending, ending in 0. ValueError unless steps lies within 0 and n.
    """
    whole = torch.as_tensor(sigmas, dtype=torch.float64)
    if not 0 <= steps <= len(whole) - 1:
        raise ValueError(f"inversion: {steps} steps of a schedule of {len(whole) - 1}; choose 0 to {len(whole) - 1}")
    return whole[len(whole) - 1 - steps :]


@torch.no_grad()
def up(network: nn.Module, start: Tensor, original: Tokens | None, sigmas: Tensor, depths, *, omega: float = 0.0,
       iterations: int = 4) -> dict[int, Tensor]:  # fmt: skip
    """States after so many steps of DDIM inversion, for every depth; a single way up passes through all of them.

    original: the N texts under which it goes up, None for none; omega: their weight, 0 by default. A start counts as
    clean at the schedule's smallest positive level; depth 0 is the start itself. iterations: fixed-point rounds of
    every step (`samplers.invert`); 0 is plain DDIM inversion.
    """
    last_levels(sigmas, max(depths))

    def climb(denoiser, z: Tensor) -> list[Tensor]:
        found, at = [], 0
        for depth in sorted(depths):
            if depth > at:
                z = samplers.invert(denoiser, z, last_levels(sigmas, depth).flip(0)[at:], iterations=iterations)
            found, at = [*found, z], depth
        return found

    states = _each(network, original, omega, network.encode(start).double(), climb, "up")
    return dict(zip(sorted(depths), states))


def noised(network: nn.Module, start: Tensor, sigmas: Tensor, depths, *, ids, seed: int = 0) -> dict[int, Tensor]:
    """States with fresh noise of the level that so many steps start from: SDEdit. Keyed by seed and the N ids."""
    noise = KeyedNoise(seed, ids, start.shape[1], tuple(start.shape[2:]), 0).draws[:, 0].double().reshape(start.shape)
    with torch.no_grad():
        z0 = network.encode(start).double()
    return {depth: z0 + last_levels(sigmas, depth)[0] * noise for depth in depths}


@torch.no_grad()
def down(network: nn.Module, state: Tensor, edited: Tokens, sigmas: Tensor, depth: int, omega: float) -> Tensor:
    """From a state to embeddings (N, S, T, d) under the N edited texts with weight omega: the last `depth` steps."""
    levels = last_levels(sigmas, depth)
    (z,) = _each(network, edited, omega, state, lambda denoiser, z: [samplers.euler(denoiser, z, levels)], "down")
    return network.decode(z).to(network.standardiser.mean)


def edit(network: nn.Module, start: Tensor, original: Tokens | None, edited: Tokens, sigmas: Tensor, depth: int, *,
         omega: float, inverted_at: float = 0.0, iterations: int = 4) -> Tensor:  # fmt: skip
    """Up under the original texts with weight `inverted_at`, down under the edited ones with weight omega.

    Depth 0 is the start, bit for bit. Other arguments as in `up`.
    """
    if depth == 0:
        return start
    state = up(network, start, original, sigmas, [depth], omega=inverted_at, iterations=iterations)[depth]
    return down(network, state, edited, sigmas, depth, omega)


def _each(network, query, omega: float, z: Tensor, solve: Callable, describe: str) -> list[Tensor]:
    """solve(denoiser, rows of z) -> states, a chunk of rows at a time, each row under its own text."""
    flat, index = z.flatten(0, 1), torch.arange(len(z)).repeat_interleave(z.shape[1])
    parts = []
    for rows in tqdm(torch.arange(len(flat)).split(ROWS), desc=describe, unit="chunk", mininterval=1):
        own = None if query is None else query[index[rows]]
        denoiser = guidance.condition(network, None) if own is None else guidance.classifier_free(network, own, omega)
        parts.append(solve(denoiser, flat[rows]))
    return [torch.cat(states).reshape(z.shape) for states in zip(*parts)]
