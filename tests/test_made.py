"""The made corpus' catalogue: what a set holds, and what is wrong with a bad file, in one line."""

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ghostnotes import config
from ghostnotes.datasets import made
from miniband.attributes import FAMILIES, GENRES, genre_mass
from miniband.corpus import SIZES, UNSEEN, track_attributes

ROOT = Path(__file__).parents[1]
ROWS = {"pretrain": 20, "train": 20, "val": 20, "test": 20, "gallery": 20, "reference": 20, "twins": 14}
SETS = [f"{domain}-{split}" for domain, splits in made.SPLITS.items() for split in splits]


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of data/ that may be spoiled."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_the_sets_are_those_that_miniband_writes():
    assert set(SETS) == set(SIZES) and set(made.UNPAINTED) == set(UNSEEN)
    rows = config.load(ROOT / "params.yaml").corpus.rows
    for name, size in SIZES.items():
        assert rows[name.split("-")[1]] == size


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_its_first_tracks_and_what_describes_them(name):
    catalogue, split = made.load(name, ROWS), name.split("-")[1]
    assert len(catalogue.ids) == ROWS[split] and catalogue.ids[0].endswith("-00000")
    described = split in made.DESCRIBED
    assert len(catalogue.captions) == 3 * ROWS[split] * described
    painted = described and not name.startswith("general")
    assert len(catalogue.pictures) == ROWS[split] * painted * (1 if split == "pretrain" else 2)
    assert set(catalogue.captions["id"]) <= set(catalogue.ids) >= set(catalogue.pictures["id"])


def test_no_piece_is_in_two_splits():
    """Seeds of all tracks but the twins, which share their originals'; 31-bit seeds may meet by chance."""
    rows = {split: SIZES[name] for name in SIZES for split in [name.split("-")[1]]}
    seeds = Counter(s for name in SETS if not name.endswith("twins") for s in made.load(name, rows).tracks["seed"])
    assert sum(count - 1 for count in seeds.values()) <= 1
    ids = Counter(i for name in SETS for i in made.load(name, rows).ids)
    assert max(ids.values()) == 1


def test_genres_and_masses_are_the_corpus_own():
    assert made.genres() == list(GENRES) and made.families() == FAMILIES
    tracks = made.load("studio-test", ROWS).tracks
    masses = made.genre_masses(tracks)
    assert np.allclose(masses.sum(1), 1)
    for row, mass in zip(tracks.to_dict("records"), masses.tolist()):
        assert dict(zip(GENRES, mass)) == {g: genre_mass(track_attributes(row)).get(g, 0.0) for g in GENRES}


def test_an_unknown_set_is_named():
    with pytest.raises(ValueError, match="unknown set 'studio-dev'; known: studio-pretrain"):
        made.load("studio-dev", ROWS)


def test_too_few_rows_are_counted():
    with pytest.raises(ValueError, match="data/tracks/lofi/test.csv has 500 tracks, params.yaml asks for 9999"):
        made.load("lofi-test", ROWS | {"test": 9999})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",mood,", ",feeling,", "column missing: mood; expected: id, domain"),
        ("19.0,", "long,", "row 1: seconds is 'long'; expected a number"),
        ("19.0,", "nan,", "row 1: seconds is 'nan'; expected a number"),
        ("studio-test-00001,studio,", "studio-test-00001,", "row 2: expected 16 values, found 15"),
        ("studio-test-00001,", "studio-test-00000,", "the id 'studio-test-00000' stands twice"),
    ],
)
def test_a_bad_file_is_one_clear_line(data, old, new, message):
    path = data / "tracks/studio/test.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"data/tracks/studio/test\.csv(, |: ){message}") as caught:
        made.load("studio-test", ROWS)
    assert "\n" not in str(caught.value)


def test_a_fraction_is_no_tempo(data):
    path = data / "tracks/studio/test.csv"
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[lines[0].split(",").index("tempo")] = "99.5"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n")
    with pytest.raises(ValueError, match="row 3: tempo is '99.5'; expected a whole number"):
        made.load("studio-test", ROWS)


def test_a_track_without_a_caption_is_named(data):
    path = data / "captions/crowd/test.csv"
    path.write_text("".join(line for line in path.open() if "crowd-test-00004" not in line))
    with pytest.raises(ValueError, match="data/captions/crowd/test.csv has no row for 'crowd-test-00004'"):
        _ = made.load("crowd-test", ROWS).captions


def test_a_missing_file_says_how_to_make_it(data):
    os.unlink(data / "tracks/lofi/gallery.csv")
    with pytest.raises(ValueError, match="data/tracks/lofi/gallery.csv: not there; `python -m miniband write data`"):
        made.load("lofi-gallery", ROWS)


def test_an_empty_or_foreign_file_is_no_traceback(data):
    path = data / "tracks/lofi/gallery.csv"
    for content in (b"", b"\xff\xfe\x00bad"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a CSV file in UTF-8|column missing"):
            made.load("lofi-gallery", ROWS)


def test_a_genre_that_is_not_in_the_table_is_named():
    tracks = made.load("studio-test", ROWS).tracks.assign(genre="polka")
    with pytest.raises(ValueError, match="genre 'polka' is not in data/genres.csv"):
        made.genre_masses(tracks)
