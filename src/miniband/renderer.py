"""A score to sound, by a General MIDI sound font; the same bytes in every process and order."""

import numpy as np

from miniband.production import fade, level, produce
from miniband.recording import record
from miniband.score import CHANNELS, Score
from miniband.soundfont import SoundFontError, synthesizer

__all__ = ["RATE", "SoundFontError", "render"]

RATE = 32_000  # samples a second
BLOCK = 128  # samples: events happen at block boundaries, every 4 ms
PRE_ROLL = 0.75  # seconds played before the start, so that a clip from the middle has its ringing notes
DRUM_CHANNEL = CHANNELS["drums"]


def render(score: Score, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """The score from `start` for `seconds` (to its end where None): mono float32 in [-1, 1] at RATE.

    Loudness is normalised over what is returned. Raises ValueError for a window outside the score and SoundFontError
    for a missing or foreign sound font.
    """
    if seconds is None:
        seconds = score.seconds - start
    if start < 0 or seconds <= 0 or start + seconds > score.seconds + 1e-6:
        raise ValueError(f"window {start:g} + {seconds:g} s is outside the score's {score.seconds:g} s")
    first = round(start * RATE)
    first_block = max(0, first - round(PRE_ROLL * RATE)) // BLOCK
    last = first + round(seconds * RATE)
    dry = _play(score, first_block, -(-last // BLOCK))
    wet = produce(dry, score.production, RATE)
    if score.recording:
        wet = record(wet, score.recording, RATE, first_block * BLOCK)
    skipped = first - first_block * BLOCK
    return fade(level(wet[skipped : skipped + last - first]), RATE)


def _play(score: Score, first: int, last: int) -> np.ndarray:
    """What the synthesizer plays from block `first` to before block `last`, mono, at its own level."""
    synth, font = synthesizer(RATE)
    _silence(synth)
    for part, program in score.programs.items():
        channel = CHANNELS[part]
        synth.program_select(channel, font, 0, program, channel == DRUM_CHANNEL)
    played, done = [], first
    for block, events in [*sorted(_events(score, first, last).items()), (last, [])]:
        if block > done:
            played.append(bytes(synth.generate((block - done) * BLOCK)))
            done = block
        for sounding, channel, pitch, velocity in sorted(events):
            if sounding:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
    left, right = np.frombuffer(b"".join(played), dtype=np.float32).reshape(-1, 2).T
    return (left + right) / 2


def _events(score: Score, first: int, last: int) -> dict[int, list[tuple]]:
    """Block -> [(on, channel, pitch, velocity)]; notes off sort before notes on.

    A note that already sounds at block `first` is struck there, unless it is a drum's.
    """
    events: dict[int, list[tuple]] = {}
    for note in score.notes:
        channel = CHANNELS[note.part]
        on = round(note.start * RATE / BLOCK)
        off = max(on + 1, round(note.end * RATE / BLOCK))
        if off <= first or on >= last or (channel == DRUM_CHANNEL and on < first):
            continue
        events.setdefault(max(on, first), []).append((1, channel, note.pitch, note.velocity))
        if off < last:
            events.setdefault(off, []).append((0, channel, note.pitch, 0))
    return events


def _silence(synth) -> None:
    """Ends all that an earlier clip left in the synthesizer.

    Without all three steps voices of the clip before leak into this one.
    """
    synth.sounds_off()
    for font in synth.soundfonts.values():
        font.reset()
    synth.generate(RATE // 4)
