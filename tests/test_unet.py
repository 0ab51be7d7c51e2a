"""Sequences: the U-Net, its tokens and masks, the paper's size, and the two objectives."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import generation, ghosts, guidance, samplers
from ghostnotes.denoisers import MLPPrior, MLPRegression, Tokens, UNetPrior, UNetRegression, preconditioning
from ghostnotes.unet import SCALINGS


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def randomised(network, seed=0):
    """Weights that let everything through: at the start attention adds nothing."""
    g = generator(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=g) / 4)
    return network.eval()


@pytest.fixture
def prior():
    return randomised(UNetPrior(dim=8, text_dim=6, width=16, levels=3, heads=4))


def tokens(lengths, dim=6, seed=1):
    """Random tokens; what is padded is not a number, so that nothing can read it unseen."""
    states = torch.randn(len(lengths), max(lengths), dim, generator=generator(seed))
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    return Tokens(torch.where(mask[..., None], states, float("nan")), mask)


def test_a_network_narrower_than_the_music_still_denoises_it():
    """Gaussian data of 24 directions, a U-Net of 8 channels: near the closed form's best loss, which is a filter's."""
    spread = torch.linspace(0.2, 1.4, 24)
    torch.manual_seed(0)
    network = UNetPrior(24, 4, width=8, levels=1, heads=2)
    optimiser, generator = torch.optim.Adam(network.parameters(), 3e-3), torch.Generator().manual_seed(0)

    def drawn(count):
        z0 = torch.randn(count, 1, 24, generator=generator) * spread
        return z0, torch.exp(torch.randn(count, generator=generator)), torch.randn(count, 1, 24, generator=generator)

    for _ in range(600):
        z0, sigma, noise = drawn(256)
        optimiser.zero_grad()
        ghosts.row_losses(network, z0, None, None, sigma, noise).mean().backward()
        optimiser.step()
    z0, sigma, noise = drawn(4000)
    with torch.no_grad():
        found = ghosts.row_losses(network, z0, None, None, sigma, noise).mean()
    level = sigma[:, None] ** 2
    best = (spread**2 * (level + 1) / (spread**2 + level)).mean()
    assert best < 0.85 and found < 1.03 * best, "what knows the spread of all directions together scores 1"


def test_the_papers_network_has_about_40_million_parameters():
    with torch.device("meta"):
        prior = UNetPrior(dim=512, text_dim=768)
    assert 39e6 <= sum(p.numel() for p in prior.parameters()) <= 41e6


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_a_texts_result_does_not_depend_on_its_batch(lengths, seed):
    """Padding, company and order of the batch change nothing."""
    prior = randomised(UNetPrior(dim=8, text_dim=6, width=16, levels=3, heads=4))
    query, z = tokens(lengths, seed=seed), torch.randn(len(lengths), 16, 8, generator=generator(seed))
    together = prior(z, 0.7, query)
    order = torch.randperm(len(lengths), generator=generator(seed))
    assert torch.allclose(prior(z[order], 0.7, query[order]), together[order], atol=1e-5)
    for row, length in enumerate(lengths):
        alone = Tokens(query.states[row : row + 1, :length], query.mask[row : row + 1, :length])
        assert torch.allclose(prior(z[row : row + 1], 0.7, alone)[0], together[row], atol=1e-5)


def test_a_real_token_changes_the_result_and_so_does_its_text(prior):
    z, query = torch.randn(2, 16, 8, generator=generator()), tokens([5, 3])
    changed = query.states.clone()
    changed[0, 4, 2] += 1
    before, after = prior(z, 0.7, query), prior(z, 0.7, Tokens(changed, query.mask))
    assert (before[0] - after[0]).abs().max() > 1e-3 and torch.equal(before[1], after[1])


def test_the_order_of_tokens_matters_only_through_their_states(prior):
    """Attention has no order of its own: where a word stands is in the states that the text encoder gives."""
    z, query = torch.randn(2, 16, 8, generator=generator()), tokens([5, 5])
    turned = Tokens(query.states.flip(1), query.mask)
    assert torch.allclose(prior(z, 0.7, turned), prior(z, 0.7, query), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 5, 11, 16])
def test_a_short_sequence_is_the_same_alone_and_padded(prior, frames):
    z, query = torch.randn(2, 16, 8, generator=generator()), tokens([5, 3])
    mask = torch.arange(16)[None] < torch.tensor([frames, 16])[:, None]
    padded = torch.where(mask[..., None], z, float("nan"))
    found = prior(padded, 0.7, query, mask=mask)
    assert torch.allclose(found[:1, :frames], prior(z[:1, :frames], 0.7, query[:1]), atol=1e-5)
    assert not found[0, frames:].any(), "what is padded comes back as 0"
    assert torch.allclose(found[1], prior(z, 0.7, query)[1], atol=1e-5)


def test_frames_are_not_exchangeable(prior):
    """A sequence has an order: turned round, it is not merely the turned result."""
    z, query = torch.randn(1, 16, 8, generator=generator()), tokens([5])
    assert (prior(z.flip(1), 0.7, query) - prior(z, 0.7, query).flip(1)).abs().max() > 1e-2


def test_dropped_rows_are_unconditional(prior):
    z, query = torch.randn(3, 16, 8, generator=generator()), tokens([5, 3, 4])
    drop = torch.tensor([True, False, True])
    found, without = prior(z, 0.7, query, drop), prior(z, 0.7)
    assert torch.allclose(found[drop], without[drop], atol=1e-5)
    assert torch.allclose(found[1], prior(z, 0.7, query)[1], atol=1e-5)
    assert (found[1] - without[1]).abs().max() > 1e-3


def test_one_pass_of_guidance_is_two_forwards(prior):
    z, query = torch.randn(3, 16, 8, generator=generator()), tokens([5, 3, 4])
    omega = torch.tensor([-1.0, 0, 3])
    expected = (1 + omega)[:, None, None] * prior(z, 0.7, query) - omega[:, None, None] * prior(z, 0.7)
    assert torch.allclose(guidance.classifier_free(prior, query, omega)(z, 0.7), expected, atol=1e-4)


def test_ghosts_are_the_same_in_any_chunk(prior):
    """One query at a time, or all together, at the paper's schedule: the same sequences, unit norm."""
    query, like = tokens([5, 3, 4]), {"sigmas": samplers.ddim_sigmas(5), "solver": "euler", "shape": (16, 8)}
    together = generation.generate(prior, query, [0, 2], 3, seed=1, **like)
    assert together.shape == (2, 3, 3, 16, 8)
    assert torch.allclose(together.norm(dim=-1), torch.ones(2, 3, 3, 16), atol=1e-5)
    assert torch.allclose(generation.generate(prior, query, [0, 2], 3, seed=1, rows=4, **like), together, atol=1e-5)


