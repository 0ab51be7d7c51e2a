"""Texts that people wrote to ask for music and to change what they asked for, and what they say of a track.

data/requests/ holds two files to read and to extend: negative prompts (GD-Retriever 4.3.1) and edits (4.3.2). What a
text says is read off it in the corpus' own words, so that each request's outcome can be counted.
"""

import re
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from ghostnotes.datasets import made
from miniband import studio_style
from miniband.attributes import DRUMS, LEADS, Attributes
from miniband.randomness import stream
from miniband.reading import PLAIN, read
from miniband.vocabulary import tempo_words

FOLDER = made.DATA / "requests"
# GD-Retriever's five; a key with its note is in so few tracks that there is nothing to remove: a mode stands for it
CATEGORIES = {"genre": ("genre",), "mood": ("mood",), "instrumentation": ("lead", "drums"), "key": ("mode",),
              "tempo": ("tempo",)}  # fmt: skip
KINDS = ("qualifier", "subject", "detail")  # what an edit changes: how it sounds, what it is, or it adds something
# words for several values at once, looked for where a text names none of them alone
WIDER = {
    "drums": ("drums", tuple(kit for kit in DRUMS if kit != "none")),
    "guitar": ("lead", tuple(lead for lead in LEADS if "guitar" in lead)),
    "brass": ("lead", ("trumpet", "trombone")),
    "strings": ("lead", ("violin", "cello")),
    "minor": ("mode", ("minor",)),
    "major": ("mode", ("major",)),
}


def said(text: str) -> dict[str, tuple]:
    """What a text says of a track: attribute -> the values that fit; tempo -> (slowest, fastest) in BPM.

    "drums" alone is any kit, "guitar" any of the guitars, and a mode may stand without a key. ValueError where a text
    contradicts itself.
    """
    found, known = {}, read(text)
    if known.genres:
        found["genre"] = tuple(sorted(known.genres))
    if known.tempo:
        found["tempo"] = known.tempo
    found |= {name: (getattr(known, name),) for name in PLAIN if getattr(known, name) is not None}
    for word, (name, values) in WIDER.items():
        if name not in found and re.search(rf"(?<![\w-]){word}(?![\w-])", text, re.IGNORECASE):
            found[name] = values
    return found


def having(tracks: pd.DataFrame, attribute: str, values: tuple) -> np.ndarray:
    """Which tracks have one of the values of an attribute, (N,) bool; a crossover has both of its genres."""
    if attribute == "genre":
        return (tracks["genre"].isin(values) | tracks["second_genre"].isin(values)).to_numpy()
    if attribute == "tempo":
        return tracks["tempo"].between(*values).to_numpy()
    return tracks[attribute].isin(values).to_numpy()


def fitting(texts, tracks: pd.DataFrame) -> np.ndarray:
    """Which tracks have all that a text says, (len(texts), N) bool; a crossover has both of its genres."""
    found = {}
    for text in dict.fromkeys(texts):
        each = [having(tracks, *one) for one in said(text).items()]
        found[text] = np.logical_and.reduce(each) if each else np.ones(len(tracks), dtype=bool)
    return np.stack([found[text] for text in texts])


def negative_prompts(path: Path = FOLDER / "negative_prompts.csv") -> pd.DataFrame:
    """The curated negative prompts: id, category, query, unwanted, and from the text `attribute` and `values`.

    ValueError in one line, with file and row, where a text is empty or contradicts itself, where the unwanted one says
    two things or nothing of its category, or where the query asks for what is unwanted.
    """
    table = _read(path, ("id", "category", "query", "unwanted"), "category", tuple(CATEGORIES))
    for where, row in _rows(path, table):
        wanted, found = (_said(where, column, row[column]) for column in ("query", "unwanted"))
        here = [name for name in found if name in CATEGORIES[row["category"]]]
        if len(found) != 1 or not here:
            raise ValueError(f"{where}: unwanted {row['unwanted']!r} must say one thing, of its category "
                             f"{row['category']}; it says: {', '.join(found) or 'nothing'}")  # fmt: skip
        if here[0] in wanted:
            raise ValueError(f"{where}: the query {row['query']!r} asks for a {here[0]} itself; leave one of them out")
        table.loc[row.name, "attribute"] = here[0]
        table.at[row.name, "values"] = found[here[0]]
    return table


