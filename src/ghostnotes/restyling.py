"""Another genre or mood for a track of which a part is kept: what is asked for, the classifiers, and the plain rival.

The classifiers that a guidance gradient goes down hear the asked part of training tracks; outcomes are counted on
tracks of the gallery (`outcomes`), so what is optimised is not what is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from ghostnotes import guidance, losses, outcomes
from ghostnotes.completion import Task
from ghostnotes.datasets import truth

STYLES = ("genre", "mood")
WAYS = ("unsteered", "reconstruction", "class", "combined", "text", "overwritten")


def other_values(tracks: pd.DataFrame) -> pd.DataFrame:
    """What each track is asked to be: genre and mood in turn, the next value in the alphabet; columns name, value."""
    names = [STYLES[row % 2] for row in range(len(tracks))]
    known = {name: sorted(set(tracks[name])) for name in STYLES}
    found = []
    for name, (_, track) in zip(names, tracks.iterrows()):
        following = known[name][(known[name].index(track[name]) + 1) % len(known[name])]
        found.append((name, following))
    return pd.DataFrame(found, columns=["name", "value"], index=tracks.index)


def wishes(tracks: pd.DataFrame, asked: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    """What `outcomes.share` counts for each track: the value asked for, and all else that the track has."""
    wished = [{name: (value,)} for name, value in asked.itertuples(index=False)]
    return wished, outcomes.own(tracks, asked["name"])


def texts(asked: pd.DataFrame) -> list[str]:
    """The shortest text that asks for each."""
    known = truth.prompts()
    return [known[value] if name == "genre" else f"A {value} track." for name, value in asked.itertuples(index=False)]


def guide(method: str, network, task: Task, values: Tensor, asked: pd.DataFrame, styles: "Styles", vectors: Tensor,
          weight: float, step: float) -> Callable:  # fmt: skip
    """(denoiser, index) -> denoiser for one way to restyle: values (N, T, dim) are heard where the task observes.

    "unsteered"; "reconstruction" of what is heard; "class", the classifier's loss alone; "combined", both; "text", with
    the cosine to a text (vectors (N, dim)) in the classifier's place; "overwritten", the class loss with what is heard
    put in place at every step. weight: of the style's loss beside the reconstruction's 1; step: `guidance.gradient`.
    """
    if method not in WAYS:
        raise ValueError(f"restyling knows {', '.join(WAYS)}, not {method!r}")

    def by(denoiser, index):
        if method == "unsteered":
            return denoiser
        same, style = losses.reconstruction(task.mask, values[index]), styles.loss(asked, network, index)
        if method == "text":
            style = losses.towards(vectors[index], lambda z0: task.part(network.decode(z0)))
        terms = {"reconstruction": [(1.0, same)], "class": [(1.0, style)], "overwritten": [(1.0, style)]}
        loss = losses.weighted(*terms.get(method, [(1.0, same), (weight, style)]))
        moved = guidance.gradient(denoiser, loss, step)
        return guidance.observe(moved, task.mask, values[index]) if method == "overwritten" else moved

    return by


@dataclass(frozen=True)
class Styles:
    """A classifier a style of the asked part of training tracks, and the mean of every class."""

    task: Task
    classifiers: dict[str, losses.Classifier]
    means: dict[tuple[str, str], Tensor]

    @classmethod
    def fit(cls, windows: Tensor, tracks: pd.DataFrame, task: Task) -> "Styles":
        """windows: (N, T, dim) of N training tracks."""
        part, means = task.part(windows), {}
        for name in STYLES:
            for value in set(tracks[name]):
                having = torch.tensor((tracks[name] == value).to_numpy())
                means[name, value] = F.normalize(part[having].mean(0), dim=0)
        return cls(task, {name: losses.Classifier.fit(part, list(tracks[name])) for name in STYLES}, means)

    def known(self, asked: pd.DataFrame, tracks: pd.DataFrame) -> list[bool]:
        """For every row whether what it asks for, and what its track has, were met in training."""
        return [{(name, value), (name, track[name])} <= set(self.means)
                for (name, value), (_, track) in zip(asked.itertuples(index=False), tracks.iterrows())]  # fmt: skip

    def loss(self, asked: pd.DataFrame, network, index: Tensor) -> losses.Loss:
        """z0 -> cross-entropy of what each row asks for; index (B,): rows of `asked`."""
        rows = asked.iloc[index.tolist()]
        each = []
        for name in STYLES:
            here = torch.tensor((rows["name"] == name).to_numpy())
            if here.any():
                classifier = self.classifiers[name]
                wanted = classifier.index(rows["value"][here.numpy()])
                each.append((here, losses.of_class(classifier, wanted, lambda z0: self.task.part(network.decode(z0)))))

        def loss(z0: Tensor) -> Tensor:
            found = z0.new_zeros(len(z0))
            for here, one in each:
                found = found.index_put((here,), one(z0[here]))
            return found

        return loss

    def shift(self, asked: pd.DataFrame, tracks: pd.DataFrame) -> Tensor:
        """What vector arithmetic adds, (N, dim): the mean of the class asked for minus that of the track's own."""
        pairs = zip(asked.itertuples(index=False), tracks.iterrows())
        return torch.stack([self.means[name, value] - self.means[name, row[name]] for (name, value), (_, row) in pairs])
