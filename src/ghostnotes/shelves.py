"""What one encoder made of the tracks, while an index is being made: kept by key, in small files until all is done."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ghostnotes.datasets.audio import AudioFault, read
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.encoders import windows as windowing
from ghostnotes.encoders.protocol import slug
from ghostnotes.files import load_tensors, save_tensors
from ghostnotes.library import PARTIAL, VECTORS, WINDOWS

PIECE = 8  # tracks of an unfinished run that share a file: what a kill can cost


@dataclass(frozen=True)
class Row:
    """A track as an encoder hears it: vector (d,) float32, windows (T, d) float16, and its length in seconds."""

    vector: Tensor
    windows: Tensor
    seconds: float


class Shelf:
    """One encoder's rows by key: those of the last index, those of unfinished work, and what is encoded now."""

    def __init__(self, folder: Path, encoder):
        self.encoder, self.name = encoder, slug(encoder.name)
        self.folder, self.partial = folder / self.name, folder / PARTIAL / self.name
        self.fresh: list[str] = []
        finished = _loaded(self.folder / VECTORS, self.folder / WINDOWS)
        self.stored, self.rows = list(finished), dict(finished)
        for path in sorted(self.partial.glob("*.safetensors")):
            self.rows |= _loaded(path, path)

    @property
    def about(self) -> dict:
        """The encoder as index.json names it."""
        one = self.encoder
        return {"name": one.name, "fingerprint": one.fingerprint, "folder": self.name, "dim": one.dim, "rate": one.rate,
                "seconds": one.seconds, "hop": one.hop, "trained_on": one.trained_on}  # fmt: skip

    def key(self, item) -> str:
        """What a row is known by."""
        file = item.audio.stat()
        said = [item.id, file.st_size, file.st_mtime_ns, item.start, item.seconds, self.encoder.fingerprint]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    def take(self, item) -> str:
        """Read and encode a track, unless it is known; returns its key. AudioFault where it cannot be."""
        try:
            key = self.key(item)
        except OSError as error:
            raise AudioFault(item.audio, "missing", error.strerror) from None
        if key in self.rows:
            return key
        samples = read(item.audio, self.encoder.rate, start=item.start, seconds=item.seconds)
        windows = self.encoder.windows(samples)
        vector = windowing.pooled(windows[None])[0]
        if not torch.isfinite(windows).all() or (vector.norm() - 1).abs() > 1e-3:
            raise AudioFault(item.audio, "no embedding", f"{self.encoder.name} gives no direction, only zeros or NaN")
        self.rows[key] = Row(vector.float(), windows.half(), len(samples) / self.encoder.rate)
        self.fresh.append(key)
        if len(self.fresh) >= PIECE:
            self.put_down()
        return key

    def put_down(self) -> None:
        """Write what was encoded since the last piece."""
        if self.fresh:
            name = hashlib.sha256("".join(self.fresh).encode()).hexdigest()[:16]
            tensors = self._vectors(self.fresh) | self._windows(self.fresh)
            save_tensors(self.partial / f"{name}.safetensors", tensors, {"keys": self.fresh})
            self.fresh = []

    def save(self, ids: tuple[str, ...], keys: list[str]) -> None:
        """Write the stores of these tracks, in their order; nothing is written where nothing changed."""
        if keys == self.stored:
            return
        metadata = {"ids": ids, "encoder": self.encoder.fingerprint, "keys": keys}
        windows, vectors = self._windows(keys), self._vectors(keys)
        TokenStates(ids, windows["states"], windows["lengths"], self.encoder.fingerprint)
        Embeddings(ids, vectors["vectors"], self.encoder.fingerprint)
        save_tensors(self.folder / WINDOWS, windows, metadata)
        save_tensors(self.folder / VECTORS, vectors, metadata)

    def _vectors(self, keys) -> dict[str, Tensor]:
        rows = [self.rows[key] for key in keys]
        seconds = torch.tensor([row.seconds for row in rows], dtype=torch.float64)
        return {"vectors": torch.stack([row.vector for row in rows]), "seconds": seconds}

    def _windows(self, keys) -> dict[str, Tensor]:
        found = [self.rows[key].windows for key in keys]
        return {"states": torch.cat(found), "lengths": torch.tensor([len(windows) for windows in found])}


def _loaded(vectors: Path, windows: Path) -> dict[str, Row]:
    """Rows of two stores (or of one file that is both) by key; none where one is missing, damaged or foreign."""
    try:
        (pooled, saved), (states, also) = load_tensors(vectors), load_tensors(windows)
        pieces = dict(zip(also["keys"], states["states"].split(states["lengths"].tolist())))
        known = zip(saved["keys"], pooled["vectors"], pooled["seconds"].tolist())
        return {key: Row(vector, pieces[key], seconds) for key, vector, seconds in known if key in pieces}
    except (ValueError, KeyError, RuntimeError):
        return {}
