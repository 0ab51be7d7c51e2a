"""The networks: preconditioning, the null query, binding, the paper's size, the standardised space."""

import numpy as np
import pytest
import torch

from ghostnotes import guidance, objectives
from ghostnotes.denoisers import ResNetPrior, ResNetRegression, Standardiser, preconditioning
from ghostnotes.ideal import gaussian


@pytest.fixture
def prior():
    torch.manual_seed(0)
    return ResNetPrior(dim=8, query_dim=5, width=16, depth=2).eval()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_papers_network_has_282_9_million_parameters():
    with torch.device("meta"):
        prior = ResNetPrior(dim=128, query_dim=512)
    assert sum(p.numel() for p in prior.parameters()) == 282_944_384


@pytest.mark.parametrize("sigma_data", [0.5, 1.0])
def test_preconditioning_has_unit_variance_in_and_out(sigma_data):
    """EDM's derivation: c_in (z0 + s n) and the network's target (z0 - c_skip z) / c_out have variance 1."""
    g = generator()
    for s in (0.01, 0.3, 1.0, 20.0):
        z0 = sigma_data * torch.randn(400_000, generator=g, dtype=torch.float64)
        z = z0 + s * torch.randn(400_000, generator=g, dtype=torch.float64)
        c_skip, c_out, c_in, c_noise = preconditioning(torch.tensor(s, dtype=torch.float64), sigma_data)
        assert (c_in * z).var().item() == pytest.approx(1, abs=0.01)
        assert ((z0 - c_skip * z) / c_out).var().item() == pytest.approx(1, abs=0.01)
        assert c_noise.item() == pytest.approx(np.log(s) / 4)


def test_the_optimal_loss_is_one_at_every_noise_level():
    """Data N(0, I) and its ideal denoiser: the weighted loss is 1 whatever sigma; a worse denoiser scores more."""

    class Ideal:
        sigma_data, error = 1.0, 0.0

        def __call__(self, z, sigma, query, drop):
            c_out = preconditioning(sigma)[1]
            return gaussian(torch.zeros(4), 1.0)(z, sigma) + self.error * c_out[:, None]

    g = generator(1)
    for s in (0.02, 1.0, 50.0):
        z0, noise = (torch.randn(4000, 4, generator=g, dtype=torch.float64) for _ in range(2))
        sigma = torch.full((4000,), s, dtype=torch.float64)
        loss = objectives.diffusion_loss(Ideal(), z0, None, None, sigma, noise).mean().item()
        assert loss == pytest.approx(1, abs=0.04)
        worse = Ideal()
        worse.error = 0.3
        off = objectives.diffusion_loss(worse, z0, None, None, sigma, noise).mean().item()
        assert off == pytest.approx(loss + 0.09, abs=0.02)


def test_a_network_that_says_nothing_scores_one_too():
    """F = 0 is the ideal denoiser of N(0, I): what the training curves' dotted line stands for."""
    prior = ResNetPrior(dim=4, query_dim=2, width=8, depth=1)
    torch.nn.init.zeros_(prior.trunk.out.weight)
    torch.nn.init.zeros_(prior.trunk.out.bias)
    g = generator(2)
    z0, noise = (torch.randn(20000, 4, generator=g) for _ in range(2))
    sigma = objectives.log_uniform_sigmas(20000, 0.002, 80, g)
    query = torch.randn(20000, 2, generator=g)
    assert objectives.diffusion_loss(prior, z0, query, None, sigma, noise).mean().item() == pytest.approx(1, abs=0.02)


def test_noise_levels_are_stratified():
    sigma = objectives.log_uniform_sigmas(64, 0.002, 80, generator()).log().sort().values
    edges = torch.linspace(np.log(0.002), np.log(80), 65)
    assert ((sigma >= edges[:-1]) & (sigma <= edges[1:])).all()


def test_binding_is_calling(prior):
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    drop = torch.tensor([True, False] * 3)
    assert torch.equal(prior.bind(query, drop)(z, 0.7), prior(z, 0.7, query, drop))


def test_the_split_modulation_is_the_plain_one(prior):
    """FiLM of concat(noise, query), as the paper's description reads, against the split that `bind` computes."""
    z, query, sigma = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1)), 0.7
    c_skip, c_out, c_in, c_noise = preconditioning(torch.tensor(sigma))
    conditioning = torch.cat([prior.noise(c_noise[None]).expand(6, -1), prior.project(query)], dim=-1)
    plain = prior.trunk(c_in * z, [block.film(conditioning) for block in prior.trunk.blocks])
    assert torch.allclose(c_skip * z + c_out * plain, prior(z, sigma, query), atol=1e-5)


def test_levels_computed_beforehand_change_nothing(prior):
    """`at_levels` against the plain forward, at its own levels and at one that it does not hold."""
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    hoisted = prior.at_levels(torch.tensor([9.0, 0.7, 0.0], dtype=torch.float64))
    for sigma in (9.0, 0.7, 0.3, torch.tensor(0.7), torch.full((6,), 9.0)):
        assert torch.allclose(hoisted.bind(query)(z, sigma), prior(z, sigma, query), atol=1e-6)
    assert sorted(hoisted.known) == [0.7, 9.0] and not prior.known
    assert hoisted.trunk is prior.trunk


def test_levels_computed_beforehand_are_looked_up(prior):
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    denoiser, expected = prior.at_levels([0.7]).bind(query), prior(z, 0.7, query)
    prior.noise.register_forward_pre_hook(lambda *_: pytest.fail("the noise level was computed again"))
    assert torch.allclose(denoiser(z, 0.7), expected, atol=1e-6)


