"""Tables that people have: CSV of any common encoding and line end, tab-separated rows, JSON lines; as rows of text."""

import csv
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ghostnotes.datasets.items import writable


@dataclass(frozen=True)
class Row:
    """One row: its number (from 1, without the header) and its values by column; rest: values beyond the columns."""

    number: int
    values: dict[str, str]
    rest: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> str:
        return self.values[column]


def read(path: Path, columns: tuple[str, ...], *, open_ended: bool = False) -> list[Row]:
    """The rows of a table that has at least these columns, values stripped of white space.

    .json and .jsonl hold one object of texts and numbers a line, and halves of letters in them become "\ufffd"; else
    commas, semicolons or tabs. open_ended: the last column goes on to the
    end of the line and nothing is quoted, as in MTG-Jamendo. ValueError in one line names file, row and fault, for
    columns those expected and found.
    """
    path = Path(path)
    text = _text(path)
    if path.suffix.lower() in (".json", ".jsonl"):
        return _objects(path, text, columns)
    lines = text.splitlines()
    if not lines:
        raise ValueError(f"{path}: empty; expected the columns {', '.join(columns)}")
    delimiter = max(",;\t", key=lambda d: len(set(columns) & set(_header(lines[0], d))))
    quoting = {"quoting": csv.QUOTE_NONE} if open_ended else {"strict": True}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **quoting)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise ValueError(f"{path}: its first line is not as CSV should be: {error}") from None
    _expect(path, columns, header)
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{path}: the column {twice!r} stands twice")
    return list(_rows(path, reader, header, open_ended))


def locate(path: Path, usual: str) -> Path:
    """The table itself, or of a folder the one named `usual`, else its only one of that suffix. ValueError for none."""
    path = Path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise ValueError(f"{path}: not there; expected {usual} or a folder that holds it")
    if (path / usual).is_file():
        return path / usual
    others = sorted(found for found in path.glob(f"*{Path(usual).suffix}") if found.is_file())
    if len(others) == 1:
        return others[0]
    found = f"; found {', '.join(other.name for other in others)}: name one of them" if others else ""
    raise ValueError(f"{path}: no {usual} in it{found}")


def _text(path: Path) -> str:
    """A file's text: UTF-8 or UTF-16; else Windows' western alphabet, with a warning."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in data[:200]:  # every other byte of western text in UTF-16 is 0
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise ValueError(f"{path}: neither UTF-8 nor whole UTF-16; save it as UTF-8") from None
    warnings.warn(f"{path}: not UTF-8, read as Windows-1252; save it as UTF-8 to be sure of its letters", stacklevel=2)
    return data.decode("cp1252", errors="replace")


def _rows(path: Path, reader, header: list[str], open_ended: bool) -> Iterator[Row]:
    number = 0
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            number += 1
            short = len(values) < len(header) - open_ended
            if short or len(values) > len(header) and not open_ended:
                raise ValueError(f"{path}, row {number}: expected {len(header)} values, found {len(values)}")
            values = [value.strip() for value in values] + [""] * (len(header) - len(values))
            yield Row(number, dict(zip(header, values)), tuple(values[len(header) :]))
    except csv.Error as error:
        raise ValueError(f"{path}, row {number + 1}: not as CSV should be: {error}") from None


def _objects(path: Path, text: str, columns: tuple[str, ...]) -> list[Row]:
    rows = []
    for line in filter(str.strip, text.split("\n")):  # splitlines would cut a caption at Unicode's own line ends
        number = len(rows) + 1
        try:
            values = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}, row {number}: not JSON, one object a line: {error}") from None
        if not isinstance(values, dict):
            raise ValueError(f"{path}, row {number}: expected an object, found {type(values).__name__}")
        _expect(path, columns, list(values), f", row {number}")
        nested = next((name for name, value in values.items() if isinstance(value, (list, dict))), None)
        if nested is not None:
            kind = "a list" if isinstance(values[nested], list) else "an object"
            raise ValueError(f"{path}, row {number}: {_shown(nested)} is {kind}; expected a text")
        texts = {name: "" if value is None else writable(str(value)).strip() for name, value in values.items()}
        rows.append(Row(number, texts))
    if not rows:
        raise ValueError(f"{path}: empty; expected the columns {', '.join(columns)}")
    return rows


def _expect(path: Path, columns: tuple[str, ...], found: list[str], where: str = "") -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        shown = ", ".join(map(_shown, found[:20])) or "none"
        raise ValueError(
            f"{path}{where}: column missing: {', '.join(missing)}; expected: {', '.join(columns)}; found: {shown}"
        )


def _shown(name: str) -> str:
    return " ".join(writable(name)[:40].split())


def _header(line: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"') for name in line.split(delimiter)]