def edits(path: Path = FOLDER / "edits.csv") -> pd.DataFrame:
    """The curated edits: id, kind, original, edited, and from the texts `changed`, `kept`, `removed` and `added`.

    changed: what the edited text says and the original does not; kept: what both say; dicts as `said` gives them.
    removed, added: the words that the edit takes away and brings. ValueError in one line, with file and row, where a
    text is empty or contradicts itself, or an edit changes nothing or keeps nothing that the corpus knows.
    """
    table = _read(path, ("id", "kind", "original", "edited"), "kind", KINDS)
    for where, row in _rows(path, table):
        before, after = (_said(where, column, row[column]) for column in ("original", "edited"))
        changed = {name: values for name, values in after.items() if before.get(name) != values}
        kept = {name: values for name, values in after.items() if before.get(name) == values}
        if not changed or not kept:
            raise ValueError(f"{where}: {row['edited']!r} {'keeps' if changed else 'changes'} nothing that is known of "
                             f"a track in {row['original']!r}")  # fmt: skip
        removed, added = word_changes(row["original"], row["edited"])
        for name, value in (("changed", changed), ("kept", kept), ("removed", removed), ("added", added)):
            table.at[row.name, name] = value
    return table


def word_changes(original: str, edited: str) -> tuple[str, str]:
    """The words that stand in the original text alone, and those in the edited one alone, each in their order."""
    before, after = (re.findall(r"[\w'-]+", text.lower()) for text in (original, edited))
    sides = (before, after), (after, before)
    return tuple(" ".join(word for word in one if word not in other) for one, other in sides)


def described(track, names, key: str) -> str:
    """A caption as the studio writes them that says of a track these attributes and no others.

    track: a row of `Catalogue.tracks`; key: names the choice of words. Two tracks that share `key` and `names` get the
    same words but for the values in which they differ. A tempo is said in words, not in BPM.
    """
    attributes = Attributes(**{name: track[name] for name in Attributes.__dataclass_fields__})
    texts = (studio_style.write(attributes, tuple(names), stream("request", key, turn)) for turn in count())
    return next(text for text in texts if "BPM" not in text)


def can_be_said(twins: pd.DataFrame, originals: pd.DataFrame) -> np.ndarray:
    """Which twins differ from their originals, row by row, in words too: (N,) bool; two tempi may share theirs."""
    words = ([tempo_words(tempo) for tempo in some["tempo"]] for some in (twins, originals))
    alike = np.array([one == other for one, other in zip(*words, strict=True)])
    return ~(alike & twins["changed"].eq("tempo").to_numpy())


def _read(path, columns, sort, known):
    table = made._read(Path(path), dict.fromkeys(columns, str))[list(columns)]
    for where, row in _rows(path, table):
        if row[sort] not in known:
            raise ValueError(f"{where}: {sort} is {row[sort]!r}; expected one of: {', '.join(known)}")
    if table["id"].duplicated().any():
        raise ValueError(f"{path}: the id {table['id'][table['id'].duplicated()].iloc[0]!r} stands twice")
    return table.reindex(columns=[*columns, *(("attribute", "values") if sort == "category" else
                                              ("changed", "kept", "removed", "added"))]).astype(object)  # fmt: skip


def _rows(path, table):
    return ((f"{path}, row {number}", row) for number, (_, row) in enumerate(table.iterrows(), start=1))


def _said(where, column, text):
    if not re.search(r"\w", text):
        raise ValueError(f"{where}: the {column} text is empty; write what it asks for")
    try:
        return said(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
