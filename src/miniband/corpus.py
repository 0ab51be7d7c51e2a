"""The corpus on disk: text files from which every sound and picture is made again, byte for byte."""

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from io import StringIO
from pathlib import Path

import numpy as np

from miniband import pictures
from miniband.attributes import FAMILIES, GENRES, Attributes, draw
from miniband.captions import caption, genre_prompt
from miniband.composer import compose
from miniband.domains import base_name
from miniband.pictures import Picture, picture_caption
from miniband.randomness import seed_of, stream
from miniband.renderer import render
from miniband.twins import CHANGES, twin

SIZES = {
    "studio-pretrain": 2500, "general-pretrain": 2500, "studio-train": 2000, "studio-val": 200,
    "studio-test": 500, "crowd-test": 500, "lofi-test": 500, "studio-twins": 350,
    "studio-gallery": 2500, "crowd-gallery": 2500, "lofi-gallery": 2500, "general-reference": 500,
}  # fmt: skip
PIECE_SECONDS = 19.0
CLIP_SECONDS = {"pretrain": 8.0, "gallery": 8.0, "reference": 8.0}  # other splits hold whole pieces
CAPTIONS = {"pretrain": 3, "train": 3, "val": 3, "test": 3}  # for each track of a split; none elsewhere
PICTURES = {"pretrain": 1, "train": 2, "val": 2, "test": 2}
UNSEEN = ("general",)  # domains without pictures

ATTRIBUTE_COLUMNS = tuple(field.name for field in fields(Attributes))
TRACK_COLUMNS = ("id", "domain", "split", "seed", "start", "seconds", *ATTRIBUTE_COLUMNS)
TWIN_COLUMNS = (*TRACK_COLUMNS, "original", "changed")
CAPTION_COLUMNS = ("id", "number", "text", "mentions")
PICTURE_COLUMNS = ("id", "draw", *(field.name for field in fields(Picture)), "caption")
GENRE_COLUMNS = ("genre", "family", "prompt")


def track_row(domain: str, split: str, index: int) -> dict:
    """The row of one track; it depends on (domain, split, index) alone, so a larger split only adds rows.

    A domain's strength changes what it should and nothing else: lofi@0.5 has lofi's seeds.
    """
    place = (base_name(domain), split, index)
    seconds = CLIP_SECONDS.get(split, PIECE_SECONDS)
    latest = PIECE_SECONDS - seconds
    attributes = draw(stream(*place, "attributes"), domain)
    return {
        "id": f"{domain}-{split}-{index:05d}",
        "domain": domain,
        "split": split,
        "seed": seed_of(*place, "seed"),
        "start": round(stream(*place, "start").random() * latest, 2),
        "seconds": seconds,
    } | {name: getattr(attributes, name) for name in ATTRIBUTE_COLUMNS}


def caption_rows(domain: str, split: str, index: int) -> list[dict]:
    """The captions of one track."""
    row, rows = track_row(domain, split, index), []
    for number in range(CAPTIONS.get(split, 0)):
        said = caption(track_attributes(row), stream(base_name(domain), split, index, "caption", number), domain)
        rows.append({"id": row["id"], "number": number, "text": said.text, "mentions": " ".join(said.mentions)})
    return rows


def picture_rows(domain: str, split: str, index: int) -> list[dict]:
    """The pictures of one track."""
    row, rows = track_row(domain, split, index), []
    for number in range(0 if domain in UNSEEN else PICTURES.get(split, 0)):
        picture = pictures.draw(track_attributes(row), stream(base_name(domain), split, index, "picture", number))
        text = picture_caption(picture, stream(base_name(domain), split, index, "picture caption", number))
        rows.append({"id": row["id"], "draw": number} | picture.to_row() | {"caption": text})
    return rows


def twin_rows(domain: str, count: int) -> list[dict]:
    """Twins of the domain's test tracks, every attribute in turn, of the first tracks that have one."""
    found, rows = {changed: _twins(domain, changed) for changed in CHANGES}, []
    for index in range(count):
        row = next(found[CHANGES[index % len(CHANGES)]], None)
        if row is None:
            raise ValueError(f"{count} twins are more than the test tracks of {domain!r} have; ask for {index} at most")
        rows.append(row | {"id": f"{domain}-twins-{index:05d}", "split": "twins"})
    return rows


def _twins(domain: str, changed: str) -> Iterator[dict]:
    for index in range(SIZES[f"{domain}-test"]):
        row = track_row(domain, "test", index)
        other = twin(track_attributes(row), changed, stream(base_name(domain), "twins", index, changed), domain)
        if other is not None:
            yield row | {changed: getattr(other, changed), "original": row["id"], "changed": changed}


def write(folder: str | Path, sizes: Mapping[str, int] = SIZES) -> list[Path]:
    """Writes tracks/, captions/, pictures/ and genres.csv into `folder`; returns the files.

    sizes: how many tracks of which `domain-split`, of those in SIZES; ValueError names another one. All is made in
    memory first and each file is put in place whole.
    """
    unknown = [name for name in sizes if name not in SIZES]
    if unknown:
        raise ValueError(f"unknown domain or split {unknown[0]}; known: {', '.join(SIZES)}")
    contents = {}
    for name, size in sizes.items():
        domain, split = name.split("-")
        each = [(domain, split, index) for index in range(size)]
        if split == "twins":
            contents[f"tracks/{domain}/{split}.csv"] = _csv(TWIN_COLUMNS, twin_rows(domain, size))
            continue
        contents[f"tracks/{domain}/{split}.csv"] = _csv(TRACK_COLUMNS, [track_row(*key) for key in each])
        for kind, columns, make in (
            ("captions", CAPTION_COLUMNS, caption_rows),
            ("pictures", PICTURE_COLUMNS, picture_rows),
        ):
            if rows := [row for key in each for row in make(*key)]:
                contents[f"{kind}/{domain}/{split}.csv"] = _csv(columns, rows)
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


def track_attributes(row: Mapping) -> Attributes:
    """The attributes in a track's row; ValueError for an unknown value."""
    return Attributes(**{name: row[name] for name in ATTRIBUTE_COLUMNS} | {"tempo": int(row["tempo"])})


def track_audio(row: Mapping, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """The sound of one track, `seconds` from `start` (to its end where None): mono float32 at `renderer.RATE`."""
    if seconds is None:
        seconds = float(row["seconds"]) - start
    if start < 0 or seconds <= 0 or start + seconds > float(row["seconds"]) + 1e-6:
        raise ValueError(f"window {start:g} + {seconds:g} s is outside {row['id']}, which lasts {row['seconds']} s")
    score = compose(track_attributes(row), int(row["seed"]), PIECE_SECONDS, row["domain"])
    return render(score, float(row["start"]) + start, seconds)
