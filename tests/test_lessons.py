"""Lessons keep their form, and the checks of lesson 03 can fail: a wrong equation stops it."""

import ast
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
import torch

from ghostnotes import guidance, objectives, samplers
from ghostnotes.denoisers import preconditioning
from ghostnotes.ideal import Mixture

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks/lessons").glob("*.ipynb"))
SECTIONS = ("What you will learn", "What differs from the paper", "Things to try")
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def words(path, kind):
    return sum(len(cell.source.split()) for cell in cells(path, kind))


@each_lesson
def test_a_lesson_is_stored_without_outputs_and_runs_on_any_python3(path):
    lesson = nbformat.read(path, as_version=4)
    nbformat.validate(lesson)
    assert lesson.metadata.kernelspec.name == "python3"
    assert lesson.metadata.language_info.name == "python"
    assert not any(cell.outputs or cell.execution_count for cell in cells(path, "code"))


@each_lesson
def test_a_lessons_cells_fit_on_a_screen(path):
    long = [cell.source.splitlines()[0] for cell in cells(path, "code") if len(cell.source.splitlines()) > 25]
    assert not long


@each_lesson
def test_a_lesson_tells_at_least_as_much_as_it_computes(path):
    assert 1200 <= words(path, "markdown") <= 3000
    assert words(path, "markdown") >= words(path, "code")


@each_lesson
def test_a_lesson_has_the_sections_that_readers_look_for(path):
    headings = [
        line.lstrip("# ")
        for cell in cells(path, "markdown")
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)


@each_lesson
def test_a_lesson_imports_the_package_first_and_finds_the_project(path):
    code = cells(path, "code")
    assert code[0].source.startswith("import ghostnotes")
    assert any("open_project()" in cell.source for cell in code)


@each_lesson
def test_a_lessons_parameters_are_literals(path):
    tagged = [cell for cell in cells(path, "code") if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    statements = ast.parse(tagged[0].source).body
    assert statements and all(isinstance(statement, ast.Assign) for statement in statements)
    for statement in statements:
        ast.literal_eval(statement.value)


@pytest.fixture
def run_lesson(monkeypatch):
    """Run a lesson's code in this process, without a kernel and without drawing its figures."""
    threads = torch.get_num_threads()
    backend = matplotlib.get_backend()
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))

    def run(number):
        (path,) = (path for path in LESSONS if path.stem.startswith(number))
        names = {}
        with matplotlib.rc_context():
            plt.switch_backend("agg")
            for cell in cells(path, "code"):
                exec(cell.source, names)

    yield run
    plt.close("all")
    plt.switch_backend(backend)
    torch.set_num_threads(threads)


def as_printed(denoiser, z, sigmas, generator):
    """Diff4Steer eq. 2 with the coefficient that the paper prints."""
    z = z.double()
    for sigma, following in zip(map(float, sigmas), map(float, sigmas[1:])):
        if following == 0:
            return denoiser(z, sigma)
        noise = torch.randn(z.shape, generator=generator, dtype=z.dtype)
        drift = (following - sigma) / sigma * (z - 2 * denoiser(z, sigma))
        z = z + drift + (2 * sigma * (sigma - following)) ** 0.5 * noise
    return z


def without_weight(sigma, sigma_data=1.0):
    c_skip, _, c_in, c_noise = preconditioning(sigma, sigma_data)
    return c_skip, torch.ones_like(sigma), c_in, c_noise


def scale_for_strength(prior, query, omega, original=guidance.classifier_free):
    return original(prior, query, omega - 1)


def equal_shares(mixture, z, sigma):
    return torch.full((len(z), len(mixture.means)), 1 / len(mixture.means), dtype=torch.float64)


def without_fixed_point(denoiser, z0, sigmas, solver="euler", iterations=0, original=samplers.invert):
    return original(denoiser, z0, sigmas, solver)


MISTAKES = {
    "eq. 2 as printed": (samplers, "euler_maruyama", as_printed, "SDE"),
    "first order sold as second": (samplers, "heun", samplers.euler, "order of Heun"),
    "guidance scale taken for omega": (guidance, "classifier_free", scale_for_strength, "omega"),
    "loss without its weight": (objectives, "preconditioning", without_weight, "weighted loss"),
    "all genres equally likely behind z": (Mixture, "responsibilities", equal_shares, "by hand"),
    "naive inversion": (samplers, "invert", without_fixed_point, "round trips"),
}


def test_lesson_03_agrees_with_the_closed_forms(run_lesson):
    run_lesson("03")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_lesson_03_stops_at_a_wrong_equation(mistake, run_lesson, monkeypatch):
    module, name, wrong, complaint = MISTAKES[mistake]
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError, match=complaint):
        run_lesson("03")
