"""Solvers against closed forms: for Gaussian data the ODE and the SDE are solved on paper."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import guidance, samplers
from ghostnotes.ideal import Mixture, MixturePrior, gaussian

MEAN = torch.tensor([1.5, -0.5, 0.25], dtype=torch.float64)
SPREAD = 0.7


def ode(z, start, end, mean=MEAN, spread=SPREAD):
    """The probability-flow ODE of N(mean, spread^2 I), from noise level start to end."""
    return mean + (z - mean) * ((spread**2 + end**2) / (spread**2 + start**2)) ** 0.5


def levels(steps, high=10.0, low=0.05):
    return samplers.karras_sigmas(steps, low, high)[:-1]


def order(errors):
    """Convergence order, from errors at doubled step counts."""
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


@pytest.mark.parametrize(("solver", "expected"), [(samplers.euler, 1), (samplers.heun, 2)])
def test_ode_solvers_converge_with_their_order(solver, expected):
    z = 10 * torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    errors = [
        (solver(gaussian(MEAN, SPREAD), z, levels(n)) - ode(z, 10, 0.05)).abs().max() for n in (64, 128, 256, 512)
    ]
    assert order(errors) == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize(("solver", "expected"), [("euler", 1), ("heun", 2)])
def test_inversion_converges_with_the_solvers_order(solver, expected):
    z0 = torch.randn(50, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    errors = [
        (samplers.invert(gaussian(MEAN, SPREAD), z0, levels(n).flip(0), solver) - ode(z0, 0.05, 10)).abs().max()
        for n in (64, 128, 256, 512)
    ]
    assert order(errors) == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_fixed_point_inversion_comes_back_where_the_explicit_one_does_not(solver):
    mixture = Mixture(torch.tensor([[2.0, 0, 0], [-2, 0, 0], [0, 2, 0]]), 0.3)
    z0 = mixture.sample(40, torch.Generator().manual_seed(2))
    sigmas = levels(24, high=2.0)
    forward = getattr(samplers, solver)

    def round_trip(iterations):
        noise = samplers.invert(mixture, z0, sigmas.flip(0), solver, iterations)
        return (forward(mixture, noise, sigmas) - z0).abs().max()

    assert round_trip(30) < 1e-6 < 0.1 * round_trip(0)


def test_heun_makes_no_correction_on_the_last_step():
    seen = []
    samplers.heun(lambda z, s: seen.append(s) or z * 0, torch.ones(1, 2), [2.0, 1.0, 0.0])
    assert seen == [2.0, 1.0, 1.0]


def test_sde_keeps_the_data_distribution():
    """Euler-Maruyama with the corrected coefficient ends in N(mean, spread^2 + sigma^2); as printed it would not."""
    generator = torch.Generator().manual_seed(3)
    z = 20 * torch.randn(40000, 3, generator=generator, dtype=torch.float64)
    end = samplers.euler_maruyama(gaussian(MEAN, SPREAD), z, levels(400, high=20.0), generator)
    assert end.mean(0).numpy() == pytest.approx(MEAN.numpy(), abs=0.02)
    assert end.var(0).numpy() == pytest.approx(SPREAD**2 + 0.05**2, rel=0.05)


def test_sde_variance_is_the_recursions_own():
    """Step by step: with D linear, the chain's mean and variance follow by hand, at any step count."""
    sigmas = torch.tensor([3.0, 2.0, 1.2, 0.5], dtype=torch.float64)
    mean, variance = 0.0, 9.0
    for s, t in zip(sigmas.tolist(), sigmas.tolist()[1:]):
        factor = 1 + 2 * (t - s) / s * (1 - SPREAD**2 / (SPREAD**2 + s**2))
        offset = -2 * (t - s) / s * s**2 / (SPREAD**2 + s**2) * 1.5
        mean, variance = factor * mean + offset, factor**2 * variance + 2 * s * (s - t)
    generator = torch.Generator().manual_seed(4)
    z = 3 * torch.randn(400_000, 1, generator=generator, dtype=torch.float64)
    end = samplers.euler_maruyama(gaussian(torch.tensor([1.5]), SPREAD), z, sigmas, generator)
    assert end.mean().item() == pytest.approx(mean, abs=0.01)
    assert end.var().item() == pytest.approx(variance, rel=0.01)


