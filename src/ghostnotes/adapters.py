"""The data-matched teacher: a joint model, fitted to the ghosts' own training pairs by a small network on top.

GD-Retriever trains on pairs that its teacher never saw, so a gain over the teacher may be the data's and not the
diffusion's. An adapter on the frozen teacher, trained on the same pairs, tells the two apart. The paper has none.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes.encoders.joint import MediaEncoder
from ghostnotes.files import load_weights

SIDES = ("text", "both")


class Adapter(nn.Module):
    """Unit vectors of a joint space plus what one hidden layer (GELU) says of them; untrained it changes nothing.

    sides: "text" leaves the audio where it is, so that the ghosts' own gallery is searched; "both" moves it too.
    """

    def __init__(self, dim: int, hidden: int, sides: str = "text", dropout: float = 0.0):
        super().__init__()
        if sides not in SIDES:
            raise ValueError(f"an adapter's sides are one of {', '.join(SIDES)}, got {sides!r}")
        names = ("text",) if sides == "text" else ("text", "audio")
        self.moves = nn.ModuleDict({name: self._layers(dim, hidden, dropout) for name in names})
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    @staticmethod
    def _layers(dim: int, hidden: int, dropout: float) -> nn.Sequential:
        last = nn.Linear(hidden, dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), last)

    def encode_text(self, x: Tensor) -> Tensor:
        """The teacher's text vectors (..., dim) -> adapted ones, unit norm."""
        return self._moved("text", x)

    def encode_audio(self, x: Tensor) -> Tensor:
        """The teacher's audio vectors (..., dim) -> adapted ones, unit norm; as they are where only texts move."""
        return self._moved("audio", x)

    def loss(self, texts: Tensor, audio: Tensor) -> Tensor:
        """The teacher's own loss: row i of texts must find row i of audio among the batch's, and vice versa."""
        return MediaEncoder.contrastive_loss(self, self.encode_text(texts), self.encode_audio(audio))

    def _moved(self, side: str, x: Tensor) -> Tensor:
        return F.normalize(x + self.moves[side](x), dim=-1) if side in self.moves else x


def batch(captions: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Different tracks (size,) and one caption of each: no two captions of a track, which would be called wrong.

    captions: (tracks, captions of a track) row numbers; size is cut to the number of tracks.
    """
    tracks = torch.randperm(len(captions), generator=generator)[:size]
    return tracks, captions[tracks, torch.randint(captions.shape[1], (len(tracks),), generator=generator)]


def load(path: Path) -> Adapter:
    """A trained adapter in evaluation mode."""
    return load_weights(path, lambda saved: Adapter(**saved["shape"]))[0]
