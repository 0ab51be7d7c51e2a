"""The scorecard: an entry of claims.yaml and the tables under reports/ give a verdict, by the rules written there.

A claim's table is up to three files side by side, in columns from left to right:

NAME.csv, the summary: settings (method, query, domain, omega, ...) and values, one row a setting, or one a setting and
    `training_seed`. It says which settings exist; of its values only `fmd_val` is read, for the minimum of a sweep.
    Where it has a column `primary`, a selection that matches several settings takes the rows with True alone.
NAME_queries.csv.gz or .csv: settings, `item`, values. `item` names the query, the unit of pairing: settings that answer
    the same queries share the names. A track's two pictures are one item and told apart by `draw`: they ask for the
    same answer, and an interval that took them for independent would be too narrow.
NAME_parts.csv.gz or .csv: settings, `part`, values, for disjoint parts of the queries.

What stands left of `item` or `part` is a setting and must be in the summary too; `training_seed` may stand anywhere. A
selection is looked up in the summary, and the settings found there, such as the primary omega of a domain, are selected
in the values. These are averaged over training seeds and draws. A column left blank for a setting was not measured.
"""

from dataclasses import dataclass
from functools import cached_property
from numbers import Number
from pathlib import Path

import numpy as np
import pandas as pd

from ghostnotes import statistics
from ghostnotes.claims import expand, sentence, words

COLUMNS = ["what", "left", "right", "difference", "low", "high", "margin", "decision"]
REPEATS = {"training_seed", "draw"}  # several values of one unit, averaged first
SWEEP = (0, 19)  # claims.yaml: the minimum of a sweep lies between these


@dataclass(frozen=True, eq=False)
class Verdict:
    """A claim's verdict, what decided it, and every comparison with its interval."""

    id: str
    verdict: str
    reason: str
    comparisons: pd.DataFrame
    sentence: str
    paper_figures: str


class _MissingError(Exception):
    """A table, row or value that a comparison needs is not in reports/."""


def verdict(claim: dict, tables: Path) -> Verdict:
    """Decide one claim from the files in the folder `tables`; ValueError, in one line, where they are not as above."""
    files, rows, missing = _Files(Path(tables) / Path(claim["table"]).name), [], {}
    try:
        for comparison in expand(claim):
            try:
                rows.append(_compared(comparison, files, claim["margin"]))
            except _MissingError as error:
                missing[str(error)] = True
    except ValueError as error:
        raise ValueError(f"claim {claim['id']}: {error}") from error
    found = pd.DataFrame(rows, columns=[*COLUMNS, "room", "excess"])
    name, reason = _decided(found, list(missing), claim)
    return Verdict(claim["id"], name, reason, found[COLUMNS], claim["sentence"], claim["paper_figures"])


def table(verdicts) -> pd.DataFrame:
    """One row a claim: id, claim, paper_figures, verdict, and in decided_by the comparison or gap that decided."""
    rows = [(one.id, one.sentence, one.paper_figures, one.verdict, one.reason) for one in verdicts]
    return pd.DataFrame(rows, columns=["id", "claim", "paper_figures", "verdict", "decided_by"])


