"""The command line: `ghostnotes index`, `search`, `doctor`, `convert`.

Results go to stdout, all else to stderr. Exit status 0; 1 with one line that begins with "ghostnotes: "; 2 for a
command that is not written as it must be. Nothing heavy is imported before a command needs it.
"""

import contextlib
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Search music by words, pictures and other tracks: a diffusion model imagines what you mean.",
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
SHOWN_ASIDE = 20  # tracks that were set aside and are named; the table has them all
WIDEST = 60  # characters of a column

Models = Annotated[Path, typer.Option(help="The folder that `make repro` made.")]
Device = Annotated[str, typer.Option(help="Where encoders run: cpu or cuda.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("index")
def index_(
    folder: Annotated[Path, typer.Argument(help="Music, or a catalogue of another kind.")],
    to: Annotated[Path | None, typer.Option(help="Where the index goes: else ghostnotes-index/NAME.")] = None,
    captions: Annotated[Path | None, typer.Option(help="A table of captions for a folder: file,caption.")] = None,
    encoder: Annotated[list[str] | None, typer.Option(help="By name, see `doctor`; may be repeated.")] = None,
    kind: Annotated[str, typer.Option(help="Or musiccaps, song-describer, melbench, pairs, jamendo.")] = "folder",
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, for other kinds than a folder.")] = None,
    models: Models = Path("build"),
    device: Device = "cpu",
):  # fmt: skip
    """Encode every track of a folder. Stopped and run again, it goes on; nothing is written into the folder itself."""
    given = dict(_pair(text) for text in option or []) | ({} if captions is None else {"captions": captions})
    with _in_one_line():
        from ghostnotes.retriever import Retriever

        with contextlib.redirect_stdout(sys.stderr):  # what libraries print is no result
            library = Retriever.of(folder, to, kind=kind, encoders=encoder or ["muscall-mini"], models=models,
                                   device=device, options=given).library  # fmt: skip
        aside, counts = library.quarantine, library.about["counts"]
        _say(f"{counts['indexed']} tracks in {library.folder}, heard by {', '.join(library.encoders)}")
        for entry in library.about["encoders"]:
            _say(f"  {entry['name']} was trained on {entry['trained_on']}")
        if len(aside):
            reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(aside["reason"]).items())
            _say(f"{len(aside)} set aside ({reasons}); all of them in {library.folder / 'quarantine.csv'}")
            rows = aside.head(SHOWN_ASIDE)
            print(_aligned([[row.id, row.reason] for row in rows.itertuples()], indent="  "))


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help='As in "calm piano for a rainy evening".')] = None,
    unlike: Annotated[str | None, typer.Option(help="What you do not want (a negative prompt).")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture that the music should go with.")] = None,
    like: Annotated[str | None, typer.Option(help="A track, as a file or by its id in the index.")] = None,
    but: Annotated[str | None, typer.Option(help="How the track should be, beside --like.")] = None,
    depth: Annotated[int | None, typer.Option(help="With --but: more leave less of the track.")] = None,
    guidance: Annotated[float | None, typer.Option(help="ω, which is others' guidance scale minus 1.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Tracks that are imagined, by default 50.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of their noise, by default 0.")] = None,
    how: Annotated[str | None, typer.Option(help="One list of many: mean, max or interleave.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Tracks that are shown.")] = 10,
    index: Annotated[Path | None, typer.Option(help="The index: else the only one in ghostnotes-index.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Which encoder of the index.")] = None,
    models: Models = Path("build"),
    device: Device = "cpu",
    as_json: AsJson = False,
):  # fmt: skip
    """Search an index: by a text, a picture, both, or by a track, as it is or as it should have been."""
    if (like is None) == (text is None and image is None):
        raise typer.BadParameter("give a text, --image or both; or --like alone")
    if like is None and (but or depth is not None):
        raise typer.BadParameter("--but and --depth go with --like")
    if like is not None and not (how is seeds is seed is None):
        raise typer.BadParameter("--how, --seeds and --seed go with a text or a picture; a track is one query")
    if like is not None and but is unlike is None and not (depth is guidance is None):
        raise typer.BadParameter("--depth and --guidance are those of an edit: give --but or --unlike with them")
    with _in_one_line():
        from ghostnotes import retriever

        with contextlib.redirect_stdout(sys.stderr):
            chosen = retriever.the_only_index() if index is None else index
            music = retriever.Retriever(chosen, encoder=encoder, models=models, device=device)
            if like is None:
                said = {name: value for name, value in (("seeds", seeds), ("seed", seed)) if value is not None}
                answer = music.search(text, unlike=unlike, image=image, guidance=guidance, k=k, how=how, **said)
            else:
                answer = music.like(like, but, unlike=unlike, depth=depth, guidance=guidance, k=k)
        if as_json:
            print(json.dumps({"how": answer.how, "root": str(music.library.root),
                              "results": answer.table.to_dict("records")}))  # fmt: skip
            return
        _say(answer.how)
        table = answer.table.drop(columns="id")
        table = table[[name for name in table if name in ("rank", "path", "score") or table[name].any()]]
        rows = table.assign(score=[f"{score:.3f}" for score in table["score"]]).astype(str).to_numpy().tolist()
        print(_aligned([list(table), *rows]))


