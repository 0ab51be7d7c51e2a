"""The committed reports: the corpus was frozen by its criteria, and the cards hold numbers."""

import hashlib
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from ghostnotes import notebook

ROOT = Path(__file__).parents[1]
CARDS = [ROOT / "reports/data_card.md", *sorted((ROOT / "reports/model_cards").glob("*.md"))]


def test_every_criterion_of_the_frozen_corpus_holds():
    criteria = pd.read_csv(ROOT / "reports/tables/corpus_criteria.csv")
    assert len(criteria) >= 20 and list(criteria["criterion"][criteria["holds"] != "yes"]) == []
    assert (criteria["low"] <= criteria["measured"]).all() and (criteria["measured"] <= criteria["high"]).all()


def test_the_verdicts_follow_from_the_numbers():
    """Read again from what is wanted, in words, and what was measured."""
    for row in pd.read_csv(ROOT / "reports/tables/corpus_criteria.csv").itertuples():
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", row.wanted)]
        if " to " in row.wanted:
            holds = numbers[0] - 5e-3 <= row.measured <= numbers[1] + 5e-3
        elif row.wanted.startswith("not surely above"):
            holds = row.low <= numbers[0] + 5e-3
        else:
            holds = (row.low if row.wanted.endswith("surely") else row.measured) > numbers[0] - 5e-3
        assert holds == (row.holds == "yes"), row


def test_there_is_a_card_for_everything_that_is_trained():
    trained = ["clap-mini", "clip-mini", "ghosts", "mule-mini", "muscall-mini", "prior", "regression"]
    assert [card.stem for card in CARDS[1:]] == trained


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_card_holds_numbers_where_it_promises_them(card):
    text = card.read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b|\binf\b|None", text) and "|" in text
    assert str(ROOT) not in text


VERDICTS = {"diff4steer_verdicts": [f"D{number}" for number in range(1, 5)],
            "diff4steer_verdicts_2": [f"D{number}" for number in range(5, 19)],
            "gdr_verdicts": [f"G{number}" for number in (*range(1, 6), *range(9, 18))],
            "gdr_verdicts_negative": [f"G{number}" for number in range(18, 22)],
            "gdr_verdicts_inversion": [f"G{number}" for number in range(22, 26)],
            "gdr_verdicts_alignment": ["G6", "G7", "G8"], "gradient_verdicts": ["C1", "C2", "C3"]}  # fmt: skip


PLACES = [(folder, name) for name in VERDICTS for folder in ("reports", "reports/full")
          if folder == "reports" or not name.startswith("diff4steer")]  # fmt: skip


@pytest.mark.parametrize(("folder", "name"), PLACES)
def test_the_papers_verdicts_are_those_of_the_scorecard(folder, name):
    """Which test_summary computes again from the committed tables."""
    scored = pd.read_csv(ROOT / "reports/tables/scorecard.csv").set_index("id")
    shown = pd.read_csv(ROOT / folder / f"tables/{name}.csv").set_index("id")["verdict"]
    assert list(shown.index) == VERDICTS[name] and "not testable here" not in set(shown)
    assert (shown == scored.loc[shown.index, "verdict_full" if folder.endswith("full") else "verdict"]).all()


def test_table_one_repeats_the_sweep_for_pictures_and_has_every_row_of_the_paper():
    one = pd.read_csv(ROOT / "reports/tables/diff4steer_table1.csv")
    sweep = pd.read_csv(ROOT / "reports/tables/guidance_sweep.csv")
    keys = ["method", "query", "omega", "domain"]
    both = one[one["query"] == "image"].merge(sweep, on=keys)
    assert len(both) == (one["query"] == "image").sum()
    for name in ("recall_at_10", "recall_at_100", "triplet_accuracy"):
        assert (both[f"{name}_x"] == both[f"{name}_y"]).all()
    paper = pd.read_csv(ROOT / "data/paper/diff4steer_table1.csv")
    shown = one[one["primary"]].merge(paper, on=["domain", "query", "method"])
    assert len(shown) == len(paper) and (shown["paper_recall_at_100_x"] == shown["paper_recall_at_100_y"]).all()


