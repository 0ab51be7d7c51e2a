"""The section `control` of params.yaml: negative prompts and inversion (GD-Retriever 4.3)."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from ghostnotes.fields import Ascending, Count, Counts, Strict, Whole


class Inversion(Strict):
    """How far up, of how many steps, with how many fixed-point rounds a step; and the weights of the new text."""

    steps: Count  # of the whole schedule
    depths: Counts  # steps of inversion that are tried
    depth: Count  # the one whose results are reported
    iterations: Whole
    inverted_at: FiniteFloat  # weight of the original text on the way up
    omegas: Ascending

    @model_validator(mode="after")
    def _within(self):
        beyond = next((depth for depth in (*self.depths, self.depth) if depth > self.steps), None)
        if beyond is not None:
            raise ValueError(f"{beyond} steps of inversion are more than the schedule's {self.steps}")
        if self.depth not in self.depths:
            raise ValueError(f"depth {self.depth} is not one of the depths that are tried")
        return self


class Control(Strict):
    """Which networks' ghosts are changed (the first one's decide the claims), and how strongly."""

    models: Annotated[list[Literal["clap", "clap-minilm"]], Field(min_length=1)]
    omegas: Ascending  # w of the four ways to remove
    inversion: Inversion

    @model_validator(mode="after")
    def _different(self):
        if len(set(self.models)) < len(self.models):
            raise ValueError("control.models names a network twice")
        return self
