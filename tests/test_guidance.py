"""Controls against closed forms: for Gaussian data the effect of a steer is known on paper."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.guidance import classifier_free, condition, negative_prompt, text_steering
from ghostnotes.ideal import Mixture, MixturePrior, gaussian

MEAN = torch.tensor([1.5, -0.5, 0.25], dtype=torch.float64)
SPREAD = 0.7
TEXTS = torch.tensor([[0.4, 1.0, -0.3], [-1.2, 0.1, 0.8]], dtype=torch.float64)
K = torch.tensor([0.3, -0.1], dtype=torch.float64)
STEER = 0.3 * TEXTS[0] - 0.1 * TEXTS[1]
LOW, HIGH = 0.05, 20.0


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def levels(steps, low=LOW, high=HIGH):
    return samplers.karras_sigmas(steps, low, high)[:-1]


def ode_shift(low, high, v=SPREAD):
    """Spec, eq. 4 as printed under the ODE: how far a steer of unit strength moves the end, per unit of text."""

    def primitive(s):
        return 1 / (v**2 * math.sqrt(v**2 + s**2)) - math.asinh(v / s) / v**3

    return v**2 * (primitive(high) - primitive(low)) * math.sqrt(v**2 + low**2)


def sde_shift(low, high, v=SPREAD):
    """The same under the SDE."""

    def primitive(s):
        return math.log(s / math.sqrt(v**2 + s**2)) / v**4 + 1 / (2 * v**2 * (v**2 + s**2))

    return 2 * v**2 * (v**2 + low**2) * (primitive(high) - primitive(low))


def solve(solver, denoiser, steps):
    """End states from fixed noise; under the SDE the same noise in every step, so that a difference is the steer's."""
    z = HIGH * noise(5, 3)
    if solver is samplers.euler_maruyama:
        return solver(denoiser, z, levels(steps), lambda step, z: noise(5, 3, seed=step + 1))
    return solver(denoiser, z, levels(steps))


@pytest.mark.parametrize(
    ("solver", "shift", "order", "steps"),
    [
        (samplers.euler, ode_shift, 1, 128),
        (samplers.heun, ode_shift, 2, 64),
        (samplers.euler_maruyama, sde_shift, 1, 128),
    ],
)
def test_paper_weighting_shifts_the_end_by_the_closed_form(solver, shift, order, steps):
    """Every solver converges to it with its own order: eq. 4 under this ODE or SDE, and no other shift."""
    plain, errors = gaussian(MEAN, SPREAD), []
    for n in (steps, 2 * steps, 4 * steps):
        moved = solve(solver, text_steering(plain, TEXTS, K), n) - solve(solver, plain, n)
        errors.append((moved - shift(LOW, HIGH) * STEER).abs().max().item())
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx(order, abs=0.25)
    assert errors[-1] < 0.02 * shift(LOW, HIGH) * STEER.abs().max()


def test_paper_weighting_is_nearly_twice_as_strong_under_the_sde_and_grows_as_sigma_min_falls():
    assert 1.6 < sde_shift(0.002, 80) / ode_shift(0.002, 80) < 2
    growth = [ode_shift(low / math.e, 80) - ode_shift(low, 80) for low in (1e-3, 1e-4)]
    assert growth == pytest.approx([1, 1], abs=1e-3)  # k z_t for every factor e in sigma_min


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2), st.floats(0.2, 2), st.floats(0.01, 50))
def test_sigma2_weighting_moves_the_mean_by_k_v2_text(strengths, spread, sigma):
    """It is the ideal denoiser of N(mu + v^2 sum_n k_n z_t,n, v^2), at any z and sigma: so under any solver."""
    k = torch.tensor(strengths, dtype=torch.float64)
    expected = gaussian(MEAN + spread**2 * (k @ TEXTS), spread)
    z = (1 + sigma) * noise(6, 3)
    steered = text_steering(gaussian(MEAN, spread), TEXTS, k, "sigma2")
    assert steered(z, sigma).numpy() == pytest.approx(expected(z, sigma).numpy(), abs=1e-9)


