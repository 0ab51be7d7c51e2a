"""Any CLIP of the package `open_clip`, for pictures and texts in one space: an architecture and its weights.

Weights: a tag of open_clip's whose file is in the hub's local cache, or the path of a checkpoint. A tag knows how its
pictures are to be prepared and a file does not: a file gets CLIP's usual mean and spread, which SigLIP's are not.
Weights that were trained with a quick GELU need the architecture of that name (ViT-B-32-quickgelu).
"""

import logging
from pathlib import Path

import torch
from torch import Tensor

from ghostnotes.encoders import checkpoints, protocol
from ghostnotes.tokens import Tokens


class OpenClip:
    """One of open_clip's models. ValueError in one line for an unknown architecture or tag, and for missing weights."""

    def __init__(self, architecture: str, weights: str, models: Path, device: str = "cpu"):
        import open_clip

        self.name = f"open_clip:{architecture}:{weights}"
        if open_clip.get_model_config(architecture) is None:
            raise ValueError(f"{self.name}: unknown architecture; `open_clip.list_models()` lists them")
        with checkpoints.offline():
            self.model, self.prepare = _built(architecture, weights, models, device, self.name)
            try:
                self.tokenizer = open_clip.get_tokenizer(architecture)
            except Exception as error:  # some take theirs from the hub; whatever stops it, it is not there
                raise ValueError(f"{self.name}: its tokenizer is not in the hub's cache ({_line(error)})") from None
        self.model.eval()
        self.fingerprint = f"open_clip-{architecture}-{checkpoints.fingerprint(self.model.state_dict())}"
        self.trained_on = f"pictures and their texts from the web, as whoever published {weights} says; no music"
        self.device, self.text = device, getattr(self.model, "text", self.model)
        self.borrowed = getattr(self.tokenizer, "tokenizer", None)  # a transformers tokenizer, where it is one
        words = self.tokenizer.vocab_size if self.borrowed is None else len(self.borrowed)
        protocol.check_vocabulary(self.name, words, self.model.vocab_size or words)
        self.dim = open_clip.get_model_config(architecture)["embed_dim"]
        self.norm = getattr(self.text, "ln_final", None)  # a text tower borrowed from transformers has none
        self.token_dim = self.norm.normalized_shape[0] if self.norm else 0

    def pictures(self, items) -> Tensor:
        """See `protocol.ImageEncoder`: prepared as in the model's own evaluation."""
        opened = protocol.opened(items)

        def some(pictures):
            return self.model.encode_image(torch.stack([self.prepare(p) for p in pictures]).to(self.device))

        return protocol.in_batches(some, opened, 32)

    def pooled(self, texts) -> Tensor:
        """See `protocol.TextEncoder`."""
        numbers = self.tokenizer(protocol.checked_texts(texts)).to(self.device)
        return protocol.in_batches(self.model.encode_text, numbers, 64)

    def tokens(self, texts) -> Tokens:
        """See `protocol.TextEncoder`: the states behind the last norm, the start's and the end's among them."""
        if self.norm is None:
            raise ValueError(f"{self.name}: the states of its text tower are not at hand; take another text encoder")
        numbers = self.tokenizer(protocol.checked_texts(texts))
        states = []
        # the model pools in the same breath, so its states are taken where they pass
        hook = self.norm.register_forward_hook(lambda _, __, found: states.append(found))
        try:
            with torch.inference_mode():
                for some in numbers.to(self.device).split(64):
                    self.model.encode_text(some)
        finally:
            hook.remove()
        return protocol.padded([(torch.cat(states), self._real(numbers))])

    def _real(self, numbers: Tensor) -> Tensor:
        """(B, L) True at a text's own tokens. CLIP's end has the highest number, and its padding is a word's number."""
        if self.borrowed is not None:
            return numbers != self.borrowed.pad_token_id
        return torch.arange(numbers.shape[1])[None] <= numbers.argmax(1, keepdim=True)


def _built(architecture: str, weights: str, models: Path, device: str, name: str):
    """The model and how its pictures are prepared."""
    import open_clip

    tag = open_clip.get_pretrained_cfg(architecture, weights)
    if tag:
        _check_tag(tag, name)
    else:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)) or "none"
        fetch = f"the weights of {architecture} (or name one of its tags: {tags})"
        weights = str(checkpoints.find_file(weights, models, fetch))
        checkpoints.read(Path(weights))  # a clear refusal of what is damaged or pickled, before open_clip's own
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)  # it logs what it then raises
    try:
        model, _, prepare = open_clip.create_model_and_transforms(architecture, weights, device=device)
    except Exception as error:  # its loader raises what each file format raises
        raise ValueError(f"{name}: its weights could not be read: {_line(error)}") from None
    finally:
        logging.disable(before)
    return model, prepare


def _check_tag(tag: dict, name: str) -> None:
    """ValueError where a tag's file is not on this machine: open_clip would go and fetch it."""
    from huggingface_hub import try_to_load_from_cache
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    if not tag.get("hf_hub"):
        raise ValueError(f"{name}: fetch {tag['url']}, and give its path in the tag's place")
    repository, _, file = tag["hf_hub"].rpartition("/")
    files = [file, str(Path(file).with_suffix(".safetensors"))] if file else [HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME]
    if not any(isinstance(try_to_load_from_cache(repository, some), str) for some in files):
        raise ValueError(
            f"{name}: not in the hub's cache; where there is a network, `hf download {repository} {files[0]}` fetches "
            "it (or give a checkpoint's path in the tag's place)"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:150] or type(error).__name__
