"""The loop: it learns, measures, stops, and goes on after a kill as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from ghostnotes import training
from ghostnotes.training import TrainingSettings, step_generator, train

TRUTH = torch.tensor([[1.0, -2.0, 0.5]])


def problem(noise=0.1, dropout=0.3):
    """A small regression with dropout, so that the random state of the model matters too."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1))

    def loss(model, step):
        x = torch.randn(32, 3, generator=step_generator(0, step))
        return (model(x) - x @ TRUTH.T).square().mean()

    def evaluate(model):
        x = torch.randn(200, 3, generator=torch.Generator().manual_seed(9))
        return {"val_loss": (model(x) - x @ TRUTH.T).square().mean().item()}

    return model, loss, evaluate


SETTINGS = TrainingSettings(steps=60, batch=32, learning_rate=1e-2, warmup=5, ema=0.9, evaluate_every=10)


def weights(model):
    return torch.cat([p.flatten() for p in model.state_dict().values()])


def test_it_learns_and_keeps_the_best_average(tmp_path):
    model, loss, evaluate = problem(dropout=0.0)
    records = list(train(model, loss, evaluate, SETTINGS, tmp_path / "c.pt"))
    assert [r["step"] for r in records] == [10, 20, 30, 40, 50, 60]
    assert records[-1]["val_loss"] < 0.5 * records[0]["val_loss"]
    assert evaluate(model)["val_loss"] == pytest.approx(min(r["val_loss"] for r in records), rel=1e-6)


def test_the_last_average_is_kept_where_that_is_asked(tmp_path):
    """On a measure that only rises, best is the first average and last the last."""
    kept = {}
    for keep in ("best", "last"):
        model, loss, _ = problem(dropout=0.0)
        rising = iter(range(1, 7))
        settings = SETTINGS.model_copy(update={"keep": keep})
        measure = lambda m, rising=rising: {"val_loss": float(next(rising))}  # noqa: E731
        list(train(model, loss, measure, settings, tmp_path / f"{keep}.pt"))
        kept[keep] = weights(model)
    saved = torch.load(tmp_path / "last.pt", weights_only=True)
    average = [v for k, v in saved["average"].items() if k.startswith("module.")]
    assert torch.equal(kept["last"], torch.cat([v.flatten() for v in average]))
    assert torch.equal(kept["best"], torch.cat([v.flatten() for v in saved["best"].values()]))
    assert not torch.equal(kept["best"], kept["last"])


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_resumption_is_exact(tmp_path, stop_after):
    model, loss, evaluate = problem()
    whole = list(train(model, loss, evaluate, SETTINGS, tmp_path / "a.pt"))
    interrupted, loss, evaluate = problem()
    for number, _ in enumerate(train(interrupted, loss, evaluate, SETTINGS, tmp_path / "b.pt"), 1):
        if number == stop_after:
            break
    resumed, loss, evaluate = problem()
    torch.manual_seed(12345)
    assert list(train(resumed, loss, evaluate, SETTINGS, tmp_path / "b.pt")) == whole
    assert torch.equal(weights(resumed), weights(model))


def test_early_stopping_waits_as_long_as_it_was_told(tmp_path):
    model, loss, _ = problem()
    losses = iter([3.0, 2.0, 2.5, 2.6, 2.7, 1.0])
    settings = TrainingSettings(steps=60, batch=32, learning_rate=1e-2, evaluate_every=10, patience=3)
    records = list(train(model, loss, lambda m: {"val_loss": next(losses)}, settings, tmp_path / "c.pt"))
    assert [r["val_loss"] for r in records] == [3.0, 2.0, 2.5, 2.6, 2.7]


def test_a_diverged_loss_is_one_clear_line(tmp_path):
    model, loss, evaluate = problem()
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        list(train(model, lambda m, s: loss(m, s) * float("nan"), evaluate, SETTINGS, tmp_path / "c.pt"))


def test_draws_depend_on_seed_step_and_purpose_only():
    draws = {(s, t, p): torch.rand(1, generator=step_generator(s, t, p)).item()
             for s in (0, 1) for t in (0, 1) for p in ("batch", "val")}  # fmt: skip
    assert len(set(draws.values())) == 8
    assert draws[1, 0, "val"] == torch.rand(1, generator=step_generator(1, 0, "val")).item()


def test_learning_rate_warms_up_and_falls_to_zero():
    rates = [training._warmup_cosine(step, SETTINGS) for step in range(61)]
    assert rates[0] == pytest.approx(0.2) and max(rates) == rates[4] == 1 and rates[60] == pytest.approx(0)
    assert all(a >= b for a, b in zip(rates[4:], rates[5:]))


KILLED = """
import sys, torch
sys.path.insert(0, {tests!r})
from test_training import SETTINGS, problem, weights
from ghostnotes.training import train
import time
model, loss, evaluate = problem()
slow = lambda m, s: (time.sleep({pause}), loss(m, s))[1]
for record in train(model, slow, evaluate, SETTINGS, sys.argv[1]):
    print(record["step"], flush=True)
torch.save(weights(model), sys.argv[2])
"""


def test_kill_minus_nine_changes_nothing(tmp_path):
    here = os.path.dirname(__file__)

    def start(checkpoint, result, pause):
        code = KILLED.format(tests=here, pause=pause)
        environment = os.environ | {"PYTHONPATH": os.path.join(here, "..", "src")}
        return subprocess.Popen([sys.executable, "-c", code, checkpoint, result], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip

    assert start(tmp_path / "a.pt", tmp_path / "whole.pt", 0).wait() == 0
    victim = start(tmp_path / "b.pt", tmp_path / "killed.pt", 0.02)
    assert victim.stdout.readline() == "10\n" and victim.stdout.readline() == "20\n"
    time.sleep(0.07)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (tmp_path / "killed.pt").exists()
    assert start(tmp_path / "b.pt", tmp_path / "killed.pt", 0).wait() == 0
    assert torch.equal(*(torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("whole", "killed")))