@pytest.mark.parametrize("omegas", [[-1.0, 0, 0.5, 3, 9, 19], [0.0] * 6, [-1.0] * 6])
def test_one_pass_of_guidance_is_the_plain_forward_twice(prior, omegas):
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    omega = torch.tensor(omegas)
    expected = (1 + omega)[:, None] * prior(z, 1.0, query) - omega[:, None] * prior(z, 1.0)
    assert torch.allclose(guidance.classifier_free(prior, query, omega)(z, 1.0), expected, atol=1e-5)
    double = guidance.classifier_free(prior.at_levels([1.0]), query, omega)(z.double(), 1.0)
    assert double.dtype == torch.float64 and torch.allclose(double.float(), expected, atol=1e-5)


def test_one_pass_of_guidance_passes_gradients(prior):
    """Steering differentiates through guidance."""
    z, query = torch.randn(3, 8, generator=generator()), torch.randn(3, 5, generator=generator(1))
    z.requires_grad_()
    (together,) = torch.autograd.grad(guidance.classifier_free(prior, query, torch.full((3,), 4.0))(z, 1.0).sum(), z)
    (apart,) = torch.autograd.grad((5 * prior(z, 1.0, query) - 4 * prior(z, 1.0)).sum(), z)
    assert torch.allclose(together, apart, atol=1e-4)


def test_no_query_is_the_zero_query_is_a_dropped_query(prior):
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    nothing = prior(z, 2.0, None)
    assert torch.allclose(nothing, prior(z, 2.0, torch.zeros(6, 5)), atol=1e-6)
    assert torch.allclose(nothing, prior(z, 2.0, query, torch.ones(6, dtype=torch.bool)), atol=1e-6)
    assert not torch.allclose(nothing, prior(z, 2.0, query), atol=1e-3)


def test_sigma_may_be_one_number_or_one_a_row(prior):
    z, query = torch.randn(3, 8, generator=generator()), torch.randn(3, 5, generator=generator(1))
    rows = prior(z, torch.tensor([0.1, 1.0, 9.0]), query)
    for i, sigma in enumerate((0.1, 1.0, 9.0)):
        assert torch.allclose(rows[i], prior(z, sigma, query)[i], atol=1e-5)


def test_the_prior_answers_in_the_type_it_was_asked_in(prior):
    z = torch.randn(3, 8, dtype=torch.float64, generator=generator())
    assert prior(z, 0.5, None).dtype == torch.float64 and prior(z, 0.5, None).shape == z.shape


def test_guidance_by_a_network_is_the_affine_combination(prior):
    z, query = torch.randn(6, 8, generator=generator()), torch.randn(6, 5, generator=generator(1))
    expected = 10 * prior(z, 1.0, query) - 9 * prior(z, 1.0, None)
    assert torch.allclose(guidance.classifier_free(prior, query, 9.0)(z, 1.0), expected, atol=1e-5)


def test_standardised_space_has_unit_spread_and_goes_back():
    x = torch.nn.functional.normalize(torch.randn(500, 8, generator=generator()) + 1.5, dim=-1)
    standardiser = Standardiser(8)
    standardiser.fit(x)
    z = standardiser.encode(x)
    assert z.mean(0).abs().max() < 1e-5 and z.square().mean().item() == pytest.approx(1, abs=1e-4)
    assert torch.allclose(standardiser.decode(z), x, atol=1e-5)


def test_unfitted_space_scales_by_sqrt_d():
    x = torch.nn.functional.normalize(torch.randn(4, 128, generator=generator()), dim=-1)
    assert torch.allclose(Standardiser(128).encode(x), x * 128**0.5)


def test_constant_embeddings_are_refused():
    with pytest.raises(ValueError, match="constant"):
        Standardiser(3).fit(torch.ones(5, 3))


def test_a_query_of_another_size_is_refused(prior):
    with pytest.raises(ValueError, match="query has 7 dimensions, the model expects 5"):
        prior(torch.zeros(2, 8), 1.0, torch.zeros(2, 7))


def test_the_twin_gives_one_answer_a_query():
    twin = ResNetRegression(dim=8, query_dim=5, width=16, depth=2).eval()
    query = torch.randn(4, 5, generator=generator())
    assert twin(query).shape == (4, 8) and torch.equal(twin(query), twin(query))
    hidden = twin(query, torch.ones(4, dtype=torch.bool))
    assert torch.allclose(hidden, hidden[:1].expand(4, -1), atol=1e-6)


def test_the_gaussians_optimum_is_what_its_ideal_denoiser_scores():
    """In closed form, and by scoring the linear denoiser of a Gaussian with unequal variances."""
    g = torch.Generator().manual_seed(0)
    spread = torch.tensor([0.1, 0.5, 1.0, 1.6], dtype=torch.float64)
    z0 = torch.randn(200_000, 4, generator=g, dtype=torch.float64) * spread
    sigma = torch.tensor([0.01, 0.3, 1.0, 20.0], dtype=torch.float64)
    found = objectives.gaussian_optimum(z0, sigma)
    for level, expected in zip(sigma, found):
        z = z0 + level * torch.randn(z0.shape, generator=g, dtype=torch.float64)
        denoised = z * spread**2 / (spread**2 + level**2)
        _, c_out, _, _ = preconditioning(level)
        assert ((denoised - z0) / c_out).square().mean() == pytest.approx(expected.item(), rel=0.02)
    white = torch.randn(200_000, 3, generator=g)
    assert torch.allclose(objectives.gaussian_optimum(white, sigma), torch.ones(4, dtype=torch.float64), atol=0.02)
