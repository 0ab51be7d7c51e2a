"""Run a notebook as a stage of the pipeline: `python -m ghostnotes.notebook run pipeline/sweep`.

`strip` writes copies of all notebooks without their outputs; stages depend on those, so that a notebook which was only
opened and saved makes nothing stale. `run` executes such a copy by papermill and writes reports/notebooks/NAME.ipynb
without times and ids, so that the same results are the same bytes.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import yaml

# or nbformat's checks compile a grammar of web addresses, a second, and papermill opens Arrow for files in clouds
for unused in ("rfc3987_syntax", "pyarrow.fs"):
    sys.modules.setdefault(unused, None)
import nbformat  # noqa: E402

from ghostnotes import config  # noqa: E402
from ghostnotes.files import atomically  # noqa: E402

SOURCES, STRIPPED, EXECUTED = Path("notebooks"), Path("build/notebooks"), Path("reports/notebooks")
FAILED, MINUTES, KERNELS = Path("work/failed"), Path("work/minutes"), Path("work/kernels")
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "WANDB_MODE": "disabled",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads slow down all else on the machine, and each other
    "OPENBLAS_NUM_THREADS": "1",  # NumPy's always spin, and on matrices of our size one alone is as fast
    # Memory that is given back to the system comes again page by page, each cleared: a quarter of a convolution's time.
    # glibc keeps what is freed for what comes next, torch asks for large pages; elsewhere these do nothing.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "THP_MEM_ALLOC_ENABLE": "1",
}
# A kernel of our own making: no one's startup files, no history file, no log lines between the progress bars.
KERNEL_FOLDER = Path("work/ipython")
KERNEL_CONFIG = """c = get_config()
c.IPKernelApp.log_level = "CRITICAL"
c.HistoryManager.enabled = False
"""


class NotebookError(Exception):
    """A notebook cannot be run, or stopped; the message is one line."""


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook as its author wrote it: no outputs, no counts, no traces of who opened it; ids by position."""
    clean = nbformat.v4.new_notebook()
    clean.metadata = nbformat.from_dict({"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    for position, cell in enumerate(notebook.cells):
        make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}.get(cell.cell_type)
        kept = (make or nbformat.v4.new_raw_cell)(cell.source.rstrip())
        kept.id = f"cell-{position:02d}"
        if cell.metadata.get("tags"):
            kept.metadata["tags"] = list(cell.metadata["tags"])
        clean.cells.append(kept)
    return clean


NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # values become part of a file's name
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def scrub(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed notebook without what differs from run to run: times, versions, progress bars, papermill's notes."""
    clean = strip(notebook)
    for cell, executed in zip(clean.cells, notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = executed.execution_count
            cell.outputs = _merged([out for out in executed.outputs if not _is_progress(out)])
            for place, out in enumerate(cell.outputs):
                out.get("metadata", {}).clear()
                for kind in {"text/plain", "text/html"} & set(out.get("data", {})):
                    out.data[kind] = _anonymous(out.data[kind], f"{cell.id}-{place}")
    return clean


def _anonymous(text: str, where: str) -> str:
    """Without addresses in memory, and with the random ids of styled tables named after their place."""
    for number, name in enumerate(re.findall(r'<table id="(T_[0-9a-f]+)"', text)):
        text = text.replace(name, f"T_{where}-{number}")
    return re.sub(r" at 0x[0-9a-f]+>", ">", text)


def _is_progress(out) -> bool:
    """Bars are printed to stderr, or shown as widgets with an id of their own."""
    return out.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in out.get("data", {})


def _merged(outputs: list) -> list:
    """Printed text arrives in pieces cut by time: join what follows on one another."""
    merged = []
    for out in outputs:
        if merged and out.output_type == "stream" and merged[-1].get("name") == out.name:
            merged[-1].text += out.text
        else:
            merged.append(out)
    return merged


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook atomically."""
    text = nbformat.writes(notebook) + "\n"
    atomically(path, lambda temporary: Path(temporary).write_text(text, encoding="utf-8"))


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook; NotebookError names a file that is missing or not a notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise NotebookError(f"{path}: no such notebook") from None
    except Exception as error:
        raise NotebookError(f"{path}: not a notebook ({' '.join(str(error).split())[:120]})") from None


def strip_all() -> None:
    """Write the stripped copy of every notebook under notebooks/."""
    for source in sorted(SOURCES.rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in source.parts:
            write(strip(read(source)), STRIPPED / source.relative_to(SOURCES))


def run(name: str, result: str, parameters: dict) -> None:
    """Execute notebook `name` ("pipeline/sweep") and write reports/notebooks/`result`.ipynb.

    A parameter that the notebook does not have is an error. If a cell fails, the error becomes one line and the
    notebook as far as it came is kept in work/failed; nothing is written to reports.
    """
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    settings = config.load()
    source = STRIPPED / f"{name}.ipynb"
    read(source)
    known = papermill.inspect_notebook(str(source))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise NotebookError(f"{source}: has no parameter {unknown[0]!r}; it has {sorted(known) or 'none'}")
    atomically(
        KERNEL_FOLDER / "profile_default/ipython_kernel_config.py",
        lambda temporary: Path(temporary).write_text(KERNEL_CONFIG),
    )
    os.environ.update(ENVIRONMENT, IPYTHONDIR=str(KERNEL_FOLDER.resolve()))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path("src").resolve()), os.environ.get("PYTHONPATH", "")])
    for library in ("OMP", "MKL", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = str(settings.threads)
    started, partial, log = time.monotonic(), FAILED / f"{result}.ipynb", KERNELS / f"{result}.log"
    for path in (partial, log):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # killed when its cells are done, it would leave its temporary files lying
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, _kernel_apart(log) as terminal:
            os.environ["TMPDIR"] = scratch
            executed = papermill.execute_notebook(
                str(source), str(partial), parameters, kernel_name="python3", progress_bar=False,
                stderr_file=terminal, request_save_on_cell_execute=False,
                shutdown_kernel="immediate",  # asked to leave, one kernel in four takes three seconds
            )  # fmt: skip
    except PapermillExecutionError as error:
        reason = " ".join(str(error.evalue).split())
        raise NotebookError(f"{name}: {error.ename}: {reason} (the notebook so far: {partial})") from None
    except DeadKernelError:
        raise NotebookError(f"{name}: its kernel died, perhaps for want of memory (see {log})") from None
    except NoSuchKernel as error:
        raise NotebookError(f"{name}: no kernel called {error.name}; install ipykernel here again") from None
    except RuntimeError as error:
        if not str(error).startswith("Kernel "):  # so jupyter_client says of one that died, or was slow, at its start
            raise
        raise NotebookError(f"{name}: its kernel did not start: {' '.join(str(error).split())} (see {log})") from None
    write(scrub(executed), EXECUTED / f"{result}.ipynb")
    partial.unlink()
    minutes = (time.monotonic() - started) / 60
    atomically(MINUTES / f"{result}.txt", lambda temporary: Path(temporary).write_text(f"{minutes:.3f}\n"))


@contextlib.contextmanager
def _kernel_apart(path: Path):
    """Send what the kernel process itself says (why it died) to a log; yields our stderr, for progress."""
    sys.stderr.flush()
    with open(path, "w") as log, open(os.dup(2), "w") as terminal:
        os.dup2(log.fileno(), 2)
        try:
            yield terminal
        finally:
            terminal.flush()
            os.dup2(terminal.fileno(), 2)


def minutes_by_stage() -> dict[str, float]:
    """How long each notebook last took here, in minutes: {"pipeline/train-prior": 1.9, ...}. Kept out of reports."""
    paths = sorted(MINUTES.rglob("*.txt"), key=lambda path: path.stat().st_mtime)
    return {str(path.relative_to(MINUTES).with_suffix("")): float(path.read_text()) for path in paths}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghostnotes.notebook", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("strip", help="write copies without outputs to build/notebooks")
    measure = commands.add_parser("minutes", help="how long each notebook last took here")
    measure.add_argument("--csv", type=Path, help="also write them to this file")
    runner = commands.add_parser("run", help="execute one notebook into reports/notebooks")
    runner.add_argument("name", help="such as pipeline/sweep")
    runner.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    options = parser.parse_args(arguments)
    try:
        if options.command == "strip":
            config.load()
            strip_all()
        elif options.command == "minutes":
            taken = minutes_by_stage()
            for name, minutes in [*taken.items(), ("all", sum(taken.values()))]:
                print(f"{minutes:6.1f} min  {name}")
            if options.csv:
                lines = ["stage,minutes", *(f"{name},{minutes:.2f}" for name, minutes in sorted(taken.items()))]
                atomically(options.csv, lambda temporary: Path(temporary).write_text("\n".join(lines) + "\n"))
        else:
            for _, value in options.parameter:
                if not NAME.fullmatch(value):
                    raise NotebookError(f"{value!r}: a value may hold letters, digits, '.', '_' and '-' only")
            values = {key: yaml.safe_load(value) for key, value in options.parameter}
            run(options.name, "-".join([options.name, *dict(options.parameter).values()]), values)
    except (NotebookError, ValueError, OSError) as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
