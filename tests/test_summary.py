"""The scorecard follows from the committed tables, turns when they change, and its effects can be done by hand."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import beside, claims, config, files, scorecard, summary

ROOT = Path(__file__).parents[1]
TABLES, FULL = ROOT / "reports/tables", ROOT / "reports/full"
CLAIMS = claims.read(ROOT / "claims.yaml")
BY_ID = {claim["id"]: claim for claim in CLAIMS}
SIZES = {"prior": [0, 1, 2], "ghosts": [0]}


@pytest.fixture(scope="module")
def all_claims():
    """Every claim judged from the committed tables, as the stage does it: (scorecard, effects)."""
    params = config.load(ROOT / "params.yaml")
    sizes = {"prior": params.training_seeds, "ghosts": params.ghosts.seeds}
    made_by = json.loads((FULL / "made_by.json").read_text())
    full_sizes = sizes | {"ghosts": made_by["params"]["ghosts"]["seeds"]}
    return summary.judged(CLAIMS, TABLES, sizes, FULL / "tables", full_sizes)


def as_written(table, folder):
    """What is left of a table in the reports' form."""
    files.write_csv(folder / "table.csv", table)
    return (folder / "table.csv").read_text()


def test_the_committed_scorecard_follows_from_the_committed_tables(all_claims, tmp_path):
    """Where it fails after a new reports/full: dvc repro --force --single-item scorecard."""
    scored, _ = all_claims
    assert list(scored["id"]) == list(BY_ID) and len(scored) == 46
    assert as_written(scored, tmp_path) == (TABLES / "scorecard.csv").read_text()
    assert summary.markdown(scored) == (TABLES / "scorecard.md").read_text()


def test_every_claim_has_a_verdict_and_the_effect_that_decided_it(all_claims):
    scored, effects = all_claims
    assert set(scored["verdict"]) <= set(summary.VERDICTS)
    assert scored["difference"].notna().equals(scored["verdict"].ne("not testable here"))
    decisive = effects[effects["decides"]].set_index("id")
    assert decisive.index.is_unique
    for row in scored[scored["verdict"].isin(["holds", "does not hold", "undecided"])].itertuples():
        assert decisive.loc[row.id, "decision"] == row.verdict and row.decided_by.startswith(
            decisive.loc[row.id, "what"]
        )


def test_three_training_seeds_stand_behind_every_conclusion_in_one_of_the_two_profiles(all_claims):
    scored, _ = all_claims
    assert (scored[["training_seeds", "seeds_full"]].max(axis=1) >= 3).all()
    both = scored[scored["verdict_full"] != ""]
    assert (both["differs"].eq("True") == (both["verdict"] != both["verdict_full"])).all() and len(both) == 28


def test_the_papers_ratios_are_those_of_its_printed_figures(all_claims):
    scored = all_claims[0].set_index("id")
    assert scored.loc["G1", "paper_ratio"] == pytest.approx(17.1 / 7.2)
    assert scored.loc["G3", "paper_ratio"] == pytest.approx(12.9 / 7.6), "claimed below: the teacher over the student"
    assert scored.loc["D7", "decided_by"].startswith("m2i") and np.isnan(scored.loc["D7", "paper_ratio"])
    assert scored.loc[["D4", "D11", "C3"], "paper_ratio"].isna().all()


@pytest.mark.parametrize("name", beside.OUTCOMES)
def test_what_stands_beside_a_verdict_is_complete_and_from_the_tables(name):
    said, one = beside.words(name, TABLES), beside.OUTCOMES[name]
    values = said.rpartition(": ")[2] if one.over == "method" else said.partition(": ")[2]
    assert name in BY_ID and said.startswith(one.why) and len(values.split(", ")) == len(one.at)


def test_what_a_table_does_not_have_is_not_said(tmp_path):
    assert beside.words("G22", tmp_path) == beside.words("D2", TABLES) == ""
    pd.DataFrame({"method": ["inversion"], "success": [0.25]}).to_csv(tmp_path / "gdr_figure5.csv", index=False)
    assert beside.words("G22", tmp_path).endswith("Share of edited tracks among ten: inversion 0.25.")


HOLDS = {"D1": "diff4steer_table2_parts.csv", "D4": "guidance_sweep_queries.csv.gz", "G19": "gdr_table6_queries.csv.gz",
         "C1": "guidance_gradients_queries.csv.gz"}  # fmt: skip


@pytest.mark.parametrize(("name", "file"), HOLDS.items())
def test_one_changed_metric_file_turns_its_verdict(name, file, tmp_path):
    """The other way round in a copy of the committed reports: the very claim that holds no longer does."""
    claim = BY_ID[name]
    for path in TABLES.glob(f"{Path(claim['table']).stem}*.csv*"):
        shutil.copy(path, tmp_path)
    before, _ = summary.judged([claim], tmp_path, SIZES)
    values = pd.read_csv(tmp_path / file, keep_default_na=False, na_values=[""])
    values[claim["columns"]] *= -1
    values.to_csv(tmp_path / file, index=False)
    after, _ = summary.judged([claim], tmp_path, SIZES)
    assert [before["verdict"].item(), after["verdict"].item()] == ["holds", "does not hold"]
    assert after["difference"].item() == pytest.approx(-before["difference"].item(), rel=0.5)


