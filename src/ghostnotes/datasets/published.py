"""Data sets that others publish, by the tables and file names that they come with.

- MusicCaps (Agostinelli et al. 2023): musiccaps-public.csv; the audio is what YouTube still has of it.
- Song Describer (Manco et al. 2023): song_describer.csv and audio/48/948.2min.mp3 for the path 48/948.mp3.
- MeLBench (Chowdhury et al. 2024, MELFusion): images, captions, music. Its own files were not to be had; the columns
  are those that MELFusion's training code reads, `captions`, `location` (of the audio) and `img_path`, as CSV or JSON
  lines; paths are relative to the table.
- pairs of a frame and its audio, as from YT8M: `audio`, `picture` and perhaps `caption`, relative to the table.
- MTG-Jamendo (Bogdanov et al. 2019): a .tsv whose tags go on to the end of the line; audio/48/948.mp3, or 948.low.mp3.
"""

import ast
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

from ghostnotes.datasets import audio as files
from ghostnotes.datasets import tables
from ghostnotes.datasets.items import PICTURES, Catalogue, Fault, Item, Refused, first_inside, inside

MUSICCAPS = ("ytid", "start_s", "end_s", "aspect_list", "caption", "is_audioset_eval")
SONG_DESCRIBER = ("caption_id", "track_id", "caption", "is_valid_subset", "artist_id", "path")
MELBENCH = ("captions", "location", "img_path")
PAIRS = ("audio", "picture")
JAMENDO = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False, "": False}
# an id in a file's name. Next to it stands no letter and no digit; "-" and "_" do, as in TITLE-YTID and YTID_30_40, and
# may belong to the id as well: so every place where one could begin is looked at
YOUTUBE_ID = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z0-9_-]{11})(?![A-Za-z0-9]))")
CLIP_SLACK = 1.0  # seconds that a clip may last longer than MusicCaps says and still be the clip, not the whole video


def musiccaps(
    path: Path, *, split: str | None = None, audio: str | None = None, pictures: str | None = None
) -> Catalogue:
    """Files in any depth whose names hold the YouTube id: YTID.wav, [YTID]-[30-40].wav, YTID_30_40.flac.

    Each may be the clip or the whole video. split: "train" or "eval" (AudioSet's evaluation set); audio: the folder of
    these files; pictures: a folder of YTID.jpg.
    """
    if split not in (None, "train", "eval"):
        raise ValueError(f"musiccaps: unknown split {split!r}; known: train, eval")
    table = tables.locate(path, "musiccaps-public.csv")
    rows = tables.read(table, MUSICCAPS)
    root, frames = _folder(table, audio, "audio"), pictures and _folder(table, pictures)
    clips = _by_youtube_id(root, {row["ytid"] for row in rows})
    taken = _Taken(table)
    for row in rows:
        if split and _truth(table, row, "is_audioset_eval") != (split == "eval"):
            continue
        start, end = (_number(table, row, column) for column in ("start_s", "end_s"))
        if not 0 <= start < end:
            raise ValueError(f"{table}, row {row.number}: it starts at {start:g} s and ends at {end:g} s")

        def item(row=row, start=start, end=end):
            name = row["ytid"]
            inside(root, name)
            if not re.fullmatch(r"[\w-]{11}", name, re.ASCII):
                raise Refused("unreadable", f"{name!r} is no YouTube id: 11 letters, digits, '-' or '_'")
            clip = inside(root, clips[name]) if name in clips else None
            # the file is the clip, or the video that the clip is a part of: its length tells
            whole = clip is not None and (files.length(clip) or 0) > end - start + CLIP_SLACK
            picture = first_inside(frames, [name + suffix for suffix in PICTURES]) if frames else None
            return Item(name, clip, _said(row["caption"]), picture, start if whole else 0.0,
                        end - start if whole else None, {"aspects": _aspects(row["aspect_list"])})  # fmt: skip

        taken.take(row, row["ytid"], item)
    return taken.catalogue("musiccaps" if split is None else f"musiccaps-{split}", root)


def song_describer(path: Path, *, valid_subset: bool = False, audio: str | None = None) -> Catalogue:
    """Several captions a track. valid_subset: only captions that were validated."""
    table = tables.locate(path, "song_describer.csv")
    root = _folder(table, audio, "audio/audio", "audio")
    captions: dict[str, list[tables.Row]] = {}
    seen, taken = set(), _Taken(table)
    for row in tables.read(table, SONG_DESCRIBER):
        if row["caption_id"] in seen:
            taken.refuse(row, f"caption {row['caption_id']}", "duplicate", "its caption_id stands twice")
        elif not valid_subset or _truth(table, row, "is_valid_subset"):
            captions.setdefault(row["track_id"], []).append(row)
        seen.add(row["caption_id"])
    for track, rows in captions.items():

        def item(track=track, rows=rows):
            name = rows[0]["path"]
            found = first_inside(root, [re.sub(r"\.mp3$", ".2min.mp3", name), name])
            return Item(track, found, _said(*(row["caption"] for row in rows)), about={"artist": rows[0]["artist_id"]})

        taken.take(rows[0], track, item)
    return taken.catalogue("song-describer", root)


