"""Texts and the sequences that they ask for: pairs, losses, and networks that can learn them."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
import yaml

from ghostnotes import config, ghosts, samplers
from ghostnotes.embeddings import Embeddings
from ghostnotes.encoders import joint
from ghostnotes.mlp import MLPPrior
from ghostnotes.tokens import Tokens
from ghostnotes.unet import UNetPrior, UNetRegression


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def eight_pairs():
    g = generator(1)
    mask = torch.arange(6)[None] < torch.tensor([6, 5, 4, 3, 6, 5, 4, 3])[:, None]
    return torch.randn(8, 16, 8, generator=g), Tokens(torch.randn(8, 6, 12, generator=g), mask)


def fitted(network, steps, loss):
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    for step in range(steps):
        optimiser.zero_grad()
        loss(network, step).mean().backward()
        optimiser.step()
    return network.eval()


def test_the_regression_overfits_one_batch():
    z0, query = eight_pairs()
    torch.manual_seed(0)
    network = UNetRegression(8, 12, frames=16, width=32, levels=3, heads=4)
    kept = torch.zeros(8, dtype=torch.bool)
    before = ghosts.row_losses(network, z0, query, kept, None, None).mean().item()
    with pytest.raises(ValueError, match="the tracks are \\(8, 1, 8\\)"):
        ghosts.row_losses(network, z0[:, :1], query, kept, None, None)
    fitted(network, 200, lambda net, step: ghosts.row_losses(net, z0, query, kept, None, None))
    assert ghosts.row_losses(network, z0, query, kept, None, None).mean().item() < 0.02 < 0.5 < before


@pytest.mark.parametrize("objective", ["edm", "sample"])
def test_the_prior_overfits_one_batch(objective):
    """A text that belongs to one sequence leaves nothing open: the best loss is 0 at every noise level."""
    z0, query = eight_pairs()
    torch.manual_seed(0)
    network = UNetPrior(8, 12, width=32, levels=3, heads=4, scalings=objective)
    ghost, kept = SimpleNamespace(target=objective), torch.zeros(8, dtype=torch.bool)

    def loss(net, step):
        g = generator(step)
        sigma = ghosts.noise_levels(ghost, 8, 0.1, 20.0, g)
        return ghosts.row_losses(net, z0, query, kept, sigma, torch.randn(z0.shape, generator=g))

    fitted(network, 300, loss)
    noise = torch.randn(z0.shape, generator=generator(99))
    for sigma in (1.0, 5.0):
        found = network(z0 + sigma * noise, sigma, query)
        assert (found - z0).square().mean() < 0.1 * (network(z0 + sigma * noise, sigma) - z0).square().mean()
        assert (found - z0).square().mean() < 0.05, "of a variance of 1"


def test_a_text_is_hidden_in_one_case_of_ten():
    chosen, drop = ghosts.draw(50, 20000, 0.1, generator())
    assert drop.float().mean().item() == pytest.approx(0.1, abs=0.007)
    assert set(chosen.tolist()) == set(range(50)), "every text is drawn"
    assert torch.equal(ghosts.draw(50, 20000, 0.1, generator())[1], drop)


def test_captions_of_one_track_share_its_sequence(monkeypatch, tmp_path):
    """Two captions of a track are one right answer; a caption never meets another's track."""
    vectors = torch.nn.functional.normalize(torch.randn(3, 4, generator=generator()), dim=1)
    windows = torch.nn.functional.normalize(torch.randn(3, 5, 4, generator=generator(1)), dim=-1)
    texts = torch.nn.functional.normalize(torch.randn(4, 4, generator=generator(2)), dim=1)
    folder = tmp_path / "embeddings/clap-mini"
    Embeddings(("b", "a", "c"), vectors, "e", windows).save(folder / "studio-val-tracks.safetensors")
    Embeddings(("a/0", "a/1", "c/0", "b/0"), texts, "e").save(folder / "studio-val-captions.safetensors")
    monkeypatch.setattr(ghosts, "BUILD", tmp_path)

    def of(network, audio_form):
        return SimpleNamespace(network=network, audio="clap-mini", text="clap-mini", audio_form=audio_form,
                               text_form="pooled")  # fmt: skip

    pairs = ghosts.load_pairs(of("unet", "windows"), "studio-val", None)
    assert pairs.owner.tolist() == [1, 1, 2, 0] and len(pairs) == 4
    chosen = torch.tensor([1, 3])
    assert torch.equal(pairs.tracks[pairs.owner[chosen]], windows[[1, 0]])
    assert torch.equal(pairs.queries[chosen].states[:, 0], texts[[1, 3]])
    first = pairs.first()
    assert first.ids == ("a/0", "c/0", "b/0") and first.owner.tolist() == [1, 2, 0], "one text a track"
    assert torch.equal(first.queries.states[:, 0], texts[[0, 2, 3]]) and pairs.first(2).ids == pairs.ids
    pooled = ghosts.load_pairs(of("mlp", "pooled"), "studio-val", None)
    assert torch.equal(pooled.tracks, vectors) and torch.equal(pooled.queries, texts)
    alone = ghosts.load_pairs(of("unet", "pooled"), "studio-val", None)
    assert alone.tracks.shape == (3, 1, 4), "a sequence of one frame"


