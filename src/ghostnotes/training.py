"""One loop for everything that is trained here: encoders, priors, regressions.

`train` yields a record a measurement, so the notebook owns tables and plots. A run can be killed at any moment and
goes on where it was, bit for bit: batches and noise are drawn from a counter of (seed, step), and a checkpoint holds
weights, average, optimiser and records.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from ghostnotes.config import TrainingSettings
from ghostnotes.files import atomically


def step_generator(seed: int, step: int, purpose: str = "batch") -> torch.Generator:
    """A generator for one step of one run: the same whether or not the run was interrupted."""
    digest = hashlib.sha256(f"{seed}/{step}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def train(
    model: nn.Module,
    loss: Callable[[nn.Module, int], Tensor],
    evaluate: Callable[[nn.Module], dict[str, float]],
    settings: TrainingSettings,
    checkpoint: Path,
    describe: str = "train",
) -> Iterator[dict[str, float]]:
    """Train in place, yield a record every `evaluate_every` steps, and leave an average's weights in `model`.

    loss(model, step) -> scalar draws its own batch from `step_generator`. evaluate(averaged model) -> metrics, of which
    "val_loss" chooses the best (settings.keep "last" keeps the end, whatever it says). checkpoint: a file to go on
    from; delete it once the weights are safe.
    """
    optimiser = torch.optim.AdamW(model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = LambdaLR(optimiser, lambda step: _warmup_cosine(step, settings))
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema), use_buffers=True)
    state = {"step": 0, "records": [], "best": float("inf"), "best_step": 0, "running": 0.0}
    best = {k: v.clone() for k, v in model.state_dict().items()}
    if Path(checkpoint).exists():
        saved = torch.load(checkpoint, weights_only=True)
        for part, name in ((model, "model"), (average, "average"), (optimiser, "optimiser"), (schedule, "schedule")):
            part.load_state_dict(saved[name])
        state, best = saved["state"], saved["best"]
        yield from state["records"]
    bar = tqdm(total=settings.steps, initial=state["step"], desc=describe, unit="step", mininterval=1)
    with bar:
        while state["step"] < settings.steps and not _given_up(state, settings):
            torch.manual_seed(step_generator(settings.seed, state["step"], "dropout").initial_seed())
            model.train()
            value = loss(model, state["step"])
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(model)
            state["step"] += 1
            state["running"] += value.item()
            bar.update(1)
            if state["step"] % settings.evaluate_every == 0 or state["step"] == settings.steps:
                record = _measure(average.module, evaluate, state, settings)
                if record["val_loss"] < state["best"]:
                    state["best"], state["best_step"] = record["val_loss"], state["step"]
                    best = {k: v.clone() for k, v in average.module.state_dict().items()}
                state["records"].append(record)
                save_checkpoint(checkpoint, model, average, optimiser, schedule, state, best)
                bar.set_postfix(val_loss=f"{record['val_loss']:.4f}")
                yield record
    model.load_state_dict(best if settings.keep == "best" else average.module.state_dict())
    model.eval()


def _measure(averaged, evaluate, state: dict, settings: TrainingSettings) -> dict[str, float]:
    averaged.eval()
    with torch.no_grad():
        metrics = evaluate(averaged)
    since = state["step"] % settings.evaluate_every or settings.evaluate_every
    record = {"step": state["step"], "train_loss": state["running"] / since, **metrics}
    if not math.isfinite(record["train_loss"]) or not math.isfinite(record["val_loss"]):
        raise FloatingPointError(f"the loss is not finite at step {state['step']}: lower the learning rate")
    state["running"] = 0.0
    return record


def _given_up(state: dict, settings: TrainingSettings) -> bool:
    waited = state["step"] - state["best_step"]
    return settings.patience > 0 and waited >= settings.patience * settings.evaluate_every and state["step"] > 0


def _warmup_cosine(step: int, settings: TrainingSettings) -> float:
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def run_key(settings: TrainingSettings, *inputs: str) -> str:
    """A short name for one run: changes with its settings and whatever fingerprints are given (data, code)."""
    text = json.dumps([settings.model_dump(), *inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save_checkpoint(path: Path, model, average, optimiser, schedule, state: dict, best: dict) -> None:
    """Write all that exact resumption needs, atomically: temp file beside the target, fsync, rename."""
    parts = {"model": model, "average": average, "optimiser": optimiser, "schedule": schedule}
    content = {name: part.state_dict() for name, part in parts.items()} | {"state": state, "best": best}
    atomically(path, lambda temporary: torch.save(content, temporary))
