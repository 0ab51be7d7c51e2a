"""The scorecard of all claims: every verdict anew from a folder of tables, its effect, and the paper's beside it.

`scorecard.verdict` decides; nothing here does. What is added are effects, in two units that can be compared between
claims. The *ratio* divides the side that the claim puts higher by the other: above 1 it went as claimed, whatever was
measured, and the paper's own figures have such a ratio too. *Halves* are the difference in the claimed direction over
half its interval: beyond 1 or -1 the interval leaves out zero.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ghostnotes import beside, claims, scorecard

VERDICTS = ("holds", "does not hold", "undecided", "by construction", "not testable here")
MARKS = dict(zip(VERDICTS, "●✕○◆–", strict=True))
DIRECTION = {"below": -1, "falls": -1, "not_above": -1}  # of the claimed difference; all others 1
UNLIKE = {"m2i"}  # columns whose scale in the papers is unknown
RATIO = ["ratio", "ratio_low", "ratio_high"]
EFFECT = ["difference", "low", "high", "left", "right", *RATIO, "paper_left", "paper_right", "paper_ratio"]
HEAD = """# Scorecard

What the papers say, and what came of it in the tables of this folder, by rules fixed beforehand (`claims.yaml`).
The music is made and the networks are small: no number under *here* is theirs. *Beside*: what a rule does not see.
"""


def judged(entries: list[dict], tables: Path, sizes: dict, full: Path | None = None, full_sizes: dict | None = None):
    """One row a claim, and one row a comparison: (the scorecard, all `effects`), as two pandas tables.

    entries: of claims.yaml; tables: the folder that is judged; sizes: {"prior": [seeds], "ghosts": [seeds]}.
    full: the tables of a larger profile, which add verdict_full, decided_by_full and seeds_full to the claims whose
    table is there; differs then says whether both verdicts do. ValueError where a table is not as `scorecard` needs it.
    """
    rows, parts = [], []
    for claim in entries:
        found = scorecard.verdict(claim, tables)
        parts.append(effects(claim, found, tables))
        decisive = parts[-1][parts[-1]["decides"]] if len(parts[-1]) else pd.DataFrame([dict.fromkeys(EFFECT, np.nan)])
        row = {name: claim[name] for name in ("id", "paper", "place")} | {"claim": claim["sentence"].strip()}
        row |= {"verdict": found.verdict, "decided_by": found.reason, **decisive.iloc[0][EFFECT]}
        row |= {"paper_figures": claim["paper_figures"], "training_seeds": seeds_of(claim, sizes)}
        row |= {"beside": beside.words(claim["id"], tables)}
        row |= {"verdict_full": "", "decided_by_full": "", "seeds_full": np.nan, "differs": ""}
        if full and (Path(full) / Path(claim["table"]).name).exists():
            other = scorecard.verdict(claim, full)
            row |= {"verdict_full": other.verdict, "decided_by_full": other.reason}
            row |= {"seeds_full": seeds_of(claim, full_sizes), "differs": str(other.verdict != found.verdict)}
        rows.append(row)
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True)


def seeds_of(claim: dict, sizes: dict) -> int:
    """How many training seeds stand behind a claim: of the "prior" (Diff4Steer) or of the "ghosts" (the rest)."""
    return len(sizes["prior" if claim["paper"] == "Diff4Steer" else "ghosts"])


def effects(claim: dict, found: scorecard.Verdict, tables: Path) -> pd.DataFrame:
    """A verdict's comparisons with their effects, one row each; none where some comparison could not be made.

    To `scorecard.COLUMNS` come id, verdict, relation, statistic, sign (-1 where the claim says below, else 1), decides
    (the one that the reason names), halves, ratio with ratio_low and ratio_high, and the paper's left, right and ratio
    where the summary table holds them. A ratio is blank for trends, for differences of differences, where a side is not
    above 0, and for Frechet distances and Vendi scores, whose size goes with the rows of a part; its interval takes the
    right side as exact.
    """
    comparisons, rows = claims.expand(claim), found.comparisons.reset_index(drop=True)
    if len(rows) != len(comparisons):
        return pd.DataFrame()
    summary = pd.read_csv(Path(tables) / Path(claim["table"]).name, keep_default_na=False, na_values=[""])
    made = []
    for one, (_, row) in zip(comparisons, rows.iterrows(), strict=True):
        sign, plain = DIRECTION.get(one.relation, 1), not one.points and one.left_minus is None
        plain = plain and one.statistic != "disjoint_subsamples"
        half, reach = (row["high"] - row["low"]) / 2, sign * row["difference"]
        paper = {"paper_left": np.nan, "paper_right": np.nan}
        if not one.points:
            paper["paper_left"] = _paper(summary, one.left, one.left_minus)
            paper["paper_right"] = _paper(summary, one.right, one.right_minus)
        ratios = _ratios(row, sign) if plain else (np.nan,) * 3
        made.append(paper | dict(zip(RATIO, ratios, strict=True)) | {
            "id": claim["id"], "verdict": found.verdict, "relation": one.relation, "sign": sign,
            "statistic": one.statistic,
            "halves": reach / half if half > 0 else np.sign(reach) * np.inf if reach else 0.0,
            "paper_ratio": _ratio(*paper.values(), sign) if plain else np.nan,
        })  # fmt: skip
    both = pd.concat([rows, pd.DataFrame(made)], axis=1)
    said = both["what"] == found.reason.rpartition(": ")[0]
    # the reason of a verdict by construction is a note: then the weakest
    return both.assign(decides=both.index == (said.idxmax() if said.any() else both["halves"].abs().idxmin()))


def to_line(effect) -> float:
    """How far a comparison's difference lies from the line that decides it: 0, or the nearer of its margins.

    effect: a row of `effects`.
    """
    edges = {"at_least": (-1,), "about_equal": (-1, 1)}.get(effect.relation, ())
    return min((abs(effect.difference - edge * effect.margin) for edge in edges), default=abs(effect.difference))


def queries(claim: dict, tables: Path) -> int | None:
    """How many queries stand behind a claim's intervals, in its largest test set; None where disjoint parts do."""
    stem = Path(tables) / Path(claim["table"]).stem
    path = next((path for end in (".csv.gz", ".csv") if (path := Path(f"{stem}_queries{end}")).exists()), None)
    if path is None or claim["statistic"] == "disjoint_subsamples":
        return None
    values = pd.read_csv(path, usecols=lambda name: name in ("domain", "task", "item"))
    sets = [name for name in ("domain", "task") if name in values]
    return int(values.groupby(sets)["item"].nunique().max() if sets else values["item"].nunique())