def test_no_retrieval_row_beats_the_oracle_of_its_query_for_certain():
    one = pd.read_csv(ROOT / "reports/tables/diff4steer_table1.csv")
    best = one[one["method"] == "oracle"].set_index(["domain", "query"])
    for row in one[one["query"].isin(best.index.get_level_values("query"))].itertuples():
        assert row.recall_at_100_low <= best.loc[(row.domain, row.query), "recall_at_100_high"]


def test_nothing_is_better_calibrated_than_the_truth():
    scores = pd.read_csv(ROOT / "reports/tables/calibration.csv")
    for _, domain in scores.groupby("domain"):
        for name in ("cross_entropy_genre", "cross_entropy_mood", "brier_genre", "brier_mood"):
            truth = domain.loc[domain["method"] == "truth", name].item()
            assert (domain[name] >= truth - 1e-6).all()


def test_table_two_holds_the_sweeps_numbers_at_the_omega_that_val_chose():
    two = pd.read_csv(ROOT / "reports/tables/diff4steer_table2.csv")
    sweep = pd.read_csv(ROOT / "reports/tables/guidance_sweep.csv")
    choices = pd.read_csv(ROOT / "reports/tables/diff4steer_choices.csv")
    val = choices[choices["what"] == "omega"].groupby("value")["fmd"].mean().drop([-1, 0, 19])
    prior = two[(two["method"] == "diff4steer") & (two["query"] == "image") & two["primary"]]
    assert set(prior["omega"]) == {val.idxmin()} and set(prior["domain"]) == {"studio", "crowd", "lofi"}
    both = prior.merge(sweep, on=["method", "query", "omega", "domain"])
    assert len(both) == 3 and (both["fmd_x"] == both["fmd_y"]).all() and (both["miscs_x"] == both["miscs_y"]).all()
    assert (two.loc[two["method"].str.startswith("regression"), "miscs"] == 1).all()


def test_means_by_training_seed_average_to_the_table():
    sweep = pd.read_csv(ROOT / "reports/tables/guidance_sweep.csv")
    seeds = pd.read_csv(ROOT / "reports/tables/guidance_sweep_seeds.csv")
    keys = ["method", "query", "omega", "domain"]
    means = seeds.groupby(keys, dropna=False)[["recall_at_10", "fmd"]].agg(["mean", "count"])
    for row in sweep.itertuples():
        key = (row.method, row.query, row.omega, row.domain)
        found = means[[all(a == b or (a != a and b != b) for a, b in zip(key, index)) for index in means.index]]
        assert len(found) == 1 and found[("recall_at_10", "mean")].item() == pytest.approx(row.recall_at_10, abs=1e-5)
        assert found[("recall_at_10", "count")].item() in (1, 3)


def test_no_ghost_finds_more_than_what_the_captions_say():
    """The oracle knows every attribute that a caption names; whoever beats it has seen the answer."""
    for name, key in (("gdr_table2", "method"), ("gdr_table4", "method"), ("gdr_table5", "objective")):
        table = pd.read_csv(ROOT / f"reports/tables/{name}.csv")
        oracle = table[table[key] == "oracle"].set_index("domain")["recall_at_5"]
        others = table[table["recall_at_5_low"].notna() & (table[key] != "oracle")]
        assert len(oracle) == 3 and len(others) >= 12
        assert (others["recall_at_5_low"] < others["domain"].map(oracle)).all(), name


def test_the_tables_of_gd_retriever_repeat_each_other_where_they_say_the_same():
    two, four = (pd.read_csv(ROOT / f"reports/tables/gdr_table{n}.csv") for n in (2, 4))
    joint = four[four["text"] == "joint"].set_index(["domain", "method"])
    for row in two[two["method"].isin(["clap", "gdr_clap"])].itertuples():
        assert row.recall_at_5 == joint.loc[(row.domain, row.method), "recall_at_5"]
    five = pd.read_csv(ROOT / "reports/tables/gdr_table5.csv")
    unet = five[(five["network"] == "unet") & (five["objective"] == "diffusion")].set_index("domain")
    for row in two[two["method"] == "gdr_clap"].itertuples():
        assert row.recall_at_5 == unet.loc[row.domain, "recall_at_5"]
    six = pd.read_csv(ROOT / "reports/tables/gdr_ablations.csv").set_index("variant")
    same = ["sequence_tokens", "sequence_pooled_text", "pooled_audio_tokens", "pooled", "x0", "epsilon"]
    assert six.loc[same, "parameters"].nunique() == 1, "compared at equal size"


