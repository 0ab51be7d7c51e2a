"""The repository itself: one list of dependencies, nothing that does not belong in Git, no way out to a network."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split() if "==" in line)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked():
    try:
        listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("not a Git checkout")
    return [ROOT / name for name in listing.splitlines() if (ROOT / name).exists()]


def test_every_dependency_is_pinned():
    locked = {canonical(name) for name in LOCK}
    asked = PROJECT["dependencies"] + [d for extra in PROJECT["optional-dependencies"].values() for d in extra]
    unpinned = [d for d in asked if "==" not in d and canonical(d) not in locked]
    assert not unpinned


def test_conda_users_get_the_same_set():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert "-r requirements.lock" in pip["pip"] and "-e ." in pip["pip"]
    assert f"numpy={LOCK['numpy']}" in conda and "python=3.11" in conda
    loose = [d for d in PROJECT["dependencies"] if "==" in d]
    assert loose and all(d in pip["pip"] and d in (ROOT / "Makefile").read_text() for d in loose)


def test_the_environment_holds_the_papers_real_encoders():
    assert {"laion-clap", "open_clip_torch"} <= set(PROJECT["dependencies"])


def test_nothing_generated_or_heavy_is_in_git():
    files = tracked()
    kinds = {".sf2", ".wav", ".mp3", ".ogg", ".flac", ".pt", ".safetensors", ".npy"}
    assert not [f.name for f in files if f.suffix in kinds]
    assert not [f.name for f in files if f.stat().st_size > 3_000_000]
    # executed lessons of at most 0.8 MB each are a third of it
    assert sum(f.stat().st_size for f in files) < 45_000_000


def test_no_module_outgrows_a_few_screens():
    long = {str(f.relative_to(ROOT)): n for f in (ROOT / "src").rglob("*.py")
            if (n := len(f.read_text().splitlines())) > 270}  # fmt: skip
    assert not long


def test_telemetry_is_off():
    config = (ROOT / ".dvc/config").read_text()
    assert "analytics = false" in config and "check_update = false" in config


def test_code_is_tidy():
    done = subprocess.run(["ruff", "check", "src", "tests"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
