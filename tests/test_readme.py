"""Every measured number of README.md is the reports' own, and a mark that is wrong is one clear line."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostnotes import minutes, readme

ROOT = Path(__file__).parents[1]


@pytest.fixture
def numbers(monkeypatch):
    """Two numbers of a made project, in place of the real ones."""
    made = {"tracks": lambda project: (project / "tracks").read_text(), "table": lambda project: "\n\n| a |\n\n"}
    monkeypatch.setattr(readme, "NUMBERS", made)
    return made


TEXT = (
    "Of <!-- number:tracks -->7<!-- /number --> tracks:\n\n<!-- number:table -->old\n<!-- /number -->\n\nThe end, 7.\n"
)


def test_the_numbers_of_the_readme_are_those_of_the_reports():
    """Where it fails: python -m ghostnotes.readme."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    old, new = readme.MARK.findall(text), readme.MARK.findall(readme.filled(text, ROOT))
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == []


def test_no_result_of_the_readme_is_typed_beside_a_marked_one():
    """In the section of results, digits stand in marks, names of claims and links, or say what an interval is."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    results = text[text.index("## Results") : text.index("## Two commands")]
    bare = readme.MARK.sub("", results)
    for known in (r"\]\([^)]*\)", r"\b[DGC]\d+\b", r"[Ll]esson \d\d", "95 %", "at 5 ", r"`[^`]*`", r"\[\w+\.csv"):
        bare = re.sub(known, "", bare)
    assert not re.findall(r".*\d.*", bare)


def test_only_marked_numbers_change_and_a_second_time_nothing_does(tmp_path, numbers, capsys):
    (tmp_path / "README.md").write_text(TEXT)
    (tmp_path / "tracks").write_text("12")
    assert readme.main(tmp_path) == 0
    after = (tmp_path / "README.md").read_text()
    assert after == TEXT.replace("-->7<", "-->12<").replace("old\n", "\n\n| a |\n\n") and after.endswith(
        "The end, 7.\n"
    )
    assert capsys.readouterr().out.startswith("tracks: 7 -> 12\n")
    assert readme.main(tmp_path) == 0 and (tmp_path / "README.md").read_text() == after
    assert capsys.readouterr().out == "README.md has the numbers of reports/\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("number:tracks", "number:trucks"), "no number is called 'trucks'"),
        (("7<!-- /number -->", "7"), "a number's mark is cut"),
        (("<!-- number:tracks -->7", "7"), "a number's mark is cut"),
        (("<!-- number:tracks -->7<!-- /number -->", "7"), "the number 'tracks' stands nowhere"),
        (("Of ", "<!-- number:tracks -->"), "a number's mark is cut"),
    ],
)
def test_a_wrong_mark_is_one_line_and_the_file_stays(change, said, tmp_path, numbers, capsys):
    (tmp_path / "tracks").write_text("12")
    (tmp_path / "README.md").write_text(TEXT.replace(*change))
    assert readme.main(tmp_path) == 1
    error = capsys.readouterr().err
    assert error.startswith("ghostnotes: README.md: ") and said in error and error.count("\n") == 1
    assert (tmp_path / "README.md").read_text() == TEXT.replace(*change)


def test_a_table_that_is_not_there_is_one_line(tmp_path, capsys):
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text(encoding="utf-8"))
    assert readme.main(tmp_path) == 1
    assert capsys.readouterr().err == "ghostnotes: scorecard.csv: not in reports/tables; `dvc repro` makes it\n"


def test_a_number_needs_one_row():
    with pytest.raises(ValueError, match="gdr_table2.csv: 3 rows with method clap; a number of README.md needs one"):
        readme.cell(ROOT, "gdr_table2", "recall_at_5", method="clap")


@settings(deadline=None)
@given(value=st.floats(-100, 100))
def test_only_a_leading_zero_is_left_out(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("made")
    (folder / "reports/tables").mkdir(parents=True)
    (folder / "reports/tables/t.csv").write_text(f"x\n{value:.3f}\n")
    said = readme.cell(folder, "t", "x")
    assert float(said) == pytest.approx(float(f"{value:.3f}")) and not said.lstrip("-").startswith("0.")


def test_every_notebook_of_the_pipeline_belongs_to_one_part_of_the_minutes():
    names = re.findall(r"notebook run (\S+)", (ROOT / "dvc.yaml").read_text())
    assert len(names) > 50 and {minutes.part(name) for name in names} == set(minutes.PARTS)
    with pytest.raises(ValueError, match="'pipeline/unheard' belongs to 0 parts"):
        minutes.part("pipeline/unheard")


def test_minutes_of_parts_add_up_and_what_was_not_measured_is_one_clear_line(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/minutes.csv").write_text("stage,minutes\nlessons/00-a,0.50\npipeline/text,2.26\n"
                                                     "pipeline/encoder-a,1.26\n")  # fmt: skip
    table = minutes.by_part(tmp_path)
    assert "| encoders, embeddings, texts | 3.5 |" in table and "| scorecard and lessons | 0.5 |" in table
    assert table.endswith("| **sum of the stages** | **4** |")
    (tmp_path / "benchmarks/whole.csv").write_text("step,minutes,peak_gib\nrepro,51.26,4.0\n")
    assert minutes.whole(tmp_path, "repro", "minutes") == "51.3"
    with pytest.raises(ValueError, match="'test' was not measured"):
        minutes.whole(tmp_path, "test", "minutes")
