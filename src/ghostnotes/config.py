"""params.yaml -> typed, validated settings; a key that is not known is an error naming it.

DVC tracks the values themselves (`params:` in dvc.yaml), so no stage lists this module as a dependency.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[FiniteFloat, Field(gt=0)]
EncoderName = Literal["muscall-mini", "clap-mini", "mule-mini", "clip-mini"]
SETTINGS_FILE = "params.yaml"


def _ascending(values: list) -> list:
    if any(one >= following for one, following in zip(values, values[1:])):
        raise ValueError("the list must ascend, no value twice")
    return values


Ascending = Annotated[list[FiniteFloat], Field(min_length=1), AfterValidator(_ascending)]
ModelName = Literal["prior", "regression", "regression-long", "regression-text"]


class Strict(BaseModel):
    """Unknown keys, NaN and wrong types are errors; settings do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingSettings(Strict):
    """How long and how fast: steps, batch rows, peak learning rate, and how often to measure, save and give up."""

    steps: Count
    batch: Count
    learning_rate: Positive
    warmup: Whole = 100
    weight_decay: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    evaluate_every: Count = 100
    patience: Whole = 0  # measurements without a better one before stopping; 0 = go to the end
    seed: Whole = 0
    keep: Literal["best", "last"] = "best"  # whose weights the model is left with: lowest val_loss, or the end


class Rows(Strict):
    """How many tracks of each split are used, from the first on."""

    pretrain: Count
    train: Count
    val: Count
    test: Count
    gallery: Count
    reference: Count
    twins: Count

    def __getitem__(self, split: str) -> int:
        return getattr(self, split)


class Corpus(Strict):
    """How many rows of each split are used, and how many processes render them."""

    rows: Rows
    workers: Count


class Encoder(Strict):
    """An encoder: what it looks at, where that was made, the size of its trunk, text tower and space, its training."""

    media: Literal["audio", "pictures"]
    pretrain: Literal["studio", "general"]
    dim: Count
    channels: Annotated[list[Count], Field(min_length=1)]
    text_width: Count | None  # None: no text
    lost_words: Share  # of a text's words that a training step makes unknown
    training: TrainingSettings


class Probe(Strict):
    """The classifiers that say what can be heard or seen: their trunk and training."""

    channels: Annotated[list[Count], Field(min_length=1)]
    training: TrainingSettings


class Model(Strict):
    """A prior or a regression: what asks it, network, condition dropout, and training."""

    query: Literal["pictures", "captions"]
    width: Count
    depth: Count
    dropout: Share
    mask: Share
    training: TrainingSettings


class Noise(Strict):
    """The noise levels that a prior is trained at, log-uniform between these."""

    sigma_min: Positive
    sigma_max: Positive

    @model_validator(mode="after")
    def _ordered(self):
        if self.sigma_min >= self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min:g} is not below sigma_max {self.sigma_max:g}")
        return self


class Sampling(Noise):
    """Solver and noise levels of generation: Karras steps between sigma_max and sigma_min."""

    solver: Literal["euler_maruyama", "dpm_solver_2m_sde", "heun", "euler"]
    steps: Count
    rho: Positive


class Cost(Strict):
    """The cost of sampling: strengths, numbers of network evaluations, and noise seeds of the reference."""

    omegas: Ascending
    evaluations: Annotated[list[Count], Field(min_length=1), AfterValidator(_ascending)]
    seeds: Annotated[int, Field(ge=2)]


class Sweep(Strict):
    """The guidance sweep: strengths, seeds a query, and K of its metrics; which strengths the ideal denoiser gets."""

    omegas: Ascending
    ideal_omegas: Ascending
    seeds: Annotated[int, Field(ge=2)]
    recall_at: Annotated[list[Count], Field(min_length=1), AfterValidator(_ascending)]
    entropy_at: Annotated[list[Count], Field(min_length=1), AfterValidator(_ascending)]


class Steering(Strict):
    """Text steering (Diff4Steer eq. 4): the strengths that val chooses from, and how the gradient is weighted.

    fusion: the weights that val chooses from for late fusion, the rival without diffusion.
    """

    strengths: Ascending
    weighting: Literal["paper", "sigma2"]
    fusion: Ascending


class Uncertainty(Strict):
    """Table III and calibration: pictures, seeds for each, and strengths of guidance."""

    pictures: Count
    seeds: Annotated[int, Field(ge=2)]
    omegas: Ascending


class Effects(Strict):
    """What a text changes in a search (lesson 08): strengths that are swept, and seeds a query."""

    strengths: Ascending
    seeds: Count


class Bridges(Strict):
    """The two detours by way of words: the captioning model of each ("nearest" looks captions up), and of how many."""

    picture_caption: str
    music_caption: str
    neighbours: Count


class Settings(Strict):
    """Everything in params.yaml."""

    threads: Count
    corpus: Corpus
    encoders: Annotated[dict[EncoderName, Encoder], Field(min_length=4)]
    probe: Probe
    noise: Noise
    training_seeds: Annotated[list[Whole], Field(min_length=1), AfterValidator(_ascending)]
    models: Annotated[dict[ModelName, Model], Field(min_length=4)]
    sampling: Sampling
    cost: Cost
    bridges: Bridges
    steering: Steering
    sweep: Sweep
    uncertainty: Uncertainty
    effects: Effects

    @model_validator(mode="after")
    def _trained_where_sampled(self):
        if self.sampling.sigma_min < self.noise.sigma_min or self.sampling.sigma_max > self.noise.sigma_max:
            raise ValueError("sampling goes beyond the noise levels that the prior is trained at (noise)")
        return self


def load(path: Path = Path(SETTINGS_FILE)) -> Settings:
    """Read and validate a settings file. ValueError in one line: which file, which key, what is wrong."""
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: not there; run from the project's folder") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    return validate(values, path)


def validate(values: Any, source: Path) -> Settings:
    """Settings from plain values; source names the file in errors."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{source}: expected sections of settings, found {type(values).__name__}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = [_explain(fault) for fault in error.errors()]
        raise ValueError(f"{source}: " + "; ".join(faults[:3])) from None


def _explain(fault: dict) -> str:
    where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key '{where}'"
    if fault["type"] == "missing":
        return f"key '{where}' is missing"
    what = fault["msg"].removeprefix("Value error, ").lower()
    if not where:  # a fault between sections names them itself
        return what
    found = "" if isinstance(fault["input"], Mapping) else f", got {fault['input']!r}"
    return f"'{where}': {what}{found}"


def open_project() -> Settings:
    """Settings of the project that contains the working folder, which becomes its root; threads are fixed.

    Every notebook starts with it, so that the same relative paths hold in a stage and in JupyterLab.
    """
    import torch

    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / SETTINGS_FILE).exists()), None)
    if root is None:
        raise ValueError(f"no {SETTINGS_FILE} in {here.name} or above it: start inside the project's folder")
    os.chdir(root)
    if str(root / "src") not in sys.path:
        sys.path.insert(0, str(root / "src"))
    settings = load()
    torch.set_num_threads(settings.threads)
    return settings


def overlay(base: dict, changes: dict) -> dict:
    """Settings with a profile laid over them: sections merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = overlay(base[key], value) if both else value
    return merged
