"""The kinds of values that settings are made of, and the sections that several parts of params.yaml share."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[FiniteFloat, Field(gt=0)]


def ascending(values: list) -> list:
    """The list as it is; ValueError unless it ascends."""
    if any(one >= following for one, following in zip(values, values[1:])):
        raise ValueError("the list must ascend, no value twice")
    return values


Ascending = Annotated[list[FiniteFloat], Field(min_length=1), AfterValidator(ascending)]
Counts = Annotated[list[Count], Field(min_length=1), AfterValidator(ascending)]
Seeds = Annotated[list[Whole], Field(min_length=1), AfterValidator(ascending)]


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


class Noise(Strict):
    """The noise levels that a prior is trained at, log-uniform between these."""

    sigma_min: Positive
    sigma_max: Positive

    @model_validator(mode="after")
    def _ordered(self):
        if self.sigma_min >= self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min:g} is not below sigma_max {self.sigma_max:g}")
        return self
