"""Guidance gradients and observed parts against the Gaussian posterior, which is known on paper."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.guidance import classifier_free, gradient, observe, text_steering

PAIR = torch.tensor([[1.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
FIRST, SEEN = torch.tensor([1.0, 0.0]), torch.tensor([1.5, 0.0])
LEVELS = samplers.karras_sigmas(300, 0.002, 80)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gaussian(covariance, mean=None):
    """The exact denoiser of N(mean, covariance)."""
    mean = torch.zeros(len(covariance), dtype=torch.float64) if mean is None else mean
    eye = torch.eye(len(covariance), dtype=torch.float64)
    return lambda z, sigma: mean + (z - mean) @ torch.linalg.solve(covariance + sigma**2 * eye, covariance)


def conditional(covariance, mean, seen, values):
    """Mean and covariance of the coordinates that are not seen, given those that are."""
    hidden = ~seen
    weights = covariance[hidden][:, seen] @ torch.linalg.inv(covariance[seen][:, seen])
    spread = covariance[hidden][:, hidden] - weights @ covariance[seen][:, hidden]
    return mean[hidden] + weights @ (values - mean)[seen], spread


def sampled(how, solver, count=4000):
    """The hidden half of the pair: rho .9, the other seen at 1.5."""
    denoiser = observe(gaussian(PAIR), FIRST, SEEN, how)
    start, more = LEVELS[0] * noise(count, 2), ()
    if solver is samplers.euler_maruyama:
        more = (torch.Generator().manual_seed(1),)
    end = solver(denoiser, start, LEVELS, *more)
    assert end[:, 0].numpy() == pytest.approx(np.full(count, 1.5), abs=1e-12)
    return end[:, 1].numpy()


@pytest.mark.parametrize("solver", [samplers.heun, samplers.euler_maruyama])
def test_the_posterior_form_samples_the_gaussian_posterior(solver):
    """Mean and variance within four standard errors, and what 300 steps and a start at sigma 80 leave."""
    found = sampled("posterior", solver)
    assert found.mean() == pytest.approx(1.35, abs=4 * (0.19 / len(found)) ** 0.5 + 0.01)
    assert found.var() == pytest.approx(0.19, rel=4 * (2 / len(found)) ** 0.5 + 0.02)


def test_the_posterior_form_follows_the_ode_of_the_posterior_sample_by_sample():
    z = LEVELS[0] * noise(50, 2)
    found = samplers.heun(observe(gaussian(PAIR), FIRST, SEEN, "posterior"), z, LEVELS)[:, 1]
    expected = 1.35 + (z[:, 1] - 1.35) * (0.19 / (0.19 + LEVELS[0] ** 2)).sqrt()
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-3)


@pytest.mark.parametrize(
    ("solver", "mean", "variance"), [(samplers.heun, 0.66, 0.52), (samplers.euler_maruyama, 0.94, 0.36)]
)
def test_overwriting_does_not_and_is_biased_by_what_was_worked_out(solver, mean, variance):
    found = sampled("overwrite", solver)
    assert found.mean() == pytest.approx(mean, abs=0.04)
    assert found.var() == pytest.approx(variance, abs=0.05)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.05, 30))
def test_the_posterior_form_is_the_exact_denoiser_of_the_conditional_gaussian(seed, size, sigma):
    """For any covariance, mean, mask and noise level: given what is seen, z says no more of it."""
    root, mean = noise(size, size, seed=seed), noise(size, seed=seed + 1)
    covariance = root @ root.T / size + 0.1 * torch.eye(size, dtype=torch.float64)
    seen = noise(size, seed=seed + 2) > 0
    seen[0], seen[1] = True, False
    values, z = noise(size, seed=seed + 3), (1 + sigma) * noise(5, size, seed=seed + 4)
    found = observe(gaussian(covariance, mean), seen, values, "posterior", iterations=2 * size)(z, sigma)
    middle, spread = conditional(covariance, mean, seen, values)
    expected = gaussian(spread, middle)(z[:, ~seen], sigma)
    assert found[:, ~seen].numpy() == pytest.approx(expected.numpy(), abs=1e-6)
    assert torch.equal(found[:, seen], values[seen].expand(5, -1))


@pytest.fixture
def prior():
    torch.manual_seed(0)
    made = ResNetPrior(3, 5, width=16, depth=2).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


@pytest.mark.parametrize("how", ["overwrite", "posterior"])
@pytest.mark.parametrize("recording", [True, False])
def test_masks_of_ones_and_zeros(prior, how, recording):
    """All seen is the observation; nothing seen is unguided sampling: bit for bit, through a solver."""
    plain, z, values = classifier_free(prior, torch.ones(4, 5), 2.0), noise(4, 3), noise(4, 3, seed=1)
    sigmas = [5.0, 1.0, 0.3, 0.0]
    with torch.set_grad_enabled(recording):
        assert torch.equal(observe(plain, torch.ones(4, 3), values, how)(z, 0.7), values)
        everything = samplers.euler(observe(plain, torch.ones(4, 3), values, how), z, sigmas)
        nothing = samplers.euler(observe(plain, torch.zeros(4, 3), values, how), z, sigmas)
        assert everything.detach().numpy() == pytest.approx(values.numpy(), abs=1e-12)  # a solver's last step rounds
        assert torch.equal(nothing, samplers.euler(plain, z, sigmas))
    some = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    mixed = observe(plain, some, values, how)(z, 0.7)
    assert torch.equal(mixed[some.bool()], values[some.bool()])
    assert torch.equal(mixed[1], plain(z, 0.7)[1]) and torch.equal(mixed[2], values[2])
    assert all(weight.grad is None for weight in prior.parameters())


def test_a_row_is_answered_alike_alone_and_in_a_batch(prior):
    z, values = noise(4, 3), noise(4, 3, seed=1)
    some = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    for make in (lambda rows: observe(classifier_free(prior, None, -1.0), some[rows], values[rows], "posterior"),
                 lambda rows: gradient(classifier_free(prior, None, -1.0),
                                       lambda z0: ((z0 - values[rows]) ** 2 * some[rows]).sum(1), 0.2)):  # fmt: skip
        together = make(slice(None))(z, 0.7)
        for row in range(4):
            alone = make([row])(z[[row]], 0.7)
            assert together[row].detach().numpy() == pytest.approx(alone[0].detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("shape", [(6, 1), (4, 6, 1), (4, 6, 3)])
def test_sequences_take_masks_of_whole_windows(shape):
    """A mask of windows acts on all their coordinates; what is hidden may hold anything."""
    root = noise(18, 18, seed=5)
    exact = gaussian(root @ root.T / 18)

    def denoiser(z, sigma):
        return exact(z.flatten(1), sigma).reshape(z.shape)

    mask = torch.zeros(6, 1)
    mask[:2] = 1
    values = noise(4, 6, 3, seed=6)
    values[:, 2:] = float("nan")
    z = noise(4, 6, 3)
    found = observe(denoiser, mask.expand(shape), values, "posterior", iterations=30)(z, 0.8)
    flat = observe(exact, mask.expand(6, 3).flatten(), values.flatten(1), "posterior", iterations=30)(z.flatten(1), 0.8)
    assert found.flatten(1).numpy() == pytest.approx(flat.numpy(), abs=1e-9)
    assert torch.equal(found[:, :2], values[:, :2])


@settings(deadline=None, max_examples=30)
@given(st.floats(0.01, 2), st.floats(0.05, 20), st.sampled_from([1e-25, 1e-3, 1.0, 1e25]), st.floats(0.1, 10))
def test_a_step_is_a_share_of_the_answers_own_size_whatever_the_loss_is_multiplied_by(step, sigma, factor, scale):
    for dtype, exact in ((torch.float64, 1e-6), (torch.float32, 1e-2)):
        z, target = (scale * noise(5, 2)).to(dtype), noise(5, 2, seed=1).to(dtype)
        exactly = gaussian(scale**2 * PAIR)

        def denoiser(z, sigma, exactly=exactly):
            return exactly(z.double(), sigma).to(z)

        plain = denoiser(z, sigma)
        found = gradient(denoiser, lambda z0, aim=target: factor * (z0 - aim).square().sum(1), step)(z, sigma)
        moved = (found - plain).square().mean(1).sqrt()
        assert moved.numpy() == pytest.approx(step * plain.square().mean(1).sqrt().numpy(), rel=exact)


def test_it_goes_down_the_gradient_taken_through_the_denoiser():
    """For the linear denoiser D = z A the gradient in z is A times that in z0."""
    denoiser, target, z = gaussian(PAIR), noise(5, 2, seed=1), noise(5, 2)
    a = denoiser(torch.eye(2, dtype=torch.float64), 0.7)
    slope = 2 * (denoiser(z, 0.7) - target) @ a.T
    rms = slope.square().mean(1, keepdim=True).sqrt()
    size = denoiser(z, 0.7).square().mean(1, keepdim=True).sqrt()
    found = gradient(denoiser, lambda z0: ((z0 - target) ** 2).sum(1), 0.05)(z, 0.7)
    assert found.numpy() == pytest.approx((denoiser(z, 0.7) - 0.05 * size * slope / rms).numpy(), abs=1e-12)
    assert (((found - target) ** 2).sum(1) < ((denoiser(z, 0.7) - target) ** 2).sum(1)).all()


def test_no_step_is_the_denoiser_itself_and_a_flat_loss_moves_nothing(prior):
    plain, z = classifier_free(prior, None, -1.0), noise(4, 3)
    far = torch.tensor([1.0, 0, 1, 0], dtype=torch.float64)  # rows 1 and 3 have a loss of constant 0

    def loss(z0):
        return far * z0.square().sum(1)

    assert gradient(plain, loss, 0.0) is plain
    moved = gradient(plain, loss, 0.3)(z, 0.7)
    assert torch.equal(moved[1::2], plain(z, 0.7)[1::2]) and not torch.isclose(moved[::2], plain(z, 0.7)[::2]).any()
    steps = torch.tensor([0.0, 0.1, 0.2, 0.3])
    by_row = gradient(plain, lambda z0: z0.square().sum(1), steps)(z, 0.7)
    for row, step in enumerate(steps.tolist()):
        alone = gradient(plain, lambda z0: z0.square().sum(1), step)(z[[row]], 0.7)
        assert by_row[row].detach().numpy() == pytest.approx(alone[0].detach().numpy(), abs=1e-6)


@pytest.mark.parametrize("how", ["overwrite", "posterior"])
def test_controls_nest_in_any_order(how):
    """A text, a loss and an observation around one nonlinear denoiser, differentiated by the one outside."""
    mixture, z = lambda z, sigma: torch.tanh(z @ noise(3, 3, seed=9)) + z / 3, noise(4, 3)  # noqa: E731
    text, mask, values = torch.tensor([[0.4, 1.0, -0.3]]), torch.tensor([1, 0, 0]), torch.ones(3)
    inner = observe(mixture, mask, values, how)
    for outer in (text_steering(inner, text, [0.3]), gradient(inner, lambda z0: z0.square().sum(1), 0.1)):
        x, h = z.clone(), 1e-5
        found = outer(x, 0.8)
        assert torch.isfinite(found).all() and not torch.isclose(found, inner(z, 0.8), atol=1e-6).all()
    slope = text_steering(inner, text, [1.0])(z, 0.8) - inner(z, 0.8)
    for axis in range(3):
        step = h * torch.eye(3, dtype=torch.float64)[axis]
        central = (inner(z + step, 0.8) - inner(z - step, 0.8)) @ text[0].double() / (2 * h)
        assert slope[:, axis].detach().numpy() == pytest.approx(central.detach().numpy(), abs=1e-6)


def test_a_row_that_stays_does_not_spoil_what_is_differentiated_around_it():
    still = torch.tensor([1.0, 0, 1, 0], dtype=torch.float64)
    inner = gradient(gaussian(PAIR), lambda z0: still * z0.square().sum(1), 0.2)
    for outer in (text_steering(inner, torch.ones(1, 2), [0.3]), gradient(inner, lambda z0: z0.sum(1) ** 2, 0.1)):
        assert torch.isfinite(outer(noise(4, 2), 0.8)).all()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda d: gradient(d, lambda z0: z0.sum(1), torch.ones(2))(noise(1, 3), 1.0), r"\(2,\) steps do not fit z"),
        (lambda d: gradient(d, lambda z0: z0.sum(1), torch.ones(3))(noise(4, 3), 1.0), r"\(3,\) steps do not fit z"),
        (lambda d: gradient(d, lambda z0: z0.sum(1), -0.1), "step must be a finite number of 0 or more, got -0.1"),
        (lambda d: gradient(d, lambda z0: z0.sum(1), float("nan")), "step must be a finite number"),
        (lambda d: gradient(d, lambda z0: z0.sum(), 0.1)(noise(4, 3), 1.0), r"a finite number a row, \(4,\), got \(\)"),
        (lambda d: gradient(d, lambda z0: z0.sum(1) / 0, 0.1)(noise(4, 3), 1.0), "a finite number a row"),
        (lambda d: gradient(d, lambda z0: torch.ones(4), 0.1)(noise(4, 3), 1.0), "does not depend on z0"),
        (lambda d: gradient(torch.no_grad()(d), lambda z0: z0.sum(1), 0.1)(noise(4, 3), 1.0), "no gradient reaches z"),
        (lambda d: observe(d, torch.ones(3), torch.ones(3), "replace"), "how must be"),
        (lambda d: observe(d, torch.full((3,), 0.5), torch.ones(3)), "0 .not observed. and 1 .observed. alone"),
        (lambda d: observe(d, torch.ones(4), torch.ones(3))(noise(4, 3), 1.0), r"mask \(4,\) does not fit z \(4, 3\)"),
        (lambda d: observe(d, torch.ones(3), torch.ones(2))(noise(4, 3), 1.0), r"values \(2,\) does not fit z"),
        (lambda d: observe(d, torch.ones(5, 3), torch.ones(3))(noise(4, 3), 1.0), r"mask \(5, 3\) does not fit"),
        (lambda d: observe(d, torch.ones(1, 4, 3), torch.ones(3))(noise(4, 3), 1.0), r"mask \(1, 4, 3\) does not fit"),
        (lambda d: observe(d, torch.ones(3), torch.tensor([1, float("inf"), 0]))(noise(4, 3), 1.0), "not finite"),
        (lambda d: observe(d, torch.ones(3), torch.ones(3), "posterior", 0), "iterations must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(call, what):
    with pytest.raises(ValueError, match=what) as error:
        call(lambda z, sigma: z * 2)
    assert "\n" not in str(error.value)


def test_the_fixed_step_does_not_sample_the_posterior_either():
    """Whatever its length: too far from the observation, or too narrow."""
    exact = np.array([1.35, 0.19])
    for step in (0.01, 0.1, 1.0):
        denoiser = gradient(gaussian(PAIR), lambda z0: (z0[:, 0] - 1.5) ** 2, step)
        end = samplers.heun(denoiser, LEVELS[0] * noise(2000, 2), LEVELS)[:, 1].numpy()
        assert np.abs(np.array([end.mean(), end.var()]) - exact).max() > 0.05