def made(folder, values, relation="above", **fields):
    """A claim on two methods a and b, whose values a query are given, and its tables in folder."""
    rows = [{"method": method, "item": i, "r": v} for method, some in values.items() for i, v in enumerate(some)]
    pd.DataFrame(rows).to_csv(folder / "made_queries.csv", index=False)
    pd.DataFrame({"method": list(values), **fields}).to_csv(folder / "made.csv", index=False)
    compare = [{"left": {"method": "a"}, "relation": relation, "right": {"method": "b"}, "each": {"column": ["r"]}}]
    return {"id": "X1", "paper": "A|B", "place": "1", "sentence": "A is\nB.", "paper_figures": ".3 v .1", "note": "",
            "table": "made.csv", "compare": compare, "statistic": "paired_bootstrap", "margin": 0.1,
            "verdict": "testable"}  # fmt: skip


def only(claim, folder):
    found = scorecard.verdict(claim, folder)
    return summary.effects(claim, found, folder).iloc[0]


def test_effects_are_counted_in_the_claimed_direction(tmp_path):
    values = {"a": [1, 2, 3], "b": [3, 4, 8]}
    row = only(made(tmp_path, values, "below", paper_r=[0.1, 0.3]), tmp_path)
    assert (row["sign"], row["difference"], row["ratio"]) == (-1, -3, pytest.approx(2.5))
    assert row["halves"] == pytest.approx(3 / ((row["high"] - row["low"]) / 2))
    assert row["ratio_low"] == pytest.approx(5 / (5 + row["high"])) and row["ratio_high"] == np.inf, "5 - 5 is 0"
    assert row["paper_ratio"] == pytest.approx(3)
    above = only(made(tmp_path, values, "above"), tmp_path)
    assert (
        above["ratio"] == pytest.approx(1 / 2.5)
        and above["halves"] == -row["halves"]
        and np.isnan(above["paper_ratio"])
    )


def test_no_ratio_where_a_side_is_not_above_zero_and_no_end_below_it(tmp_path):
    assert np.isnan(only(made(tmp_path, {"a": [-1, -2], "b": [1, 2]}), tmp_path)["ratio"])
    row = only(made(tmp_path, {"a": [0, 0, 0, 1], "b": [1, 0, 1, 0]}), tmp_path)
    assert 0 == row["ratio_low"] < row["ratio"] < row["ratio_high"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0.1, 10), min_size=3, max_size=8), st.floats(0.2, 5))
def test_a_ratio_is_inside_its_interval_and_says_what_the_difference_says(tmp_path_factory, base, factor):
    folder = tmp_path_factory.mktemp("made")
    row = only(made(folder, {"a": [factor * value for value in base], "b": base}), folder)
    assert row["ratio_low"] <= row["ratio"] * (1 + 1e-9) and row["ratio"] <= row["ratio_high"] * (1 + 1e-9)
    assert row["ratio"] == pytest.approx(factor) and (row["halves"] > 0) == (row["difference"] > 0)


def test_a_line_is_zero_or_the_nearer_margin(tmp_path):
    values = {"a": [10.5, 10.5], "b": [10, 10]}
    away = {
        name: summary.to_line(only(made(tmp_path, values, name), tmp_path))
        for name in ("above", "at_least", "about_equal")
    }
    assert away == pytest.approx({"above": 0.5, "at_least": 1.5, "about_equal": 0.5})


@given(st.floats(0.001, 1), st.integers(10, 10**6), st.floats(1.01, 9))
def test_needed_queries_grow_with_the_square_of_what_is_missing(gap, count, factor):
    enough = gap * 1.959964 / (1.959964 + 0.841621)  # then the interval ends 0.84 standard errors short of the line
    assert summary.needed(gap, enough, count) == pytest.approx(count, rel=1e-5)
    assert summary.needed(gap, factor * enough, count) == pytest.approx(count * factor**2, rel=1e-5)
    assert summary.needed(0.0, enough, count) == np.inf


def test_queries_are_counted_and_parts_are_not():
    assert summary.queries(BY_ID["G1"], TABLES) == len(pd.read_csv(ROOT / "data/tracks/studio/test.csv"))
    assert summary.queries(BY_ID["D1"], TABLES) is None


def test_a_claim_without_its_table_has_a_row_and_no_effect(tmp_path):
    claim = made(tmp_path, {"a": [1, 2], "b": [0, 1]})
    (tmp_path / "made_queries.csv").unlink()
    scored, effects = summary.judged([claim], tmp_path, SIZES)
    assert scored["verdict"].item() == "not testable here" and "made_queries.csv" in scored["decided_by"].item()
    assert scored[summary.EFFECT].isna().all(axis=None) and len(effects) == 0
    assert summary.counts(scored).loc["all"].to_dict() == dict.fromkeys(summary.VERDICTS, 0) | {"not testable here": 1}


def test_a_verdict_that_more_seeds_turn_is_shown_beside_and_is_not_the_headline(tmp_path):
    default, full = tmp_path / "default", tmp_path / "full"
    for folder, b in ((default, [0, 4, 0, 4]), (full, [0, 1, 0, 1])):
        folder.mkdir()
        claim = made(folder, {"a": [2, 2, 2, 2], "b": b})
    scored, _ = summary.judged([claim], default, SIZES, full, SIZES | {"ghosts": [0, 1, 2]})
    row = scored.iloc[0]
    assert (row["verdict"], row["verdict_full"], row["differs"], row["seeds_full"]) == ("undecided", "holds", "True", 3)
    page = summary.markdown(scored)
    assert "○ undecided; with 3 training seeds **holds** (r of a above b: 1.5" in page
    assert "| A\\|B |" in page and "| A is B. |" in page, "a cell is one line, and a bar in it is no border"