SDE_SOLVERS = [samplers.euler_maruyama, samplers.dpm_solver_2m_sde]


@pytest.mark.parametrize("solver", SDE_SOLVERS)
def test_sde_last_step_returns_the_denoised_state(solver):
    seen = []
    z = torch.randn(4, 3)
    end = solver(lambda z, s: seen.append(z) or z * 0 + 7 * s, z, [2.0, 1.0, 0.0], torch.Generator().manual_seed(0))
    assert torch.equal(end, torch.full_like(z, 7)) and len(seen) == 2 and end.dtype == z.dtype


@pytest.mark.parametrize("solver", SDE_SOLVERS)
def test_sde_takes_noise_from_a_callable_by_step(solver):
    steps = []
    solver(lambda z, s: z, torch.ones(1, 1), [3.0, 2, 1, 0], lambda k, z: steps.append(k) or z * 0)
    assert steps == [0, 1]


def test_euler_is_ddim():
    """diffusers' DDIM (eta 0) on x = sqrt(alpha_bar) z is our Euler step in sigma, to 1e-5."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        1000, 0.0015, 0.0195, "scaled_linear", clip_sample=False, set_alpha_to_one=True, steps_offset=1,
        prediction_type="sample", timestep_spacing="leading",
    )  # fmt: skip
    for steps in (10, 50, 200):
        scheduler.set_timesteps(steps)
        sigmas = samplers.ddim_sigmas(steps)
        alpha_bar = 1 / (1 + sigmas**2)
        assert alpha_bar[:-1].numpy() == pytest.approx(scheduler.alphas_cumprod[scheduler.timesteps].numpy(), rel=1e-5)
        mixture = Mixture(torch.tensor([[1.0, 0.0], [-1, 1]]), 0.4)
        z = sigmas[0] * torch.randn(20, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        x = z * alpha_bar[0].sqrt()
        for timestep, sigma, a in zip(scheduler.timesteps, sigmas, alpha_bar):
            x = scheduler.step(mixture(x / a.sqrt(), sigma), timestep, x, eta=0.0).prev_sample
        assert samplers.euler(mixture, z, sigmas).numpy() == pytest.approx(x.numpy(), abs=1e-5)


@pytest.mark.parametrize("steps", [2, 10, 40])
def test_dpm_solver_2m_sde_is_diffusers_own_on_the_same_noise(steps):
    """In x = z / sqrt(1 + sigma^2), the variance-preserving form that diffusers runs."""
    from diffusers import DPMSolverMultistepScheduler

    scheduler = DPMSolverMultistepScheduler(
        algorithm_type="sde-dpmsolver++", solver_order=2, prediction_type="sample", use_karras_sigmas=True,
    )  # fmt: skip
    scheduler.set_timesteps(steps)
    scheduler.sigmas = scheduler.sigmas.double()
    sigmas, mixture = scheduler.sigmas, Mixture(torch.tensor([[1.0, 0.0], [-1, 1]]), 0.4)
    noise = torch.randn(steps + 1, 20, 2, generator=torch.Generator().manual_seed(12), dtype=torch.float64)
    kept = (1 + sigmas**2).rsqrt()
    x = kept[0] * sigmas[0] * noise[steps]
    for step, timestep in enumerate(scheduler.timesteps):
        answer = mixture(x / kept[step], sigmas[step])
        x = scheduler.step(answer, timestep, x, variance_noise=noise[step]).prev_sample
    ours = samplers.dpm_solver_2m_sde(mixture, sigmas[0] * noise[steps], sigmas, lambda step, z: noise[step])
    assert ours.numpy() == pytest.approx(x.numpy(), abs=1e-5)


def gaussian_chain(solver, sigmas):
    """Mean and variance at the end of a solver's chain for N(1.5, SPREAD^2), exactly: the chain is linear in its noise.

    Every noise on its own is one row of a batch, so one run gives all coefficients.
    """
    steps = len(sigmas) - 1

    def impulse(step, z):
        return torch.eye(steps + 2, dtype=torch.float64)[:, [step + 2]]  # row 0: no noise at all; row 1: the start's

    z = float(sigmas[0]) * impulse(-1, None)
    end = solver(gaussian(torch.tensor([1.5]), SPREAD), z, sigmas, impulse)[:, 0]
    return end[0].item(), (end[1:] - end[0]).square().sum().item()


def test_dpm_solver_2m_sde_converges_with_order_two_where_euler_maruyama_has_one():
    """To the SDE's own end: N(mu, v^2 + sigma^2), but for the share f of the start that is left.

    On average D is constant along the SDE of a Gaussian, so the new solver's mean is exact at any number of steps.
    """
    f = (SPREAD**2 + 0.05**2) / (SPREAD**2 + 10**2)
    exact = [1.5 - f * 1.5, SPREAD**2 + 0.05**2 - f**2 * SPREAD**2]

    def errors(solver):
        ends = [gaussian_chain(solver, levels(n)) for n in (32, 64, 128, 256)]
        return np.abs(np.array(ends) - exact).T

    (mean, variance), (old_mean, old_variance) = (
        errors(solver) for solver in (samplers.dpm_solver_2m_sde, samplers.euler_maruyama)
    )
    assert mean == pytest.approx(0, abs=1e-12) and order(old_mean) == pytest.approx(1, abs=0.1)
    assert order(variance) == pytest.approx(2, abs=0.2) and order(old_variance) == pytest.approx(1, abs=0.2)
    assert (variance < old_variance / 4).all()


def test_ddim_schedule_has_audioldm2s_ends():
    sigmas = samplers.ddim_sigmas(1000)
    assert sigmas[-1] == 0 and sigmas[-2] == pytest.approx((0.0015 / 0.9985) ** 0.5)
    assert len(samplers.ddim_sigmas(50)) == 51 and 10 < sigmas[0] < 200


@given(st.integers(1, 300), st.floats(1e-3, 1), st.floats(1.5, 100), st.floats(1, 10))
def test_karras_levels_fall_from_sigma_max_to_zero(steps, low, high, rho):
    sigmas = samplers.karras_sigmas(steps, low, high, rho)
    assert len(sigmas) == steps + 1 and sigmas[-1] == 0 and (sigmas.diff() < 0).all()
    assert sigmas[0] == pytest.approx(high)
    if steps > 1:
        assert sigmas[-2] == pytest.approx(low)


def test_one_sigma_returns_z():
    z = torch.randn(3, 2)
    assert torch.equal(samplers.euler(lambda z, s: z, z, [1.0]), z)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: samplers.karras_sigmas(0), "steps must be at least 1"),
        (lambda: samplers.karras_sigmas(5, 2.0, 1.0), "sigma_min"),
        (lambda: samplers.ddim_sigmas(2000), "between 1 and 1000"),
        (lambda: samplers.euler(None, torch.ones(1), [1.0, 2.0]), "descending"),
        (lambda: samplers.euler(None, torch.ones(1), [float("nan")]), "finite"),
        (lambda: samplers.invert(None, torch.ones(1), [2.0, 1.0]), "ascending"),
        (lambda: samplers.invert(None, torch.ones(1), [1.0, 2.0], solver="ddim"), "'euler' or 'heun'"),
        (lambda: samplers.invert(None, torch.ones(1), [1.0, 2.0], iterations=-1), "iterations"),
        (lambda: guidance.classifier_free(None, None, float("nan")), "omega must be a finite"),
    ],
)
def test_bad_input_is_one_clear_line(call, what):
    with pytest.raises(ValueError, match=what) as error:
        call()
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=25)
@given(st.floats(-1, 19), st.floats(0.2, 2))
def test_guidance_of_equal_gaussians_is_a_shifted_gaussian(omega, spread):
    """(1+w) D_c - w D_u is the ideal denoiser of N((1+w) mu_c - w mu_u, v^2): same numbers at any z and sigma."""
    mu_c = torch.tensor([1.0, 2.0], dtype=torch.float64)
    mu_u = torch.tensor([-0.5, 0.5], dtype=torch.float64)
    prior = MixturePrior({1: gaussian(mu_c, spread)}, gaussian(mu_u, spread))
    guided = guidance.classifier_free(prior, 1, omega)
    expected = gaussian((1 + omega) * mu_c - omega * mu_u, spread)
    z = torch.randn(30, 2, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    for sigma in (0.1, 1.0, 30.0):
        assert guided(z, sigma).numpy() == pytest.approx(expected(z, sigma).numpy(), abs=1e-9)


def test_guidance_of_unequal_gaussians_is_not_the_product():
    """Spec: v_c .5, v_u 1, w 9: the ODE ends with std v_c (v_c/v_u)^w = .001; the product of densities has .18."""
    prior = MixturePrior({1: gaussian(torch.zeros(1), 0.5)}, gaussian(torch.zeros(1), 1.0))
    z = torch.tensor([[1.0]], dtype=torch.float64) * 200
    sigmas = samplers.karras_sigmas(2000, 1e-4, 200.0)[:-1]
    end = samplers.heun(guidance.classifier_free(prior, 1, 9.0), z, sigmas).item()
    assert end == pytest.approx(0.5 * 0.5**9, rel=0.01)
    product = (10 / 0.5**2 - 9 / 1.0**2) ** -0.5
    assert product == pytest.approx(0.18, abs=0.005) and product > 100 * end


def test_no_guidance_is_the_plain_denoiser_bit_for_bit():
    conditional, unconditional = gaussian(torch.ones(2), 0.5), gaussian(torch.zeros(2), 1.0)
    prior = MixturePrior({1: conditional}, unconditional)
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(7))
    assert torch.equal(guidance.classifier_free(prior, 1, 0.0)(z, 2.0), conditional(z, 2.0))
    assert torch.equal(guidance.classifier_free(prior, 1, -1.0)(z, 2.0), unconditional(z, 2.0))


def test_one_pass_suffices_without_guidance():
    calls = []

    class Counting:
        def bind(self, query):
            return lambda z, sigma: calls.append(query) or z

    z = torch.ones(2, 2)
    for omega, expected in ((0.0, ["q"]), (-1.0, [None]), (3.0, ["q", None])):
        calls.clear()
        guidance.classifier_free(Counting(), "q", omega)(z, 1.0)
        assert calls == expected


def test_strengths_may_differ_by_row():
    prior = MixturePrior({1: gaussian(torch.ones(2), 0.5)}, gaussian(torch.zeros(2), 1.0))
    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    omegas = torch.tensor([-1.0, 0.0, 4.0])
    together = guidance.classifier_free(prior, 1, omegas)(z, 0.7)
    for row, omega in enumerate(omegas.tolist()):
        alone = guidance.classifier_free(prior, 1, omega)(z[row : row + 1], 0.7)
        assert together[row].numpy() == pytest.approx(alone[0].numpy(), abs=1e-12)


def test_exact_mixture_denoiser_is_the_posterior_mean():
    """Against numerical integration over z0 in one dimension, and the softmax form for points."""
    mixture = Mixture(torch.tensor([[-1.0], [2.0]]), torch.tensor([0.3, 0.8]), torch.tensor([0.25, 0.75]))
    z0 = torch.linspace(-12, 12, 48001, dtype=torch.float64)
    for z, sigma in ((0.4, 0.5), (-2.0, 1.5), (3.0, 0.1)):
        weight = mixture.log_density(z0[:, None]).exp() * torch.exp(-((z - z0) ** 2) / (2 * sigma**2))
        expected = (weight * z0).sum() / weight.sum()
        assert mixture(torch.tensor([[z]]), sigma).item() == pytest.approx(expected.item(), rel=1e-5)
    points = torch.randn(6, 3, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(10), dtype=torch.float64)
    shares = torch.softmax(-torch.cdist(z, points) ** 2 / (2 * 0.6**2), -1)
    assert Mixture(points)(z, 0.6).numpy() == pytest.approx((shares @ points).numpy(), abs=1e-10)


def test_mixture_score_is_the_gradient_of_its_log_density():
    """Tweedie: D = z + sigma^2 grad log p(z; sigma)."""
    mixture = Mixture(torch.tensor([[1.0, 0.0], [-1, 2]]), 0.5)
    z = torch.randn(6, 2, generator=torch.Generator().manual_seed(11), dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(mixture.log_density(z, 0.8).sum(), z)
    assert mixture(z, 0.8).detach().numpy() == pytest.approx((z + 0.64 * gradient).detach().numpy(), abs=1e-9)