@pytest.mark.parametrize("name", SCALINGS)
def test_an_objective_is_what_its_name_says(name):
    """(D - z0) / c_out is the error in z0 for "sample" and in the noise for "noise", whatever the network says."""
    prior = randomised(UNetPrior(dim=8, text_dim=6, width=16, levels=2, heads=4, scalings=name))
    g = generator(3)
    z0, eps = torch.randn(4, 16, 8, generator=g), torch.randn(4, 16, 8, generator=g)
    sigma = torch.tensor([0.1, 1, 3, 9])
    level = sigma[:, None, None]
    said = {}
    net = prior.net.register_forward_hook(lambda module, inputs, output: said.update(asked=inputs[0], raw=output))
    error = (prior(z0 + level * eps, sigma) - z0) / prior.scalings(sigma)[1][:, None, None]
    net.remove()
    assert torch.allclose(said["asked"], (z0 + level * eps) / (1 + level**2).sqrt(), atol=1e-5), "of unit variance"
    expected = {
        "sample": said["raw"] - z0,
        "noise": said["raw"] - eps,
        "edm": said["raw"] - (z0 - preconditioning(sigma)[0][:, None, None] * (z0 + level * eps))
        / preconditioning(sigma)[1][:, None, None],
    }[name]  # fmt: skip
    assert torch.allclose(error, expected, atol=1e-4)


def test_the_regression_answers_each_text_by_itself():
    network = randomised(UNetRegression(8, 6, frames=16, width=16, levels=3, heads=4))
    query = tokens([5, 3, 4])
    together = network(query)
    assert together.shape == (3, 16, 8)
    assert torch.allclose(network(query[1:2])[0], together[1], atol=1e-5)
    assert not torch.allclose(network(query, torch.tensor([True, False, False]))[0], together[0], atol=1e-3)


def test_pooled_tokens_are_the_mean_of_the_real_ones():
    query = tokens([5, 2])
    assert torch.allclose(query.pooled().states[1, 0], query.states[1, :2].mean(0), atol=1e-6)
    assert query.pooled().states.shape == (2, 1, 6)


def test_bad_tokens_are_refused_in_one_line(prior):
    with pytest.raises(ValueError, match="no real token"):
        Tokens(torch.randn(2, 3, 6), torch.tensor([[True, False, False], [False, False, False]]))
    with pytest.raises(ValueError, match="boolean mask"):
        Tokens(torch.randn(2, 3, 6), torch.ones(2, 3))
    z, short = torch.randn(2, 16, 8), torch.arange(16)[None] < torch.tensor([9, 16])[:, None]
    for mask in (short.float(), short.flip(1)):
        with pytest.raises(ValueError, match="real frames before padding"):
            prior(z, 0.7, tokens([3, 2]), mask=mask)
    with pytest.raises(ValueError, match="7 dimensions, the model expects 6"):
        prior(torch.randn(2, 16, 8), 0.7, tokens([3, 2], dim=7))


def test_the_mlp_prior_drops_and_binds():
    prior = randomised(MLPPrior(8, 5, width=32))
    z, query, drop = torch.randn(3, 8), torch.randn(3, 5), torch.tensor([True, False, True])
    found = prior(z, 0.7, query, drop)
    assert torch.allclose(found[drop], prior(z, 0.7)[drop], atol=1e-6)
    assert torch.allclose(found[1], prior(z, torch.full((3,), 0.7), query)[1], atol=1e-6)
    answer = randomised(MLPRegression(8, 5, width=32))
    assert answer(query).shape == (3, 8) and not torch.allclose(answer(query, drop)[0], answer(query)[0])
    with pytest.raises(ValueError, match="query has 4 dimensions, the model expects 5"):
        prior(z, 0.7, query[:, :4])
