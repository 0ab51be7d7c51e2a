"""This machine's reports beside the committed ones: `python -m ghostnotes.compare [FOLDER]`, or `make compare`.

On one machine with the same settings every digit repeats. Another processor or library adds numbers in another order, a
network then trains along another path, and digits move. What that may be:

same      within 1e-5 of the number's size: the tables hold six figures
tolerated within a tenth of half its 95 % interval where the table gives one (NAME_low and NAME_high; low and high of
          a difference), else within 2 % of it; of a count nothing is
differs   further off; counted apart where the number leaves the committed interval

Rows are matched by what names them: of the columns of text and those in SETTINGS, from left to right, each that tells
rows apart which the ones before it do not. What a row is named by already is compared like a number, for instance the
guidance that val chose for it. Tables that hold a row for every query are left out, as their means are in others. The
exit status is 1 where a claim's verdict is another one, else 0.
"""

import argparse
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

SAME, TOLERANCE, SHARE_OF_HALF = 1e-5, 0.02, 0.1
SETTINGS = {"K", "beyond", "count", "depth", "draw", "evaluations", "iterations", "k", "n", "omega", "part", "seed",
            "share", "shrinkage", "sigma", "size", "step", "steps", "strength", "tier", "training_seed", "up", "value",
            "weight"}  # fmt: skip
OUTCOMES = {"decision", "holds", "within", "named_genre", "named_lead", "named_tempo"}  # text that a result decides
SHOWN = 5  # differing numbers printed of one table, the furthest off first


