"""Other digits, rows, tables and verdicts are told apart; only a verdict that changes is a failure."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import compare

ROOT = Path(__file__).parents[1]
SETTINGS = {"method": ["a", "b", "b"], "omega": [np.nan, 1.0, 2.0]}
RECALL = {"recall": [0.2, 0.1, 0.12], "recall_low": [0.1, 0.05, 0.06], "recall_high": [0.3, 0.15, 0.18]}
TABLE = pd.DataFrame(SETTINGS | RECALL | {"fad": [0.5, 0.4, 0.3]})
VERDICTS = pd.DataFrame({"id": ["X1", "X2"], "claim": ["A.", "B."], "verdict": ["holds", "undecided"]})


@pytest.fixture
def two(tmp_path):
    """Two projects with the same reports: the one here, and one to compare with."""
    for name in ("here", "other"):
        tables = tmp_path / name / "reports/tables"
        tables.mkdir(parents=True)
        TABLE.to_csv(tables / "made.csv", index=False)
        VERDICTS.to_csv(tables / "made_verdicts.csv", index=False)
        pd.DataFrame({"item": ["q"], "recall": [1]}).to_csv(tables / "made_queries.csv.gz", index=False)
    return tmp_path / "here", tmp_path / "other"


def ran(two, monkeypatch, capsys, **change):
    """Exit status and lines after a change of the table here: column=(row, value)."""
    here, other = two
    table = TABLE.copy()
    for name, (row, value) in change.items():
        table.loc[row, name] = value
    table.to_csv(here / "reports/tables/made.csv", index=False)
    monkeypatch.chdir(here)
    status = compare.main([str(other)])
    return status, capsys.readouterr().out.splitlines()


def test_the_same_reports_say_the_same(two, monkeypatch, capsys):
    status, lines = ran(two, monkeypatch, capsys)
    assert (status, lines) == (0, ["1 of 1 tables say the same", "0 of 2 verdicts differ"])


def test_a_changed_digit_is_named_with_its_row_and_is_no_failure(two, monkeypatch, capsys):
    status, lines = ran(two, monkeypatch, capsys, fad=(1, 0.45))
    assert status == 0 and lines[0] == "made.csv: 1 of 12 cells differ"
    assert lines[1] == "    fad of b, 1: 0.4 committed, 0.45 here"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fad": (0, 0.5000049)}, None),  # six figures
        ({"fad": (0, 0.509)}, "0 of 12 cells differ; 1 tolerated"),  # 2 %
        ({"fad": (0, 0.511)}, "1 of 12 cells differ"),
        ({"recall": (0, 0.209)}, "0 of 12 cells differ; 1 tolerated"),  # a tenth of half of .2
        ({"recall": (0, 0.211)}, "1 of 12 cells differ"),
        ({"recall": (0, 0.301)}, "1 of 12 cells differ, 1 leave their interval"),
        ({"recall_low": (0, 0.109)}, "0 of 12 cells differ; 1 tolerated"),  # an interval's end as its number
        ({"fad": (0, np.nan)}, "1 of 12 cells differ"),
    ],
)
def test_what_is_tolerated(change, said, two, monkeypatch, capsys):
    _, lines = ran(two, monkeypatch, capsys, **change)
    assert lines[0] == (f"made.csv: {said}" if said else "1 of 1 tables say the same")


def test_missing_tables_rows_and_columns_are_told(two, monkeypatch, capsys):
    here, other = two
    TABLE.to_csv(other / "reports/tables/gone.csv", index=False)
    TABLE.to_csv(here / "reports/tables/late.csv", index=False)
    _, lines = ran(two, monkeypatch, capsys, omega=(2, 5.0))
    assert lines[:3] == ["gone.csv: missing here", "late.csv: new here",
                         "made.csv: 0 of 8 cells differ; 1 rows missing; 1 rows new"]  # fmt: skip
    TABLE.drop(columns="fad").to_csv(here / "reports/tables/made.csv", index=False)
    assert compare.report(here / "reports/tables", other / "reports/tables")[0][2].endswith("; 1 columns missing")


@pytest.mark.parametrize(("verdict", "said"), [("does not hold", "does not hold"), (None, "none")])
def test_a_verdict_that_changed_or_is_gone_is_a_failure(verdict, said, two, monkeypatch, capsys):
    changed = VERDICTS.assign(verdict=["holds", verdict]) if verdict else VERDICTS.iloc[:1]
    changed.to_csv(two[0] / "reports/tables/made_verdicts.csv", index=False)
    status, lines = ran(two, monkeypatch, capsys)
    assert status == 1 and lines[-2] == f"verdict of X2: undecided committed, {said} here"
    assert lines[-1] == "1 of 2 verdicts differ"


def test_a_claim_that_is_new_here_is_no_change(two, monkeypatch, capsys):
    VERDICTS.iloc[:1].to_csv(two[1] / "reports/tables/made_verdicts.csv", index=False)
    status, lines = ran(two, monkeypatch, capsys)
    assert (status, lines[-1]) == (0, "0 of 1 verdicts differ, 1 are new")


def git(*arguments):
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def test_without_a_folder_the_last_commit_is_compared(two, monkeypatch, capsys):
    here, _ = two
    monkeypatch.chdir(here)
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "reports")
    assert compare.main([]) == 0 and capsys.readouterr().out.startswith("1 of 1 tables say the same")
    VERDICTS.assign(verdict="holds").to_csv("reports/tables/made_verdicts.csv", index=False)
    assert compare.main([]) == 1 and "verdict of X2: undecided committed, holds here" in capsys.readouterr().out


@pytest.mark.parametrize("path", [None, ""])
def test_without_git_or_a_commit_it_asks_for_a_folder(path, two, monkeypatch, capsys):
    """path None: a folder that is no checkout; an empty one: no git on this machine."""
    monkeypatch.chdir(two[0])
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(two[0].parent))
    if path is not None:
        monkeypatch.setenv("PATH", path)
    assert compare.main([]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ghostnotes: ") and "name a folder with the reports" in error and error.count("\n") == 1


def test_a_folder_without_verdicts_is_one_line(tmp_path, monkeypatch, capsys):
    assert compare.main([str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err
        == f"ghostnotes: {tmp_path}: no tables with verdicts in it; name a project, or its folder reports\n"
    )


def test_every_committed_table_is_the_same_as_itself():
    """No key is ambiguous, no dtype is left out: exit status 0 from outside."""
    done = subprocess.run(
        [sys.executable, "-m", "ghostnotes.compare", "reports"], cwd=ROOT, capture_output=True, text=True
    )
    same, tables = done.stdout.split(" tables")[0].split(" of ")
    assert done.returncode == 0 and same == tables and int(tables) > 80, done.stdout[-500:] + done.stderr
    assert "0 of 46 verdicts differ" in done.stdout


TABLES = sorted(
    path for path in (ROOT / "reports/tables").glob("*.csv")
    if not path.stem.endswith("_queries") and "verdicts" not in path.stem and path.stem != "scorecard"
)  # fmt: skip
NAMING = {"aligned", "at", "attribute", "category", "changed", "criterion", "domain", "encoder", "encoders", "genre",
          "half", "id", "item", "kind", "method", "metric", "network", "objective", "over", "queries", "query", "rung",
          "scarce", "set", "sides", "solver", "system", "task", "text", "tier", "variant", "way", "weighting",
          "what"}  # fmt: skip


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_committed_table_is_named_by_settings_and_what_is_none_is_compared(path):
    """A new column of text that names rows is a setting, to be added here, or a result, for compare.OUTCOMES."""
    table = compare._read(path)
    keys = compare.naming(table, table)
    assert set(keys) <= NAMING | compare.SETTINGS
    for name in table.columns.difference(keys):
        if pd.api.types.is_float_dtype(table[name]) and name not in compare.SETTINGS:
            continue  # a measured number never names a row
        number = pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool
        other = table.astype({name: float if number else object})
        other.loc[0, name] = 12345.0 if number else "another"
        found, counts = compare.differences(other, table)
        assert counts["rows missing"] == counts["rows new"] == 0
        assert found["column"].tolist() == [name] and found["here"].item() == other.loc[0, name]


def test_a_setting_that_another_run_has_several_of_names_its_rows():
    """Three training seeds here, one committed: the first is compared with the first, whatever their order."""
    theirs = pd.DataFrame({"method": ["a", "b"], "training_seed": 0, "fad": [0.1, 0.2]})
    more = [theirs.assign(training_seed=seed, fad=theirs["fad"] + seed) for seed in (2, 1, 0)]
    found, counts = compare.differences(pd.concat(more, ignore_index=True), theirs)
    assert found.empty and (counts["rows missing"], counts["rows new"]) == (0, 4)


@settings(deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-0.5, 0.5))
def test_a_gap_is_one_of_three_things(value, share):
    """The same, tolerated or different, by its size alone where there is no interval."""
    other = value * (1 + share)
    found, _ = compare.differences(pd.DataFrame({"x": [other]}), pd.DataFrame({"x": [value]}))
    gap = abs(other - value) / value
    if gap <= compare.SAME:
        assert found.empty
    else:
        assert found["off"].item() == pytest.approx(gap / compare.TOLERANCE)
