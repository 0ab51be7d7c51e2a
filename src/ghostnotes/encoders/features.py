"""Audio -> frames of log-mel and chroma, the pictures that the audio encoders look at; sequences -> windows."""

import functools

import numpy as np
import torch
from torch import Tensor

RATE = 32000  # Hz
HOP = 640  # samples: 50 frames a second
MEL_BANDS = 64
PITCH_CLASSES = 12
BANDS = MEL_BANDS + PITCH_CLASSES
FRAMES_PER_SECOND = RATE // HOP
WINDOW = 4 * FRAMES_PER_SECOND  # frames: encoders look at 4 s at a time ...
WINDOW_HOP = FRAMES_PER_SECOND  # ... once a second
FLOOR, CEILING = -8.0, 2.0  # log10 of mel power; what 0 and 255 stand for
CHROMA_FRAMES = 5  # frames that share a chroma: 10 a second
CHROMA_FFT = 4096  # 64 mel bands tell no minor third from a major one below 1 kHz; these bins do


@functools.cache
def _mel_filters() -> Tensor:
    from librosa.filters import mel

    return torch.from_numpy(mel(sr=RATE, n_fft=2048, n_mels=MEL_BANDS, fmin=30, fmax=RATE / 2))


@functools.cache
def _chroma_filters() -> Tensor:
    from librosa.filters import chroma

    return torch.from_numpy(chroma(sr=RATE, n_fft=CHROMA_FFT, n_chroma=PITCH_CLASSES, ctroct=4.5)).float()


def _power(samples: Tensor, size: int, hop: int) -> Tensor:
    return torch.stft(samples, size, hop, window=torch.hann_window(size), return_complex=True).abs().square()


def log_mel(samples: Tensor) -> Tensor:
    """(n,) samples -> (frames, 64) in 0..1: log power of mel bands; 0..1 spans 100 dB."""
    power = _mel_filters() @ _power(samples, 2048, HOP)
    scaled = (power.clamp_min(1e-10).log10() - FLOOR) / (CEILING - FLOOR)
    return scaled.clamp(0, 1).T[: len(samples) // HOP]


def chroma(samples: Tensor) -> Tensor:
    """(n,) samples -> (frames, 12) in 0..1: amplitude of the pitch classes C to B, the loudest of each moment at 1."""
    power = _chroma_filters() @ _power(samples, CHROMA_FFT, HOP * CHROMA_FRAMES)
    shares = (power / power.amax(0).clamp_min(1e-9)).sqrt()
    return shares.T.repeat_interleave(CHROMA_FRAMES, 0)[: len(samples) // HOP]


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """Mono samples at 32 kHz -> (frames, 76) uint8, 50 frames a second: 64 mel bands, then 12 pitch classes."""
    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise ValueError(f"spectrogram: expected finite mono samples, got an array of shape {audio.shape}")
    samples = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))
    both = torch.cat([log_mel(samples), chroma(samples)], dim=1)
    return (both * 255).round().to(torch.uint8).numpy()


def windows(frames: Tensor) -> Tensor:
    """(N, F, 76) frames -> (N, T, 200, 76): 4 s windows, one a second. A view, nothing is copied."""
    if frames.shape[1] < WINDOW:
        raise ValueError(f"windows: {frames.shape[1]} frames are shorter than one window of {WINDOW}")
    return frames.unfold(1, WINDOW, WINDOW_HOP).transpose(2, 3)


def random_windows(frames: Tensor, generator: torch.Generator) -> Tensor:
    """(B, F, 76) uint8 -> (B, 1, 76, 200) float: a window of every track, each from a moment of its own."""
    starts = torch.randint(frames.shape[1] - WINDOW + 1, (len(frames),), generator=generator)
    return as_image(torch.stack([f[s : s + WINDOW] for f, s in zip(frames, starts.tolist())]))


def disturb(images: Tensor, generator: torch.Generator) -> Tensor:
    """Another recording of the same music: another level and tilt of the spectrum, and a band that is faint.

    images: (B, 1, 76, F) as `as_image` makes them. What a self-supervised encoder is asked to hear through.
    """
    level, tilt = (0.15 * torch.randn(len(images), 1, 1, 1, generator=generator) for _ in range(2))
    low = torch.randint(MEL_BANDS - 8, (len(images), 1), generator=generator)
    bands = torch.arange(BANDS)
    faint = (bands >= low) & (bands < low + 8) & (torch.rand(len(images), 1, generator=generator) < 0.5)
    slope = (bands.clamp(max=MEL_BANDS) / MEL_BANDS - 0.5)[:, None] * (bands < MEL_BANDS)[:, None]
    mel = (bands < MEL_BANDS)[:, None].float()
    return torch.where(faint[:, None, :, None], -1.0, images + mel * level + slope * tilt)


def as_image(frames: Tensor) -> Tensor:
    """(B, 200, 76) uint8 frames -> (B, 1, 76, 200) float, about zero mean and unit spread."""
    return (frames.transpose(1, 2)[:, None].float() - 128) / 64


def as_picture(pixels: Tensor) -> Tensor:
    """(B, 64, 64, 3) uint8 RGB -> (B, 3, 64, 64) float, about zero mean and unit spread."""
    return (pixels.permute(0, 3, 1, 2).float() - 128) / 64
