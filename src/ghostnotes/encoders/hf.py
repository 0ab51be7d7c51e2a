"""Any text or audio model that transformers knows, from a folder or the hub's local cache; no code of a model's own.

Text: states of every token of the encoder (of Flan-T5 and its like the encoder alone), pooled as their mean, or as the
model's own joint vector where it has one (CLAP, CLIP). Audio: the last hidden states' mean over time of each window,
5 s long, one a second (CLAP: its joint vector of its 10 s). A model whose code comes with it (MERT as published) is
refused, since a stranger's code would run.
"""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ghostnotes.encoders import checkpoints, protocol
from ghostnotes.tokens import Tokens

LONGEST = 512  # tokens of a text that are read, or fewer where the model reads fewer
UNUSED = ("pooler", "masked_spec_embed")  # weights that published encoders often lack, and that are not used here


class _Loaded:
    """A model, ready, and `prepare`, its tokenizer or feature extractor; `joint` where it has a space of two kinds."""

    def __init__(self, name: str, folder: Path, device: str, prepare, joint: str, of_text: bool):
        from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding
        from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING as ENCODERS

        self.name, self.device = name, device
        with checkpoints.offline(), _quiet():
            settings = self._from(AutoConfig, folder)
            kind = AutoModelForTextEncoding if of_text and type(settings) in ENCODERS else AutoModel
            model, info = self._from(kind, folder, dtype=torch.float32, output_loading_info=True)
            self.prepare = self._from(prepare, folder)
        self.joint = getattr(model, joint, None)
        missing = set(info["missing_keys"])
        lost = sorted(key for key in missing if self.joint or not any(unused in key for unused in UNUSED))
        if lost or info["mismatched_keys"]:
            lost = lost or [str(info["mismatched_keys"])]
            raise ValueError(f"{name}: its weights lack {lost[0][:80]} ({len(lost)} such); fetch the whole model again")
        found = {key: tensor for key, tensor in model.state_dict().items() if key not in missing}
        self.fingerprint = f"transformers-{settings.model_type}-{checkpoints.fingerprint(found)}"
        self.trained_on = f"what the model card of {name.partition(':')[2]} says; this program cannot know"
        model = model.eval().to(device)
        if not self.joint and settings.is_encoder_decoder and hasattr(model, "get_encoder"):
            model = model.get_encoder()
        self.model = model

    def _from(self, kind, folder: Path, **options):
        try:
            return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **options)
        except Exception as error:  # each kind of file that is missing or broken raises in its own way
            line = " ".join(str(error).split())[:200]
            raise ValueError(f"{self.name}: {kind.__name__} cannot load {folder}: {line}") from None


@contextmanager
def _quiet():
    """No bars and reports of transformers' own while it loads: what matters of them becomes an error."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


class TransformersText(_Loaded):
    """A text encoder; a masked mean of its token states where it has no joint space."""

    def __init__(self, name: str, folder: Path, device: str = "cpu", longest: int = LONGEST):
        from transformers import AutoTokenizer

        super().__init__(name, folder, device, AutoTokenizer, "get_text_features", of_text=True)
        settings = self.model.config.get_text_config()
        protocol.check_vocabulary(name, len(self.prepare), settings.vocab_size)
        self.longest = min(longest, self.prepare.model_max_length)
        if self.prepare.model_max_length > 10**6 and hasattr(settings, "max_position_embeddings"):
            # the tokenizer does not say; RoBERTa and its like count positions from behind the padding's number
            self.longest = min(longest, settings.max_position_embeddings - (settings.pad_token_id or 0) - 1)
        self.prepare.padding_side = "right"
        self.prepare.pad_token = self.prepare.pad_token or self.prepare.eos_token
        self.token_dim = settings.hidden_size
        self.dim = self.pooled(["a"]).shape[1]

    def pooled(self, texts) -> Tensor:
        """See `protocol.TextEncoder`."""
        return protocol.in_batches(lambda some: self._read(some)[0], protocol.checked_texts(texts), 64)

    @torch.inference_mode()
    def tokens(self, texts) -> Tokens:
        """See `protocol.TextEncoder`: the last hidden states, special tokens among them."""
        texts = protocol.checked_texts(texts)
        return protocol.padded([self._read(texts[start : start + 64])[1:] for start in range(0, len(texts), 64)])

    def _read(self, texts) -> tuple[Tensor, Tensor, Tensor]:
        """Texts -> vectors (B, dim), states (B, L, token_dim), mask (B, L)."""
        said = self.prepare(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        said = {name: said[name].to(self.device) for name in ("input_ids", "attention_mask")}
        found = self.joint(**said) if self.joint else self.model(**said)
        real = said["attention_mask"].bool()
        if self.joint:
            return found.pooler_output, found.last_hidden_state, real
        states = found.last_hidden_state
        return Tokens(states, real).pooled().states[:, 0], states, real


class TransformersAudio(_Loaded):
    """An audio model's hidden states, averaged over a window."""

    hop = 1.0

    def __init__(self, name: str, folder: Path, device: str = "cpu"):
        from transformers import AutoFeatureExtractor

        super().__init__(name, folder, device, AutoFeatureExtractor, "get_audio_features", of_text=False)
        self.rate = getattr(self.prepare, "sampling_rate", None)
        if not self.rate:
            raise ValueError(f"{name}: its feature extractor names no sampling rate; it is not an audio model")
        # a CLAP repeats what is shorter than its own window and crops what is longer at random: give it just that
        self.seconds = getattr(self.prepare, "nb_max_samples", 5 * self.rate) / self.rate
        self.dim = self.windows(np.zeros(self.rate)).shape[1]

    def windows(self, samples: np.ndarray) -> Tensor:
        """See `protocol.AudioEncoder`."""
        pieces = protocol.cut(samples, round(self.seconds * self.rate), round(self.hop * self.rate))
        return protocol.in_batches(self._hear, pieces, 8)

    def _hear(self, pieces: np.ndarray) -> Tensor:
        heard = self.prepare(list(pieces), sampling_rate=self.rate, return_tensors="pt").to(self.device)
        if "is_longer" in heard:  # no window is; the extractor of a fusion model marks one of them at random
            heard["is_longer"] = torch.zeros_like(heard["is_longer"])
        found = self.joint(**heard) if self.joint else self.model(**heard)
        if self.joint:
            return found.pooler_output
        states = getattr(found, "last_hidden_state", None)
        if states is None or states.ndim != 3:
            raise ValueError(f"{self.name}: no hidden states over time; it is not an audio encoder")
        return states.mean(1)
