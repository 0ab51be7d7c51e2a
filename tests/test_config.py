"""Settings: what is committed is valid; what is wrong is named in one line."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ghostnotes import config

ROOT = Path(__file__).parents[1]


def values():
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def test_the_committed_settings_are_valid():
    settings = config.load(ROOT / "params.yaml")
    assert settings.sweep.omegas[0] == -1 and settings.sweep.omegas[-1] == 19


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_profile_is_valid_over_the_defaults(profile):
    config.validate(config.overlay(values(), yaml.safe_load(profile.read_text())), profile)


def put(path, value):
    """The committed settings with one value changed; path like "sweep.omegas"."""
    changed = values()
    *sections, key = path.split(".")
    inner = changed
    for section in sections:
        inner = inner[section]
    inner[key] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("swep", {}, "unknown key 'swep'"),
        ("sweep.omega", [1], "unknown key 'sweep.omega'"),
        ("models.prior.training.stps", 5, "unknown key 'models.prior.training.stps'"),
        ("models.gan", {}, "models.gan"),
        ("sweep.omegas", [0, math.nan], "'sweep.omegas.1'"),
        ("sweep.omegas", [], "'sweep.omegas'"),
        ("sampling.steps", 0, "'sampling.steps': input should be greater than or equal to 1, got 0"),
        ("sampling.sigma_max", math.inf, "'sampling.sigma_max'"),
        ("sampling.solver", "ddpm", "'sampling.solver'"),
        ("models.prior.training.steps", 0, "'models.prior.training.steps'"),
        ("corpus.rows.test", "many", "'corpus.rows.test'"),
        ("corpus.rows", {"test": 5}, "key 'corpus.rows.pretrain' is missing"),
        ("models", {}, "'models'"),
        ("sweep.recall_at", [], "'sweep.recall_at'"),
        ("sweep.omegas", [0, 3, 3], "'sweep.omegas': the list must ascend, no value twice, got [0, 3, 3]"),
        ("encoders.clip-mini.channels", [], "'encoders.clip-mini.channels'"),
        ("encoders.clap-mini.media", "video", "'encoders.clap-mini.media'"),
        ("encoders.clap-mini.lost_words", 1.5, "'encoders.clap-mini.lost_words'"),
        ("encoders.jukebox", {}, "encoders.jukebox"),
        ("probe.channels", [], "'probe.channels'"),
        ("ghosts.models.mlp.audio_form", "windows", "mlp knows no sequences; give it pooled audio and pooled text"),
        ("ghosts.models.clap.audio_form", "window", "'ghosts.models.clap.audio_form'"),
        ("ghosts.models.gan", {}, "ghosts.models.gan"),
        ("ghosts.sampling.ranked", 6, "a query averages 6 ghosts (sampling.ranked), and muscall has fewer"),
        ("ghosts.ablations.samples", [1, 2], "(sampling.ranked), and ablations.samples has fewer"),
        ("ghosts.sampling.captions", 4, "'ghosts.sampling.captions'"),
        ("control.inversion.depth", 60, "60 steps of inversion are more than the schedule's 50"),
        ("control.inversion.depths", [5, 20, 51], "51 steps of inversion are more than the schedule's 50"),
        ("control.inversion.depth", 15, "depth 15 is not one of the depths that are tried"),
        ("control.models", ["mlp"], "'control.models.0'"),
        ("control.models", ["clap", "clap"], "names a network twice"),
        ("control.omegas", [0, float("inf")], "'control.omegas.1'"),
        ("ghosts.noise.sigma_min", 90, "sigma_min 90 is not below sigma_max 84"),
        ("noise.sigma_min", 100.0, "'noise': sigma_min 100 is not below sigma_max 80"),
        ("sampling.sigma_max", 1000.0, "params.yaml: sampling goes beyond the noise levels"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(path, value, what):
    with pytest.raises(ValueError) as error:
        config.validate(put(path, value), Path("params.yaml"))
    assert what in str(error.value) and str(error.value).startswith("params.yaml: ") and "\n" not in str(error.value)


def test_a_missing_key_is_named():
    changed = values()
    del changed["sampling"]["steps"]
    with pytest.raises(ValueError, match="key 'sampling.steps' is missing"):
        config.validate(changed, Path("params.yaml"))


def test_overlay_merges_sections_and_replaces_the_rest():
    assert config.overlay({"a": {"b": 1, "c": [1, 2]}, "d": 1}, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": 1}


@pytest.mark.parametrize("text", ["threads: [", "just words", "extra: 1\n"])
def test_a_stage_stops_on_bad_settings_with_one_line(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    (tmp_path / "notebooks").mkdir()
    done = subprocess.run([sys.executable, "-m", "ghostnotes.notebook", "strip"], cwd=tmp_path, text=True,
                          capture_output=True, env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""})  # fmt: skip
    assert done.returncode == 1 and not (tmp_path / "build").exists()
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("ghostnotes: params.yaml: ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"threads: [", "not valid YAML"),
        (b"threads: \xff", "not valid YAML"),
        (b"day: 2024-02-31", "not valid YAML"),
        (b"- 1\n- 2\n", "expected sections of settings, found list"),
        (None, "not there"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path, content, what):
    path = tmp_path / "odd.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError) as error:
        config.read(path)
    assert str(error.value).startswith(f"{path}: {what}") and "\n" not in str(error.value)


def test_an_empty_file_changes_nothing(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert config.read(tmp_path / "empty.yaml") == {}


def test_what_params_leave_unsaid_about_training_stays_as_it_was():
    """No stage depends on these defaults: whoever wants others writes them into params.yaml, where DVC sees them."""
    settings = config.TrainingSettings(steps=1, batch=1, learning_rate=1.0).model_dump()
    assert settings == {"steps": 1, "batch": 1, "learning_rate": 1.0, "warmup": 100, "weight_decay": 0.0, "ema": 0.999,
                        "evaluate_every": 100, "patience": 0, "seed": 0, "keep": "best"}  # fmt: skip
