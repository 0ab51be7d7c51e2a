"""The curated requests: what a text says, the two files as they are, and what is wrong with a bad one, in one line."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from ghostnotes.datasets import made, requests
from ghostnotes.encoders.joint import words

ROOT = Path(__file__).parents[1]
TWINS = {"test": 500, "twins": 350}


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_what_a_text_says():
    guitars = ("nylon guitar", "acoustic guitar", "electric guitar", "distorted guitar")
    for text, found in (
        ("A calm guitar piece", {"mood": ("calm",), "lead": guitars}),
        ("An acoustic guitar at 120 BPM", {"lead": ("acoustic guitar",), "tempo": (120, 120)}),
        ("slow music in A minor, no drums", {"tempo": (30, 84), "key": ("A",), "mode": ("minor",), "drums": ("none",)}),
        ("a track in minor", {"mode": ("minor",)}),
        ("a mix of rock and jazz sounds", {"genre": ("jazz", "rock")}),
        ("music", {}),
    ):
        assert requests.said(text) == found
    assert "none" not in requests.said("drums")["drums"] and len(requests.said("drums")["drums"]) == 7


def test_which_tracks_have_it():
    tracks = made.load("studio-test", {"test": 500}).tracks
    rock = tracks[requests.having(tracks, "genre", ("rock",))]
    assert set(rock["genre"][rock["second_genre"] == ""]) == {"rock"} and (rock["second_genre"] == "rock").any()
    assert tracks[requests.having(tracks, "tempo", (30, 84))]["tempo"].between(30, 84).all()
    assert not tracks[requests.having(tracks, "drums", requests.said("drums")["drums"])]["drums"].eq("none").any()


def test_the_negative_prompts_are_fifty_over_five_categories():
    table = requests.negative_prompts()
    assert Counter(table["category"]) == dict.fromkeys(requests.CATEGORIES, 10)
    assert table["query"].is_unique and table["id"].is_unique
    tracks = made.load("studio-test", {"test": 500}).tracks
    for _, row in table.iterrows():
        share = requests.having(tracks, row["attribute"], row["values"]).mean()
        assert 0 < share < 0.9, f"{row['id']}: the corpus has no track of it, or nothing else"
        assert row["attribute"] not in requests.said(row["query"]) and not {"not", "no"} & set(words(row["unwanted"]))
    for category, rows in table.groupby("category"):
        bare, article = (rows["unwanted"].str.match(form) for form in (r"[\w-]+$", "an? "))
        assert bare.any() and article.any() and not (bare | article).all(), f"{category}: all phrased alike"
    assert len({v for values in table["values"][table["category"] == "genre"] for v in values}) >= 6


def test_the_edits_are_fifty_of_three_kinds():
    table = requests.edits()
    counts = Counter(table["kind"])
    assert len(table) == 50 and set(counts) == set(requests.KINDS) and max(counts.values()) - min(counts.values()) <= 1
    for _, row in table.iterrows():
        assert row["changed"] and row["kept"] and row["added"]
        assert (row["removed"] == "") == (row["kind"] == "detail"), row["id"]


def test_an_edit_knows_its_words():
    before, after = "A calm piece with a piano, slow", "A calm piece with a fiddle, slow"
    assert requests.word_changes(before, after) == ("piano", "fiddle")
    assert requests.word_changes("A calm piece", "A calm piece with no drums") == ("", "with no drums")


def test_a_twins_description_differs_in_what_changed_alone():
    twins, tracks = made.load("studio-twins", TWINS).tracks, made.load("studio-test", TWINS).tracks
    twins = twins[requests.can_be_said(twins, tracks.loc[twins["original"]])]
    assert Counter(twins["changed"]) == dict.fromkeys(set(twins["changed"]), 50) | {"tempo": 24}
    for _, twin in twins.groupby("changed").head(6).iterrows():
        changed = twin["changed"]
        names = dict.fromkeys(["genre", "mood", "lead", "key" if changed == "mode" else changed])
        original = tracks.loc[twin["original"]]
        one, other = (requests.said(requests.described(row, names, twin["id"])) for row in (original, twin))
        assert {name for name in one if one[name] != other[name]} == {changed}
        assert set(one) == set(other) >= set(names)
        assert requests.having(twins.loc[[twin["id"]]], changed, other[changed]).all()
        assert not requests.having(tracks.loc[[twin["original"]]], changed, other[changed]).any()


NEGATIVE = "id,category,query,unwanted\n"
EDIT = "id,kind,original,edited\n"


@pytest.mark.parametrize(("content", "what"), [
    (NEGATIVE + "n1,genre,A calm piece,\n", "row 1: the unwanted text is empty; write what it asks for"),
    (NEGATIVE + "n1,genre,A calm piece,rock\nn2,genre,A sad piece,a piano\n", "row 2: unwanted 'a piano' must"),
    (NEGATIVE + "n1,genre,A calm piece,sad rock\n", "must say one thing, of its category genre; it says: genre, mood"),
    (NEGATIVE + "n1,genre,A calm piece,zither music\n", "it says: nothing"),
    (NEGATIVE + "n1,genre,A calm jazz piece,rock\n", "asks for a genre itself; leave one of them out"),
    (NEGATIVE + "n1,style,A calm piece,rock\n", "row 1: category is 'style'; expected one of: genre, mood"),
    (NEGATIVE + "n1,genre,A calm piece,rock\nn1,genre,A sad piece,rock\n", "the id 'n1' stands twice"),
    (NEGATIVE + "n1,mood,A calm and sad piece,rock\n", "row 1: too much is said of the mood"),
    ("id,query,unwanted\nn1,A calm piece,rock\n", "column missing: category"),
    (EDIT + "e1,subject,A calm piece with a piano,A calm piece with a piano\n", "changes nothing that is known"),
    (EDIT + "e1,subject,A calm piece,A sad piece\n", "keeps nothing that is known"),
    (EDIT + "e1,tone,A calm piece,A sad piece\n", "kind is 'tone'; expected one of: qualifier, subject, detail"),
    (EDIT + "e1,detail,A calm piece, \n", "row 1: the edited text is empty"),
])  # fmt: skip
def test_a_bad_row_is_one_line(tmp_path, content, what):
    path = tmp_path / "requests.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        (requests.edits if content.startswith(EDIT) else requests.negative_prompts)(path)
    assert what in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="not there"):
        requests.edits(tmp_path / "edits.csv")


def test_the_files_open_in_any_program():
    for name in ("negative_prompts", "edits"):
        assert pd.read_csv(ROOT / f"data/requests/{name}.csv").notna().all(axis=None)


def test_a_crossover_fits_either_of_its_genres_and_a_text_must_fit_as_a_whole():
    tracks = pd.DataFrame({"genre": ["rock", "jazz", "rock"], "second_genre": ["", "rock", ""],
                           "mood": ["sad", "sad", "calm"]})  # fmt: skip
    found = requests.fitting(["A rock track.", "A sad rock track.", "A track."], tracks)
    assert found.tolist() == [[True, True, True], [True, True, False], [True, True, True]]