class _Files:
    """A claim's table and the values beside it."""

    def __init__(self, path: Path):
        self.path, self.name, self.known = path, path.name, {}

    @cached_property
    def summary(self) -> pd.DataFrame:
        return _read(self.path)

    @cached_property
    def item(self) -> tuple[str, pd.DataFrame]:
        return self._beside("queries", "item")

    @cached_property
    def part(self) -> tuple[str, pd.DataFrame]:
        return self._beside("parts", "part")

    def _beside(self, kind, unit):
        paths = [self.path.with_name(f"{self.path.stem}_{kind}{end}") for end in (".csv.gz", ".csv")]
        _demand(
            not all(path.exists() for path in paths), f"{paths[0].name} stands beside a .csv of that name; keep one"
        )
        path = paths[0] if paths[0].exists() else paths[1]
        values = _read(path)
        _demand(unit in values, f"{path.name} has no column {unit!r}; write settings, {unit!r}, values")
        strange = ", ".join(sorted(set(_settings(values, unit)) - set(self.summary)))
        _demand(not strange, f"{path.name} has {strange} left of {unit!r}; add it to {self.name} or move it right")
        return path.name, values

    def rows(self, where: dict, over: str | None = None) -> pd.DataFrame:
        """The summary's rows of one setting, or of one sweep over a column."""
        unknown = ", ".join(sorted({*where, over} - {*self.summary, None}))
        _demand(not unknown, f"{self.name} has no column {unknown}, by which the claim selects")
        found = self.summary[_match(self.summary, where)]
        _need(len(found), f"{self.name} has no row with {words(where)}")
        # a training seed repeats a setting; anything else that comes twice is a second setting
        key = [name for name in (over, "training_seed") if name in found]

        def several():
            return found[key].assign(one=0).duplicated().any()

        marked = found.get("primary", pd.Series(dtype=bool))
        _demand(set(marked) <= {True, False}, f"primary in {self.name} must be True or False everywhere")
        if several() and len(marked):
            found = found[marked.astype(bool)]
            _need(len(found), f"{self.name} marks no row with {words(where)} as primary")
        _demand(not several(), f"{words(where)} matches several settings in {self.name}; mark one as primary")
        return found

    def point(self, name, side: dict, over: str):
        """A point of a sweep as its value: minimum, smallest and largest are looked up, others stay as they are."""
        if name not in ("minimum", "smallest", "largest"):
            return name
        where = {key: value for key, value in side.items() if key not in ("column", over)}
        swept = self.rows(where, over)
        if name != "minimum":
            return swept[over].min() if name == "smallest" else swept[over].max()
        _demand("fmd_val" in swept, f"{self.name} has no column 'fmd_val', which tells the minimum of the sweep")
        inside = swept[(swept[over] > SWEEP[0]) & (swept[over] < SWEEP[1])]
        means = inside.groupby(over)["fmd_val"].mean().dropna()
        _need(len(means), f"{self.name} has no fmd_val between {over} 0 and 19 for {words(where)}")
        return means.idxmin()

    def values(self, side: dict, unit: str):
        """A selection's values, one a query or part, averaged over training seeds; a constant as it is."""
        if "constant" in side:
            return float(side["constant"])
        key = (unit, *sorted(side.items()))
        if key not in self.known:
            self.known[key] = self._look_up(dict(side), unit)
        return self.known[key]

    def _look_up(self, where, unit):
        column, rows = where.pop("column"), self.rows(where)
        name, values = getattr(self, unit)
        settings, key = _settings(values, unit), [unit, *REPEATS & set(values)]
        setting = rows.iloc[0][settings].to_dict()
        said = words(where | setting)
        _demand(len(rows[settings].drop_duplicates()) == 1, f"{said} varies with the training seed in {self.name}")
        others = self.summary[~_match(self.summary, where)]
        _demand(not _match(others, setting).any(), f"{name} lacks a setting that tells {said} from others")
        _demand(column in values, f"{name} has no column {column!r}")
        found = values[_match(values, setting)]
        _demand(len(found), f"{name} has no row with {said}, {self.name} has one; write both from one run")
        _demand(not found.duplicated(key).any(), f"{said} matches several settings in {name}: {key} is not unique")
        _need(found[column].notna().any(), f"{name} has no {column} of {said}")
        whole = found[column].notna().all() and pd.api.types.is_numeric_dtype(found[column])
        _demand(whole, f"{column} of {said} in {name} has cells that are blank or no number")
        even = found.groupby(unit).size().nunique() == 1
        _demand(even, f"{said} in {name} has more training seeds for one {unit} than for another")
        return found.groupby(unit)[column].mean()


def _compared(comparison, files, share):
    """One row of a verdict's comparisons, with its room to hold and its excess past failing, in interval widths."""
    what, relation, left, right, interval = (_trend if comparison.points else _pair)(comparison, files)
    margin = share * min(abs(left), abs(right)) if relation in ("at_least", "about_equal") else np.nan
    decision, room, excess = decide(relation, interval.low, interval.high, margin)
    width = max(interval.high - interval.low, 1e-12)
    return what, left, right, *interval, margin, decision, room / width, excess / width


