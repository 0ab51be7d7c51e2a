"""CPU-seconds of every solver at every number of evaluations: `python benchmarks/sampling_seconds.py`, five minutes.

Writes benchmarks/sampling_seconds.csv, which the notebook pipeline/sampling_cost reads: a stage may not measure time
itself, since its outputs must be the same bytes in every run. One thread; the solvers take turns; the median counts.
"""

import time

import pandas as pd
import torch
from tqdm import tqdm

from ghostnotes import config, generation, samplers
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.files import write_csv

SEEDS, REPEATS = 500, 3
OMEGAS = {1: 0.0, 2: 3.0}  # branches of guidance: an omega that needs so many


def main() -> None:
    """Time `generate` on a fresh prior of the settings' size."""
    settings = config.open_project()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    prior = ResNetPrior(128, 128, settings.models["prior"].width, settings.models["prior"].depth).eval()
    queries = torch.randn(SEEDS, 128, generator=torch.Generator().manual_seed(0))
    sampling, taken = settings.sampling, []
    for repeat in tqdm(range(REPEATS)):
        for evaluations in settings.cost.evaluations:
            for solver in generation.SOLVERS:
                steps = generation.steps_within(solver, evaluations)
                sigmas = samplers.karras_sigmas(steps, sampling.sigma_min, sampling.sigma_max, sampling.rho)
                for branches, omega in OMEGAS.items():
                    started = time.process_time()
                    generation.generate(prior, queries, [omega], 1, seed=repeat, sigmas=sigmas, solver=solver)
                    seconds = (time.process_time() - started) * 1000 / SEEDS
                    taken.append((solver, evaluations, branches, seconds))
    table = pd.DataFrame(taken, columns=["solver", "evaluations", "branches", "cpu_seconds_per_1000"])
    table = table.groupby(["solver", "evaluations", "branches"], sort=False).median().reset_index()
    table["cpu_seconds_per_1000"] = table["cpu_seconds_per_1000"].round(2)
    write_csv("benchmarks/sampling_seconds.csv", table)
    print(table.pivot(index="evaluations", columns=["branches", "solver"]))


if __name__ == "__main__":
    main()
