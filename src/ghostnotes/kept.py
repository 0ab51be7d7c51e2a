"""What a larger profile found, kept beside the default's reports: `python -m ghostnotes.kept full build/full`.

The scratch copy of a profile (`profiles.copy`) has run. Its tables and metrics that differ from the project's own go to
reports/PROFILE, with all that made them: settings, and hashes of code, notebooks and data, so that a test can say when
they are old.
"""

import argparse
import shutil
import sys
from pathlib import Path

from ghostnotes import config
from ghostnotes.files import write_json
from ghostnotes.profiles import MARK

MADE_BY = "made_by.json"
SHOWN = ("reports/tables/", "reports/metrics/")


def stages(folder: Path) -> dict[str, dict]:
    """What dvc.lock records of every stage: {"deps": {path: md5}, "outs": {path: md5}, "params": {key: value}}."""
    found = {}
    for name, stage in config.read(Path(folder) / "dvc.lock").get("stages", {}).items():
        found[name] = {side: {one["path"]: one["md5"] for one in stage.get(side, ())} for side in ("deps", "outs")}
        found[name]["params"] = stage.get("params", {}).get(config.SETTINGS_FILE, {})
    return found


def keep(profile: str, folder: Path, project: Path = Path(".")) -> list[str]:
    """Copy what differs to reports/<profile> and return its paths; what an earlier run kept there goes.

    ValueError where the folder is no scratch copy, has not run to its end, or ran with other code, data or settings
    than the project's own reports.
    """
    folder, project = Path(folder), Path(project)
    if not (folder / MARK).exists() or not (folder / "dvc.lock").exists():
        raise ValueError(f"{folder} is no copy of a profile whose pipeline has run; "
                         f"first: python -m ghostnotes.profiles {profile} {folder}")  # fmt: skip
    ours, theirs = stages(project), stages(folder)
    missing = sorted(ours.keys() - theirs.keys())
    if missing:
        raise ValueError(f"{folder} has not run to its end: {missing[0]} is missing ({len(missing)} such stages); "
                         "run its pipeline again, it goes on where it was")  # fmt: skip
    theirs.pop("scorecard", None)  # the project's own judges both runs, side by side
    known = {path: md5 for stage in ours.values() for path, md5 in stage["outs"].items()}
    differ = [stage for stage in theirs.values() if any(known.get(path) != md5 for path, md5 in stage["outs"].items())]
    own = [stage for stage in differ if any(path.startswith(SHOWN) for path in stage["outs"])]
    for stage in own:  # grows by the stages that made what these read
        own += [one for one in differ if one not in own and one["outs"].keys() & stage["deps"].keys()]
    made = {path for stage in own for path in stage["outs"]}
    # what goes into these stages from outside them
    inputs = {path: md5 for stage in own for path, md5 in stage["deps"].items() if path not in made}
    params = {key: value for stage in own for key, value in stage["params"].items()}
    made_by = {"profile": profile, "inputs": dict(sorted(inputs.items())), "params": dict(sorted(params.items()))}
    old = outdated(made_by, project)
    if old:
        raise ValueError(f"{folder} ran with another {old[0]} than this project ({len(old)} such); run both again")
    changed = sorted(path for path in made if path.startswith(SHOWN))
    target = project / "reports" / profile
    fresh = target.with_name(f"{profile}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path in changed:
        copied = fresh / Path(path).relative_to("reports")
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / path, copied)
    write_json(fresh / MADE_BY, made_by)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return changed


def outdated(made_by: dict, project: Path = Path(".")) -> list[str]:
    """Which inputs and settings of kept results are no longer the project's, by its dvc.lock and params.yaml."""
    current = {}
    for stage in stages(project).values():
        current |= stage["outs"] | stage["deps"]
    paths = (config.SETTINGS_FILE, f"profiles/{made_by['profile']}.yaml")
    settings = config.overlay(*(config.read(project / path) for path in paths))
    old = [path for path, md5 in made_by["inputs"].items() if current.get(path) != md5]
    return old + [key for key, value in made_by["params"].items() if _at(settings, key) != value]


def _at(settings: dict, key: str):
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, dict) else None
    return settings


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghostnotes.kept", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="such as full")
    parser.add_argument("folder", type=Path, help="the scratch copy that has run")
    options = parser.parse_args(arguments)
    try:
        print("\n".join(keep(options.profile, options.folder)))
    except (ValueError, OSError) as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
