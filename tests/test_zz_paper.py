"""The stages that read files of sound, on public data sets as laid out and on real architectures: by params alone.

The data sets are small and made here, under the true headers and names of files; the networks have random weights.
"""

import json

import files
import pandas as pd
import pytest
import tiny_models

from ghostnotes import pairs, retrieval

pytestmark = pytest.mark.slow


OWN = "profiles/own/dvc.yaml"


@pytest.fixture(scope="module")
def made(smoke_run):
    """The smoke copy after the pipeline for music in files has run as it is: on a folder that it makes itself."""
    copy = smoke_run("paper")
    done = copy.dvc("repro", OWN)
    assert done.returncode == 0, done.stdout[-3000:]
    names = "catalogue_test", "catalogue_test_quarantine", "catalogue_recall"
    return copy, {name: table(copy, name) for name in names}


@pytest.fixture(scope="module")
def ran(made):
    """The same copy after the same stages under other settings, and nothing else that is other."""
    copy, _ = made
    data, models = copy.folder / "catalogues", copy.folder / "build"
    files.musiccaps(data / "musiccaps", tracks=30, gone=6)
    files.pairs(data / "videos", tracks=12)
    files.song_describer(data / "song-describer", tracks=8)
    files.melbench(data / "melbench", tracks=8)
    files.jamendo(data / "jamendo", tracks=8)
    (data / "melbench/music/000.wav").write_bytes(b"")
    (data / "melbench/images/001.jpg").write_bytes(b"no picture")
    tiny_models.t5(models / "encoders/flan-t5")
    encoders = {"audio": tiny_models.laion_clap(models), "text": "transformers:flan-t5", "image": "clip-mini"}
    musiccaps = {"name": "musiccaps", "kind": "musiccaps", "path": "catalogues/musiccaps"}

    def of(kind, **options):
        return {"name": kind, "kind": kind, "path": f"catalogues/{kind}", "options": options}

    sets = {"train": [musiccaps | {"options": {"split": "train", "pictures": "frames"}},
                      {"name": "videos", "kind": "pairs", "path": "catalogues/videos/pairs.csv"}],
            "test": [musiccaps | {"options": {"split": "eval", "pictures": "frames"}},
                     of("song-describer", valid_subset=True), of("melbench")],
            "reference": [of("jamendo")]}  # fmt: skip
    changed = {"encoders": encoders, "sets": sets, "target": "sample", "frames": 64, "held_out": 0.3}
    with copy.settings(catalogues=changed):
        done = copy.dvc("repro", f"{OWN}:catalogue-recall")
    assert done.returncode == 0, done.stdout[-3000:]
    return copy


def table(ran, name):
    return pd.read_csv(ran.folder / f"reports/tables/{name}.csv", keep_default_na=False)


def test_a_folder_of_music_runs_through_by_default_and_its_lesson_too(made):
    copy, tables = made
    assert tables["catalogue_test"][["listed", "heard", "set_aside"]].iloc[0].tolist() == [11, 8, 3]
    assert set(tables["catalogue_test_quarantine"]["reason"]) == {"empty", "silent", "truncated"}
    assert set(tables["catalogue_recall"]["queries"]) == {"captions", "pictures"}
    lesson = copy.folder / "reports/notebooks/lessons/15-bring-your-own-music.ipynb"
    assert lesson.stat().st_size < 800_000 and str(copy.folder) not in lesson.read_text()


def test_every_data_set_is_covered_as_far_as_its_files_are_there(ran):
    test = table(ran, "catalogue_test").set_index("catalogue")
    assert test.loc["musiccaps", "listed"] == 15 and test.loc["musiccaps", "missing"] == 3
    assert test.loc["song-describer", "captions"] == 8  # of sixteen, those that were validated
    assert test.loc["melbench", "heard"] == 7 and test.loc["melbench", "set_aside"] == 1
    aside = table(ran, "catalogue_test_quarantine")
    assert set(aside["reason"][aside["catalogue"] == "musiccaps"]) == {"missing"}
    melbench = aside[aside["catalogue"] == "melbench"][["id", "reason"]].to_numpy().tolist()
    assert melbench == [["music/000.wav", "empty"], ["music/001.wav", "picture"]]


def test_captions_and_pictures_are_searched_with_every_system_and_counted_beside_it(ran):
    found = table(ran, "catalogue_recall")
    asked = {(row.catalogue, row.queries) for row in found.itertuples()}
    assert asked == {("musiccaps", "captions"), ("musiccaps", "pictures"), ("song-describer", "captions"),
                     ("melbench", "captions"), ("melbench", "pictures")}  # fmt: skip
    for (_, kind), rows in found.groupby(["catalogue", "queries"]):
        systems = {"chance", "prior", "regression", "neighbours", "real", "teacher"}
        assert set(rows["system"]) == systems - ({"teacher"} if kind == "pictures" else set())
        searched = rows[rows["system"] != "real"]
        for k in (1, 5, 10):
            assert pd.to_numeric(searched[f"recall_at_{k}"]).between(0, 1).all()
    melbench = found[found["catalogue"] == "melbench"]
    assert (melbench["heard"] == 7).all() and (melbench["listed"] == 8).all() and (melbench["set_aside"] == 1).all()
    # ten places hold all seven tracks
    assert (pd.to_numeric(melbench[melbench["system"] != "real"]["recall_at_10"]) == 1).all()


def test_a_recall_is_the_one_of_the_stored_vectors(ran):
    heard = pairs.Heard.load(ran.folder / "build/catalogues/test/musiccaps")
    order = retrieval.rank(heard.joint.vectors[:, None], heard.tracks.vectors)
    place = retrieval.positions(order, heard.owners("captions"))
    found = table(ran, "catalogue_recall").set_index(["catalogue", "queries", "system"])
    found = found.loc["musiccaps", "captions", "teacher"]
    assert 0 < (place < 5).mean() < 1
    assert float(found["recall_at_5"]) == pytest.approx((place < 5).mean(), abs=1e-5)


def test_the_report_names_the_encoders_and_no_path_of_this_machine(ran):
    text = (ran.folder / "reports/notebooks/pipeline/catalogue-test.ipynb").read_text()
    printed = "".join(str(cell.get("outputs")) for cell in json.loads(text)["cells"])
    assert "laion" in printed and str(ran.folder) not in text


def test_nothing_went_out_to_a_network(ran):
    assert not ran.log.exists(), ran.log.read_text()
