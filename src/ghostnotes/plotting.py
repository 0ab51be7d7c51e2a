"""One look for all figures: a colour-blind-safe palette in which an idea keeps its colour, and a way to save."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from ghostnotes.files import atomically

# Okabe and Ito's palette: told apart by readers with any colour vision.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#8C8C8C"
COLOURS = {
    "diffusion": BLUE,
    "regression": ORANGE,
    "paper": PINK,
    "chance": GREY,
    "real": BLACK,
    "conditional": GREEN,
    "unconditional": SKY,
    "guided": RED,
    "ideal": "#6A3D9A",
    "neighbours": "#A6761D",
    "bridge": "#666666",
    "sde": BLUE,
    "ode": "#882255",
    "fusion": "#117733",
    "joint": "#44AA99",
}


def use_style() -> None:
    """Fonts, sizes and lines of every figure here; also makes SVG files the same bytes for the same picture."""
    plt.style.use("default")
    mpl.rcParams.update(
        {
            "figure.dpi": 96,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "svg.hashsalt": "ghostnotes",
            "svg.fonttype": "path",
        }
    )


def save(figure: plt.Figure, path: Path) -> None:
    """Write a figure as PNG and SVG beside each other (path without suffix), without a date."""
    path = Path(path)
    for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        target = path.with_name(f"{path.name}.{kind}")
        atomically(target, lambda temporary, k=kind, m=metadata: figure.savefig(temporary, format=k, metadata=m))
