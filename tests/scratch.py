"""A scratch copy of the project in the smoke profile, to be run from outside as a user would."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from ghostnotes import config, profiles

ROOT = Path(__file__).parents[1]
OFFLINE = ROOT / "tests" / "offline"


def environment(log, *sources):
    """This environment with the network guarded, and with these folders' code before the installed one."""
    bin_folder = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(map(str, [*sources, OFFLINE])),
        "GHOSTNOTES_NETWORK_LOG": str(log),
    }


class Copy:
    """A scratch copy of the project in the smoke profile."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder.parent / "network.log"
        self.environment = environment(self.log, folder / "src")

    def make(self):
        """Write the copy, whose pipeline has not run yet."""
        with contextlib.chdir(ROOT):
            profiles.copy(self.folder, "smoke")

    def run(self, *command):
        return subprocess.run(command, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def dvc(self, *arguments):
        return self.run("dvc", *arguments)

    def stage(self, name):
        """Run one stage, if it is stale, as `make repro` does it: DVC spends seconds less on the lock file."""
        return self.run(sys.executable, "-m", "ghostnotes.stage", name)

    def stages(self, *arguments):
        """The stages that a successful `dvc repro` ran, or with --dry would run."""
        done = self.dvc("repro", *arguments)
        assert done.returncode == 0, done.stdout[-2000:]
        return re.findall(r"Running stage '(.+)'", done.stdout)

    @contextlib.contextmanager
    def settings(self, **changes):
        """params.yaml with these values, and as it was afterwards."""
        with self.file("params.yaml") as path:
            values = config.overlay(yaml.safe_load(path.read_text()), changes)
            path.write_text(yaml.safe_dump(values, sort_keys=False))
            yield

    @contextlib.contextmanager
    def file(self, name):
        """A file that may be changed, and is put back afterwards."""
        path = self.folder / name
        before = path.read_bytes()
        try:
            yield path
        finally:
            path.write_bytes(before)
