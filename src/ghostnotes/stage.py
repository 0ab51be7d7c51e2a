"""Run one stage: `python -m ghostnotes.stage STAGE`. It is `dvc repro --single-item STAGE`, but writes dvc.lock sooner.

After every stage DVC reads all of dvc.lock in a way that keeps comments, and writes it anew: two seconds of pure Python
for our eighty stages, and more with every further one. Here DVC's own code reads and writes the lines of this stage
alone, and those of the others stay as they are: the same bytes. A lock file that DVC would not write like this is left
to DVC, and so is everything where a later DVC keeps these functions elsewhere.
"""

import contextlib
import re
import sys
from pathlib import Path

from dvc.cli import main

from ghostnotes.files import atomically

try:
    from dvc import dvcfile
    from dvc.utils.serialize import dumps_yaml, modify_yaml, parse_yaml, parse_yaml_for_update
except ImportError:
    dvcfile = None

HEAD = "schema: '2.0'\nstages:\n"
PART = re.compile(r"^  [A-Za-z][\w@.-]*:\n(?:(?:   .*)?\n)+", re.M)  # a stage's name and what lies below it


def parts_of(text: str, stage: str) -> tuple[list[str], list[int]] | None:
    """The stages' lines in a lock file, and the places of this stage's among them; None for a file of another form."""
    parts = PART.findall(text)
    mine = [place for place, part in enumerate(parts) if part.startswith(f"  {stage}:\n")]
    return (parts, mine) if text == HEAD + "".join(parts) and len(mine) < 2 else None


@contextlib.contextmanager
def modify_part(stage: str, path: str, **options):
    """DVC's `modify_yaml` for one stage of dvc.lock: yields the content with that stage alone, and writes it back."""
    lock = Path(path)
    found = parts_of(lock.read_text(encoding="utf-8"), stage) if lock.name == "dvc.lock" and lock.exists() else None
    if found is None:
        with modify_yaml(path, **options) as content:
            yield content
        return
    parts, mine = found
    content = parse_yaml_for_update(HEAD + parts[mine[0]], path) if mine else {"schema": "2.0", "stages": {}}
    yield content
    place = mine[0] if mine else len(parts)
    parts[place : place + 1] = [dumps_yaml(content).removeprefix(HEAD)]
    atomically(lock, lambda temporary: Path(temporary).write_text(HEAD + "".join(parts), encoding="utf-8"))


def read_part(stage: str, whole):
    """DVC's reading of dvc.lock, `whole`, for one stage: (the content with that stage alone, its text)."""

    def read(lock, **options):
        text = Path(lock.path).read_text(encoding="utf-8")
        found = None if options else parts_of(text, stage)
        if found is None or not found[1]:
            return whole(lock, **options)
        mine = HEAD + found[0][found[1][0]]
        return lock.validate(parse_yaml(mine, lock.path), lock.path), mine

    return read


def run(stage: str) -> int:
    """The exit status of DVC's command for one stage."""
    if dvcfile:
        dvcfile.modify_yaml = lambda path, **options: modify_part(stage, path, **options)
        dvcfile.Lockfile._load_yaml = read_part(stage, dvcfile.Lockfile._load_yaml)
    return main(["--wait-for-lock", "repro", "--single-item", stage])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("ghostnotes: name one stage, such as: python -m ghostnotes.stage cards")
    sys.exit(run(sys.argv[1]))
