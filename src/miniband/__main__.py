"""The command line: `python -m miniband write FOLDER` writes the corpus's text files."""

import argparse
import sys

from miniband.corpus import write


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0, or 2 after one line on standard error."""
    parser = argparse.ArgumentParser(prog="miniband", description="The made corpus.")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write", help="write tracks, captions, pictures and genres as CSV files")
    writing.add_argument("folder")
    options = parser.parse_args(arguments)
    try:
        files = write(options.folder)
    except (OSError, ValueError) as error:
        print(f"miniband: {error}", file=sys.stderr)
        return 2
    print(f"{len(files)} files in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
