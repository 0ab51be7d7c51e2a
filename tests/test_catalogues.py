"""Catalogues: the published layouts, a folder as people have it, tables as they come, and what is refused by name."""

import csv
import json
import os
import struct

import files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostnotes.datasets import audio, tables
from ghostnotes.datasets.catalogues import KINDS, open_catalogue

BUILDERS = {
    "musiccaps": files.musiccaps,
    "song-describer": files.song_describer,
    "melbench": files.melbench,
    "pairs": files.pairs,
    "jamendo": files.jamendo,
}
TABLES = {
    "musiccaps": "musiccaps-public.csv",
    "song-describer": "song_describer.csv",
    "melbench": "melbench.csv",
    "pairs": "pairs.csv",
    "jamendo": "autotagging.tsv",
}


def ids(items):
    return [item.id for item in items]


def refused(catalogue):
    return {fault.id: fault.reason for fault in catalogue.faults}


def add_row(folder, kind, **values):
    """One more row in a data set's table: its first row with other values."""
    delimiter = "\t" if kind == "jamendo" else ","
    with open(folder / TABLES[kind], "r+", encoding="utf-8", newline="") as file:
        header, first, *_ = csv.reader(file, delimiter=delimiter)
        row = dict(zip(header, first)) | values
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerow(row.values())


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_published_set_is_found_whole_and_every_file_can_be_heard(tmp_path, kind):
    expected = BUILDERS[kind](tmp_path)
    catalogue = open_catalogue(kind, tmp_path)
    assert ids(catalogue.found) == expected and catalogue.name == kind
    for item in catalogue.found:
        heard = audio.read(item.audio, 8000, start=item.start, seconds=item.seconds)
        assert 3.5 * 8000 < len(heard) < 4.5 * 8000
        item.audio.relative_to(catalogue.root)
    assert ids(open_catalogue(kind, tmp_path / TABLES[kind]).found) == expected  # the table itself does as well


def test_musiccaps_counts_what_is_gone_and_takes_captions_aspects_and_pictures(tmp_path):
    files.musiccaps(tmp_path, tracks=6, gone=2)
    catalogue = open_catalogue("musiccaps", tmp_path, pictures="frames")
    assert catalogue.coverage() == {
        "listed": 6, "found": 4, "missing": 2, "refused": 0, "captions": 4, "pictures": 4
    }  # fmt: skip
    assert catalogue.missing == ("-x_Yt000004", "-x_Yt000005")
    first = catalogue.items[0]
    assert first.captions == ("A piece with calm piano, no. 0.",) and first.about["aspects"] == "calm piano, test"
    assert first.picture == tmp_path / "frames/-x_Yt000000.jpg"


def test_musiccaps_splits_by_audiosets_evaluation_set(tmp_path):
    every = set(files.musiccaps(tmp_path, tracks=6, gone=0))
    train, evaluation = (set(ids(open_catalogue("musiccaps", tmp_path, split=s).found)) for s in ("train", "eval"))
    assert train | evaluation == every and not train & evaluation and "-x_Yt000001" in evaluation
    with pytest.raises(ValueError, match="unknown split 'test'; known: train, eval"):
        open_catalogue("musiccaps", tmp_path, split="test")


def test_of_a_whole_video_musiccaps_means_the_part_that_the_table_names(tmp_path):
    files.musiccaps(tmp_path, tracks=3, gone=1)
    files.tone(tmp_path / "audio/The Title [-x_Yt000002].flac", 30, 8000)
    clip, video = (open_catalogue("musiccaps", tmp_path).items[row] for row in (1, 2))
    assert (clip.start, clip.seconds) == (0, None) and (video.start, video.seconds) == (20, 4)
    heard = audio.read(video.audio, 8000, start=video.start, seconds=video.seconds)
    assert len(heard) == 4 * 8000 and (heard == audio.read(video.audio, 8000)[160000:192000]).all()


