"""The sections of params.yaml, typed: what each setting may be. `config` reads the file into them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ghostnotes.catalogue_settings import Catalogues
from ghostnotes.control_settings import Alignment, Control, Gradients
from ghostnotes.fields import Ascending, Count, Counts, Noise, Positive, Seeds, Share, Strict, TrainingSettings
from ghostnotes.ghost_settings import Ghosts

EncoderName = Literal["muscall-mini", "clap-mini", "mule-mini", "clip-mini"]
ModelName = Literal["prior", "regression", "regression-long", "regression-text"]


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
    """How many rows of each split are used, of how many the loudness is measured, how many processes render them."""

    rows: Rows
    measured: Count
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


class Sampling(Noise):
    """Solver and noise levels of generation: Karras steps between sigma_max and sigma_min."""

    solver: Literal["euler_maruyama", "dpm_solver_2m_sde", "heun", "euler"]
    steps: Count
    rho: Positive


class Cost(Strict):
    """The cost of sampling: strengths, numbers of network evaluations, and noise seeds of the reference."""

    omegas: Ascending
    evaluations: Counts
    seeds: Annotated[int, Field(ge=2)]


class Sweep(Strict):
    """The guidance sweep: strengths, seeds a query, and K of its metrics; which strengths the ideal denoiser gets."""

    omegas: Ascending
    ideal_omegas: Ascending
    seeds: Annotated[int, Field(ge=2)]
    recall_at: Counts
    entropy_at: Counts


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
    training_seeds: Seeds
    models: Annotated[dict[ModelName, Model], Field(min_length=4)]
    sampling: Sampling
    cost: Cost
    bridges: Bridges
    steering: Steering
    sweep: Sweep
    uncertainty: Uncertainty
    effects: Effects
    ghosts: Ghosts
    control: Control
    alignment: Alignment
    gradients: Gradients
    catalogues: Catalogues

    @model_validator(mode="after")
    def _trained_where_sampled(self):
        if self.sampling.sigma_min < self.noise.sigma_min or self.sampling.sigma_max > self.noise.sigma_max:
            raise ValueError("sampling goes beyond the noise levels that the prior is trained at (noise)")
        return self
