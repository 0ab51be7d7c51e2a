"""Ghost queries: what a trained network imagines for a text, made a query to the gallery. GD-Retriever 4.1.

A ghost is a track that does not exist, window by window in the space of the audio encoder; the mean over several ghosts
and over time asks for the real ones. `ghost_metrics` says what they are worth.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes import generation, ladder, samplers
from ghostnotes.ghosts import Pairs
from ghostnotes.mlp import MLPRegression
from ghostnotes.unet import UNetRegression


@torch.no_grad()
def imagine(network: nn.Module, pairs: Pairs, omega: float, samples: int, steps: int, seed: int = 0, **more) -> Tensor:
    """Ghosts of every text, each averaged over time: (Q, samples, dim), not of unit norm.

    DDIM with `steps` steps of AudioLDM2's schedule, noise keyed by seed and the texts' ids, guided by the text with
    weight omega (GD-Retriever eq. 3: w). more: for `generate`. A regression has one answer and no noise, guided with
    the same weight: (Q, 1, dim).
    """
    if isinstance(network, (UNetRegression, MLPRegression)):
        chunks = torch.arange(len(pairs)).split(256)
        answers = [ladder.guided_regression(network, pairs.queries[rows], omega) for rows in chunks]
        return in_time(torch.cat(answers)[:, None])
    sigmas, shape = samplers.ddim_sigmas(steps), tuple(pairs.tracks.shape[1:])
    found = generation.generate(network, pairs.queries, [omega], samples, seed=seed, ids=pairs.ids, sigmas=sigmas,
                                solver="euler", shape=shape, **more)  # fmt: skip
    return in_time(found[0])


def in_time(ghosts: Tensor) -> Tensor:
    """Ghosts as sequences (Q, S, T, dim) -> their means over time (Q, S, dim); vectors stay as they are."""
    return ghosts.mean(-2) if ghosts.ndim == 4 else ghosts


def query_vectors(ghosts: Tensor) -> Tensor:
    """Ghosts (Q, S, dim) or (Q, S, T, dim) -> their mean over samples and time, unit norm: (Q, dim)."""
    return F.normalize(in_time(ghosts).mean(1), dim=-1)