def test_of_a_video_that_ends_inside_the_part_that_is_meant_nothing_is_heard(tmp_path):
    files.musiccaps(tmp_path, tracks=3, gone=1)
    files.tone(tmp_path / "audio/-x_Yt000002.wav", 22, 8000)  # seconds 20 to 24 are meant
    item = open_catalogue("musiccaps", tmp_path).items[2]
    with pytest.raises(audio.AudioFault, match="truncated: 2.00 s from second 20 on; 4 s of it are meant"):
        audio.read(item.audio, 8000, start=item.start, seconds=item.seconds)


def test_a_part_that_starts_before_the_file_is_told(tmp_path):
    files.musiccaps(tmp_path, tracks=4)
    add_row(tmp_path, "musiccaps", ytid="abcdefghijk", start_s="-5", aspect_list="", caption="")
    with pytest.raises(ValueError, match="row 5: it starts at -5 s"):
        open_catalogue("musiccaps", tmp_path)


@pytest.mark.parametrize("ytid", ["abcdefghijk", "-bcdefghij_", "_-cdefgh-_-"])
def test_a_youtube_id_is_found_by_itself_and_not_inside_another_word(tmp_path, ytid):
    columns = ["ytid", "start_s", "end_s", "aspect_list", "caption", "is_audioset_eval"]
    files.write_table(tmp_path / "musiccaps-public.csv", columns, [[ytid, 0, 4, "", "one", False]])
    names = ("{}", "[{}]-[0-4]", "{}_0_4", "{}-0-4", "A title-{}", "A title [{}]", "x_{}_y", "é{}")
    for number, name in enumerate(names):
        path = files.tone(tmp_path / f"audio/{number}/{name.format(ytid)}.wav", 1, 8000)
        assert open_catalogue("musiccaps", tmp_path).items[0].audio == path, name
        path.unlink()
    for name in ("x{}", "{}x", "0{}_0_4", "[{}0]"):
        path = files.tone(tmp_path / f"audio/{name.format(ytid)}.wav", 1, 8000)
        with pytest.raises(ValueError, match="no music: 1 listed and not there"):
            open_catalogue("musiccaps", tmp_path)
        path.unlink()


def test_a_clip_whose_name_is_no_text_is_refused_in_letters_that_can_be_written(tmp_path):
    expected = files.musiccaps(tmp_path, tracks=3, gone=0)
    clip = os.fsencode(tmp_path / "audio" / expected[0])
    os.rename(clip + b".wav", clip + b" \xff.wav")
    catalogue = open_catalogue("musiccaps", tmp_path)
    assert ids(catalogue.items) == expected[1:] and refused(catalogue) == {expected[0]: "unreadable"}
    assert "is not UTF-8; rename it" in catalogue.faults[0].detail and catalogue.faults[0].detail.encode()


def test_song_describer_groups_captions_by_track_and_knows_the_valid_subset(tmp_path):
    files.song_describer(tmp_path, tracks=3)
    track = open_catalogue("song-describer", tmp_path).items[0]
    assert track.audio == tmp_path / "audio/00/1000.2min.mp3"
    assert track.captions == ("A song with calm piano.", "Number 0: calm piano")
    valid = open_catalogue("song-describer", tmp_path, valid_subset=True)
    assert [item.captions for item in valid.items] == [(f"A song with {word}.",) for word in files.WORDS[:3]]


def test_song_describer_finds_audio_that_was_unpacked_into_a_folder_audio(tmp_path):
    expected = files.song_describer(tmp_path, tracks=2)
    (tmp_path / "audio").rename(tmp_path / "inner")
    (tmp_path / "audio").mkdir()
    (tmp_path / "inner").rename(tmp_path / "audio/audio")
    assert ids(open_catalogue("song-describer", tmp_path).found) == expected
    (tmp_path / "audio/audio").rename(tmp_path / "elsewhere")
    catalogue = open_catalogue("song-describer", tmp_path / "song_describer.csv", audio="elsewhere")
    assert ids(catalogue.found) == expected and catalogue.root == tmp_path / "elsewhere"


