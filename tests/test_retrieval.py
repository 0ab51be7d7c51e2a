"""Rankings against brute force, deterministic ties, and searches that refuse what faiss would swallow."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from ghostnotes import retrieval

few = settings(max_examples=40, deadline=None)
seeds_of_random = st.integers(0, 2**32 - 1)
WAYS = ["mean", "max", "interleave"]


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def cosines(seeds, gallery):
    unit = [v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (seeds, gallery)]
    return unit[0] @ unit[1].T


def brute_force(seeds, gallery, how):
    """One query's ranking, by loops over sorted lists."""
    scores = np.round(cosines(seeds.mean(0, keepdims=True) if how == "mean" else seeds, gallery), 9)
    if how == "max":
        return sorted(range(len(gallery)), key=lambda item: (-max(scores[:, item]), item))
    own = [sorted(range(len(gallery)), key=lambda item: (-row[item], item)) for row in scores]
    merged = []
    for turn in range(len(gallery)):
        for ranking in own:
            if ranking[turn] not in merged:
                merged.append(ranking[turn])
    return merged


@pytest.mark.parametrize("how", WAYS)
@few
@given(seed=seeds_of_random, q=st.integers(1, 4), s=st.integers(1, 6), n=st.integers(1, 12))
def test_rank_agrees_with_brute_force(how, seed, q, s, n):
    # coarse coordinates make ties common
    generator = np.random.default_rng(seed)
    seeds = generator.integers(0, 3, (q, s, 3)) + np.array([1.0, 0.0, 0.0])
    gallery = generator.integers(0, 3, (n, 3)) + np.array([1.0, 0.0, 0.0])
    order = retrieval.rank(seeds, gallery, how)
    assert order.dtype == np.int64
    assert order.tolist() == [brute_force(one, gallery, how) for one in seeds]


@pytest.mark.parametrize("how", WAYS)
def test_rank_is_the_same_whatever_the_chunks(how, monkeypatch):
    seeds, gallery = normal(0, 7, 4, 5), normal(1, 30, 5)
    whole = retrieval.rank(seeds, gallery, how)
    monkeypatch.setattr(retrieval, "_CELLS", 4 * 30 * 2)  # two queries at a time
    assert np.array_equal(retrieval.rank(seeds, gallery, how), whole)
    assert (np.sort(whole, axis=1) == np.arange(30)).all()


@few
@given(seed=seeds_of_random)
def test_one_seed_of_any_way_is_plain_nearest_neighbour_search(seed):
    seeds, gallery = normal(seed, 3, 1, 6), normal(seed + 1, 15, 6)
    expected = np.argsort(-cosines(seeds[:, 0], gallery), axis=1)
    for how in WAYS:
        assert np.array_equal(retrieval.rank(seeds, gallery, how), expected)


def test_interleave_takes_turns_and_keeps_the_first_occurrence():
    gallery = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    seeds = np.array([[[1, 0], [0, 1]]])
    assert retrieval.rank(seeds, gallery, "interleave").tolist() == [[0, 2, 1, 3]]
    swapped = seeds[:, ::-1]
    assert retrieval.rank(swapped, gallery, "interleave").tolist() == [[2, 0, 3, 1]]
    twice = seeds[:, [0, 0]]
    assert retrieval.rank(twice, gallery, "interleave").tolist() == [[0, 1, 3, 2]]


def test_the_three_ways_differ_where_seeds_disagree():
    # two unlike seeds; item 2 lies between them, near neither
    gallery, seeds = np.array([[1, 0], [0, 1], [1, 1]]), np.array([[[1, 0.1], [0.2, 1]]])
    assert retrieval.rank(seeds, gallery, "mean")[0, 0] == 2
    assert retrieval.rank(seeds, gallery, "max")[0].tolist() == [0, 1, 2]


def test_duplicates_in_the_gallery_are_listed_by_index():
    gallery = np.tile(normal(2, 1, 64), (101, 1))
    gallery[50] = -gallery[50]
    seeds = normal(3, 5, 3, 64) + 2 * gallery[0]
    expected = [*range(50), *range(51, 101), 50]
    for how in WAYS:
        assert retrieval.rank(seeds, gallery, how).tolist() == [expected] * 5


@pytest.mark.parametrize("how", WAYS)
def test_ranks_do_not_depend_on_the_number_of_threads(how):
    gallery = np.concatenate([normal(4, 300, 96)] * 2).astype(np.float32)
    seeds = normal(5, 40, 5, 96).astype(np.float32)
    orders = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            orders.append(retrieval.rank(seeds, gallery, how))
    assert np.array_equal(*orders)


@pytest.mark.parametrize("how", WAYS)
def test_rank_takes_tensors_and_ignores_the_length_of_gallery_vectors(how):
    seeds, gallery = normal(6, 3, 4, 5), normal(7, 9, 5)
    expected = retrieval.rank(seeds, gallery, how)
    lengths = np.linspace(0.1, 5, 9)[:, None]
    assert np.array_equal(retrieval.rank(torch.tensor(seeds), torch.tensor(gallery * lengths), how), expected)


def test_positions_find_the_best_of_several_right_answers():
    order = np.array([[2, 0, 1, 3], [3, 2, 1, 0]])
    assert retrieval.positions(order, [0, 0]).tolist() == [1, 3]
    assert retrieval.positions(torch.tensor(order), torch.tensor([2, 1])).tolist() == [0, 2]
    assert retrieval.positions(order, [[1, 0], {0, 1, 2}]).tolist() == [1, 1]
    assert retrieval.positions(order, [(3,), [3, 3]]).tolist() == [3, 0]
    assert retrieval.positions(order, [0, 0]).dtype == np.int64


