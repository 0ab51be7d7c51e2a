"""How many denoised rows a second does generation manage here? `python benchmarks/generation.py [--width 384]`.

Speed is measured here and never in a test. Prints one line a solver: seeds a second, and evaluations a seed.
"""

import argparse
import time

import torch

from ghostnotes import config, samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.generation import generate


def main() -> None:
    """Time each solver on a fresh prior of the settings' size, guided, one chunk of queries."""
    settings = config.open_project()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=settings.models["prior"].width)
    parser.add_argument("--depth", type=int, default=settings.models["prior"].depth)
    parser.add_argument("--seeds", type=int, default=50)
    options = parser.parse_args()
    torch.manual_seed(0)
    prior = ResNetPrior(128, 128, options.width, options.depth).eval()
    queries = torch.randn(50, 128, generator=torch.Generator().manual_seed(0))
    for solver, steps in (("euler", 16), ("heun", 16), ("euler_maruyama", 16), ("euler_maruyama", 64)):
        sigmas = samplers.karras_sigmas(steps)
        started = time.perf_counter()
        generate(prior, queries, [3.0], options.seeds, seed=0, sigmas=sigmas, solver=solver)
        seconds = time.perf_counter() - started
        evaluations = 2 * (2 * steps - 1 if solver == "heun" else steps)
        count = len(queries) * options.seeds
        print(f"{solver:16s} {steps:4d} steps {evaluations:4d} evaluations a seed {count / seconds:8.0f} seeds/s")


if __name__ == "__main__":
    main()
