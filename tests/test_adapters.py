"""The data-matched teacher: an adapter that starts as the teacher, learns pairs, and never meets a track twice."""

import pytest
import torch
from torch.nn import functional as F

from ghostnotes import adapters
from ghostnotes.encoders.joint import MediaEncoder
from ghostnotes.files import save_tensors


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.mark.parametrize("sides", adapters.SIDES)
def test_an_untrained_adapter_is_the_teacher(sides):
    adapter, texts = adapters.Adapter(8, 16, sides), unit(5, 8)
    assert torch.allclose(adapter.encode_text(texts), texts, atol=1e-6)
    assert torch.allclose(adapter.encode_audio(texts), texts, atol=1e-6)


def test_sides_say_what_may_move():
    """With texts alone adapted the gallery stays bit for bit; with both it moves, and answers keep unit norm."""
    for sides in adapters.SIDES:
        torch.manual_seed(0)
        adapter, texts = adapters.Adapter(8, 16, sides), unit(5, 8)
        for parameter in adapter.moves.parameters():
            torch.nn.init.normal_(parameter)
        assert torch.equal(adapter.encode_audio(texts), texts) == (sides == "text")
        assert not torch.allclose(adapter.encode_text(texts), texts, atol=1e-2)
        assert torch.allclose(adapter.encode_text(texts).norm(dim=-1), torch.ones(5), atol=1e-6)
    with pytest.raises(ValueError, match="one of text, both, got 'audio'"):
        adapters.Adapter(8, 16, "audio")


def test_the_loss_is_the_teachers_own():
    """By hand: two pairs, a scale of e: -log softmax of the own one, both ways."""
    adapter = adapters.Adapter(2, 4)
    torch.nn.init.constant_(adapter.log_scale, 1.0)
    texts, audio = torch.eye(2), F.normalize(torch.tensor([[1.0, 1], [0, 1]]), dim=-1)
    scores = torch.e * texts @ audio.T
    expected = -(scores.log_softmax(1).diagonal().mean() + scores.log_softmax(0).diagonal().mean()) / 2
    assert torch.allclose(adapter.loss(texts, audio), expected, atol=1e-6)
    assert adapter.loss(texts, audio) == MediaEncoder.contrastive_loss(adapter, texts, audio)


def test_an_adapter_overfits_a_few_pairs():
    torch.manual_seed(0)
    adapter, texts, audio = adapters.Adapter(8, 64), unit(6, 8), unit(6, 8, seed=1)
    assert (texts @ audio.T).argmax(1).tolist() != list(range(6))
    optimiser = torch.optim.Adam(adapter.parameters(), 1e-2)
    for _ in range(200):
        optimiser.zero_grad()
        adapter.loss(texts, audio).backward()
        optimiser.step()
    assert (adapter.encode_text(texts) @ audio.T).argmax(1).tolist() == list(range(6))


def test_a_batch_never_holds_two_captions_of_a_track():
    """The other caption of a track is no wrong answer: tracks of a batch differ, captions are their own."""
    captions = torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]])
    seen = set()
    for seed in range(60):
        tracks, rows = adapters.batch(captions, 3, torch.Generator().manual_seed(seed))
        assert len(set(tracks.tolist())) == 3 and torch.equal(rows // 3, tracks)
        seen |= set(rows.tolist())
    assert seen == set(range(12)), "every caption is drawn"
    tracks, _ = adapters.batch(captions, 10, torch.Generator().manual_seed(0))
    assert sorted(tracks.tolist()) == [0, 1, 2, 3], "a batch is no longer than the tracks"


def test_saved_and_loaded_it_answers_the_same(tmp_path):
    torch.manual_seed(0)
    adapter = adapters.Adapter(8, 16, "both", dropout=0.5)
    for parameter in adapter.moves.parameters():
        torch.nn.init.normal_(parameter)
    save_tensors(tmp_path / "a.safetensors", adapter.state_dict(), {"shape": {"dim": 8, "hidden": 16, "sides": "both"}})
    loaded, texts = adapters.load(tmp_path / "a.safetensors"), unit(5, 8)
    assert torch.equal(loaded.encode_text(texts), adapter.eval().encode_text(texts)), "and without dropout"
