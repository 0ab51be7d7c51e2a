"""What a catalogue is: items, the files that they name, and what was refused. How each is read: `catalogues`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath

PICTURES = (".jpg", ".jpeg", ".png", ".webp")  # suffixes of pictures, in the order they are looked for


@dataclass(frozen=True)
class Item:
    """One track. id: unique in its catalogue; audio: None where the file that is meant is not there.

    start, seconds: the part of the file that is meant (seconds None: to its end), as `audio.read` takes them;
    about: what is known of it, such as title, artist, genre.
    """

    id: str
    audio: Path | None
    captions: tuple[str, ...] = ()
    picture: Path | None = None
    start: float = 0.0
    seconds: float | None = None
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """A row or a file that was refused: its name, the reason in a word or two, and what was found."""

    id: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Catalogue:
    """Tracks by name. root: the folder that all their files lie in; faults: what was refused."""

    name: str
    root: Path
    items: tuple[Item, ...]
    faults: tuple[Fault, ...] = ()

    @cached_property
    def found(self) -> tuple[Item, ...]:
        """Items whose audio is there."""
        return tuple(item for item in self.items if item.audio is not None)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Ids of the items whose audio is not there."""
        return tuple(item.id for item in self.items if item.audio is None)

    def coverage(self) -> dict[str, int]:
        """How many tracks are listed, found, missing, refused; how many captions and pictures the found ones have."""
        return {
            "listed": len(self.items) + len(self.faults),
            "found": len(self.found),
            "missing": len(self.missing),
            "refused": len(self.faults),
            "captions": sum(len(item.captions) for item in self.found),
            "pictures": sum(item.picture is not None for item in self.found),
        }


class Refused(ValueError):
    """A name that a catalogue will not follow. reason: as of a Fault; as text: what was found."""

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason = reason


def writable(text: str) -> str:
    """The text with what UTF-8 cannot hold, halves of letters, written as "\ufffd"."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def inside(root: Path, name: str) -> Path | None:
    """The file that a table names, under root; None where there is none.

    Refused where it would lie outside of root, and where its name is not UTF-8.
    """
    windows = PureWindowsPath(name)  # knows "/" and "\\", drives and shares
    if not name.strip():
        raise Refused("missing", "no file is named")
    if windows.drive or windows.root:
        raise Refused("outside", f"{name!r} is an absolute path; name files relative to {root}")
    if ".." in windows.parts:
        raise Refused("outside", f"{name!r} leads out of {root}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Refused("unreadable", f"the name {writable(name)!r} is not UTF-8; rename it") from None
    path = root / name
    try:
        there = path.exists()
    except OSError:  # a name that no file system takes
        there = False
    if there:
        refuse_links_out(root, path)
    return path if there else None


def refuse_links_out(root: Path, path: Path) -> None:
    """Refused where a link on the way from root leads out of it, or nowhere at all since links go round."""
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        target = path.resolve()
    except (OSError, RuntimeError):  # a RuntimeError: links that go round, before Python 3.13
        raise Refused("unreadable", f"{str(path.relative_to(root))!r} cannot be followed to a file") from None
    if not target.is_relative_to(root.resolve()):
        raise Refused("outside", f"{str(path.relative_to(root))!r} is a link that leads out of {root}")


def first_inside(root: Path, names: Iterable[str]) -> Path | None:
    """The first of these files that is there, as `inside`."""
    return next((path for name in names if (path := inside(root, name)) is not None), None)
