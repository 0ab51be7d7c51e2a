"""Encoders: shapes, unit norm, independence from the batch, the real MiniLM, and imports beside a CPU torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from ghostnotes.encoders import features, joint, trunks
from ghostnotes.files import save_tensors

TEXTS = ["A slow jazz ballad with a soft trumpet.", "Loud punk!", "A happy folk tune at 96 BPM, don't you think?"]


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return joint.JointEncoder("audio", [4, 8], 6, 16, joint.vocabulary(TEXTS)).eval()


def sine(hertz, seconds=5.0):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * features.RATE)) / features.RATE).astype(np.float32)


def test_mel_bands_put_a_tone_into_its_place():
    from librosa import mel_frequencies

    centres = mel_frequencies(features.MEL_BANDS + 2, fmin=30, fmax=features.RATE / 2)[1:-1]
    for hertz in (440, 2000, 9000):
        frames = features.spectrogram(0.5 * sine(hertz))
        assert frames.shape == (250, features.BANDS) and frames.dtype == np.uint8
        assert np.argmax(frames[100, :64]) == pytest.approx(np.argmin(abs(centres - hertz)), abs=1)


def test_mel_bands_are_in_decibels():
    """A tenth of the amplitude is 20 dB, that is a fifth of the 100 dB which 0..255 span."""
    loud, soft = (features.spectrogram(a * sine(440))[100, :64].max() for a in (0.05, 0.005))
    assert int(loud) - int(soft) == pytest.approx(51, abs=1)


@pytest.mark.parametrize("octave", [110, 220, 440, 880])
@pytest.mark.parametrize("pitch_class", [0, 3, 4, 9])
def test_chroma_names_the_pitch_class_in_every_octave(octave, pitch_class):
    """440 Hz is A, the tenth of the classes from C on; a semitone is a twelfth of an octave."""
    hertz = octave * 2 ** ((pitch_class - 9) / 12)
    frames = features.spectrogram(0.3 * sine(hertz))
    assert np.argmax(frames[100, 64:]) == pitch_class and frames[100, 64:].max() == 255


def test_chroma_does_not_depend_on_loudness_and_silence_has_none():
    loud, soft = (features.spectrogram(a * sine(330))[100, 64:].astype(int) for a in (0.5, 0.01))
    assert np.abs(loud - soft).max() <= 2
    assert features.spectrogram(np.zeros(64000, np.float32))[:, 64:].max() == 0


@pytest.mark.parametrize("bad", [np.zeros((2, 100)), np.array([0.0, np.nan])])
def test_bad_audio_is_refused(bad):
    with pytest.raises(ValueError, match="finite mono samples"):
        features.spectrogram(bad)


def test_windows_are_four_seconds_once_a_second():
    frames = torch.arange(950).repeat(64, 1).T[None].to(torch.int32)
    pieces = features.windows(frames)
    assert pieces.shape == (1, 16, 200, 64)
    assert pieces[0, :, 0, 0].tolist() == list(range(0, 800, 50))
    assert pieces[0, 3, :, 5].tolist() == list(range(150, 350))
    with pytest.raises(ValueError, match="shorter than one window"):
        features.windows(frames[:, :100])


def test_vectors_are_of_unit_norm_and_do_not_depend_on_the_batch(encoder):
    media = torch.randn(3, 1, 76, 200, generator=torch.Generator().manual_seed(1))
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
    encoder = joint.MediaEncoder("pictures", [4], 6)
    x = torch.nn.functional.normalize(torch.randn(8, 6, generator=torch.Generator().manual_seed(2)), dim=1)
    assert encoder.contrastive_loss(x, x) < encoder.contrastive_loss(x, x.roll(1, 0))
    even = encoder.contrastive_loss(x[:1].expand(8, -1), x[:1].expand(8, -1))
    assert even.item() == pytest.approx(np.log(8), abs=1e-5)


def test_a_trained_encoder_comes_back(encoder, tmp_path):
    shape = {"media": "audio", "channels": [4, 8], "text_width": 16, "dim": 6, "vocabulary": joint.vocabulary(TEXTS)}
    save_tensors(tmp_path / "e.safetensors", encoder.state_dict(), {"name": "tiny", **shape})
    loaded, fingerprint = joint.load(tmp_path / "e.safetensors")
    assert torch.equal(loaded.encode_text(TEXTS), encoder.encode_text(TEXTS)) and fingerprint.startswith("tiny-")


def test_an_encoder_of_media_alone_has_no_word_in_it(tmp_path):
    """Self-supervised: neither a text tower nor a vocabulary, and it comes back as it was."""
    torch.manual_seed(1)
    shape = {"media": "audio", "channels": [4, 8], "dim": 6}
    encoder = joint.build(shape).eval()
    assert not hasattr(encoder, "encode_text") and not any("text" in name for name in encoder.state_dict())
    save_tensors(tmp_path / "e.safetensors", encoder.state_dict(), {"name": "alone", **shape})
    x = torch.randn(2, 1, 76, 200)
    assert torch.equal(joint.load(tmp_path / "e.safetensors")[0].encode_media(x), encoder.encode_media(x))


def test_the_harmony_trunk_hears_a_chord_alike_in_every_key():
    """But for the part that tells which key it was, turning the pitch classes round changes nothing."""
    torch.manual_seed(2)
    trunk = trunks.HarmonyTrunk(5).eval()
    trunk.pitch.weight.data.zero_()  # the part that tells
    trunk.pitch.bias.data.zero_()
    chroma = torch.rand(1, 12, 200, generator=torch.Generator().manual_seed(3))
    for shift in range(12):
        assert torch.allclose(trunk(chroma.roll(shift, 1)), trunk(chroma), atol=1e-6)
    assert not torch.allclose(trunk(chroma), trunk(chroma.flip(1)), atol=1e-4)


def test_with_it_the_keys_differ():
    torch.manual_seed(2)
    trunk = trunks.HarmonyTrunk(5).eval()
    chroma = torch.rand(1, 12, 200, generator=torch.Generator().manual_seed(3))
    assert not torch.allclose(trunk(chroma.roll(2, 1)), trunk(chroma), atol=1e-4)


def test_random_windows_are_windows_of_their_tracks():
    frames = (torch.arange(400) % 256).to(torch.uint8).repeat(6, 76, 1).transpose(1, 2)
    looks = features.random_windows(frames, torch.Generator().manual_seed(4))
    values = (looks[:, 0, 0] * 64 + 128).long()
    assert looks.shape == (6, 1, 76, 200) and (values.diff(dim=1) % 256 == 1).all()
    assert len({int(v) for v in values[:, 0]}) > 3, "every track has a moment of its own"
    again = features.random_windows(frames, torch.Generator().manual_seed(4))
    assert torch.equal(looks, again)


def test_a_disturbed_recording_keeps_its_harmony_and_changes_its_sound():
    images = torch.rand(40, 1, 76, 200, generator=torch.Generator().manual_seed(5))
    disturbed = features.disturb(images, torch.Generator().manual_seed(6))
    assert torch.equal(disturbed[:, :, 64:], images[:, :, 64:])
    assert ((disturbed - images)[:, :, :64].abs().amax(dim=(1, 2, 3)) > 0.01).all()
    faint = (disturbed[:, 0] == -1).all(-1).sum(1)
    assert set(faint.tolist()) == {0, 8}, "eight bands are faint, in about half of them"


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