def test_melbench_reads_the_same_triplets_from_csv_and_json_lines(tmp_path):
    files.melbench(tmp_path, tracks=3)
    files.melbench(tmp_path, tracks=3, lines=True)
    from_csv, from_lines = (open_catalogue("melbench", tmp_path / f"melbench.{s}") for s in ("csv", "json"))
    assert from_csv.items == from_lines.items
    item = from_csv.items[1]
    assert item.captions == ("loud guitars, number 1",) and item.picture == tmp_path / "images/001.jpg"


def test_half_a_letter_in_json_lines_becomes_one_that_can_be_written(tmp_path):
    files.melbench(tmp_path, tracks=2, lines=True)
    row = {"captions": "cut \ud83d off", "location": "\udc80.wav", "img_path": "", "more \ud83d": "\ud83c\udfb9"}
    with open(tmp_path / "melbench.json", "a") as file:
        file.write(json.dumps(row) + "\n")
    item = open_catalogue("melbench", tmp_path / "melbench.json").items[2]
    assert item.captions == ("cut \ufffd off",) and item.id == "\ufffd.wav" and item.audio is None
    (tmp_path / "melbench.json").write_text(json.dumps({"\ud83d": "x"}))
    with pytest.raises(ValueError, match="found: \ufffd$"):
        open_catalogue("melbench", tmp_path / "melbench.json")


@pytest.mark.parametrize("value, kind", [(["one", "two"], "a list"), ({"en": "one"}, "an object"), ([], "a list")])
def test_a_list_in_json_lines_does_not_pass_as_a_text(tmp_path, value, kind):
    files.melbench(tmp_path, tracks=2, lines=True)
    with open(tmp_path / "melbench.json", "a") as file:
        file.write(json.dumps({"captions": value, "location": "a.wav", "img_path": None}) + "\n")
    with pytest.raises(ValueError, match=f"melbench.json, row 3: captions is {kind}; expected a text$"):
        open_catalogue("melbench", tmp_path / "melbench.json")


def test_pairs_may_have_captions_and_a_further_row_adds_one(tmp_path):
    files.pairs(tmp_path, tracks=2)
    row = ["music/000.wav", "images/000.jpg"]
    other = ["music/000.wav", "images/001.jpg", "third"]
    files.write_table(tmp_path / "pairs.csv", ["audio", "picture", "caption"], [[*row, "one"], [*row, "two"], other])
    catalogue = open_catalogue("pairs", tmp_path)
    assert catalogue.items[0].captions == ("one", "two")
    assert refused(catalogue) == {"music/000.wav": "duplicate"}


