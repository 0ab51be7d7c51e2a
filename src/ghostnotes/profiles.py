"""A scratch copy of the project with a profile laid over params.yaml: `python -m ghostnotes.profiles smoke FOLDER`.

The committed reports belong to the default settings; another profile runs in its own copy, with its own DVC cache.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from ghostnotes import config

MARK = ".ghostnotes-copy"  # only a folder that holds it is ever renewed
CONTENT = (".dvc/config", ".dvcignore", "benchmarks", "data", "data.dvc", "dvc.yaml", "notebooks", "params.yaml")
CONTENT += ("claims.yaml", "profiles", "src")


def copy(folder: Path, profile: str) -> None:
    """Copy what the pipeline needs to `folder`, params.yaml overlaid with profiles/<profile>.yaml.

    An earlier copy there (known by its mark) is renewed; what its pipeline made stays, so that only what changed runs
    again. ValueError for a profile that does not exist or does not validate, and for any other folder with content.
    """
    source = Path("profiles") / f"{profile}.yaml"
    if not source.exists():
        known = ", ".join(sorted(path.stem for path in Path("profiles").glob("*.yaml")))
        raise ValueError(f"no profile {profile!r}; there are: {known}")
    merged = config.overlay(config.read(Path(config.SETTINGS_FILE)), config.read(source))
    config.validate(merged, source)
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise ValueError(f"{folder} is not empty and not a copy made by this command; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info")
    for name in CONTENT:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(name, target, ignore=ignored)
        else:
            shutil.copy(name, target)
    (folder / config.SETTINGS_FILE).write_text(yaml.safe_dump(merged, sort_keys=False), encoding="utf-8")
    subprocess.run(["dvc", "config", "core.no_scm", "true"], cwd=folder, check=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghostnotes.profiles", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="such as smoke")
    parser.add_argument("folder", type=Path, help="where the copy goes")
    options = parser.parse_args(arguments)
    try:
        copy(options.folder, options.profile)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
