"""Held-out classifiers that say what can be heard in a track or seen in a picture.

They share no weights with the encoders and their training tracks are not judged by them: an outside ear.
"""

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes.encoders.trunks import TRUNKS
from ghostnotes.files import load_weights

PLAIN = ("mood", "lead", "drums", "density", "production")
TEMPO_EDGES = (84, 112, 138)  # BPM: slow, medium, brisk, fast, as the captions' words divide it
MEASURED = ("genre", "mood", "tempo", "key", "mode", "lead", "drums", "density", "production")


def values_of(tracks: pd.DataFrame, genres: list[str]) -> dict[str, list[str]]:
    """The classes of every head; key and mode share one, `tonality`, since neither is heard without the other."""
    values = {"genre": list(genres), "tempo": [f"up to {edge} BPM" for edge in TEMPO_EDGES] + ["faster"]}
    values |= {name: sorted(set(tracks[name])) for name in PLAIN}
    return values | {"tonality": [f"{key} {mode}" for key in sorted(set(tracks["key"])) for mode in ("major", "minor")]}


def targets(tracks: pd.DataFrame, values: dict[str, list[str]]) -> dict[str, Tensor]:
    """What is true, as distributions over the classes: name -> (N, classes); a crossover is half of each genre.

    A value that no training track had has no class: its row is zero, so it teaches nothing and is never right.
    """

    def one_hot(column, classes):
        codes = torch.from_numpy(pd.Index(classes).get_indexer(column)).long()
        return F.one_hot(codes.clamp(min=0), len(classes)).float() * (codes >= 0)[:, None]

    second = tracks["second_genre"].where(tracks["second_genre"] != "", tracks["genre"])
    found = {"genre": (one_hot(tracks["genre"], values["genre"]) + one_hot(second, values["genre"])) / 2}
    found["tempo"] = F.one_hot(
        torch.bucketize(torch.tensor(tracks["tempo"].to_numpy()), torch.tensor(TEMPO_EDGES)), 4
    ).float()
    found |= {name: one_hot(tracks[name], values[name]) for name in PLAIN}
    return found | {"tonality": one_hot(tracks["key"] + " " + tracks["mode"], values["tonality"])}


class Probe(nn.Module):
    """A trunk like the encoders' and a linear head for every attribute: (B, C, H, W) -> name -> logits (B, classes)."""

    def __init__(self, media: str, channels: list[int], values: dict[str, list[str]], dropout: float = 0.3):
        super().__init__()
        self.trunk = TRUNKS[media](channels)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(channels[-1], len(classes)) for name, classes in values.items()})
        self.values = values

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = self.dropout(self.trunk(x))
        return {name: head(hidden) for name, head in self.heads.items()}

    def loss(self, x: Tensor, truth: dict[str, Tensor]) -> Tensor:
        """Mean cross-entropy of the heads, in nats."""
        return torch.stack([F.cross_entropy(out, truth[name]) for name, out in self(x).items()]).mean()

    @torch.inference_mode()
    def heard(self, pieces: Tensor) -> dict[str, Tensor]:
        """(N, T, C, H, W) looks at N items -> probabilities of each attribute's classes (N, C), key and mode apart.

        The looks at one item are taken together by the geometric mean.
        """
        flat = self(pieces.flatten(0, 1))
        joint = {
            name: out.log_softmax(-1).unflatten(0, pieces.shape[:2]).mean(1).softmax(-1) for name, out in flat.items()
        }
        tonality = joint.pop("tonality").unflatten(1, (-1, 2))
        return joint | {"key": tonality.sum(2), "mode": tonality.sum(1)}


def named(heard: dict[str, Tensor], values: dict[str, list[str]]) -> pd.DataFrame:
    """The likeliest genre, lead and band of tempo of every item, as columns named_genre, named_lead, named_tempo."""
    return pd.DataFrame(
        {f"named_{name}": [values[name][i] for i in heard[name].argmax(1)] for name in ("genre", "lead", "tempo")}
    )


def judged(heard: dict[str, Tensor], tracks: pd.DataFrame, values: dict[str, list[str]]) -> pd.DataFrame:
    """One row a track, one column an attribute: 1.0 where the likeliest class is right, else 0.0.

    A crossover's genre is right where either of its two is named.
    """
    truth = targets(tracks, values)
    tonality = truth.pop("tonality").unflatten(1, (-1, 2))
    truth |= {"key": tonality.sum(2), "mode": tonality.sum(1)}
    rows = torch.arange(len(tracks))
    right = {name: (truth[name][rows, heard[name].argmax(1)] > 0).double().numpy() for name in MEASURED}
    return pd.DataFrame(right, index=tracks.index)


def load(path) -> Probe:
    """A trained probe in evaluation mode."""
    return load_weights(path, lambda saved: Probe(saved["media"], saved["channels"], saved["values"]))[0]
