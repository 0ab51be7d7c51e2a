"""Tracks heard in part: which windows are observed, which are to be imagined, and rivals that imagine without noise.

A window is 4 s and one begins every second, so each shares sound with three on either side (`GAP`). What is observed
and what is imagined are never closer than that: otherwise the answer could be read off the question.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ghostnotes import generation, pairs, samplers
from ghostnotes.datasets.made import genre_masses
from ghostnotes.encoders.features import WINDOW, WINDOW_HOP
from ghostnotes.encoders.windows import pooled
from ghostnotes.outcomes import TEMPO

GAP = WINDOW // WINDOW_HOP - 1


@dataclass(frozen=True)
class Task:
    """Windows that are observed and windows that are asked for, as numbers; between them at least `GAP` others."""

    frames: int
    observed: tuple[int, ...]
    hidden: tuple[int, ...]

    @property
    def mask(self) -> Tensor:
        """(T, 1), 1.0 where a window is observed, as `guidance.observe` takes it."""
        mask = torch.zeros(self.frames, 1)
        mask[list(self.observed)] = 1.0
        return mask

    def part(self, windows: Tensor) -> Tensor:
        """The asked part of windows (..., T, dim) as one unit vector, (..., dim)."""
        return pooled(windows[..., list(self.hidden), :].flatten(0, -3)).unflatten(0, windows.shape[:-2])


def tasks(frames: int) -> dict[str, Task]:
    """By name: "continue" hears the first 3/8, "fill_in" and "bridge" a fifth at either end.

    ValueError where there are too few windows for that.
    """
    start, edge = frames * 3 // 8, frames // 5
    found = {"continue": Task(frames, tuple(range(start)), tuple(range(start + GAP, frames)))}
    middle = tuple(range(edge + GAP, frames - edge - GAP))
    found |= dict.fromkeys(("fill_in", "bridge"), Task(frames, (*range(edge), *range(frames - edge, frames)), middle))
    if not edge or not all(task.hidden for task in found.values()):
        raise ValueError(f"{frames} windows are too few: with a gap of {GAP} nothing is left to imagine")
    return found


def observed(windows: Tensor, real: Tensor, task: Task) -> Tensor:
    """How like the real ones the observed windows came out: mean cosine, (N, S, T, dim) and (N, T, dim) -> (N,)."""
    seen = list(task.observed)
    return torch.einsum("nstd,ntd->nst", windows[:, :, seen], real[:, seen]).mean((1, 2))


def coherence(windows: Tensor, task: Task) -> Tensor:
    """Is it one track? Cosine of the observed windows, as completed, with the asked part: (..., T, dim) -> (...)."""
    seen = Task(task.frames, (), task.observed).part(windows)
    return (seen * task.part(windows)).sum(-1)


def bridged(one: Tensor, other: Tensor, task: Task) -> Tensor:
    """The end of one track where a bridge starts, and the start of the other where it ends: (N, T, dim) like both."""
    edge = len(task.observed) // 2
    values = torch.zeros_like(one)
    values[:, :edge], values[:, -edge:] = one[:, -edge:], other[:, :edge]
    return values


def imagined(network, ids, guide, samples: int, steps: int, *, frames: int = 16, queries=None, seed: int = 0,
             solver: str = "euler", rows: int = 256) -> Tensor:  # fmt: skip
    """Windows (N, samples, T, dim), unit norm, without a text or under `queries` (plainly: omega 0).

    guide(denoiser, index) -> denoiser; index (B,) says whose row each z is. Noise is keyed by seed and ids, so that all
    controls start from the same.
    """
    omega = -1.0 if queries is None else 0.0
    return generation.generate(network, queries, [omega], samples, seed=seed, ids=ids, guide=guide, solver=solver,
                               sigmas=samplers.ddim_sigmas(steps), shape=(frames, network.dim), rows=rows,
                               progress=True)[0]  # fmt: skip


def ridge(known: Tensor, asked: Tensor, task: Task) -> Tensor:
    """Linear regression from the observed windows to the asked part: known (N, T, dim), asked (Q, T, dim) -> (Q, dim).

    Ridge, as `pairs.regression` chooses its penalty. Not of unit norm.
    """
    heard, ours = (some[:, list(task.observed)].flatten(1) for some in (known, asked))
    return pairs.regression(heard, task.part(known), ours)


def neighbours(known: Tensor, asked: Tensor, task: Task, count: int = 5) -> Tensor:
    """The mean asked part of the known tracks whose observed windows are most alike, (Q, dim), unit norm."""
    ours, theirs = (some[:, list(task.observed)].flatten(1) for some in (asked, known))
    nearest = (ours @ theirs.T).topk(min(count, len(known)), dim=1).indices
    return torch.nn.functional.normalize(task.part(known)[nearest].mean(1), dim=-1)


def rivals(asked: pd.DataFrame, tracks: pd.DataFrame) -> np.ndarray:
    """Which tracks are hard to tell from each asked one, (Q, N) bool: a genre in common, about the tempo, the same kit.

    A track is a rival of itself: its row among `tracks` is the right answer.
    """
    shared = (genre_masses(asked) @ genre_masses(tracks).T > 0).numpy()
    ours, theirs = asked["tempo"].to_numpy()[:, None], tracks["tempo"].to_numpy()[None]
    same_kit = asked["drums"].to_numpy()[:, None] == tracks["drums"].to_numpy()[None]
    return shared & (np.abs(theirs - ours) <= TEMPO * ours) & same_kit
