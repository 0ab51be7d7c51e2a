"""The runner: stripped sources, executed copies without traces of the run, errors in one line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from ghostnotes import notebook

ROOT = Path(__file__).parents[1]
CELLS = [
    ("markdown", "# A title", []),
    ("code", "import ghostnotes", []),
    ("code", "omega = 1.0", ["parameters"]),
    ("code", "from tqdm import tqdm\nfor i in tqdm(range(3)):\n    pass\nprint('omega', 2 * omega)", []),
]


def make(cells=CELLS):
    metadata = {"kernelspec": {"name": "python3", "display_name": "x"}, "signature": "me"}
    made = nbformat.v4.new_notebook(metadata=metadata)
    for kind, source, tags in cells:
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata={"tags": tags, "collapsed": True})
        if kind == "code":
            cell.execution_count = 7
            cell.outputs = [nbformat.v4.new_output("stream", text="old")]
        made.cells.append(cell)
    return made


@pytest.fixture
def project(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    nbformat.write(make(), tmp_path / "notebooks" / "a.ipynb")
    return tmp_path


def run(project, *arguments, **variables):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), **variables}
    return subprocess.run([sys.executable, "-m", "ghostnotes.notebook", *arguments], cwd=project, env=environment,
                          text=True, capture_output=True)  # fmt: skip


def test_stripping_keeps_source_and_tags_and_nothing_else():
    clean = notebook.strip(make())
    assert [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in clean.cells] == CELLS
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in clean.cells)
    assert "signature" not in clean.metadata and clean.metadata.kernelspec.name == "python3"


def test_opening_and_saving_changes_nothing(tmp_path):
    one, two = make(), make()
    two.metadata["language_info"] = {"name": "python", "version": "3.99"}
    two.cells[0].id = "other"
    assert nbformat.writes(notebook.strip(one)) == nbformat.writes(notebook.strip(two))


def test_running_twice_gives_the_same_bytes(project):
    assert run(project, "strip").returncode == 0
    copies = []
    for _ in range(2):
        done = run(project, "run", "a", "-p", "omega", "3.5")
        assert done.returncode == 0, done.stderr
        assert "3/3" in done.stderr, "the progress bar is shown while it runs"
        copies.append((project / "reports/notebooks/a-3.5.ipynb").read_bytes())
    assert copies[0] == copies[1]
    executed = nbformat.reads(copies[0].decode(), as_version=4)
    assert "omega 7.0" in copies[0].decode() and "3/3" not in copies[0].decode()
    assert "papermill" not in executed.metadata and not list((project / "work/failed").glob("*.ipynb"))
    assert "a-3.5" in run(project, "minutes").stdout
    assert run(project, "minutes", "--csv", "took.csv").returncode == 0
    header, *rows = (project / "took.csv").read_text().splitlines()
    assert header == "stage,minutes" and any(re.fullmatch(r"a-3\.5,\d+\.\d\d", row) for row in rows)


def test_the_shell_does_not_choose_how_many_threads_compute(project):
    """Sums in another order end in another digit; and NumPy's threads spin while they wait, so it has one."""
    pools = "import numpy\nfrom threadpoolctl import threadpool_info\nprint(threadpool_info())"
    nbformat.write(make([*CELLS, ("code", pools, [])]), project / "notebooks" / "a.ipynb")
    run(project, "strip")
    done = run(project, "run", "a", OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="7")
    assert done.returncode == 0, done.stderr
    printed = (project / "reports/notebooks/a.ipynb").read_text()
    assert "'num_threads': 1, " in re.search(r"{[^}]*'openblas'[^}]*}", printed)[0]


def test_a_kernel_whose_cells_are_done_is_not_asked_to_leave(project):
    """Asked, some take seconds, and what they do meanwhile nobody waits for."""
    leaving = ("code", "import atexit, tempfile\natexit.register(open, 'left', 'w')\nprint(tempfile.mkdtemp())", [])
    nbformat.write(make([leaving]), project / "notebooks" / "a.ipynb")
    run(project, "strip")
    done = run(project, "run", "a")
    assert done.returncode == 0 and not (project / "left").exists(), done.stderr
    (printed,) = nbformat.read(project / "reports/notebooks/a.ipynb", as_version=4).cells[0].outputs
    assert not Path(printed.text.strip()).exists(), "its temporary files go with it"