def committed(folder: Path, project: Path = Path(".")) -> None:
    """Write reports/tables of the project's last commit into folder; ValueError without git or without such tables."""
    command = ["git", "-C", str(project), "archive", "--format=tar", "HEAD", "reports/tables"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError:
        raise ValueError("git is not there; name a folder with the reports to compare with") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(f"no committed reports here ({said[-1] if said else 'git failed'}); "
                         "name a folder with the reports to compare with") from None  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def tables_of(folder: Path) -> Path:
    """The folder of tables in a project, in its reports, or in itself; ValueError where none holds a scorecard."""
    places = [Path(folder) / name for name in ("reports/tables", "tables", ".")]
    found = next((place for place in places if list(place.glob("*verdicts*.csv"))), None)
    if found is None:
        raise ValueError(f"{folder}: no tables with verdicts in it; name a project, or its folder reports")
    return found


def verdicts(tables: Path) -> dict[str, str]:
    """Every claim's verdict as the folder's tables give it, by its id."""
    found = {}
    for path in sorted(tables.glob("*verdicts*.csv")):
        found |= _read(path).set_index("id")["verdict"].to_dict()
    return found


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Two versions of one table: (cells that are not the same, counts).

    The first has where, column, committed, here, off (the gap over what is tolerated, so that up to 1 is; infinite for
    text) and left (True where a number leaves the committed interval). counts: cells that were compared, and rows and
    columns that are missing here or new.
    """
    shared = [name for name in theirs if name in ours]
    keys = naming(ours, theirs)
    left, right = _keyed(theirs, keys), _keyed(ours, keys)
    both = left.index.intersection(right.index, sort=False)
    values = [name for name in shared if name not in keys]
    counts = {
        "cells": len(both) * len(values),
        "rows missing": len(left) - len(both),
        "rows new": len(right) - len(both),
        "columns missing": len(set(theirs) - set(ours)),
        "columns new": len(set(ours) - set(theirs)),
    }
    empty = pd.DataFrame(columns=["where", "column", "committed", "here", "off", "left"])
    parts = [_column(left.loc[both], right.loc[both], name) for name in values]
    return pd.concat([empty, *(part for part in parts if len(part))], ignore_index=True), counts


def naming(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """The columns that name the rows of theirs; and where several of ours have one name then, those that help there."""
    shared = [name for name in theirs if name in ours]
    offered = [name for name in shared if name in SETTINGS or (_text(theirs[name]) and name not in OUTCOMES)]
    found = []
    for table in (theirs, ours):
        said = table[offered].map(_short)
        groups = len(said[found].drop_duplicates()) if found else 1
        for name in offered:
            count = len(said[[*found, name]].drop_duplicates())
            if count > groups:
                found, groups = [*found, name], count
    return [name for name in offered if name in found]


def _column(left, right, name):
    """The rows of `differences` for one column."""
    a, b = left[name], right[name]
    off, outside = np.full(len(a), np.inf), np.zeros(len(a), bool)
    if all(pd.api.types.is_numeric_dtype(one) and one.dtype != bool for one in (a, b)):
        x, y, base = a.to_numpy(float), b.to_numpy(float), re.sub("_(low|high)$", "", name)
        plainly = name in ("difference", "low", "high")
        ends = ["low", "high"] if plainly else [f"{base}_low", f"{base}_high"]
        there = set(ends) <= set(left)
        low, high = (left[end if there else name].to_numpy(float) for end in ends)
        half, counted = (high - low) / 2, pd.api.types.is_integer_dtype(a) and not there
        plain = 0.0 if counted else TOLERANCE * np.abs(x)
        gap, tolerated = np.abs(x - y), np.where(half > 0, SHARE_OF_HALF * half, plain)
        same = (np.isnan(x) & np.isnan(y)) | (gap <= SAME * np.abs(x))
        off = np.divide(gap, tolerated, out=off, where=(tolerated > 0) & ~np.isnan(gap))
        outside = there & (name not in ends) & ((y < low) | (y > high))
    else:
        same = (a.astype(str) == b.astype(str)).to_numpy()
    found = {"where": [_said(key) for key in left.index], "column": name, "committed": a.to_numpy(object)}
    return pd.DataFrame(found | {"here": b.to_numpy(object), "off": off, "left": outside})[~same]


def report(ours: Path, theirs: Path) -> tuple[list[str], int]:
    """The lines of the report on two folders of tables, and how many verdicts of theirs are others in ours, or gone."""
    names = [
        {path.name for path in folder.glob("*.csv") if not path.stem.endswith("_queries")} - {"scorecard.csv"}
        for folder in (ours, theirs)
    ]
    lines = [f"{name}: missing here" for name in sorted(names[1] - names[0])]
    lines += [f"{name}: new here" for name in sorted(names[0] - names[1])]
    shared = sorted(name for name in names[0] & names[1] if "verdicts" not in name)
    same = 0
    for name in shared:
        found, counts = differences(_read(ours / name), _read(theirs / name))
        said = _summed(found, counts)
        same += not said
        lines += [f"{name}: {said}"] if said else []
        for row in found[found["off"] > 1].sort_values("off", ascending=False, kind="stable").head(SHOWN).itertuples():
            lines.append(f"    {row.column} of {row.where}: {_short(row.committed)} committed, {_short(row.here)} here")
    lines.append(f"{same} of {len(shared)} tables say the same")
    before, now = verdicts(theirs), verdicts(ours)
    changed = [one for one in before if now.get(one) != before[one]]
    lines += [f"verdict of {one}: {before[one]} committed, {now.get(one, 'none')} here" for one in changed]
    new = len(now.keys() - before.keys())
    lines.append(f"{len(changed)} of {len(before)} verdicts differ" + (f", {new} are new" if new else ""))
    return lines, len(changed)


def _summed(found, counts):
    """What differs in one table, in a line; "" for nothing."""
    differ, outside = int((found["off"] > 1).sum()), int(found["left"].sum())
    parts = [f"{differ} of {counts['cells']} cells differ" + (f", {outside} leave their interval" if outside else "")]
    parts += [f"{len(found) - differ} tolerated"] if len(found) > differ else []
    odd = [f"{n} {what}" for what, n in counts.items() if n and what != "cells"]
    return "; ".join(parts + odd) if len(found) or odd else ""


def _read(path):
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _text(column):
    return not pd.api.types.is_numeric_dtype(column) and column.dropna().map(type).ne(bool).all()


def _keyed(table, keys):
    """The table by its keys as text, and by a running number where they repeat."""
    named = table[keys].map(_short)
    named["nth"] = named.groupby(keys).cumcount() if keys else np.arange(len(table))
    return table.set_index(pd.MultiIndex.from_frame(named.astype(str)))


def _said(key):
    *names, nth = key
    text = ", ".join(name for name in names if name)
    return text + (f" (row {int(nth) + 1} of these)" if nth != "0" else "") if text else f"row {int(nth) + 1}"


def _short(value):
    return str(value) if not isinstance(value, float) else "" if np.isnan(value) else f"{value:.6g}"


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghostnotes.compare", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="reports to compare with; else those of the last commit")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if options.folder is None:
                committed(Path(folder))
            lines, changed = report(tables_of(Path(".")), tables_of(options.folder or Path(folder)))
    except (ValueError, OSError) as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main())
