"""Minutes and memory of everything, from a fresh clone: `python benchmarks/whole.py FOLDER`, more than an hour.

Clones what is committed to FOLDER, which must not exist, and runs `make environment`, `make test` and `make repro`
(every stage, as on a machine whose digits differ) there, or only the steps that are named: `environment test`.
Writes benchmarks/whole.csv: minutes by the clock, minutes of processor time, peak memory (the resident memory of all
processes together, looked at twice a second, so that what they share counts more than once); steps that were not run
keep their row. After `repro` also benchmarks/minutes.csv: every stage, as `python -m ghostnotes.notebook minutes` knows
it; two run at a time. Leave the machine alone meanwhile.
"""

import argparse
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

from ghostnotes.files import write_csv

STEPS = {"environment": "make environment", "test": "make test", "repro": "make repro"}
EVERY = 0.5  # seconds between two looks at the memory


def resident(process: psutil.Process) -> int:
    """Bytes that a process and all that it started hold in memory."""
    found = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            found += one.memory_info().rss
        except psutil.NoSuchProcess:  # it has just ended
            continue
    return found


def measured(command: str, folder: Path) -> dict[str, float]:
    """Minutes, minutes of processor time and peak GiB of a command; CalledProcessError where it fails."""
    before, started, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    process = subprocess.Popen(shlex.split(command), cwd=folder)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, resident(watched))
        time.sleep(EVERY)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"minutes": round((time.monotonic() - started) / 60, 1), "processor_minutes": round(busy / 60, 1),
            "peak_gib": round(peak / 2**30, 1)}  # fmt: skip


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the clone goes")
    parser.add_argument("steps", nargs="*", help=f"of {', '.join(STEPS)}; default: all")
    options = parser.parse_args()
    unknown = [step for step in options.steps if step not in STEPS]
    if unknown:
        parser.error(f"no step is called {unknown[0]!r}; there are {', '.join(STEPS)}")
    if options.folder.exists():
        print(f"ghostnotes: {options.folder} exists; name a folder that does not", file=sys.stderr)
        return 1
    here, folder = Path.cwd(), options.folder.resolve()
    subprocess.run(["git", "clone", "--quiet", str(here), str(folder)], check=True)
    table = here / "benchmarks/whole.csv"
    rows = pd.read_csv(table).set_index("step").to_dict("index") if table.exists() else {}
    for step in [step for step in STEPS if step in (options.steps or STEPS)]:
        if step == "repro":
            (folder / "dvc.lock").unlink()  # or what comes out as it is committed would count as done
        try:
            rows[step] = measured(STEPS[step], folder)
        except subprocess.CalledProcessError as error:
            print(f"ghostnotes: {error}", file=sys.stderr)
            return 1
        found = pd.DataFrame([{"step": name} | rows[name] for name in STEPS if name in rows])
        write_csv(table, found)
        if step == "repro":
            listed = [sys.executable, "-m", "ghostnotes.notebook", "minutes", "--csv"]
            subprocess.run([*listed, str(here / "benchmarks/minutes.csv")], cwd=folder, check=True)
    print(found.to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