def test_jamendos_tags_go_on_to_the_end_of_the_line(tmp_path):
    files.jamendo(tmp_path, tracks=4)
    with open(tmp_path / "autotagging.tsv", "a") as file:
        file.write('track_1\tartist_1\talbum_1\t1/1.mp3\t9\t"genre---7" single\tgenre---rock\n')
    items = open_catalogue("jamendo", tmp_path).items
    assert items[3].about["genre"] == "rock, pop" and items[3].about["mood"] == "happy" and not items[3].captions
    assert items[4].about == {"artist": "artist_1", "album": "album_1", '"genre': '7" single', "genre": "rock"}
    assert items[0].about["genre"] == "rock" and "mood" not in items[0].about
    assert [item.audio.name for item in items[:2]] == ["214.mp3", "315.low.mp3"]


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path):
    good, bad = files.folder_of_music(tmp_path)
    for name in (".hidden.wav", ".trash/x.wav", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    catalogue = open_catalogue("folder", tmp_path)
    assert ids(catalogue.items) == sorted([*good, *bad]) and catalogue.root == tmp_path
    assert all(item.audio == tmp_path / item.id for item in catalogue.items)


def test_a_files_tags_are_read_in_every_format_and_a_comment_becomes_its_caption(tmp_path):
    said = {"title": "Ça ira 🎵", "artist": "Les Tones", "genre": "Jazz", "comment": "a slow waltz"}
    for suffix in (*files.SUFFIXES, "opus"):
        files.tone(tmp_path / f"x.{suffix}", tags=said)
    files.tone(tmp_path / "y.mp3", tags={"title": "No comment"})
    *tagged, bare = open_catalogue("folder", tmp_path).items
    assert [item.about for item in tagged] == [said] * 6 and {item.captions for item in tagged} == {("a slow waltz",)}
    assert bare.captions == () and bare.about == {"title": "No comment"}


def test_a_programs_note_to_itself_is_no_caption_and_a_genre_by_number_has_its_name(tmp_path):
    from mutagen import id3

    file = id3.ID3()
    file.add(id3.COMM(encoding=3, lang="eng", desc="iTunNORM", text=["000004A1 000003F2"]))
    file.add(id3.TCON(encoding=3, text=["(17)"]))
    file.save(files.tone(tmp_path / "x.mp3"))
    item = open_catalogue("folder", tmp_path).items[0]
    assert item.captions == () and item.about == {"genre": "Rock"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["mp3", "flac", "ogg", "wav"]), st.data())
