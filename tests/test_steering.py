"""Texts on their way into eq. 4: scale, centre, and one text for every query."""

import pytest
import torch

from ghostnotes import denoisers, generation, ladder, samplers, steering

G = torch.Generator().manual_seed(0)
SIGMAS = samplers.karras_sigmas(6)


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(0)
    network = denoisers.ResNetPrior(8, 5, width=16, depth=1).eval()
    network.standardiser.fit(torch.nn.functional.normalize(torch.randn(50, 8, generator=G), dim=-1))
    return network


def drawn(prior, guide, queries=None, ids=("a", "b", "c"), omegas=(-1.0,)):
    return generation.generate(prior, queries, omegas, 2, seed=0, ids=ids, sigmas=SIGMAS, guide=guide)


def test_a_text_takes_the_scale_of_the_embeddings_and_its_own_centre(prior):
    texts = torch.nn.functional.normalize(torch.randn(4, 8, generator=G), dim=-1)
    steers = steering.standardised(prior, texts, texts.mean(0))
    assert torch.allclose(steers.mean(0), torch.zeros(8), atol=1e-5)
    assert torch.allclose(steers[0] - steers[1], prior.encode(texts)[0] - prior.encode(texts)[1], atol=1e-5)


def test_every_query_is_steered_by_its_own_text_in_any_company(prior):
    texts = torch.randn(3, 8, generator=G)
    together = drawn(prior, steering.guide(texts, 0.3))
    for row, name in enumerate("abc"):
        alone = drawn(prior, steering.guide(texts[[row]], 0.3), ids=(name,))
        assert torch.allclose(together[:, row], alone[:, 0], atol=1e-5)
    swapped = drawn(prior, steering.guide(texts[[1, 0, 2]], 0.3))
    assert not torch.allclose(together[:, 0], swapped[:, 0], atol=1e-3)


@pytest.mark.parametrize("omega", [-1.0, 0.0, 2.0])
def test_strength_0_is_no_steering_bit_for_bit(prior, omega):
    queries = torch.randn(3, 5, generator=torch.Generator().manual_seed(1))
    texts = torch.randn(3, 8, generator=torch.Generator().manual_seed(2))
    plain = drawn(prior, None, queries, omegas=(omega,))
    assert torch.equal(drawn(prior, steering.guide(texts, 0.0), queries, omegas=(omega,)), plain)


def test_several_texts_are_one_weighted_text(prior):
    texts = torch.randn(3, 2, 8, generator=torch.Generator().manual_seed(3))
    several = drawn(prior, steering.guide(texts, torch.tensor([0.4, -0.2])))
    one = drawn(prior, steering.guide(0.4 * texts[:, 0] - 0.2 * texts[:, 1], 1.0))
    assert torch.allclose(several, one, atol=1e-5)


def test_strengths_may_differ_from_query_to_query(prior):
    texts = torch.randn(3, 8, generator=torch.Generator().manual_seed(4))
    strengths = torch.tensor([[0.0], [0.3], [0.6]])
    found, plain = drawn(prior, steering.guide(texts, strengths)), drawn(prior, None)
    assert torch.allclose(found[:, 0], plain[:, 0], atol=1e-6)
    assert torch.allclose(found[:, 1], drawn(prior, steering.guide(texts, 0.3))[:, 1], atol=1e-5)


def test_a_text_of_another_dimension_is_refused_in_one_line(prior):
    with pytest.raises(ValueError, match=r"steers .* do not fit z"):
        drawn(prior, steering.guide(torch.randn(3, 7, generator=G), 0.3))


def test_late_fusion_by_hand():
    answers, texts = torch.tensor([[[1.0, 0]]]), torch.tensor([[0.0, 1]])
    fused = ladder.late_fusion(answers, texts, 2.0)
    assert torch.allclose(fused, torch.tensor([[[1.0, 2]]]) / 5**0.5)
    assert torch.equal(ladder.late_fusion(answers, texts, 0.0), answers)
    seeds = ladder.late_fusion(answers.expand(1, 3, 2), texts, 1.0)
    assert seeds.shape == (1, 3, 2) and torch.allclose(seeds.norm(dim=-1), torch.ones(1, 3))
