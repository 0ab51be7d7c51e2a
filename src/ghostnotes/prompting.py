"""Any texts as queries of a ghost network, and the ghosts that it imagines for them, in full.

`ghosts` reads a set's captions and `ghost_queries` keeps means over time; here a person's own texts are asked, with or
without a text that is unwanted, and the windows are kept, since an inversion starts from them.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from ghostnotes import generation, guidance, samplers
from ghostnotes.encoders import joint
from ghostnotes.encoders.minilm import MiniLM
from ghostnotes.tokens import Tokens

ENCODERS = Path("build/encoders")


def tokens(encoder: str, texts) -> Tokens:
    """States of every token of N texts, by the name of an encoder. ValueError where one has no word."""
    texts = list(texts)
    if encoder == "minilm":
        empty = next((text for text in texts if not text.strip()), None)
        if empty is not None:
            raise ValueError(f"text encoder: no word in {empty!r}")
        return Tokens(*MiniLM().token_states(texts, texts).padded(range(len(texts))))
    model, _ = joint.load(ENCODERS / f"{encoder}.safetensors")
    with torch.inference_mode():
        numbers = model.text_tower.tokens(texts)
        # half precision, as the states that the networks were trained on
        return Tokens(model.text_tower(numbers)[0].half().float(), numbers != joint.PAD)


def vectors(encoder: str, texts) -> Tensor:
    """The joint model's pooled vectors of N texts: (N, dim), unit norm."""
    model, _ = joint.load(ENCODERS / f"{encoder}.safetensors")
    return joint.in_batches(model.encode_text, list(texts), 256, "texts")


def ghosts(network: nn.Module, queries: Tokens, ids, omega: float, samples: int, steps: int, *, frames: int,
           unwanted: Tokens | None = None, seed: int = 0, rows: int = 256) -> Tensor:  # fmt: skip
    """Ghosts of N texts, (N, samples, frames, dim), windows of unit norm.

    DDIM along AudioLDM2's schedule; noise keyed by seed and ids, so that one id starts from the same noise whatever is
    asked. unwanted: N texts to stay away from (GD-Retriever eq. 2), or None (eq. 3); omega: w, a finite number.
    """
    if unwanted is not None and len(unwanted) != len(queries):
        raise ValueError(f"ghosts: {len(queries)} texts and {len(unwanted)} unwanted ones; give one for each")

    def away(_, index):
        return guidance.negative_prompt(network, queries[index], unwanted[index], omega)

    # what it starts from is replaced by `away`: the cheapest strength will do
    strength, guide = (omega, None) if unwanted is None else (0.0, away)
    return generation.generate(network, queries, [strength], samples, seed=seed, ids=ids, guide=guide, rows=rows,
                               sigmas=samplers.ddim_sigmas(steps), solver="euler", shape=(frames, network.dim),
                               progress=True)[0]  # fmt: skip
