import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest

from miniband import soundfont
from miniband.attributes import PRODUCTIONS, draw
from miniband.composer import compose
from miniband.production import RMS, fade, level
from miniband.randomness import stream
from miniband.renderer import RATE, SoundFontError, render
from miniband.score import Note, Score

SECONDS = 4.0


def score_of(number, seconds=8.0):
    return compose(draw(stream("sound", number)), number, seconds)


def digest(sound):
    return sha256(sound.tobytes()).hexdigest()


@pytest.mark.parametrize("number", range(8))
def test_sound_is_neither_clipped_nor_silent_nor_long(number):
    sound = render(score_of(number), 1.0, SECONDS)
    assert sound.dtype == np.float32 and sound.shape == (round(SECONDS * RATE),)
    assert np.isfinite(sound).all() and np.abs(sound).max() < 1.0
    assert 0.6 * RMS < np.sqrt(np.mean(sound.astype(float) ** 2)) < 1.05 * RMS
    assert sound[0] == 0 and sound[-1] == 0


def test_rendering_does_not_depend_on_what_was_rendered_before():
    scores = [score_of(number) for number in range(3)]
    forwards = [digest(render(score, 0, SECONDS)) for score in scores]
    backwards = [digest(render(score, 0, SECONDS)) for score in reversed(scores)]
    assert forwards == backwards[::-1]


def test_another_process_renders_the_same_bytes_and_needs_no_audio_device():
    code = (
        "import sys\nfrom hashlib import sha256\nfrom miniband.attributes import draw\n"
        "from miniband.composer import compose\n"
        "from miniband.randomness import stream\nfrom miniband.renderer import render\n"
        "s = compose(draw(stream('sound', 1)), 1, 8.0)\nprint(sha256(render(s, 0, 4.0).tobytes()).hexdigest())\n"
        "assert 'pyaudio' not in sys.modules"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == digest(render(score_of(1), 0, SECONDS))


def test_a_window_sounds_like_that_part_of_the_whole():
    score = Score(
        tuple(Note(i * 0.5, i * 0.5 + 0.4, 60 + i, 100, "lead") for i in range(12)), {"lead": 0}, (), 6.0, "dry"
    )
    whole, part = render(score), render(score, 2.0, 2.0)
    inside = slice(RATE // 4, -RATE // 2)
    cut = whole[2 * RATE : 4 * RATE][inside]
    assert np.corrcoef(cut, part[inside])[0, 1] > 0.98


def test_productions_sound_different():
    score = score_of(2)
    sounds = [render(Score(score.notes, score.programs, score.sections, 8.0, name), 0, SECONDS) for name in PRODUCTIONS]
    spectra = [np.abs(np.fft.rfft(sound)) ** 2 for sound in sounds]
    frequency = np.fft.rfftfreq(len(sounds[0]), 1 / RATE)
    bright = {name: float((s[frequency > 3000].sum()) / s.sum()) for name, s in zip(PRODUCTIONS, spectra, strict=True)}
    assert bright["bright"] > bright["dry"] > bright["warm"]


def test_a_pitch_is_the_pitch_that_was_asked_for():
    score = Score((Note(0.0, 2.0, 69, 100, "lead"),), {"lead": 73}, (), 2.0, "dry")  # a flute's A at 440 Hz
    spectrum = np.abs(np.fft.rfft(render(score)[RATE // 4 : RATE + RATE // 4]))
    assert abs(int(spectrum.argmax()) - 440) <= 4


def test_windows_outside_the_score_are_refused():
    for start, seconds in ((-1, 2), (0, 9), (7, 2), (2, 0), (8, None)):
        with pytest.raises(ValueError, match="outside the score's 8 s"):
            render(score_of(1), start, seconds)


def test_levelling_keeps_silence_and_bends_peaks():
    assert not level(np.zeros(100, np.float32)).any()
    spike = np.zeros(10_000, np.float32)
    spike[50] = -3
    assert -1 < level(spike).min() < -0.9
    assert fade(np.ones(100, np.float32), RATE).shape == (100,)


def test_a_foreign_sound_font_is_one_clear_line(tmp_path):
    foreign = tmp_path / "TimGM6mb.sf2"
    foreign.write_bytes(b"RIFF of something else")
    with pytest.raises(
        SoundFontError, match="has sha256 .* expected 82475b91a76d.*install the pinned pretty_midi"
    ) as caught:
        soundfont.checked_bytes(foreign)
    assert "\n" not in str(caught.value)


def test_a_missing_sound_font_is_one_clear_line(tmp_path):
    with pytest.raises(SoundFontError, match="cannot be read .*: install the pinned") as caught:
        soundfont.checked_bytes(tmp_path / "none.sf2")
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(soundfont, "find_spec", lambda name: None)
    with pytest.raises(SoundFontError, match="pretty_midi.* is not installed: install"):
        soundfont.sound_font_path()
