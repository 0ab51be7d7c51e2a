"""Indexes: what is encoded is kept, what cannot be read is set aside by name, and a killed run goes on."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import files
import numpy as np
import pytest
import soundfile
import tiny_models
import torch
from scratch import ROOT, environment

from ghostnotes.datasets.audio import read
from ghostnotes.datasets.items import Catalogue, Fault, Item
from ghostnotes.encoders.mini import MiniAudio
from ghostnotes.files import sha256
from ghostnotes.library import PARTIAL, Library, index
from ghostnotes.retriever import Retriever

RATE = 8000


class Ear:
    """A small audio encoder that counts what it hears: spectra of 1 s windows, one every half second."""

    rate, seconds, hop, dim, trained_on = RATE, 1.0, 0.5, 5, "nothing"

    def __init__(self, name="ear", fingerprint="ear-1"):
        self.name, self.fingerprint, self.heard = name, fingerprint, 0

    def windows(self, samples):
        self.heard += 1
        samples = np.resize(samples, max(len(samples), RATE))
        cut = np.lib.stride_tricks.sliding_window_view(samples, RATE)[:: RATE // 2]
        bands = torch.from_numpy(np.abs(np.fft.rfft(cut))[:, :4000].reshape(len(cut), 5, 800).sum(2))
        return torch.nn.functional.normalize(bands.float(), dim=-1)


def tone(path, frequency=440.0, seconds=2.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)
    soundfile.write(path, wave + 0.01 * np.random.default_rng(int(frequency)).standard_normal(len(wave)), RATE)


@pytest.fixture
def music(tmp_path):
    """A folder of five tracks, two of them in a folder of its own."""
    for number in range(5):
        tone(tmp_path / "music" / ("b" if number > 2 else "") / f"{number}.wav", 300 + 400 * number, 1.5 + number)
    return tmp_path / "music"


def catalogue(root, faults=(), **about):
    paths = sorted(root.rglob("*.wav"))
    items = [Item(path.relative_to(root).as_posix(), path, ("a tone",), about=about) for path in paths]
    return Catalogue("tones", root, tuple(items), tuple(faults))


def content(folder):
    return {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_index_holds_vectors_windows_and_words_of_every_track(music, tmp_path):
    library = index(catalogue(music, title="Tone", genre="x"), [Ear()], tmp_path / "index", progress=False)
    assert library.table["id"].tolist() == ["0.wav", "1.wav", "2.wav", "b/3.wav", "b/4.wav"]
    assert library.table.loc[3, ["path", "seconds", "title", "genre", "caption"]].tolist() == [
        "b/3.wav", "4.5", "Tone", "x", "a tone"]  # fmt: skip
    tracks, windows = library.tracks("ear"), library.windows("ear")
    assert tracks.vectors.shape == (5, 5) and tracks.encoder == "ear-1"
    assert windows.lengths.tolist() == [2, 4, 6, 8, 10] and windows.states.dtype == torch.float16
    mean = windows.padded([4])[0][0].mean(0)
    assert torch.allclose(torch.nn.functional.normalize(mean, dim=0), tracks.vectors[4], atol=1e-3)
    heard = Ear().windows(read(music / "b" / "4.wav", RATE)).mean(0)
    assert torch.allclose(torch.nn.functional.normalize(heard, dim=0), tracks.vectors[4], rtol=0, atol=1e-6)
    assert Library.open(tmp_path / "index").about["encoders"][0]["trained_on"] == "nothing"
    assert not (tmp_path / "index" / PARTIAL).exists()


def test_what_cannot_be_read_is_set_aside_with_its_reason_and_stops_nothing(music, tmp_path):
    (music / "1.wav").write_bytes(b"")
    (music / "2.wav").write_text("no sound at all")
    tone(music / "short.wav", seconds=0.1)
    soundfile.write(music / "silent.wav", np.zeros(RATE), RATE)
    listed = catalogue(music, [Fault("../x.wav", "outside", "leads out")])
    listed = Catalogue("tones", music, (*listed.items, Item("gone", None)), listed.faults)
    library = index(listed, [Ear()], tmp_path / "index", progress=False)
    aside = dict(zip(library.quarantine["id"], library.quarantine["reason"]))
    assert aside == {"../x.wav": "outside", "gone": "missing", "1.wav": "empty", "2.wav": "unreadable",
                     "short.wav": "too short", "silent.wav": "silent"}  # fmt: skip
    assert library.quarantine["detail"].all()
    assert library.table["id"].tolist() == ["0.wav", "b/3.wav", "b/4.wav"]
    assert library.about["counts"]["indexed"] == 3 and library.about["counts"]["set aside"] == 6


def test_an_encoder_without_an_answer_sets_the_track_aside(music, tmp_path):
    class Deaf(Ear):
        def windows(self, samples):
            found = super().windows(samples)
            return found * float("nan") if self.heard == 2 else found

    library = index(catalogue(music), [Deaf()], tmp_path / "index", progress=False)
    assert library.quarantine[["id", "reason"]].values.tolist() == [["1.wav", "no embedding"]]


def test_a_part_of_a_file_is_what_is_encoded(music, tmp_path):
    items = [Item(f"{start}", music / "b" / "4.wav", start=start, seconds=2.0) for start in (0.0, 3.0, 60.0)]
    library = index(Catalogue("parts", music, tuple(items)), [Ear()], tmp_path / "index", progress=False)
    assert library.table["seconds"].tolist() == ["2", "2"]
    assert library.quarantine["reason"].tolist() == ["too short"]


@pytest.mark.parametrize("change", [{"start": 1.0}, {"seconds": 3.0}, {"id": "other"}])
def test_another_part_of_a_file_or_another_name_for_it_is_heard_again(music, tmp_path, change):
    item = Item("one", music / "b" / "4.wav", start=0.0, seconds=2.0)
    for one, count in ((item, 1), (item, 0), (dataclasses.replace(item, **change), 1)):
        ear = Ear()
        library = index(Catalogue("parts", music, (one,)), [ear], tmp_path / "index", progress=False)
        assert ear.heard == count
    assert library.table["seconds"].tolist() == [str(int(change.get("seconds", 2.0)))]


def test_a_second_run_encodes_nothing_and_changes_no_byte(music, tmp_path):
    (music / "bad.wav").write_text("no sound")
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    before, again, stores = content(tmp_path / "index"), Ear(), sorted((tmp_path / "index" / "ear").iterdir())
    written = [path.stat().st_mtime_ns for path in stores]
    index(catalogue(music), [again], tmp_path / "index", progress=False)
    assert again.heard == 0 and content(tmp_path / "index") == before
    assert [path.stat().st_mtime_ns for path in stores] == written  # gigabytes, in a large index


def test_only_what_changed_is_encoded_again_and_what_is_gone_leaves(music, tmp_path):
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    tone(music / "0.wav", 2000, 1.5)
    os.utime(music / "0.wav", ns=(1, 1))  # of the same size: its date alone tells
    (music / "1.wav").unlink()
    tone(music / "new.wav", 900)
    ear = Ear()
    library = index(catalogue(music), [ear], tmp_path / "index", progress=False)
    assert ear.heard == 2
    assert library.table["id"].tolist() == ["0.wav", "2.wav", "b/3.wav", "b/4.wav", "new.wav"]
    fresh = index(catalogue(music), [Ear()], tmp_path / "fresh", progress=False)
    assert content(library.folder) == content(fresh.folder)


def test_other_weights_of_an_encoder_encode_everything_again(music, tmp_path):
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    ear = Ear(fingerprint="ear-2")
    library = index(catalogue(music), [ear], tmp_path / "index", progress=False)
    assert ear.heard == 5 and library.tracks("ear").encoder == "ear-2"


def test_several_encoders_index_the_same_tracks(music, tmp_path):
    names = ["ear", "open_clip:a/b:c"]
    ears = [Ear(name, f"{number}") for number, name in enumerate(names)]
    library = index(catalogue(music), ears, tmp_path / "index", progress=False)
    assert library.encoders == names
    assert library.tracks(names[0]).ids == library.tracks(names[1]).ids
    inside = [path for path in library.folder.rglob("*") if path.is_dir()]
    assert len(inside) == 2 and all(path.parent == library.folder for path in inside)
    with pytest.raises(ValueError, match="not by clap; index again"):
        library.tracks("clap")
    with pytest.raises(ValueError, match="each but once"):
        index(catalogue(music), [Ear(), Ear()], tmp_path / "other", progress=False)


def test_an_index_stopped_by_an_error_keeps_what_was_encoded(music, tmp_path):
    class Breaks(Ear):
        def windows(self, samples):
            if self.heard == 3:
                raise KeyboardInterrupt
            return super().windows(samples)

    with pytest.raises(KeyboardInterrupt):
        index(catalogue(music), [Breaks()], tmp_path / "index", progress=False)
    with pytest.raises(ValueError, match="only an unfinished one"):
        Library.open(tmp_path / "index")
    ear = Ear()
    index(catalogue(music), [ear], tmp_path / "index", progress=False)
    assert ear.heard == 2


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-9]), Path.unlink])
@pytest.mark.parametrize("name", ["tracks.safetensors", "windows.safetensors"])
def test_a_damaged_store_is_said_in_one_line_and_made_again(music, tmp_path, name, damage):
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    before = content(tmp_path / "index")
    damage(tmp_path / "index" / "ear" / name)
    with pytest.raises(ValueError, match=name) as error:
        library = Library.open(tmp_path / "index")
        library.tracks("ear"), library.windows("ear")
    assert "dvc" not in str(error.value)
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    assert content(tmp_path / "index") == before


def test_a_table_of_other_tracks_than_the_vectors_is_refused(music, tmp_path):
    library = index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    table = library.folder / "tracks.csv"
    table.write_text(table.read_text().replace("b/3.wav,b/3.wav", "b/5.wav,b/3.wav"))
    with pytest.raises(ValueError, match="half renewed"):
        Library.open(library.folder).tracks("ear")
    table.write_text("id\n")
    with pytest.raises(ValueError, match="not a whole index"):
        Library.open(library.folder)


def test_an_index_goes_neither_among_the_music_nor_over_anything_else(music, tmp_path):
    with pytest.raises(ValueError, match="outside"):
        index(catalogue(music), [Ear()], music / "index", progress=False)
    assert not (music / "index").exists()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to a friend.txt").touch()
    for folder, why in (("letters", "no index"), ("letters/to a friend.txt", "is a file")):
        with pytest.raises(ValueError, match=why):
            index(catalogue(music), [Ear()], tmp_path / folder, progress=False)


@pytest.mark.parametrize("name", ["partial/ear/mine.txt", "partial/to a friend.txt", "index.json"])
def test_a_persons_own_folder_is_not_taken_for_an_index(music, tmp_path, name):
    own = tmp_path / "own" / name
    own.parent.mkdir(parents=True)
    own.write_text('{"mine": 1}')
    before = content(tmp_path / "own")
    with pytest.raises(ValueError, match="holds something that is no index.*choose another folder"):
        index(catalogue(music), [Ear()], tmp_path / "own", progress=False)
    assert content(tmp_path / "own") == before


def test_a_run_killed_while_it_saves_goes_on(music, tmp_path):
    library = index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    before = content(library.folder)
    (library.folder / PARTIAL).mkdir()
    for name in ("index.json", "tracks.csv"):
        (library.folder / name).unlink()
    ear = Ear()
    index(catalogue(music), [ear], library.folder, progress=False)
    assert ear.heard == 0 and content(library.folder) == before


def test_an_index_of_other_music_is_not_replaced_while_that_is_there(music, tmp_path):
    other = tmp_path / "other" / "music"
    tone(other / "x.wav")
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    before = content(tmp_path / "index")
    with pytest.raises(ValueError, match=f"the index of {music}; choose another folder by --to, or delete it"):
        index(catalogue(other), [Ear()], tmp_path / "index", progress=False)
    assert content(tmp_path / "index") == before
    music.rename(tmp_path / "moved")
    moved = index(catalogue(tmp_path / "moved"), [Ear()], tmp_path / "index", progress=False)
    assert moved.root == tmp_path / "moved"


def test_texts_and_names_with_any_line_end_come_back_as_they_were(music, tmp_path):
    texts = ["old mac\rline", 'a "b" \r\n c', "\n", "\r", "plain"]
    items = [Item(f"{number}\r{text}", music / "0.wav", (text,)) for number, text in enumerate(texts)]
    faults = (Fault("bad\rname", "outside", "x\ry"),)
    library = index(Catalogue("ends", music, tuple(items), faults), [Ear()], tmp_path / "index", progress=False)
    assert library.table["caption"].tolist() == texts
    assert library.table["id"].tolist() == [item.id for item in items] == list(library.tracks("ear").ids)
    assert library.quarantine.values.tolist() == [["bad\rname", "outside", "x\ry"]]


def _without(*keys):
    def edit(folder):
        about = json.loads((folder / "index.json").read_text())
        (folder / "index.json").write_text(json.dumps({key: about[key] for key in about if key not in keys}))

    return edit


def _renamed(file, old, new):
    return lambda folder: (folder / file).write_text((folder / file).read_text().replace(old, new, 1))


def _by_none(folder):
    _without("encoders")(folder)
    _renamed("index.json", "{", '{"encoders": [],')(folder)


@pytest.mark.parametrize(("damage", "why"), [
    (lambda folder: (folder / "index.json").write_text("[]"), "no index"),
    (lambda folder: (folder / "index.json").write_text('{"counts": 3}'), "no index"),
    (lambda folder: (folder / "index.json").write_bytes(b"\xff\xfe\x00"), "no index"),
    (_without("encoders"), "no index"),
    (_without("root"), "no index"),
    (_by_none, "no index"),
    (_renamed("index.json", '"folder": "ear"', '"folder": "../ear"'), "no index"),
    (_renamed("tracks.csv", "id,path", "name,path"), "has no column id"),
    (_renamed("tracks.csv", "genre", "kind"), "has no column genre"),
    (_renamed("quarantine.csv", "reason", "why"), "has no column reason"),
])  # fmt: skip
def test_an_index_that_is_none_is_refused_in_one_line(music, tmp_path, damage, why):
    folder = index(catalogue(music), [Ear()], tmp_path / "index", progress=False).folder
    damage(folder)
    with pytest.raises(ValueError, match=why) as error:
        Library.open(folder)
    assert str(error.value).startswith(str(folder)) and "\n" not in str(error.value)


def test_an_encoder_that_is_left_out_of_an_index_is_named(music, tmp_path, capsys):
    index(catalogue(music), [Ear(), Ear("nose")], tmp_path / "index", progress=False)
    assert not capsys.readouterr().err
    index(catalogue(music), [Ear()], tmp_path / "index", progress=False)
    assert capsys.readouterr().err.count("made by nose too") == 1


def test_a_folder_without_one_good_track_says_why(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.wav").write_bytes(b"")
    with pytest.raises(ValueError, match="no track .* 1 set aside; the first: a.wav: 0 bytes"):
        index(catalogue(tmp_path / "music"), [Ear()], tmp_path / "index", progress=False)


# A child that indexes as a person does, but hears its sixth track for ever: whoever kills it kills it midway.
STUCK = """
import time
from ghostnotes import cli, shelves
from ghostnotes.encoders.mini import MiniAudio
hear, heard = MiniAudio.windows, []
def windows(self, samples):
    heard.append(len(samples))
    if len(heard) == 6:
        time.sleep(120)
    return hear(self, samples)