@pytest.mark.parametrize("solver", [samplers.euler, samplers.heun, samplers.euler_maruyama])
def test_sigma2_weighting_samples_the_moved_gaussian(solver):
    steered = text_steering(gaussian(MEAN, SPREAD), TEXTS, K, "sigma2")
    moved = gaussian(MEAN + SPREAD**2 * STEER, SPREAD)
    assert solve(solver, steered, 40).numpy() == pytest.approx(solve(solver, moved, 40).numpy(), abs=1e-9)


def test_one_steer_is_the_weighted_sum_of_all():
    mixture = Mixture(torch.tensor([[1.0, 0, 0], [-1, 2, 0]]), 0.5)
    z = noise(4, 3)
    together = text_steering(mixture, TEXTS, K)(z, 0.8)
    one = text_steering(mixture, STEER[None], [1.0])(z, 0.8)
    apart = sum(text_steering(mixture, TEXTS[[n]], K[[n]])(z, 0.8) - mixture(z, 0.8) for n in (0, 1))
    assert together.numpy() == pytest.approx(one.numpy(), abs=1e-12)
    assert together.numpy() == pytest.approx((mixture(z, 0.8) + apart).numpy(), abs=1e-12)


def test_any_number_of_texts_costs_one_evaluation_and_one_backward_pass():
    passes = []

    class Counted(torch.autograd.Function):
        @staticmethod
        def forward(context, z):
            passes.append("forward")
            return z * 1

        @staticmethod
        def backward(context, gradient):
            passes.append("backward")
            return gradient

    steered = text_steering(lambda z, sigma: Counted.apply(z), noise(50, 3), torch.ones(50))
    steered(noise(4, 3), 1.0)
    assert passes == ["forward", "backward"]


def test_gradient_is_that_of_a_nonlinear_denoiser():
    """Against central differences of <D(z), z_t>."""
    mixture = Mixture(torch.tensor([[1.0, 0, 0], [-1, 2, 0]]), 0.3)
    z, h = noise(4, 3), 1e-5
    gradient = text_steering(mixture, TEXTS, K)(z, 0.8) - mixture(z, 0.8)
    for axis in range(3):
        step = h * torch.eye(3, dtype=torch.float64)[axis]
        slope = (mixture(z + step, 0.8) - mixture(z - step, 0.8)) @ STEER / (2 * h)
        assert gradient[:, axis].numpy() == pytest.approx(slope.numpy(), abs=1e-7)


@pytest.mark.parametrize("weighting", ["paper", "sigma2"])
def test_strengths_of_zero_are_the_denoiser_itself_without_a_gradient(weighting):
    """Bit for bit: the denoiser never sees a z that asks for a gradient."""
    asked = []
    mixture = Mixture(torch.tensor([[1.0, 0, 0], [-1, 2, 0]]), 0.3)

    def watched(z, sigma):
        asked.append(z.requires_grad)
        return mixture(z, sigma)

    z = noise(4, 3)
    for texts, k in ((TEXTS, [0.0, 0]), (TEXTS.expand(4, 2, 3), torch.zeros(4, 2))):
        assert torch.equal(text_steering(watched, texts, k, weighting)(z, 0.8), mixture(z, 0.8))
    assert asked == [False, False]


def test_every_query_may_have_texts_and_strengths_of_its_own():
    mixture = Mixture(torch.tensor([[1.0, 0, 0], [-1, 2, 0]]), 0.3)
    z, texts, k = noise(4, 3), noise(4, 2, 3, seed=1), noise(4, 2, seed=2)
    k[2] = 0
    together = text_steering(mixture, texts, k, "sigma2")(z, 0.8)
    for row in range(4):
        alone = text_steering(mixture, texts[row], k[row], "sigma2")(z[[row]], 0.8)
        assert together[row].numpy() == pytest.approx(alone[0].numpy(), abs=1e-12)
    assert torch.equal(together[2], mixture(z, 0.8)[2])
    for some, strengths in ((texts, k[0]), (texts[0], k)):
        mixed = text_steering(mixture, some, strengths)(z, 0.8)
        full = text_steering(mixture, some.expand(4, 2, 3), strengths.expand(4, 2))(z, 0.8)
        assert mixed.numpy() == pytest.approx(full.numpy(), abs=1e-12)


