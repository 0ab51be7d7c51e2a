"""Does the paper's network train, and how long would 2M steps take here? `python benchmarks/full_size.py [--batch 32]`.

Builds the prior of profiles/paper.yaml (282.9M parameters) and takes a few training steps on one fixed batch of random
vectors, its noise fixed too. On fresh rows of that kind nobody scores below 1, so a loss below 1 is this batch learned
by heart: gradients reach the weights, and no more is shown. Steps are timed and projected to the paper's 2M; the table,
benchmarks/full_size.csv, has a row for each device and batch. A GPU is used where there is one. Memory: 16 bytes a
parameter, 4.5 GB, and the activations.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch
import yaml
from tqdm import trange

from ghostnotes import config, objectives
from ghostnotes.denoisers import ResNetPrior
from ghostnotes.files import write_csv
from ghostnotes.training import TrainingSettings

PROFILE, TABLE = Path("profiles/paper.yaml"), Path("benchmarks/full_size.csv")


def paper_settings() -> config.Settings:
    """The `paper` profile laid over params.yaml."""
    base, changes = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (Path(config.SETTINGS_FILE), PROFILE))
    return config.validate(config.overlay(base, changes), PROFILE)


def fixed_batch(rows: int, dim: int, query_dim: int, settings: config.Settings, device: str) -> list[torch.Tensor]:
    """What `diffusion_loss` takes: z0 (rows, dim) standard normal, query of unit norm, drop, sigma and noise."""
    generator, noise = torch.Generator().manual_seed(0), settings.noise
    z0, eps = (torch.randn(rows, dim, generator=generator) for _ in range(2))
    query = torch.nn.functional.normalize(torch.randn(rows, query_dim, generator=generator), dim=-1)
    drop = torch.rand(rows, generator=generator) < settings.models["prior"].mask
    sigma = objectives.log_uniform_sigmas(rows, noise.sigma_min, noise.sigma_max, generator)
    return [part.to(device) for part in (z0, query, drop, sigma, eps)]


def clock(device: str) -> float:
    """Seconds now: on a GPU by the clock, with all that was asked of it done; else CPU-seconds over the threads.

    CPU-seconds leave out what other programs took meanwhile.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def train(prior, batch: list[torch.Tensor], steps: int, recipe: TrainingSettings, device: str) -> pd.DataFrame:
    """`steps` steps on one batch at the peak rate: a row a step, with loss and the seconds of its two parts."""
    optimiser = torch.optim.AdamW(
        prior.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    records = []
    for _ in (bar := trange(steps, unit="step")):
        started = clock(device)
        optimiser.zero_grad(set_to_none=True)
        loss = objectives.diffusion_loss(prior, *batch).mean()
        loss.backward()
        passed = clock(device)
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimiser.step()
        records.append({"loss": loss.item(), "passes": passed - started, "update": clock(device) - passed})
        bar.set_postfix(loss=f"{records[-1]['loss']:.3f}")
    return pd.DataFrame(records)


def main() -> None:
    """Train, print, and renew the row of this device and batch in the table."""
    settings = config.open_project()
    paper = paper_settings()
    hyper = paper.models["prior"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=hyper.training.batch)
    parser.add_argument("--steps", type=int, default=16)
    options = parser.parse_args()
    if options.batch < 1 or options.steps < 2:
        parser.error("needs a batch of 1 row or more and 2 steps or more (the first is not timed)")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else f"{settings.threads} CPU cores"

    torch.manual_seed(0)
    dim, query_dim = paper.encoders["muscall-mini"].dim, paper.encoders["clip-mini"].dim
    prior = ResNetPrior(dim, query_dim, hyper.width, hyper.depth, hyper.dropout).to(device)
    batch = fixed_batch(options.batch, dim, query_dim, paper, device)
    records = train(prior, batch, options.steps, hyper.training, device)

    # the fastest, since other work beside slows even CPU-seconds; the first step also sets Adam up
    passes, update = records[["passes", "update"]].iloc[1:].min()
    planned = passes * hyper.training.batch / options.batch + update
    matrices = sum(p.numel() for p in prior.parameters() if p.ndim == 2)
    timed = "seconds by the clock" if device == "cuda" else "CPU-seconds over the cores, so nothing else runs"
    assumptions = (
        f"{hyper.training.steps:,} steps of {hyper.training.batch} rows; passes grow with the rows, the update does not"
        f"; float32; {timed}; every step as fast as the fastest here; weights not averaged, nothing measured"
    )
    row = {
        "device": name,
        "batch": options.batch,
        "steps": options.steps,
        "loss_first": round(records["loss"].iloc[0], 4),
        "loss_last": round(records["loss"].iloc[-1], 4),
        "seconds_per_step": round(passes + update, 3),
        "rows_per_second": round(options.batch / (passes + update), 1),
        "tflop_per_step": round(6 * matrices * options.batch / 1e12, 4),  # 2 forward, 4 backward for a weight and row
        "projected_days": round(planned * hyper.training.steps / 86400, 1),
        "assumptions": assumptions,
    }
    print(f"{sum(p.numel() for p in prior.parameters()):,} parameters; loss by step:", *records["loss"].round(3))
    print("\n".join(f"{key:17s} {value}" for key, value in row.items()))
    earlier = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=list(row))
    others = earlier[(earlier["device"] != name) | (earlier["batch"] != options.batch)]
    write_csv(TABLE, pd.DataFrame([*others.to_dict("records"), row]).sort_values(["device", "batch"]))


if __name__ == "__main__":
    main()
