"""Tracks of the made corpus as a person's folder of music: files of several kinds, tags, pictures, a table of captions.

The pipeline needs none of them: they are what the stages that read files are run on where no other music is at hand.
"""

import csv
import io
from pathlib import Path

import numpy as np

from ghostnotes.datasets import made, rendering
from ghostnotes.files import atomically

FORMATS = (("flac", {}), ("mp3", {}), ("ogg", {}), ("wav", {"subtype": "PCM_16"}))  # in turn
CAPTIONS = "captions.csv"


def placed(catalogue: made.Catalogue, folder: Path) -> list[dict]:
    """Every track's row with the file that it becomes, as `write_one` takes it."""
    rows = catalogue.tracks.to_dict("records")
    return [row | {"file": str(Path(folder) / _name(row["id"], number))} for number, row in enumerate(rows)]


def _name(track: str, number: int) -> str:
    return f"{track}.{FORMATS[number % len(FORMATS)][0]}"


def write_one(row: dict) -> np.ndarray:
    """Render one track into row["file"], with title and genre as tags, where it is not there yet: array of seconds."""
    # late: the workers that do this need it, whoever lists files does not
    import mutagen
    import soundfile

    path = Path(row["file"])
    if not path.exists():
        options = next(options for suffix, options in FORMATS if path.suffix == f".{suffix}")
        samples, rate = rendering.preview(row, 0.0, row["seconds"])

        def write(temporary: str) -> None:
            soundfile.write(temporary, samples, rate, format=path.suffix[1:].upper(), **options)
            tagged = None if path.suffix == ".wav" else mutagen.File(temporary, easy=True)
            if tagged is not None:
                tagged["title"], tagged["genre"] = row["id"], row["genre"]
                tagged.save()

        atomically(path, write)
    return np.array([row["seconds"]])


def write_beside(catalogue: made.Catalogue, folder: Path) -> None:
    """The captions of all tracks as one table, file and caption, and every track's first picture beside its file."""
    from PIL import Image

    names = {track: _name(track, number) for number, track in enumerate(catalogue.ids)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "caption"])
    writer.writerows([names[row.id], row.text] for row in catalogue.captions.itertuples())
    atomically(Path(folder) / CAPTIONS, lambda temporary: Path(temporary).write_text(text.getvalue(), encoding="utf-8"))
    pictures = catalogue.pictures
    for row in pictures[pictures["draw"] == 0].to_dict("records"):
        picture = Image.fromarray(rendering.picture_pixels(row))
        atomically(Path(folder) / f"{row['id']}.png", lambda temporary, p=picture: p.save(temporary, format="PNG"))


def write_broken(folder: Path) -> None:
    """Three files as every collection has them: one empty, one that was cut off, one that holds no sound.

    ValueError where no track was written as .wav, the kind that is cut off here.
    """
    import soundfile

    folder = Path(folder)
    waves = sorted(folder.glob("*.wav"))
    if not waves:
        raise ValueError(f"{folder}: no .wav among its tracks; write at least {len(FORMATS)}, one of every kind")
    (folder / "empty.mp3").write_bytes(b"")
    soundfile.write(folder / "silent.flac", np.zeros(32000), 32000)
    whole = waves[0].read_bytes()
    (folder / "truncated.wav").write_bytes(whole[: len(whole) // 2])