def test_broken_tags_stop_nothing(tmp_path, suffix, data):
    path = tmp_path / f"whole.{suffix}"
    if not path.exists():
        files.tone(path, 0.6, tags={"title": "A title", "comment": "a comment"})
    broken = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        broken[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    (tmp_path / "x").mkdir(exist_ok=True)
    (tmp_path / f"x/broken.{suffix}").write_bytes(broken)
    for item in open_catalogue("folder", tmp_path / "x").items:
        assert all(isinstance(text, str) for text in (*item.captions, *item.about.values()))


def test_a_pipe_with_the_name_of_a_song_stops_nothing(tmp_path):
    files.tone(tmp_path / "a.wav")
    os.mkfifo(tmp_path / "b.wav")
    catalogue = open_catalogue("folder", tmp_path)
    assert ids(catalogue.items) == ["a.wav", "b.wav"] and catalogue.items[1].about == {}


def test_captions_of_a_folder_come_from_a_table_and_else_from_tags(tmp_path):
    for name in ("a/é.wav", "b.flac", "c.flac"):
        files.tone(tmp_path / name, tags={"comment": "from the tag"} if name != "c.flac" else None)
    rows = [["a\\e\u0301.wav", "one"], ["a/é.wav", "two"], ["gone.mp3", "three"], ["../x.wav", "four"], ["c.flac", ""]]
    files.write_table(tmp_path / "captions.csv", ["file", "caption"], rows)
    catalogue = open_catalogue("folder", tmp_path, captions="captions.csv")
    assert {item.id: item.captions for item in catalogue.items} == {
        "a/é.wav": ("one", "two"), "b.flac": ("from the tag",), "c.flac": (), "gone.mp3": ("three",)
    }  # fmt: skip
    assert catalogue.missing == ("gone.mp3",) and refused(catalogue) == {"../x.wav": "outside"}
    assert "captions.csv, row 4" in catalogue.faults[0].detail


def test_captions_for_a_file_that_is_no_kind_of_sound_are_refused_as_such(tmp_path):
    files.tone(tmp_path / "a.wav")
    (tmp_path / "b.mid").write_text("x")
    rows = [["a.wav", "one"], ["b.mid", "two"], ["gone.mid", "three"]]
    files.write_table(tmp_path / "captions.csv", ["file", "caption"], rows)
    catalogue = open_catalogue("folder", tmp_path, captions="captions.csv")
    assert refused(catalogue) == {"b.mid": "unreadable"} and catalogue.missing == ("gone.mid",)
    assert "captions.csv, row 2: 'b.mid' is not a kind of sound file" in catalogue.faults[0].detail


def test_a_table_of_captions_that_fits_no_file_is_an_error(tmp_path):
    files.tone(tmp_path / "music/a.wav")
    files.write_table(tmp_path / "captions.csv", ["file", "caption"], [["music/a.wav", "one"]])
    with pytest.raises(ValueError, match="none of its files is in .*names 'music/a.wav'; expected paths relative"):
        open_catalogue("folder", tmp_path / "music", captions=str(tmp_path / "captions.csv"))
    with pytest.raises(ValueError, match="nowhere.csv: no such table of captions"):
        open_catalogue("folder", tmp_path / "music", captions="nowhere.csv")


def test_a_picture_of_its_own_goes_before_the_cover_of_the_folder(tmp_path):
    for name in ("a/x.wav", "a/y.mp3", "z.flac"):
        files.tone(tmp_path / name)
    for name in ("a/X.PNG", "a/Folder.jpg", "a/cover.jpeg"):
        files.picture(tmp_path / name)
    items = open_catalogue("folder", tmp_path).items
    assert [item.picture and item.picture.name for item in items] == ["X.PNG", "cover.jpeg", None]


def test_links_are_followed_inside_a_folder_and_refused_by_name_where_they_leave_it(tmp_path):
    root = tmp_path / "music"
    files.tone(root / "a.wav")
    files.tone(tmp_path / "secret/b.wav")
    (root / "inside.wav").symlink_to(root / "a.wav")
    (root / "outside.wav").symlink_to(tmp_path / "secret/b.wav")
    (root / "folder").symlink_to(tmp_path / "secret")
    (root / "again.wav").symlink_to(root)
    (root / "nowhere.wav").symlink_to(root / "gone.wav")
    (root / "round.wav").symlink_to("round.wav")
    files.write_table(root / "t.csv", ["file", "caption"], [["a.wav", "one"], ["folder", "two"]])
    catalogue = open_catalogue("folder", root, captions="t.csv")
    assert ids(catalogue.found) == ["a.wav", "inside.wav"] and catalogue.missing == ("nowhere.wav",)
    assert refused(catalogue) == {"folder": "outside", "outside.wav": "outside", "round.wav": "unreadable"}


def test_a_name_that_is_no_text_is_refused_in_letters_that_can_be_written(tmp_path):
    files.tone(tmp_path / "a.wav")
    os.rename(os.fsencode(files.tone(tmp_path / "b.wav")), os.fsencode(tmp_path) + b"/\xff.wav")
    catalogue = open_catalogue("folder", tmp_path)
    assert ids(catalogue.items) == ["a.wav"] and [fault.reason for fault in catalogue.faults] == ["unreadable"]
    assert catalogue.faults[0].id.encode()


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    files.tone(tmp_path / "a.wav")
    files.tone(tmp_path / "locked/b.wav")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    catalogue = open_catalogue("folder", tmp_path)
    assert ids(catalogue.items) == ["a.wav"] and refused(catalogue) == {"locked": "unreadable"}


COLUMN = {"musiccaps": "ytid", "song-describer": "path", "melbench": "location", "pairs": "audio", "jamendo": "PATH"}
OWN_ID = {"song-describer": {"caption_id": 99, "track_id": "evil"}, "jamendo": {"TRACK_ID": "evil"}}


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize("name", ("../secret.wav", "a/../../secret.wav", "/etc/passwd", "C:secret.wav", "link.wav"))
def test_a_table_cannot_name_what_lies_outside(tmp_path, kind, name):
    folder = tmp_path / "set"
    expected = BUILDERS[kind](folder, tracks=3)
    files.tone(tmp_path / "secret.wav")
    for place in (folder, folder / "audio"):
        if place.is_dir():
            (place / "link.wav").symlink_to(tmp_path / "secret.wav")
    add_row(folder, kind, **{COLUMN[kind]: name} | OWN_ID.get(kind, {}))
    catalogue = open_catalogue(kind, folder)
    assert list(refused(catalogue).values()) == ["outside"] and ids(catalogue.found) == expected
    assert f"{TABLES[kind]}, row" in catalogue.faults[0].detail


def test_a_picture_outside_is_refused_too(tmp_path):
    files.pairs(tmp_path / "set", tracks=2)
    add_row(tmp_path / "set", "pairs", audio="music/9.wav", picture="../../x.jpg")
    assert refused(open_catalogue("pairs", tmp_path / "set")) == {"music/9.wav": "outside"}


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_row_that_stands_twice_is_refused_by_name(tmp_path, kind):
    expected = BUILDERS[kind](tmp_path, tracks=3)
    add_row(tmp_path, kind)
    catalogue = open_catalogue(kind, tmp_path)
    assert list(refused(catalogue).values()) == ["duplicate"] and ids(catalogue.found) == expected


@pytest.mark.parametrize("kind", BUILDERS)
def test_wrong_columns_are_told_with_those_expected_and_found(tmp_path, kind):
    BUILDERS[kind](tmp_path, tracks=3)
    (tmp_path / TABLES[kind]).write_text("name,text\na,b\n")
    with pytest.raises(ValueError, match=r"column missing: .*; expected: .*; found: name, text$"):
        open_catalogue(kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_whose_music_is_all_gone_is_an_error_that_says_what_is_looked_for(tmp_path, kind):
    if kind != "folder":
        for path in [*map(tmp_path.joinpath, BUILDERS[kind](tmp_path, tracks=3)), *tmp_path.rglob("*.*")]:
            if path.is_file() and path.suffix in audio.SUFFIXES:
                path.unlink()
    with pytest.raises(ValueError, match="no music: .* not there, 0 refused; expected in .*: .*files") as caught:
        open_catalogue(kind, tmp_path)
    assert "\n" not in str(caught.value)


def test_what_is_not_known_is_told_with_what_is(tmp_path):
    with pytest.raises(ValueError, match="unknown kind of catalogue 'fma'; known: folder, musiccaps"):
        open_catalogue("fma", tmp_path)
    with pytest.raises(ValueError, match="musiccaps has no option 'splits'; it has: split, audio, pictures"):
        open_catalogue("musiccaps", tmp_path, splits="eval")
    for name in ("kind", "path"):
        with pytest.raises(ValueError, match=f"song-describer has no option '{name}'; it has: valid_subset, audio"):
            open_catalogue("song-describer", tmp_path, **{name: "x"})
    with pytest.raises(ValueError, match="no musiccaps-public.csv in it"):
        open_catalogue("musiccaps", tmp_path)
    for name in ("a.csv", "b.csv"):
        files.write_table(tmp_path / name, ["a"], [])
    with pytest.raises(ValueError, match="no pairs.csv in it; found a.csv, b.csv: name one of them"):
        open_catalogue("pairs", tmp_path)
    with pytest.raises(ValueError, match="gone: no such folder"):
        open_catalogue("folder", tmp_path / "gone")


@pytest.mark.parametrize("value", ["no", "true", 0, None])
def test_an_option_that_is_true_or_false_takes_nothing_else(tmp_path, value):
    files.song_describer(tmp_path, tracks=2)
    with pytest.raises(ValueError, match=f"^song-describer: valid_subset is {value!r}; expected true or false$"):
        open_catalogue("song-describer", tmp_path, valid_subset=value)
    for valid, count in ((True, 1), (False, 2)):
        assert len(open_catalogue("song-describer", tmp_path, valid_subset=valid).items[0].captions) == count


@pytest.mark.parametrize("kind, name", [("folder", "captions"), ("musiccaps", "split"), ("pairs", "audio")])
def test_an_option_that_is_a_text_or_a_path_takes_nothing_else(tmp_path, kind, name):
    with pytest.raises(ValueError, match=f"^{kind}: {name} is True; expected a text or a path$"):
        open_catalogue(kind, tmp_path, **{name: True})


def test_a_value_that_is_no_number_or_truth_is_told_with_its_row(tmp_path):
    files.musiccaps(tmp_path, tracks=4)
    add_row(tmp_path, "musiccaps", ytid="abcdefghijk", start_s="soon", aspect_list="", caption="")
    with pytest.raises(ValueError, match="musiccaps-public.csv, row 5: start_s is 'soon'; expected seconds"):
        open_catalogue("musiccaps", tmp_path)
    files.song_describer(tmp_path, tracks=2)
    add_row(tmp_path, "song-describer", caption_id=77, is_valid_subset="maybe")
    with pytest.raises(ValueError, match="row 5: is_valid_subset is 'maybe'; expected True, False or nothing"):
        open_catalogue("song-describer", tmp_path, valid_subset=True)


CAPTION = 'Calm 🎹 "piano",\nfor a rainy évening'


@pytest.mark.parametrize("encoding", ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"))
@pytest.mark.parametrize("end", ("\n", "\r\n"))
def test_captions_with_emoji_and_line_breaks_survive_every_encoding(tmp_path, encoding, end):
    quoted = CAPTION.replace('"', '""')
    text = f'file,caption{end}a.wav,"{quoted}"{end}{end}b.wav,plain{end}'
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    rows = tables.read(tmp_path / "t.csv", ("file", "caption"))
    assert [row["caption"] for row in rows] == [CAPTION, "plain"] and [row.number for row in rows] == [1, 2]


def test_a_table_in_windows_letters_is_read_with_a_warning(tmp_path):
    (tmp_path / "t.csv").write_bytes("file;caption\r\nä.wav;“soft” – 5 €\r\n".encode("cp1252"))
    with pytest.warns(UserWarning, match="t.csv: not UTF-8, read as Windows-1252"):
        rows = tables.read(tmp_path / "t.csv", ("file", "caption"))
    assert rows[0].values == {"file": "ä.wav", "caption": "“soft” – 5 €"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=30), min_size=1))
def test_any_caption_that_is_written_is_read(tmp_path, captions):
    files.write_table(tmp_path / "t.csv", ["caption", "n"], [[text, 1] for text in captions])
    assert [row["caption"] for row in tables.read(tmp_path / "t.csv", ("caption",))] == [c.strip() for c in captions]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(["csv", "json"]), st.booleans())
