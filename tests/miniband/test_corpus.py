import csv
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from miniband import corpus
from miniband.__main__ import main
from miniband.attributes import FAMILIES, GENRES
from miniband.pictures import Picture
from miniband.reading import read
from miniband.renderer import RATE

SMALL = {"studio-pretrain": 6, "studio-train": 5, "studio-val": 3, "studio-test": 4, "studio-twins": 7, "crowd-test": 3,
         "lofi-gallery": 4, "general-pretrain": 3}  # fmt: skip
DATA = Path(__file__).parents[2] / "data"
PINNED = "03358e68d86b301a4a46140f2fab8f697ab78640560b60e3d1affc5e204f0e05"


def digests(folder):
    return {str(f.relative_to(folder)): sha256(f.read_bytes()).hexdigest() for f in sorted(folder.rglob("*.csv"))}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    corpus.write(folder, SMALL)
    return folder


def test_writing_is_pinned_and_repeatable(small, tmp_path):
    corpus.write(tmp_path, SMALL)
    assert digests(tmp_path) == digests(small)
    together = sha256("".join(digests(small).values()).encode()).hexdigest()
    assert together == PINNED


def test_the_files_in_data_are_what_the_code_writes(tmp_path):
    assert main(["write", str(tmp_path)]) == 0
    written, kept = digests(tmp_path), digests(DATA)
    assert written == {name: kept.get(name) for name in written}


def test_files_are_small_utf8_with_unix_lines(small):
    for file in [*small.rglob("*.csv"), *(DATA / name for name in digests(small))]:
        content = file.read_bytes()
        assert len(content) < 3_000_000 and b"\r" not in content and content.endswith(b"\n")
        content.decode("utf-8")


def rows_of(folder, kind, name):
    """The rows of a file, as text."""
    with open(folder / kind / f"{name.replace('-', '/')}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["studio-val", "studio-twins", "lofi-test"])
def test_a_larger_split_only_adds_rows(tmp_path, name):
    corpus.write(tmp_path / "few", {name: 7})
    corpus.write(tmp_path / "many", {name: 16})
    for few in (tmp_path / "few").rglob("*/*/*.csv"):
        many = tmp_path / "many" / few.relative_to(tmp_path / "few")
        assert many.read_text().startswith(few.read_text())


def test_rows_are_linked_by_id(small):
    for name, size in SMALL.items():
        domain, split = name.split("-")
        ids = [row["id"] for row in rows_of(small, "tracks", name)]
        assert len(ids) == len(set(ids)) == size and all(i.startswith(name) for i in ids)
        for kind, count in (("captions", corpus.CAPTIONS.get(split, 0)), ("pictures", corpus.PICTURES.get(split, 0))):
            count = 0 if kind == "pictures" and domain in corpus.UNSEEN else count
            assert (small / kind / domain / f"{split}.csv").exists() == bool(count)
            if count:
                assert [row["id"] for row in rows_of(small, kind, name)] == [i for i in ids for _ in range(count)]


def test_captions_mention_what_their_text_says(small):
    for name in ("studio-train", "crowd-test", "general-pretrain"):
        for row in rows_of(small, "captions", name):
            assert " ".join(read(row["text"]).mentions) == row["mentions"]


@pytest.mark.parametrize("name", [name for name in corpus.SIZES if not name.endswith("twins")])
def test_every_genre_is_in_every_set(name):
    rows = rows_of(DATA, "tracks", name)
    assert {row["genre"] for row in rows} == set(GENRES)
    assert 0.1 < np.mean([bool(row["second_genre"]) for row in rows]) < 0.3


def test_clips_start_inside_the_piece():
    for name in ("studio-pretrain", "crowd-gallery", "general-reference"):
        rows = rows_of(DATA, "tracks", name)
        assert {row["seconds"] for row in rows} == {"8.0"}
        starts = [float(row["start"]) for row in rows]
        assert 0 <= min(starts) < 1 and 10 < max(starts) <= 11


def test_track_audio_is_a_window_of_the_track(small):
    row = rows_of(small, "tracks", "studio-pretrain")[0]
    assert corpus.track_audio(row).shape == (8 * RATE,)
    assert corpus.track_audio(row, 6.0).shape == (2 * RATE,)
    assert corpus.track_audio(row, 1.0, 0.5).shape == (RATE // 2,)
    with pytest.raises(ValueError, match="outside studio-pretrain-00000, which lasts 8.0 s"):
        corpus.track_audio(row, 5.0, 4.0)


def test_the_domain_of_a_row_is_heard(small):
    row = rows_of(small, "tracks", "lofi-gallery")[1]
    lofi, studio = (corpus.track_audio(row | {"domain": domain}, 0, 2.0) for domain in ("lofi", "studio"))
    assert not np.allclose(lofi, studio, atol=1e-3)


def test_pictures_come_back(small):
    rows = rows_of(small, "pictures", "studio-train")
    assert [row["draw"] for row in rows[:4]] == ["0", "1", "0", "1"]
    for row in rows:
        assert isinstance(Picture.from_row(row).seed, int) and row["caption"]


def test_genres_file_holds_the_tree():
    lines = (DATA / "genres.csv").read_text().splitlines()
    assert lines[0] == "genre,family,prompt" and len(lines) == 17
    assert lines[1 + GENRES.index("metal")] == f"metal,{FAMILIES['metal']},A metal track."


def test_a_row_with_an_unknown_value_is_refused(small):
    row = rows_of(small, "tracks", "studio-train")[0] | {"genre": "polka"}
    with pytest.raises(ValueError, match="genre is 'polka'; expected one of: rock, punk"):
        corpus.track_audio(row)


def test_unknown_splits_write_nothing(tmp_path):
    with pytest.raises(ValueError, match="unknown domain or split studio-dev; known: studio-pretrain"):
        corpus.write(tmp_path, {"studio-val": 2, "studio-dev": 2})
    assert not list(tmp_path.iterdir())


def test_the_command_reports_errors_in_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = subprocess.run([sys.executable, "-m", "miniband", "write", str(blocked)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("miniband: ") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [blocked]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a.csv"
    target.write_text("old")
    monkeypatch.setattr(corpus.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        corpus._put(target, "new")
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