@app.command()
def doctor(models: Models = Path("build"), as_json: AsJson = False):
    """Say what is installed, found and missing, and what is to be done."""
    with _in_one_line():
        from ghostnotes import doctor as examination

        with contextlib.redirect_stdout(sys.stderr):
            found = examination.examine(models)
        if as_json:
            print(json.dumps(found))
        else:
            for part, rows in found["parts"].items():
                print(part, _aligned([[row["name"], row["state"], row["note"]] for row in rows], "  ", None), sep="\n")
            print("\n".join(["to do", *(f"  {line}" for line in found["to do"] or ["nothing"])]))
        if not found["works"]:
            raise ValueError("something essential is missing, see above")


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(help="A pickled checkpoint.")],
    target: Annotated[Path, typer.Argument(help="The safetensors file to write.")],
    trust: Annotated[list[str] | None, typer.Option(help="One of the few harmless names; may be repeated.")] = None,
):
    """Write a pickled checkpoint as safetensors, without running what it may hold."""
    with _in_one_line():
        from ghostnotes.encoders.checkpoints import convert as converted

        converted(checkpoint, target, trust=trust or [])


def main() -> None:
    """Run the command line; does not return."""
    # threads that spin while they wait slow down everything else, before torch is imported or not at all
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console need not know ω
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="ghostnotes")


@contextlib.contextmanager
def _in_one_line():
    """Errors that a person can mend, as one line on stderr and exit status 1."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # who read has left, as `head` does; what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None
    except (ValueError, OSError, ImportError) as error:
        line = _printable(" ".join(str(error).split()), None)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        line = "out of memory; imagine fewer tracks (--seeds), close other programs, or leave a GPU by --device cpu"
    except KeyboardInterrupt:
        line = "stopped; run it again, it goes on"
    else:
        return
    print(f"ghostnotes: {line}", file=sys.stderr)
    raise typer.Exit(1)


def _out_of_memory(error: Exception) -> bool:
    """Whether memory ran out; torch's error for a GPU is known by its name, for the CPU by its text alone."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or "can't allocate memory" in str(error)


def _pair(text: str) -> tuple[str, str | bool]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"--option {text!r}: write NAME=VALUE")
    return name.replace("-", "_"), {"true": True, "false": False}.get(value.lower(), value)


def _aligned(rows: list[list[str]], indent: str = "", widest: int | None = WIDEST) -> str:
    """Rows as columns; what a terminal would take for a command is not printed as such, long texts are cut."""
    clean = [[_printable(value, widest) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean)]
    lines = ("  ".join(value.ljust(width) for value, width in zip(row, widths)) for row in clean)
    return "\n".join(indent + line.rstrip() for line in lines)


def _say(line: str) -> None:
    print(_printable(line, None))


def _printable(text: str, widest: int | None) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if widest is None or len(text) <= widest else text[: widest - 1] + "…"