def test_printing_slowly_changes_no_bytes():
    """What one cell prints arrives in pieces cut by time; the executed copy joins them."""
    stream = lambda text: nbformat.v4.new_output("stream", name="stdout", text=text)  # noqa: E731
    picture = nbformat.v4.new_output("display_data", data={"text/plain": "x"})
    slow, fast = make(), make()
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "0%"}
    bar = nbformat.v4.new_output("display_data", data=widget)
    slow.cells[3].outputs = [bar, stream("a\n"), stream("b\n"), picture, stream("c\n")]
    fast.cells[3].outputs = [stream("a\nb\n"), picture, stream("c\n")]
    assert nbformat.writes(notebook.scrub(slow)) == nbformat.writes(notebook.scrub(fast))


def test_styled_tables_and_addresses_are_the_same_bytes_in_every_run():
    """pandas gives a styled table a random id, and objects print where they lie in memory."""

    def executed():
        one = make([("code", "x", []), ("code", "y", [])])
        for cell in one.cells:
            table = pd.DataFrame({"a": [1.5]}).style.set_properties(color="red")
            data = {"text/html": table.to_html(), "text/plain": repr(object())}
            cell.outputs = [nbformat.v4.new_output("display_data", data=dict(data)) for _ in range(2)]
        return notebook.scrub(one)

    first, second = executed(), executed()
    assert first.cells == second.cells
    pages = [out.data["text/html"] for cell in first.cells for out in cell.outputs]
    ids = [re.search(r'<table id="([^"]+)"', page).group(1) for page in pages]
    assert len(set(ids)) == 4, "two tables of a page never share their style"
    assert all(f"#{name}_row0_col0" in page and f'id="{name}_row0_col0"' in page for name, page in zip(ids, pages))


def test_an_unknown_parameter_is_an_error(project):
    run(project, "strip")
    done = run(project, "run", "a", "-p", "omgea", "3.5")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "has no parameter 'omgea'; it has ['omega']" in done.stderr and not (project / "reports").exists()


def test_a_parameter_cannot_lead_out_of_the_reports(project):
    run(project, "strip")
    done = run(project, "run", "a", "-p", "omega", "../../x")
    assert done.returncode == 1 and "may hold letters" in done.stderr and done.stderr.count("\n") == 1


def test_a_dead_kernel_is_one_line(project):
    nbformat.write(make([*CELLS, ("code", "import os\nos._exit(9)", [])]), project / "notebooks" / "a.ipynb")
    run(project, "strip")
    done = run(project, "run", "a")
    assert done.returncode == 1 and "its kernel died" in done.stderr and "Traceback" not in done.stderr


FAULTS = {
    "dies": "notebook.KERNEL_CONFIG = 'import os; os._exit(9)'",
    "gone": "def gone(self, name):\n raise kernelspec.NoSuchKernel(name)\n"
            "kernelspec.KernelSpecManager.get_kernel_spec = gone",
}  # fmt: skip


@pytest.mark.parametrize(("fault", "said"), [("dies", "its kernel did not start: "), ("gone", "no kernel called ")])
def test_a_kernel_that_does_not_start_is_one_line(project, fault, said):
    run(project, "strip")
    code = f"""import sys
from jupyter_client import kernelspec
from ghostnotes import notebook
{FAULTS[fault]}
sys.exit(notebook.main(["run", "a"]))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=project, text=True, capture_output=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    assert done.returncode == 1 and not (project / "reports").exists()
    assert done.stderr.splitlines()[-1].startswith(f"ghostnotes: a: {said}") and "Traceback" not in done.stderr


def test_a_missing_notebook_is_an_error(project):
    done = run(project, "run", "b")
    assert done.returncode == 1 and done.stderr.strip().endswith("b.ipynb: no such notebook")


def test_a_failing_cell_is_one_line_and_writes_no_report(project):
    broken = make([*CELLS, ("code", "raise ValueError('row 3\\nis NaN')", [])])
    nbformat.write(broken, project / "notebooks" / "a.ipynb")
    run(project, "strip")
    done = run(project, "run", "a")
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and not (project / "reports").exists()
    assert last.startswith("ghostnotes: a: ValueError: row 3 is NaN") and "Traceback" not in done.stderr
    assert (project / "work/failed/a.ipynb").exists()
