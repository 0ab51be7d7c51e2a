"""Pages: captions cannot inject HTML, players are real and small."""

import base64
import io
import re

import numpy as np
import soundfile

from ghostnotes import listening
from ghostnotes.datasets import made


def tone(seconds=1.0, rate=32000):
    return np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate).astype(np.float32) * 0.5


def test_a_player_holds_the_sound():
    data = re.search(r"base64,([^\"]+)", listening.player(tone(), 32000)).group(1)
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    spectrum = np.abs(np.fft.rfft(sound))
    assert 0.95 < len(sound) / rate < 1.15
    assert abs(np.argmax(spectrum) * rate / len(sound) - 440) < 5


def test_a_player_is_small_and_the_same_bytes_every_time():
    assert listening.player(tone(4), 32000) == listening.player(tone(4), 32000)
    assert len(listening.player(tone(4), 32000)) < 60_000


def test_a_track_is_described_from_any_kind_of_row():
    table = made.load("studio-test", {"test": 3}).tracks
    said = {listening.describe(row) for row in (table.iloc[0], table.iloc[0].to_dict(), next(table.itertuples()))}
    assert len(said) == 1 and table.iloc[0]["mode"] in said.pop()


def test_captions_are_escaped_and_players_are_not():
    caption, forged = "<script>alert(1)</script>", '<audio controls src="x">'
    rows = [{"<b>": caption, "two": forged, "listen": listening.player(tone(), 32000)}]
    page = listening.table(rows).data
    assert "<script>" not in page and "&lt;script&gt;" in page and "<b>" not in page
    assert page.count("<audio controls") == 1
