"""Generation: noise keyed by (seed, id, sample, step), and a layout that changes nothing."""

import pytest
import torch

from ghostnotes import generation, samplers
from ghostnotes.denoisers import ResNetPrior, Standardiser
from ghostnotes.generation import KeyedNoise, generate
from ghostnotes.ideal import EmpiricalPrior

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


def two_passes(prior, queries, omegas, samples, ids, seed=0):
    """Query by query, omega by omega, two plain calls of the prior a step: what generation must equal."""
    rows = []
    for omega in omegas:
        for query, name in zip(queries, ids):
            noise = KeyedNoise(seed, [name], samples, (prior.dim,), len(SIGMAS) - 1)

            def guided(z, sigma, omega=omega, query=query):
                return (1 + omega) * prior(z, sigma, query.expand(samples, -1)) - omega * prior(z, sigma)

            z = SIGMAS[0] * noise(-1, torch.empty(samples, prior.dim, dtype=torch.float64))
            rows.append(prior.decode(samplers.euler_maruyama(guided, z, SIGMAS, noise)))
    return torch.stack(rows).unflatten(0, (len(omegas), len(ids))).float().detach()


def test_one_batch_is_the_plain_loop_of_two_passes(prior, queries):
    omegas = (-1.0, 0.0, 0.5, 9.0)
    together = make(prior, queries, omegas=omegas)
    assert torch.allclose(together, two_passes(prior, queries, omegas, 3, IDS), atol=1e-5)


@pytest.mark.parametrize("in_chunk", [1, 7, 100])
def test_queries_in_a_chunk_change_nothing(prior, in_chunk):
    queries = torch.randn(100, 5, generator=torch.Generator().manual_seed(2))
    ids = [f"query {i}" for i in range(100)]
    whole = make(prior, queries, ids=ids, rows=10**6)
    sizes = []
    some = make(
        prior, queries, ids=ids, rows=in_chunk * 2 * 3, guide=lambda d, rows: sizes.append(len(rows.unique())) or d
    )
    assert max(sizes) == in_chunk and sum(sizes) == 100
    assert torch.allclose(some, whole, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 3, 7, 14, 100])
def test_omegas_beyond_the_rows_of_a_batch_are_split(prior, queries, rows):
    omegas = (-1.0, 0.0, 1.0, 3.0, 19.0)
    sizes = []
    split = make(prior, queries, omegas=omegas, rows=rows, guide=lambda d, rows: sizes.append(len(rows)) or d)
    assert max(sizes) <= max(rows, 3) and sum(sizes) == 5 * 4 * 3
    assert torch.allclose(split, make(prior, queries, omegas=omegas), atol=1e-5)


def test_order_and_company_of_queries_and_omegas_change_nothing(prior, queries):
    whole = make(prior, queries, omegas=(0.0, 3.0, -1.0))
    some = make(prior, queries[[2, 0]], omegas=(-1.0, 3.0), ids=["c", "a"])
    assert torch.allclose(some, whole[[2, 1]][:, [2, 0]], atol=1e-5)


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


@pytest.mark.parametrize("solver", generation.STOCHASTIC)
def test_noise_hangs_on_seed_query_and_sample_alone(prior, queries, solver, monkeypatch):
    """What the solver is handed, row by row, under any chunking, order of queries and list of omegas."""

    def handed(order, omegas, rows):
        found = {}

        def spy(denoiser, z, sigmas, noise):
            drawn = torch.stack([z / sigmas[0], *(noise(step, z) for step in range(len(sigmas) - 2))], dim=1)
            for query, sample, row in zip(index.tolist(), list(range(3)) * len(z), drawn):
                assert torch.equal(found.setdefault((IDS[query], sample), row), row)
            return z

        def guide(denoiser, rows):
            nonlocal index
            index = torch.tensor(order)[rows]
            return denoiser

        index = None
        monkeypatch.setattr(samplers, solver, spy)
        ids = [IDS[i] for i in order]
        make(prior, queries[order], omegas=omegas, ids=ids, rows=rows, guide=guide, solver=solver)
        return found

    first = handed([0, 1, 2, 3], (3.0,), 1)
    assert len(first) == 12 and len({tuple(row.flatten().tolist()) for row in first.values()}) == 12
    for order, omegas, rows in (([3, 1, 0, 2], (0.0, 3.0, -1.0), 100), ([2, 0], (19.0, 1.0), 9), ([1], (0.0,), 2)):
        again = handed(order, omegas, rows)
        assert len(again) == 3 * len(order)
        assert all(torch.equal(row, first[key]) for key, row in again.items())


