"""What a recording outside the studio adds to the sound: a room, noise, a driven tape, and lost highs and lows."""

from functools import cache

import numpy as np
from scipy import fft

from miniband.production import RMS, room
from miniband.score import Recording

ROOM_SECONDS = 0.6  # until it is 60 dB down
ORDER = 4  # of the cuts: 24 dB an octave


def record(sound: np.ndarray, how: Recording, rate: int, first: int) -> np.ndarray:
    """Mono float32 as that recording has it; `first` is where the sound starts in the piece, in samples."""
    sound = sound * np.float32(RMS / max(1e-7, float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))))
    length = fft.next_fast_len(-(-(len(sound) + int(ROOM_SECONDS * rate)) // rate) * rate, real=True)
    if how.room:
        spectrum = fft.rfft(sound, length)
        sound = fft.irfft(spectrum * (1 + np.float32(how.room**0.5) * _tail(length, rate)), length)[: len(sound)]
    sound = sound + _hiss(how.seed, first, len(sound)) * np.float32(RMS * 10 ** (how.noise / 20))
    if how.drive:
        gain = np.float32(10 ** (how.drive / 20))
        sound = np.tanh(gain * sound) / gain
    frequency = fft.rfftfreq(length, 1 / rate).astype(np.float32)
    kept = 1 / (1 + (frequency / np.float32(how.high_cut)) ** (2 * ORDER))
    kept *= 1 - 1 / (1 + (frequency / np.float32(how.low_cut)) ** (2 * ORDER))
    return fft.irfft(fft.rfft(sound.astype(np.float32), length) * np.sqrt(kept), length)[: len(sound)].astype(
        np.float32
    )


@cache
def _tail(length: int, rate: int) -> np.ndarray:
    """Transfer function of a room's tail alone, of unit energy."""
    tail = room(1.0, ROOM_SECONDS, rate).copy()
    tail[0] = 0.0
    return fft.rfft(tail, length).astype(np.complex64)


def _hiss(seed: int, first: int, count: int) -> np.ndarray:
    """White noise of unit variance: the same at the same place of the piece, whichever window is asked for."""
    generator = np.random.PCG64(seed)
    generator.advance(first)  # one draw a sample
    return ((np.random.Generator(generator).random(count) - 0.5) * np.sqrt(12)).astype(np.float32)