def needed(gap: float, half: float, count: int, power: float = 0.8) -> float:
    """How many queries would decide, by the normal law: count * ((z_level + z_power) / z_level * half / gap)^2.

    gap: how far the true difference lies from what it is compared with, 0 or a margin; half: of the 95 % interval that
    `count` queries gave, which shrinks with the square root of their number. Infinite where gap is 0.
    """
    from scipy import stats

    level, reach = stats.norm.ppf(0.975), stats.norm.ppf(power)
    return count * ((level + reach) / level * half / gap) ** 2 if gap else np.inf


def counts(scored: pd.DataFrame) -> pd.DataFrame:
    """How many verdicts of each name: a row a paper, in the scorecard's order, and one for all; a column a name."""
    found = pd.crosstab(scored["paper"], scored["verdict"]).reindex(index=scored["paper"].unique(), columns=VERDICTS)
    found = found.fillna(0).astype(int)
    found.loc["all"] = found.sum()
    return found.rename_axis(index="paper", columns=None)


def markdown(scored: pd.DataFrame) -> str:
    """The scorecard as a page of Markdown: the counts, then a table for each paper."""
    lines = [HEAD, counts_markdown(scored)]
    for paper, some in scored.groupby("paper", sort=False):
        seeds = " and ".join(f"{n}" for n in sorted(some["training_seeds"].unique()))
        lines += ["", f"## {paper}", "", f"Training seeds of its networks: {seeds}.", ""]
        head = ["claim", "says", "verdict", "here", "paper", "beside"]
        lines += _rows(head, [_line(row) for row in some.itertuples()])
    return "\n".join(lines) + "\n"


def counts_markdown(scored: pd.DataFrame) -> str:
    """`counts` as a Markdown table, marks beside the names."""
    sums = counts(scored)
    return "\n".join(_rows(["paper", *(f"{MARKS[name]} {name}" for name in VERDICTS)], sums.reset_index().to_numpy()))


def _line(row):
    verdict = f"{MARKS[row.verdict]} {row.verdict}"
    if row.verdict_full and row.differs == "True":
        verdict += f"; with {row.seeds_full:g} training seeds **{row.verdict_full}** ({row.decided_by_full})"
    elif row.verdict_full:
        verdict += f"; with {row.seeds_full:g} training seeds too"
    return [row.id, row.claim, verdict, row.decided_by, row.paper_figures, row.beside]


def _rows(head, rows):
    cells = [[" ".join(str(cell).split()).replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)]


def _paper(summary, side, minus=None):
    """A selection's value in the paper, from the table's own column of the paper's figures; NaN where there is none."""
    if "constant" in side:
        return float(side["constant"])
    name = f"paper_{side['column']}"
    if name not in summary or side["column"] in UNLIKE:
        return np.nan
    where = [summary[key] == value for key, value in side.items() if key != "column"]
    values = summary.loc[np.logical_and.reduce(where), name].dropna().unique() if where else ()
    value = values[0] if len(values) == 1 else np.nan
    return value - _paper(summary, minus) if minus else value


def _ratio(left, right, sign):
    """The side that the claim puts higher over the other one; NaN where one is not above 0."""
    return (left / right) ** sign if left > 0 and right > 0 else np.nan


def _ratios(row, sign):
    """A comparison's ratio and the ends of its interval, lower first; an end past 0 is 0, or infinite."""
    left, right = row["left"], row["right"]
    if np.isnan(_ratio(left, right, sign)):
        return (np.nan,) * 3
    ends = [max(right + row[name], 0.0) / right for name in ("low", "high")]
    if sign < 0:
        ends = [1 / end if end else np.inf for end in ends[::-1]]
    return _ratio(left, right, sign), *ends
