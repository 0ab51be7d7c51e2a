"""From a picture to music by way of words: stand-ins for Diff4Steer's Gemini-ImageCap and Gemini-MusicCap (III-C).

A captioner puts pictures into words, the text tower of the joint audio-text model makes seeds of the words, and search
goes on as ever. The picture bridge says what is to be seen, the music bridge what music would go with it. No large
model can be had where the default pipeline runs, so its captioners look texts up beside the training pictures; a
captioning model takes their place by name.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ghostnotes import retrieval
from ghostnotes.datasets.made import Catalogue
from ghostnotes.encoders.joint import in_batches

# pictures in, texts out, equally many a picture: a picture's own together, the first picture's first
Captioner = Callable[[Tensor], list[str]]
BATCH = 16  # pictures that a captioning model describes at once
LONGEST = 64  # tokens that it may write


class NearestCaptions:
    """A captioner that looks up: the texts of the keys nearest to a picture, nearest first."""

    reads = "vectors"

    def __init__(self, keys: Tensor, texts: Sequence[str], neighbours: int = 1):
        """keys: (N, d) unit norm, texts: N of them; neighbours: how many texts a picture gets. ValueError if few."""
        if keys.ndim != 2 or len(keys) != len(texts):
            raise ValueError(f"nearest captions: {len(texts)} texts for keys {tuple(keys.shape)}; need one key a text")
        if not 1 <= neighbours <= len(texts):
            raise ValueError(f"nearest captions: {neighbours} neighbours asked for, there are {len(texts)} texts")
        self.keys, self.texts, self.neighbours = keys, list(texts), neighbours

    def __call__(self, pictures: Tensor) -> list[str]:
        """Picture vectors (Q, d), unit norm, of the keys' space -> Q * neighbours texts."""
        _, rows = retrieval.nearest(pictures, self.keys, self.neighbours)
        return [self.texts[row] for row in rows.flatten().tolist()]


class CaptioningModel:
    """A captioner that writes: an image captioning model of transformers, one text a picture, greedy and so repeatable.

    With a chat template the prompt is an instruction ("What music would go with this picture?"); without one, as in
    BLIP, it is how the caption begins, and is not part of the text.
    """

    reads = "pixels"

    def __init__(self, name: str, prompt: str = ""):
        """name: a folder or a name on the Hub, weights in safetensors. ValueError where there is no such model."""
        # late: only who asks for a model waits for transformers
        from transformers import AutoModelForImageTextToText, AutoProcessor

        try:
            self.processor = AutoProcessor.from_pretrained(name)
            model = AutoModelForImageTextToText.from_pretrained(name, use_safetensors=True, dtype=torch.float32)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:150]
            what = "neither 'nearest' nor an image captioning model with weights in safetensors"
            raise ValueError(f"captioner {name!r}: {what}: {reason}") from error
        self.model, self.name, self.prompt = model.eval(), name, prompt
        self.chats = getattr(self.processor, "chat_template", None) is not None

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> list[str]:
        """Pixels (Q, H, W, 3) uint8 -> Q texts."""
        if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != torch.uint8:
            raise ValueError(f"{self.name}: pictures must be (Q, H, W, 3) uint8, got {tuple(pictures.shape)}")
        texts = []
        for some in tqdm(pictures.split(BATCH), desc=self.name, unit="batch", mininterval=1):
            inputs = self._inputs(list(some.numpy()))
            opening = self._words(inputs["input_ids"])[0] if self.prompt and not self.chats else ""
            tokens = self.model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=LONGEST)
            written = self._words(tokens[:, inputs["input_ids"].shape[1] :] if self.chats else tokens)
            texts += [text.removeprefix(opening).strip() for text in written]
        return texts

    def _words(self, tokens: Tensor) -> list[str]:
        return [text.strip() for text in self.processor.batch_decode(tokens, skip_special_tokens=True)]

    def _inputs(self, pictures: list[np.ndarray]):
        if not self.chats:
            words = {"text": [self.prompt] * len(pictures)} if self.prompt else {}
            return self.processor(images=pictures, return_tensors="pt", **words)
        ask = [{"type": "image"}, {"type": "text", "text": self.prompt}]
        asked = self.processor.apply_chat_template([{"role": "user", "content": ask}], add_generation_prompt=True)
        return self.processor(images=pictures, text=[asked] * len(pictures), return_tensors="pt")


def captioner(name: str, keys: Tensor | None = None, texts: Sequence[str] = (), neighbours: int = 1, prompt: str = ""):
    """The captioner of this name: "nearest" looks up, anything else is a model of transformers (folder or Hub name).

    keys, texts, neighbours: for the look-up, see `NearestCaptions`; prompt: for the model, see `CaptioningModel`. Its
    `reads` says what it wants to see: "vectors" or "pixels".
    """
    if name != "nearest":
        return CaptioningModel(name, prompt)
    if keys is None:
        raise ValueError("captioner 'nearest' needs keys and texts to look up; give both or name a captioning model")
    return NearestCaptions(keys, texts, neighbours)


def picture_captions(catalogue: Catalogue) -> list[str]:
    """What is to be seen in each of a set's pictures: texts for the picture bridge; their own vectors are the keys."""
    return list(catalogue.pictures["caption"])


def music_captions(catalogue: Catalogue) -> list[str]:
    """The first caption of the track that each of a set's pictures goes with: texts for the music bridge.

    The pictures' vectors are the keys. Looked up in a training set, no caption of a test track can come up.
    """
    first = catalogue.captions[catalogue.captions["number"] == 0].set_index("id")["text"]
    return list(first.loc[catalogue.pictures["id"]])


def seeds(captioner: Captioner, pictures: Tensor, encode_text: Callable) -> Tensor:
    """Seed embeddings in the joint audio-text space, one a text: (Q, texts a picture, d); rank them by their mean.

    encode_text: texts -> (B, d) unit norm, such as `JointEncoder.encode_text`. ValueError where pictures get unequally
    many texts.
    """
    texts = captioner(pictures)
    if not texts or len(texts) % len(pictures):
        raise ValueError(f"captioner gave {len(texts)} texts for {len(pictures)} pictures; need equally many a picture")
    return in_batches(encode_text, texts, 256, "captions").unflatten(0, (len(pictures), -1))
