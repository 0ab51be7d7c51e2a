"""Run the pipeline two stages at a time: `python -m ghostnotes.parallel`.

DVC itself runs one stage after another, but lets several `dvc repro` work in one project as long as they make
different things. Much of our work keeps little more than one core busy, so two stages side by side are done sooner
than the same two in turn. Every stage runs as `dvc repro --single-item STAGE` (by `stage`, which spares it a detour),
with its own fixed number of threads: results, and what DVC remembers of them, are those of a plain `dvc repro`.
"""

import argparse
import codecs
import os
import signal
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from tqdm import tqdm

PIPELINE = ("dvc.yaml", "data.dvc")
KEPT = 40  # lines of a stage's output that are shown if it fails


def stale_stages() -> dict[str, set[str]]:
    """Every stage of dvc.yaml that changed or depends on one that did, with the stages of these that it waits for."""
    # late: DVC takes a second to import
    import networkx
    from dvc.repo import Repo

    with Repo() as repo:
        own = [stage for stage in repo.index.graph if stage.path_in_repo in PIPELINE]  # profiles/own has another
        graph = networkx.relabel_nodes(repo.index.graph.subgraph(own), {stage: stage.addressing for stage in own})
        changed = [name for name in repo.status() if name in graph]
    stale = set(changed).union(*(networkx.ancestors(graph, name) for name in changed))  # edges lead to what is needed
    return {name: stale & networkx.descendants(graph, name) for name in graph if name in stale}


def depths(waits: dict[str, set[str]]) -> dict[str, int]:
    """How long a chain of stages waits for each one: those with the longest are run first."""
    direct = {name: {other for other in waits if name in waits[other]} for name in waits}
    found = {}
    for name in sorted(waits, key=lambda one: len(waits[one]), reverse=True):  # whoever waits for it comes before it
        found[name] = 1 + max((found[other] for other in direct[name]), default=-1)
    return found


def run(waits: dict[str, set[str]], jobs: int, command: list[str]) -> list[str]:
    """Run `command STAGE` for every stage as soon as what it waits for is done, `jobs` at a time; returns what failed.

    After a failure nothing more is started; if this process is interrupted, so are the stages. The last line that each
    stage prints, which is its progress bar, is shown.
    """
    depth, order, failed, running, live = depths(waits), list(waits), [], {}, {}
    left = {name: set(needed) for name, needed in waits.items()}
    slots = deque(tqdm(bar_format="{desc}", position=place + 1, leave=False) for place in range(jobs))
    with tqdm(total=len(waits), desc="stages", unit="stage", position=0) as bar, ThreadPoolExecutor(jobs) as pool:
        try:
            while running or (left and not failed):
                ready = [name for name, needed in left.items() if not needed] if not failed else []
                for name in sorted(ready, key=lambda one: (-depth[one], order.index(one)))[: jobs - len(running)]:
                    del left[name]
                    running[pool.submit(_follow, [*command, name], name, slots, live)] = name
                for job in wait(running, return_when=FIRST_COMPLETED).done:
                    name, (status, minutes, said) = running.pop(job), job.result()
                    if status:
                        failed.append(name)
                        tqdm.write("\n".join([*said, f"{name}: failed"]), file=sys.stderr)
                    else:
                        if not any("didn't change, skipping" in line for line in said):
                            tqdm.write(f"{minutes:6.1f} min  {name}", file=sys.stderr)
                        bar.update(1)
                    for needed in left.values():
                        needed.discard(name)
        except BaseException:
            for process in list(live.values()):
                os.killpg(process.pid, signal.SIGTERM)
            raise
    for slot in slots:
        slot.close()
    return failed


def _follow(command: list[str], name: str, slots: deque, live: dict) -> tuple[int, float, list[str]]:
    """Run one command and show its last line in a free slot: exit status, minutes, and the last lines it said.

    It leads a group of processes of its own, so that it can be interrupted with all that it started.
    """
    slot, started, said, rest = slots.popleft(), time.monotonic(), deque(maxlen=KEPT), ""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    live[name] = process
    while piece := process.stdout.read1():
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        said.extend(_painted(line) for line in whole if _painted(line))
        shown = _painted(rest) or (said[-1] if said else "")
        slot.set_description_str(f"  {name}: {shown}"[: (slot.ncols or 120) - 1])
    slot.set_description_str("")
    slots.append(slot)
    del live[name]
    return process.wait(), (time.monotonic() - started) / 60, [*said, *[_painted(rest)] * bool(_painted(rest))]


def _painted(line: str) -> str:
    """What is left of a line that was painted over: the last of its parts that holds anything."""
    return next((part.rstrip() for part in reversed(line.split("\r")) if part.strip()), "")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghostnotes.parallel", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="stages at a time (default 2)")
    options = parser.parse_args(arguments)
    from dvc.exceptions import DvcException

    # stages call `python`: this one, even where its environment was not activated
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            waits = stale_stages()
        except TypeError as error:  # what DVC raises for a value of params.yaml that it does not know, such as a date
            raise DvcException(str(error)) from error
        failed = run(waits, max(1, options.jobs), [sys.executable, "-m", "ghostnotes.stage"]) if waits else []
    except DvcException as error:  # no project here, a fault in dvc.yaml, or another run that has not ended
        print(f"ghostnotes: {' '.join(str(error).split())} (`dvc status` may say more)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ghostnotes: interrupted; what is done stays done", file=sys.stderr)
        return 130
    if failed:
        print(f"ghostnotes: stopped, because {' and '.join(failed)} failed; what is done stays done", file=sys.stderr)
    elif not waits:
        print("Everything is up to date.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