def test_a_joint_models_tokens_do_not_depend_on_their_company(monkeypatch):
    texts = ["slow sad piano", "a loud and fast metal track with drums", "rock"]
    torch.manual_seed(0)
    tower = joint.JointEncoder("audio", [4, 4], 8, 16, joint.vocabulary(texts)).eval()
    monkeypatch.setattr(ghosts.joint, "load", lambda path: (tower, "fingerprint"))
    captions = pd.DataFrame({"id": ["a", "a", "b"], "number": [0, 1, 0], "text": texts})
    monkeypatch.setattr(ghosts.made, "load", lambda name, rows: SimpleNamespace(captions=captions))
    states = ghosts.token_states("clap-mini", "studio-val", None)
    assert states.ids == ("a/0", "a/1", "b/0") and states.lengths.tolist() == [3, 8, 1]
    for text, own in zip(texts, states.states.split(states.lengths.tolist())):
        assert torch.allclose(own.float(), tower.text_tower(tower.text_tower.tokens([text]))[0][0], atol=2e-3)


def test_the_papers_objectives_draw_from_its_schedule():
    levels = samplers.ddim_sigmas(1000)[:1000].float()
    sigma = ghosts.noise_levels(SimpleNamespace(target="sample"), 20000, 0.1, 1.0, generator())
    assert torch.isin(sigma, levels).all() and sigma.min() > 0
    assert (sigma > levels[500]).float().mean().item() == pytest.approx(0.5, abs=0.02), "uniform over the steps"
    sigma = ghosts.noise_levels(SimpleNamespace(target="edm"), 100, 0.1, 1.0, generator())
    assert 0.1 <= sigma.min() and sigma.max() <= 1.0


@pytest.mark.parametrize("profile", [None, *Path("profiles").glob("*.yaml")], ids=str)
def test_the_networks_are_trained_wherever_the_sampler_goes(profile):
    """Above its training levels a network is worse than a constant, and recall hardly shows it."""
    values = yaml.safe_load(Path("params.yaml").read_text())
    values = config.overlay(values, yaml.safe_load(profile.read_text())) if profile else values
    noise, levels = config.validate(values, Path("params.yaml")).ghosts.noise, samplers.ddim_sigmas(1000)[:-1]
    assert noise.sigma_min <= levels.min() and levels.max() <= noise.sigma_max


def test_a_loss_is_one_number_a_row():
    """A network that answers with zeros, by hand: "edm" of an MLP on vectors, and the plain square of a regression."""
    network = MLPPrior(4, 3, width=8)
    torch.nn.init.zeros_(network.net[-1].weight)
    torch.nn.init.zeros_(network.net[-1].bias)
    z0, sigma, eps = torch.tensor([[1.0, 0, 0, 1], [2, 0, 0, 0]]), torch.tensor([1.0, 3.0]), torch.zeros(2, 4)
    c_skip, c_out = 1 / (1 + sigma**2), sigma / (1 + sigma**2).sqrt()
    expected = ((c_skip - 1) / c_out).square() * torch.tensor([0.5, 1.0])
    found = ghosts.row_losses(network, z0, torch.randn(2, 3), torch.zeros(2, dtype=torch.bool), sigma, eps)
    assert torch.allclose(found, expected, atol=1e-6)
