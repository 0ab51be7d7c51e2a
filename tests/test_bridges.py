"""Caption bridges: what is looked up, what a captioning model writes, and that no test track's caption can come up."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ghostnotes import bridges, retrieval
from ghostnotes.datasets import made
from ghostnotes.encoders import joint

ROWS = {"train": 60, "test": 20}
WORDS = "slow calm piano music with a soft light for the sea this picture user says".split()
SIZES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.fixture(scope="module")
def pixels():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8))


def tokenizer(special, lower=False):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: row for row, word in enumerate([*special.values(), "<image>", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if lower:
        words.normalizer = normalizers.Lowercase()
        words.post_processor = processors.TemplateProcessing(
            single="[DEC] $A [SEP]", special_tokens=[(special[s], vocabulary[special[s]]) for s in ("bos", "sep")]
        )
    names = {f"{name}_token": token for name, token in special.items()}
    return PreTrainedTokenizerFast(tokenizer_object=words, additional_special_tokens=["<image>"], **names)


@pytest.fixture(scope="module")
def blip(tmp_path_factory):
    """A folder with a BLIP that was never trained: what a captioning model is made of, at its smallest."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    torch.manual_seed(1)
    words = tokenizer({"pad": "[PAD]", "unk": "[UNK]", "bos": "[DEC]", "sep": "[SEP]"}, lower=True)
    text = {"vocab_size": len(words), "encoder_hidden_size": 16, "max_position_embeddings": 96, "label_smoothing": 0.0}
    text |= {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0, "initializer_range": 1.0}
    vision = {"image_size": 32, "patch_size": 16, "initializer_range": 1.0}
    config = BlipConfig(text_config=SIZES | text, vision_config=SIZES | vision)
    folder = tmp_path_factory.mktemp("blip")
    BlipForConditionalGeneration(config).save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), words).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    """The same for a model that chats: its prompt is an instruction in a template."""
    from transformers import CLIPImageProcessor, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    torch.manual_seed(1)
    words = tokenizer({"pad": "[PAD]", "unk": "[UNK]", "eos": "[EOS]"})
    text = {"model_type": "llama", "vocab_size": len(words), "eos_token_id": 2, "pad_token_id": 0, "bos_token_id": 1}
    vision = {"model_type": "clip_vision_model", "image_size": 32, "patch_size": 16}
    config = LlavaConfig(
        vision_config=SIZES | vision,
        text_config=SIZES | text | {"initializer_range": 1.0},
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    template = (
        "{% for message in messages %}user {% for part in message['content'] %}"
        "{{ '<image> ' if part['type'] == 'image' else part['text'] + ' ' }}{% endfor %}{% endfor %}"
        "{% if add_generation_prompt %}says {% endif %}"
    )
    size = {"height": 32, "width": 32}
    processor = LlavaProcessor(
        CLIPImageProcessor(size=size, crop_size=size),
        words,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    folder = tmp_path_factory.mktemp("llava")
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def test_look_up_gives_the_texts_of_the_nearest_keys_nearest_first():
    keys, pictures = unit(50, 8), unit(7, 8, seed=1)
    texts = [f"text {row}" for row in range(50)]
    found = bridges.captioner("nearest", keys, texts, neighbours=3)(pictures)
    angles = torch.acos(pictures.double() @ keys.double().T).numpy()
    assert found == [texts[row] for rows in np.argsort(angles, axis=1)[:, :3] for row in rows]
    assert bridges.NearestCaptions(keys, texts)(pictures) == found[::3]


def test_look_up_breaks_ties_by_the_order_of_the_texts():
    keys = unit(1, 8).expand(4, 8)
    assert bridges.NearestCaptions(keys, list("abcd"), 3)(unit(2, 8, seed=1)) == list("abcabc")


def test_a_pictures_texts_stand_where_its_key_does():
    """Row by row against the tables: a picture's own description, and a caption of the very track it goes with."""
    train = made.load("studio-train", ROWS)
    tracks = list(train.pictures["id"])
    music, pictures = bridges.music_captions(train), bridges.picture_captions(train)
    assert len(tracks) == len(music) == len(pictures) == 2 * ROWS["train"]
    for track, draw, text, seen in zip(tracks, train.pictures["draw"], music, pictures):
        captions = train.captions[(train.captions["id"] == track) & (train.captions["number"] == 0)]
        assert list(captions["text"]) == [text]
        own = train.pictures[(train.pictures["id"] == track) & (train.pictures["draw"] == draw)]
        assert list(own["caption"]) == [seen]


@pytest.mark.parametrize(
    ("look_up", "table", "column"),
    [(bridges.music_captions, "captions", "text"), (bridges.picture_captions, "pictures", "caption")],
)
def test_no_test_tracks_own_words_can_come_up(look_up, table, column, monkeypatch):
    """By id: with every text replaced by its track's id, test pictures find ids of training tracks and no others."""
    train, test = made.load("studio-train", ROWS), made.load("studio-test", ROWS)
    words = getattr(train, table)
    monkeypatch.setitem(train.__dict__, table, words.assign(**{column: words["id"]}))
    texts = look_up(train)
    found = bridges.NearestCaptions(unit(len(texts), 8), texts, 10)(unit(len(test.pictures), 8, seed=1))
    assert len(found) == 10 * len(test.pictures)
    assert set(found) <= set(train.ids) and not set(found) & set(test.ids)


def test_seeds_are_the_text_towers_own_and_their_mean_ranks_the_gallery():
    texts = ["a slow sea", "calm piano", "soft light", "music for a picture"]
    torch.manual_seed(0)
    tower = joint.JointEncoder("audio", [4, 8], 6, 16, joint.vocabulary(texts)).eval()
    keys, pictures = unit(4, 8), unit(5, 8, seed=1)
    captioner = bridges.NearestCaptions(keys, texts, 2)
    seeds = bridges.seeds(captioner, pictures, tower.encode_text)
    assert seeds.shape == (5, 2, 6) and captioner.reads == "vectors"
    for query, rows in enumerate((pictures @ keys.T).argsort(dim=1, descending=True)[:, :2].tolist()):
        for place, row in enumerate(rows):
            own = tower.encode_text([texts[row]])[0]
            assert seeds[query, place].numpy() == pytest.approx(own.detach().numpy(), abs=1e-6)
    assert retrieval.rank(seeds, unit(9, 6, seed=2), "mean").shape == (5, 9)


def test_any_callable_may_describe_the_pictures():
    seeds = bridges.seeds(lambda pictures: ["one", "two"], torch.zeros(2, 4), lambda texts: unit(len(texts), 3))
    assert torch.equal(seeds[:, 0], unit(2, 3))


def test_a_captioning_model_writes_one_text_a_picture_in_their_order(blip, pixels):
    model = bridges.captioner(str(blip))
    texts = model(pixels)
    assert model.reads == "pixels" and len(texts) == len(pixels) and len(set(texts)) > 1
    assert set(" ".join(texts).split()) <= set(WORDS)
    assert texts == model(pixels)
    assert [model(pixels[[row]])[0] for row in (3, 17)] == [texts[3], texts[17]]


def test_a_captioning_model_is_transformers_own_greedy_decoding(blip, pixels):
    from transformers import BlipForConditionalGeneration, BlipProcessor

    model, processor = BlipForConditionalGeneration.from_pretrained(blip).eval(), BlipProcessor.from_pretrained(blip)
    tokens = model.generate(**processor(images=list(pixels[:4].numpy()), return_tensors="pt"), max_new_tokens=64)
    expected = processor.tokenizer.batch_decode(tokens, skip_special_tokens=True)
    assert bridges.captioner(str(blip))(pixels[:4]) == expected


def test_a_prompt_begins_the_caption_and_is_not_part_of_it(blip, pixels):
    """The tokenizer writes small letters: what it makes of the prompt is what is taken off."""
    from transformers import BlipForConditionalGeneration, BlipProcessor

    model, processor = BlipForConditionalGeneration.from_pretrained(blip).eval(), BlipProcessor.from_pretrained(blip)
    start = processor(images=list(pixels[:4].numpy()), text=["music for this"] * 4, return_tensors="pt")
    whole = processor.tokenizer.batch_decode(model.generate(**start, max_new_tokens=64), skip_special_tokens=True)
    texts = bridges.captioner(str(blip), prompt="Music for THIS")(pixels[:4])
    assert [f"music for this {text}".strip() for text in texts] == whole


def test_a_model_that_chats_is_asked_by_its_template_and_only_answers(llava, pixels):
    from transformers import LlavaForConditionalGeneration, LlavaProcessor

    model, processor = (
        LlavaForConditionalGeneration.from_pretrained(llava).eval(),
        LlavaProcessor.from_pretrained(llava),
    )
    asked = ["user <image> music for this picture says "] * 4
    inputs = processor(images=list(pixels[:4].numpy()), text=asked, return_tensors="pt")
    tokens = model.generate(**inputs, do_sample=False, max_new_tokens=64)[:, inputs["input_ids"].shape[1] :]
    expected = [text.strip() for text in processor.tokenizer.batch_decode(tokens, skip_special_tokens=True)]
    assert bridges.captioner(str(llava), prompt="music for this picture")(pixels[:4]) == expected


def test_weights_in_pickles_are_refused(blip, tmp_path):
    for file in blip.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({"weight": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="safetensors"):
        bridges.captioner(str(tmp_path))


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: bridges.captioner("nearst"), "captioner 'nearst': neither 'nearest' nor"),
        (lambda: bridges.captioner("nowhere/at/all"), "captioner 'nowhere/at/all': neither"),
        (lambda: bridges.captioner("nearest"), "needs keys and texts"),
        (lambda: bridges.NearestCaptions(unit(3, 2), ["a"]), r"1 texts for keys \(3, 2\)"),
        (lambda: bridges.NearestCaptions(unit(1, 2), ["a"], 2), "2 neighbours asked for, there are 1"),
        (lambda: bridges.NearestCaptions(unit(1, 2), ["a"], 0), "0 neighbours asked for"),
        (lambda: bridges.NearestCaptions(unit(1, 2), ["a"])(unit(1, 3)), "3.*2 dimensions"),
        (lambda: bridges.seeds(lambda pictures: ["a"] * 3, unit(2, 2), None), "3 texts for 2 pictures"),
    ],
)
def test_bad_input_is_one_clear_line(call, what, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=what) as error:
        call()
    assert "\n" not in str(error.value)


def test_pictures_that_are_no_pixels_are_refused(blip):
    with pytest.raises(ValueError, match=r"uint8, got \(2, 8\)"):
        bridges.captioner(str(blip))(unit(2, 8))
