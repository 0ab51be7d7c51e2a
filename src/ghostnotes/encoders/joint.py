"""The encoders that the pipeline trains: media and, in a joint encoder, text on one unit sphere.

`muscall-mini` and `clap-mini` (audio and captions) and `clip-mini` (pictures and picture captions) are three trainings
of `JointEncoder`; `mule-mini`, which hears audio alone, is a `MediaEncoder`. The text tower is a small transformer over
words, with its states kept, not a projection of another language model.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from ghostnotes.encoders.trunks import TRUNKS
from ghostnotes.files import load_weights, sha256

WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
LONGEST = 64  # words of a text that are read
PAD, UNKNOWN = 0, 1


def words(text: str) -> list[str]:
    """Lower-case words and numbers of a text."""
    return WORD.findall(text.lower())


def vocabulary(texts) -> list[str]:
    """All words of the training texts, sorted: what the text tower can tell apart."""
    return sorted({word for text in texts for word in words(text)})


class TextTower(nn.Module):
    """Words -> states (B, L, width) and their mean over real words (B, width); a two-layer transformer."""

    def __init__(self, vocabulary: list[str], width: int):
        super().__init__()
        self.index = {word: position + 2 for position, word in enumerate(vocabulary)}
        self.words = nn.Embedding(len(vocabulary) + 2, width, padding_idx=PAD)
        self.positions = nn.Embedding(LONGEST, width)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def tokens(self, texts) -> Tensor:
        """Texts -> (B, L) word numbers, padded. A text without a single word is refused by name."""
        rows = [[self.index.get(word, UNKNOWN) for word in words(text)[:LONGEST]] for text in texts]
        for text, row in zip(texts, rows):
            if not row:
                raise ValueError(f"text encoder: no word in {text!r}")
        return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        padding = tokens == PAD
        x = self.words(tokens) + self.positions.weight[: tokens.shape[1]]
        states = self.layers(x, src_key_padding_mask=padding)
        real = (~padding)[..., None].to(states)
        return states, (states * real).sum(1) / real.sum(1)


class MediaEncoder(nn.Module):
    """Audio or pictures -> unit vectors (B, dim). media: "audio" (log-mel and chroma) or "pictures"."""

    def __init__(self, media: str, channels: list[int], dim: int):
        super().__init__()
        self.trunk = TRUNKS[media](channels)
        self.media_head = nn.Linear(channels[-1], dim)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def encode_media(self, x: Tensor) -> Tensor:
        """(B, C, H, W) float -> (B, dim), unit norm."""
        return F.normalize(self.media_head(self.trunk(x)), dim=-1)

    def contrastive_loss(self, ones: Tensor, others: Tensor) -> Tensor:
        """InfoNCE both ways: row i of `ones` must find row i of `others` among the batch's, and the other way round."""
        scores = self.log_scale.clamp(max=4.6).exp() * ones @ others.T
        own = torch.arange(len(scores))
        return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


class JointEncoder(MediaEncoder):
    """Media and text -> unit vectors (B, dim) whose cosine says how well they go together."""

    def __init__(self, media: str, channels: list[int], dim: int, text_width: int, vocabulary: list[str]):
        super().__init__(media, channels, dim)
        self.text_tower = TextTower(vocabulary, text_width)
        self.text_head = nn.Linear(text_width, dim)

    def encode_tokens(self, tokens: Tensor) -> Tensor:
        """(B, L) word numbers -> (B, dim), unit norm."""
        return F.normalize(self.text_head(self.text_tower(tokens)[1]), dim=-1)

    def encode_text(self, texts) -> Tensor:
        """Texts -> (B, dim), unit norm."""
        return self.encode_tokens(self.text_tower.tokens(texts))


def build(saved: dict) -> MediaEncoder:
    """The untrained encoder of a settings or metadata dict; without a vocabulary it hears media alone."""
    kind = JointEncoder if "vocabulary" in saved else MediaEncoder
    names = ("media", "channels", "dim") + (("text_width", "vocabulary") if kind is JointEncoder else ())
    return kind(**{name: saved[name] for name in names})


def load(path) -> tuple[MediaEncoder, str]:
    """A trained encoder in evaluation mode and its fingerprint: name and the first digits of its weights' sha256."""
    encoder, metadata = load_weights(path, build)
    return encoder, f"{metadata['name']}-{sha256(path)[:12]}"


@torch.inference_mode()
def in_batches(encode, items, batch: int = 128, describe: str = "encode") -> Tensor:
    """torch.cat of encode(items[i : i + batch]) over all items, with a progress bar."""
    starts = range(0, len(items), batch)
    return torch.cat([encode(items[s : s + batch]) for s in tqdm(starts, desc=describe, unit="batch", mininterval=1)])
