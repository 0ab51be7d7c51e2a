"""Each metric against a case worked by hand, an independent formula and the properties that define it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from ghostnotes import metrics, retrieval

few = settings(max_examples=30, deadline=None)
seeds_of_random = st.integers(0, 2**32 - 1)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def frechet_by_eigenvalues(x, y):
    """The textbook formula: the trace of the root of S1 S2 from the eigenvalues of a d x d product."""
    cov_x, cov_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    product = linalg.eigvals(cov_x @ cov_y).real.clip(min=0)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cov_x + cov_y) - 2 * np.sqrt(product).sum()


@pytest.mark.parametrize(("n", "m"), [(200, 300), (50, 50), (9, 400)])
def test_frechet_distance_agrees_with_the_textbook_formula_for_many_rows(n, m):
    mixing = normal(1, 8, 8)
    x, y = normal(2, n, 8) @ mixing, 0.7 * normal(3, m, 8) + 0.3
    assert metrics.frechet_distance(x, y) == pytest.approx(frechet_by_eigenvalues(x, y), rel=1e-8)


@pytest.mark.parametrize(("n", "m"), [(5, 6), (5, 400), (400, 5)])
def test_frechet_distance_agrees_with_a_symmetric_root_for_few_rows(n, m):
    # S2^(1/2) S1 S2^(1/2) is symmetric, so its eigenvalues are safe where S1 S2 is singular
    x, y = normal(4, n, 20), 2.0 * normal(5, m, 20) + 1.0
    cov_x, cov_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(cov_y)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_x @ root).clip(min=0)).sum()
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cov_x + cov_y) - 2 * cross
    # the oracle's own rounding, a root of eigenvalues that should be 0, is what limits the agreement
    assert metrics.frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


@few
@given(seed=seeds_of_random, n=st.integers(2, 40), scale=st.floats(0.1, 3), shift=st.floats(-3, 3))
def test_frechet_distance_of_a_scaled_and_shifted_sample_is_exact(seed, n, scale, shift):
    x = normal(seed, n, 6)
    y = scale * x + shift
    expected = ((y.mean(0) - x.mean(0)) ** 2).sum() + (scale - 1) ** 2 * x.var(0, ddof=1).sum()
    assert metrics.frechet_distance(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@few
@given(seed=seeds_of_random, n=st.integers(2, 20), m=st.integers(2, 20))
def test_frechet_distance_is_symmetric_and_blind_to_rotation_and_order(seed, n, m):
    x, y = normal(seed, n, 7), normal(seed + 1, m, 7) * 1.5 + 0.2
    rotation = np.linalg.qr(normal(seed + 2, 7, 7))[0]
    expected = metrics.frechet_distance(x, y)
    assert expected >= 0
    assert 0 <= metrics.frechet_distance(x, x) < 1e-12  # rounding must not go below 0
    assert metrics.frechet_distance(y, x) == pytest.approx(expected, rel=1e-9)
    assert metrics.frechet_distance(x @ rotation, y @ rotation) == pytest.approx(expected, rel=1e-9)
    assert metrics.frechet_distance(x[::-1], y) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_by_hand():
    # variances 2 and 8 on one axis, means 0 and 3: 9 + 2 + 8 - 2 * sqrt(16) = 11
    assert metrics.frechet_distance([[-1.0], [1.0]], [[1.0], [5.0]]) == pytest.approx(11.0)
    assert metrics.frechet_distance(np.eye(3), np.eye(3)) == pytest.approx(0.0, abs=1e-12)


def test_vendi_score_of_identical_rows_is_1_and_of_orthogonal_rows_n():
    assert metrics.vendi_score(np.ones((5, 3))) == pytest.approx(1.0)
    assert metrics.vendi_score(3.0 * np.eye(6)) == pytest.approx(6.0)
    # three rows on one axis, one on the other: eigenvalues 3/4 and 1/4
    assert metrics.vendi_score([[1, 0], [2, 0], [5, 0], [0, 1]]) == pytest.approx(
        math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))


@pytest.mark.filterwarnings("ignore:Please import `csr_matrix`:DeprecationWarning")
@few
@given(seed=seeds_of_random, n=st.integers(1, 30), d=st.integers(1, 10))
def test_vendi_score_agrees_with_its_authors_package(seed, n, d):
    from vendi_score import vendi

    x = normal(seed, n, d)
    assert metrics.vendi_score(x) == pytest.approx(vendi.score_X(x, normalize=True), rel=1e-6)


@few
@given(seed=seeds_of_random, n=st.integers(1, 30), d=st.integers(1, 10))
def test_vendi_score_is_the_same_from_rows_and_from_columns_and_within_bounds(seed, n, d):
    x = normal(seed, n, d)
    score = metrics.vendi_score(x)
    padded = np.concatenate([x, np.zeros((n, n))], axis=1)  # d > n: the n x n form, same cosines
    assert metrics.vendi_score(padded) == pytest.approx(score, rel=1e-9)
    assert 1 - 1e-9 <= score <= min(n, d) + 1e-9
    assert metrics.vendi_score(x[::-1]) == pytest.approx(score, rel=1e-9)


def test_mean_intra_sample_cosine_by_hand():
    alike, mixed = [[1, 0], [3, 0], [2, 0]], [[1, 0], [0, 1], [-1, 0]]
    # the second query's pairs: 0, -1, 0
    assert metrics.mean_intra_sample_cosine([alike]) == pytest.approx(1.0)
    assert metrics.mean_intra_sample_cosine([mixed]) == pytest.approx(-1 / 3)
    assert metrics.mean_intra_sample_cosine([alike, mixed]) == pytest.approx(1 / 3)


@few
@given(seed=seeds_of_random, count=st.integers(2, 6))
def test_mean_intra_sample_cosine_equals_the_loop_over_pairs(seed, count):
    seeds = normal(seed, 3, count, 5)
    pairs = [a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
             for query in seeds for i, a in enumerate(query) for j, b in enumerate(query) if i != j]
    assert metrics.mean_intra_sample_cosine(seeds) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_recall_at_k_by_hand():
    assert [metrics.recall_at_k([0, 4, 5, 99], k) for k in (1, 5, 6, 100)] == [0.25, 0.5, 0.75, 1.0]


def test_median_rank_percent_by_hand():
    assert metrics.median_rank_percent([0, 4, 99], 100) == 5.0  # the middle rank is the fifth
    assert metrics.median_rank_percent([0, 1], 10) == 15.0
    assert metrics.median_rank_percent([0, 0, 0], 50) == 2.0


@few
@given(ranks=st.lists(st.integers(0, 29), min_size=1, max_size=20), k=st.integers(1, 40))
def test_rank_metrics_keep_their_bounds_and_ignore_the_order_of_queries(ranks, k):
    recall = metrics.recall_at_k(ranks, k)
    assert 0 <= recall <= metrics.recall_at_k(ranks, k + 1) <= 1
    assert recall == metrics.recall_at_k(sorted(ranks), k)
    assert metrics.recall_at_k(ranks, 30) == 1
    assert 100 / 30 <= metrics.median_rank_percent(ranks, 30) <= 100
    assert metrics.median_rank_percent(ranks, 30) == metrics.median_rank_percent(sorted(ranks), 30)
    assert 0 <= metrics.triplet_accuracy_of_ranks(ranks, 30) <= 1


def test_triplet_accuracy_by_hand():
    queries, positives = [[1, 0], [0, 2]], [[1, 1], [1, 1]]
    # cosines: positives .71 both; first query's negatives 1, 0, .71 (a tie), second's 0, 1, .71
    shared = [[1, 0], [0, 1], [5, 5]]
    assert metrics.triplet_accuracy(queries, positives, shared) == pytest.approx(0.5)
    own = [[[0, 1], [-1, 0]], [[0, 1], [1, 0]]]  # the first beats both, the second one of two
    assert metrics.triplet_accuracy(queries, positives, own) == pytest.approx(0.75)


@few
@given(seed=seeds_of_random, q=st.integers(1, 6), n=st.integers(1, 9))
def test_triplet_accuracy_takes_shared_and_own_negatives_alike(seed, q, n):
    queries, positives, negatives = normal(seed, q, 4), normal(seed + 1, q, 4), normal(seed + 2, n, 4)
    own = np.broadcast_to(negatives, (q, n, 4))
    accuracy = metrics.triplet_accuracy(queries, positives, negatives)
    assert 0 <= accuracy <= 1
    assert metrics.triplet_accuracy(queries, positives, own) == pytest.approx(accuracy, abs=1e-12)
    assert metrics.triplet_accuracy(queries, positives, negatives[::-1]) == pytest.approx(accuracy, abs=1e-12)


@few
@given(seed=seeds_of_random, q=st.integers(1, 8))
def test_triplet_accuracy_of_ranks_is_that_against_all_other_tracks(seed, q):
    gallery, queries = normal(seed, 12, 5), normal(seed + 1, q, 5)
    truth = np.random.default_rng(seed).integers(0, 12, q)
    others = np.stack([np.delete(gallery, track, axis=0) for track in truth])
    ranks = retrieval.positions(retrieval.rank(queries[:, None], gallery), truth)
    expected = metrics.triplet_accuracy(queries, gallery[truth], others)
    assert metrics.triplet_accuracy_of_ranks(ranks, 12) == pytest.approx(expected, abs=1e-12)


def test_genre_entropy_by_hand():
    assert metrics.genre_entropy([[3, 3, 3, 3]]) == 0.0
    assert metrics.genre_entropy([[0, 1, 2, 3]]) == pytest.approx(math.log(4))
    assert metrics.genre_entropy([[0, 1, 2, 3], [7, 7, 7, 7]], base=2) == pytest.approx(1.0)
    assert metrics.genre_entropy([[0, 1]], base=10) == pytest.approx(math.log10(2))
    # a crossover shared by two genres, beside a track of the first: 3/4 and 1/4
    halves = [[[0.5, 0.5], [1.0, 0.0]]]
    assert metrics.genre_entropy(halves, base=2) == pytest.approx(-0.75 * math.log2(0.75) + 0.25 * 2)


@few
@given(labels=st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=4))
def test_genre_entropy_of_labels_is_that_of_one_hot_masses_and_bounded(labels):
    labels = np.array(labels)
    entropy = metrics.genre_entropy(labels)
    assert -1e-12 <= entropy <= math.log(5) + 1e-12
    assert metrics.genre_entropy(np.eye(5)[labels]) == pytest.approx(entropy, abs=1e-12)
    assert metrics.genre_entropy(labels[:, ::-1]) == pytest.approx(entropy, abs=1e-12)
    assert metrics.genre_entropy(4 - labels) == pytest.approx(entropy, abs=1e-12)


def test_torch_tensors_give_the_same_floats_as_arrays():
    x, y = normal(0, 6, 4), normal(1, 6, 4)
    as_tensor = torch.tensor(x, requires_grad=True)
    for metric in (metrics.frechet_distance,
                   lambda a, b: metrics.triplet_accuracy(a, b, y),
                   lambda a, b: metrics.vendi_score(a),
                   lambda a, b: metrics.mean_intra_sample_cosine(a[None])):
        value = metric(as_tensor, torch.tensor(y))
        assert type(value) is float
        assert value == metric(x, y)
    assert metrics.vendi_score(torch.eye(3, dtype=torch.bfloat16)) == pytest.approx(3.0)
    assert type(metrics.recall_at_k(torch.tensor([0, 1]), 1)) is float
    assert type(metrics.median_rank_percent(torch.tensor([0, 1]), 2)) is float
    assert type(metrics.genre_entropy(torch.tensor([[0, 1]]))) is float


NAN = np.array([[1.0, np.nan], [0.0, 1.0]])
OK = np.eye(2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.frechet_distance(NAN, OK), "generated has NaN"),
    (lambda: metrics.frechet_distance(OK, NAN), "reference has NaN"),
    (lambda: metrics.frechet_distance(OK, np.ones((4, 3))), "one encoder"),
    (lambda: metrics.frechet_distance(OK[:1], OK), "at least 2 rows"),
    (lambda: metrics.frechet_distance(OK[0], OK), r"shape \(n, d\)"),
    (lambda: metrics.vendi_score(NAN), "x has NaN"),
    (lambda: metrics.vendi_score(np.zeros((0, 3))), "x is empty"),
    (lambda: metrics.vendi_score([[0.0, 0.0], [1.0, 0.0]]), "row of zeros"),
    (lambda: metrics.vendi_score([[1, 2], [3]]), "full array"),
    (lambda: metrics.mean_intra_sample_cosine(OK), r"\(Q, S, d\)"),
    (lambda: metrics.mean_intra_sample_cosine(OK[:, None]), "at least 2"),
    (lambda: metrics.mean_intra_sample_cosine(NAN[None]), "NaN"),
    (lambda: metrics.recall_at_k([0, 1], 0), "k must be a whole number of at least 1"),
    (lambda: metrics.recall_at_k([0, 1], 1.5), "k must be"),
    (lambda: metrics.recall_at_k([-1, 1], 5), "from 0"),
    (lambda: metrics.recall_at_k([0.5], 5), "whole numbers"),
    (lambda: metrics.recall_at_k([], 5), "empty"),
    (lambda: metrics.median_rank_percent([0, 10], 10), "start at 0"),
    (lambda: metrics.median_rank_percent([0], 0), "gallery_size"),
    (lambda: metrics.triplet_accuracy_of_ranks([0], 1), "gallery_size"),
    (lambda: metrics.triplet_accuracy(OK, OK, NAN), "negatives has NaN"),
    (lambda: metrics.triplet_accuracy(NAN, OK, OK), "queries has NaN"),
    (lambda: metrics.triplet_accuracy(OK, OK[:1], OK), "one each"),
    (lambda: metrics.triplet_accuracy(OK, OK, np.ones((3, 4, 2))), "do not fit"),
    (lambda: metrics.triplet_accuracy(OK, OK, np.ones((3, 5))), "do not fit"),
    (lambda: metrics.genre_entropy([[0, -1]]), "missing"),
    (lambda: metrics.genre_entropy([[0.5, 1]]), "whole numbers"),
    (lambda: metrics.genre_entropy([0, 1]), "shape"),
    (lambda: metrics.genre_entropy([[[0.0, 0.0]], [[1.0, 0.0]]]), "not all 0"),
    (lambda: metrics.genre_entropy([[[-1.0, 2.0]]]), "0 or more"),
    (lambda: metrics.genre_entropy([[0, 1]], base=3), "base must be"),
])
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_music_image_alignment_by_hand():
    """Two texts; the image agrees with the first (cosine 1) and not with the second (0), the music half and half."""
    images, music = [[1.0, 0.0]], [[1.0, 1.0]]
    texts = [[1.0, 0.0], [0.0, 1.0]]
    found = metrics.music_image_alignment(images, music, texts, texts)
    assert found == pytest.approx([100 * (1 * 0.5**0.5 + 0) / 2])
    # agreeing and disagreeing on the same texts count alike
    assert metrics.music_image_alignment([[-1.0, 0.0]], [[-1.0, -1.0]], texts, texts) == pytest.approx(found)
    opposite = metrics.music_image_alignment(images, [[-1.0, 0.0]], texts, texts)
    assert opposite == pytest.approx([-50])


def test_music_image_alignment_averages_over_seeds_and_spaces_may_differ_in_size():
    g = np.random.default_rng(0)
    images, seeds = g.normal(size=(3, 5)), g.normal(size=(3, 4, 7))
    seen, heard = g.normal(size=(9, 5)), g.normal(size=(9, 7))
    found = metrics.music_image_alignment(images, seeds, seen, heard)
    each = [metrics.music_image_alignment(images, seeds[:, s], seen, heard) for s in range(4)]
    assert found == pytest.approx(np.mean(each, axis=0)) and found.shape == (3,)
    assert metrics.music_image_alignment(3 * images, seeds, 2 * seen, heard) == pytest.approx(found)


def test_music_image_alignment_wants_the_same_texts_on_both_sides():
    with pytest.raises(ValueError, match="1 texts in the images' space for 2 in the music's"):
        metrics.music_image_alignment([[1.0]], [[1.0]], [[1.0]], [[1.0], [1.0]])
