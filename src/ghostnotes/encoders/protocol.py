"""What every encoder promises, and the lines that all of them share: windows of samples, pictures, checks of texts.

An encoder is opened by name (`registry.open_encoder`) and knows neither files of music nor catalogues. Its `name` is
the one that it was opened by; `slug(name)` is fit for a folder. Its `fingerprint` hangs on its weights alone.
"""

import re
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ghostnotes.tokens import Tokens


class AudioEncoder(Protocol):
    """Hears windows of `seconds`, one every `hop` seconds, of mono samples at `rate` Hz."""

    name: str
    fingerprint: str
    trained_on: str  # one sentence
    dim: int
    rate: int
    seconds: float
    hop: float

    def windows(self, samples: np.ndarray) -> Tensor:
        """(n,) mono float32 samples at `rate` -> (T, dim) float32, unit rows.

        Shorter than a window: looped to one window. What is left after the last whole window is not heard. ValueError
        for samples that are not mono, not finite, or none.
        """


class TextEncoder(Protocol):
    """Reads texts, as one vector each and as states of their tokens."""

    name: str
    fingerprint: str
    trained_on: str
    dim: int  # of pooled
    token_dim: int

    def pooled(self, texts) -> Tensor:
        """B texts -> (B, dim) float32, unit rows; in the space of the model's audio or pictures where it is joint."""

    def tokens(self, texts) -> Tokens:
        """B texts -> states (B, L, token_dim) float32, padded and masked. ValueError names a text without a word."""


class ImageEncoder(Protocol):
    """Looks at pictures."""

    name: str
    fingerprint: str
    trained_on: str
    dim: int

    def pictures(self, items) -> Tensor:
        """B paths or PIL images -> (B, dim) float32, unit rows. ValueError names a file that is no picture."""


def slug(name: str) -> str:
    """An encoder's name as the name of a folder: letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")


def cut(samples: np.ndarray, window: int, hop: int) -> np.ndarray:
    """(n,) samples -> (T, window) float32, one window every `hop` samples; a shorter piece is looped to one window."""
    samples = checked(samples)
    if len(samples) < window:
        samples = np.resize(samples, window)  # numpy's resize repeats
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]


def checked(samples: np.ndarray) -> np.ndarray:
    """The samples as float32. ValueError where they are not finite mono samples, or none."""
    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
        raise ValueError(f"audio encoder: expected finite mono samples, got an array of shape {samples.shape}")
    return samples


def in_batches(encode, items, batch: int) -> Tensor:
    """torch.cat of encode(items[i : i + batch]), as float32 unit rows on the CPU."""
    with torch.inference_mode():
        pieces = [encode(items[start : start + batch]) for start in range(0, len(items), batch)]
        return F.normalize(torch.cat(pieces).float(), dim=-1).cpu()


def checked_texts(texts) -> list[str]:
    """The texts as a list. ValueError for a single string, no text at all, and a text without a word."""
    if isinstance(texts, str):
        raise ValueError("text encoder: expected several texts, got one; put it into a list")
    texts = list(texts)
    if not texts:
        raise ValueError("text encoder: no text")
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"text encoder: no word in {text!r}")
    return texts


def padded(pieces: list[tuple[Tensor, Tensor]]) -> Tokens:
    """Batches of states (b, l, d) and masks (b, l), each padded for itself -> one `Tokens` of all texts."""
    states = [row[real] for batch, mask in pieces for row, real in zip(batch.float().cpu(), mask.bool().cpu())]
    lengths = torch.tensor([len(row) for row in states])
    whole = torch.nn.utils.rnn.pad_sequence(states, batch_first=True)
    return Tokens(whole, torch.arange(whole.shape[1])[None] < lengths[:, None])


def check_vocabulary(name: str, found: int, expected: int) -> None:
    """ValueError where a tokenizer is not the model's own: made anew from nothing, it knows five words.

    found: its words; expected: rows of the model's word embeddings, which may be a few more, for rounding.
    """
    if not 0.9 * expected <= found <= expected:
        raise ValueError(
            f"{name}: its tokenizer knows {found} words, the model {expected}; "
            "put the tokenizer's own files beside the weights (vocab.json and merges.txt, or tokenizer.json)"
        )


def opened(items) -> list:
    """Paths or PIL images -> RGB images, upright. ValueError names what is no picture."""
    from PIL import Image, ImageOps

    pictures = []
    for item in items:
        try:
            if not isinstance(item, Image.Image) and Path(item).exists() and not Path(item).is_file():
                raise OSError("it is no file")  # a pipe would block
            picture = item if isinstance(item, Image.Image) else Image.open(Path(item))
            pictures.append(ImageOps.exif_transpose(picture).convert("RGB"))
        except (OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError) as error:
            raise ValueError(f"{item}: not a picture that can be read ({' '.join(str(error).split())[:100]})") from None
    if not pictures:
        raise ValueError("picture encoder: no picture")
    return pictures


def picture_fault(path) -> str | None:
    """Why a file is no picture that can be read, in one line with its name; None where it is one."""
    try:
        opened([path])
    except ValueError as error:
        return str(error)
    return None
