"""Removing what is unwanted, and what a changed query returns: by hand, and against closed forms."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ghostnotes import generation, outcomes, prompting, removal, retrieval, samplers, statistics
from ghostnotes.tokens import Tokens


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_interpolations_are_the_papers_formulas():
    ghost, bad, text, other = (unit(4, 6, seed=seed) for seed in range(4))
    moved = removal.text_interpolation(ghost, text, other, 2.0)
    assert torch.allclose(moved, ghost + 2 * text - 2 * other)
    assert torch.allclose(removal.audio_interpolation(ghost, bad, 2.0), 3 * ghost - 2 * bad)
    assert torch.allclose(removal.audio_interpolation(ghost, bad, 0), ghost)
    assert outcomes.similarity(ghost, ghost).numpy() == pytest.approx(1)


def test_a_prefix_is_written_into_the_text():
    assert removal.prefixed("A calm piece.", "A folk track.") == "A calm piece, not a folk track."
    assert removal.prefixed("A calm piece", "rock") == "A calm piece, not rock."


@settings(deadline=None, max_examples=20)
@given(st.floats(0.3, 3.0))
def test_equal_effect_finds_the_weight(wanted):
    """Ghost at 45 degrees from what is unwanted: cosine after audio interpolation is known for every w."""
    bad = torch.tensor([[1.0, 0.0]])
    ghost = torch.tensor([[0.5**0.5, 0.5**0.5]])

    def effect(w):
        return outcomes.similarity(removal.audio_interpolation(ghost, bad, w), bad).mean().item()

    assert removal.equal_effect(effect, effect(wanted)) == pytest.approx(wanted, rel=1e-4)
    assert removal.equal_effect(effect, 0.9) is None  # it starts nearer than that
    assert removal.equal_effect(effect, -1.0) is None  # and never gets so far


def test_what_is_left_out_stands_behind_all_others():
    distance = np.array([[3, 1, 2, 0], [0, 5, 1, 2]])
    has = np.array([[False, True, False, True], [True, False, False, False]])
    assert np.argsort(outcomes.without(distance, has), axis=1).tolist() == [[2, 0, 3, 1], [2, 3, 1, 0]]
    everywhere = outcomes.without(distance, has[0])
    assert retrieval.first(everywhere, 4).tolist() == [[2, 0, 3, 1], [0, 2, 3, 1]]


def test_parts_are_averaged_over_training_seeds_and_get_students_interval():
    parts = pd.DataFrame({"method": ["a"] * 6 + ["b"] * 6, "size": [np.nan] * 6 + [0.1] * 6, "part": [0, 1, 2] * 4,
                          "training_seed": [0, 0, 0, 1, 1, 1] * 2, "fad": [1, 2, 3, 3, 4, 5, 0, 0, 0, 0, 0, 0]})
    found = outcomes.over_parts(parts, ["method", "size"], ["fad"]).set_index("method")
    expected = statistics.subsample_interval([2, 3, 4])
    assert found.loc["a", ["fad_parts", "fad_parts_low", "fad_parts_high"]].tolist() == list(expected)
    assert found.loc["b", "fad_parts"] == found.loc["b", "fad_parts_high"] == 0


TRACKS = pd.DataFrame({"genre": ["rock", "jazz", "rock"], "second_genre": ["", "rock", ""],
                       "mood": ["sad", "sad", "calm"], "tempo": [80, 120, 150]})  # fmt: skip


def test_shares_of_a_list_by_hand():
    lists = np.array([[0, 1], [2, 1], [0, 2]])
    wanted = [{"genre": ("rock",)}, {"mood": ("sad",), "tempo": (100, 130)}, {}]
    assert outcomes.share(lists, TRACKS, wanted)[:2].tolist() == [1.0, 0.5]
    assert np.isnan(outcomes.share(lists, TRACKS, wanted)[2])


def test_overlap_by_hand():
    assert outcomes.overlap(np.array([[0, 1], [2, 3]]), np.array([[1, 0], [3, 9]])).tolist() == [1.0, 0.5]


def test_twins_by_hand():
    """Gallery of four: the twin is at 1, its original at 3; in the second query they tie, and the lower index wins."""
    found = outcomes.against_twin(np.array([[5, 2, 1, 3], [9, 4, 8, 4], [0, 9, 1, 2]]), [1, 1, 1], [3, 3, 3])
    assert found["rank_twin"].tolist() == [1, 0, 3] and found["twin_ahead"].tolist() == [1, 1, 0]
    assert found["log2_rank_twin"].tolist() == [1, 0, 2]


def test_an_originals_other_twins_do_not_compete():
    """Rows 1, 2 and 4 are twins; each query is asked for one of them, and the other two are not there."""
    distance = np.array([[5, 4, 2, 3, 1], [5, 4, 2, 3, 1]])
    found = outcomes.against_twin(distance, [1, 4], [3, 3], others=[1, 2, 4])
    assert found["rank_twin"].tolist() == [1, 0] and found["twin_ahead"].tolist() == [0, 1]
    assert distance[0].tolist() == [5, 4, 2, 3, 1], "the distances themselves stay"


def test_what_a_track_has_is_both_genres_and_about_its_tempo_without_what_changes():
    tracks = pd.DataFrame({"genre": ["rock", "jazz"], "second_genre": ["", "rock"], "mood": ["sad", "calm"],
                           "lead": ["piano", "flute"], "drums": ["none", "brushes"], "mode": ["minor", "major"],
                           "tempo": [100, 150]})  # fmt: skip
    first, second = outcomes.own(tracks, ["tempo", "mood"])
    assert first == {"genre": ("rock",), "mood": ("sad",), "lead": ("piano",), "drums": ("none",), "mode": ("minor",)}
    assert second["genre"] == ("jazz", "rock") and "mood" not in second
    assert second["tempo"] == pytest.approx((132, 168))
    itself = outcomes.share(np.array([[0], [1]]), tracks, outcomes.own(tracks))
    assert itself.tolist() == [1, 1]


def test_a_paired_difference_averages_an_items_rows_and_leaves_out_who_stands_alone():
    one = pd.DataFrame({"item": list("aabbc"), "found": [1, 3, 4, 4, 9.0]})
    other = pd.DataFrame({"item": list("abd"), "found": [1.0, 3, 7]})
    assert outcomes.paired(one, other, "found") == pytest.approx((1, 1, 1))


def test_the_first_tracks_are_the_nearest():
    gallery = unit(30, 5)
    assert (outcomes.first(gallery[:3], gallery)[:, 0] == [0, 1, 2]).all()
    assert outcomes.first(gallery[:3], gallery).shape == (3, outcomes.FIRST)


def test_sums_take_items_as_units_and_leave_out_what_is_missing():
    values = {"item": ["x", "x", "y", "z"], "value": [1.0, 3.0, 4.0, np.nan], "w": [1, 1, 2, 4]}
    table = pd.DataFrame({"way": "a"} | values)
    row = outcomes.summed(table, ["way"], ["value"], ("w",)).iloc[0]
    assert row["value"] == 3 and row["w"] == 2 and row["value_low"] == 2 and row["value_high"] == 4
    alone = outcomes.summed(table.head(2), ["way"], ["value"]).iloc[0]
    assert alone["value"] == 2 and np.isnan(alone["value_low"])


def words(count, seed):
    states = torch.randn(count, 4, 6, generator=torch.Generator().manual_seed(seed))
    return Tokens(states, torch.arange(4)[None] < torch.arange(2, 2 + count)[:, None])


def ghosts(network, omega, unwanted=None):
    asked = {"ids": ["a", "b", "c"], "samples": 2, "steps": 3, "frames": 5}
    return prompting.ghosts(network, words(3, 1), omega=omega, unwanted=unwanted, **asked)


def test_ghosts_under_a_negative_prompt_start_from_the_same_noise(network):
    """Without the unwanted text eq. 3; with the query itself as unwanted what is left is the plain condition."""
    plain, other = ghosts(network, 0.0), words(3, 2)
    same, away = ghosts(network, 3.0, words(3, 1)), ghosts(network, 3.0, other)
    assert plain.shape == (3, 2, 5, 8) and plain.norm(dim=-1).numpy() == pytest.approx(1, abs=1e-5)
    assert (same - plain).abs().max() < 0.01 * (away - plain).abs().max()
    assert torch.equal(ghosts(network, 0.0, other), plain)
    assert not torch.allclose(ghosts(network, 3.0), away, atol=1e-3)
    alone = prompting.ghosts(network, words(3, 1)[[1]], ["b"], 0.0, 2, 3, frames=5)
    assert torch.allclose(alone[0], plain[1], atol=1e-5)


@torch.no_grad()
def test_ghosts_under_a_negative_prompt_are_ddim_under_equation_two(network):
    """Put together by hand, from the noise on."""
    query, unwanted, sigmas = words(3, 1), words(3, 2), samplers.ddim_sigmas(3)
    z = sigmas[0] * generation.KeyedNoise(0, ["a", "b", "c"], 2, (5, 8), 0).draws[:, 0].double()
    rows = torch.arange(3).repeat_interleave(2)

    def denoiser(z, sigma):
        return 4 * network(z, sigma, query[rows]) - 3 * network(z, sigma, unwanted[rows])

    expected = samplers.euler(denoiser, z, sigmas)
    found = ghosts(network, 3.0, unwanted)
    assert torch.allclose(found.flatten(0, 1), network.decode(expected).float(), atol=1e-5)


@pytest.mark.parametrize(("call", "what"), [
    (lambda n: removal.prefixed("A calm piece", " "), "the unwanted text is empty"),
    (lambda n: removal.audio_interpolation(unit(1, 2), unit(1, 2), float("inf")), "w must be a finite number, got inf"),
    (lambda n: removal.text_interpolation(*[unit(1, 2)] * 3, float("nan")), "w must be a finite number, got nan"),
    (lambda n: ghosts(n, 2.0, unwanted=words(2, 1)), "3 texts and 2 unwanted"),
    (lambda n: ghosts(n, float("inf"), unwanted=words(3, 1)), "finite number"),
    (lambda n: ghosts(n, float("inf")), "finite number"),
    (lambda n: prompting.tokens("minilm", ["rock", " "]), "text encoder: no word in ' '"),
])  # fmt: skip
def test_bad_removals_are_one_clear_line(network, call, what):
    with pytest.raises(ValueError, match=what) as error:
        call(network)
    assert "\n" not in str(error.value)
