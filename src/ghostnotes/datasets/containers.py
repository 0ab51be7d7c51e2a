"""What audio files say of their own length: is all of it there, and how to read those that do not say.

libsndfile reads a wav or an Ogg file that was cut off without a word; a wav whose writer never came back to fill in the
size it takes for empty; an mp3 without a table of contents it reads as far as the first frame's bitrate makes it last.
"""

import io
import os
import shutil
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

UNSAID = 0x7FFF0000  # sizes from here on stand for "as long as it goes on": what encoders write into a pipe
LARGEST_PAGE = 65307  # bytes of an Ogg page
LAST_PAGE = 4  # flag of the page that ends an Ogg stream


class Stream(soundfile.SoundFile):
    """A sound file read from front to end. soundfile else seeks after every block, which a stream of unknown length
    does not survive, and reads no further than the length that was guessed."""

    def seekable(self) -> bool:
        """Never."""
        return False


def cut_short(path: Path) -> str:
    """What is missing at the end of a wav, aiff or Ogg file by its own account, in words; "" where all is there."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] == b"OggS":
            return _ogg_cut_short(file, size)
        place, length = _sound(file, head)
    if place is not None and length < UNSAID and place + length > size:
        return f"its header promises {length} bytes of sound, {max(size - place, 0)} are there"
    return ""


@contextmanager
def opened(path: Path) -> Iterator[Stream]:
    """The file as libsndfile reads all of it. soundfile.LibsndfileError where it cannot."""
    if _unfinished(path):
        with Stream(_finished(path)) as stream:
            yield stream
    elif mp3_seconds(path) == 0:
        with Stream(_pipe(path)) as stream:
            yield stream
    else:
        with Stream(str(path)) as stream:
            yield stream


def mp3_seconds(path: Path) -> float | None:
    """Seconds that an mp3's table of contents promises, 0 where it has none; None where the file is no mp3."""
    from mutagen import MutagenError
    from mutagen.mp3 import MP3, BitrateMode

    with open(path, "rb") as file:
        head = file.read(3)
    if head != b"ID3" and not (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return None
    try:
        info = MP3(path).info
    except MutagenError:
        return None
    if info.sketchy:
        return None
    return 0.0 if info.bitrate_mode is BitrateMode.UNKNOWN else info.length


def _sound(file, head: bytes) -> tuple[int | None, int]:
    """(place, bytes) of the chunk of samples in a wav or aiff file; place None where there is no such chunk."""
    name, order = {(b"RIFF", b"WAVE"): (b"data", "<"), (b"FORM", b"AIFF"): (b"SSND", ">"),
                   (b"FORM", b"AIFC"): (b"SSND", ">")}.get((head[:4], head[8:12]), (None, "<"))  # fmt: skip
    while name is not None and len(chunk := file.read(8)) == 8:
        length = struct.unpack(f"{order}4xI", chunk)[0]
        if chunk[:4] == name:
            return file.tell(), length
        file.seek(length + length % 2, os.SEEK_CUR)
    return None, 0


def _unfinished(path: Path) -> bool:
    """Whether a wav's writer left its size at 0 though samples follow."""
    with open(path, "rb") as file:
        head = file.read(12)
        place, length = _sound(file, head)
    size = path.stat().st_size
    # a wav that is rightly empty says so: its RIFF size fits the file
    return head[:4] == b"RIFF" and place is not None and length == 0 and struct.unpack("<4xI4x", head)[0] + 8 != size


def _finished(path: Path) -> io.BytesIO:
    """The bytes of such a wav with a size that says "as long as it goes on"."""
    with open(path, "rb") as file:
        place, _ = _sound(file, file.read(12))
        file.seek(0)
        data = bytearray(file.read())
    data[place - 4 : place] = b"\xff" * 4
    return io.BytesIO(data)


def _pipe(path: Path) -> int:
    """A pipe's end to read the file from, closed by its reader: of a pipe libsndfile guesses no length."""
    end, start = os.pipe()

    def feed():
        try:
            with open(start, "wb") as target, open(path, "rb") as source:
                shutil.copyfileobj(source, target)
        except OSError:  # the reader had enough
            pass

    threading.Thread(target=feed, daemon=True).start()
    return end


def _ogg_cut_short(file, size: int) -> str:
    file.seek(max(0, size - 2 * LARGEST_PAGE))
    tail = file.read()
    place = tail.rfind(b"OggS\x00")
    page = tail[place:]
    if place < 0 or len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return "its last page is not whole"
    return "" if page[5] & LAST_PAGE else "no page says that the stream ends"
