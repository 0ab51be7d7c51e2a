"""One joint encoder class: a media trunk and a small text tower that meet in one unit sphere.

`muscall-mini` (audio and captions) and `clip-mini` (pictures and picture captions) are two trainings of it. The text
tower is its own small transformer over words, with its states kept, not a projection of another language model.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

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


class MediaTrunk(nn.Module):
    """Strided convolutions, then mean plus maximum over what is left: (B, C, H, W) -> (B, channels[-1])."""

    def __init__(self, inputs: int, channels: list[int]):
        super().__init__()
        layers = []
        for position, outputs in enumerate(channels):
            kernel = 5 if position == 0 else 3
            layers += [nn.Conv2d(inputs, outputs, kernel, stride=2, padding=kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x.contiguous(memory_format=torch.channels_last))
        return x.mean(dim=(2, 3)) + x.amax(dim=(2, 3))


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


class JointEncoder(nn.Module):
    """Media and text -> unit vectors (B, dim) whose cosine says how well they go together.

    Settings: media channels in (1 for log-mel, 3 for pictures), trunk channels, text width, dim, vocabulary.
    """

    def __init__(self, inputs: int, channels: list[int], text_width: int, dim: int, vocabulary: list[str]):
        super().__init__()
        self.trunk = MediaTrunk(inputs, channels)
        self.media_head = nn.Linear(channels[-1], dim)
        self.text_tower = TextTower(vocabulary, text_width)
        self.text_head = nn.Linear(text_width, dim)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def encode_media(self, x: Tensor) -> Tensor:
        """(B, C, H, W) float -> (B, dim), unit norm."""
        return F.normalize(self.media_head(self.trunk(x)), dim=-1)

    def encode_tokens(self, tokens: Tensor) -> Tensor:
        """(B, L) word numbers -> (B, dim), unit norm."""
        return F.normalize(self.text_head(self.text_tower(tokens)[1]), dim=-1)

    def encode_text(self, texts) -> Tensor:
        """Texts -> (B, dim), unit norm."""
        return self.encode_tokens(self.text_tower.tokens(texts))

    def contrastive_loss(self, media: Tensor, text: Tensor) -> Tensor:
        """InfoNCE in both directions: each item must find its own text among the batch's, and the text its item."""
        scores = self.log_scale.clamp(max=4.6).exp() * media @ text.T
        own = torch.arange(len(scores))
        return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


def load(path) -> tuple[JointEncoder, str]:
    """A trained encoder in evaluation mode and its fingerprint: name and the first digits of its weights' sha256."""
    names = ("inputs", "channels", "text_width", "dim", "vocabulary")
    encoder, metadata = load_weights(path, lambda saved: JointEncoder(**{name: saved[name] for name in names}))
    return encoder, f"{metadata['name']}-{sha256(path)[:12]}"


@torch.inference_mode()
def in_batches(encode, items, batch: int = 128, describe: str = "encode") -> Tensor:
    """torch.cat of encode(items[i : i + batch]) over all items, with a progress bar."""
    starts = range(0, len(items), batch)
    return torch.cat([encode(items[s : s + batch]) for s in tqdm(starts, desc=describe, unit="batch", mininterval=1)])