def test_noise_is_standard_normal():
    draws = KeyedNoise(0, [str(i) for i in range(200)], 10, (16,), 4).draws
    assert abs(draws.mean()) < 0.01 and abs(draws.std() - 1) < 0.01


def test_unconditional_samples_need_only_names(prior):
    out = make(prior, None, omegas=(-1.0,), samples=1, ids=["x", "y"])
    assert out.shape == (1, 2, 1, 8)


def test_omega_minus_one_ignores_the_query(prior, queries):
    ignored = make(prior, queries, omegas=(-1.0,))
    assert torch.equal(ignored, make(prior, queries.flip(0), omegas=(-1.0,)))
    assert torch.allclose(ignored, make(prior, None, omegas=(-1.0,)), atol=1e-5)
    guided = make(prior, queries, omegas=(0.0, 3.0))
    assert not torch.allclose(guided, make(prior, queries.flip(0), omegas=(0.0, 3.0)), atol=1e-3)


def test_a_batch_holds_the_branches_that_its_omegas_need_and_no_others(queries):
    """Conditional rows where omega is not -1, unconditional rows where it is not 0, one call of the network a step."""
    seen = []

    class Counting:
        dim, decode = 5, staticmethod(lambda z: z)

        def bind(self, query, drop):
            return lambda z, sigma: seen.append((len(z), int(drop.sum()))) or z

    for omegas, expected in (([0.0], (12, 0)), ([-1.0], (12, 12)), ([-1.0, 0.0, 2.0, 9.0], (72, 36))):
        seen.clear()
        make(Counting(), queries, omegas=omegas)
        assert seen == [expected] * (len(SIGMAS) - 1)


def test_any_prior_with_one_query_a_row_will_do():
    """The ideal denoiser of six points, asked with log-weights: unguided, with an even query, it returns the points."""
    points = torch.nn.functional.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(3)), dim=-1)
    standardiser = Standardiser(4)
    standardiser.fit(points)
    ideal = EmpiricalPrior(points, standardiser)
    only = torch.full((2, 6), -1e4)
    only[0, 4] = only[1, 1] = 0
    out = generate(ideal, only, [-1.0, 0.0], 20, seed=0, sigmas=samplers.karras_sigmas(30))
    assert torch.allclose(out[1, 0], points[4].expand(20, -1), atol=1e-3)
    assert torch.allclose(out[1, 1], points[1].expand(20, -1), atol=1e-3)
    distance = torch.cdist(out[0].reshape(40, 4), points)
    assert distance.min(1).values.max() < 1e-3 and len(distance.argmin(1).unique()) >= 5


def test_a_guide_sees_which_rows_it_wraps(prior, queries):
    seen = []
    guided = make(prior, queries, guide=lambda denoiser, rows: seen.append(rows.tolist()) or denoiser, omegas=(0.0,))
    assert seen == [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]]
    assert torch.equal(guided, make(prior, queries, omegas=(0.0,)))


@pytest.mark.parametrize("solver", generation.SOLVERS)
def test_every_solver_runs_and_starts_from_the_same_noise(prior, queries, solver):
    """With one noise level every solver returns D(z): the same numbers, if the start is the same."""
    assert torch.isfinite(make(prior, queries, solver=solver)).all()
    one = [generate(prior, queries, [3.0], 2, seed=0, sigmas=[5.0, 0.0], solver=s) for s in (solver, "euler")]
    assert torch.allclose(*one, atol=1e-6)


@pytest.mark.parametrize("solver", generation.SOLVERS)
@pytest.mark.parametrize("evaluations", [7, 8])
def test_steps_are_as_many_as_the_evaluations_pay_for(queries, solver, evaluations):
    """Counted, one step more would be too many."""
    calls = []

    class Counting:
        dim, decode = 5, staticmethod(lambda z: z)

        def bind(self, query, drop):
            return lambda z, sigma: calls.append(sigma) or z

    steps = generation.steps_within(solver, evaluations)
    used = []
    for count in (steps, steps + 1):
        calls.clear()
        generate(Counting(), queries, [0.0], 1, seed=0, sigmas=samplers.karras_sigmas(count), solver=solver)
        used.append(len(calls))
    assert used[0] <= evaluations < used[1]


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
