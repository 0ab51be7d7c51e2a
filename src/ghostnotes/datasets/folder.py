"""A folder of music as people have it: files of any kind in any depth, tags, covers, perhaps a table of captions."""

import os
import unicodedata
from pathlib import Path

from tqdm import tqdm

from ghostnotes.datasets import tables
from ghostnotes.datasets.audio import SUFFIXES
from ghostnotes.datasets.items import PICTURES, Catalogue, Fault, Item, Refused, inside, refuse_links_out

COVERS = ("cover", "folder")  # stems of the picture of a whole folder
# a tag's names in ID3; and in Vorbis comments and APE, MPEG-4, ASF, in small letters
TAGS = {
    "title": ("TIT2", "title", "\xa9nam"),
    "artist": ("TPE1", "artist", "\xa9art", "author"),
    "album": ("TALB", "album", "\xa9alb", "wm/albumtitle"),
    "genre": ("TCON", "genre", "\xa9gen", "wm/genre"),
    "comment": ("COMM", "comment", "description", "\xa9cmt"),
}


def folder(path: Path, *, captions: str | None = None) -> Catalogue:
    """Every audio file under path, in the order of their names; hidden files and linked folders are passed by.

    captions: a table `file,caption` (relative to path, or a path of its own), any number of rows a file; a file it does
    not name has its comment tag for a caption, or none. Its picture is one of its own name beside it, else cover.jpg or
    folder.jpg in its folder. ids: the paths relative to path, with "/".
    """
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder" if not root.exists() else f"{root}: it is no folder")
    names, faults = _walk(root)
    said, more = _captions(root, captions, names) if captions is not None else ({}, [])
    pictures = _pictures(names)
    items = []
    music = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
    for name in tqdm(music, "tags", disable=len(music) < 1000):
        there = (root / name).exists()  # a link may lead nowhere
        about = tags(root / name) if there else {}
        text = tuple(said.pop(name, ())) or ((about["comment"],) if "comment" in about else ())
        items.append(Item(name, root / name if there else None, text, _picture(root, name, pictures), about=about))
    items += [Item(name, None, tuple(texts)) for name, texts in said.items()]  # described, but not there
    return Catalogue(root.resolve().name or "folder", root, tuple(items), tuple(faults + more))


def tags(path: Path) -> dict[str, str]:
    """Title, artist, album, genre and comment of a file, as far as its tags say and can be read; of no file none."""
    # late: reading a folder is the only use
    import mutagen

    if not path.is_file():  # a pipe would block
        return {}
    try:
        found = mutagen.File(path)
        raw = getattr(found, "tags", None)
        about = {name: _tag(raw, keys) for name, keys in TAGS.items()} if raw else {}
    except Exception:  # tags are written by anything, and broken ones raise anything; they must stop nothing
        return {}
    return {name: value for name, value in about.items() if value}


def _tag(raw, names: tuple[str, ...]) -> str:
    if hasattr(raw, "getall"):  # ID3; comments with a name of their own are notes of programs to themselves
        frames = [frame for frame in raw.getall(names[0]) if not getattr(frame, "desc", "")]
        values = [value for frame in frames for value in (frame.genres if names[0] == "TCON" else frame.text)]
    else:
        found = {key.lower(): value for key, value in raw.items()}
        values = next((found[name] for name in names if name in found), [])
        values = [values] if isinstance(values, str) else list(values)
    return ", ".join(filter(None, (" ".join(str(value).replace("\0", " ").split()) for value in values)))


def _walk(root: Path) -> tuple[list[str], list[Fault]]:
    """Names of the audio files and pictures under root, relative and in order, and what is not to be followed."""
    names, faults = [], []

    def closed(error: OSError) -> None:
        name = Path(error.filename).relative_to(root).as_posix()
        faults.append(Fault(name, "unreadable", f"the folder cannot be opened: {error.strerror}"))

    for parent, folders, files in os.walk(root, onerror=closed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        files = [name for name in files if Path(name).suffix.lower() in SUFFIXES.union(PICTURES)]
        for entry in (*links, *(name for name in files if not name.startswith("."))):
            path = Path(parent) / entry
            name = path.relative_to(root).as_posix()
            try:
                name.encode()
                refuse_links_out(root, path)
            except UnicodeEncodeError:
                shown = name.encode("utf-8", "backslashreplace").decode()
                faults.append(Fault(shown, "unreadable", "its name is not UTF-8; rename it"))
            except Refused as refused:
                faults.append(Fault(name, refused.reason, str(refused)))
            else:
                names += [name] if entry not in links else []
    return sorted(names), sorted(faults, key=lambda fault: fault.id)


def _captions(root: Path, table: str, names: list[str]) -> tuple[dict[str, list[str]], list[Fault]]:
    """Captions by file, and rows that were refused. ValueError where no row names a file of the folder."""
    path = root / table if (root / table).is_file() else Path(table)
    if not path.is_file():
        raise ValueError(f"{table}: no such table of captions, here or in {root}")
    spelled = {unicodedata.normalize("NFC", name): name for name in names}  # file systems differ in how é is written
    said, faults = {}, []
    for row in tables.read(path, ("file", "caption")):
        name = row["file"].replace("\\", "/").removeprefix("./")
        name = spelled.get(unicodedata.normalize("NFC", name), name)
        try:
            if inside(root, name) is not None and Path(name).suffix.lower() not in SUFFIXES:
                raise Refused("unreadable", f"{name!r} is not a kind of sound file that is read here")
        except Refused as refused:
            name = name or f"row {row.number}"
            faults.append(Fault(name, refused.reason, f"{path.name}, row {row.number}: {refused}"))
            continue
        said.setdefault(name, []).extend([row["caption"]] if row["caption"] else [])
    if not set(said) & set(names):
        example = f"; {path.name} names {min(said)!r}" if said else ""
        raise ValueError(f"{path}: none of its files is in {root}{example}; expected paths relative to the folder")
    return said, faults


def _pictures(names: list[str]) -> dict[str, str]:
    """Pictures by their stems in small letters; of several of one stem the first kind of PICTURES."""
    kind = {name: Path(name).suffix.lower() for name in names}
    found = {}
    for name in sorted((n for n in names if kind[n] in PICTURES), key=lambda name: PICTURES.index(kind[name])):
        found.setdefault(_stem(name), name)
    return found


def _picture(root: Path, name: str, pictures: dict[str, str]) -> Path | None:
    place = name.rpartition("/")[0]
    stems = (_stem(name), *(f"{place}/{cover}".lstrip("/").lower() for cover in COVERS))
    return next((root / pictures[stem] for stem in stems if stem in pictures), None)


def _stem(name: str) -> str:
    return name.rpartition(".")[0].lower()
