"""The verdicts of an earlier commit whose reports another processor made: `python benchmarks/machines.py COMMIT NAME`.

Writes benchmarks/machines.csv from that commit's scorecard; lesson 14 sets it beside the verdicts of today's reports.
Choose a commit whose predicates and stages are today's, or say in the lesson what has changed since. Needs the whole
history.
"""

import io
import subprocess
import sys

import pandas as pd

from ghostnotes.files import write_csv

SCORECARD = "reports/tables/scorecard.csv"


def main() -> int:
    """The command line; returns the exit status."""
    if len(sys.argv) != 3:
        print(f"ghostnotes: {__doc__.splitlines()[0]}", file=sys.stderr)
        return 2
    commit, processor = sys.argv[1:]
    shown = subprocess.run(["git", "show", f"{commit}:{SCORECARD}"], capture_output=True, text=True)
    if shown.returncode:
        print(f"ghostnotes: {commit} has no {SCORECARD}; name a commit of this repository that has", file=sys.stderr)
        return 1
    scored = pd.read_csv(io.StringIO(shown.stdout), keep_default_na=False)
    write_csv("benchmarks/machines.csv", scored[["id", "verdict"]].assign(processor=processor, commit=commit))
    return 0


if __name__ == "__main__":
    sys.exit(main())