def melbench(path: Path, *, audio: str | None = None, pictures: str | None = None) -> Catalogue:
    """Images, captions, music. audio, pictures: folders that the paths start from, if not the table's."""
    return _pictured(tables.locate(path, "melbench.csv"), "melbench", MELBENCH, audio, pictures)


def pairs(path: Path, *, audio: str | None = None, pictures: str | None = None) -> Catalogue:
    """Pairs of audio and a frame. audio, pictures: folders that the paths start from, if not the table's."""
    return _pictured(tables.locate(path, "pairs.csv"), "pairs", ("caption", *PAIRS), audio, pictures)


def jamendo(path: Path, *, audio: str | None = None) -> Catalogue:
    """Music to compare with (FAD): tags, no captions."""
    table = tables.locate(path, "autotagging.tsv")
    root = _folder(table, audio, "audio")
    taken = _Taken(table)
    for row in tables.read(table, JAMENDO, open_ended=True):

        def item(row=row):
            name = row["PATH"]
            found = first_inside(root, [name, re.sub(r"\.mp3$", ".low.mp3", name)])
            about = {"artist": row["ARTIST_ID"], "album": row["ALBUM_ID"]}
            for tag in (row["TAGS"], *row.rest):
                kind, _, value = tag.partition("---")
                kind = kind.removesuffix("/theme")  # mood/theme
                if value:
                    about[kind] = f"{about[kind]}, {value}" if kind in about else value
            return Item(row["TRACK_ID"], found, about=about)

        taken.take(row, row["TRACK_ID"], item)
    return taken.catalogue("jamendo", root)


class _Taken:
    """The items of a table as its rows are taken, and the rows that were refused."""

    def __init__(self, table: Path):
        self.table, self.items, self.faults = table, {}, []

    def take(self, row: tables.Row, name: str, item: Callable[[], Item]) -> None:
        if not name:
            return self.refuse(row, f"row {row.number}", "missing", "it has no id")
        if name in self.items:
            return self.refuse(row, name, "duplicate", "an earlier row has this id")
        try:
            self.items[name] = item()
        except Refused as refused:
            self.refuse(row, name, refused.reason, str(refused))

    def refuse(self, row: tables.Row, name: str, reason: str, detail: str) -> None:
        self.faults.append(Fault(name, reason, f"{self.table.name}, row {row.number}: {detail}"))

    def catalogue(self, name: str, root: Path) -> Catalogue:
        return Catalogue(name, root, tuple(self.items.values()), tuple(self.faults))


def _pictured(table: Path, kind: str, columns: tuple[str, str, str], audio, pictures) -> Catalogue:
    """Tables of one picture a track; columns: of caption, audio and picture. A track's further rows add captions."""
    caption, sound, picture = columns
    rows = tables.read(table, columns if kind == "melbench" else columns[1:])
    root, frames = _folder(table, audio), _folder(table, pictures)
    taken, shown = _Taken(table), {}
    for row in rows:
        name = row[sound]
        said = _said(row.values.get(caption, ""))
        known = taken.items.get(name)
        if known is not None and shown[name] == row[picture] and said and said[0] not in known.captions:
            taken.items[name] = Item(name, known.audio, known.captions + said, known.picture)
            continue
        shown.setdefault(name, row[picture])

        def item(row=row, name=name, said=said):
            seen = inside(frames, row[picture]) if row[picture] else None
            return Item(name, inside(root, name), said, seen)

        taken.take(row, name, item)
    return taken.catalogue(kind, root)


def _folder(table: Path, named: str | None, *usual: str) -> Path:
    """The folder that a table's paths start from: the one that is named, else the first usual one, else the table's."""
    if named is not None:
        folder = table.parent / named
        if not folder.is_dir():
            raise ValueError(f"{folder}: no such folder; {table.name} lies in {table.parent}")
        return folder
    return next((table.parent / name for name in usual if (table.parent / name).is_dir()), table.parent)


def _by_youtube_id(root: Path, wanted: set[str]) -> dict[str, str]:
    """Of every id the file whose name holds it by itself; of several the shortest name, then the first."""
    found: dict[str, str] = {}
    paths = (Path(folder) / name for folder, _, names in os.walk(root) for name in names if not name.startswith("."))
    for path in sorted(paths, key=lambda path: (len(path.stem), str(path))):
        if path.suffix.lower() in files.SUFFIXES:
            for name in YOUTUBE_ID.findall(path.stem):
                if name in wanted:
                    found.setdefault(name, str(path.relative_to(root)))
    return found


def _said(*captions: str) -> tuple[str, ...]:
    return tuple(caption for caption in captions if caption)


def _aspects(text: str) -> str:
    """MusicCaps' list of aspects, written as Python writes lists, as words with commas."""
    try:
        return ", ".join(map(str, ast.literal_eval(text)))
    except (ValueError, SyntaxError, TypeError):
        return text


def _truth(table: Path, row: tables.Row, column: str) -> bool:
    if row[column].lower() not in TRUTH:
        raise ValueError(f"{table}, row {row.number}: {column} is {row[column]!r}; expected True, False or nothing")
    return TRUTH[row[column].lower()]


def _number(table: Path, row: tables.Row, column: str) -> float:
    try:
        number = float(row[column])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{table}, row {row.number}: {column} is {row[column]!r}; expected seconds")
    return number
