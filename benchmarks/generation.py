"""What does one batch over queries, omegas, seeds and branches save? `python benchmarks/generation.py [--width 384]`.

Compares `generation.generate` with the plain loop: one omega at a time, two calls of the prior a step. Both draw the
same noise, so the seeds must agree to rounding; the largest difference is printed. CPU-seconds, the two taking turns;
speed is measured here and never in a test. Most work is matrix products, which no batching saves: the gain is in what a
query or an omega of -1 or 0 repeats, and grows as the queries get fewer (`--queries 1`).
"""

import argparse
import time

import torch
from tqdm import tqdm

from ghostnotes import config, samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.generation import KeyedNoise, generate


@torch.no_grad()
def plain(prior, queries, omegas, samples, *, seed, sigmas, rows=500):
    """The same seeds as `generate`, (W, Q, S, dim), by the plain loop."""
    found = []
    for omega in omegas:
        parts = []
        for some in torch.arange(len(queries)).split(max(1, rows // samples)):
            noise = KeyedNoise(seed, [str(i) for i in some.tolist()], samples, (prior.dim,), len(sigmas) - 1)
            query = queries[some].repeat_interleave(samples, dim=0)
            z = sigmas[0] * noise(-1, torch.empty(len(query), prior.dim, dtype=torch.float64))

            def guided(z, sigma, query=query, omega=omega):
                return (1 + omega) * prior(z, sigma, query) - omega * prior(z, sigma)

            z = samplers.euler_maruyama(guided, z, sigmas, noise)
            parts.append(prior.decode(z).float().reshape(len(some), samples, -1))
        found.append(torch.cat(parts))
    return torch.stack(found)


def main() -> None:
    """Time both on a fresh prior of the settings' size, at the settings' omegas and steps."""
    settings = config.open_project()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=settings.models["prior"].width)
    parser.add_argument("--depth", type=int, default=settings.models["prior"].depth)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--samples", type=int, default=settings.sweep.seeds)
    parser.add_argument("--steps", type=int, default=settings.sampling.steps)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.manual_seed(0)
    prior = ResNetPrior(128, 128, options.width, options.depth).eval()
    queries = torch.randn(options.queries, 128, generator=torch.Generator().manual_seed(0))
    sampling, omegas = settings.sampling, settings.sweep.omegas
    sigmas = samplers.karras_sigmas(options.steps, sampling.sigma_min, sampling.sigma_max, sampling.rho)
    ways, seconds, seeds = {"plain loop": plain, "one batch": generate}, {"plain loop": [], "one batch": []}, {}
    for _ in tqdm(range(options.repeats)):
        for name, way in ways.items():
            started = time.process_time()
            seeds[name] = way(prior, queries, omegas, options.samples, seed=0, sigmas=sigmas)
            seconds[name].append(time.process_time() - started)
    count = seeds["one batch"][..., 0].numel()
    print(f"{count} seeds of {options.steps} steps at omegas {omegas}")
    for name, taken in seconds.items():
        middle = sorted(taken)[len(taken) // 2]
        print(f"{name:10s} {middle:7.2f} CPU-seconds, {middle / count * 1e3:.2f} ms a seed")
    ratios = sorted(a / b for a, b in zip(seconds["plain loop"], seconds["one batch"]))
    print(f"ratio      {ratios[len(ratios) // 2]:7.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"largest difference {(seeds['plain loop'] - seeds['one batch']).abs().max():.1e} in unit-norm coordinates")


if __name__ == "__main__":
    main()
