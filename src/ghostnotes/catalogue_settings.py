"""The section `catalogues` of params.yaml: the part of the pipeline that starts from files of sound."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from ghostnotes.fields import Count, Share, Strict, Whole


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ValueError(f"the name {name!r} may hold letters, digits, '_' and '-' only")
    return name


class MadeFiles(Strict):
    """How many tracks of the made corpus are written as files, with captions and pictures beside them."""

    train: Count
    test: Count
    reference: Count


class Source(Strict):
    """One catalogue: its name in tables, how it is laid out, where it lies, and what `open_catalogue` takes for it."""

    name: Annotated[str, AfterValidator(_plain)]
    kind: Literal["folder", "musiccaps", "song-describer", "melbench", "pairs", "jamendo"]
    path: str
    options: dict[str, Any] = {}


class Sets(Strict):
    """Which catalogues are learnt from, asked and searched, and compared with (FAD)."""

    train: Annotated[list[Source], Field(min_length=1)]
    test: Annotated[list[Source], Field(min_length=1)]
    reference: Annotated[list[Source], Field(min_length=1)]


class EncoderNames(Strict):
    """The encoders, by the names that `ghostnotes doctor` lists."""

    audio: str
    text: str
    image: str


class Catalogues(Strict):
    """Catalogues, encoders, and what is learnt from them; sizes are those of `ghosts` and `models.prior`."""

    files: MadeFiles
    encoders: EncoderNames
    sets: Sets
    device: Literal["cpu", "cuda"]
    precision: Literal["float32", "bfloat16"]  # of the networks while they are trained and asked; weights stay float32
    target: Literal["edm", "sample", "noise"]  # what the U-Net predicts
    frames: Count  # windows of a sequence at most
    patience: Whole  # measurements without a better one before training stops: with few tracks the best comes early
    held_out: Share  # of the training tracks, to choose the best weights on

    @model_validator(mode="after")
    def _half_precision_on_a_gpu(self):
        # torch 2.13 on a CPU: the gradient of a strided convolution over a single window is NaN in bfloat16
        if self.precision == "bfloat16" and self.device == "cpu":
            raise ValueError("precision bfloat16 needs device cuda; on a CPU a short track gives NaN")
        return self