@few
@example(seed=5636, k=6)  # two tracks whose cosines differ by 6e-7
@given(seed=seeds_of_random, k=st.integers(1, 12))
def test_nearest_agrees_with_a_full_sort(seed, k):
    """Up to single precision, in which Faiss adds: tracks that it cannot tell apart may change places."""
    queries, gallery = normal(seed, 2, 3, 8), normal(seed + 1, 12, 8)
    scores, indices = retrieval.nearest(queries, gallery, k)
    expected = cosines(queries, gallery)
    assert scores.shape == indices.shape == (2, 3, k)
    assert all(len(set(row)) == k for row in indices.reshape(-1, k).tolist())
    for found in (scores, np.take_along_axis(expected, indices, axis=-1)):
        assert np.allclose(found, -np.sort(-expected, axis=-1)[..., :k], rtol=0, atol=2e-6)


def test_nearest_takes_one_vector_and_lists_ties_by_index():
    gallery = np.array([[0, 1.0], [2, 0], [1, 0], [3, 0], [0, -1]])
    scores, indices = retrieval.nearest([5.0, 0.0], gallery, 4)
    assert indices.tolist() == [1, 2, 3, 0]
    assert scores.tolist() == [1, 1, 1, 0]


def test_more_neighbours_than_tracks_are_cut_with_one_warning():
    with pytest.warns(UserWarning, match="returning all 3") as caught:
        scores, indices = retrieval.nearest(np.eye(3)[:2], np.eye(3), 10)
    assert len(caught) == 1
    assert indices.tolist() == [[0, 1, 2], [1, 0, 2]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        retrieval.nearest(np.eye(3), np.eye(3), 3)


OK = np.eye(2)
NAN = np.array([[1.0, np.nan], [0.0, 1.0]])
ORDER = np.array([[0, 1], [1, 0]])


@pytest.mark.parametrize(("call", "message"), [
    (lambda: retrieval.rank(OK[None], OK, "best"), '"mean", "max" or "interleave"'),
    (lambda: retrieval.rank(OK, OK), r"\(Q, S, d\)"),
    (lambda: retrieval.rank(NAN[None], OK), "seeds has NaN"),
    (lambda: retrieval.rank(OK[None], NAN), "gallery has NaN"),
    (lambda: retrieval.rank(OK[None], np.eye(3)), "one encoder"),
    (lambda: retrieval.rank(np.zeros((1, 0, 2)), OK), "empty"),
    (lambda: retrieval.rank([[[1.0, 0], [-1.0, 0]]], OK, "mean"), "mean of the seeds has a row of zeros"),
    (lambda: retrieval.rank([[[1.0, 0], [0, 0]]], OK, "max"), "seeds has a row of zeros"),
    (lambda: retrieval.positions(ORDER, [0, 2]), "truth of query 1 is .*2.*not within 0..1"),
    (lambda: retrieval.positions(ORDER, [0, -1]), "truth of query 1"),
    (lambda: retrieval.positions(ORDER, [[0], []]), "truth of query 1 is empty"),
    (lambda: retrieval.positions(ORDER, [0]), "one entry a query"),
    (lambda: retrieval.positions(ORDER, [0.0, 1.0]), "whole numbers"),
    (lambda: retrieval.positions([[0, 0], [1, 0]], [0, 1]), "each of 0..1 once"),
    (lambda: retrieval.positions([[0, 2], [1, 0]], [0, 1]), "each of 0..1 once"),
    (lambda: retrieval.positions([0, 1], [0]), r"\(Q, N\)"),
    (lambda: retrieval.nearest(NAN, OK, 1), "queries has NaN"),
    (lambda: retrieval.nearest(OK, NAN, 1), "gallery has NaN"),
    (lambda: retrieval.nearest(OK, OK, 0), "k must be a whole number of at least 1"),
    (lambda: retrieval.nearest(np.eye(3), OK, 1), "2 dimensions"),
    (lambda: retrieval.nearest(np.zeros((1, 2)), OK, 1), "row of zeros"),
])
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


# few different values, so that ties are common
COORDINATES = st.sampled_from([-1.0, 0.0, 1.0, 2.0])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 4), size=st.integers(2, 9), k=st.integers(1, 12))
def test_the_heads_of_lists_are_those_of_rank(data, count, size, k):
    """Without sorting the gallery: alone, by the best seed, interleaved, and where the right track stands."""

    def draw(rows):
        return np.array(data.draw(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=rows, max_size=rows))) + 0.5

    seeds, gallery = draw(3 * count).reshape(3, count, 2), draw(size)
    distance, truth = retrieval.distances(seeds, gallery), [0, size - 1, size // 2]
    alone = retrieval.first(distance, k)
    assert (alone.reshape(3 * count, -1) == retrieval.rank(seeds.reshape(-1, 1, 2), gallery)[:, :k]).all()
    assert (retrieval.first(distance.min(1), k) == retrieval.rank(seeds, gallery, "max")[:, :k]).all()
    assert (retrieval.interleaved(alone) == retrieval.rank(seeds, gallery, "interleave")[:, :k]).all()
    each = retrieval.positions(retrieval.rank(seeds.reshape(-1, 1, 2), gallery), np.repeat(truth, count))
    assert (retrieval.places(distance, truth) == each.reshape(3, count)).all()
