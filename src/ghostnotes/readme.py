"""The measured numbers of README.md, written there from reports/ and benchmarks/: `python -m ghostnotes.readme`.

A number stands between comments that a rendered page does not show: <!-- number:NAME -->12<!-- /number -->. NUMBERS
says what a name is read from; a test fails where README.md says another thing than the reports.
"""

import json
import re
import sys
from functools import partial
from pathlib import Path

import pandas as pd

from ghostnotes import minutes, summary
from ghostnotes.files import atomically

MARK = re.compile(r"<!-- number:(\S+) -->(.*?)<!-- /number -->", re.S)
ENDS = re.compile(r"<!-- /?number\b")


def read(project: Path, name: str) -> pd.DataFrame:
    """A table of the project by its path in reports/tables, without .csv; ValueError where it is not there."""
    path = Path(project) / f"reports/tables/{name}.csv"
    if not path.exists():
        raise ValueError(f"{path.name}: not in reports/tables; `dvc repro` makes it")
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def cell(project: Path, table: str, column: str, form: str = ".3f", **where) -> str:
    """One number of a table, of the row with these values (of several the primary one), as text: .185 for 0.185."""
    found = read(project, table)
    for name, value in where.items():
        found = found[found[name] == value]
    if len(found) > 1 and "primary" in found:
        found = found[found["primary"]]
    if len(found) != 1:
        said = ", ".join(f"{name} {value}" for name, value in where.items())
        raise ValueError(f"{table}.csv: {len(found)} rows with {said}; a number of README.md needs one")
    return re.sub(r"^(-?)0\.", r"\1.", format(found[column].iloc[0], form))


def verdict(project: Path, claim: str) -> str:
    """A claim's verdict, as the scorecard has it."""
    return cell(project, "scorecard", "verdict", "", id=claim)


def total(project: Path, name: str) -> str:
    """How many claims have this verdict; "all": how many there are."""
    scored = read(project, "scorecard")
    return str(len(scored) if name == "all" else (scored["verdict"] == name).sum())


def by_paper(project: Path) -> str:
    """The table of verdicts by paper; blank lines end the comments around it."""
    return f"\n\n{summary.counts_markdown(read(project, 'scorecard'))}\n\n"


def full(project: Path) -> str:
    """How many verdicts the profile full changes, and which."""
    scored = read(project, "scorecard")
    both = scored[scored["verdict_full"].notna()]
    other = both[both["differs"].astype(str) == "True"]
    named = ", ".join(f"{row.id} {row.verdict_full} there" for row in other.itertuples())
    return f"{len(other)} of {len(both)} verdicts" + (f" ({named})" if named else "")


def machines(project: Path) -> str:
    """How many verdicts the same code had otherwise on another processor."""
    elsewhere = pd.read_csv(Path(project) / "benchmarks/machines.csv").set_index("id")["verdict"]
    here = read(project, "scorecard").set_index("id")["verdict"].reindex(elsewhere.index)
    return f"{(here != elsewhere).sum()} of {len(elsewhere)}"


def bands(project: Path, side: str) -> str:
    """Of the advantage's bands in recall at 100, how many lie above zero, below it, or are there."""
    table = read(project, "diff4steer_advantage").query("method == 'diff4steer' and omega > 0")
    those = {"above": table["recall_at_100_low"] > 0, "below": table["recall_at_100_high"] < 0}
    return str(those[side].sum() if side in those else len(table))


def prior_millions(project: Path) -> str:
    """Parameters of the default prior, in millions."""
    metrics = json.loads((Path(project) / "reports/metrics/training_prior.json").read_text(encoding="utf-8"))
    return f"{metrics['parameters'] / 1e6:.1f}"


def ghost_millions(project: Path) -> str:
    """Parameters of a ghost network, in millions."""
    found = cell(project, "gdr_table5", "parameters", "f", network="unet", objective="diffusion", domain="studio")
    return f"{float(found) / 1e6:.1f}"


def full_size_days(project: Path) -> str:
    """Days on two CPU cores for the paper's number of steps, in the batches that are fastest there."""
    days = pd.read_csv(Path(project) / "benchmarks/full_size.csv").query("device == '2 CPU cores'")["projected_days"]
    return f"{days.min():.0f}"


def minutes_by_part(project: Path) -> str:
    """The table of minutes by part; blank lines end the comments around it."""
    return f"\n\n{minutes.by_part(project)}\n\n"


