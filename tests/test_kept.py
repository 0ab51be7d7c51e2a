"""A larger profile's results beside the default's: what differs is kept, and known to be old once the code moves on."""

import json
from pathlib import Path

import pytest
import yaml

from ghostnotes import kept
from ghostnotes.profiles import MARK

ROOT = Path(__file__).parents[1]
KEPT = sorted(ROOT.glob(f"reports/*/{kept.MADE_BY}"))


def run(folder, tables, code="c1", omega=2, drawing="d1"):
    """A project whose pipeline has run: a stage that draws ghosts, one that makes tables {name: content} of them."""
    outs = []
    for name, content in tables.items():
        path = f"reports/tables/{name}.csv"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
        outs.append({"path": path, "md5": f"md5 of {content}"})
    ghosts = {"path": "build/ghosts", "md5": str(tables)}
    deps = [{"path": "src/ghostnotes/gdr.py", "md5": code}, {"path": "build/embeddings", "md5": "e"}, ghosts]
    drawn = [{"path": "src/ghostnotes/ghost_queries.py", "md5": drawing}, {"path": "data/captions", "md5": "t"}]
    (folder / "params.yaml").write_text(yaml.safe_dump({"omega": omega, "seeds": [0]}))
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles/full.yaml").write_text("seeds: [0, 1]\n")
    seeds = [0, 1] if (folder / MARK).exists() else [0]
    params = {"params.yaml": {"omega": omega, "seeds": seeds}}
    lesson = {"deps": [{"path": "lesson.ipynb", "md5": "l"}], "outs": [{"path": "executed.ipynb", "md5": str(tables)}]}
    card = {"path": "reports/tables/scorecard.csv", "md5": str(tables)}  # the project's own judges both
    judged = {"deps": [{"path": "src/ghostnotes/summary.py", "md5": "s"}], "outs": [card]}
    lock = {"ghosts": {"deps": drawn, "params": params, "outs": [ghosts]}, "gdr": {"deps": deps, "outs": outs},
            "embeddings": {"outs": [{"path": "build/embeddings", "md5": "e"}]}, "scorecard": judged,
            "lesson": lesson}  # fmt: skip
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": lock}))


@pytest.fixture
def both(tmp_path):
    project, copy = tmp_path / "project", tmp_path / "copy"
    for folder in (project, copy):
        folder.mkdir()
    (copy / MARK).touch()
    return project, copy


def test_only_what_differs_is_kept_with_all_that_made_it(both):
    project, copy = both
    run(project, {"same": "1", "other": "2"})
    run(copy, {"same": "1", "other": "3"})
    assert "reports/tables/other.csv" in kept.keep("full", copy, project)
    assert (project / "reports/full/tables/other.csv").read_text() == "3"
    made_by = json.loads((project / "reports/full" / kept.MADE_BY).read_text())
    assert made_by["params"] == {"omega": 2, "seeds": [0, 1]}
    assert made_by["inputs"] == {"src/ghostnotes/gdr.py": "c1", "src/ghostnotes/ghost_queries.py": "d1",
                                 "build/embeddings": "e", "data/captions": "t"}  # fmt: skip
    assert kept.outdated(made_by, project) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"code": "c2"}, "src/ghostnotes/gdr.py"),
        ({"drawing": "d2"}, "src/ghostnotes/ghost_queries.py"),
        ({"omega": 3}, "omega"),
    ],
)
def test_results_are_old_once_code_or_settings_move_on(both, change, named):
    """Of a stage further up too, whose own outputs are not kept."""
    project, copy = both
    run(project, {"one": "1"})
    run(copy, {"one": "2"})
    kept.keep("full", copy, project)
    made_by = json.loads((project / "reports/full" / kept.MADE_BY).read_text())
    run(project, {"one": "1"}, **change)
    assert kept.outdated(made_by, project) == [named]


def test_what_an_earlier_run_kept_goes(both):
    project, copy = both
    run(project, {"one": "1", "two": "1"})
    run(copy, {"one": "2", "two": "1"})
    kept.keep("full", copy, project)
    (project / "reports/full/tables/gone.csv").write_text("old")
    kept.keep("full", copy, project)
    assert {path.stem for path in (project / "reports/full/tables").iterdir()} == {"one", "two"}


def test_another_codes_results_are_refused_and_nothing_is_lost(both):
    project, copy = both
    run(project, {"one": "1"})
    run(copy, {"one": "2"})
    kept.keep("full", copy, project)
    run(copy, {"one": "3"}, code="c2")
    with pytest.raises(ValueError, match="ran with another src/ghostnotes/gdr.py than this project"):
        kept.keep("full", copy, project)
    assert (project / "reports/full/tables/one.csv").read_text() == "2"


def test_half_a_run_is_no_result(both):
    """Killed before its tables: what it has trained so far must not stand for the profile."""
    project, copy = both
    run(project, {"one": "1"})
    run(copy, {"one": "2"})
    lock = yaml.safe_load((copy / "dvc.lock").read_text())
    del lock["stages"]["gdr"]
    (copy / "dvc.lock").write_text(yaml.safe_dump(lock))
    with pytest.raises(ValueError, match="has not run to its end: gdr is missing \\(1 such stages\\)"):
        kept.keep("full", copy, project)
    assert not (project / "reports/full").exists()


def test_a_folder_that_has_not_run_is_named(both, capsys):
    project, copy = both
    run(project, {"one": "1"})
    with pytest.raises(ValueError, match="no copy of a profile whose pipeline has run; first: python -m"):
        kept.keep("full", copy, project)
    assert kept.main(["full", str(copy)]) == 1
    assert capsys.readouterr().err.startswith("ghostnotes: ")


@pytest.mark.parametrize("name", ["dvc.lock", "params.yaml", "profiles/full.yaml"])
@pytest.mark.parametrize("text", ["a: [", "- 1\n"])
def test_a_file_that_is_no_yaml_is_one_line(both, monkeypatch, capsys, name, text):
    project, copy = both
    run(project, {"one": "1"})
    run(copy, {"one": "2"})
    (project / name).write_text(text)
    monkeypatch.chdir(project)
    assert kept.main(["full", str(copy)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"ghostnotes: {name}: ") and error.count("\n") == 1


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_the_kept_results_belong_to_the_committed_code(path):
    """Where this fails, run the profile again: README, profiles."""
    assert kept.outdated(json.loads(path.read_text()), ROOT) == []
