"""The pipeline's own encoders behind the protocol: muscall-mini, clap-mini, mule-mini, clip-mini, and MiniLM.

Level: the made corpus is rendered at one loudness (rms .1, -20 dB below full scale, over the whole clip), and log-mel
hears loudness. So samples are scaled to that rms over the whole piece before they are looked at, by one factor, without
a limiter: numbers above 1 do no harm here. A track of the corpus keeps its level, but for a per cent of its fades.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ghostnotes.encoders import features, joint, protocol
from ghostnotes.encoders.checkpoints import FOLDER
from ghostnotes.tokens import Tokens

RMS = 0.1  # the loudness of the made corpus
BLOCK = 60  # seconds that are turned into a spectrogram at a time: a mix of an hour need not fit into memory
MADE = "made by rule and rendered with a General MIDI sound font; it never met a real recording"
TRAINED_ON = {
    "muscall-mini": f"captions and music of this project's studio domain, {MADE}",
    "clap-mini": f"captions and music of this project's general mix, {MADE}",
    "mule-mini": f"music of this project's general mix alone, without texts, {MADE}",
    "clip-mini": "small pictures painted by rule and their own captions; it never met a photograph",
}


class _Mini:
    """Weights that the pipeline trained, models/encoders/NAME.safetensors."""

    def __init__(self, name: str, models: Path, device: str):
        path = Path(models) / FOLDER / f"{name}.safetensors"
        if not path.exists():
            raise ValueError(f"{name}: {path} is not there; `make repro` trains it (or give the folder that holds it)")
        model, self.fingerprint = joint.load(path)
        self.model, self.device, self.name = model.to(device), device, name
        self.dim, self.trained_on = model.media_head.out_features, TRAINED_ON[name]


class MiniAudio(_Mini):
    """4 s windows, one a second, at 32 kHz."""

    rate, seconds, hop = features.RATE, 4.0, 1.0

    def windows(self, samples: np.ndarray) -> Tensor:
        """See `protocol.AudioEncoder`."""
        samples = protocol.checked(samples)
        if len(samples) < self.seconds * self.rate:
            samples = np.resize(samples, int(self.seconds * self.rate))
        looks = features.windows(torch.from_numpy(frames(at_level(samples)))[None])[0]
        return protocol.in_batches(
            lambda some: self.model.encode_media(features.as_image(some).to(self.device)), looks, 64
        )


class MiniText(_Mini):
    """The text tower of a joint encoder: its vectors in the joint space, its states of every word.

    It knows the words of its training texts alone; all others are one and the same to it (`unknown` names them).
    """

    def __init__(self, name: str, models: Path, device: str):
        super().__init__(name, models, device)
        self.token_dim = self.model.text_head.in_features

    def pooled(self, texts) -> Tensor:
        """See `protocol.TextEncoder`."""
        numbers = self.model.text_tower.tokens(protocol.checked_texts(texts)).to(self.device)
        return protocol.in_batches(self.model.encode_tokens, numbers, 256)

    def unknown(self, text: str) -> list[str]:
        """The words of a text that the encoder never met in training, in order: it cannot tell them from each other."""
        return [word for word in dict.fromkeys(joint.words(text)) if word not in self.model.text_tower.index]

    @torch.inference_mode()
    def tokens(self, texts) -> Tokens:
        """See `protocol.TextEncoder`."""
        numbers = self.model.text_tower.tokens(protocol.checked_texts(texts)).to(self.device)
        return protocol.padded([(self.model.text_tower(some)[0], some != joint.PAD) for some in numbers.split(256)])


class MiniImage(_Mini):
    """Pictures at 64 x 64 pixels: the middle square of a larger one, made smaller."""

    def pictures(self, items) -> Tensor:
        """See `protocol.ImageEncoder`."""
        from PIL import ImageOps

        small = [ImageOps.fit(picture, (64, 64)) for picture in protocol.opened(items)]
        pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in small]))
        return protocol.in_batches(
            lambda some: self.model.encode_media(features.as_picture(some).to(self.device)), pixels, 64
        )


def at_level(samples: np.ndarray) -> np.ndarray:
    """The samples at the corpus's loudness; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return samples if rms < 1e-7 else samples * np.float32(RMS / rms)


def frames(samples: np.ndarray) -> np.ndarray:
    """`features.spectrogram`, a block at a time: blocks see a second of their neighbours, so that no seam is left."""
    whole, last = [], len(samples) // features.HOP
    for start in range(0, -(-len(samples) // features.RATE), BLOCK):
        before = min(start, 1)
        piece = samples[(start - before) * features.RATE : (start + BLOCK + 1) * features.RATE]
        skipped, count = before * features.FRAMES_PER_SECOND, BLOCK * features.FRAMES_PER_SECOND
        whole.append(features.spectrogram(piece)[skipped : skipped + count])
    return np.concatenate(whole)[:last]
