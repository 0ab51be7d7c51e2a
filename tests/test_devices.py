"""A network on another device or in half precision answers as it does at home, and all around it stays on the CPU."""

import pytest
import torch

from ghostnotes import devices, generation, objectives, samplers
from ghostnotes.resnet import ResNetPrior
from ghostnotes.tokens import Tokens

CPU = torch.device("cpu")


def asked(prior):
    states = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(0))
    query, sigmas = Tokens(states, torch.ones(2, 3, dtype=torch.bool)), samplers.ddim_sigmas(4)
    return generation.generate(prior, query, [-1.0, 0.0, 2.0], 2, seed=0, sigmas=sigmas, solver="euler", shape=(4, 8))


def test_apart_in_float32_nothing_changes(network):
    assert torch.equal(asked(devices.Apart(network, CPU, "float32")), asked(network))


def test_apart_in_bfloat16_answers_are_near_and_not_the_same(network):
    home, apart = asked(network), asked(devices.Apart(network, CPU, "bfloat16"))
    assert apart.dtype == torch.float32 and not torch.equal(home, apart)
    assert (home * apart).sum(-1).min() > 0.98


def test_a_prior_of_single_vectors_can_live_apart_too():
    torch.manual_seed(0)
    network = ResNetPrior(8, 6, width=16, depth=2).eval()
    queries = torch.randn(3, 6)
    sigmas = samplers.karras_sigmas(4)
    home, apart = (generation.generate(prior, queries, [0.0, 1.0], 2, seed=0, sigmas=sigmas)
                   for prior in (network, devices.Apart(network, CPU)))  # fmt: skip
    torch.testing.assert_close(home, apart)


def test_in_bfloat16_a_prior_of_single_vectors_keeps_its_noisy_state_whole():
    torch.manual_seed(0)
    network = devices.whole_states(ResNetPrior(64, 6, width=32, depth=2)).eval()
    z0, queries, drop = torch.randn(64, 64), torch.randn(64, 6), torch.zeros(64, dtype=torch.bool)
    sigma, noise = torch.full((64,), 1e-4), torch.randn(64, 64)
    found = {}
    for precision in ("float32", "bfloat16"):
        with devices.precisely(CPU, precision):
            found[precision] = objectives.diffusion_loss(network, z0, queries, drop, sigma, noise).mean().item()
    assert found["bfloat16"] == pytest.approx(found["float32"], rel=0.1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_line():
    with pytest.raises(ValueError, match="device cuda: torch finds no GPU here; set `device: cpu`"):
        devices.chosen("cuda")


@pytest.mark.parametrize("name", ["foo", "", "cuda:x", "meta", "cuda:99", "xla"])
def test_a_device_that_cannot_compute_is_one_line(name):
    with pytest.raises(ValueError, match=f"^device {name}: torch (cannot compute|finds no GPU).*$"):
        devices.chosen(name)
    assert devices.chosen("cpu") == CPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU: the same on one was not run")
def test_on_a_gpu_answers_are_the_same_but_for_rounding(network):
    home, found = asked(network), asked(devices.Apart(network, torch.device("cuda")))
    assert found.device.type == "cpu" and (home * found).sum(-1).min() > 0.999
