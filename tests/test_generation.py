"""Generation: noise keyed by (seed, id, sample, step), and a layout that changes nothing."""

import pytest
import torch

from ghostnotes import samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.generation import KeyedNoise, generate

IDS = ["a", "b", "c", "d"]
SIGMAS = samplers.karras_sigmas(6)


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(0)
    return ResNetPrior(dim=8, query_dim=5, width=16, depth=2).eval()


@pytest.fixture(scope="module")
def queries():
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(1))


def make(prior, queries, omegas=(0.0, 3.0), samples=3, ids=IDS, seed=0, **options):
    return generate(prior, queries, omegas, samples, seed=seed, ids=ids, sigmas=SIGMAS, **options)


def test_layout_and_unit_norm(prior, queries):
    out = make(prior, queries)
    assert out.shape == (2, 4, 3, 8) and torch.allclose(out.norm(dim=-1), torch.ones(2, 4, 3), atol=1e-5)


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_chunking_changes_nothing(prior, queries, rows):
    assert torch.allclose(make(prior, queries, rows=rows), make(prior, queries), atol=1e-5)


def test_order_of_queries_and_omegas_changes_nothing(prior, queries):
    whole = make(prior, queries)
    some = make(prior, queries[[2, 0]], omegas=(3.0,), ids=["c", "a"])
    assert torch.allclose(some[0], whole[1][[2, 0]], atol=1e-5)


def test_more_samples_keep_the_first_ones(prior, queries):
    assert torch.allclose(make(prior, queries, samples=5)[:, :, :3], make(prior, queries, samples=3), atol=1e-5)


def test_noise_is_the_same_for_every_omega_and_differs_otherwise():
    noise = KeyedNoise(0, ["a", "b"], 2, (4,), 3)
    z = torch.zeros(4, 4)
    first = noise(0, z)
    assert torch.equal(first, KeyedNoise(0, ["a", "b"], 2, (4,), 3)(0, z))
    assert torch.equal(KeyedNoise(0, ["b"], 2, (4,), 3)(0, z[:2]), first[2:])
    assert len({tuple(row.tolist()) for step in range(-1, 3) for row in noise(step, z)}) == 16
    assert not torch.equal(KeyedNoise(1, ["a", "b"], 2, (4,), 3)(0, z), first)


def test_noise_is_standard_normal():
    draws = KeyedNoise(0, [str(i) for i in range(200)], 10, (16,), 4).draws
    assert abs(draws.mean()) < 0.01 and abs(draws.std() - 1) < 0.01


def test_unconditional_samples_need_only_names(prior):
    out = make(prior, None, omegas=(-1.0,), samples=1, ids=["x", "y"])
    assert out.shape == (1, 2, 1, 8)


def test_omega_minus_one_ignores_the_query(prior, queries):
    assert torch.equal(make(prior, queries, omegas=(-1.0,)), make(prior, None, omegas=(-1.0,)))


def test_a_guide_sees_which_rows_it_wraps(prior, queries):
    seen = []
    guided = make(prior, queries, guide=lambda denoiser, rows: seen.append(rows.tolist()) or denoiser, omegas=(0.0,))
    assert seen == [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]]
    assert torch.equal(guided, make(prior, queries, omegas=(0.0,)))


@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_ode_solvers_run_too(prior, queries, solver):
    assert torch.isfinite(make(prior, queries, solver=solver)).all()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"omegas": [float("nan")]}, "finite"),
        ({"samples": 0}, "samples >= 1"),
        ({"solver": "ddpm"}, "solver"),
        ({"ids": ["a", "a", "b", "c"]}, "different ids"),
        ({"ids": ["a"]}, "4 queries need 4"),
    ],
)
def test_bad_input_is_one_clear_line(prior, queries, options, what):
    with pytest.raises(ValueError, match=what):
        make(prior, queries, **options)