def test_inversion_comes_back_and_the_explicit_step_does_worse():
    """Under one condition with equal weights; where the weights differ the way back is another one."""
    trips = pd.read_csv(ROOT / "reports/tables/gdr_round_trips.csv")
    equal = trips["up"] == trips["down"]
    implicit = trips["iterations"] > 0
    assert (trips.loc[equal & implicit, "cosine"] > 0.99).all() and equal.any() and implicit.any()
    keys = ["up", "down", "steps"]
    both = trips[equal & implicit].merge(trips[equal & ~implicit], on=keys)
    assert len(both) >= 6 and (both["cosine_x"] > both["cosine_y"]).all()


def test_the_tables_of_control_repeat_each_other_where_they_say_the_same():
    six = pd.read_csv(ROOT / "reports/tables/gdr_table6.csv")
    sweep = pd.read_csv(ROOT / "reports/tables/gdr_negative_sweep.csv").query("category == 'all'")
    both = six[six["at"] == "equal_weight"].merge(sweep, on=["network", "method", "omega"])
    assert len(both) == (six["at"] == "equal_weight").sum()
    for name in ("similarity_query", "share_unwanted", "retention"):
        assert both[f"{name}_x"].equals(both[f"{name}_y"])
    ghost = six[(six["method"] == "unmodified") & six["primary"]].iloc[0]
    assert ghost["similarity_query"] == 1 and ghost["share_unwanted"] > 0.2
    assert (six.loc[six["method"] == "metadata_filter", "share_unwanted"] == 0).all()
    level = six[six["primary"] & (six["at"] == "equal_effect")].set_index("method")["similarity_negative"]
    assert level.to_numpy() == pytest.approx(level["negative_prompt"], abs=1e-5) and len(level) == 3
    edits = pd.read_csv(ROOT / "reports/tables/gdr_edits.csv").query("kind == 'all'")
    start = edits[(edits["method"] == "unmodified")].iloc[0]
    assert start["overlap"] == start["similarity_original_audio"] == 1
    five = pd.read_csv(ROOT / "reports/tables/gdr_figure5.csv").set_index("method")
    four = pd.read_csv(ROOT / "reports/tables/gdr_figure4.csv").query("steps == 20 and omega == 2").iloc[0]
    assert five.loc["inversion", "similarity_original_audio"] == four["similarity_original_audio"]


def test_every_negative_prompt_had_something_to_remove():
    """The criterion by which they were chosen, on val, holds on test too but for a few."""
    table = pd.read_csv(ROOT / "reports/tables/negative_prompts.csv")
    assert len(table) == 50 and table["in_range"].mean() > 0.8 and table["probe_accuracy"].min() > 0.7


def md5(content):
    return hashlib.md5(content).hexdigest()


def at(settings, name):
    """The value of a dotted name such as corpus.rows."""
    for part in name.split("."):
        settings = settings[part]
    return settings


LOCKED = {}
for file in ("dvc.lock", "profiles/own/dvc.lock"):
    LOCKED |= yaml.load((ROOT / file).read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]
SETTINGS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKED)
def test_the_committed_reports_were_made_by_the_committed_code(name, tmp_path):
    """Code, notebooks, data and settings of every stage are those that it ran with, and its reports those it left.

    Where it fails: dvc repro, and commit dvc.lock and reports/ with the code.
    """
    stage = LOCKED[name]
    for one in [*stage.get("deps", ()), *stage.get("outs", ())]:
        path = ROOT / one["path"]
        if path.is_relative_to(ROOT / "build/notebooks") and path.suffix == ".ipynb":
            source = ROOT / "notebooks" / path.relative_to(ROOT / "build/notebooks")
            notebook.write(notebook.strip(nbformat.read(source, as_version=4)), tmp_path / "stripped.ipynb")
            assert md5((tmp_path / "stripped.ipynb").read_bytes()) == one["md5"], source
        elif path.is_file() and not path.is_relative_to(ROOT / "build"):
            assert md5(path.read_bytes()) == one["md5"], path
    for setting, value in stage.get("params", {}).get("params.yaml", {}).items():
        assert at(SETTINGS, setting) == value, setting
