"""The sound of the room and the desk: one filter a production, then loudness and fades."""

from functools import cache

import numpy as np
from scipy import fft

RMS = 0.1  # of the whole clip, -20 dB below full scale
KNEE = 0.7  # above this the limiter bends
FADE_IN, FADE_OUT = 0.005, 0.25  # seconds

# production -> (low shelf dB, high shelf dB, room share, seconds until the room is 60 dB down)
PRODUCTIONS_TABLE = {
    "dry": (0.0, 0.0, 0.0, 0.1),
    "bright": (-2.0, 7.0, 0.12, 0.5),
    "warm": (3.0, -9.0, 0.15, 0.7),
    "spacious": (0.0, 1.0, 0.5, 2.0),
}


@cache
def room(share: float, seconds: float, rate: int) -> np.ndarray:
    """Impulse response: the direct sound and a decaying noise of energy `share`, the same noise for everyone."""
    noise = np.random.Generator(np.random.PCG64(20)).random(int(seconds * rate)) - 0.5
    time = np.arange(len(noise)) / rate
    tail = noise * np.exp(-6.9 * time / seconds) * np.minimum(1.0, time / 0.012)
    tail *= np.sqrt(share / max(1e-12, np.sum(tail**2)))
    tail[0] = 1.0
    return tail


@cache
def _response(production: str, length: int, rate: int) -> np.ndarray:
    """The production's transfer function for a transform of that length."""
    low, high, share, seconds = PRODUCTIONS_TABLE[production]
    frequency = fft.rfftfreq(length, 1 / rate)
    shelf = 1 / (1 + (frequency / 250.0) ** 2)
    decibels = low * shelf + high * (1 - 1 / (1 + (frequency / 2500.0) ** 2))
    return (fft.rfft(room(share, seconds, rate), length) * 10 ** (decibels / 20)).astype(np.complex64)


def produce(dry: np.ndarray, production: str, rate: int) -> np.ndarray:
    """Equalised and put in the room; same length (the room's tail beyond the end is cut)."""
    if production == "dry":
        return dry
    # one length for clips of nearly the same duration, so that the filter is computed once
    tail = int(PRODUCTIONS_TABLE[production][3] * rate)
    length = fft.next_fast_len(-(-(len(dry) + tail) // rate) * rate, real=True)
    wet = fft.irfft(fft.rfft(dry, length) * _response(production, length, rate), length)
    return wet[: len(dry)].astype(np.float32)


def level(sound: np.ndarray) -> np.ndarray:
    """At the corpus's loudness, peaks bent softly below 1; silence stays silence."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    if rms < 1e-7:
        return np.zeros_like(sound)
    sound = sound * np.float32(RMS / rms)
    peaks = sound[loud := np.abs(sound) > KNEE]
    sound[loud] = np.copysign(KNEE + (0.99 - KNEE) * np.tanh((np.abs(peaks) - KNEE) / (0.99 - KNEE)), peaks)
    return sound


def fade(sound: np.ndarray, rate: int) -> np.ndarray:
    """Short fades at both ends, so that nothing clicks."""
    sound = sound.copy()
    rising = min(int(FADE_IN * rate), len(sound))
    falling = min(int(FADE_OUT * rate), len(sound))
    sound[:rising] *= np.linspace(0, 1, rising, dtype=np.float32)
    sound[len(sound) - falling :] *= np.linspace(1, 0, falling, dtype=np.float32)
    return sound
