"""What a ledger takes down is what the metrics say, and every method is judged on the same terms."""

import numpy as np
import pandas as pd
import pytest
import torch

from ghostnotes import evaluation, metrics
from ghostnotes.embeddings import Embeddings
from ghostnotes.ledger import Ledger


def store(prefix, count, seed):
    rows = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))
    return Embeddings([f"{prefix}{i}" for i in range(count)], torch.nn.functional.normalize(rows, dim=-1), "made")


TESTS, OTHERS = store("t", 20, 0), store("g", 44, 1)
MASSES = torch.nn.functional.one_hot(torch.arange(64) % 3).double()
IDS = [f"t{i}/{draw}" for i in range(20) for draw in (0, 1)]
SEEDS = torch.nn.functional.normalize(torch.randn(40, 3, 6, generator=torch.Generator().manual_seed(2)), dim=-1)


def ledger(**more):
    return Ledger(TESTS, OTHERS, MASSES, [5], [5], **more)


def written(one, folder):
    seeds = one.write(folder, "studio")
    return seeds, *(pd.read_csv(folder / f"{name}.csv") for name in ("queries", "parts"))


def test_numbers_are_those_of_the_metrics(tmp_path):
    one = ledger(alignment=lambda ids, music: np.arange(len(ids)) / 10)
    one.take(SEEDS, IDS, "diff4steer", omega=1)
    seeds, queries, parts = written(one, tmp_path)
    own = [i for i in range(20) for _ in (0, 1)]
    expected = evaluation.per_query(SEEDS, torch.cat([TESTS.vectors, OTHERS.vectors]), own, MASSES, [5], [5])
    assert queries["recall_at_5"].tolist() == expected["recall_at_5"].tolist()
    assert queries["item"].tolist() == [name.split("/")[0] for name in IDS] and queries["draw"].tolist() == [0, 1] * 20
    assert queries["m2i"].tolist() == pytest.approx([i / 10 for i in range(40)])
    first_of_each = SEEDS[::2, 0]
    assert seeds["fmd"].item() == pytest.approx(metrics.frechet_distance(first_of_each, TESTS.vectors), rel=1e-5)
    assert seeds["frechet_n"].item() == 20 and len(parts) == 5 and set(queries["domain"]) == {"studio"}


def test_training_seeds_are_averaged_query_by_query_and_kept_by_themselves(tmp_path):
    one = ledger()
    one.take(SEEDS, IDS, "regression", training_seed=0)
    one.take(SEEDS.flip(0), IDS, "regression", training_seed=1)
    seeds, queries, _ = written(one, tmp_path)
    assert len(queries) == 40 and len(seeds) == 2
    assert queries["recall_at_5"].isin([0, 0.5, 1]).all() and queries["recall_at_5"].eq(0.5).any()
    assert queries["triplet_accuracy"].mean() == pytest.approx(seeds["triplet_accuracy"].mean(), abs=1e-5)


def test_random_seeds_have_a_triplet_accuracy_of_a_coin(tmp_path):
    rows = torch.randn(40, 200, 6, generator=torch.Generator().manual_seed(5))
    one = ledger()
    one.take(torch.nn.functional.normalize(rows, dim=-1), IDS, "chance")
    _, queries, _ = written(one, tmp_path)
    assert queries["triplet_accuracy"].mean() == pytest.approx(0.5, abs=0.02)


def test_an_order_has_recall_and_no_distance(tmp_path):
    one = ledger()
    one.take(SEEDS, IDS, "diff4steer")
    one.take(np.tile(np.arange(64), (40, 1)), IDS, "oracle", "caption")
    seeds, queries, _ = written(one, tmp_path)
    oracle = seeds[seeds["method"] == "oracle"]
    assert oracle["fmd"].isna().all() and oracle["recall_at_5"].item() == 0.25
    assert set(queries["query"]) == {"image", "caption"}


def test_settings_are_told_apart(tmp_path):
    one = ledger()
    for k in (0.1, 0.3):
        one.take(SEEDS, IDS, "diff4steer", "caption", omega=-1, k=k)
    seeds, queries, _ = written(one, tmp_path)
    assert seeds["k"].tolist() == [0.1, 0.3] and len(queries) == 80


def test_a_query_for_a_track_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no track 't99' is asked for"):
        ledger().take(SEEDS[:1], ["t99/0"], "diff4steer")
