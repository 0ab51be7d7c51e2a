"""Scratch copies: complete, overlaid, and never on top of something else."""

from pathlib import Path

import pytest
import torch
import yaml

from ghostnotes import config, profiles
from ghostnotes.denoisers import ResNetPrior, UNetPrior


def test_a_copy_holds_the_overlaid_settings(tmp_path):
    profiles.copy(tmp_path / "copy", "smoke")
    values = yaml.safe_load((tmp_path / "copy/params.yaml").read_text())
    assert values["corpus"]["rows"]["test"] < 100 and values["sampling"]["solver"] == "dpm_solver_2m_sde"
    assert (tmp_path / "copy/src/ghostnotes/config.py").exists() and not (tmp_path / "copy/reports").exists()


def test_an_unknown_profile_is_named(tmp_path):
    with pytest.raises(ValueError, match="no profile 'smok'; there are: .*smoke"):
        profiles.copy(tmp_path / "copy", "smok")


@pytest.mark.parametrize(("text", "what"), [("a: [", "not valid YAML"), ("- 1\n", "expected sections")])
def test_a_profile_that_is_none_is_one_line(tmp_path, monkeypatch, capsys, text, what):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/odd.yaml").write_text(text)
    (tmp_path / "params.yaml").write_bytes(Path("params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert profiles.main(["odd", "copy"]) == 1 and not (tmp_path / "copy").exists()
    error = capsys.readouterr().err
    assert error.startswith(f"ghostnotes: profiles/odd.yaml: {what}") and error.count("\n") == 1


@pytest.mark.parametrize("name", ["thesis.tex", "dvc.yaml", "src/mine.py"])
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match="not empty and not a copy"):
        profiles.copy(tmp_path, "smoke")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == [name]


def test_the_project_itself_is_not_a_place_for_a_copy():
    with pytest.raises(ValueError, match="not a copy made by this command"):
        profiles.copy(Path("."), "smoke")


def test_a_copy_can_be_renewed(tmp_path):
    for _ in range(2):
        profiles.copy(tmp_path / "copy", "smoke")
    assert (tmp_path / "copy/dvc.yaml").exists()


def test_the_paper_profile_is_the_papers_network_and_training():
    """Diff4Steer III-B: 6 layers of width 4096, 282.9M parameters, p_mask .1, Adam, peak rate 1e-5, 2M steps; III-C."""
    base, changes = (yaml.safe_load(Path(path).read_text()) for path in ("params.yaml", "profiles/paper.yaml"))
    settings = config.validate(config.overlay(base, changes), Path("profiles/paper.yaml"))
    prior, spaces = settings.models["prior"], settings.encoders
    with torch.device("meta"):
        network = ResNetPrior(spaces["muscall-mini"].dim, spaces["clip-mini"].dim, prior.width, prior.depth)
    assert sum(p.numel() for p in network.parameters()) == 282_944_384
    for model in settings.models.values():
        assert (model.width, model.depth, model.mask) == (4096, 6, 0.1)
    recipe = prior.training
    assert (recipe.steps, recipe.learning_rate, recipe.weight_decay) == (2_000_000, 1e-5, 0)
    assert settings.sweep.seeds == 50 and {-1, 5, 9, 11, 15, 19} <= set(settings.sweep.omegas)


def test_the_paper_profile_is_gd_retrievers_network_and_training():
    """GD-Retriever 3.1.1 and 3.3: about 40M parameters, peak 1e-4, 5k warm-up, 100k steps, batch 256, mask .1."""
    base, changes = (yaml.safe_load(Path(path).read_text()) for path in ("params.yaml", "profiles/paper.yaml"))
    ghosts = config.validate(config.overlay(base, changes), Path("profiles/paper.yaml")).ghosts
    with torch.device("meta"):
        network = UNetPrior(512, 768, ghosts.width, ghosts.levels, ghosts.heads)
    assert 39e6 <= sum(p.numel() for p in network.parameters()) <= 41e6
    recipe = ghosts.training
    assert (recipe.steps, recipe.batch, recipe.learning_rate, recipe.warmup) == (100_000, 256, 1e-4, 5000)
    assert (ghosts.mask, ghosts.hidden, ghosts.sampling.ranked) == (0.1, 4096, 5) and recipe.patience > 0
    assert ghosts.models["clap"].target == "sample" and ghosts.models["noise"].target == "noise"


@pytest.mark.parametrize("profile", [None, "full", "paper", "smoke"])
def test_what_the_ablations_compare_differs_in_one_thing(profile):
    """Pooled against sequence: the same network, target and encoders; x0 against epsilon: all but the target."""
    values = yaml.safe_load(Path("params.yaml").read_text())
    values = config.overlay(values, yaml.safe_load(Path(f"profiles/{profile}.yaml").read_text())) if profile else values
    models = config.validate(values, Path("params.yaml")).ghosts.models
    for name in ("pooled", "pooled-audio", "pooled-text"):
        unlike = {key for key, value in models[name].model_dump().items() if value != getattr(models["clap"], key)}
        assert unlike == {f"{form}_form" for form in ("audio", "text") if name in ("pooled", f"pooled-{form}")}
    one, other = (models[name].model_dump() for name in ("sample", "noise"))
    assert one | {"target": ""} == other | {"target": ""} and one["target"] != other["target"]
