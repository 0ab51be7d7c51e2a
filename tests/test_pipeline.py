"""dvc.yaml against the notebooks: a stage depends on the modules its notebook imports, and on the settings it reads."""

import ast
import itertools
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIPELINE = yaml.load((ROOT / "dvc.yaml").read_text(), yaml.CSafeLoader)["stages"]
# Not dependencies: what only reads settings (their values are tracked), runs notebooks, or repairs an import.
UNTRACKED = {"ghostnotes", "ghostnotes.config", "ghostnotes.notebook", "ghostnotes.compat", "ghostnotes.profiles"}
UNTRACKED |= {"ghostnotes.datasets", "ghostnotes.encoders", "ghostnotes.parallel", "ghostnotes.settings"}
UNTRACKED |= {"ghostnotes.fields", "ghostnotes.ghost_settings", "ghostnotes.control_settings"}
UNTRACKED |= {"ghostnotes.catalogue_settings"}


def module_file(name):
    """The file of a module of this project, or None."""
    path = ROOT / "src" / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)


def imports(source):
    """Modules of this project that this source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {n for n in names if n.split(".")[0] in ("ghostnotes", "miniband") and module_file(n)}
    return found


def closure(source):
    """All modules of this project that running this source loads, but for the untracked ones."""
    todo, seen = imports(source), set()
    while todo:
        name = todo.pop()
        seen.add(name)
        if name not in UNTRACKED:
            todo |= imports(module_file(name).read_text()) - seen
    return seen - UNTRACKED


def code(path):
    """The code of a notebook."""
    return "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")


def expand(stage):
    """A stage's items, with the matrix filled in: yields dicts of plain strings."""
    matrix = stage.get("matrix", {})
    for values in itertools.product(*matrix.values()):
        text = json.dumps({k: v for k, v in stage.items() if k != "matrix"})
        for key, value in zip(matrix, values):
            text = text.replace("${item." + key + "}", str(value))
        yield json.loads(text)


ALL = PIPELINE | yaml.load((ROOT / "profiles/own/dvc.yaml").read_text(), yaml.CSafeLoader)["stages"]
STAGES = [(name, item) for name, stage in ALL.items() for item in expand(stage) if "notebook run" in item["cmd"]]


@pytest.mark.parametrize(("name", "stage"), STAGES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(STAGES)])
def test_a_stage_depends_on_what_its_notebook_imports(name, stage):
    notebook = re.search(r"notebook run (\S+)", stage["cmd"]).group(1)
    assert f"build/notebooks/{notebook}.ipynb" in stage["deps"]
    wanted = set()
    for module in closure(code(ROOT / "notebooks" / f"{notebook}.ipynb")):
        wanted.add("src/miniband" if module.startswith("miniband") else str(module_file(module).relative_to(ROOT)))
    assert wanted == {dep for dep in stage["deps"] if dep.startswith("src/")}


@pytest.mark.parametrize(("name", "stage"), STAGES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(STAGES)])
def test_a_stage_tracks_the_settings_its_notebook_reads(name, stage):
    notebook = re.search(r"notebook run (\S+)", stage["cmd"]).group(1)
    read = set(re.findall(r"settings\.(\w+)", code(ROOT / "notebooks" / f"{notebook}.ipynb"))) | {"threads"}
    assert read == {param.split(".")[0] for param in stage["params"]}


def test_every_notebook_is_a_stage():
    run = {re.search(r"notebook run (\S+)", stage["cmd"]).group(1) for _, stage in STAGES}
    there = {str(p.relative_to(ROOT / "notebooks").with_suffix("")) for p in (ROOT / "notebooks").rglob("*.ipynb")}
    assert run == {name for name in there if ".ipynb_checkpoints" not in name}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda p: p.stem)
def test_notebook_sources_are_clean(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert not cell.get("outputs"), "a source notebook has outputs; `python -m ghostnotes.notebook strip` shows how"
        assert cell.cell_type != "code" or len(cell.source.splitlines()) <= 30
    parameters = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(parameters) == 1
    for node in ast.parse(parameters[0].source).body:
        assert isinstance(node, ast.Assign) and ast.literal_eval(node.value) is not None


def test_priors_and_regressions_are_trained_on_files_of_train_and_val_alone():
    for name, stage in STAGES:
        if name.startswith("train"):
            files = {dep for dep in stage["deps"] if dep.startswith("build/embeddings")}
            assert files and all(re.search(r"studio-(train|val)-", file) for file in files), name


@pytest.mark.parametrize("kind", ["id", "seed"])
def test_no_track_of_a_test_set_is_in_a_set_that_anything_learns_from(kind):
    """By id, and by the seed that composed it."""
    tables = [(path.stem, set(pd.read_csv(path)[kind])) for path in (ROOT / "data/tracks").rglob("*.csv")]
    learnt = [names for split, names in tables if split in ("pretrain", "train", "val")]
    searched = [names for split, names in tables if split in ("test", "gallery")]
    assert len(learnt) == 4 and len(searched) == 6
    assert not set.union(*learnt) & set.union(*searched)


def test_the_lock_knows_the_stages_that_there_are_and_no_others():
    """A renamed stage leaves its record behind, with outputs that another stage makes now."""
    names = set()
    for name, stage in PIPELINE.items():
        items = itertools.product(*(map(str, values) for values in stage.get("matrix", {}).values()))
        names |= {f"{name}@{'-'.join(item)}" if item else name for item in items}
    lock = yaml.load((ROOT / "dvc.lock").read_text(encoding="utf-8"), yaml.CSafeLoader)  # ten times faster
    assert set(lock["stages"]) == names
