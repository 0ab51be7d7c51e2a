"""LAION's CLAP, music and texts in one space, through its own package `laion-clap`; read as windows of our own.

Its package takes a random 10 s crop of whatever is longer, so it is given exactly 10 s at a time, one window every
second: nothing is left to chance. As in its README samples are rounded to 16 bits first
(`get_audio_embedding_from_data` does so), since that is what it was trained on; the level stays as it is. Its audio
network is read off the weights: HTSAT-tiny, or HTSAT-base in the checkpoints for music and speech. Fusion checkpoints
are refused: what they add is for clips over 10 s, and drawn at random.

Of roberta-base only the settings and the tokenizer are needed: the text network's weights are in the checkpoint.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ghostnotes.encoders import checkpoints, protocol
from ghostnotes.tokens import Tokens

FETCH = "a CLAP checkpoint without fusion, as music_audioset_epoch_15_esc_90.14.pt of huggingface.co/lukewys/laion_clap"
AUDIO_NETWORKS = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}  # by the width of its first layer
LONGEST = 77  # tokens of a text, as in its training
WIDTH = "audio_branch.patch_embed.proj.weight"
WORDS = "text_branch.embeddings.word_embeddings.weight"


class LaionClap:
    """A CLAP checkpoint, for audio and for text: 10 s windows, one a second, at 48 kHz.

    ValueError in one line where the checkpoint or roberta-base is missing, damaged, or of another kind.
    """

    rate, seconds, hop = 48000, 10.0, 1.0

    def __init__(self, checkpoint: str, models: Path, device: str = "cpu"):
        path = checkpoints.find_file(checkpoint, models, FETCH)
        folder = roberta(models)
        weights = _weights(path)
        self.name, self.fingerprint = f"laion-clap:{checkpoint}", f"laion-clap-{checkpoints.fingerprint(weights)}"
        self.trained_on = f"pairs of sounds or music and texts, as whoever published {path.name} says"
        with checkpoints.offline():
            self.tokenizer = _tokenizer(folder)
            protocol.check_vocabulary("roberta-base", len(self.tokenizer), len(weights[WORDS]))
            self.clap = _built(AUDIO_NETWORKS[weights[WIDTH].shape[0]], folder, device)
        try:
            self.clap.model.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(f"{path}: not the weights of a CLAP: {' '.join(str(error).split())[:150]}") from None
        self.clap.eval()
        self.device, self.dim = device, self.clap.model.joint_embed_shape
        self.token_dim = self.clap.model.text_branch.config.hidden_size

    def windows(self, samples: np.ndarray) -> Tensor:
        """See `protocol.AudioEncoder`."""
        pieces = protocol.cut(samples, int(self.seconds * self.rate), int(self.hop * self.rate))
        return protocol.in_batches(
            lambda some: torch.from_numpy(self.clap.get_audio_embedding_from_data(some)), pieces, 8
        )

    def pooled(self, texts) -> Tensor:
        """See `protocol.TextEncoder`."""
        project = self.clap.model.text_projection
        return protocol.in_batches(
            lambda some: project(self._read(some)[0].pooler_output), protocol.checked_texts(texts), 64
        )

    @torch.inference_mode()
    def tokens(self, texts) -> Tokens:
        """See `protocol.TextEncoder`: the last hidden states, those of the start and the end among them."""
        texts = protocol.checked_texts(texts)
        read = [self._read(texts[start : start + 64]) for start in range(0, len(texts), 64)]
        return protocol.padded([(found.last_hidden_state, mask) for found, mask in read])

    def _read(self, texts):
        said = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        said = said.to(self.device)
        branch = self.clap.model.text_branch
        return branch(input_ids=said.input_ids, attention_mask=said.attention_mask), said.attention_mask


def roberta(models: Path) -> Path:
    """The folder of roberta-base's settings and tokenizer. ValueError says what to fetch and where to put it."""
    return checkpoints.find_folder("roberta-base", models, "config.json tokenizer.json vocab.json merges.txt")


def _weights(path: Path) -> dict[str, Tensor]:
    """The checkpoint's tensors by the model's names: LAION's carry a `module.`, and a table that is no weight."""
    weights = {re.sub(r"^module\.", "", name): tensor for name, tensor in checkpoints.read(path).items()}
    weights.pop("text_branch.embeddings.position_ids", None)
    if WIDTH not in weights or WORDS not in weights or weights[WIDTH].shape[0] not in AUDIO_NETWORKS:
        raise ValueError(f"{path}: not a CLAP checkpoint with an HTSAT and a RoBERTa; fetch {FETCH}")
    if any(".fusion_model" in name or ".mel_conv2d" in name for name in weights):
        raise ValueError(f"{path}: a fusion checkpoint, which draws at random; fetch {FETCH}")
    return weights


def _built(audio_network: str, folder: Path, device: str):
    """The empty CLAP. Its package asks for "roberta-base" by name and for its weights; here the settings will do."""
    with warnings.catch_warnings():  # of modules that were renamed, none of them ours
        warnings.simplefilter("ignore")
        import laion_clap
        from clap_module import model
        from transformers import RobertaConfig, RobertaModel

        class FromFolder:
            @staticmethod
            def from_pretrained(_):
                return RobertaModel(RobertaConfig.from_pretrained(folder, local_files_only=True))

        asked, model.RobertaModel = model.RobertaModel, FromFolder
        try:
            return laion_clap.CLAP_Module(enable_fusion=False, device=device, amodel=audio_network, tmodel="roberta")
        except (OSError, ValueError, RuntimeError) as error:
            line = " ".join(str(error).split())[:150]
            raise ValueError(f"{folder}: not the settings of roberta-base (config.json): {line}") from None
        finally:
            model.RobertaModel = asked


def _tokenizer(folder: Path):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder}: no tokenizer of roberta-base: {' '.join(str(error).split())[:150]}") from None
