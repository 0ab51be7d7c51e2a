"""Inversion and editing: what comes back, how exactly, what is left of the start; on exact denoisers and networks."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ghostnotes import generation, guidance, inversion, samplers
from ghostnotes.ideal import Mixture, gaussian
from ghostnotes.tokens import Tokens

SIGMAS = samplers.ddim_sigmas(6)
MIXTURE = Mixture(torch.tensor([[2.0, 0, 0], [-2, 0, 0], [0, 2, 0]]), 0.3)


def texts(count=3, seed=3):
    states = torch.randn(count, 4, 6, generator=torch.Generator().manual_seed(seed))
    return Tokens(states, torch.arange(4)[None] < torch.arange(2, 2 + count)[:, None])


@pytest.fixture(scope="module")
def start():
    """Two ghosts of each of three texts, five windows of unit norm."""
    return F.normalize(torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(4)), dim=-1)


def test_the_last_levels_of_a_schedule_end_at_zero():
    assert torch.equal(inversion.last_levels(SIGMAS, 6), SIGMAS) and inversion.last_levels(SIGMAS, 0).tolist() == [0]
    assert torch.equal(inversion.last_levels(SIGMAS, 2), SIGMAS[-3:])


@pytest.mark.parametrize("denoiser", [gaussian(torch.tensor([1.5, -0.5, 0.25]), 0.7), MIXTURE])
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_the_solvers_up_and_down_under_one_condition_return_the_start_with_the_solvers_order(solver, order, denoiser):
    """From the smallest positive level and back to it, on exact denoisers."""
    z0, forward, errors = denoiser.sample(40, torch.Generator().manual_seed(2)), getattr(samplers, solver), []
    for steps in (150, 300, 600):
        sigmas = samplers.karras_sigmas(steps, 0.05, 10.0)[:-1]
        noisy = samplers.invert(denoiser, z0, sigmas.flip(0), solver)
        errors.append((forward(denoiser, noisy, sigmas) - z0).abs().max().item())
    found = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    # what the two ways miss cancels in part: a round trip may be better than the solver, never worse
    assert (found > order - 0.2).all()
    if solver == "heun" and denoiser is not MIXTURE:
        assert errors[-1] < 1e-6


def test_depth_zero_is_the_start_bit_for_bit(network, start):
    states = inversion.up(network, start, texts(), SIGMAS, [0, 2])
    assert torch.equal(states[0], network.encode(start).double())
    assert inversion.edit(network, start, texts(), texts(seed=5), SIGMAS, 0, omega=2.0) is start
    assert torch.equal(inversion.noised(network, start, SIGMAS, [0], ids="abc")[0], states[0])


def test_one_way_up_passes_through_every_depth(network, start):
    together = inversion.up(network, start, texts(), SIGMAS, [1, 3, 6], iterations=2)
    for depth, state in together.items():
        alone = inversion.up(network, start, texts(), SIGMAS, [depth], iterations=2)[depth]
        assert torch.allclose(state, alone, rtol=0, atol=1e-9)


def test_editing_is_ddim_up_under_the_old_text_and_down_under_the_new(network, start):
    """Put together by hand, row by row, from the smallest positive level on."""
    old, new, depth = texts(), texts(seed=5), 4
    found = inversion.edit(network, start, old, new, SIGMAS, depth, omega=2.0, inverted_at=1.0, iterations=0)
    levels = SIGMAS[-depth - 1 :]
    with torch.no_grad():
        for text in range(3):
            before = guidance.classifier_free(network, old[[text, text]], 1.0)
            after = guidance.classifier_free(network, new[[text, text]], 2.0)
            z = samplers.invert(before, network.encode(start[text]).double(), levels.flip(0)[1:])
            expected = network.decode(samplers.euler(after, z, levels))
            assert torch.allclose(found[text].double(), expected.double(), atol=1e-5)


def test_the_implicit_step_comes_back_where_the_explicit_one_does_not(network, start):
    """Down to the smallest positive level: the last step, to 0, is not one that inversion takes."""
    text, lost = texts(), {}
    for rounds in (0, 30):
        state = inversion.up(network, start, text, SIGMAS, [4], iterations=rounds)[4].flatten(0, 1)
        rows = torch.arange(3).repeat_interleave(2)
        with torch.no_grad():
            back = samplers.euler(guidance.condition(network, text[rows]), state, SIGMAS[-5:-1])
        lost[rounds] = (back - network.encode(start).double().flatten(0, 1)).abs().max().item()
    assert lost[30] < 0.05 * lost[0]


def test_fresh_noise_has_the_level_it_starts_from_and_is_keyed_by_text(network, start):
    states = inversion.noised(network, start, SIGMAS, [2, 6], ids=["a", "b", "c"], seed=7)
    z0 = network.encode(start).double()
    noise = generation.KeyedNoise(7, ["a", "b", "c"], 2, (5, 8), 0).draws[:, 0].double().reshape(start.shape)
    for depth, state in states.items():
        assert torch.allclose(state, z0 + SIGMAS[-depth - 1] * noise)
    alone = inversion.noised(network, start[1:2], SIGMAS, [2], ids=["b"], seed=7)
    assert torch.allclose(alone[2][0], states[2][1])


def test_without_an_original_text_the_way_up_is_unconditional(network, start):
    state = inversion.up(network, start, None, SIGMAS, [2], iterations=0)[2]
    z0 = network.encode(start).double().flatten(0, 1)
    with torch.no_grad():
        expected = samplers.invert(guidance.condition(network, None), z0, SIGMAS[-3:-1].flip(0))
    assert torch.allclose(state.flatten(0, 1), expected, atol=1e-9)


@pytest.mark.parametrize(("depth", "omega", "what"), [
    (7, 2.0, "7 steps of a schedule of 6; choose 0 to 6"),
    (-1, 2.0, "-1 steps of a schedule of 6"),
    (3, float("inf"), "omega must be a finite number, got inf"),
])  # fmt: skip
def test_bad_edits_are_one_clear_line(network, start, depth, omega, what):
    with pytest.raises(ValueError, match=what) as error:
        inversion.edit(network, start, texts(), texts(), SIGMAS, depth, omega=omega)
    assert "\n" not in str(error.value)
