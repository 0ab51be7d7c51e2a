"""Probes: what they are asked, how many looks are one answer, and that key and mode come apart."""

import pandas as pd
import pytest
import torch

from ghostnotes import probes
from ghostnotes.files import save_tensors

GENRES = ["rock", "jazz", "folk"]
TRACKS = pd.DataFrame(
    {
        "genre": ["rock", "jazz", "folk"], "second_genre": ["", "rock", ""], "mood": ["sad", "happy", "sad"],
        "tempo": [84, 85, 200], "key": ["C", "A", "C"], "mode": ["minor", "major", "major"],
        "lead": ["piano", "flute", "piano"], "drums": ["none", "brushes", "none"],
        "density": ["sparse", "dense", "medium"], "production": ["dry", "warm", "dry"],
    },
    index=["a", "b", "c"],
)  # fmt: skip


@pytest.fixture
def values():
    return probes.values_of(TRACKS, GENRES)


def test_targets_are_distributions_and_a_crossover_is_half_of_each(values):
    truth = probes.targets(TRACKS, values)
    assert all(torch.allclose(of.sum(1), torch.ones(3)) for of in truth.values())
    assert truth["genre"].tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]
    assert truth["tempo"].argmax(1).tolist() == [0, 1, 3], "up to 84, up to 112, faster than 138"
    assert [values["tonality"][i] for i in truth["tonality"].argmax(1)] == ["C minor", "A major", "C major"]


def test_a_value_without_a_class_teaches_nothing_and_is_never_right(values):
    other = TRACKS.assign(lead=["banjo", "flute", "piano"])
    assert probes.targets(other, values)["lead"][0].sum() == 0
    truth = probes.targets(TRACKS, values)
    tonality = truth["tonality"].unflatten(1, (-1, 2))
    said = truth | {"key": tonality.sum(2), "mode": tonality.sum(1)}
    assert probes.judged(said, other, values)["lead"].tolist() == [0, 1, 1]


def test_judged_counts_either_genre_of_a_crossover(values):
    truth = probes.targets(TRACKS, values)
    said = {name: truth[name] for name in probes.MEASURED if name in truth}
    tonality = truth["tonality"].unflatten(1, (-1, 2))
    said |= {"key": tonality.sum(2), "mode": tonality.sum(1)}
    assert (probes.judged(said, TRACKS, values) == 1).all(axis=None)
    said["genre"] = torch.tensor([[0.1, 0.9, 0], [0.9, 0.1, 0], [0.9, 0, 0.1]])
    assert probes.judged(said, TRACKS, values)["genre"].tolist() == [0, 1, 0]


def test_what_was_named_is_the_likeliest_class(values):
    truth = probes.targets(TRACKS, values)
    named = probes.named(truth, values)
    assert named["named_lead"].tolist() == ["piano", "flute", "piano"]
    assert named["named_tempo"].tolist() == ["up to 84 BPM", "up to 112 BPM", "faster"]
    assert named["named_genre"].iloc[2] == "folk"


def test_several_looks_are_one_answer_by_the_geometric_mean(values):
    torch.manual_seed(0)
    probe = probes.Probe("pictures", [4, 8], values).eval()
    looks = torch.randn(3, 5, 3, 64, 64)
    heard = probe.heard(looks)
    assert set(heard) == set(probes.MEASURED)
    assert all(torch.allclose(p.sum(1), torch.ones(3), atol=1e-5) for p in heard.values())
    single = torch.stack([probe.heard(looks[:, i : i + 1])["mood"] for i in range(5)])
    by_hand = single.log().mean(0).exp()
    assert torch.allclose(heard["mood"], by_hand / by_hand.sum(1, keepdim=True), atol=1e-5)


def test_key_and_mode_are_sums_over_the_tonalities(values):
    torch.manual_seed(1)
    probe = probes.Probe("pictures", [4], values).eval()
    look = torch.randn(2, 1, 3, 64, 64)
    with torch.no_grad():
        tonality = probe(look[:, 0])["tonality"].softmax(-1)
    heard = probe.heard(look)
    major = [i for i, name in enumerate(values["tonality"]) if name.endswith("major")]
    assert torch.allclose(heard["mode"][:, 0], tonality[:, major].sum(1), atol=1e-5)
    keys = sorted(set(TRACKS["key"]))
    for place, key in enumerate(keys):
        of_key = [i for i, name in enumerate(values["tonality"]) if name.split()[0] == key]
        assert torch.allclose(heard["key"][:, place], tonality[:, of_key].sum(1), atol=1e-5)


def test_a_probe_learns_what_is_there_to_see():
    """Pictures whose brightness is the mood: a few steps are enough, and nothing else is learned from them."""
    torch.manual_seed(2)
    tracks = pd.concat([TRACKS.iloc[[i % 2]] for i in range(60)])
    values = probes.values_of(tracks, GENRES)
    bright = torch.tensor([float(mood == "happy") for mood in tracks["mood"]])
    looks = bright[:, None, None, None] * 2 - 1 + 0.1 * torch.randn(60, 3, 64, 64)
    probe, truth = probes.Probe("pictures", [4, 8], values), probes.targets(tracks, values)
    optimiser = torch.optim.Adam(probe.parameters(), 0.02)
    for _ in range(40):
        optimiser.zero_grad()
        probe.loss(looks, truth).backward()
        optimiser.step()
    assert probes.judged(probe.eval().heard(looks[:, None]), tracks, values)["mood"].mean() == 1


def test_a_probe_comes_back(values, tmp_path):
    torch.manual_seed(3)
    probe = probes.Probe("pictures", [4], values).eval()
    shape = {"media": "pictures", "channels": [4], "values": values}
    save_tensors(tmp_path / "p.safetensors", probe.state_dict(), shape)
    look = torch.randn(1, 1, 3, 64, 64)
    loaded = probes.load(tmp_path / "p.safetensors")
    assert torch.equal(loaded.heard(look)["lead"], probe.heard(look)["lead"]) and loaded.values == values
