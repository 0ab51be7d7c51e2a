"""The lessons as one book, a folder of pages that needs no network: `python -m ghostnotes.book`.

What the book is made of is gathered in build/book-src: `book/`, the executed lessons, the cards and one figure. Sphinx
makes build/book of it, as Jupyter Book configures it from book/_config.yml. reports/ is only read.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SOURCES, EXECUTED, CARDS = Path("notebooks/lessons"), Path("reports/notebooks/lessons"), Path("reports/model_cards")
FIGURES = [Path("reports/figures/scorecard.png")]
PAGES = {"cards/data_card.md": Path("reports/data_card.md"), "cards/scorecard.md": Path("reports/tables/scorecard.md")}
STAGED, BUILT = Path("build/book-src"), Path("build/book")
# Its pipeline is run apart from the others': a book without it is whole.
OWN = "15-bring-your-own-music"
WORDS = "Words are in the [glossary](../glossary.md), papers in the [bibliography](../bibliography.md)."
RAN = "*This page is `{path}` as it ran. To change it and hear what happens, run it: `make lab`. " + WORDS + "*"
NOT_RUN = (
    "```{{note}}\nThis notebook has not run in this copy of the project, so its figures and players are missing. "
    "`dvc repro profiles/own/dvc.yaml` runs it, and `make book` then shows them. " + WORDS + "\n```"
)
LOADED = {("script", "src"), ("img", "src"), ("audio", "src"), ("source", "src"), ("iframe", "src"), ("link", "href")}
LOADING = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
NAMED = re.compile(r"\b[Ll]essons? \d\d\b(?:(?:, | and | to | or |, and )\d\d\b(?![.\d]))*(?!\])")
APART = re.compile(r"(^```.*?^```$|`[^`\n]*`|\[[^\]]*\]\([^)]*\))", re.M | re.S)  # no word of these becomes a link
STYLED = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


class BookError(Exception):
    """The book cannot be made; the message is one line that says what to do."""


def stage(project: Path, folder: Path) -> None:
    """Gather what the book of a project is made of in a folder, afresh.

    BookError where an executed lesson, a card or a figure is missing, with the command that makes it.
    """
    lessons = {path.stem: project / EXECUTED / path.name for path in sorted((project / SOURCES).glob("*.ipynb"))}
    for name, path in lessons.items():
        if name != OWN and not path.exists():
            raise BookError(f"{EXECUTED / path.name}: not there; `dvc repro lesson-{name[:2]}` makes it")
    others = {**PAGES, **{f"figures/{path.name}": path for path in FIGURES}}
    others |= {f"cards/{path.name}": CARDS / path.name for path in sorted((project / CARDS).glob("*.md"))}
    for path in others.values():
        if not (project / path).exists():
            raise BookError(f"{path}: not there; `make repro` makes it")

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project / "book", folder, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]"))
    for name, path in others.items():
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy2(project / path, folder / name)
    (folder / "lessons").mkdir()
    for path in lessons.values():
        source, line = (path, RAN) if path.exists() else (project / SOURCES / path.name, NOT_RUN)
        _page(source, folder / "lessons" / path.name, line)


def _page(source: Path, target: Path, line: str) -> None:
    """Copy a lesson, with a line under its title that says what the page is, and a link wherever it names a lesson."""
    import nbformat

    notebook = nbformat.read(source, as_version=4)
    names = {path.stem[:2]: path.name for path in source.parent.glob("*.ipynb") if path != source}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, names)
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{title}\n\n{line.format(path=SOURCES / source.name)}\n{rest}"
    nbformat.write(notebook, target)


def linked(text: str, names: dict[str, str]) -> str:
    """Markdown in which "lesson 05" and "lessons 02 and 03" lead there: names, {"05": "05-the-sweep.ipynb"}."""

    def link(number):
        return f"[{number[0]}]({names[number[0]]})" if number[0] in names else number[0]

    parts = APART.split(text)
    parts[::2] = [NAMED.sub(lambda named: re.sub(r"\d\d", link, named[0]), part) for part in parts[::2]]
    return "".join(parts)


def mathjax() -> Path:
    """The installed file that draws equations; BookError where book/requirements.lock is not installed."""
    found = importlib.util.find_spec("sphinx-mathjax-offline")  # the hyphens are its own
    if found is None:
        raise BookError("MathJax is not installed; `pip install --no-deps -r book/requirements.lock` does it")
    return Path(found.origin).parent / "static/mathjax/tex-svg.js"


def configure(folder: Path) -> None:
    """Write conf.py, what Jupyter Book makes of _config.yml, into the gathered folder."""
    from jupyter_book.config import get_final_config

    settings, _ = get_final_config(
        user_yaml=folder / "_config.yml",
        sourcedir=folder,
        cli_config={"latex_individualpages": False},
        raise_on_invalid=True,
    )
    lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
    (folder / "conf.py").write_text("".join(lines), encoding="utf-8")


def build(staged: Path, built: Path) -> None:
    """Make pages, in the folder `built`, of what was gathered in `staged`; `built` is made afresh.

    BookError where MathJax is not installed, where Sphinx warns of anything, or where a link leads nowhere.
    """
    equations = mathjax()
    configure(staged)
    shutil.rmtree(built, ignore_errors=True)
    options = ["-b", "html", "-W", "--keep-going", "-q", "-d", str(staged / "_doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(staged), str(built)]
    if subprocess.run(command).returncode:
        raise BookError(f"Sphinx warned; the lines above say where, in pages of {staged}")
    (built / "_static/mathjax").mkdir()
    shutil.copy2(equations, built / "_static/mathjax")
    wrong = problems(built)
    if wrong:
        raise BookError(f"{len(wrong)} links of the book lead nowhere or to a network: {'; '.join(wrong[:5])}")


class _Page(HTMLParser):
    """What a page loads, where it links to, and the names that others can link to."""

    def __init__(self, text: str):
        super().__init__()
        self.loads, self.links, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.names |= {said[key] for key in ("id", "name") if said.get(key)}
        if tag == "link" and not LOADING.intersection((said.get("rel") or "").split()):
            return
        for kind, key in LOADED:
            if tag == kind and said.get(key):
                self.loads.append(said[key])
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])


def problems(built: Path) -> list[str]:
    """What is wrong with the links of a folder of pages, one line each.

    Everything that a page loads, styles included, has to lie in the folder or in the page itself; every link into the
    folder has to lead to a page and to a name on it. Links to elsewhere may stand, since a reader has to follow them.
    """
    # below _static lie the theme's own macros
    written = [path for path in sorted(built.rglob("*.html")) if "_static" not in path.parts]
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in written}
    wrong = []
    for path, page in pages.items():
        here = path.relative_to(built.resolve())
        for link in page.loads + page.links:
            parts = urlsplit(link)
            if parts.scheme == "data" or (link in page.links and parts.scheme in ("http", "https", "mailto")):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.scheme or parts.netloc or not target.is_relative_to(built.resolve()):
                wrong.append(f"{here} asks for {link[:80]}")
            elif not target.is_file():
                wrong.append(f"{here} has {link[:80]}, which is not there")
            elif link in page.links and parts.fragment and target in pages:
                if unquote(parts.fragment) not in pages[target].names:
                    wrong.append(f"{here} has {link[:80]}, a page without that name")
    for path in sorted(built.rglob("*.css")):
        for found in STYLED.findall(path.read_text(encoding="utf-8")):
            if urlsplit(found).netloc:
                wrong.append(f"{path.relative_to(built)} asks for {found[:80]}")
    return wrong


def main(project: Path = Path(".")) -> int:
    """Gather, build, say where the book lies; returns the exit status."""
    try:
        stage(project, project / STAGED)
        build(project / STAGED, project / BUILT)
    except BookError as error:
        print(f"ghostnotes: {error}", file=sys.stderr)
        return 1
    print(f"the book: {project / BUILT}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
