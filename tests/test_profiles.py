"""Scratch copies: complete, overlaid, and never on top of something else."""

import pytest
import yaml

from ghostnotes import profiles


def test_a_copy_holds_the_overlaid_settings(tmp_path):
    profiles.copy(tmp_path / "copy", "smoke")
    values = yaml.safe_load((tmp_path / "copy/params.yaml").read_text())
    assert values["corpus"]["rows"]["test"] < 100 and values["sampling"]["solver"] == "euler_maruyama"
    assert (tmp_path / "copy/src/ghostnotes/config.py").exists() and not (tmp_path / "copy/reports").exists()


def test_an_unknown_profile_is_named(tmp_path):
    with pytest.raises(ValueError, match="no profile 'smok'; there are: .*smoke"):
        profiles.copy(tmp_path / "copy", "smok")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match="not empty and not a copy"):
        profiles.copy(tmp_path, "smoke")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