def _trend(comparison, files):
    rows, over = comparison.left, comparison.over
    what = f"{rows['column']} of {words(rows)} {comparison.relation} with {over}, rank correlation"
    points = [files.point(point, rows, over) for point in comparison.points]
    curves = [files.values(rows | {over: point}, "item") for point in points]
    for curve in curves[1:]:
        _difference(curves[0], curve, what)
    interval = statistics.paired_bootstrap(statistics.rank_correlations(points, np.column_stack(curves)))
    return what, {"rises": "above", "falls": "below"}[comparison.relation], interval.mean, 0.0, interval


def _pair(comparison, files):
    over, named, sides = comparison.over, {}, []
    unit = "part" if comparison.statistic == "disjoint_subsamples" else "item"
    if over:
        named = {side[over]: files.point(side[over], side, over) for side in (comparison.left, comparison.right)}
        _need(len(set(named.values())) == 2, f"{files.name} has only one {over} for {words(comparison.left, named)}")
    what = sentence(comparison, named)
    for name in ("left", "right"):
        side, minus = getattr(comparison, name), getattr(comparison, f"{name}_minus")
        values = files.values(side | {over: named[side[over]]} if over else side, unit)
        sides.append(values if minus is None else _difference(values, files.values(minus, unit), what))
    if comparison.statistic == "unpaired_bootstrap":
        interval = statistics.unpaired_bootstrap(*sides)
    else:
        paired = {"paired_bootstrap": statistics.paired_bootstrap, "disjoint_subsamples": statistics.subsample_interval}
        interval = paired[comparison.statistic](_difference(*sides, what))
    return what, comparison.relation, np.mean(sides[0]), np.mean(sides[1]), interval


def decide(relation: str, low: float, high: float, margin: float) -> tuple[str, float, float]:
    """An interval's decision by the rules, how far it lies within what holds, and how far within what does not.

    not_above and not_below are for the pairs of a trend, which hold unless the interval is wholly on the wrong side.
    """
    room, excess = {
        "above": (low, -high),
        "below": (-high, low),
        "at_least": (low + margin, -margin - high),
        "about_equal": (min(low + margin, margin - high), max(low - margin, -margin - high)),
        "not_above": (np.inf, low),
        "not_below": (np.inf, -high),
    }[relation]
    # an interval that ends on 0 is nowhere above; one that ends on a margin is not yet outside it
    failed = excess >= 0 if relation in ("above", "below") else excess > 0
    return "does not hold" if failed else "holds" if room > 0 else "undecided", room, excess


def _decided(found, missing, claim):
    """The verdict's name and its reason."""
    if missing:
        return "not testable here", missing[0] + (f" (1 of {len(missing)} gaps)" if missing[1:] else "")
    if claim["verdict"] == "by_construction":
        return "by construction", claim["note"].strip()
    name = next(name for name in ("does not hold", "undecided", "holds") if (found["decision"] == name).any())
    rows = found[found["decision"] == name]
    # the clearest failure; otherwise the comparison that came nearest to another verdict
    row = rows.loc[rows["excess"].idxmax() if name == "does not hold" else rows["room"].idxmin()]
    return name, f"{row['what']}: {row['difference']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"


def _difference(one, other, what):
    """One side minus another, query by query; ValueError unless both answer the same ones. A constant answers any."""
    if isinstance(one, pd.Series) and isinstance(other, pd.Series):
        odd = one.index.symmetric_difference(other.index)
        _demand(odd.empty, f"{what}: {len(odd)} queries or parts are answered by one side only, such as {[*odd[:1]]}")
    return one - other


def _match(table, where):
    mask = np.ones(len(table), bool)
    for name, value in where.items():
        if isinstance(value, Number) and not pd.isna(value):
            mask &= np.isclose(pd.to_numeric(table[name], errors="coerce"), value)
        else:
            mask &= (table[name].isna() if pd.isna(value) else table[name].astype(str) == str(value)).to_numpy(bool)
    return mask


def _read(path):
    _need(path.exists(), f"there is no {path.name}")
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _settings(values, unit):
    return [name for name in values.columns[: values.columns.get_loc(unit)] if name not in REPEATS]


def _demand(met, line):
    if not met:
        raise ValueError(line)


def _need(there, line):
    if not there:
        raise _MissingError(line)
