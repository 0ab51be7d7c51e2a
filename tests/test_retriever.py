"""Searching an index: each way of asking against the same thing done by hand, and errors in one line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_build
import torch
import yaml
from PIL import Image
from scratch import environment

from ghostnotes import (
    asking,
    generation,
    ghosts,
    guidance,
    inversion,
    prompting,
    resnet,
    retrieval,
    samplers,
    steering,
    wishes,
)
from ghostnotes.embeddings import Embeddings
from ghostnotes.encoders.registry import open_encoder
from ghostnotes.files import load_tensors, save_tensors
from ghostnotes.library import Library
from ghostnotes.retriever import Answer, Retriever

TEXT, OTHER = "calm piano for a rainy evening", "loud punk"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """build/, music/ of seven tracks (one of 2 s, one of 24 s), a picture, and an index by two encoders."""
    root = tmp_path_factory.mktemp("place")
    build = tiny_build.make(root)
    for number, seconds in enumerate((5, 6, 2, 24, 7, 5, 6)):
        tiny_build.tune(root / "music" / "a" / f"{number}.flac", number, seconds)
    captions = "file,caption\na/0.flac,<script>alert('0')</script>\na/1.flac,one\n"
    (root / "captions.csv").write_text(captions)
    Retriever.of(root / "music", root / "index", encoders=["clap-mini", "muscall-mini"], models=build, progress=False,
                 captions=root / "captions.csv")  # fmt: skip
    pixels = np.random.default_rng(0).integers(0, 255, (80, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "picture.png")
    return root


@pytest.fixture(scope="module")
def music(place):
    return Retriever(place / "index", models=place / "build")


def network(place):
    return ghosts.load(place / "build" / "models" / "ghost-muscall" / "0.safetensors")[0]


def reader(place, name="muscall-mini"):
    return open_encoder(name, "text", models=place / "build")


def states(place, text, name="muscall-mini"):
    """A text's token states as the lessons and the pipeline ask for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompting, "ENCODERS", place / "build" / "encoders")
        return None if text is None else prompting.tokens(name, [text])


def listed(place, order, encoder="muscall-mini"):
    ids = Library.open(place / "index").tracks(encoder).ids
    return [ids[row] for row in order]


def by_hand(place, seeds, how, encoder="muscall-mini"):
    gallery = Library.open(place / "index").tracks(encoder).vectors
    return listed(place, retrieval.rank(seeds, gallery, how)[0], encoder)


@pytest.mark.parametrize("unlike", [None, OTHER])
def test_a_text_is_asked_by_ghosts_and_their_mean(place, music, unlike):
    found = music.search(TEXT, unlike=unlike, guidance=3.0, seeds=4, k=7, seed=5)
    wanted, away = states(place, TEXT), states(place, unlike)
    made = prompting.ghosts(network(place), wanted, ["search"], 3.0, 4, 10, frames=16, unwanted=away, seed=5)
    assert torch.equal(found.seeds, made.mean(-2)[0]), "the same states as in a lesson, to the last digit"
    assert found.table["id"].tolist() == by_hand(place, made.mean(-2), "mean")
    gallery = Library.open(place / "index").tracks("muscall-mini").vectors
    query = torch.nn.functional.normalize(made.mean((0, 1, 2)), dim=0)
    assert np.allclose(found.table["score"], sorted((gallery @ query).tolist(), reverse=True), atol=1e-5)
    assert found.how.startswith("ghost-muscall imagined 4 tracks") and "General MIDI" in found.how
    assert ("away from the other" in found.how) == (unlike is not None)


def test_an_answer_names_tracks_in_order(place, music):
    table = music.search(TEXT, k=3).table
    assert list(table) == ["rank", "id", "path", "score", "title", "artist", "genre", "caption"]
    assert table["rank"].tolist() == [1, 2, 3] and table["score"].is_monotonic_decreasing
    assert all((place / "music" / path).exists() for path in table["path"])
    assert len(music.search(TEXT, k=100).table) == 7


