"""Tiny models of real architectures, with random weights, saved as their publishers save them: nothing is fetched.

Each builder writes one and returns the name that `open_encoder` knows it by, or what that name needs.
"""

import json
from pathlib import Path

import torch

from ghostnotes.encoders import joint
from ghostnotes.files import save_tensors

TEXTS = ["calm piano for a rainy evening", "loud punk, no drums", "a happy folk tune at 96 BPM, don't you think?"]


def mini(models: Path, name: str, seed: int = 0) -> str:
    """An untrained encoder of the pipeline in models/encoders, saved as the pipeline saves it; returns its name."""
    shape = {"media": "pictures" if name == "clip-mini" else "audio", "channels": [4, 8], "dim": 6}
    if name != "mule-mini":
        shape |= {"text_width": 16, "vocabulary": joint.vocabulary(TEXTS)}
    torch.manual_seed(seed)
    save_tensors(models / "encoders" / f"{name}.safetensors", joint.build(shape).state_dict(), {"name": name, **shape})
    return name


def minis(models: Path) -> None:
    """All four of the pipeline's encoders."""
    for name in ("muscall-mini", "clap-mini", "mule-mini", "clip-mini"):
        mini(models, name)


def byte_level_bpe(folder: Path, kind: str = "roberta") -> int:
    """A byte-level BPE that knows bytes and a few special tokens, in RoBERTa's layout; returns its words."""
    from tokenizers.pre_tokenizers import ByteLevel

    folder.mkdir(parents=True, exist_ok=True)
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    return len(words)


def roberta(folder: Path) -> int:
    """roberta-base in small: one layer of the real width and a made vocabulary, without weights; returns its words."""
    from transformers import RobertaConfig

    words = byte_level_bpe(folder)
    RobertaConfig(vocab_size=words, num_hidden_layers=1, max_position_embeddings=130).save_pretrained(folder)
    return words


def laion_clap(models: Path, file: str = "clap.pt", seed: int = 0) -> str:
    """A CLAP checkpoint as LAION publishes them (module., position_ids), and roberta-base in models/encoders."""
    from ghostnotes.encoders import checkpoints, laion

    folder = models / "encoders" / "roberta-base"
    roberta(folder)
    torch.manual_seed(seed)
    with checkpoints.offline():
        model = laion._built("HTSAT-tiny", folder, "cpu").model
    # an untrained network hears everything alike; far enough from 0 its windows differ
    torch.nn.init.normal_(model.audio_projection[0].weight)
    weights = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    weights["module.text_branch.embeddings.position_ids"] = torch.arange(130)[None]
    path = models / "encoders" / file
    torch.save({"epoch": 15, "name": "tiny", "state_dict": weights}, path)
    return f"laion-clap:{file}"


def open_clip(models: Path, file: str = "clip.pt", seed: int = 0) -> str:
    """A ViT of one layer with open_clip's own tokenizer, by a model config of its own, and its checkpoint."""
    import open_clip as package

    folder = models / "open_clip"
    folder.mkdir(parents=True, exist_ok=True)
    vision = {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": text}
    (folder / "tiny-vit.json").write_text(json.dumps(config))
    package.add_model_config(folder)
    torch.manual_seed(seed)
    (models / "encoders").mkdir(exist_ok=True)
    torch.save({"state_dict": package.create_model("tiny-vit").state_dict()}, models / "encoders" / file)
    return f"open_clip:tiny-vit:{file}"


def t5(folder: Path, seed: int = 0) -> str:
    """A T5, encoder and decoder, with a unigram tokenizer of its own, as Flan-T5 is published."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    letters = [(c, -4.0) for c in "\u2581abcdefghijklmnopqrstuvwxyzLAB0123456789,.?'"]
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters, ("\u2581piano", -3.0)]
    tokenizer = Tokenizer(models.Unigram(words, unk_id=2))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    size = dict(vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, decoder_start_token_id=0)
    T5ForConditionalGeneration(T5Config(**size)).save_pretrained(folder)
    return f"transformers:{folder}"


def wav2vec2(folder: Path, seed: int = 0) -> str:
    """An audio model as MERT and its like are built: convolutions over samples at 16 kHz, then a transformer."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    size = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, conv_dim=[8] * 7,
                num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2)  # fmt: skip
    torch.manual_seed(seed)
    Wav2Vec2Model(Wav2Vec2Config(**size)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16000).save_pretrained(folder)
    return f"transformers:{folder}"


def clap(folder: Path, seed: int = 0) -> str:
    """A CLAP in transformers' own form, a fusion model with its tokenizer and feature extractor."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    words = byte_level_bpe(folder)
    text = dict(vocab_size=words, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                max_position_embeddings=130, projection_dim=12)  # fmt: skip
    audio = dict(patch_embeds_hidden_size=8, depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], hidden_size=64,
                 projection_dim=12, enable_fusion=True)  # fmt: skip
    torch.manual_seed(seed)
    ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=12)).save_pretrained(folder)
    ClapFeatureExtractor(truncation="fusion").save_pretrained(folder)
    return f"transformers:{folder}"
