"""params.yaml -> typed, validated settings; a key that is not known is an error naming it.

DVC tracks the values themselves (`params:` in dvc.yaml), so no stage lists this module as a dependency.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ghostnotes.settings import Settings, TrainingSettings

__all__ = ["Settings", "TrainingSettings", "load", "open_project", "overlay", "read", "validate"]
SETTINGS_FILE = "params.yaml"


def load(path: Path = Path(SETTINGS_FILE)) -> Settings:
    """Read and validate a settings file. ValueError in one line: which file, which key, what is wrong."""
    return validate(read(path), path)


def read(path: Path) -> dict[str, Any]:
    """The sections of a YAML file as plain values, {} where it is empty; ValueError in one line that names the file."""
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
        values = yaml.load(Path(path).read_text(encoding="utf-8"), loader)
    except FileNotFoundError:
        raise ValueError(f"{path}: not there; run from the project's folder") from None
    except (yaml.YAMLError, ValueError) as error:  # the second for bytes that are no text, and for days that are none
        raise ValueError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if values is not None and not isinstance(values, Mapping):
        raise ValueError(f"{path}: expected sections of settings, found {type(values).__name__}")
    return values or {}


def validate(values: Any, source: Path) -> Settings:
    """Settings from plain values; source names the file in errors."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{source}: expected sections of settings, found {type(values).__name__}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = [_explain(fault) for fault in error.errors()]
        raise ValueError(f"{source}: " + "; ".join(faults[:3])) from None


def _explain(fault: dict) -> str:
    where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key '{where}'"
    if fault["type"] == "missing":
        return f"key '{where}' is missing"
    what = fault["msg"].removeprefix("Value error, ").lower()
    if not where:  # a fault between sections names them itself
        return what
    found = "" if isinstance(fault["input"], Mapping) else f", got {fault['input']!r}"
    return f"'{where}': {what}{found}"


def open_project() -> Settings:
    """Settings of the project that contains the working folder, which becomes its root; threads are fixed.

    Every notebook starts with it, so that the same relative paths hold in a stage and in JupyterLab.
    """
    import torch

    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / SETTINGS_FILE).exists()), None)
    if root is None:
        raise ValueError(f"no {SETTINGS_FILE} in {here.name} or above it: start inside the project's folder")
    os.chdir(root)
    if str(root / "src") not in sys.path:
        sys.path.insert(0, str(root / "src"))
    settings = load()
    torch.set_num_threads(settings.threads)
    return settings


def overlay(base: dict, changes: dict) -> dict:
    """Settings with a profile laid over them: sections merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = overlay(base[key], value) if both else value
    return merged
