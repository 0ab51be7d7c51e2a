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
from miniband.renderer import RATE

SMALL = {("studio", "pretrain"): 6, ("studio", "train"): 5, ("studio", "val"): 3, ("studio", "test"): 4}
DATA = Path(__file__).parents[2] / "data"
PINNED = "00732dcfa55ac6cddbed8d1a4d008edd10dac4775d6ce7c8f459e6fc71b0cded"


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


def test_a_larger_split_only_adds_rows(small, tmp_path):
    corpus.write(tmp_path, {("studio", "val"): 9})
    for kind in ("tracks", "captions", "pictures"):
        few, many = ((folder / kind / "studio-val.csv").read_text() for folder in (small, tmp_path))
        assert many.startswith(few)


def test_rows_are_linked_by_id(small):
    for _, split in SMALL:
        ids = [row["id"] for row in corpus.read_tracks(small / f"tracks/studio-{split}.csv")]
        assert len(ids) == len(set(ids)) == SMALL["studio", split]
        assert [r["id"] for r in corpus.read_captions(small / f"captions/studio-{split}.csv")] == [
            i for i in ids for _ in range(3)
        ]
        assert [r["id"] for r in corpus.read_pictures(small / f"pictures/studio-{split}.csv")] == ids


def test_splits_share_no_piece():
    seeds = [row["seed"] for split in corpus.SPLITS for row in corpus.read_tracks(DATA / f"tracks/studio-{split}.csv")]
    assert len(seeds) - len(set(seeds)) <= 1  # 31-bit seeds may meet by chance


def test_every_genre_is_in_every_split():
    for split in corpus.SPLITS:
        rows = corpus.read_tracks(DATA / f"tracks/studio-{split}.csv")
        assert {row["genre"] for row in rows} == set(GENRES)
        assert 0.1 < np.mean([bool(row["second_genre"]) for row in rows]) < 0.3


def test_pretrain_clips_start_inside_the_piece():
    rows = corpus.read_tracks(DATA / "tracks/studio-pretrain.csv")
    assert {row["seconds"] for row in rows} == {8.0}
    assert min(r["start"] for r in rows) < 1 and max(r["start"] for r in rows) > 10


def test_track_audio_is_a_window_of_the_track(small):
    row = corpus.read_tracks(small / "tracks/studio-pretrain.csv")[0]
    assert corpus.track_audio(row).shape == (8 * RATE,)
    assert corpus.track_audio(row, 6.0).shape == (2 * RATE,)
    assert corpus.track_audio(row, 1.0, 0.5).shape == (RATE // 2,)
    with pytest.raises(ValueError, match="outside studio-pretrain-00000, which lasts 8.0 s"):
        corpus.track_audio(row, 5.0, 4.0)


def test_pictures_come_back(small):
    for row in corpus.read_pictures(small / "pictures/studio-train.csv"):
        assert isinstance(Picture.from_row(row).seed, int) and row["draw"] == 0 and row["caption"]


def test_genres_file_holds_the_tree():
    lines = (DATA / "genres.csv").read_text().splitlines()
    assert lines[0] == "genre,family,prompt" and len(lines) == 17
    assert lines[1 + GENRES.index("metal")] == f"metal,{FAMILIES['metal']},A metal track."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",mood,", ",feeling,", r"column missing: mood; expected: id, domain"),
        ("19.0,", "long,", r"row 1: seconds is 'long'; expected a number"),
        ("studio-train-00000,studio", "studio-train-00000", r"row 1: expected 16 values"),
        ("19.0,", "900.0,", r"row 1: start 0.0 \+ seconds 900.0 is not within the piece's 19.0 s"),
    ],
)
def test_bad_tracks_files_are_one_clear_line(small, tmp_path, old, new, message):
    bad = tmp_path / "bad.csv"
    bad.write_text((small / "tracks/studio-train.csv").read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"bad\.csv(, |: ){message}") as caught:
        corpus.read_tracks(bad)
    assert "\n" not in str(caught.value)


def test_an_unknown_genre_is_named_with_file_and_row(small, tmp_path):
    bad = tmp_path / "bad.csv"
    lines = (small / "tracks/studio-train.csv").read_text().splitlines()
    cells = lines[2].split(",")
    cells[6] = "polka"
    bad.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")
    with pytest.raises(ValueError, match=r"bad\.csv, row 2: genre is 'polka'; expected one of: rock, punk"):
        corpus.read_tracks(bad)


def test_unknown_splits_write_nothing(tmp_path):
    with pytest.raises(ValueError, match="unknown domain or split studio-dev"):
        corpus.write(tmp_path, {("studio", "val"): 2, ("studio", "dev"): 2})
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
