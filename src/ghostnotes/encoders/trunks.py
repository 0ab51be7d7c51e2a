"""What looks at media: convolutions over pictures and spectrograms, and over the pitch classes of music."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes.encoders.features import MEL_BANDS, PITCH_CLASSES

CHROMA_POOL = 10  # frames: five moments a second are enough for chords


class ImageTrunk(nn.Module):
    """Strided convolutions, then mean plus maximum over what is left: (B, C, H, W) -> (B, channels[-1])."""

    def __init__(self, inputs: int, channels: list[int]):
        super().__init__()
        layers = []
        for position, outputs in enumerate(channels):
            kernel = 5 if position == 0 else 3
            layers += [nn.Conv2d(inputs, outputs, kernel, stride=2, padding=kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x.contiguous(memory_format=torch.channels_last))
        return x.mean(dim=(2, 3)) + x.amax(dim=(2, 3))


class HarmonyTrunk(nn.Module):
    """Chords, then keys, heard in every transposition alike: chroma (B, 12, F) -> (B, outputs).

    A first filter sees all twelve pitch classes of a moment (a minor chord is one pattern in any key), a second one how
    often each chord sounds above each key note. Which transposition it was is kept, or no key could be told.
    """

    def __init__(self, outputs: int, patterns: int = 32):
        super().__init__()
        self.chords = nn.Conv2d(1, patterns, (PITCH_CLASSES, 3), padding=(0, 1), bias=False)
        self.keys = nn.Conv1d(patterns, 2 * patterns, PITCH_CLASSES, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(patterns), nn.BatchNorm1d(2 * patterns)])
        self.pitch = nn.Conv1d(2 * patterns, 8, 1)
        self.head = nn.Linear(4 * patterns + 8 * PITCH_CLASSES, outputs)

    def forward(self, chroma: Tensor) -> Tensor:
        moments = _around(F.avg_pool1d(chroma, CHROMA_POOL))[:, None]
        chords = F.relu(self.norms[0](self.chords(moments))).mean(-1)
        keys = F.relu(self.norms[1](self.keys(_around(chords.transpose(1, 2)).transpose(1, 2))))
        return self.head(torch.cat([keys.mean(-1), keys.amax(-1), self.pitch(keys).flatten(1)], dim=1))


def _around(x: Tensor) -> Tensor:
    """(B, 12, C) -> (B, 23, C): pitch classes once more around the circle, for a filter of twelve."""
    return torch.cat([x, x[:, : PITCH_CLASSES - 1]], dim=1)


class AudioTrunk(nn.Module):
    """An image trunk on the mel bands plus a harmony trunk on the pitch classes: (B, 1, 76, F) -> (B, channels[-1])."""

    def __init__(self, channels: list[int]):
        super().__init__()
        self.mel = ImageTrunk(1, channels)
        self.harmony = HarmonyTrunk(channels[-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.mel(x[:, :, :MEL_BANDS]) + self.harmony(x[:, 0, MEL_BANDS:])


TRUNKS = {"audio": AudioTrunk, "pictures": lambda channels: ImageTrunk(3, channels)}
