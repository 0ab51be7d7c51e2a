"""Audio -> log-mel frames, the pictures that the audio encoders look at; sequences -> windows."""

import functools

import numpy as np
import torch
from torch import Tensor

RATE = 32000  # Hz
HOP = 640  # samples: 50 frames a second
BANDS = 64
FRAMES_PER_SECOND = RATE // HOP
WINDOW = 4 * FRAMES_PER_SECOND  # frames: encoders look at 4 s at a time ...
WINDOW_HOP = FRAMES_PER_SECOND  # ... once a second
FLOOR, CEILING = -8.0, 2.0  # log10 of mel power; what 0 and 255 stand for


@functools.cache
def _filters() -> Tensor:
    from librosa.filters import mel

    return torch.from_numpy(mel(sr=RATE, n_fft=2048, n_mels=BANDS, fmin=30, fmax=RATE / 2))


def log_mel(audio: np.ndarray) -> np.ndarray:
    """Mono samples at 32 kHz -> (frames, 64) uint8 log-mel power, 50 frames a second; 0..255 span 100 dB."""
    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise ValueError(f"log_mel: expected finite mono samples, got an array of shape {audio.shape}")
    samples = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))
    spectrum = torch.stft(samples, 2048, HOP, window=torch.hann_window(2048), return_complex=True)
    power = _filters() @ spectrum.abs().square()
    scaled = (power.clamp_min(1e-10).log10() - FLOOR) / (CEILING - FLOOR)
    return (scaled.clamp(0, 1) * 255).round().to(torch.uint8).T[: len(audio) // HOP].numpy()


def windows(frames: Tensor) -> Tensor:
    """(N, F, 64) frames -> (N, T, 200, 64): 4 s windows, one a second. A view, nothing is copied."""
    if frames.shape[1] < WINDOW:
        raise ValueError(f"windows: {frames.shape[1]} frames are shorter than one window of {WINDOW}")
    return frames.unfold(1, WINDOW, WINDOW_HOP).transpose(2, 3)


def as_image(frames: Tensor) -> Tensor:
    """(B, 200, 64) uint8 log-mel -> (B, 1, 64, 200) float, about zero mean and unit spread."""
    return (frames.transpose(1, 2)[:, None].float() - 128) / 64