MiniAudio.windows, shelves.PIECE = windows, 2
cli.main()
"""


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path, monkeypatch):
    good, bad = files.folder_of_music(tmp_path / "music")
    tiny_models.mini(tmp_path / "build", "muscall-mini")
    surroundings = environment(tmp_path / "network.log", ROOT / "src")
    command = [sys.executable, "-c", STUCK, "index", "music", "--to", "killed"]
    child = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stderr=subprocess.DEVNULL)
    partial, killed = tmp_path / "killed" / PARTIAL / "muscall-mini", tmp_path / "killed"
    while len(list(partial.glob("*.safetensors.sha256"))) < 2:
        assert child.poll() is None, "it stopped by itself"
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (killed / "index.json").exists() and not (killed / "tracks.csv").exists()

    hear, heard = MiniAudio.windows, []
    monkeypatch.setattr(MiniAudio, "windows", lambda self, samples: heard.append(1) or hear(self, samples))
    monkeypatch.chdir(tmp_path)
    done = Retriever.of("music", killed, models=Path("build"), progress=False).library
    assert len(heard) == len(good) - 4
    whole = Retriever.of("music", "whole", models=Path("build"), progress=False).library
    assert content(killed) == content(Path("whole")) and len(heard) == 2 * len(good) - 4
    assert sorted(whole.table["id"]) == sorted(good)
    assert dict(zip(done.quarantine["id"], done.quarantine["reason"])) == bad
    assert {Path(name).suffix for name in good} == {".wav", ".flac", ".ogg", ".mp3", ".aiff"}
