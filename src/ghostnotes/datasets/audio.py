"""Audio files as samples: any kind, any rate, any number of channels; one reason where a file cannot be used.

wav, flac, Ogg (Vorbis, Opus), mp3 and aiff are read by libsndfile; what it does not know is tried with what the
platform has (audioread: Core Audio, GStreamer, MAD or ffmpeg).
"""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from ghostnotes.datasets import containers

REASONS = ("missing", "outside", "unreadable", "empty", "truncated", "silent", "too short", "no embedding")
SUFFIXES = frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .aiff .aif .aifc "  # by libsndfile, and checked for what was cut off
    ".m4a .aac .wma .webm .mka .ape .wv".split()  # by what the platform has
)
SILENCE = 1e-4  # largest sample: -80 dB below full scale
SLACK = 0.25  # seconds that may lack at the end: encoders count an mp3's delays and padding differently
LOWEST_RATE = 4000  # Hz; a header that says less is damaged, and would make hours of seconds
BLOCK = 1 << 16  # samples a channel decoded at a time
UNKNOWN = 1 << 62  # libsndfile's frames where a stream does not say how many it has


class AudioFault(ValueError):
    """A file that cannot be used. reason: one of REASONS; detail: what was found; as text one line with the file."""

    def __init__(self, path, reason: str, detail: str):
        super().__init__(str(path), reason, detail)
        self.reason, self.detail = reason, " ".join(str(detail).split())

    def __str__(self):
        return " ".join(f"{self.args[0]}: {self.reason}: {self.detail}".split())


def read(
    path, rate: int, *, seconds_at_least: float = 0.5, start: float = 0.0, seconds: float | None = None
) -> np.ndarray:
    """Samples (n,) float32 at `rate` Hz, the channels' mean; of the whole file, or of `seconds` from `start`.

    The same file gives the same samples. Float files may go above full scale. Raises AudioFault, also where the part
    that is meant is shorter than `seconds_at_least`, or ends clearly before its `seconds`.
    """
    path = Path(path)
    _look_at(path)
    samples, own_rate = _decoded(path)
    if not len(samples):
        raise AudioFault(path, "empty", "no samples")
    if own_rate < LOWEST_RATE:
        raise AudioFault(path, "unreadable", f"its header says {own_rate} Hz, which is no rate of music")
    if not np.isfinite(samples).all():
        raise AudioFault(path, "unreadable", "it holds samples that are not numbers (NaN or infinite)")
    first = round(start * own_rate)
    samples = samples[first : None if seconds is None else first + round(seconds * own_rate)]
    if len(samples) < seconds_at_least * own_rate:
        found, where = len(samples) / own_rate, f" from second {start:g} on" if start else ""
        raise AudioFault(path, "too short", f"{found:.2f} s{where}; at least {seconds_at_least:g} s are needed")
    if seconds is not None and (found := len(samples) / own_rate) < seconds - SLACK:
        raise AudioFault(path, "truncated", f"{found:.2f} s from second {start:g} on; {seconds:g} s of it are meant")
    if np.abs(samples).max() < SILENCE:
        raise AudioFault(path, "silent", "nothing in it is louder than -80 dB below full scale")
    return samples if own_rate == rate else soxr.resample(samples, own_rate, rate)


def length(path) -> float | None:
    """Seconds of a file by its header; None where libsndfile cannot tell, and for what is no file."""
    if not Path(path).is_file():  # a pipe would block
        return None
    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError):
        return None
    return info.frames / info.samplerate if info.frames < UNKNOWN else None


def _look_at(path: Path) -> None:
    """The faults that show before anything is decoded."""
    try:
        if not path.exists():
            raise AudioFault(path, "missing", "there is no such file")
        if not path.is_file():  # a pipe would block, too
            raise AudioFault(path, "unreadable", "it is no file")
        if path.stat().st_size == 0:
            raise AudioFault(path, "empty", "0 bytes")
        lost = containers.cut_short(path)
    except OSError as error:
        raise AudioFault(path, "unreadable", error.strerror or error) from None
    if lost:
        raise AudioFault(path, "truncated", lost)


def _decoded(path: Path) -> tuple[np.ndarray, int]:
    """All samples (n,) float32, the channels' mean, and their rate."""
    decoding, blocks = False, []
    try:
        with containers.opened(path) as stream:
            decoding = True
            rate, frames, kind = stream.samplerate, stream.frames, stream.format
            while len(block := stream.read(BLOCK, dtype="float32", always_2d=True)):
                blocks.append(block.mean(axis=1))
    except soundfile.SoundFileError as error:
        if decoding:
            why = str(error).removeprefix("Error : ")
            raise AudioFault(path, "truncated", f"the decoder stops before the end: {why}") from None
        return _decoded_elsewhere(path)
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    if kind == "MP3":
        _refuse_early_end(path, len(samples) / rate, containers.mp3_seconds(path) or 0, SLACK)
    elif frames < UNKNOWN:
        _refuse_early_end(path, len(samples) / rate, frames / rate)
    return samples, rate


def _decoded_elsewhere(path: Path) -> tuple[np.ndarray, int]:
    """The same by what the platform has."""
    # late: few collections hold such files
    import audioread

    try:
        with audioread.audio_open(str(path)) as source:
            rate, channels, lasts = source.samplerate, source.channels, source.duration
            data = b"".join(source)
        samples = np.frombuffer(data, "<i2").reshape(-1, channels).mean(axis=1, dtype=np.float32) / np.float32(32768)
    except Exception:  # a platform's decoder may raise anything; a bad file must stop nothing
        hint = "nothing here decodes it; if it plays elsewhere, convert it to flac or wav"
        raise AudioFault(path, "unreadable", hint) from None
    if path.suffix.lower() == ".m4a":  # there the length is written down; elsewhere it may be a guess
        _refuse_early_end(path, len(samples) / rate, lasts, SLACK)
    return samples, rate


def _refuse_early_end(path: Path, found: float, promised: float, slack: float = 0.0) -> None:
    """AudioFault where there are fewer seconds than promised."""
    if found < promised - slack:
        raise AudioFault(path, "truncated", f"it promises {promised:.2f} s and holds {found:.2f} s")
