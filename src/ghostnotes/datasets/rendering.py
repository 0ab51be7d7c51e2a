"""From rows of the made corpus to arrays: spectrograms, pictures, previews. The only module that knows `miniband`."""

import numpy as np

from ghostnotes.encoders.features import spectrogram
from miniband.corpus import track_audio
from miniband.pictures import Picture, paint
from miniband.production import KNEE
from miniband.renderer import RATE


def track_frames(row: dict) -> np.ndarray:
    """Compose and render one track: (frames, 76) uint8 log-mel and chroma."""
    return spectrogram(track_audio(row))


def picture_pixels(row: dict) -> np.ndarray:
    """Paint one picture: (64, 64, 3) uint8."""
    return paint(Picture.from_row(row))


def preview(row: dict, start: float = 6.0, seconds: float = 4.0) -> tuple[np.ndarray, int]:
    """A few seconds of one track to listen to: (mono samples, rate in Hz)."""
    return track_audio(row, start, seconds), RATE


def sound_levels(row: dict) -> np.ndarray:
    """Loudness of one track: (rms in dB of full scale, peak in 0..1, share of samples that the limiter bends)."""
    audio = np.abs(track_audio(row).astype(np.float64))
    return np.array([20 * np.log10(np.sqrt(np.mean(audio**2))), audio.max(), np.mean(audio > KNEE)])
