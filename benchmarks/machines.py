"""The verdicts of an earlier commit whose reports another processor made: `python benchmarks/machines.py COMMIT NAME`.

Writes benchmarks/machines.csv from that commit's scorecard; lesson 14 sets it beside the verdicts of today's reports.
Choose a commit whose predicates and stages are today's, leave out the claims whose stages have changed since
(`--without C1 C2`), and say so in the lesson. Needs the whole history.
"""

import argparse
import io
import subprocess
import sys

import pandas as pd

from ghostnotes.files import write_csv

SCORECARD = "reports/tables/scorecard.csv"


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit")
    parser.add_argument("processor", help="whose, such as AMD")
    parser.add_argument("--without", nargs="+", default=[], metavar="CLAIM", help="claims that are left out")
    options = parser.parse_args()
    commit = options.commit
    shown = subprocess.run(["git", "show", f"{commit}:{SCORECARD}"], capture_output=True, text=True)
    if shown.returncode:
        print(f"ghostnotes: {commit} has no {SCORECARD}; name a commit of this repository that has", file=sys.stderr)
        return 1
    scored = pd.read_csv(io.StringIO(shown.stdout), keep_default_na=False)
    unknown = sorted({*options.without} - {*scored["id"]})
    if unknown:
        print(f"ghostnotes: {commit} has no claim {unknown[0]}; there are {', '.join(scored['id'])}", file=sys.stderr)
        return 1
    scored = scored.loc[~scored["id"].isin(options.without), ["id", "verdict"]]
    write_csv("benchmarks/machines.csv", scored.assign(processor=options.processor, commit=commit))
    return 0


if __name__ == "__main__":
    sys.exit(main())
