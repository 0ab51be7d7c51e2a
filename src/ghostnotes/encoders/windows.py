"""From a track's frames to one embedding for each of its windows, and to the one that stands for the track."""

from torch import Tensor
from torch.nn import functional as F

from ghostnotes.encoders import features, joint


def embed(encoder: joint.MediaEncoder, frames: Tensor, describe: str = "encode") -> Tensor:
    """(N, F, 76) uint8 frames -> (N, T, dim): 4 s windows, one a second, each of unit norm."""

    def some(pieces: Tensor) -> Tensor:
        pieces = features.windows(pieces)
        return encoder.encode_media(features.as_image(pieces.flatten(0, 1))).unflatten(0, pieces.shape[:2])

    return joint.in_batches(some, frames, 10, describe)


def pooled(windows: Tensor) -> Tensor:
    """(N, T, dim) -> (N, dim): the mean over time, unit norm."""
    return F.normalize(windows.mean(1), dim=-1)
