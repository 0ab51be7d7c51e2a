"""The scorecard reads every form of claims.yaml by its rules, on made-up reports whose results can be done by hand."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostnotes import claims, scorecard, statistics

ROOT = Path(__file__).parents[1]
CLAIMS = claims.read(ROOT / "claims.yaml")
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
NAMED = {"minimum": 5, "smallest": 0.1, "largest": 3}
STEP = 3.0  # how far apart the planted values lie; they start at CENTRE
CENTRE = 10.0


def claim(*compare, statistic="paired_bootstrap", margin=None, verdict="testable"):
    return {"id": "X1", "sentence": "A is B.", "paper_figures": ".1", "table": "reports/tables/made.csv",
            "note": "Why.", "compare": list(compare), "statistic": statistic, "margin": margin,
            "verdict": verdict}  # fmt: skip


def report(folder, settings, unit="item", summary=None):
    """Write made.csv and its values: settings is [(setting, {column: values of the queries, or of the parts})]."""
    frames = []
    for setting, columns in settings:
        values = pd.DataFrame(columns)
        names = [f"q{i}" for i in range(len(values))] if unit == "item" else range(len(values))
        frames.append(pd.concat([pd.DataFrame([setting] * len(values)), pd.Series(names, name=unit), values], axis=1))
    if summary is None:
        summary = pd.DataFrame([setting for setting, _ in settings]).drop(columns="training_seed", errors="ignore")
    pd.DataFrame(summary).drop_duplicates().to_csv(folder / "made.csv", index=False)
    kind = {"item": "queries.csv.gz", "part": "parts.csv"}[unit]
    # settings that only later rows have must still stand left of the unit
    keys = list(dict.fromkeys(key for setting, _ in settings for key in setting))
    values = pd.concat(frames, ignore_index=True)
    values[[*keys, unit, *values.columns.difference([*keys, unit])]].to_csv(folder / f"made_{kind}", index=False)


def judged(folder, *compare, **fields):
    return scorecard.verdict(claim(*compare, **fields), folder)


def row(found, number=0):
    return found.comparisons.iloc[number]


VERSUS = {"left": {"method": "a"}, "right": {"method": "b"}, "each": {"column": ["r"]}}


def versus(relation, **more):
    return VERSUS | {"relation": relation} | more


def test_a_difference_is_taken_by_query_after_the_mean_over_training_seeds(tmp_path):
    report(tmp_path, [
        ({"method": "a", "training_seed": 0}, {"r": [1, 3, 5]}),
        ({"method": "a", "training_seed": 1}, {"r": [3, 5, 7]}),
        ({"method": "b"}, {"r": [1, 3, 5]}),
    ])  # fmt: skip
    found = judged(tmp_path, versus("above"))
    assert row(found).tolist()[:6] == ["r of a above b", 4, 3, 1, 1, 1], "every query differs by 1: no spread"
    assert (found.verdict, found.reason) == ("holds", "r of a above b: 1 [1, 1]")
    assert judged(tmp_path, versus("below")).verdict == "does not hold"


def test_an_interval_that_holds_zero_is_undecided_and_an_exact_zero_is_not_above(tmp_path):
    report(tmp_path, [({"method": "a"}, {"r": [1, 0, 1, 0]}), ({"method": "b"}, {"r": [0, 1, 0, 1]})])
    found = judged(tmp_path, versus("above"))
    assert found.verdict == row(found)["decision"] == "undecided"
    assert row(found)["low"] == -1 and row(found)["high"] == 1
    report(tmp_path, [({"method": "a"}, {"r": [1, 0, 1]}), ({"method": "b"}, {"r": [1, 0, 1]})])
    assert judged(tmp_path, versus("above")).verdict == "does not hold"


def test_one_failure_outweighs_what_holds_and_what_is_open(tmp_path):
    open_, worse = [1, -1, 1, -1], [-1, -1, -1, -1]
    report(tmp_path, [({"method": "a"}, {"r": [1] * 4, "s": open_, "t": worse}),
                      ({"method": "b"}, {name: [0] * 4 for name in "rst"})])  # fmt: skip

    def verdict(*columns):
        return judged(tmp_path, versus("above", each={"column": list(columns)}))

    assert [verdict("r").verdict, verdict("r", "s").verdict] == ["holds", "undecided"]
    assert verdict("r", "s").reason.startswith("s of a above b: 0 [")
    assert verdict("r", "s", "t").verdict == "does not hold"
    assert verdict("r", "s", "t").reason == "t of a above b: -1 [-1, -1]"


def test_the_reason_of_what_holds_is_its_weakest_comparison(tmp_path):
    report(tmp_path, [({"method": "a"}, {"r": [8, 9, 10, 11], "s": [1, 2, 3, 9]}),
                      ({"method": "b"}, {"r": [0] * 4, "s": [0] * 4})])  # fmt: skip
    found = judged(tmp_path, versus("above", each={"column": ["r", "s"]}))
    assert found.verdict == "holds" and found.reason.startswith("s of a above b")


def test_parts_are_differenced_one_by_one_and_get_students_interval(tmp_path):
    report(
        tmp_path, [({"method": "a"}, {"fmd": [2, 4, 6, 8, 10]}), ({"method": "b"}, {"fmd": [1, 2, 3, 4, 5]})], "part"
    )
    found = judged(tmp_path, versus("above", each={"column": ["fmd"]}), statistic="disjoint_subsamples")
    # differences 1..5: mean 3, standard error sqrt(2.5 / 5), t of 4 degrees 2.776
    reach = 2.7764 * np.sqrt(0.5)
    assert row(found)[["difference", "low", "high"]].tolist() == pytest.approx([3, 3 - reach, 3 + reach], abs=1e-3)


def test_each_is_every_combination_and_a_dotted_key_sets_one_side():
    entry = {"left": {"method": "a", "domain": "x"}, "left_minus": {"method": "b", "domain": "x"}, "relation": "above",
             "right": {"method": "a"}, "right_minus": {"method": "b"},
             "each": {"column": ["r", "s"], "right.domain": ["y", "z"]}}  # fmt: skip
    found = scorecard.expand(claim(entry, statistic="unpaired_bootstrap"))
    assert [(one.left["column"], one.right["domain"]) for one in found] == [
        ("r", "y"), ("r", "z"), ("s", "y"), ("s", "z")]  # fmt: skip
    for one in found:
        assert one.left == {"method": "a", "domain": "x", "column": one.right["column"]}
        assert one.left_minus == one.left | {"method": "b"}
        assert one.right_minus == one.right | {"method": "b"}


def test_empty_sides_take_all_from_each(tmp_path):
    report(
        tmp_path, [({"method": "a"}, {"r": [3, 3]}), ({"method": "b"}, {"r": [2, 2]}), ({"method": "c"}, {"r": [1, 1]})]
    )
    found = judged(tmp_path, {"left": {"method": "a"}, "relation": "above", "right": {},
                              "each": {"column": ["r"], "right.method": ["b", "c"]}})  # fmt: skip
    assert found.comparisons["what"].tolist() == ["r of a above b", "r of a above c"]
    assert found.comparisons["difference"].tolist() == [1, 2]


def test_two_advantages_are_compared_after_what_is_taken_off(tmp_path):
    values = {("a", "g"): 9, ("b", "g"): 5, ("a", "c"): 20, ("b", "c"): 18}
    report(tmp_path, [({"method": m, "query": q}, {"r": [v, v + 1]}) for (m, q), v in values.items()])
    sides = {"left": ("a", "g"), "left_minus": ("b", "g"), "right": ("a", "c"), "right_minus": ("b", "c")}
    entry = {name: {"method": m, "query": q} for name, (m, q) in sides.items()}
    found = judged(tmp_path, entry | {"relation": "above", "each": {"column": ["r"]}})
    assert row(found).tolist()[:4] == ["r of a, g less b above c less b", 4, 2, 2]


def test_different_queries_need_the_unpaired_statistic(tmp_path):
    settings = [({"method": "a"}, {"r": [1.0, 2, 3]}), ({"method": "b"}, {"r": [0.0, 1, 2, 1]})]
    report(tmp_path, settings)
    with pytest.raises(ValueError, match=r"claim X1: r of a above b: 1 queries .* one side only, such as \['q3'\]"):
        judged(tmp_path, versus("above"))
    found = judged(tmp_path, versus("above"), statistic="unpaired_bootstrap")
    expected = statistics.unpaired_bootstrap([1, 2, 3], [0, 1, 2, 1])
    assert row(found)[["difference", "low", "high"]].tolist() == list(expected)


def test_margins_are_shares_of_the_smaller_mean(tmp_path):
    report(
        tmp_path,
        [({"method": "a"}, {"r": [9, 11], "s": [8, 10]}), ({"method": "b"}, {"r": [9.5, 11.5], "s": [11, 13]})],
    )
    both = [versus(relation, each={"column": ["r", "s"]}) for relation in ("at_least", "about_equal")]
    found = judged(tmp_path, *both, margin=0.1).comparisons
    assert found["margin"].tolist() == pytest.approx([1, 0.9, 1, 0.9])
    assert found["decision"].tolist() == ["holds", "does not hold"] * 2
    assert judged(tmp_path, versus("below")).comparisons["margin"].isna().all()


def test_a_constant_is_that_number_for_every_query(tmp_path):
    report(tmp_path, [({"method": "a", "omega": -1}, {"r": [0.51, 0.51]})])
    entry = {"left": {"method": "a", "omega": -1}, "relation": "about_equal", "right": {"constant": 0.5},
             "each": {"column": ["r"]}}  # fmt: skip
    found = judged(tmp_path, entry, margin=0.1)
    assert row(found).tolist()[:3] == ["r of a, omega -1 about equal to 0.5", 0.51, 0.5]
    assert row(found)["margin"] == pytest.approx(0.05) and found.verdict == "holds"
    assert judged(tmp_path, entry, margin=0.01).verdict == "does not hold"


def test_a_side_may_name_its_own_column(tmp_path):
    report(tmp_path, [({"steps": 5}, {"r": [3, 4], "s": [1, 2]})])
    found = judged(
        tmp_path, {"left": {"steps": 5, "column": "r"}, "relation": "above", "right": {"steps": 5, "column": "s"}}
    )
    assert row(found).tolist()[:4] == ["r of steps 5 above s", 3.5, 1.5, 2]


def swept(omegas, curves):
    """One setting an omega; curves: (Q, P)."""
    return [
        ({"method": "a", "omega": omega}, {"r": curve})
        for omega, curve in zip(omegas, np.transpose(curves), strict=True)
    ]


def trend(omegas, direction, relation):
    return {"column": "r", "rows": {"method": "a"}, "over": "omega", "trend": direction,
            "pairs": [[p, relation, q] for p, q in zip(omegas[:-1], omegas[1:], strict=True)]}  # fmt: skip


def test_a_trend_is_decided_by_its_correlation(tmp_path):
    report(tmp_path, swept([-1, 0, 19], [[1, 2, 3], [5, 6, 8], [0, 1, 4]]))
    rises = judged(tmp_path, trend([-1, 0, 19], "rises", "below"), statistic="rank_correlation")
    assert rises.verdict == "holds" and rises.reason == "r of a rises with omega, rank correlation: 1 [1, 1]"
    assert rises.comparisons["what"].tolist()[1:] == [
        "r of a, omega -1 not surely above omega 0", "r of a, omega 0 not surely above omega 19"]  # fmt: skip
    falls = judged(tmp_path, trend([-1, 0, 19], "falls", "above"), statistic="rank_correlation")
    assert falls.verdict == "does not hold" and row(falls)["decision"] == "does not hold"


def test_pairs_of_a_trend_may_be_open_but_not_wrong(tmp_path):
    omegas, base = [0, 1, 5, 9], np.array([0.0, 10, 20, 30])
    open_, wrong = base + [[0, 12, 0, 0], [0, 8, 0, 0]] * 3, base + [0, 12, 0, 0]
    report(tmp_path, swept(omegas, open_))
    found = judged(tmp_path, trend(omegas, "rises", "below"), statistic="rank_correlation")
    assert found.comparisons["low"].iloc[2] < 0 < found.comparisons["high"].iloc[2], "one pair is open"
    assert found.verdict == "holds"
    report(tmp_path, swept(omegas, [wrong] * 6))
    found = judged(tmp_path, trend(omegas, "rises", "below"), statistic="rank_correlation")
    assert found.comparisons["decision"].tolist() == ["holds", "holds", "does not hold", "holds"]
    assert row(found)["difference"] == pytest.approx(0.8), "Spearman of 0, 22, 20, 30"
    assert found.verdict == "does not hold" and "omega 1 not surely above omega 5" in found.reason


def test_a_trend_without_direction_is_undecided(tmp_path):
    report(tmp_path, swept([0, 1, 5], [[1, 2, 3], [3, 2, 1]] * 4))
    assert judged(tmp_path, trend([0, 1, 5], "rises", "below"), statistic="rank_correlation").verdict == "undecided"


def test_the_minimum_is_found_on_val_between_the_ends_over_training_seeds(tmp_path):
    fmd = {-1: 5, 0: 9, 5: 3, 9: 4, 19: 8}
    fmd_val = {
        -1: (0, 0),
        0: (0, 0),
        5: (6, 8),
        9: (9, 3),
        19: (0, 0),
    }  # seed 0 prefers 5, their mean 9; the ends do not count
    summary = [{"method": "a", "omega": omega, "training_seed": seed, "fmd_val": values[seed]}
               for omega, values in fmd_val.items() for seed in (0, 1)]  # fmt: skip
    report(
        tmp_path,
        [({"method": "a", "omega": omega}, {"fmd": [value] * 5}) for omega, value in fmd.items()],
        "part",
        summary,
    )
    entry = {"column": "fmd", "rows": {"method": "a"}, "over": "omega",
             "pairs": [[0, "above", -1], ["minimum", "below", 0], [19, "above", "minimum"]]}  # fmt: skip
    found = judged(tmp_path, entry, statistic="disjoint_subsamples")
    assert found.verdict == "holds" and found.comparisons["difference"].tolist() == [4, -5, 4]
    assert found.comparisons["what"].tolist()[1] == "fmd of a, omega 9 (minimum) below omega 0"


def test_smallest_and_largest_are_the_ends_and_an_entry_may_name_its_statistic(tmp_path):
    sweep = [
        ({"method": "a", "step": step}, {"r": [value] * 3}) for step, value in ((0.3, 7), (0.1, 2), (3, 5), (1, 9))
    ]
    report(tmp_path, sweep)
    report(tmp_path, [(setting, {"fad": [value * 2 for value in values["r"]]}) for setting, values in sweep], "part")
    both = [{"column": column, "rows": {"method": "a"}, "over": "step", "statistic": statistic,
             "pairs": [["largest", "above", "smallest"]]}
            for column, statistic in (("r", "paired_bootstrap"), ("fad", "disjoint_subsamples"))]  # fmt: skip
    found = judged(tmp_path, *both)
    assert found.comparisons["what"].tolist()[0] == "r of a, step 3 (largest) above step 0.1 (smallest)"
    assert found.comparisons["difference"].tolist() == [3, 6]


def test_a_sweep_of_one_point_is_not_testable(tmp_path):
    report(tmp_path, [({"method": "a", "step": 1}, {"r": [1, 2]})])
    ends = {"column": "r", "rows": {"method": "a"}, "over": "step", "pairs": [["largest", "above", "smallest"]]}
    found = judged(tmp_path, ends)
    assert (found.verdict, found.reason) == ("not testable here", "made.csv has only one step for a, step 1 (largest)")


def test_settings_agree_when_one_file_is_rounded(tmp_path):
    report(tmp_path, [({"method": "a", "k": 1 / 3}, {"r": [2, 3]}), ({"method": "b"}, {"r": [1, 2]})],
           summary=[{"method": "a", "k": 0.333333}, {"method": "b"}])  # fmt: skip
    assert judged(tmp_path, versus("above")).verdict == "holds"


PRIMARY = [
    {"method": "a", "domain": "x", "omega": 5, "primary": True},
    {"method": "a", "domain": "x", "omega": 19, "primary": False},
    {"method": "a", "domain": "y", "omega": 5, "primary": False},
    {"method": "a", "domain": "y", "omega": 19, "primary": True},
    {"method": "b", "domain": "x", "primary": True},
    {"method": "b", "domain": "y", "primary": True},
]


def test_without_omega_the_primary_row_of_each_domain_is_looked_up(tmp_path):
    settings = [{key: value for key, value in one.items() if key != "primary"} for one in PRIMARY]
    values = [11, 12, 13, 14, 1, 2]
    report(tmp_path, [(one, {"r": [value] * 2}) for one, value in zip(settings, values, strict=True)], summary=PRIMARY)
    found = judged(tmp_path, versus("above", each={"column": ["r"], "domain": ["x", "y"]}))
    assert found.comparisons["difference"].tolist() == [10, 12]
    named = {"left": {"method": "a", "omega": 19}, "relation": "above", "right": {"method": "a", "omega": 5}}
    found = judged(tmp_path, named | {"each": {"column": ["r"], "domain": ["x"]}})
    assert found.comparisons["difference"].tolist() == [1], "a named omega need not be primary"
    summary = [one | {"primary": False} for one in PRIMARY[:4]] + PRIMARY[4:]
    pd.DataFrame(summary).to_csv(tmp_path / "made.csv", index=False)
    found = judged(tmp_path, versus("above", each={"column": ["r"], "domain": ["x"]}))
    assert (found.verdict, found.reason) == ("not testable here", "made.csv marks no row with a, x as primary")


def test_a_setting_named_in_full_need_not_be_primary(tmp_path):
    """Only where several settings match does the mark decide."""
    ways = [{"method": "a", "aligned": aligned, "primary": aligned == "none"} for aligned in ("none", "full")]
    settings = [{key: one[key] for key in ("method", "aligned")} for one in ways]
    report(tmp_path, [(settings[0], {"r": [1, 1]}), (settings[1], {"r": [3, 3]})], summary=ways)
    sides = {"left": {"method": "a", "aligned": "full"}, "relation": "above", "right": {"method": "a"}}
    found = judged(tmp_path, sides | {"each": {"column": ["r"]}})
    assert found.comparisons["difference"].tolist() == [2]


def test_values_may_leave_out_a_setting_that_tells_nothing_apart(tmp_path):
    report(tmp_path, [({"method": "a"}, {"r": [2, 2]}), ({"method": "b"}, {"r": [1, 1]})],
           summary=[{"method": method, "query": "image"} for method in "ab"])  # fmt: skip
    sides = {side: {"method": method, "query": "image"} for side, method in (("left", "a"), ("right", "b"))}
    assert judged(tmp_path, sides | {"relation": "above", "each": {"column": ["r"]}}).verdict == "holds"
    summary = [{"method": method, "query": query} for method in "ab" for query in ("image", "genre")]
    pd.DataFrame(summary).to_csv(tmp_path / "made.csv", index=False)
    with pytest.raises(ValueError, match="lacks a setting that tells a, image from others"):
        judged(tmp_path, sides | {"relation": "above", "each": {"column": ["r"]}})


def test_by_construction_still_shows_effects(tmp_path):
    report(tmp_path, [({"method": "a"}, {"r": [1, 1]}), ({"method": "b"}, {"r": [3, 3]})])
    found = judged(tmp_path, versus("above"), verdict="by_construction")
    assert (found.verdict, found.reason) == ("by construction", "Why.")
    assert row(found)[["difference", "decision"]].tolist() == [-2, "does not hold"]


def test_what_is_missing_makes_a_claim_not_testable_and_says_what(tmp_path):
    for verdict in ("testable", "by_construction"):
        found = judged(tmp_path, versus("above"), verdict=verdict)
        assert (found.verdict, found.reason) == ("not testable here", "there is no made.csv")
    report(
        tmp_path, [({"method": "a"}, {"r": [1, 1], "s": [1, 1]}), ({"method": "b"}, {"r": [0, 0], "s": [None, None]})]
    )
    found = judged(tmp_path, versus("above", each={"column": ["r"], "right.method": ["b", "c", "d"]}))
    assert found.verdict == "not testable here"
    assert found.reason == "made.csv has no row with c (1 of 2 gaps)"
    assert found.comparisons["what"].tolist() == ["r of a above b"], "what can be compared is shown"
    assert judged(tmp_path, versus("above", each={"column": ["s"]})).reason == "made_queries.csv.gz has no s of b"
    found = judged(tmp_path, versus("above"), statistic="disjoint_subsamples")
    assert found.reason == "there is no made_parts.csv"


GOOD = [({"method": "a"}, {"r": [1, 2]}), ({"method": "b"}, {"r": [0, 1]})]


@pytest.mark.parametrize(
    ("settings", "options", "entry", "line"),
    [
        (GOOD, {}, versus("above", each={"column": ["z"]}), "made_queries.csv.gz has no column 'z'"),
        (GOOD, {}, versus("above", each={"column": ["r"], "at": ["w"]}), "made.csv has no column at, by which"),
        (GOOD + GOOD[:1], {}, versus("above"), r"a matches several settings in made_queries.csv.gz: \['item'\]"),
        (GOOD, {"summary": [{"method": m, "k": k} for m in "ab" for k in (1, 2)]}, versus("above"),
         "a matches several settings in made.csv; mark one as primary"),
        (GOOD, {"summary": [{"method": m} for m in "abc"]}, versus("above", right={"method": "c"}),
         "has no row with c, made.csv has one"),
        ([({"method": m, "tier": 1}, {"r": [1]}) for m in "ab"], {"summary": [{"method": m} for m in "ab"]},
         versus("above"), "has tier left of 'item'; add it to made.csv or move it right"),
        ([GOOD[0], ({"method": "b"}, {"r": [0, None]})], {}, versus("above"), "r of b in .* blank or no number"),
        ([GOOD[0], ({"method": "b"}, {"r": [0, "x"]})], {}, versus("above"), "r of a in .* blank or no number"),
        (GOOD, {"summary": [{"method": m, "primary": "yes"} for m in "ab"]}, versus("above"), "must be True or False"),
        ([({"method": "a", "training_seed": seed}, {"r": [1, 2][seed:]}) for seed in (0, 1)] + GOOD[1:], {},
         versus("above"), "more training seeds for one item"),
        ([({"method": "a", "k": 1}, {"r": [1, 2]}), ({"method": "b", "k": 1}, {"r": [1, 2]})],
         {"summary": [{"method": m, "k": k, "training_seed": k} for m in "ab" for k in (1, 2)]}, versus("above"),
         "a, k 1 varies with the training seed in made.csv"),
        (swept([0, 1], [[1, 2]] * 2) + [({"method": "a", "omega": 5}, {"r": [1]})], {},
         trend([0, 1, 5], "rises", "below"), "1 queries or parts are answered by one side only"),
        (swept([0, 1], [[1, 2]] * 2), {}, {"column": "r", "rows": {"method": "a"}, "over": "omega",
                                           "pairs": [["minimum", "below", 0]]}, "no column 'fmd_val'"),
    ],
)  # fmt: skip
def test_bad_files_give_one_clear_line(tmp_path, settings, options, entry, line):
    report(tmp_path, settings, **options)
    with pytest.raises(ValueError, match=line) as error:
        judged(tmp_path, entry)
    assert str(error.value).startswith("claim X1: ") and "\n" not in str(error.value)
    assert str(tmp_path) not in str(error.value)


def test_values_in_both_packings_are_refused(tmp_path):
    report(tmp_path, GOOD)
    pd.read_csv(tmp_path / "made_queries.csv.gz").to_csv(tmp_path / "made_queries.csv", index=False)
    with pytest.raises(ValueError, match="keep one"):
        judged(tmp_path, versus("above"))
    (tmp_path / "made_queries.csv.gz").unlink()
    assert judged(tmp_path, versus("above")).verdict == "holds"


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 5))
def test_decisions_are_the_rules_read_literally(one, other, margin):
    low, high = sorted((one, other))
    inside, outside = -margin < low and high < margin, low > margin or high < -margin
    literal = {
        "above": (low > 0, high <= 0),
        "below": (high < 0, low >= 0),
        "at_least": (low > -margin, high < -margin),
        "about_equal": (inside, outside),
        "not_above": (low <= 0, low > 0),
        "not_below": (high >= 0, high < 0),
    }
    for relation, (holds, fails) in literal.items():
        expected = "holds" if holds else "does not hold" if fails else "undecided"
        assert scorecard.decide(relation, low, high, margin)[0] == expected, relation


def test_the_claims_stand_for_this_many_comparisons():
    counts = {one["id"]: len(scorecard.expand(one)) for one in CLAIMS}
    # D4: a correlation and 7 pairs. D13: 2 columns x 2 domains x (4 + 1 + 2 + 4). D15: 3 columns x (1 + 7)
    expected = {"D1": 3, "D3": 3, "D4": 8, "D7": 10, "D11": 6, "D13": 44, "D15": 24, "D16": 15, "D18": 12, "G7": 6,
                "G10": 2, "G14": 2, "G15": 4, "G18": 3, "G22": 2, "G24": 10, "G25": 2, "C1": 3, "C3": 2}  # fmt: skip
    assert {name: counts[name] for name in expected} == expected


def planted(claim, sign=1):
    """Values of every selection of a claim that make it hold (sign 1) or mirrored about CENTRE (sign -1)."""
    values = {}

    def key(side):
        side = {name: NAMED.get(value, value) for name, value in side.items()}
        return frozenset((name, value) for name, value in side.items() if name != "column"), side["column"]

    def advantage(side, minus):
        return values[key(side)] - (values[key(minus)] if minus else 0)

    comparisons = [one for one in scorecard.expand(claim) if not one.points]
    constants = {key(one.left): one.right["constant"] for one in comparisons if "constant" in one.right}
    comparisons = [one for one in comparisons if "constant" not in one.right]
    for one in comparisons:
        sides = (one.left, one.right, one.left_minus, one.right_minus)
        values |= {key(side): CENTRE for side in sides if side is not None}
    equal = {one.relation for one in comparisons} == {"about_equal"}
    for _ in range(50):
        for one in comparisons:
            gap = advantage(one.left, one.left_minus) - advantage(one.right, one.right_minus)
            if one.relation == "about_equal":
                wanted = STEP * (equal and sign < 0)
                values[key(one.left if gap < wanted else one.right)] += abs(wanted - gap)
            elif one.relation in ("above", "at_least", "not_below"):
                values[key(one.left)] += max(0, STEP - gap)
            else:
                values[key(one.right)] += max(0, STEP + gap)
    values |= constants
    return values if sign > 0 or equal else {name: 2 * CENTRE - value for name, value in values.items()}


def write(folder, claim, values):
    """The three files of a claim's table, with small noise, and two training seeds for every other setting."""
    generator = np.random.default_rng(0)
    settings = list(dict.fromkeys(setting for setting, _ in values))
    keys = list(dict.fromkeys(name for setting in settings for name, _ in sorted(setting)))
    summary, queries, parts = [], [], []
    for number, setting in enumerate(settings):
        row = dict(setting)
        where = row.get("domain", "all")
        summary.append(row | {"fmd_val": abs(row.get("omega", 0) - NAMED["minimum"])})
        for seed in (0, 1) if number % 2 else (None,):
            for rows, unit, names in (
                (queries, "item", [f"{where}-{i}" for i in range(8)]),
                (parts, "part", range(5)),
            ):
                for i, name in enumerate(names):
                    noise = 0.02 * np.sin(5 * i) + generator.normal(0, 0.005)
                    found = {column: values.get((setting, column), CENTRE) + noise for column in claim["columns"]}
                    rows.append(row | {unit: name, "training_seed": seed} | found)
    name = Path(claim["table"]).stem
    for kind, rows, unit in (("", summary, None), ("_queries", queries, "item"), ("_parts", parts, "part")):
        table = pd.DataFrame(rows)
        first = [*keys, unit] if unit else keys
        table[[*first, *table.columns.difference(first)]].to_csv(folder / f"{name}{kind}.csv", index=False)


