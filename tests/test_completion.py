"""Tracks in part: what may be read off the question, whose rival is whom, and the losses that restyle them."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from ghostnotes import completion, guidance, losses, outcomes, restyling
from ghostnotes.datasets import dial, made, rendering
from ghostnotes.encoders.features import FRAMES_PER_SECOND, WINDOW, WINDOW_HOP


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def unit(*shape, seed=0):
    return F.normalize(noise(*shape, seed=seed), dim=-1)


def seconds(windows):
    """Which frames of the track these windows hear."""
    return {frame for w in windows for frame in range(w * WINDOW_HOP, w * WINDOW_HOP + WINDOW)}


@pytest.mark.parametrize("frames", [14, 16, 20, 64])
def test_no_moment_is_both_heard_and_asked(frames):
    for task in completion.tasks(frames).values():
        assert task.observed and task.hidden and max(task.hidden) < frames
        assert not seconds(task.observed) & seconds(task.hidden)
        assert task.mask.shape == (frames, 1) and task.mask[:, 0].nonzero()[:, 0].tolist() == list(task.observed)


def test_the_tasks_of_a_track_of_nineteen_seconds():
    found = completion.tasks(16)
    assert found["continue"].observed == (0, 1, 2, 3, 4, 5) and found["continue"].hidden == (9, 10, 11, 12, 13, 14, 15)
    assert found["fill_in"].observed == (0, 1, 2, 13, 14, 15) and found["fill_in"].hidden == (6, 7, 8, 9)
    assert WINDOW // FRAMES_PER_SECOND == 4
    with pytest.raises(ValueError, match="4 windows are too few"):
        completion.tasks(4)


def test_a_part_is_the_mean_of_its_windows_whatever_stands_before():
    task = completion.Task(5, (0,), (3, 4))
    windows = unit(2, 3, 5, 4)
    expected = F.normalize(windows[:, :, 3:].mean(2), dim=-1)
    assert task.part(windows).numpy() == pytest.approx(expected.numpy(), abs=1e-6)
    assert task.part(windows[0]).numpy() == pytest.approx(expected[0].numpy(), abs=1e-6)


def test_a_track_that_stays_as_it_is_is_coherent():
    task, still = completion.tasks(16)["continue"], unit(3, 1, 4).expand(3, 16, 4)
    assert completion.coherence(still, task).numpy() == pytest.approx(np.ones(3), abs=1e-6)
    turned = torch.cat([still[:, :8], -still[:, 8:]], dim=1)
    assert completion.coherence(turned[:, None], task)[:, 0].numpy() == pytest.approx(-np.ones(3), abs=1e-6)


def test_the_observed_windows_of_the_track_itself_are_like_it_and_the_others_do_not_count():
    task, real = completion.tasks(16)["fill_in"], unit(3, 16, 4)
    some = torch.stack([real, -real], dim=1)
    some[:, 0, list(task.hidden)] = unit(3, len(task.hidden), 4, seed=5)
    assert completion.observed(some[:, :1], real, task).numpy() == pytest.approx(np.ones(3), abs=1e-6)
    assert completion.observed(some, real, task).numpy() == pytest.approx(np.zeros(3), abs=1e-6)


def test_a_bridge_leads_from_the_end_of_one_to_the_start_of_the_other():
    task = completion.tasks(16)["bridge"]
    one, other = unit(2, 16, 4), unit(2, 16, 4, seed=1)
    values = completion.bridged(one, other, task)
    assert torch.equal(values[:, :3], one[:, -3:]) and torch.equal(values[:, -3:], other[:, :3])


def test_completions_start_from_the_same_noise_and_keep_what_is_put_in_place(network):
    task, values = completion.tasks(16)["continue"], noise(3, 16, 8, seed=2)
    plain = completion.imagined(network, list("abc"), None, 2, 3)
    kept = completion.imagined(network, list("abc"), lambda d, rows: guidance.observe(d, task.mask, values[rows]), 2, 3)
    real = network.decode(values)[:, None, list(task.observed)].expand(-1, 2, -1, -1)
    assert kept[:, :, list(task.observed)].numpy() == pytest.approx(real.numpy(), abs=1e-5)
    assert torch.equal(plain, completion.imagined(network, list("abc"), lambda d, rows: d, 2, 3, rows=2))
    assert plain.shape == (3, 2, 16, 8) and not torch.allclose(plain[:, 0], plain[:, 1])


def test_ridge_finds_a_linear_rule_and_neighbours_the_track_itself():
    task = completion.Task(5, (0, 1), (4,))
    known = noise(400, 5, 3)
    known[:, 4] = F.normalize(known[:, 0] - 2 * known[:, 1], dim=-1)
    asked = known[:20]
    rule = completion.ridge(known[20:], asked, task)
    assert (F.normalize(rule, dim=-1) * task.part(asked)).sum(1).mean() > 0.9
    sphere = F.normalize(known, dim=-1)
    near = completion.neighbours(sphere, sphere[:20], task, 1)
    assert near.numpy() == pytest.approx(task.part(sphere[:20]).numpy(), abs=1e-6)


def test_rivals_share_genre_tempo_and_kit():
    names = ("genre", "second_genre", "tempo", "drums")
    tracks = pd.DataFrame([("rock", "", 100, "rock kit"), ("rock", "", 111, "rock kit"), ("rock", "", 113, "rock kit"),
                           ("punk", "rock", 100, "rock kit"), ("punk", "", 100, "rock kit"), ("rock", "", 100, "none")],
                          columns=names)  # fmt: skip
    found = completion.rivals(tracks.head(1), tracks)
    assert found.tolist() == [[True, True, False, True, False, False]]


def test_reconstruction_looks_at_what_is_observed_alone():
    mask, values, z0 = torch.tensor([[1.0], [0], [1]]), noise(2, 3, 4), noise(2, 3, 4, seed=1)
    values[:, 1] = float("nan")
    expected = (z0 - values)[:, [0, 2]].square().mean((1, 2))
    assert losses.reconstruction(mask, values)(z0).numpy() == pytest.approx(expected.numpy(), abs=1e-6)
    z0.requires_grad_()
    (slope,) = torch.autograd.grad(losses.reconstruction(mask, values)(z0).sum(), z0)
    assert torch.isfinite(slope).all() and not slope[:, 1].any()


@pytest.mark.parametrize("kinds", [2, 3])
def test_a_classifier_says_what_scikit_learn_says(kinds):
    from sklearn.linear_model import LogisticRegression

    x = noise(90, 4)
    labels = np.array(list("abc"))[(x[:, 0] > 0).int().numpy() if kinds == 2 else x[:, :3].argmax(1).numpy()]
    found = losses.Classifier.fit(x, labels)
    model = LogisticRegression(C=100.0, max_iter=2000).fit(x.double().numpy(), labels)
    expected = model.predict_proba(x.double().numpy())
    assert found.logits(x.double()).softmax(1).numpy() == pytest.approx(expected, abs=1e-6)
    wanted = found.index(labels)
    loss = losses.of_class(found, wanted, lambda z0: z0)(x.double())
    assert np.exp(-loss.numpy()) == pytest.approx(expected[np.arange(90), wanted.numpy()], abs=1e-6)
    with pytest.raises(ValueError, match="class 'z' is not known; known: a, b"):
        found.index(["z"])
    with pytest.raises(ValueError, match="needs at least 2 classes"):
        losses.Classifier.fit(x, ["a"] * 90)


def test_losses_add_up_and_a_text_is_met_at_no_angle():
    z0, text = noise(3, 4), noise(3, 4, seed=1)
    near = losses.towards(text, lambda z: z)
    assert near(2 * text).numpy() == pytest.approx(np.zeros(3), abs=1e-6)
    assert near(-text).numpy() == pytest.approx(np.full(3, 2.0), abs=1e-6)
    both = losses.weighted((2.0, near), (0.5, lambda z: z.sum(1)))
    assert both(z0).numpy() == pytest.approx((2 * near(z0) + 0.5 * z0.sum(1)).numpy(), abs=1e-6)


def tracks(count, seed=0):
    """Made-up tracks of two genres and three moods."""
    pick = np.random.default_rng(seed)
    drawn = {"genre": pick.choice(["folk", "rock"], count), "mood": pick.choice(list("hms"), count)}
    return pd.DataFrame(drawn | {"second_genre": "", "lead": "piano", "drums": "none", "mode": "major", "tempo": 100})


def test_restyling_asks_for_something_else_and_keeps_all_the_rest():
    some = tracks(20)
    asked = restyling.other_values(some)
    for (_, track), name, value in zip(some.iterrows(), asked["name"], asked["value"]):
        assert track[name] != value
    wished, kept = restyling.wishes(some, asked)
    assert wished[0] == {"genre": (asked["value"][0],)}
    assert "genre" not in kept[0] and kept[0]["mood"] == (some["mood"][0],)
    assert kept[1]["tempo"] == pytest.approx((88, 112)) and set(kept[1]) == {"genre", "lead", "drums", "mode", "tempo"}
    itself = np.arange(20)[:, None]
    assert (outcomes.share(itself, some, kept) == 1).all() and not outcomes.share(itself, some, wished).any()


def test_the_gradient_of_a_class_moves_each_row_to_what_it_asks_for(network):
    """Rows of either style in one batch, each judged by its own classifier."""
    some, task = tracks(200), completion.tasks(16)["continue"]
    windows = unit(200, 16, 8)
    for name, place in (("genre", 0), ("mood", 1)):  # the classes can be heard
        windows[..., place] += torch.tensor(pd.factorize(some[name])[0])[:, None] - 0.5
    styles = restyling.Styles.fit(F.normalize(windows, dim=-1), some, task)
    asked = restyling.other_values(some)
    index = torch.arange(12)
    loss = styles.loss(asked, network, index)
    z0 = network.encode(F.normalize(windows, dim=-1)[:12]).requires_grad_()
    before = loss(z0)
    (slope,) = torch.autograd.grad(before.sum(), z0)
    assert (loss(z0 - 0.05 * slope / slope.square().mean().sqrt()) < before).all()
    for row in (0, 1):
        alone = styles.loss(asked, network, index[[row]])(z0[[row]])
        assert alone.item() == pytest.approx(before[row].item(), abs=1e-5)
    assert styles.shift(asked, some).shape == (200, 8)
    first = styles.means["genre", asked["value"][0]] - styles.means["genre", some["genre"][0]]
    assert torch.equal(styles.shift(asked, some)[0], first)
    strange = asked.assign(value=["polka", *asked["value"][1:]])
    assert styles.known(asked, some) == [True] * 200 and styles.known(strange, some) == [False] + [True] * 199


def test_every_way_to_restyle_goes_its_own_way_and_overwriting_keeps_what_was_heard(network):
    some, task = tracks(40), completion.tasks(16)["continue"]
    windows = unit(40, 16, 8)
    styles = restyling.Styles.fit(windows, some, task)
    few, asked, texts = windows[:4], restyling.other_values(some)[:4], unit(4, 8, seed=3)

    def found(method):
        guide = restyling.guide(method, network, task, network.encode(few), asked, styles, texts, 1.0, 0.3)
        return completion.imagined(network, list("abcd"), guide, 1, 3)[:, 0]

    ends = {method: found(method) for method in restyling.WAYS}
    assert torch.equal(ends["unsteered"], completion.imagined(network, list("abcd"), None, 1, 3)[:, 0])
    for one in restyling.WAYS:
        assert all(not torch.allclose(ends[one], ends[other]) for other in restyling.WAYS if other != one), one
    heard = list(task.observed)
    assert ends["overwritten"][:, heard].numpy() == pytest.approx(few[:, heard].numpy(), abs=1e-5)
    with pytest.raises(ValueError, match="restyling knows unsteered.*not 'louder'"):
        found("louder")


def test_the_dial_turns_the_sound_and_nothing_else():
    lofi = made.load("lofi-test", {"test": 2}).tracks
    clean, half, poor = (dial.turned(lofi, strength) for strength in (0, 0.5, 1))
    for row, (_, track) in zip(half, lofi.iterrows()):
        assert {name for name in row if row[name] != track[name]} == {"domain", "start", "seconds"}
    heard = [rendering.track_frames(rows[0]).astype(float) for rows in (clean, half, poor)]
    original = rendering.track_frames(lofi.iloc[0].to_dict() | dial.CLIP).astype(float)
    assert np.array_equal(heard[2], original), "full strength is lofi itself"
    apart = [np.abs(one - original).mean() for one in heard]
    assert apart[0] > apart[1] > apart[2] == 0
    with pytest.raises(ValueError, match="not a number from 0 to 1"):
        rendering.track_frames(dial.turned(lofi, 1.5)[0])


def test_a_median_place_counts_from_one_and_is_averaged_over_training_seeds():
    """Pooled, two seeds' places would be one sample of twice the size, whose median neither has."""
    places = pd.DataFrame({"method": "a", "training_seed": [0, 0, 0, 1, 1, 1], "rank_twin": [0, 1, 9, 4, 20, 30]})
    found = outcomes.median_rank(pd.concat([places, places.assign(method="b", rank_twin=0)]), ["method"], "rank_twin")
    assert found.to_dict("list") == {"method": ["a", "b"], "median_rank_twin": [(2 + 21) / 2, 1.0]}