PICTURE = {"table": "diff4steer_table1", "column": "recall_at_100", "query": "image", "domain": "crowd"}
CLOUD = {"table": "diff4steer_table2", "column": "fmd", "query": "image", "domain": "crowd"}
TEXT = {"table": "gdr_table2", "column": "recall_at_5", "domain": "studio"}
PROMPT = {"table": "gdr_table6", "network": "clap", "at": "equal_weight"}
PART = {"table": "guidance_gradients", "column": "similarity_hidden", "form": ".2f", "task": "continue"}
NUMBERS = {
    "claims": partial(total, name="all"),
    "holds": partial(total, name="holds"),
    "does-not-hold": partial(total, name="does not hold"),
    "undecided": partial(total, name="undecided"),
    "by-construction": partial(total, name="by construction"),
    "not-testable": partial(total, name="not testable here"),
    "verdicts-by-paper": by_paper,
    "full": full,
    "machines": machines,
    **{f"verdict-{claim}": partial(verdict, claim=claim) for claim in ("D1", "D5", "G1", "G4", "G14", "G19", "C1")},
    "cloud-prior": partial(cell, method="diff4steer", **CLOUD),
    "cloud-regression": partial(cell, method="regression", **CLOUD),
    "picture-prior": partial(cell, method="diff4steer", **PICTURE),
    "picture-regression": partial(cell, method="regression", **PICTURE),
    "bands": partial(bands, side="all"),
    "bands-above": partial(bands, side="above"),
    "bands-below": partial(bands, side="below"),
    "cloud-long": partial(cell, method="regression_long", **CLOUD),
    "prior-millions": prior_millions,
    "ghost-millions": ghost_millions,
    "full-size-days": full_size_days,
    "text-ghosts": partial(cell, method="gdr_clap", **TEXT),
    "text-teacher": partial(cell, method="clap", **TEXT),
    "own-ghosts": partial(cell, method="gdr_muscall", **TEXT),
    "own-teacher": partial(cell, method="muscall", **TEXT),
    "text-fitted": partial(cell, method="clap_adapted_both", **TEXT),
    "unwanted-before": partial(cell, column="share_unwanted", form=".2f", method="unmodified", **PROMPT),
    "unwanted-after": partial(cell, column="share_unwanted", form=".2f", method="negative_prompt", **PROMPT),
    "kept-before": partial(cell, column="retention", form=".2f", method="unmodified", **PROMPT),
    "kept-after": partial(cell, column="retention", form=".2f", method="negative_prompt", **PROMPT),
    "part-gradient": partial(cell, method="reconstruction", **PART),
    "part-posterior": partial(cell, method="posterior", **PART),
    "part-repeated": partial(cell, method="last_window", **PART),
    "part-regression": partial(cell, method="ridge", **PART),
    **{f"minutes-{step}": partial(minutes.whole, step=step, column="minutes")
       for step in ("environment", "test", "repro")},
    "memory-repro": partial(minutes.whole, step="repro", column="peak_gib"),
    "minutes-by-part": minutes_by_part,
}  # fmt: skip


def filled(text: str, project: Path) -> str:
    """The text with every marked number as the project's reports have it.

    ValueError where a name is not in NUMBERS, where a comment has lost its other half, or where a number of NUMBERS
    stands nowhere.
    """
    names = [found.group(1) for found in MARK.finditer(text)]
    unknown = next((name for name in names if name not in NUMBERS), None)
    if unknown:
        raise ValueError(f"README.md: no number is called {unknown!r}; ghostnotes/readme.py has {', '.join(NUMBERS)}")
    if len(ENDS.findall(text)) != 2 * len(names):
        raise ValueError("README.md: a number's mark is cut; write <!-- number:NAME -->12<!-- /number -->")
    unused = next((name for name in NUMBERS if name not in names), None)
    if unused:
        raise ValueError(
            f"README.md: the number {unused!r} stands nowhere; write <!-- number:{unused} --><!-- /number -->"
        )
    return MARK.sub(lambda found: f"<!-- number:{found[1]} -->{NUMBERS[found[1]](project)}<!-- /number -->", text)


def main(project: Path = Path(".")) -> int:
    """Write the numbers into README.md and say which changed; returns the exit status."""
    path = project / "README.md"
    try:
        before = path.read_text(encoding="utf-8")
        after = filled(before, project)
    except (ValueError, OSError) as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 1
    pairs = zip(MARK.findall(before), MARK.findall(after), strict=True)
    changed = [f"{name}: {old.strip()} -> {new.strip()}" for (name, old), (_, new) in pairs if old != new]
    if changed:
        atomically(path, lambda temporary: Path(temporary).write_text(after, encoding="utf-8"))
    print("\n".join(changed) or "README.md has the numbers of reports/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
