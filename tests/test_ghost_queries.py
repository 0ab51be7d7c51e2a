"""Ghost queries and their worth: sampling against closed forms, pooling, ranks and variety by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ghostnotes import generation, ghost_metrics, ghost_queries, guidance, metrics, samplers
from ghostnotes.ghosts import Pairs
from ghostnotes.mlp import MLPPrior, MLPRegression
from ghostnotes.tokens import Tokens
from ghostnotes.unet import UNetPrior, UNetRegression


def texts(count=5, length=4, dim=6):
    g = torch.Generator().manual_seed(3)
    lengths = torch.arange(count) % length + 1
    return Tokens(torch.randn(count, length, dim, generator=g), torch.arange(length)[None] < lengths[:, None])


def pairs_of(queries, shape):
    count = len(queries)
    tracks = F.normalize(torch.randn(count, *shape, generator=torch.Generator().manual_seed(4)), dim=-1)
    return Pairs(tuple(f"track-{i}/0" for i in range(count)), queries, tracks, torch.arange(count))


def network(kind, **more):
    torch.manual_seed(0)
    made = kind(8, 6, **more).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def test_a_query_is_the_mean_over_samples_and_time():
    unit = torch.eye(2)
    ghost = torch.stack([unit[[0, 0, 1]], unit[[0, 0, 0]]])[None]  # (1, 2, 3, 2): five of one, one of the other
    assert torch.allclose(ghost_queries.query_vectors(ghost), torch.tensor([[5.0, 1]]) / 26**0.5)
    assert torch.allclose(ghost_queries.query_vectors(ghost_queries.in_time(ghost)), torch.tensor([[5.0, 1]]) / 26**0.5)
    assert torch.allclose(ghost_queries.query_vectors(unit[None]), torch.tensor([[1.0, 1]]) / 2**0.5)


def test_ghosts_are_ddim_under_classifier_free_guidance():
    """GD-Retriever eq. 3 and 50 DDIM steps, put together by hand from noise to the mean over time."""
    prior, pairs = network(UNetPrior, width=16, levels=2, heads=2), pairs_of(texts(), (6, 8))
    sigmas = samplers.ddim_sigmas(7)
    noise = generation.KeyedNoise(5, pairs.ids, 2, (6, 8), 0)
    z = sigmas[0] * noise(-1, torch.empty(10, 6, 8, dtype=torch.float64))
    rows = torch.arange(5).repeat_interleave(2)

    def denoiser(z, sigma):
        return 3 * prior(z, sigma, pairs.queries[rows]) - 2 * prior(z, sigma, None)

    with torch.no_grad():
        expected = prior.decode(samplers.euler(denoiser, z, sigmas)).mean(1).reshape(5, 2, 8).float()
    found = ghost_queries.imagine(prior, pairs, 2, 2, 7, seed=5)
    assert torch.allclose(found, expected, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(5)), st.integers(1, 5), st.integers(1, 12))
def test_a_captions_ghosts_never_depend_on_its_company(order, kept, rows):
    """Alone, in any order, in any batch: the same ghosts to 1e-5, guidance and padding included."""
    prior, pairs = network(UNetPrior, width=16, levels=2, heads=2), pairs_of(texts(), (6, 8))
    some = list(order)[:kept]
    chosen = Pairs(tuple(pairs.ids[i] for i in some), pairs.queries[some], pairs.tracks, torch.tensor(some))
    whole = ghost_queries.imagine(prior, pairs, 2, 2, 4)
    assert torch.allclose(ghost_queries.imagine(prior, chosen, 2, 2, 4, rows=rows), whole[some], atol=1e-5)


def test_more_ghosts_leave_the_first_as_they_are():
    """n_q is swept by taking the first n of the most: that is drawing n."""
    prior, pairs = network(MLPPrior, width=16), pairs_of(torch.randn(4, 6), (8,))
    many, few = (ghost_queries.imagine(prior, pairs, 1, n, 4) for n in (6, 2))
    assert many.shape == (4, 6, 8) and torch.allclose(many[:, :2], few, atol=1e-6)


def test_a_regression_answers_once_and_guidance_moves_it_by_the_papers_rule():
    plain, pairs = network(UNetRegression, width=16, levels=2, heads=2, frames=6), pairs_of(texts(), (6, 8))
    with torch.no_grad():
        answer = plain(pairs.queries)
        nothing = plain(pairs.queries[:1], torch.ones(1, dtype=torch.bool))
        expected = plain.decode(answer).mean(1)[:, None]
        assert torch.allclose(ghost_queries.imagine(plain, pairs, 0, 10, 4), expected, atol=1e-6)
        guided = plain.decode(3 * answer - 2 * nothing).mean(1)[:, None]
    assert torch.allclose(ghost_queries.imagine(plain, pairs, 2, 10, 4), guided, atol=1e-5)
    pooled = network(MLPRegression, width=16)
    assert ghost_queries.imagine(pooled, pairs_of(torch.randn(4, 6), (8,)), 0, 10, 4).shape == (4, 1, 8)


def test_omega_0_is_the_text_alone():
    prior, pairs = network(MLPPrior, width=16), pairs_of(torch.randn(4, 6), (8,))
    noise = generation.KeyedNoise(0, pairs.ids, 1, (8,), 0)
    sigmas = samplers.ddim_sigmas(5)
    with torch.no_grad():
        start = sigmas[0] * noise(-1, torch.empty(4, 8).double())
        z = samplers.euler(guidance.condition(prior, pairs.queries), start, sigmas)
    assert torch.allclose(ghost_queries.imagine(prior, pairs, 0, 1, 5)[:, 0], prior.decode(z).float(), atol=1e-5)


def test_places_count_who_is_nearer():
    gallery = F.normalize(torch.tensor([[1.0, 0], [1, 1], [0, 1]]), dim=-1)
    queries = torch.tensor([[1.0, 0.1], [0.1, 1]])
    assert ghost_metrics.places(queries, gallery, [0, 0]).tolist() == [0, 2]
    table = ghost_metrics.searched(np.array([0, 4, 5, 10]))
    assert table["recall_at_1"].tolist() == [1, 0, 0, 0]
    assert table["recall_at_5"].tolist() == [1, 1, 0, 0] and table["recall_at_10"].tolist() == [1, 1, 1, 0]


def test_the_variety_of_a_prompts_ghosts_by_hand():
    """Two equal ghosts and two at right angles; a text along the first axis."""
    ghosts = torch.tensor([[[2.0, 0], [3, 0]], [[1.0, 0], [0, 5]]])
    found = ghost_metrics.per_prompt(ghosts, torch.tensor([[1.0, 0], [1, 0]]))
    assert found["clap_score"].tolist() == pytest.approx([1, 0.5])
    assert found["mics"].tolist() == pytest.approx([1, 0], abs=1e-9)
    assert found["minvs"].tolist() == pytest.approx([1, 2])
    alone = ghost_metrics.per_prompt(ghosts[:, :1], torch.tensor([[0.0, 1], [0, 1]]))
    assert alone["mics"].tolist() == alone["minvs"].tolist() == [1, 1] and alone["clap_score"].tolist() == [0, 0]


def test_the_median_rank_is_averaged_over_training_seeds():
    place = np.stack([np.arange(101), np.arange(101) * 2], axis=1)
    found = ghost_metrics.median_rank(place, 1000)
    assert found.mean == pytest.approx(100 * (51 + 101) / 2 / 1000)
    assert found.low < found.mean < found.high and found.high - found.low < 8
    constant = ghost_metrics.median_rank(np.full((20, 1), 9), 100)
    assert constant == (10, 10, 10), "1-based, in per cent"


def test_pooled_variety_counts_different_ghosts_and_no_copies():
    """NVendi, divided by nothing: three directions are 3 whether each stands once or ten times; all alike are 1."""
    three = torch.eye(3)[:, None]
    assert ghost_metrics.nvendi(three) == pytest.approx(3)
    assert ghost_metrics.nvendi(three.repeat(1, 10, 1)) == pytest.approx(3)
    assert ghost_metrics.nvendi(torch.ones(4, 5, 3)) == pytest.approx(1)
    assert ghost_metrics.nvendi(torch.eye(4)[None]) == pytest.approx(4), "samples and prompts count alike"


def test_the_distance_of_a_set_is_from_one_ghost_a_prompt_to_as_many_real_ones():
    g = torch.Generator().manual_seed(0)
    real, ghosts = (F.normalize(torch.randn(*shape, generator=g), dim=-1) for shape in ((60, 4), (40, 3, 4)))
    found, by_part = ghost_metrics.as_a_set(3 * ghosts, real, 4)
    assert found["fad"] == pytest.approx(metrics.frechet_distance(ghosts[:, 0], real[:40]))
    again, _ = ghost_metrics.as_a_set(ghosts[:, [0, 1, 1]], real, 4)
    assert again["fad"] == pytest.approx(found["fad"]) and again["nvendi"] != pytest.approx(found["nvendi"])
    assert list(by_part["part"]) == [0, 1, 2, 3] and by_part["fad"].mean() > found["fad"], "small samples read high"
    same, _ = ghost_metrics.as_a_set(real[:, None], real, 4)
    assert same["fad"] == pytest.approx(0, abs=1e-9)
