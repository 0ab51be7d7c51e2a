"""The section `ghosts` of params.yaml: GD-Retriever's networks, and what they are asked."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from ghostnotes.fields import Ascending, Count, Noise, Seeds, Share, Strict, TrainingSettings

GhostName = Literal[
    "clap", "muscall", "clap-minilm", "mule-minilm", "sample", "noise", "pooled-audio", "pooled-text", "pooled",
    "regression", "mlp", "mlp-regression",
]  # fmt: skip


class Ghost(Strict):
    """A network of GD-Retriever: what it is, whose audio it imagines from whose text, and in which form."""

    network: Literal["unet", "unet-regression", "mlp", "mlp-regression"]
    audio: Literal["clap-mini", "muscall-mini", "mule-mini"]
    text: Literal["clap-mini", "muscall-mini", "minilm"]
    target: Literal["edm", "sample", "noise"]  # what a diffusion network learns to predict
    audio_form: Literal["windows", "pooled"]
    text_form: Literal["tokens", "pooled"]

    @model_validator(mode="after")
    def _one_vector(self):
        if self.network.startswith("mlp") and (self.audio_form, self.text_form) != ("pooled", "pooled"):
            raise ValueError(f"{self.network} knows no sequences; give it pooled audio and pooled text")
        return self


class Asked(Strict):
    """How many ghosts a network imagines for a caption, and in which domains' test sets."""

    samples: Count
    domains: Annotated[list[Literal["studio", "crowd", "lofi"]], Field(min_length=1)]


class GhostSampling(Strict):
    """DDIM: steps, and the weight of the text (GD-Retriever eq. 3: w); what is asked, and how many ghosts answer."""

    steps: Count
    omega: FiniteFloat
    ranked: Count  # ghosts that a query averages (n_q)
    captions: Annotated[int, Field(ge=1, le=3)]  # of every test track


class GhostAblations(Strict):
    """What val is asked, with the first caption of every track: numbers of ghosts and of steps, and weights."""

    samples: Ascending
    steps: Ascending
    omegas: Ascending


class Adapter(Strict):
    """The small network that fits a teacher's texts to the ghosts' training pairs: its hidden layer and training."""

    hidden: Count
    dropout: Share
    training: TrainingSettings


class Ghosts(Strict):
    """GD-Retriever: the networks' sizes and training, the data-matched teacher, and what they are asked."""

    width: Count
    levels: Count
    heads: Count
    hidden: Count  # of the MLPs
    dropout: Share
    mask: Share
    noise: Noise
    seeds: Seeds
    training: TrainingSettings
    models: Annotated[dict[GhostName, Ghost], Field(min_length=12)]
    adapter: Adapter
    sampling: GhostSampling
    asked: Annotated[dict[GhostName, Asked], Field(min_length=12)]
    ablations: GhostAblations

    @model_validator(mode="after")
    def _enough_ghosts(self):
        wanted = self.sampling.ranked
        few = [name for name, one in self.asked.items() if one.samples < wanted and "regression" not in name]
        if few or max(self.ablations.samples) < wanted:
            raise ValueError(f"a query averages {wanted} ghosts (sampling.ranked), and "
                             f"{few[0] if few else 'ablations.samples'} has fewer")  # fmt: skip
        return self
