"""One catalogue as a network meets it: what its tracks sound like, and the captions and pictures that ask for them.

`ghosts.Pairs` holds whole pieces of one length; here tracks are as long as they are, and what is missing is masked.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ghostnotes.embeddings import Embeddings, TokenStates

QUERIES = ("captions", "pictures")


@dataclass(frozen=True)
class Heard:
    """The stores of one catalogue, its tracks in one order throughout.

    tracks: pooled vectors (N, d); windows: N sequences (T, d) of any length; queries: "captions" and "pictures" as
    vectors, ids "TRACK/NUMBER", where there are any; tokens: the captions' token states; joint: the captions as vectors
    in the space of the tracks, where the audio encoder reads text too.
    """

    tracks: Embeddings
    windows: TokenStates
    queries: dict[str, Embeddings]
    tokens: TokenStates | None
    joint: Embeddings | None

    def save(self, folder: Path) -> None:
        """One file a store."""
        for name, store in self._stores().items():
            store.save(Path(folder) / f"{name}.safetensors")

    @classmethod
    def load(cls, folder: Path) -> "Heard":
        """What `save` wrote. ValueError where a file is missing or damaged."""
        folder = Path(folder)

        def optional(name, kind):
            path = folder / f"{name}.safetensors"
            return kind.load(path) if path.exists() else None

        queries = {name: optional(name, Embeddings) for name in QUERIES}
        return cls(Embeddings.load(folder / "tracks.safetensors"), TokenStates.load(folder / "windows.safetensors"),
                   {name: store for name, store in queries.items() if store is not None},
                   optional("tokens", TokenStates), optional("joint", Embeddings))  # fmt: skip

    def owners(self, kind: str) -> Tensor:
        """(Q,) the row of the track that each query of this kind belongs to."""
        row = {name: number for number, name in enumerate(self.tracks.ids)}
        return torch.tensor([row[name] for name in self.queries[kind].tracks], dtype=torch.long)

    def _stores(self) -> dict:
        found = {"tracks": self.tracks, "windows": self.windows, **self.queries}
        return found | {n: s for n, s in (("tokens", self.tokens), ("joint", self.joint)) if s is not None}


def held_out(ids, share: float) -> Tensor:
    """(N,) bool: a share of the tracks, chosen by name, so that a track stays where it is when others come or go."""
    places = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64 for name in ids]
    return torch.tensor([place < share for place in places])


def usual_length(windows: TokenStates, most: int) -> int:
    """Windows of a sequence: as many as half of the tracks have, and no more than `most`."""
    return int(min(most, np.median(windows.lengths.numpy())))


def sequences(windows: TokenStates, rows, frames: int, generator=None) -> tuple[Tensor, Tensor]:
    """These tracks' windows, cut or padded to `frames`: (B, frames, d) float32 and their mask (B, frames).

    Of a longer track a stretch from a place that a torch.Generator draws, or its middle; of a shorter one all.
    """
    rows = torch.as_tensor(rows)
    lengths = windows.lengths[rows]
    ends = windows.lengths.cumsum(0)
    spare = (lengths - frames).clamp(min=0)
    if generator is None:
        first = spare // 2
    else:
        first = (torch.rand(len(rows), generator=generator) * (spare + 1)).long()
    place = torch.arange(frames)
    mask = place < lengths[:, None]
    index = (ends[rows] - lengths + first)[:, None] + torch.where(mask, place, 0)
    return windows.states[index].float() * mask[..., None], mask


def masked_losses(network, z0: Tensor, mask: Tensor, query, drop: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """`ghosts.row_losses` of a denoiser over real windows alone: z0 (B, T, d), mask (B, T) -> (B,)."""
    level, c_out = (x[:, None, None] for x in (sigma, network.scalings(sigma)[1]))
    error = (network(z0 + level * noise, sigma, query, drop, mask) - z0) / c_out
    return (error.square().mean(-1) * mask).sum(1) / mask.sum(1)


def regression(known: Tensor, answers: Tensor, asked: Tensor) -> Tensor:
    """Linear regression from queries to tracks: known (N, q), answers (N, d), asked (Q, q) -> (Q, d).

    Ridge, its penalty by leave-one-out on the known pairs (scikit-learn). Not of unit norm.
    """
    # late: only this rival needs it
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=np.logspace(-3, 3, 13)).fit(known.double().numpy(), answers.double().numpy())
    return torch.from_numpy(model.predict(asked.double().numpy())).float()


def neighbours(known: Tensor, answers: Tensor, asked: Tensor, count: int = 10) -> Tensor:
    """The mean track of the `count` nearest known queries: known (N, q), answers (N, d), asked (Q, q) -> (Q, d)."""
    nearest = (asked @ known.T).topk(min(count, len(known))).indices
    return answers[nearest].mean(1)