@pytest.fixture
def few_draws(monkeypatch):
    for name in ("paired_bootstrap", "unpaired_bootstrap"):
        monkeypatch.setattr(statistics, name, functools.partial(getattr(statistics, name), draws=50))


@each_claim
def test_every_claim_gets_a_verdict_that_turns_with_the_planted_effect(claim, tmp_path, few_draws):
    forced = claim["verdict"] == "by_construction"
    assert scorecard.verdict(claim, tmp_path).verdict == "not testable here"
    write(tmp_path, claim, planted(claim))
    found = scorecard.verdict(claim, tmp_path)
    assert found.verdict == ("by construction" if forced else "holds"), found.reason
    assert (found.comparisons["decision"] == "holds").all()
    assert len(found.comparisons) == len(scorecard.expand(claim))
    assert found.comparisons["what"].is_unique
    write(tmp_path, claim, planted(claim, -1))
    found = scorecard.verdict(claim, tmp_path)
    assert found.verdict == ("by construction" if forced else "does not hold"), found.reason
    assert (found.comparisons["decision"] == "does not hold").any()


def test_changing_one_file_of_values_turns_a_verdict(tmp_path, few_draws):
    (d1,) = (one for one in CLAIMS if one["id"] == "D1")
    write(tmp_path, d1, planted(d1))
    path = tmp_path / "diff4steer_table2_parts.csv"
    parts = pd.read_csv(path)
    parts.loc[(parts["method"] == "diff4steer") & (parts["domain"] == "crowd"), "fmd"] += 2 * STEP
    parts.to_csv(path, index=False)
    found = scorecard.verdict(d1, tmp_path)
    assert found.verdict == "does not hold"
    assert found.comparisons["decision"].tolist() == ["holds", "holds", "does not hold"]
    assert found.reason.startswith("fmd of diff4steer, image, crowd below regression: 3")


def test_the_table_has_one_row_a_claim(tmp_path):
    report(tmp_path, GOOD)
    found = scorecard.table([judged(tmp_path, versus("above")), judged(tmp_path / "none", versus("above"))])
    assert found.to_numpy().tolist() == [
        ["X1", "A is B.", ".1", "holds", "r of a above b: 1 [1, 1]"],
        ["X1", "A is B.", ".1", "not testable here", "there is no made.csv"],
    ]
    assert found.columns.tolist() == ["id", "claim", "paper_figures", "verdict", "decided_by"]
