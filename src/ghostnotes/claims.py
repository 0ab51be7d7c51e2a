"""An entry of claims.yaml as the comparisons it stands for, and each of them as a sentence."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

PHRASES = {"at_least": "at least", "about_equal": "about equal to"}
PHRASES |= {"not_above": "not surely above", "not_below": "not surely below"}


@dataclass(frozen=True)
class Comparison:
    """Two selections and the relation claimed; with `points`, a trend of the left one over a swept column."""

    left: dict
    relation: str
    right: dict
    statistic: str
    left_minus: dict | None = None
    right_minus: dict | None = None
    over: str | None = None
    points: tuple = ()


def read(path: Path) -> list[dict]:
    """The entries of claims.yaml, in order."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built: a second less
    return yaml.load(Path(path).read_text(encoding="utf-8"), loader)["claims"]


def expand(claim: dict) -> list[Comparison]:
    """Every comparison a claim stands for: its `each` multiplied out, its pairs one by one, a trend before them."""
    found = []
    for entry in claim["compare"]:
        each, statistic = entry.get("each", {}), entry.get("statistic", claim["statistic"])
        for values in itertools.product(*each.values()):
            chosen = dict(zip(each, values, strict=True))
            found += (_sweep if "pairs" in entry else _sides)(entry, chosen, statistic)
    return found


def _sides(entry, chosen, statistic):
    both = {key: value for key, value in chosen.items() if "." not in key}
    sides = {}
    for name in entry.keys() & {"left", "left_minus", "right", "right_minus"}:
        prefix = name.removesuffix("_minus") + "."
        own = {key.removeprefix(prefix): value for key, value in chosen.items() if key.startswith(prefix)}
        sides[name] = entry[name] | both | own
    return [Comparison(relation=entry["relation"], statistic=statistic, **sides)]


def _sweep(entry, chosen, statistic):
    rows = entry["rows"] | {key: entry[key] for key in entry.keys() & {"column"}} | chosen
    over, pairs, found = entry["over"], entry["pairs"], []
    if "trend" in entry:
        # the correlation decides, and a pair can only speak against it
        points = (*(one for one, _, _ in pairs), pairs[-1][2])
        found.append(Comparison(rows, entry["trend"], {}, statistic, over=over, points=points))
        against = {"below": "not_above", "above": "not_below"}
        pairs, statistic = [(one, against[relation], other) for one, relation, other in pairs], "paired_bootstrap"
    both = [(rows | {over: one}, relation, rows | {over: other}) for one, relation, other in pairs]
    return found + [Comparison(*three, statistic, over=over) for three in both]


def words(where, named=None):
    """A selection in words: text as it is, numbers with their column, a point of a sweep with what it came to."""
    said = []
    for name, value in where.items():
        found = (named or {}).get(value, value)
        if name in ("column", "constant") or pd.isna(value):
            continue
        number = "" if isinstance(found, str) else f"{name} {found:g}"
        said.append(found if not number else number if found == value else f"{number} ({value})")
    return ", ".join(said)


def sentence(comparison, named):
    """The comparison as a plain sentence; the right side says only what differs."""
    left, right, relation = comparison.left, comparison.right, comparison.relation
    new = {key: right[key] for key in left | right if key in right and right[key] != left.get(key)}
    less = {
        name: f" less {words({key: value for key, value in minus.items() if side.get(key) != value})}" if minus else ""
        for name, side, minus in (("left", left, comparison.left_minus), ("right", right, comparison.right_minus))
    }
    other = " of ".join(word for word in (new.get("column"), words(new, named)) if word)
    other = f"{right['constant']:g}" if "constant" in right else other + less["right"]
    return f"{left['column']} of {words(left, named)}{less['left']} {PHRASES.get(relation, relation)} {other}"
