"""Encoders: shapes, unit norm, independence from the batch, the real MiniLM, and imports beside a CPU torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from ghostnotes.encoders import features, joint

TEXTS = ["A slow jazz ballad with a soft trumpet.", "Loud punk!", "A happy folk tune at 96 BPM, don't you think?"]


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return joint.JointEncoder(1, [4, 8], 16, 6, joint.vocabulary(TEXTS)).eval()


def sine(hertz, seconds=5.0):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * features.RATE)) / features.RATE).astype(np.float32)


def test_log_mel_puts_a_tone_into_its_band():
    from librosa import mel_frequencies

    centres = mel_frequencies(features.BANDS + 2, fmin=30, fmax=features.RATE / 2)[1:-1]
    for hertz in (440, 2000, 9000):
        frames = features.log_mel(0.5 * sine(hertz))
        assert frames.shape == (250, 64) and frames.dtype == np.uint8
        assert np.argmax(frames[100]) == pytest.approx(np.argmin(abs(centres - hertz)), abs=1)


def test_log_mel_is_in_decibels():
    """A tenth of the amplitude is 20 dB, that is a fifth of the 100 dB which 0..255 span."""
    loud, soft = (features.log_mel(a * sine(440))[100].max() for a in (0.05, 0.005))
    assert int(loud) - int(soft) == pytest.approx(51, abs=1)


@pytest.mark.parametrize("bad", [np.zeros((2, 100)), np.array([0.0, np.nan])])
def test_bad_audio_is_refused(bad):
    with pytest.raises(ValueError, match="finite mono samples"):
        features.log_mel(bad)


def test_windows_are_four_seconds_once_a_second():
    frames = torch.arange(950).repeat(64, 1).T[None].to(torch.int32)
    pieces = features.windows(frames)
    assert pieces.shape == (1, 16, 200, 64)
    assert pieces[0, :, 0, 0].tolist() == list(range(0, 800, 50))
    assert pieces[0, 3, :, 5].tolist() == list(range(150, 350))
    with pytest.raises(ValueError, match="shorter than one window"):
        features.windows(frames[:, :100])


def test_vectors_are_of_unit_norm_and_do_not_depend_on_the_batch(encoder):
    media = torch.randn(3, 1, 64, 200, generator=torch.Generator().manual_seed(1))
    both = (encoder.encode_media(media), encoder.encode_text(TEXTS))
    for together, alone in zip(both, (encoder.encode_media(media[1:2]), encoder.encode_text(TEXTS[1:2]))):
        assert torch.allclose(together.norm(dim=1), torch.ones(3), atol=1e-6)
        assert torch.allclose(together[1], alone[0], atol=1e-5)


def test_order_of_words_matters_and_unknown_words_are_allowed(encoder):
    a, b, c = encoder.encode_text(["slow punk", "punk slow", "zydeco punk"])
    assert not torch.allclose(a, b, atol=1e-4) and torch.isfinite(c).all()


@pytest.mark.parametrize("text", ["", "  ", "!?", "\N{MUSICAL NOTE}"])
def test_a_text_without_words_is_named(encoder, text):
    with pytest.raises(ValueError, match="no word in"):
        encoder.encode_text(["fine", text])


def test_contrastive_loss_prefers_pairs():
    encoder = joint.JointEncoder(1, [4], 16, 6, ["a"])
    x = torch.nn.functional.normalize(torch.randn(8, 6, generator=torch.Generator().manual_seed(2)), dim=1)
    assert encoder.contrastive_loss(x, x) < encoder.contrastive_loss(x, x.roll(1, 0))
    even = encoder.contrastive_loss(x[:1].expand(8, -1), x[:1].expand(8, -1))
    assert even.item() == pytest.approx(np.log(8), abs=1e-5)


def test_a_trained_encoder_comes_back(encoder, tmp_path):
    from ghostnotes.files import save_tensors

    shape = {"inputs": 1, "channels": [4, 8], "text_width": 16, "dim": 6, "vocabulary": joint.vocabulary(TEXTS)}
    save_tensors(tmp_path / "e.safetensors", encoder.state_dict(), {"name": "tiny", **shape})
    loaded, fingerprint = joint.load(tmp_path / "e.safetensors")
    assert torch.equal(loaded.encode_text(TEXTS), encoder.encode_text(TEXTS)) and fingerprint.startswith("tiny-")


def test_minilm_is_the_real_one():
    """Its sentence similarities make sense, and a text's states do not depend on its company."""
    from ghostnotes.encoders.minilm import MiniLM

    model = MiniLM()
    texts = ["a sad slow piano piece", "a melancholic piano ballad", "the stock market fell by two percent"]
    states = model.token_states(["a", "b", "c"], texts)
    padded, mask = states.padded([0, 1, 2])
    mean = torch.nn.functional.normalize((padded * mask[..., None]).sum(1) / mask.sum(1, keepdim=True), dim=1)
    assert states.states.shape[1] == 384 and mean[0] @ mean[1] > 0.6 > 0.3 > mean[0] @ mean[2]
    alone = model.token_states(["b"], texts[1:2])
    assert torch.allclose(alone.padded([0])[0][0], padded[1][mask[1]], atol=2e-3)


def test_the_real_encoders_libraries_import_beside_a_cpu_torch():
    code = "import ghostnotes, torchvision, open_clip, transformers; transformers.AutoModel; print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stderr[-500:]
