"""The corpus on disk: text files from which every sound and picture is made again, byte for byte."""

import csv
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields
from io import StringIO
from pathlib import Path

import numpy as np

from miniband import pictures
from miniband.attributes import FAMILIES, GENRES, Attributes, draw
from miniband.captions import caption, genre_prompt
from miniband.composer import compose
from miniband.domains import DOMAINS
from miniband.pictures import Picture, picture_caption
from miniband.randomness import seed_of, stream
from miniband.renderer import render

SPLITS = ("pretrain", "train", "val", "test")
SIZES = {("studio", "pretrain"): 2500, ("studio", "train"): 1600, ("studio", "val"): 200, ("studio", "test"): 500}
PIECE_SECONDS = 19.0
CLIP_SECONDS = {"pretrain": 8.0}  # other splits hold whole pieces
CAPTIONS = 3
PICTURES = 1

ATTRIBUTE_COLUMNS = tuple(field.name for field in fields(Attributes))
TRACK_COLUMNS = ("id", "domain", "split", "seed", "start", "seconds", *ATTRIBUTE_COLUMNS)
CAPTION_COLUMNS = ("id", "number", "text", "mentions")
PICTURE_COLUMNS = ("id", "draw", *(field.name for field in fields(Picture)), "caption")
GENRE_COLUMNS = ("genre", "family", "prompt")


def track_row(domain: str, split: str, index: int) -> dict:
    """The row of one track; it depends on (domain, split, index) alone, so a larger split only adds rows."""
    seconds = CLIP_SECONDS.get(split, PIECE_SECONDS)
    latest = PIECE_SECONDS - seconds
    attributes = draw(stream(domain, split, index, "attributes"), domain)
    return {
        "id": f"{domain}-{split}-{index:05d}",
        "domain": domain,
        "split": split,
        "seed": seed_of(domain, split, index, "seed"),
        "start": round(stream(domain, split, index, "start").random() * latest, 2),
        "seconds": seconds,
    } | {name: getattr(attributes, name) for name in ATTRIBUTE_COLUMNS}


def caption_rows(domain: str, split: str, index: int) -> list[dict]:
    """The captions of one track."""
    row, rows = track_row(domain, split, index), []
    for number in range(CAPTIONS):
        said = caption(track_attributes(row), stream(domain, split, index, "caption", number), domain)
        rows.append({"id": row["id"], "number": number, "text": said.text, "mentions": " ".join(said.mentions)})
    return rows


def picture_rows(domain: str, split: str, index: int) -> list[dict]:
    """The pictures of one track."""
    row, rows = track_row(domain, split, index), []
    for number in range(PICTURES):
        picture = pictures.draw(track_attributes(row), stream(domain, split, index, "picture", number))
        text = picture_caption(picture, stream(domain, split, index, "picture caption", number))
        rows.append({"id": row["id"], "draw": number} | picture.to_row() | {"caption": text})
    return rows


def write(folder: str | Path, sizes: Mapping[tuple[str, str], int] = SIZES) -> list[Path]:
    """Writes tracks/, captions/, pictures/ and genres.csv into `folder`; returns the files.

    All is made in memory first and each file is put in place whole. Raises ValueError for an unknown domain or split.
    """
    for domain, split in sizes:
        if domain not in DOMAINS or split not in SPLITS:
            known = f"domains: {', '.join(DOMAINS)}; splits: {', '.join(SPLITS)}"
            raise ValueError(f"unknown domain or split {domain}-{split}; {known}")
    contents = {}
    for (domain, split), size in sizes.items():
        each = [(domain, split, index) for index in range(size)]
        name = f"{domain}-{split}.csv"
        contents[f"tracks/{name}"] = _csv(TRACK_COLUMNS, [track_row(*key) for key in each])
        contents[f"captions/{name}"] = _csv(CAPTION_COLUMNS, [row for key in each for row in caption_rows(*key)])
        contents[f"pictures/{name}"] = _csv(PICTURE_COLUMNS, [row for key in each for row in picture_rows(*key)])
    genres = [{"genre": genre, "family": FAMILIES[genre], "prompt": genre_prompt(genre)} for genre in GENRES]
    contents["genres.csv"] = _csv(GENRE_COLUMNS, genres)
    return [_put(Path(folder) / name, text) for name, text in contents.items()]


def _csv(columns: tuple[str, ...], rows: list[dict]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _read(path: str | Path, columns: tuple[str, ...], parse: Callable[[dict], dict]) -> list[dict]:
    """The rows of a CSV; ValueError naming file, row (counted from 1, without the header) and what is wrong."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: column missing: {', '.join(missing)}; expected: {', '.join(columns)}")
        rows = []
        for number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                raise ValueError(f"{path}, row {number}: expected {len(reader.fieldnames)} values")
            try:
                rows.append(parse(row))
            except ValueError as error:
                raise ValueError(f"{path}, row {number}: {error}") from None
    return rows


def _typed(row: Mapping, types: Mapping[str, type]) -> dict:
    typed = dict(row)
    for name, kind in types.items():
        try:
            typed[name] = kind(row[name])
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise ValueError(f"{name} is {row[name]!r}; expected {expected}") from None
    return typed


def _track(row: dict) -> dict:
    row = _typed(row, {"seed": int, "start": float, "seconds": float, "tempo": int})
    track_attributes(row)
    start, seconds = row["start"], row["seconds"]
    if not (0 <= start and 0 < seconds and start + seconds <= PIECE_SECONDS):
        raise ValueError(f"start {start} + seconds {seconds} is not within the piece's {PIECE_SECONDS} s")
    return row


def _picture(row: dict) -> dict:
    row = _typed(row, {"draw": int, "blur": int, "seed": int})
    Picture.from_row(row)
    return row


def read_tracks(path: str | Path) -> list[dict]:
    """The rows of a tracks file, checked; seed and tempo are int, start and seconds float."""
    return _read(path, TRACK_COLUMNS, _track)


def read_pictures(path: str | Path) -> list[dict]:
    """The rows of a pictures file, checked; `Picture.from_row(row)` is the picture."""
    return _read(path, PICTURE_COLUMNS, _picture)


def read_captions(path: str | Path) -> list[dict]:
    """The rows of a captions file; number is int, mentions a string of attribute names."""
    return _read(path, CAPTION_COLUMNS, lambda row: _typed(row, {"number": int}))


def track_attributes(row: Mapping) -> Attributes:
    """The attributes in a track's row; ValueError for an unknown value."""
    return Attributes(**{name: row[name] for name in ATTRIBUTE_COLUMNS} | {"tempo": int(row["tempo"])})


def track_audio(row: Mapping, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """The sound of one track, `seconds` from `start` (to its end where None): mono float32 at `renderer.RATE`."""
    if seconds is None:
        seconds = float(row["seconds"]) - start
    if start < 0 or seconds <= 0 or start + seconds > float(row["seconds"]) + 1e-6:
        raise ValueError(f"window {start:g} + {seconds:g} s is outside {row['id']}, which lasts {row['seconds']} s")
    score = compose(track_attributes(row), int(row["seed"]), PIECE_SECONDS)
    return render(score, float(row["start"]) + start, seconds)