def test_noise_levels_may_differ_by_row():
    steered = text_steering(gaussian(MEAN, SPREAD), TEXTS, K, "sigma2")
    z, sigmas = noise(3, 3), torch.tensor([0.1, 1.0, 9.0], dtype=torch.float64)
    for row, sigma in enumerate(sigmas.tolist()):
        alone = steered(z[[row]], sigma)
        assert steered(z, sigmas)[row].numpy() == pytest.approx(alone[0].numpy(), abs=1e-12)


@pytest.mark.parametrize("texts", [TEXTS, TEXTS.expand(4, 2, 3)])
def test_sequences_are_steered_through_their_mean_over_time(texts):
    """D = A z along time: the gradient at a frame is what that frame adds to the mean, times the steer."""
    mixing = noise(6, 6, seed=3)
    z = noise(4, 6, 3)
    steered = text_steering(lambda z, sigma: torch.einsum("st,btd->bsd", mixing, z), texts, K)(z, 1.0)
    expected = torch.einsum("st,btd->bsd", mixing, z) + mixing.mean(0)[:, None] * STEER
    assert steered.numpy() == pytest.approx(expected.numpy(), abs=1e-12)


def test_mean_over_time_of_independent_frames_moves_by_k_v2_text_over_their_number():
    """Their mean is a Gaussian of variance v^2 / T: the closed form for one vector holds for it."""
    frames = gaussian(MEAN, SPREAD)
    steered = text_steering(lambda z, s: frames(z.flatten(0, 1), s).reshape(z.shape), TEXTS, K, "sigma2")
    moved = gaussian(MEAN + SPREAD**2 / 6 * STEER, SPREAD)
    z = noise(4, 6, 3)
    expected = moved(z.flatten(0, 1), 0.8).reshape(z.shape)
    assert steered(z, 0.8).numpy() == pytest.approx(expected.numpy(), abs=1e-12)


@pytest.fixture
def prior():
    torch.manual_seed(0)
    return ResNetPrior(3, 5, width=16, depth=2).eval()


@pytest.mark.parametrize("recording", [True, False])
def test_a_network_is_steered_with_or_without_the_callers_gradients_and_its_weights_get_none(prior, recording):
    """A float32 network under a float64 state, several steps on one bound query, as a solver asks."""
    with torch.set_grad_enabled(recording):
        plain = classifier_free(prior, torch.ones(4, 5), 2.0)
        steered = text_steering(plain, TEXTS, K, "sigma2")
        z = noise(4, 3)
        end = samplers.heun(steered, z, [2.0, 1.0, 0.5, 0.0])
        assert torch.is_grad_enabled() == recording
    assert end.dtype == torch.float64 and not end.requires_grad and not z.requires_grad
    assert all(weight.grad is None for weight in prior.parameters())
    x = z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((plain(x, 1.5) @ STEER).sum(), x)
    expected = (plain(z, 1.5) + 1.5**2 * gradient).detach()
    assert steered(z, 1.5).numpy() == pytest.approx(expected.numpy(), abs=1e-6)


