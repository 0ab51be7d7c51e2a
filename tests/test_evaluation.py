"""Per-query numbers against the metrics they are made of, on a case small enough for the eye."""

import math
import warnings

import pandas as pd
import pytest
import torch

from ghostnotes import evaluation, metrics, retrieval
from ghostnotes.datasets import made

GALLERY = torch.eye(4)
MASSES = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0.5, 0.5]], dtype=torch.float64)


def near(*items):
    """A seed nearest to these gallery items, in this order."""
    seed = torch.zeros(4)
    for rank, item in enumerate(items):
        seed[item] = 1.0 / (rank + 1)
    return seed / seed.norm()


def test_by_hand():
    seeds = torch.stack([torch.stack([near(0, 2, 3, 1), near(2, 0, 3, 1)])])
    row = evaluation.per_query(seeds, GALLERY, [2], MASSES, [1, 2], [1, 2]).iloc[0]
    assert row["recall_at_1"] == 0 and row["recall_at_2"] == 1
    assert row["recall_at_1_per_seed"] == 0.5
    assert row["triplet_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert row["entropy_at_1"] == 0 and row["entropy_at_2"] == pytest.approx(math.log(2))
    assert row["entropy_at_1_per_seed"] == 0
    assert row["miscs"] == pytest.approx(float(seeds[0, 0] @ seeds[0, 1]))


def test_place_is_the_rank_in_the_primary_list_and_gives_recall_at_any_k_up_to_the_longest():
    g = torch.Generator().manual_seed(2)
    gallery, seeds = torch.randn(40, 6, generator=g), torch.randn(12, 3, 6, generator=g)
    masses = torch.ones(40, 1, dtype=torch.float64)
    table = evaluation.per_query(seeds, gallery, range(12), masses, [15], [5])
    ranks = retrieval.positions(retrieval.rank(seeds, gallery, "interleave"), range(12))
    assert table["place"].tolist() == [min(rank, 15) for rank in ranks]
    by_order = evaluation.per_order(retrieval.rank(seeds, gallery, "interleave"), range(12), masses, [15], [5])
    assert by_order["place"].tolist() == table["place"].tolist()


def test_k_above_the_gallery_counts_all_of_it_and_is_said_once():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            table = evaluation.per_query(GALLERY[:, None], GALLERY, range(4), MASSES, [9], [1])
    assert (table["recall_at_9"] == 1).all()
    assert [str(one.message) for one in said] == ["K = 9 is more than the gallery's 4 tracks, which all count"]


def test_it_agrees_with_the_metrics_it_is_made_of():
    g = torch.Generator().manual_seed(0)
    gallery = torch.nn.functional.normalize(torch.randn(30, 6, generator=g), dim=-1)
    seeds = torch.nn.functional.normalize(torch.randn(5, 4, 6, generator=g), dim=-1)
    masses = torch.rand(30, 3, generator=g, dtype=torch.float64)
    truth = [3, 7, 0, 29, 12]
    table = evaluation.per_query(seeds, gallery, truth, masses, [5], [7])
    for way, column in (("interleave", "recall_at_5"), ("mean", "recall_at_5_mean"), ("max", "recall_at_5_max")):
        ranks = retrieval.positions(retrieval.rank(seeds, gallery, way), truth)
        assert table[column].mean() == metrics.recall_at_k(ranks, 5)
    assert table["miscs"].mean() == pytest.approx(metrics.mean_intra_sample_cosine(seeds))
    alone = retrieval.rank(seeds.reshape(-1, 1, 6), gallery)[:, :7]
    assert table["entropy_at_7_per_seed"].mean() == pytest.approx(metrics.genre_entropy(masses[alone]))
    others = torch.stack([torch.cat([gallery[:t], gallery[t + 1 :]]) for t in truth])
    accuracy = [metrics.triplet_accuracy(seeds[:, s], gallery[truth], others) for s in range(4)]
    assert table["triplet_accuracy"].mean() == pytest.approx(sum(accuracy) / 4)


def test_chunks_of_queries_change_nothing(monkeypatch):
    g = torch.Generator().manual_seed(0)
    gallery, seeds = torch.randn(20, 6, generator=g), torch.randn(7, 3, 6, generator=g)
    masses = torch.rand(20, 2, generator=g, dtype=torch.float64)
    whole = evaluation.per_query(seeds, gallery, range(7), masses, [5], [7])
    monkeypatch.setattr(evaluation, "_CELLS", 1)
    pd.testing.assert_frame_equal(evaluation.per_query(seeds, gallery, range(7), masses, [5], [7]), whole)


def test_an_order_is_judged_as_the_seeds_that_give_it():
    g = torch.Generator().manual_seed(0)
    gallery, seeds = torch.randn(20, 6, generator=g), torch.randn(7, 1, 6, generator=g)
    masses = torch.rand(20, 2, generator=g, dtype=torch.float64)
    by_order = evaluation.per_order(retrieval.rank(seeds, gallery), range(7), masses, [5, 10], [7])
    by_seeds = evaluation.per_query(seeds, gallery, range(7), masses, [5, 10], [7])
    pd.testing.assert_frame_equal(by_order, by_seeds[list(by_order)])


def test_one_seed_has_no_spread():
    table = evaluation.per_query(GALLERY[:, None], GALLERY, range(4), MASSES, [1], [1])
    assert "miscs" not in table and (table["recall_at_1"] == 1).all()


def test_crossovers_share_their_mass():
    tracks = pd.DataFrame({"genre": ["rock", "jazz"], "second_genre": ["", "house"]})
    masses, names = made.genre_masses(tracks), made.genres()
    assert masses.sum(1).tolist() == [1, 1]
    assert masses[0, names.index("rock")] == 1
    assert masses[1, names.index("jazz")] == 0.5 == masses[1, names.index("house")]
    with pytest.raises(ValueError, match="'skiffle' is not in data/genres.csv"):
        made.genre_masses(pd.DataFrame({"genre": ["skiffle"], "second_genre": [""]}))


def test_more_rows_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="has 200 tracks, params.yaml asks for 9999"):
        made.load("studio-val", {"val": 9999})
