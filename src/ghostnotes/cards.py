"""Data card and model cards: criteria with their measured values, and plain Markdown."""

from pathlib import Path

import numpy as np
import pandas as pd

from ghostnotes.files import atomically
from ghostnotes.statistics import Interval, paired_bootstrap


class Criteria:
    """What a corpus must fulfil: each criterion with its measured value, 95 % interval and verdict."""

    def __init__(self):
        self.rows = []

    def within(self, name: str, values, low: float, high: float) -> None:
        """The mean of these per-track values lies from low to high."""
        found = measured(values)
        self._add(name, found, f"{low:g} to {high:g}", low <= found.mean <= high)

    def above(self, name: str, values, bound: float, sure: bool = False) -> None:
        """The mean of these per-track values exceeds the bound; where `sure`, its whole interval does."""
        found = measured(values)
        self._add(
            name, found, f"above {bound:.3g}{', surely' if sure else ''}", (found.low if sure else found.mean) > bound
        )

    def not_above(self, name: str, values, bound: float) -> None:
        """The mean of these per-track values does not surely exceed the bound."""
        found = measured(values)
        self._add(name, found, f"not surely above {bound:.3g}", found.low <= bound)

    def _add(self, name: str, found: Interval, wanted: str, holds: bool) -> None:
        self.rows.append({"criterion": name, "wanted": wanted, "measured": found.mean, "low": found.low,
                          "high": found.high, "holds": "yes" if holds else "no"})  # fmt: skip

    def table(self) -> pd.DataFrame:
        """One row a criterion: criterion, wanted, measured, low, high, holds."""
        return pd.DataFrame(self.rows)


def measured(values) -> Interval:
    """Mean and interval of per-track values, (N,), by bootstrap; an Interval stays as it is."""
    return values if isinstance(values, Interval) else paired_bootstrap(np.asarray(values, dtype=np.float64))


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """A table in Markdown, numbers rounded; cells that are missing stay empty."""

    def shown(value):
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.{digits}f}".rstrip("0").rstrip(".")
        return str(value)

    return table.map(shown).to_markdown(index=False, disable_numparse=True)


def write_text(path: Path, text: str) -> None:
    """A text file, whole or not at all, with one line end at its end."""
    atomically(path, lambda temporary: Path(temporary).write_text(text.rstrip() + "\n", encoding="utf-8"))
