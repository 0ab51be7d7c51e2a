"""The store: ids, vectors, and which encoder made them. It refuses what would spoil a result silently.

One safetensors file, its sha256 beside it. Pooled vectors are unit-norm; the windows that were pooled are kept.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ghostnotes.files import load_tensors, save_tensors


@dataclass(frozen=True)
class Embeddings:
    """Pooled vectors (N, d), unit norm, of the items named by ids; windows (N, T, d) where the item is a sequence.

    encoder: the fingerprint of the weights that made them. Raises ValueError for NaN, zero or duplicate rows.
    """

    ids: tuple[str, ...]
    vectors: Tensor
    encoder: str
    windows: Tensor | None = None
    _rows: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "_rows", {name: row for row, name in enumerate(self.ids)})
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors):
            raise ValueError(f"embeddings: {len(self.ids)} ids for vectors of shape {tuple(self.vectors.shape)}")
        if len(self._rows) != len(self.ids):
            seen = set()
            twice = next(name for name in self.ids if name in seen or seen.add(name))
            raise ValueError(f"embeddings: the id {twice!r} stands twice")
        self._refuse(~torch.isfinite(self.vectors).all(1), "is not finite (NaN or infinite)")
        self._refuse((self.vectors.norm(dim=1) - 1).abs() > 1e-3, "is not of unit norm")
        if self.windows is not None and not torch.isfinite(self.windows).all():
            self._refuse(~torch.isfinite(self.windows).flatten(1).all(1), "has a window that is not finite")

    def _refuse(self, bad: Tensor, why: str) -> None:
        if bad.any():
            row = int(bad.nonzero()[0])
            raise ValueError(f"embeddings: row {row} ({self.ids[row]!r}) {why}; {int(bad.sum())} such rows")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tracks(self) -> list[str]:
        """The track that each row belongs to, where ids name a track's captions or pictures: "TRACK/NUMBER"."""
        return [name.rsplit("/", 1)[0] for name in self.ids]

    def at(self, ids) -> Tensor:
        """Vectors of these ids, in their order: (len(ids), d). ValueError names an id that is not stored."""
        missing = [name for name in ids if name not in self._rows]
        if missing:
            raise ValueError(f"embeddings: no vector for {missing[0]!r} ({len(missing)} ids missing)")
        return self.vectors[[self._rows[name] for name in ids]]

    def only(self, ids) -> "Embeddings":
        """The store of these ids alone, in their order. ValueError names an id that is not stored."""
        ids = tuple(ids)
        vectors = self.at(ids)
        windows = None if self.windows is None else self.windows[[self._rows[name] for name in ids]]
        return Embeddings(ids, vectors, self.encoder, windows)

    def save(self, path: Path) -> None:
        """Write the store and its checksum, atomically."""
        tensors = {"vectors": self.vectors} | ({} if self.windows is None else {"windows": self.windows})
        save_tensors(path, tensors, {"ids": self.ids, "encoder": self.encoder})

    @classmethod
    def load(cls, path: Path) -> "Embeddings":
        """Read a store. ValueError in one line, naming the file, where it is missing, damaged or holds bad rows."""
        tensors, metadata = load_tensors(path)
        try:
            return cls(metadata["ids"], tensors["vectors"], metadata["encoder"], tensors.get("windows"))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error


@dataclass(frozen=True)
class TokenStates:
    """A text encoder's states, one vector a token, texts of any length end to end: states (sum L, d), lengths (N,)."""

    ids: tuple[str, ...]
    states: Tensor
    lengths: Tensor
    encoder: str

    def __post_init__(self):
        object.__setattr__(self, "ids", tuple(self.ids))
        if len(self.ids) != len(self.lengths) or int(self.lengths.sum()) != len(self.states):
            raise ValueError("token states: ids, lengths and states do not fit together")
        if not torch.isfinite(self.states).all():
            raise ValueError("token states: a state is not finite (NaN or infinite)")

    def padded(self, rows) -> tuple[Tensor, Tensor]:
        """States of these rows, padded with zeros: (B, L, d) float32, and their mask (B, L), True at real tokens."""
        starts = np.concatenate([[0], np.cumsum(self.lengths.numpy())])
        pieces = [self.states[starts[row] : starts[row + 1]].float() for row in rows]
        states = torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True)
        lengths = self.lengths[torch.as_tensor(rows)]
        return states, torch.arange(states.shape[1])[None] < lengths[:, None]

    def save(self, path: Path) -> None:
        """Write states, lengths and checksum, atomically."""
        save_tensors(path, {"states": self.states, "lengths": self.lengths}, {"ids": self.ids, "encoder": self.encoder})

    @classmethod
    def load(cls, path: Path) -> "TokenStates":
        """Read a store. ValueError in one line, naming the file, where it is missing or damaged."""
        tensors, metadata = load_tensors(path)
        try:
            return cls(metadata["ids"], tensors["states"], tensors["lengths"], metadata["encoder"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
