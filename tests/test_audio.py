"""Audio files in: every format gives the same music, and every bad file its reason."""

import os
import pickle
import re
import struct
from pathlib import Path

import files
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostnotes.datasets import audio

WHOLE = ("wav", "flac", "ogg", "opus", "mp3", "aiff")
some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Three seconds in every format: suffix -> bytes."""
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: files.tone(folder / f"x.{suffix}", 3).read_bytes() for suffix in WHOLE}


def reason(path, **options):
    """The reason that a file is refused for, checked to be one of those and told in one line that names the file."""
    with pytest.raises(audio.AudioFault) as caught:
        audio.read(path, 16000, **options)
    assert caught.value.reason in audio.REASONS
    assert os.path.basename(path) in str(caught.value) and "\n" not in str(caught.value)
    return caught.value.reason


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", WHOLE)
def test_every_format_gives_the_same_music(whole, tmp_path, suffix):
    heard = audio.read(written(tmp_path / f"x.{suffix}", whole[suffix]), 16000)
    expected = audio.read(written(tmp_path / "x.wav", whole["wav"]), 16000)
    assert heard.dtype == np.float32 and heard.shape == (48000,)
    assert np.corrcoef(heard, expected)[0, 1] > (0.9999 if suffix in ("wav", "flac", "aiff") else 0.97)


@pytest.mark.parametrize("rate", (8000, 44100, 48000))
@pytest.mark.parametrize("channels", (1, 2, 5))
def test_any_rate_and_any_channels_come_out_mono_at_the_rate_asked(tmp_path, rate, channels):
    path = files.tone(tmp_path / "x.flac", 1.5, rate, channels, frequency=330)
    heard = audio.read(path, 16000)
    mean = files.sound(1.5, 16000, channels, frequency=330).mean(axis=1)
    assert heard.shape == (24000,) and np.corrcoef(heard, mean)[0, 1] > 0.95


def test_channels_are_averaged_and_a_file_of_that_rate_is_left_as_it_is(tmp_path):
    samples = files.sound(1, 16000, 2)
    soundfile.write(tmp_path / "x.wav", samples, 16000, subtype="FLOAT")
    np.testing.assert_allclose(audio.read(tmp_path / "x.wav", 16000), samples.mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("suffix", ("mp3", "ogg", "flac"))
def test_the_same_file_twice_gives_the_same_samples(whole, tmp_path, suffix):
    path = written(tmp_path / f"x.{suffix}", whole[suffix])
    assert audio.read(path, 32000).tobytes() == audio.read(path, 32000).tobytes()


def test_a_part_of_a_file_is_that_part(tmp_path):
    path = files.tone(tmp_path / "x.wav", 4, 16000)
    np.testing.assert_array_equal(audio.read(path, 16000, start=1.5, seconds=2), audio.read(path, 16000)[24000:56000])
    assert reason(path, start=3.8) == "too short"


def test_a_part_that_the_file_does_not_hold_whole_is_truncated(tmp_path):
    path = files.tone(tmp_path / "x.wav", 4, 16000)
    assert reason(path, start=2, seconds=3) == reason(path, seconds=10) == "truncated"
    with pytest.raises(audio.AudioFault, match="2.00 s from second 2 on; 3 s of it are meant"):
        audio.read(path, 16000, start=2, seconds=3)
    assert len(audio.read(path, 16000, start=2, seconds=2.2)) == 2 * 16000  # as much as encoders may lose


def test_each_bad_file_has_its_reason_and_each_good_one_is_read(tmp_path):
    good, bad = files.folder_of_music(tmp_path)
    assert all(len(audio.read(tmp_path / name, 16000)) >= 32000 for name in good)
    assert {name: reason(tmp_path / name) for name in bad} == bad


@some
@given(st.sampled_from([s for s in WHOLE if s != "mp3"]), st.floats(0, 1, exclude_max=True))
def test_wherever_a_file_was_cut_it_is_refused(whole, tmp_path, suffix, share):
    data = whole[suffix]
    path = written(tmp_path / f"x.{suffix}", data[: int(share * len(data))])
    assert reason(path) in ("truncated", "unreadable", "empty")


@pytest.mark.parametrize("suffix", ("ogg", "opus"))
def test_an_ogg_file_that_lacks_its_last_page_or_a_part_of_it_is_truncated(whole, tmp_path, suffix):
    data = whole[suffix]
    for end in (data.rindex(b"OggS"), len(data) - 1):
        assert reason(written(tmp_path / f"x.{suffix}", data[:end])) == "truncated"


def test_a_chunk_of_an_odd_number_of_bytes_does_not_hide_the_samples(whole, tmp_path):
    wav, place = whole["wav"], whole["wav"].index(b"data")
    odd = wav[:place] + b"LIST\x05\0\0\0INFOx\0" + wav[place:]
    assert len(audio.read(written(tmp_path / "x.wav", odd), 22050)) == 3 * 22050
    assert reason(written(tmp_path / "x.wav", odd[:-100])) == "truncated"


@some
@given(st.floats(0, 1, exclude_max=True))
def test_an_mp3_loses_at_most_a_quarter_of_a_second_unnoticed(whole, tmp_path, share):
    path = written(tmp_path / "x.mp3", whole["mp3"][: int(share * len(whole["mp3"]))])
    try:
        assert len(audio.read(path, 16000)) >= 2.75 * 16000
    except audio.AudioFault as fault:
        assert fault.reason in ("truncated", "unreadable", "empty")


@some
@given(st.sampled_from(WHOLE), st.data())
def test_damage_anywhere_gives_samples_or_a_reason_and_nothing_else(whole, tmp_path, suffix, data):
    damaged = bytearray(whole[suffix])
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, min(200, len(damaged) - 1)))] = data.draw(st.integers(0, 255))
    path = written(tmp_path / f"x.{suffix}", damaged)
    try:
        heard = audio.read(path, 16000)
        assert heard.dtype == np.float32 and np.isfinite(heard).all()
    except audio.AudioFault as fault:
        assert fault.reason in audio.REASONS


@some
@given(st.binary(max_size=3000), st.sampled_from(sorted(audio.SUFFIXES)))
def test_bytes_that_are_no_music_are_refused(tmp_path, data, suffix):
    assert reason(written(tmp_path / f"x{suffix}", data)) in ("empty", "unreadable", "truncated", "too short")


@pytest.mark.parametrize(
    "riff, data", [(0xFFFFFFFF, 0xFFFFFFFF), (0, 0), (0x7FFFFFFF, 0x7FFFFFFF), (0x7FFFF024, 0x7FFFF000)]
)
def test_a_wav_that_was_written_into_a_pipe_is_read_to_its_end(whole, tmp_path, riff, data):
    wav = whole["wav"]
    place = wav.index(b"data") + 4
    streamed = wav[:4] + struct.pack("<I", riff) + wav[8:place] + struct.pack("<I", data) + wav[place + 4 :]
    assert len(audio.read(written(tmp_path / "x.wav", streamed), 22050)) == 3 * 22050


def test_a_wav_with_tags_and_no_samples_is_empty(whole, tmp_path):
    place = whole["wav"].index(b"data")
    body = whole["wav"][8:place] + b"data\0\0\0\0" + b"LIST" + struct.pack("<I", 30000) + b"INFO" + b"x" * 29996
    assert reason(written(tmp_path / "x.wav", b"RIFF" + struct.pack("<I", len(body)) + body)) == "empty"


def test_a_flac_that_does_not_say_its_length_is_read_to_its_end(whole, tmp_path):
    flac = bytearray(whole["flac"])
    flac[21] &= 0xF0  # STREAMINFO's number of samples: 36 bits
    flac[22:26] = bytes(4)
    assert len(audio.read(written(tmp_path / "x.flac", flac), 22050)) == 3 * 22050
    assert reason(written(tmp_path / "cut.flac", flac[: len(flac) // 2])) == "truncated"


@pytest.mark.parametrize("mode", ("CONSTANT", "VARIABLE"))
def test_an_mp3_without_a_table_of_contents_is_read_to_its_end(tmp_path, mode):
    rate = 22050
    noise = 0.3 * np.random.default_rng(0).standard_normal((rate // 2, 1))
    # its first frames need more bits than the rest: by them it would last half as long
    noise_first = np.concatenate([noise, files.sound(3.5, rate)]).astype(np.float32)
    soundfile.write(tmp_path / "x.mp3", noise_first, rate, bitrate_mode=mode, compression_level=0.1)
    mp3 = (tmp_path / "x.mp3").read_bytes()
    place = max(mp3.find(b"Xing", 0, 100), mp3.find(b"Info", 0, 100))
    bare = mp3[mp3.index(mp3[:2], place) :]
    tagged = b"ID3\x03\0\0\0\0\x01\x00" + bytes(128) + bare + b"TAG" + bytes(125)
    for data in (bare, tagged):
        heard = audio.read(written(tmp_path / "bare.mp3", data), rate)
        assert 4 * rate <= len(heard) < 4.2 * rate  # with the encoder's padding


def test_float_files_may_go_above_full_scale_but_not_hold_nan(tmp_path):
    loud = 3 * files.sound(1, 16000)
    soundfile.write(tmp_path / "x.wav", loud, 16000, subtype="FLOAT")
    assert np.abs(audio.read(tmp_path / "x.wav", 16000)).max() == pytest.approx(np.abs(loud).max())
    loud[100] = np.nan
    soundfile.write(tmp_path / "x.wav", loud, 16000, subtype="FLOAT")
    assert reason(tmp_path / "x.wav") == "unreadable"


def test_a_header_with_an_impossible_rate_is_refused_before_it_makes_hours(tmp_path):
    soundfile.write(tmp_path / "x.wav", files.sound(1, 16000), 1)
    assert reason(tmp_path / "x.wav") == "unreadable"


@pytest.mark.parametrize("peak, heard", [(-85, False), (-70, True)])
def test_silence_begins_80_decibels_below_full_scale(tmp_path, peak, heard):
    samples = files.sound(1, 16000)
    samples *= 10 ** (peak / 20) / np.abs(samples).max()
    soundfile.write(tmp_path / "x.wav", samples, 16000, subtype="FLOAT")
    assert len(audio.read(tmp_path / "x.wav", 16000)) if heard else reason(tmp_path / "x.wav") == "silent"


def test_what_is_no_file_has_a_reason_too(tmp_path, monkeypatch):
    (tmp_path / "folder.mp3").mkdir()
    os.mkfifo(tmp_path / "pipe.mp3")
    os.symlink(tmp_path / "nowhere", tmp_path / "link.mp3")
    reasons = {name: reason(tmp_path / name) for name in ("folder.mp3", "pipe.mp3", "link.mp3", "gone.mp3")}
    assert reasons == {
        "folder.mp3": "unreadable", "pipe.mp3": "unreadable", "link.mp3": "missing", "gone.mp3": "missing"
    }  # fmt: skip

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    path = files.tone(tmp_path / "mine.wav")
    monkeypatch.setattr("builtins.open", forbidden)
    assert reason(path) == "unreadable"


class Decoder:
    """What audioread's backends look like: two channels of 16 bits, two seconds."""

    samplerate, channels, duration = 16000, 2, 2.0

    def __init__(self, path):
        samples = files.sound(2, 16000, 2)
        data = np.round(samples * 32767).astype("<i2").tobytes()
        self.data = data[: len(data) // 2] if "cut" in str(path) else data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        return iter([self.data[:1001], self.data[1001:]])


def test_other_formats_are_read_by_what_the_platform_has(tmp_path, monkeypatch):
    audioread = pytest.importorskip("audioread", reason="the package audioread is not installed")
    for name in ("x.m4a", "cut.m4a"):
        (tmp_path / name).write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    monkeypatch.setattr(audioread, "available_backends", lambda: [Decoder])
    np.testing.assert_allclose(audio.read(tmp_path / "x.m4a", 16000), files.sound(2, 16000, 2).mean(axis=1), atol=1e-4)
    assert reason(tmp_path / "cut.m4a") == "truncated"

    def broken(path):
        raise RuntimeError("a decoder's own\ntrouble")

    for backends in ([], [broken]):
        monkeypatch.setattr(audioread, "available_backends", lambda backends=backends: backends)
        assert reason(tmp_path / "x.m4a") == "unreadable"
        with pytest.raises(audio.AudioFault, match="convert it to flac or wav"):
            audio.read(tmp_path / "x.m4a", 16000)


def test_a_pipe_has_no_length_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.wav")
    assert audio.length(tmp_path / "x.wav") is None and audio.length(tmp_path) is None


def test_every_reason_that_is_raised_is_listed():
    source = "".join(path.read_text() for path in Path(audio.__file__).parents[1].glob("**/*.py"))
    raised = set(re.findall(r'AudioFault\([^"]*, "([a-z ]+)"', source))
    assert raised <= set(audio.REASONS) and {"no embedding", "too short", "truncated"} <= raised


def test_a_fault_survives_being_sent_to_another_process(tmp_path):
    with pytest.raises(audio.AudioFault) as caught:
        audio.read(tmp_path / "x.wav", 16000)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.reason, str(again)) == (caught.value.reason, str(caught.value))
