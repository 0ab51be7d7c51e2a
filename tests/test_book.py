"""The book: every lesson is in it, nothing in it asks a network, and what is missing or broken is one line."""

import hashlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from ghostnotes import book

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
LESSONS = sorted(path.stem for path in (ROOT / "notebooks/lessons").glob("*.ipynb"))
WRITTEN = sorted(BOOK.glob("*.md"))
CONFIG = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))


def pages_listed():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]


def checker():
    """book/check.py as a module: it is no part of the package."""
    spec = importlib.util.spec_from_file_location("check", BOOK / "check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digests(folder):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in sorted(folder.rglob("*")) if path.is_file()}


def lesson(title, text):
    """A lesson that has run: prose, and a cell with a player."""
    cell = nbformat.v4.new_code_cell("play()", execution_count=1)
    shown = '<audio controls src="data:audio/mpeg;base64,AAAA"></audio>'
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": shown, "text/plain": "a player"})]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {title}\n\n{text}"), cell])
    made.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return made


@pytest.fixture
def project(tmp_path):
    """A project with the real book's settings, two small lessons that ran, the appendix that did not, and one card."""
    for folder in (book.SOURCES, book.EXECUTED, book.CARDS, "reports/figures", "reports/tables"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(BOOK, tmp_path / "book")
    toc = "format: jb-book\nroot: index\nchapters:\n"
    for name in ("00-one", "01-two", book.OWN):
        made = lesson(name, "See [the next](01-two.ipynb): $\\tfrac14$.\n\n$$a_1 \\dots a_n$$")
        nbformat.write(made, tmp_path / book.SOURCES / f"{name}.ipynb")
        toc += f"- file: lessons/{name}\n"
    for name in ("00-one", "01-two"):
        shutil.copy(tmp_path / book.SOURCES / f"{name}.ipynb", tmp_path / book.EXECUTED)
    for name, source in {**book.PAGES, "cards/prior.md": book.CARDS / "prior.md"}.items():
        (tmp_path / source).write_text(f"# Card\n\nOf {name}.\n", encoding="utf-8")
        toc += f"- file: {name[:-3]}\n"
    for path in book.FIGURES:
        shutil.copy(ROOT / path, tmp_path / path)
    for path in tmp_path.glob("book/*.md"):
        path.unlink()
    (tmp_path / "book/index.md").write_text("# Landing\n\n![a figure](figures/scorecard.png) {cite}`edm`\n")
    (tmp_path / "book/glossary.md").write_text("# Glossary\n")
    (tmp_path / "book/bibliography.md").write_text("# Bibliography\n\n```{bibliography}\n```\n")
    (tmp_path / "book/_toc.yml").write_text(f"{toc}- file: glossary\n- file: bibliography\n")
    return tmp_path


@pytest.fixture
def any_mathjax(monkeypatch, tmp_path):
    """What draws equations is one file that a test of the build need not have."""
    (tmp_path / "tex-svg.js").write_text("// equations")
    monkeypatch.setattr(book, "mathjax", lambda: tmp_path / "tex-svg.js")


def test_the_contents_list_every_lesson_once_and_in_order():
    listed = pages_listed()
    assert [Path(page).name for page in listed if page.startswith("lessons/")] == LESSONS
    assert len(set(listed)) == len(listed)


def test_the_contents_list_every_page_and_card_there_is():
    cards = {f"cards/{path.stem}" for path in (ROOT / book.CARDS).glob("*.md")}
    there = {path.stem for path in WRITTEN} | cards | {name[:-3] for name in book.PAGES}
    assert there == {page for page in pages_listed() if not page.startswith("lessons/")}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_to_something_in_the_book(path):
    staged = {f"{page}.md" for page in pages_listed()} | {f"lessons/{name}.ipynb" for name in LESSONS}
    staged |= {f"figures/{figure.name}" for figure in book.FIGURES}
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if link not in staged]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("See lesson 05.", "See lesson [05](five.ipynb)."),
        ("Lessons 05, 06 and 05 do.", "Lessons [05](five.ipynb), [06](six.ipynb) and [05](five.ipynb) do."),
        ("lesson 07 is this one", "lesson 07 is this one"),
        ("[lesson 05](x.ipynb) and `lesson 05`", "[lesson 05](x.ipynb) and `lesson 05`"),
        ("```\nlesson 05\n```\n(lesson 06)", "```\nlesson 05\n```\n(lesson [06](six.ipynb))"),
        ("lesson 05, 12 tracks", "lesson [05](five.ipynb), 12 tracks"),
    ],
)
def test_a_lesson_that_is_named_is_a_link_and_nothing_else(text, made):
    assert book.linked(text, {"05": "five.ipynb", "06": "six.ipynb"}) == made


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_no_result_is_typed_into_the_book(path):
    """Digits are names of lessons, equations and measures, or constants of an explanation."""
    text = re.sub(r"\]\([^)]*\)|\{cite\}`[^`]*`|```\{bib.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert not re.findall(r"(?<![\w.])\d?\.\d+|\b\d+[.,]\d+\b", text)


def terms():
    blocks = re.findall(r"```\{glossary\}\n(.*?)```", (BOOK / "glossary.md").read_text(encoding="utf-8"), re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith(" ")]


def test_a_term_is_explained_once():
    assert len(terms()) == len({term.lower() for term in terms()}) > 50


def test_every_term_is_a_word_of_the_lessons_or_the_cards():
    said = [nbformat.read(path, as_version=4) for path in sorted((ROOT / "notebooks/lessons").glob("*.ipynb"))]
    said = " ".join(cell.source for notebook in said for cell in notebook.cells)
    others = [*(ROOT / book.CARDS).glob("*.md"), ROOT / "README.md"]
    said += " ".join(path.read_text(encoding="utf-8") for path in others)
    said = re.sub(r"[\s*]+", " ", said).lower()
    assert not [term for term in terms() if term.lower() not in said]


def test_words_that_mislead_are_in_the_glossary():
    """One thing under two names, or a name that means another thing elsewhere."""
    assert {"omega", "seed", "ghost query", "MISCS", "MICS", "FMD", "FAD", "FTD", "teacher", "twin"} <= set(terms())
    assert {"studio", "crowd", "lofi", "clap-mini", "muscall-mini", "mule-mini", "clip-mini", "MiniLM"} <= set(terms())
    text = " ".join((BOOK / "glossary.md").read_text(encoding="utf-8").split())
    assert r"$\omega$ is the guidance scale minus 1" in text


def test_every_cited_key_exists_and_the_projects_papers_are_there():
    library = (BOOK / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+),", library, re.M)
    said = " ".join(path.read_text(encoding="utf-8") for path in WRITTEN)
    cited = {key for some in re.findall(r"\{cite\}`([^`]+)`", said) for key in some.split(",")}
    assert len(set(keys)) == len(keys) and cited <= set(keys)
    plain = re.sub(r"[{}]", "", library)
    references = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    assert all(reference["title"] in plain for reference in references)


def test_nothing_that_asks_a_host_is_configured():
    extensions = CONFIG["sphinx"]["config"]["extensions"]
    assert not {"sphinx_thebe", "sphinx_comments", "sphinx.ext.intersphinx"} & set(extensions)
    own = [BOOK / "_config.yml", *(BOOK / "_static").iterdir()]
    assert not [path.name for path in own if "://" in path.read_text(encoding="utf-8")]
    assert not CONFIG["sphinx"]["config"]["mathjax_path"].startswith("http")


def test_the_book_moves_no_pin_of_the_project():
    pins = [line for line in (BOOK / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert pins and all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    locked = {line.split("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().split() if "==" in line}
    assert not [pin for pin in pins if pin.split("==")[0].lower() in locked]
    assert "jupyter-book" in locked and "sphinx" in locked


@pytest.mark.parametrize("missing", ["lesson", "card", "figure"])
def test_what_is_missing_is_one_line_with_the_command_that_makes_it(missing, project, capsys):
    path = {
        "lesson": book.EXECUTED / "01-two.ipynb",
        "card": book.PAGES["cards/data_card.md"],
        "figure": book.FIGURES[0],
    }[missing]
    (project / path).unlink()
    assert book.main(project) == 1
    said = capsys.readouterr().err
    makes = "dvc repro lesson-01" if missing == "lesson" else "make repro"
    assert said.count("\n") == 1 and str(path) in said and makes in said
    assert not (project / "build").exists()


def test_the_book_without_mathjax_is_one_line(project, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert book.main(project) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "pip install --no-deps -r book/requirements.lock" in said


def test_gathering_reads_and_changes_nothing_and_is_the_same_twice(project, tmp_path):
    before = digests(project / "reports") | digests(project / "notebooks")
    book.stage(project, tmp_path / "staged")
    first = digests(tmp_path / "staged")
    (tmp_path / "staged/left-from-before.md").write_text("old")
    book.stage(project, tmp_path / "staged")
    assert digests(tmp_path / "staged") == first
    assert digests(project / "reports") | digests(project / "notebooks") == before


def test_a_page_says_whether_its_lesson_ran(project, tmp_path):
    book.stage(project, tmp_path / "staged")
    opening = {
        name: nbformat.read(tmp_path / f"staged/lessons/{name}.ipynb", as_version=4).cells[0].source
        for name in ("01-two", book.OWN)
    }
    assert opening["01-two"].startswith("# 01-two\n\n*This page is `notebooks/lessons/01-two.ipynb` as it ran.")
    assert "dvc repro profiles/own/dvc.yaml" in opening[book.OWN] and "has not run" in opening[book.OWN]
    assert all("glossary.md" in text and "[the next]" in text for text in opening.values())


def test_a_small_book_has_its_players_equations_links_and_no_way_out(project, any_mathjax, capfd):
    assert book.main(project) == 0, capfd.readouterr().err
    built = project / book.BUILT
    page = (built / "lessons/00-one.html").read_text(encoding="utf-8")
    assert '<audio controls src="data:audio/mpeg;base64,AAAA">' in page
    assert page.count('class="math notranslate nohighlight"') == 2 and "mathjax/tex-svg.js" in page
    assert 'href="01-two.html"' in page and (built / "_static/mathjax/tex-svg.js").exists()
    assert book.problems(built) == []
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)


def test_a_link_that_leads_nowhere_stops_the_book(project, any_mathjax, capfd):
    path = project / book.EXECUTED / "00-one.ipynb"
    nbformat.write(lesson("00-one", "[gone](09-gone.ipynb)"), path)
    assert book.main(project) == 1
    said = capfd.readouterr().err
    assert "09-gone" in said and said.splitlines()[-1].startswith("ghostnotes: Sphinx warned")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<script src="https://cdn.example/a.js"></script>', "asks for https://cdn.example/a.js"),
        ('<img src="//cdn.example/a.png">', "asks for //cdn.example/a.png"),
        ('<link rel="stylesheet" href="https://fonts.example/css">', "asks for https://fonts.example/css"),
        ('<link rel="preconnect" href="https://fonts.example">', "asks for https://fonts.example"),
        ('<img src="gone.png">', "gone.png, which is not there"),
        ('<audio src="gone.mp3"></audio>', "gone.mp3, which is not there"),
        ('<a href="gone.html">x</a>', "gone.html, which is not there"),
        ('<a href="other.html#gone">x</a>', "a page without that name"),
        ('<a href="../outside.html">x</a>', "asks for ../outside.html"),
        ('<style></style><p id="a"></p><a href="#b">x</a>', "a page without that name"),
    ],
)
def test_a_page_that_loads_from_elsewhere_or_links_to_nothing_is_found(body, said, tmp_path):
    (tmp_path / "other.html").write_text('<p id="here"></p>')
    (tmp_path / "page.html").write_text(body)
    (wrong,) = book.problems(tmp_path)
    assert wrong.startswith("page.html ") and wrong.endswith(said)


def test_links_that_work_are_no_problems(tmp_path):
    (tmp_path / "other.html").write_text('<p id="caf&eacute;"></p>')
    links = ["other.html", "other.html#caf%C3%A9", "https://example.org/paper", "mailto:a@example.org", "#", "#top"]
    page = "".join(f'<a href="{link}">x</a>' for link in links)
    page += '<p id="top"></p><img src="data:image/png;base64,AA"><link rel="canonical" href="https://example.org/">'
    (tmp_path / "page.html").write_text(page)
    assert book.problems(tmp_path) == []


@pytest.mark.parametrize("rule", ["@import 'https://a.example/b.css';", "p {background: url(//a.example/b.png)}"])
def test_a_style_that_loads_from_elsewhere_is_found(rule, tmp_path):
    (tmp_path / "a.css").write_text(rule)
    (wrong,) = book.problems(tmp_path)
    assert "a.example" in wrong
    (tmp_path / "a.css").write_text("@import 'b.css'; p {background: url(data:image/png;base64,AA)}")
    assert book.problems(tmp_path) == []


@pytest.mark.slow
def test_the_real_book_builds_without_a_warning_and_keeps_every_player(any_mathjax, tmp_path, capfd):
    ran = {name: ROOT / book.EXECUTED / f"{name}.ipynb" for name in LESSONS if name != book.OWN}
    if not all(path.exists() for path in ran.values()):
        pytest.skip("not every lesson has run here; `make repro` runs them")
    before = digests(ROOT / "reports/notebooks/lessons")
    book.stage(ROOT, tmp_path / "staged")
    book.build(tmp_path / "staged", tmp_path / "built")  # a BookError where Sphinx warns or a link leads nowhere
    assert not capfd.readouterr().err
    assert digests(ROOT / "reports/notebooks/lessons") == before
    for name, path in ran.items():
        page = (tmp_path / f"built/lessons/{name}.html").read_text(encoding="utf-8")
        kept = path.read_text(encoding="utf-8").count("<audio ")
        assert page.count("<audio ") == kept, f"{name} has {kept} players"
    assert not [page for page in pages_listed() if not (tmp_path / f"built/{page}.html").exists()]


GOOD = '<html><head><link rel="icon" href="data:,"></head><body><article>A page. {}</article></body></html>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", None),
        ('<img src="gone.png">', "a picture does not load"),
        ('<audio src="data:audio/mpeg;base64,AAAA"></audio>', "player 1 of 1 has no sound"),
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>gone()</script>", "a script fails"),
        ('<script src="http://host.example/a.js"></script>', "asks a network for http://host.example/a.js"),
        ('<div style="width: 3000px">x</div>', "the page is 30"),
        ('<div class="math notranslate">\\(x\\)</div>', "an equation is not drawn"),
    ],
)
def test_the_browser_finds_what_a_reader_would(body, said, tmp_path, capsys):
    check = checker()
    if not any(map(shutil.which, check.BROWSERS)):
        pytest.skip("no Chromium is installed here")
    (tmp_path / "page.html").write_text(GOOD.format(body))
    assert check.main([str(tmp_path)]) == (1 if said else 0)
    assert (said or "2 views, nothing broken") in capsys.readouterr().out


def test_without_a_browser_the_check_says_so(monkeypatch, capsys):
    check = checker()
    monkeypatch.setattr(check.shutil, "which", lambda name: None)
    assert check.main([]) == 3
    assert "no page was opened" in capsys.readouterr().err


def test_a_check_before_the_book_is_one_line(tmp_path, monkeypatch, capsys):
    check = checker()
    monkeypatch.setattr(check.shutil, "which", lambda name: sys.executable)
    assert check.main([str(tmp_path / "none")]) == 1
    assert "`make book` makes them" in capsys.readouterr().err
