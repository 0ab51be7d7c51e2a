"""claims.yaml can be computed: every claim once, well-formed, with nothing left to choose later."""

import re
from pathlib import Path

import pytest
import yaml

from ghostnotes import statistics

ROOT = Path(__file__).parents[1]
DOCUMENT = yaml.load((ROOT / "claims.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
CLAIMS = DOCUMENT["claims"]
FIELDS = {"id", "paper", "place", "sentence", "paper_figures", "table", "columns", "compare", "statistic",
          "margin", "verdict", "note"}
STATISTICS = {"paired_bootstrap", "unpaired_bootstrap", "disjoint_subsamples", "rank_correlation"}
RELATIONS = {"above", "below", "at_least", "about_equal"}
PAPERS = {"D": "Diff4Steer", "G": "GD-Retriever", "C": "Guidance gradients (arXiv 2311.00613)"}
DISTRIBUTIONS = {"fmd", "fad", "ftd", "nvendi"}  # one number a sample, not a mean over queries
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])


def columns_of(comparison):
    named = [comparison.get("column"), *comparison.get("each", {}).get("column", [])]
    named += [comparison.get(side, {}).get("column") for side in ("left", "right")]
    return {name for name in named if name}


def relations_of(comparison):
    if "pairs" in comparison:
        return {relation for _, relation, _ in comparison["pairs"]}
    return {comparison["relation"]}


def test_every_claim_is_there_once_and_in_order():
    last = {"D": 18, "G": 25, "C": 3}
    expected = [f"{letter}{number}" for letter in last for number in range(1, last[letter] + 1)]
    assert [claim["id"] for claim in CLAIMS] == expected


def test_the_rules_and_primary_choices_are_written_down():
    assert set(DOCUMENT) == {"rules", "statistics", "primary", "domains", "rows", "claims"}
    assert set(DOCUMENT["statistics"]) == STATISTICS
    assert set(DOCUMENT["rules"]["relations"]) == RELATIONS
    assert {"holds", "does not hold", "undecided", "by construction", "not testable here"} == set(
        DOCUMENT["rules"]["verdicts"])
    assert set(DOCUMENT["domains"]) == {"studio", "crowd", "lofi"}


def test_the_functions_that_the_statistics_name_exist():
    text = " ".join(DOCUMENT["statistics"].values())
    named = re.findall(r"ghostnotes\.statistics\.(\w+)", text)
    assert len(named) == 4
    assert all(callable(getattr(statistics, name)) for name in named)


@each_claim
def test_a_claim_has_every_field_and_nothing_else(claim):
    assert set(claim) == FIELDS
    assert claim["paper"] == PAPERS[claim["id"][0]]
    for name in ("place", "sentence", "paper_figures"):
        assert isinstance(claim[name], str)
        assert claim[name]
    assert isinstance(claim["note"], str)
    assert claim["sentence"].endswith(".")
    assert claim["verdict"] in {"testable", "by_construction"}
    assert claim["note"] or claim["verdict"] == "testable"
    assert re.fullmatch(r"reports/tables/[a-z0-9_]+\.csv", claim["table"])


@each_claim
def test_a_comparison_is_two_things_or_a_shape(claim):
    assert claim["compare"]
    for comparison in claim["compare"]:
        keys = set(comparison) - {"each", "statistic"}
        if "pairs" in comparison:
            assert {"rows", "over", "pairs"} <= keys <= {"rows", "over", "pairs", "column", "trend"}
            for first, relation, second in comparison["pairs"]:
                assert relation in RELATIONS
                assert first != second
            # what is swept must not be held fixed as well
            assert comparison["over"] not in {*comparison["rows"], *comparison.get("each", {})}
        else:
            assert {"left", "right", "relation"} <= keys
            assert keys <= {"left", "right", "relation", "left_minus", "right_minus"}
            assert ("left_minus" in keys) == ("right_minus" in keys)
            assert comparison["relation"] in RELATIONS
            each = comparison.get("each", {})
            left = {**comparison["left"], **{k[5:]: v for k, v in each.items() if k.startswith("left.")}}
            right = {**comparison["right"], **{k[6:]: v for k, v in each.items() if k.startswith("right.")}}
            assert left != right, "a thing is compared with itself"
            assert set(left) == set(right) or "constant" in right, "the two sides are named by different keys"
        for values in comparison.get("each", {}).values():
            assert isinstance(values, list)
            assert len(values) == len(set(values)) > 0


@each_claim
def test_the_columns_listed_are_those_compared(claim):
    compared = [columns_of(comparison) for comparison in claim["compare"]]
    assert all(compared)
    assert set().union(*compared) == set(claim["columns"])


@each_claim
def test_the_statistic_fits_what_is_compared(claim):
    assert claim["statistic"] in STATISTICS
    for comparison in claim["compare"]:
        statistic = comparison.get("statistic", claim["statistic"])
        assert statistic in STATISTICS
        # a bootstrap of a Fréchet distance or a pooled Vendi score is invalid
        assert (statistic == "disjoint_subsamples") == bool(columns_of(comparison) & DISTRIBUTIONS)
        assert (statistic == "rank_correlation") == ("trend" in comparison)
        if "trend" in comparison:
            needed = {"rises": "below", "falls": "above"}[comparison["trend"]]
            points = [pair[0] for pair in comparison["pairs"]] + [comparison["pairs"][-1][2]]
            assert relations_of(comparison) == {needed}
            assert points == sorted(points)
            assert [pair[2] for pair in comparison["pairs"]] == points[1:]


@each_claim
def test_a_margin_is_given_exactly_where_a_relation_needs_one(claim):
    relations = set().union(*(relations_of(comparison) for comparison in claim["compare"]))
    if relations & {"at_least", "about_equal"}:
        assert 0 < claim["margin"] <= 0.2
    else:
        assert claim["margin"] is None


@each_claim
def test_domains_are_those_of_the_corpus(claim):
    for comparison in claim["compare"]:
        each = comparison.get("each", {})
        named = [*each.get("domain", []), *each.get("right.domain", [])]
        named += [comparison.get(part, {}).get("domain") for part in ("rows", "left", "right")]
        assert {name for name in named if name} <= set(DOCUMENT["domains"])