def test_another_control_may_differentiate_through_a_steered_denoiser():
    """D = z^3: D'' = z^3 + 3 k t z^2 per coordinate, and steering that again adds 3 z^2 + 6 k t z times the second."""
    inner = text_steering(lambda z, sigma: z**3, TEXTS[:1], [0.5])
    outer = text_steering(inner, TEXTS[1:], [2.0])
    z, a, b = noise(4, 3), 0.5 * TEXTS[0], 2 * TEXTS[1]
    expected = z**3 + 3 * a * z**2 + b * (3 * z**2 + 6 * a * z)
    assert outer(z, 1.0).numpy() == pytest.approx(expected.numpy(), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda d: text_steering(d, TEXTS, [0.1]), r"texts \(n, dim\).*got \(2, 3\) and \(1,\)"),
        (lambda d: text_steering(d, TEXTS[0], [0.1]), r"got \(3,\) and \(1,\)"),
        (lambda d: text_steering(d, TEXTS, 0.1), r"got \(2, 3\) and \(\)"),
        (lambda d: text_steering(d, TEXTS.expand(4, 2, 3), torch.ones(5, 2)), r"got \(4, 2, 3\) and \(5, 2\)"),
        (lambda d: text_steering(d, TEXTS, [0.1, float("nan")]), "not finite"),
        (lambda d: text_steering(d, TEXTS, K, "sigma"), "weighting must be"),
        (lambda d: text_steering(d, TEXTS[:, :2], K)(noise(4, 3), 1.0), r"\(2,\) do not fit z \(4, 3\)"),
        (lambda d: text_steering(d, TEXTS.expand(5, 2, 3), K)(noise(4, 3), 1.0), r"\(5, 3\) do not fit z \(4, 3\)"),
        (lambda d: text_steering(torch.no_grad()(d), TEXTS, K)(noise(4, 3), 1.0), "no gradient reaches z"),
    ],
)
def test_bad_steers_are_one_clear_line(call, what):
    with pytest.raises(ValueError, match=what) as error:
        call(lambda z, sigma: z * 2)
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=25)
@given(st.floats(-1, 19), st.floats(0.2, 2))
def test_a_negative_prompt_of_equal_gaussians_moves_the_mean_away(omega, spread):
    """(1+w) D+ - w D- is the ideal denoiser of N((1+w) mu+ - w mu-, v^2), whatever no text would give: GDR eq. 2."""
    wanted, unwanted = MEAN, torch.tensor([0.5, 1.0, 0.0], dtype=torch.float64)
    prior = MixturePrior({1: gaussian(wanted, spread), 2: gaussian(unwanted, spread)}, gaussian(torch.zeros(3), 9.0))
    expected = gaussian((1 + omega) * wanted - omega * unwanted, spread)
    z = noise(30, 3)
    for sigma in (0.1, 1.0, 30.0):
        found = negative_prompt(prior, 1, 2, omega)(z, sigma)
        assert found.numpy() == pytest.approx(expected(z, sigma).numpy(), abs=1e-9)


def test_a_negative_prompt_at_its_ends(prior):
    """No unwanted text is eq. 3 and no weight the plain condition, bit for bit; the query itself leaves nothing."""
    query, other, z = noise(4, 5).float(), noise(4, 5, seed=1).float(), noise(4, 3)
    for omega in (2.0, torch.tensor([0.0, 1, 2, 3])):
        free = classifier_free(prior, query, omega)(z, 1.5)
        assert torch.equal(negative_prompt(prior, query, None, omega)(z, 1.5), free)
    plain = condition(prior, query)(z, 1.5)
    assert torch.equal(negative_prompt(prior, query, other, 0.0)(z, 1.5), plain)
    same = negative_prompt(prior, query, query, 7.0)(z, 1.5)
    assert same.detach().numpy() == pytest.approx(plain.detach().numpy(), abs=1e-5)
    only = negative_prompt(prior, query, other, -1.0)(z, 1.5)
    assert only.detach().numpy() == pytest.approx(condition(prior, other)(z, 1.5).detach().numpy(), abs=1e-6)


def test_weights_of_a_negative_prompt_may_differ_by_row(prior):
    prior = copy.deepcopy(prior).double()  # in float32 a batch and its rows differ by rounding, five times as much here
    query, other, z = noise(4, 5), noise(4, 5, seed=1), noise(4, 3)
    omegas = torch.tensor([-1.0, 0, 0.5, 4])
    together = negative_prompt(prior, query, other, omegas)(z, 0.7)
    for row, omega in enumerate(omegas.tolist()):
        alone = negative_prompt(prior, query[[row]], other[[row]], omega)(z[[row]], 0.7)
        assert together[row].detach().numpy() == pytest.approx(alone[0].detach().numpy(), abs=1e-12)


@pytest.mark.parametrize("omega", [float("inf"), float("nan"), torch.tensor([0.0, float("inf")])])
def test_a_weight_that_is_no_number_is_one_clear_line(prior, omega):
    with pytest.raises(ValueError, match="guidance strength omega must be a finite number") as error:
        negative_prompt(prior, noise(4, 5).float(), noise(4, 5).float(), omega)
    assert "\n" not in str(error.value)
