"""One catalogue as a network meets it: stretches of tracks of any length, what is held out, rivals without noise."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from ghostnotes import ghosts, pairs
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.tokens import Tokens


def windows(lengths, dim=3):
    """Windows that say where they stand: (track, place, 0, ...)."""
    states = torch.zeros(sum(lengths), dim)
    states[:, 0] = torch.repeat_interleave(torch.arange(float(len(lengths))), torch.tensor(lengths))
    states[:, 1] = torch.cat([torch.arange(float(n)) for n in lengths])
    return TokenStates([f"t{t}" for t in range(len(lengths))], states, torch.tensor(lengths), "made-0")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 6), st.integers(0, 50))
def test_a_stretch_is_of_one_track_without_a_break_and_padded_after_its_end(lengths, frames, seed):
    generator = torch.Generator().manual_seed(seed) if seed else None
    found, mask = pairs.sequences(windows(lengths), range(len(lengths)), frames, generator)
    assert found.shape == (len(lengths), frames, 3)
    for track, (row, real) in enumerate(zip(found, mask)):
        count = min(lengths[track], frames)
        assert real.tolist() == [True] * count + [False] * (frames - count)
        assert (row[:count, 0] == track).all() and not row[count:].any()
        assert torch.equal(row[:count, 1].diff(), torch.ones(count - 1)) and row[0, 1] + count <= lengths[track]


def test_without_a_generator_the_middle_of_a_longer_track_is_taken_and_with_one_any_stretch_is():
    some = windows([10])
    assert pairs.sequences(some, [0], 4)[0][0, :, 1].tolist() == [3, 4, 5, 6]
    generator = torch.Generator().manual_seed(0)
    starts = {int(pairs.sequences(some, [0], 4, generator)[0][0, 0, 1]) for _ in range(200)}
    assert starts == set(range(7))


def test_a_sequence_is_as_long_as_half_of_the_tracks_are():
    assert pairs.usual_length(windows([1, 5, 9]), 16) == 5
    assert pairs.usual_length(windows([30, 40, 50]), 16) == 16


def test_a_track_stays_held_out_when_others_come():
    few, many = [f"t{n}" for n in range(50)], [f"t{n}" for n in range(1000)]
    assert torch.equal(pairs.held_out(few, 0.2), pairs.held_out(many, 0.2)[:50])
    assert 0.15 < pairs.held_out(many, 0.2).float().mean() < 0.25


def test_padding_counts_nothing_and_without_any_the_loss_is_the_ghosts_own(network):
    torch.manual_seed(0)
    z0, noise, sigma = torch.randn(3, 5, 8), torch.randn(3, 5, 8), torch.tensor([0.1, 1.0, 10.0])
    query, drop = Tokens(torch.randn(3, 2, 6), torch.ones(3, 2, dtype=torch.bool)), torch.zeros(3, dtype=torch.bool)
    whole = torch.ones(3, 5, dtype=torch.bool)
    found = pairs.masked_losses(network, z0, whole, query, drop, sigma, noise)
    torch.testing.assert_close(found, ghosts.row_losses(network, z0, query, drop, sigma, noise))
    short = whole.clone()
    short[:, 3:] = False
    found = pairs.masked_losses(network, z0 * short[..., None], short, query, drop, sigma, noise)
    alone = ghosts.row_losses(network, z0[:, :3], query, drop, sigma, noise[:, :3])
    torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-5)


def test_the_regression_finds_a_linear_map_and_the_neighbours_average_the_nearest():
    generator = torch.Generator().manual_seed(0)
    queries, matrix = torch.randn(200, 6, generator=generator), torch.randn(6, 4, generator=generator)
    asked = torch.randn(5, 6, generator=generator)
    torch.testing.assert_close(pairs.regression(queries, queries @ matrix, asked), asked @ matrix, atol=1e-3, rtol=1e-3)
    corners = torch.eye(4)
    assert torch.equal(pairs.neighbours(corners, 2 * corners, corners, count=1), 2 * corners)
    assert torch.equal(pairs.neighbours(corners, corners, corners[:1], count=9), corners.mean(0, keepdim=True))


def test_what_was_heard_comes_back_from_disk_and_every_query_knows_its_track(tmp_path):
    def store(ids):
        return Embeddings(ids, F.normalize(torch.randn(len(ids), 3), dim=1), "made-0")

    captions = ["folder/a.mp3/0", "folder/a.mp3/1", "b.wav/0"]
    tracks, tokens = store(["b.wav", "folder/a.mp3"]), windows([1, 2, 3])
    heard = pairs.Heard(tracks, windows([2, 4]), {"captions": store(captions)}, tokens, None)
    heard.save(tmp_path)
    found = pairs.Heard.load(tmp_path)
    assert found.tracks.ids == heard.tracks.ids and set(found.queries) == {"captions"} and found.joint is None
    assert torch.equal(found.tokens.states, heard.tokens.states)
    assert found.owners("captions").tolist() == [1, 1, 0]
    (tmp_path / "windows.safetensors").unlink()
    with pytest.raises(ValueError, match="windows.safetensors"):
        pairs.Heard.load(tmp_path)