@pytest.mark.filterwarnings("ignore:.*not UTF-8")
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path, data, suffix, headed):
    path = tmp_path / f"t.{suffix}"
    path.write_bytes((b"a,b\n" if headed else b"") + data)
    try:
        assert all("a" in row.values for row in tables.read(path, ("a",)))
    except ValueError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)


@pytest.mark.parametrize(
    "text, fault",
    [
        ("", "empty; expected the columns a, b"),
        ("a,b\n1,2\n1,2,3\n", "row 2: expected 2 values, found 3"),
        ("a,b\n1\n", "row 1: expected 2 values, found 1"),
        ('a,b\n1,"never closed\n2,3\n', "row 1: not as CSV should be"),
        ("a,b,a\n1,2,3\n", "the column 'a' stands twice"),
    ],
)
def test_a_broken_table_is_told_with_its_row(tmp_path, text, fault):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=f"t.csv.*{fault}"):
        tables.read(tmp_path / "t.csv", ("a", "b"))


def test_the_fixture_clips_are_what_their_headers_say(tmp_path):
    path = files.tone(tmp_path / "x.wav", 4, 22050)
    assert struct.unpack("<I", path.read_bytes()[24:28])[0] == 22050 and audio.length(path) == 4
    assert audio.length(tmp_path / "gone.wav") is None
