"""Texts paired with sequences of window embeddings, and the networks that learn to imagine the one from the other.

GD-Retriever 3: what a network is given, what it should answer, what it minimises. `ghost_queries` asks a trained one.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ghostnotes import objectives, samplers
from ghostnotes.datasets import made
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.encoders import joint
from ghostnotes.files import load_weights
from ghostnotes.mlp import MLPPrior, MLPRegression
from ghostnotes.tokens import Tokens
from ghostnotes.unet import UNetPrior, UNetRegression

NETWORKS = {
    "unet": UNetPrior, "unet-regression": UNetRegression, "mlp": MLPPrior, "mlp-regression": MLPRegression,
}  # fmt: skip
BUILD = Path("build")


@dataclass(frozen=True)
class Pairs:
    """Texts, and the tracks that they were written for: what a network is asked, and what it should answer.

    queries: N texts, as tokens or as vectors (N, d); tracks: (M, T, dim), or (M, dim) where nothing is a sequence;
    owner (N,): the track of each text, so that all texts of a track have one right answer; ids: the texts' names,
    "TRACK/NUMBER".
    """

    ids: tuple[str, ...]
    queries: Tokens | Tensor
    tracks: Tensor
    owner: Tensor

    def __len__(self) -> int:
        return len(self.owner)

    def first(self, count: int = 1) -> "Pairs":
        """The first texts of every track, so many of each."""
        rows = [row for row, name in enumerate(self.ids) if int(name.rsplit("/", 1)[1]) < count]
        return Pairs(tuple(self.ids[row] for row in rows), self.queries[rows], self.tracks, self.owner[rows])


def token_states(encoder: str, name: str, rows) -> TokenStates:
    """States of every token of a set's captions: MiniLM's from its store, a joint model's from its own text tower."""
    if encoder == "minilm":
        return TokenStates.load(BUILD / "text" / f"{name}.safetensors")
    model, fingerprint = joint.load(BUILD / "encoders" / f"{encoder}.safetensors")
    captions = made.load(name, rows).captions
    kept, lengths = [], []
    with torch.inference_mode():
        for some in torch.arange(len(captions)).split(256):
            tokens = model.text_tower.tokens(captions["text"].iloc[some.tolist()])
            real = tokens != joint.PAD
            kept.append(model.text_tower(tokens)[0][real].half())
            lengths.append(real.sum(1))
    ids = captions["id"] + "/" + captions["number"].astype(str)
    return TokenStates(tuple(ids), torch.cat(kept), torch.cat(lengths), fingerprint)


def load_pairs(ghost, name: str, rows) -> Pairs:
    """The captions of a set and its tracks, in the form that a network takes.

    ghost: a network's settings (`settings.Ghost`). rows: how many tracks of each split are used.
    """
    sequences = ghost.network.startswith("unet")
    tracks = Embeddings.load(BUILD / "embeddings" / ghost.audio / f"{name}-tracks.safetensors")
    if ghost.text_form == "tokens":
        states = token_states(ghost.text, name, rows)
        padded = nn.utils.rnn.pad_sequence(states.states.split(states.lengths.tolist()), batch_first=True)
        ids, queries = states.ids, Tokens(padded, torch.arange(padded.shape[1])[None] < states.lengths[:, None])
    else:
        pooled = Embeddings.load(BUILD / "embeddings" / ghost.text / f"{name}-captions.safetensors")
        ids, queries = pooled.ids, pooled.vectors
        queries = Tokens(queries[:, None], torch.ones(len(ids), 1, dtype=torch.bool)) if sequences else queries
    vectors = tracks.windows if ghost.audio_form == "windows" else tracks.vectors[:, None]
    row_of = {track: row for row, track in enumerate(tracks.ids)}
    owner = torch.tensor([row_of[text.rsplit("/", 1)[0]] for text in ids])
    return Pairs(ids, queries, vectors if sequences else vectors[:, 0], owner)


def shape(ghost, sizes, pairs: Pairs) -> dict:
    """What `NETWORKS[ghost.network]` is built from, for these pairs; sizes: `settings.Ghosts`."""
    words = pairs.queries.states if isinstance(pairs.queries, Tokens) else pairs.queries
    if not ghost.network.startswith("unet"):
        return {"dim": pairs.tracks.shape[-1], "query_dim": words.shape[-1], "width": sizes.hidden}
    found = {"dim": pairs.tracks.shape[-1], "text_dim": words.shape[-1], "width": sizes.width, "levels": sizes.levels,
             "heads": sizes.heads}  # fmt: skip
    return found | ({"scalings": ghost.target} if ghost.network == "unet" else {"frames": pairs.tracks.shape[1]})


def draw(count: int, batch: int, mask: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A training batch: texts (batch,) of count, and which of them the network does not get to see, a share of mask."""
    return torch.randint(count, (batch,), generator=generator), torch.rand(batch, generator=generator) < mask


def noise_levels(ghost, count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """(count,) noise levels of a training batch: log-uniform for EDM, else uniform over AudioLDM2's 1000 steps."""
    if ghost.target == "edm":
        return objectives.log_uniform_sigmas(count, low, high, generator)
    return samplers.ddim_sigmas(1000)[torch.randint(1000, (count,), generator=generator)].float()


def row_losses(network: nn.Module, z0: Tensor, query, drop: Tensor, sigma: Tensor | None, noise: Tensor | None):
    """One number a row (B,): the denoising loss, weighted as the network's scalings ask, or the squared error.

    z0: (B, T, dim) or (B, dim) in the standardised space. GD-Retriever eq. 1 where the network predicts the sample.
    """
    if sigma is None:
        found = network(query, drop)
        if found.shape != z0.shape:
            raise ValueError(f"ghosts: the network answers with {tuple(found.shape)}, the tracks are {tuple(z0.shape)}")
        error = found - z0
    else:
        level, c_out = (x.reshape(-1, *[1] * (z0.ndim - 1)) for x in (sigma, network.scalings(sigma)[1]))
        error = (network(z0 + level * noise, sigma, query, drop) - z0) / c_out
    return error.square().flatten(1).mean(1)


def load(path: Path) -> tuple[nn.Module, dict]:
    """A trained network in evaluation mode, and what was saved with it."""
    return load_weights(path, lambda saved: NETWORKS[saved["network"]](**saved["shape"]))
