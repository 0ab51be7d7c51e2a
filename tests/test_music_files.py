"""Tracks of the made corpus as files: four kinds, tags, captions and pictures beside them."""

import csv

import mutagen
import numpy as np
import pytest
import soundfile

from ghostnotes.datasets import made, music_files, rendering


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    catalogue = made.load("studio-test", {"test": 4})
    rows = [row | {"seconds": 3.0} for row in music_files.placed(catalogue, folder)]
    for row in rows:
        music_files.write_one(row)
    music_files.write_beside(catalogue, folder)
    music_files.write_broken(folder)
    return folder, catalogue, rows


def test_every_kind_of_file_holds_its_track(written):
    folder, _, rows = written
    kinds = {path.suffix for path in folder.iterdir()} - {".csv", ".png"}
    assert kinds == {".flac", ".mp3", ".ogg", ".wav"}
    for row in rows:
        samples, rate = soundfile.read(row["file"])
        original, _ = rendering.preview(row, 0.0, 3.0)
        assert rate == 32000 and abs(len(samples) - len(original)) < 3000
        spectra = [np.abs(np.fft.rfft(some[: 2 * rate], 2 * rate)) for some in (samples, original)]
        assert np.corrcoef(*spectra)[0, 1] > 0.95


def test_tags_captions_and_pictures_lie_with_the_files(written):
    folder, catalogue, rows = written
    for row in rows[:3]:  # wav carries none
        assert mutagen.File(row["file"], easy=True)["genre"] == [row["genre"]]
    with open(folder / "captions.csv", newline="") as file:
        said = list(csv.DictReader(file))
    assert [line["caption"] for line in said] == list(catalogue.captions["text"])
    assert {line["file"] for line in said} <= {path.name for path in folder.iterdir()}
    assert len(list(folder.glob("*.png"))) == 4


def test_a_folder_without_every_kind_is_said_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="no .wav among its tracks; write at least 4, one of every kind"):
        music_files.write_broken(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_not_written_again(written):
    _, _, rows = written
    path = rows[0]["file"]
    with open(path, "ab") as file:
        file.write(b"mark")
    music_files.write_one(rows[0])
    with open(path, "rb") as file:
        assert file.read().endswith(b"mark")
