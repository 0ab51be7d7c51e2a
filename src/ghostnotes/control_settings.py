"""The sections `control`, `alignment` and `gradients` of params.yaml: changing what a ghost is, in three ways."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from ghostnotes.fields import Ascending, Count, Counts, Positive, Share, Strict, Whole, ascending


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


class Dial(Strict):
    """The lofi domain at several strengths, and how many of its test tracks are rendered anew at each."""

    strengths: Annotated[list[Share], Field(min_length=2), AfterValidator(ascending)]
    tracks: Annotated[int, Field(ge=8)]


class Alignment(Strict):
    """Moment matching (GD-Retriever 4.1.1): the shrinkage of Table 3, those that are swept, and numbers of rows."""

    shrinkage: Share
    shrinkages: Annotated[list[Share], Field(min_length=1), AfterValidator(ascending)]
    unlabelled: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1), AfterValidator(ascending)]
    draws: Count  # subsets of each number of rows
    dial: Dial


class Asked(Strict):
    """How many tracks of each split are completed."""

    val: Annotated[int, Field(ge=2)]
    test: Annotated[int, Field(ge=20)]  # five parts of ten bridges


class Gradients(Strict):
    """Guidance gradients (arXiv 2311.00613): the network, the sampling, and what is swept."""

    model: Literal["clap", "clap-minilm"]
    steps: Count  # of DDIM
    steps_tried: Counts
    iterations: Counts  # of conjugate gradients a step, in the posterior form; val chooses
    samples: Count
    asked: Asked
    sizes: Annotated[list[Positive], Field(min_length=2), AfterValidator(ascending)]  # of a step, in rms of z0
    class_weights: Annotated[list[Positive], Field(min_length=1), AfterValidator(ascending)]  # beside reconstruction
    depths: Counts  # steps of noise that a track is regenerated from

    @model_validator(mode="after")
    def _within(self):
        if max(self.depths) > self.steps:
            raise ValueError(f"depth {max(self.depths)} is more than the schedule's {self.steps} steps")
        return self