def test_the_same_question_has_the_same_answer_and_another_seed_imagines_anew(music):
    one, same, other = (music.search(TEXT, seeds=2, seed=seed).seeds for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.allclose(one, other)


@pytest.mark.parametrize(("text", "unlike"), [(None, None), (TEXT, None), (None, OTHER), (TEXT, OTHER)])
def test_a_picture_is_asked_by_the_prior_and_texts_steer_it(place, music, text, unlike):
    build = place / "build"
    found = music.search(text, unlike=unlike, image=place / "picture.png", seeds=4, k=7, seed=3)
    network = resnet.load(build / "models" / "prior" / "0.safetensors")
    query = open_encoder("clip-mini", "image", models=build).pictures([place / "picture.png"])
    guide, texts = None, [one for one in (text, unlike) if one]
    if texts:
        centre = Embeddings.load(build / "embeddings/muscall-mini/studio-train-captions.safetensors").vectors.mean(0)
        steers = steering.standardised(network, reader(place).pooled(texts), centre)
        guide = steering.guide(steers[None], [0.3 if one == text else -0.3 for one in texts], "paper")
    seeds = generation.generate(network, query, [1.5], 4, seed=3, ids=["search"], guide=guide,
                                sigmas=samplers.karras_sigmas(32), solver="dpm_solver_2m_sde")[0]  # fmt: skip
    assert torch.allclose(found.seeds, seeds[0], atol=1e-5)
    assert found.table["id"].tolist() == by_hand(place, seeds, "interleave")
    assert "prior imagined 4 tracks for the picture (ω = 1.5)" in found.how
    assert "photograph" in found.how and found.how.count("General MIDI") == 1


def test_the_list_is_made_as_one_asks(place, music):
    for how in ("mean", "max", "interleave"):
        found = music.search(TEXT, seeds=3, k=7, how=how)
        assert found.table["id"].tolist() == by_hand(place, found.seeds[None], how)


def test_without_a_ghost_network_the_text_itself_is_compared_and_the_answer_says_so(place):
    music = Retriever(place / "index", encoder="clap-mini", models=place / "build")
    wanted, away = reader(place, "clap-mini").pooled([TEXT, OTHER])
    found = music.search(TEXT, k=7)
    assert "no ghost network for clap-mini" in found.how and "directly" in found.how
    assert found.table["id"].tolist() == by_hand(place, wanted[None, None], "mean", "clap-mini")
    moved = music.search(TEXT, unlike=OTHER, guidance=1.0, k=7)
    assert moved.table["id"].tolist() == by_hand(place, (2 * wanted - away)[None, None], "mean", "clap-mini")
    with pytest.raises(ValueError, match="no ghost network for clap-mini, which an edit needs"):
        music.like("a/0.flac", but="loud")
    with pytest.raises(ValueError, match="no prior from pictures to the space of clap-mini"):
        music.search(image=place / "picture.png")


def test_networks_of_ones_own_catalogue_answer_for_its_encoder(place, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(place, root)
    settings = yaml.safe_load((root / "params.yaml").read_text())
    settings["catalogues"]["encoders"] = {"audio": "clap-mini", "text": "clap-mini", "image": "clip-mini"}
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    tiny_build.ghost(root / "build" / "models" / "catalogue" / "captions.safetensors", seed=7, frames=5)
    tiny_build.prior(root / "build" / "models" / "catalogue" / "pictures.safetensors", nested=True)
    captions = Embeddings.load(root / "build/embeddings/muscall-mini/studio-train-captions.safetensors")
    captions.save(root / "build" / "catalogues" / "train" / "own" / "joint.safetensors")
    music = Retriever(root / "index", encoder="clap-mini", models=root / "build")
    found = music.search(TEXT, seeds=2)
    assert "catalogue/captions imagined 2 tracks" in found.how
    own = ghosts.load(root / "build" / "models" / "catalogue" / "captions.safetensors")[0]
    made = prompting.ghosts(own, states(root, TEXT, "clap-mini"), ["search"], 2.0, 2, 10, frames=5)
    torch.testing.assert_close(found.seeds, made[0].mean(1).float())
    assert "windows 9 to 13 of 21" in music.like("a/3.flac", but="loud").how
    assert "catalogue/pictures imagined 2 tracks" in music.search(TEXT, image=root / "picture.png", seeds=2).how


def test_like_a_track_is_its_neighbours_without_itself(place, music):
    store = Library.open(place / "index").tracks("muscall-mini")
    found = music.like("a/4.flac", k=7)
    order = [name for name in by_hand(place, store.at(["a/4.flac"])[None], "mean") if name != "a/4.flac"]
    assert found.table["id"].tolist() == order
    assert found.table["rank"].tolist() == [1, 2, 3, 4, 5, 6] and "General MIDI" in found.how
    assert music.like(place / "music" / "a" / "4.flac", k=7).table.equals(found.table)


def test_like_a_track_but_is_its_inversion_under_the_text(place, music):
    windows = music.library.windows("muscall-mini").padded([3])[0]  # 24 s: 21 windows, its middle is taken
    start = torch.nn.functional.normalize(windows[:, None, 2:18], dim=-1)
    edited = inversion.edit(network(place), start, None, states(place, OTHER), samplers.ddim_sigmas(50),
                            depth=30, omega=2.0, iterations=4)  # fmt: skip
    found = music.like("a/3.flac", but=OTHER, depth=30, k=6)
    assert found.table["id"].tolist() == [one for one in by_hand(place, edited.mean(-2), "mean") if one != "a/3.flac"]
    assert "windows 3 to 18 of 21" in found.how and "depth 30 of 50" in found.how


def test_a_wish_that_something_be_left_out_is_a_negative_prompt_on_the_way_down(place, music):
    wishes = {"but": "without loud drums"}, {"unlike": "loud drums"}
    found, other = (music.like("a/4.flac", **wish) for wish in wishes)
    assert found.table.equals(other.table) and "away from 'loud drums'" in found.how
    net = network(place)
    windows = music.library.windows("muscall-mini").padded([4])[0]
    start, _ = asking.middle(torch.nn.functional.normalize(windows[0], dim=-1), 16)
    sigmas = samplers.ddim_sigmas(50)
    state = inversion.up(net, start[None, None], None, sigmas, [20])[20][0]
    with torch.no_grad():
        denoiser = guidance.negative_prompt(net, None, states(place, "loud drums"), 2.0)
        edited = net.decode(samplers.euler(denoiser, state, inversion.last_levels(sigmas, 20)))
    torch.testing.assert_close(found.seeds, edited.mean(1).float())
    assert not torch.allclose(found.seeds, music.like("a/4.flac", but="loud drums").seeds)


@pytest.mark.parametrize(("said", "meant"), [
    ("without drums", (None, "drums")), ("Without any drums ", (None, "drums")), ("no vocals", (None, "vocals")),
    ("without bass and drums", (None, "bass and drums")),
    ("with drums", ("with drums", None)), ("nothing but drums", ("nothing but drums", None)), (None, (None, None)),
    ("notably slow", ("notably slow", None)), ("without", ("without", None)),
])  # fmt: skip
def test_what_a_wish_asks_for_and_what_it_asks_to_leave_out(said, meant):
    assert wishes.without(said) == meant


@pytest.mark.parametrize("said", ["without drums but with more piano", "no drums, more piano", "not so loud; slow",
                                  "no drums with piano", "no drums less bass"])  # fmt: skip
def test_a_wish_for_two_things_is_not_guessed_at(music, said):
    with pytest.raises(ValueError, match="asks for two things: .* --but, .* --unlike"):
        music.like("a/4.flac", but=said)


def test_words_that_an_encoder_never_met_are_named(place, music):
    never = "(it never met: blorp, zzqqxx)"
    assert "(it never met" not in music.search(TEXT, seeds=2).how
    picture, plain = place / "picture.png", Retriever(place / "index", encoder="clap-mini", models=place / "build")
    for found in (
        music.search("zzqqxx piano blorp", seeds=2),
        music.search(TEXT, unlike="blorp zzqqxx drums", seeds=2),
        music.search("zzqqxx blorp piano", image=picture, seeds=2),
        plain.search("blorp zzqqxx piano"),
        music.like("a/4.flac", but="zzqqxx blorp piano"),
        music.like("a/4.flac", "no zzqqxx blorp piano"),
    ):
        assert never in found.how and found.how.count("(it never met") == 1
    for ask in (
        lambda: music.search("zzqqxx"),
        lambda: music.search(TEXT, unlike="zzqqxx"),
        lambda: music.search(image=picture, unlike="zzqqxx"),
        lambda: plain.search("zzqqxx"),
        lambda: music.like("a/4.flac", but="zzqqxx"),
        lambda: music.like("a/4.flac", unlike="zzqqxx"),
    ):
        with pytest.raises(ValueError, match="^(muscall|clap)-mini knows no word of 'zzqqxx'$"):
            ask()


def test_a_file_goes_before_a_track_of_the_index_of_its_name(place, music, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    shutil.copy(place / "music" / "a" / "4.flac", tmp_path / "a" / "0.flac")
    monkeypatch.chdir(tmp_path)
    found = music.like("a/0.flac", k=7)
    assert len(found.table) == 7 and found.table["id"][0] == "a/4.flac"


def test_like_a_track_as_it_is_needs_no_encoder(place, music, tmp_path):
    found = Retriever(place / "index", encoder="muscall-mini", models=tmp_path).like("a/4.flac", k=7)
    assert found.table.equals(music.like("a/4.flac", k=7).table)


@pytest.fixture
def copied(place, tmp_path):
    root = tmp_path / "copied"
    shutil.copytree(place, root)
    return root


@pytest.mark.parametrize("content", ["{}", "{", "[]", '{"omega": 1, "k": 2}', '{"omega": "x", "k": {}}'])
def test_choices_that_are_none_are_said_in_one_line(copied, content):
    path = copied / "reports" / "metrics" / "diff4steer_choices.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="diff4steer_choices.json: not what .* writes"):
        Retriever(copied / "index", models=copied / "build").search(image=copied / "picture.png", seeds=2)


def test_networks_without_the_settings_that_made_them_are_not_passed_over(copied):
    path = copied / "params.yaml"
    path.write_text(path.read_text() + "\nonce: 1\n")
    with pytest.raises(ValueError, match="once.*it is of an earlier version: run `make repro` again"):
        Retriever(copied / "index", models=copied / "build").search(TEXT, seeds=2)
    path.unlink()
    for ask in ({"text": TEXT}, {"image": copied / "picture.png"}):
        with pytest.raises(ValueError, match="params.yaml: not there; it says how the networks in .* keep it beside"):
            Retriever(copied / "index", models=copied / "build").search(**ask)


@pytest.mark.parametrize(("path", "change", "why"), [
    ("ghost-muscall/0", {"shape": {"dim": 6, "text_dim": 16, "once": 1}}, "once"),
    ("ghost-muscall/0", {"shape": 3}, "mapping"),
    ("prior/0", None, "list"),
    ("catalogue/captions", {}, "frames"),
])  # fmt: skip
def test_weights_of_another_version_are_said_in_one_line(copied, path, change, why):
    path = copied / "build" / "models" / f"{path}.safetensors"
    if "catalogue" in str(path):
        (copied / "build" / "models" / "ghost-muscall" / "0.safetensors").unlink()
        settings = yaml.safe_load((copied / "params.yaml").read_text())
        settings["catalogues"]["encoders"] = {"audio": "muscall-mini", "text": "muscall-mini", "image": "clip-mini"}
        (copied / "params.yaml").write_text(yaml.safe_dump(settings))
        tiny_build.ghost(path)
    tensors, saved = load_tensors(path)
    save_tensors(path, tensors, [saved] if change is None else saved | change)
    music = Retriever(copied / "index", models=copied / "build")
    with pytest.raises(ValueError, match=f"safetensors: weights of another version .*{why}.* make it again") as error:
        music.search(image=copied / "picture.png") if "prior" in str(path) else music.search(TEXT)
    assert "\n" not in str(error.value)


def test_vectors_that_are_gone_are_made_again_by_indexing(copied):
    (copied / "index" / "muscall-mini" / "tracks.safetensors").unlink()
    with pytest.raises(ValueError, match="tracks.safetensors: not there; run `ghostnotes index` again"):
        Retriever(copied / "index", models=copied / "build").like("a/0.flac")


def test_a_file_that_is_not_in_the_index_is_heard(place, music, tmp_path):
    shutil.copy(place / "music" / "a" / "4.flac", tmp_path / "guest.flac")
    found = music.like(tmp_path / "guest.flac", k=7)
    assert found.table["id"][0] == "a/4.flac" and found.table["score"][0] > 0.9999
    assert len(found.table) == 7


def test_the_part_of_a_track_that_is_edited():
    windows = torch.arange(7)[:, None]
    assert asking.middle(windows, 3)[0].flatten().tolist() == [2, 3, 4]
    assert asking.middle(windows, 7)[0].flatten().tolist() == list(range(7))
    longer, said = asking.middle(windows[:2], 5)
    assert longer.flatten().tolist() == [0, 1, 0, 1, 0] and "repeated to 5" in said


def test_the_encoder_that_a_network_answers_for_is_searched_by_default(place):
    library = Library.open(place / "index")
    assert library.encoders == ["clap-mini", "muscall-mini"]  # the first has no ghost network
    assert "ghost-muscall" in Retriever(library, models=place / "build").search(TEXT, seeds=2).how


@pytest.fixture
def unasked(monkeypatch):
    """Nobody imagines anything here: what is wrong is told before."""
    for name in ("by_text", "by_picture", "by_track"):
        monkeypatch.setattr(asking, name, lambda *_, **__: pytest.fail("imagined before it was checked"))


def test_an_index_by_other_weights_is_refused_before_anything_is_imagined(place, tmp_path, unasked):
    root = tmp_path / "retrained"
    shutil.copytree(place, root)
    shutil.rmtree(root / "build" / "encoders")
    shutil.copy(root / "music" / "a" / "0.flac", root / "q.flac")
    for name in ("muscall-mini", "clap-mini", "clip-mini"):
        tiny_build.tiny_models.mini(root / "build", name, seed=9)
    music = Retriever(root / "index", models=root / "build")
    asked = (lambda: music.search(TEXT, seeds=2), lambda: music.search(image=root / "picture.png", seeds=2))
    for ask in (*asked, lambda: music.like(root / "q.flac"), lambda: music.like("a/0.flac", but="loud")):
        with pytest.raises(ValueError, match="made with muscall-mini-.* is now muscall-mini-.*; index again"):
            ask()


def test_what_a_page_shows_is_escaped(music):
    found = music.search(TEXT, k=7)
    assert "<script>" in "".join(found.table["caption"])
    page = Answer(found.table, "<b>&", found.seeds)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "<b>" not in page


@pytest.mark.parametrize(("ask", "why"), [
    (lambda music, place: music.search(), "nothing to search for"),
    (lambda music, place: music.search(unlike="drums"), "nothing to search for"),
    (lambda music, place: music.search("?!"), "no word in '[?]!'"),
    (lambda music, place: music.search(TEXT, strength=1.0), "beside a picture"),
    (lambda music, place: music.search(TEXT, unlike=f" {TEXT}", image=place / "picture.png"), "is both what is"),
    (lambda music, place: music.like("a/0.flac", but="no drums", unlike="loud"), "'drums' and 'loud' .* say it once"),
    (lambda music, place: music.like("a/0.flac", depth=3), "those of an edit"),
    (lambda music, place: music.like("a/0.flac", guidance=3.0), "those of an edit"),
    (lambda music, place: music.search(TEXT, k=0), "k must be at least 1"),
    (lambda music, place: music.search(TEXT, seeds=0), "samples >= 1"),
    (lambda music, place: music.search(TEXT, guidance=float("nan")), "finite"),
    (lambda music, place: music.search(TEXT, how="best"), "how must be"),
    (lambda music, place: music.search(image=place / "captions.csv"), "not a picture"),
    (lambda music, place: music.like("a/9.flac"), "neither a file nor a track of"),
    (lambda music, place: music.like(place / "captions.csv"), "unreadable"),
    (lambda music, place: music.like("a/0.flac", but="loud", depth=51), "51 steps"),
    (lambda music, place: Retriever(place), "no index there"),
    (lambda music, place: Retriever(place / "index", encoder="mule-mini"), "not by mule-mini; index again"),
    (lambda music, place: Retriever(place / "index", models=place).search(TEXT), "make repro"),
])  # fmt: skip
def test_a_request_that_cannot_be_answered_is_said_in_one_line(place, music, ask, why):
    with pytest.raises(ValueError, match=why) as error:
        ask(music, place)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ask", [
    lambda music, place: music.search(TEXT, k=0),
    lambda music, place: music.search(TEXT, how="best"),
    lambda music, place: music.search(image=place / "picture.png", how="best"),
    lambda music, place: music.like("a/0.flac", but="loud", k=0),
])  # fmt: skip
def test_a_list_that_cannot_be_made_is_refused_before_anything_is_imagined(place, music, ask, unasked):
    with pytest.raises(ValueError, match="how must be|k must be"):
        ask(music, place)


def test_a_check_of_the_space_opens_no_encoder_that_is_not_asked(place):
    music = Retriever(place / "index", models=place / "build")
    music.search(TEXT, seeds=2)
    assert set(music.models._encoders) == {("muscall-mini", "text")}


def test_the_package_is_imported_in_an_instant_and_still_has_the_retriever(tmp_path):
    code = ("import sys, json, ghostnotes; light = sorted(sys.modules); ghostnotes.Retriever.search; "
            "print(json.dumps([light, sorted(sys.modules)]))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env=environment(tmp_path / "log", Path("src").resolve()),
                          capture_output=True, text=True, check=True)  # fmt: skip
    light, heavy = map(set, json.loads(done.stdout))
    assert not light & {"torch", "pandas", "numpy", "typer"} and "torch" in heavy
    with pytest.raises(AttributeError, match="no attribute 'Retrieval'"):
        _ = __import__("ghostnotes").Retrieval
