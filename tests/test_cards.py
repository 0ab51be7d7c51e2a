"""Cards: a criterion's verdict follows from its values, and tables come out as Markdown."""

import numpy as np
import pandas as pd
import pytest

from ghostnotes import cards
from ghostnotes.statistics import Interval


def verdict(ask, *arguments, **options):
    """(holds, measured) of one criterion."""
    criteria = cards.Criteria()
    getattr(criteria, ask)("x", *arguments, **options)
    row = criteria.table().iloc[0]
    return row["holds"], row["measured"]


EVEN = np.tile([0.0, 1.0], 200)  # mean .5, interval about .45 to .55


@pytest.mark.parametrize(
    ("ask", "arguments", "options", "holds"),
    [
        ("within", (EVEN, 0.4, 0.6), {}, "yes"),
        ("within", (EVEN, 0.51, 0.6), {}, "no"),
        ("within", (EVEN, 0.4, 0.49), {}, "no"),
        ("above", (EVEN, 0.48), {}, "yes"),
        ("above", (EVEN, 0.48), {"sure": True}, "no"),
        ("above", (EVEN, 0.4), {"sure": True}, "yes"),
        ("above", (EVEN, 0.52), {}, "no"),
        ("not_above", (EVEN, 0.48), {}, "yes"),
        ("not_above", (EVEN, 0.3), {}, "no"),
        ("above", (Interval(1.0, 0.5, 1.5), 0.6), {"sure": True}, "no"),
        ("not_above", (Interval(0.0, 0.0, 0.0), 0), {}, "yes"),
    ],
)
def test_a_verdict_follows_from_the_values(ask, arguments, options, holds):
    assert verdict(ask, *arguments, **options)[0] == holds


def test_the_table_says_what_was_wanted_and_measured():
    criteria = cards.Criteria()
    criteria.within("genre", EVEN, 0.4, 0.6)
    criteria.above("mood", EVEN, 0.1234567, sure=True)
    table = criteria.table()
    assert list(table["wanted"]) == ["0.4 to 0.6", "above 0.123, surely"]
    assert table["measured"].tolist() == [0.5, 0.5] and (table["low"] < 0.5).all() and (table["high"] > 0.5).all()


def test_markdown_rounds_numbers_and_leaves_missing_cells_empty():
    text = cards.markdown(pd.DataFrame({"name": ["a", "b"], "value": [0.123456, np.nan], "count": [3, 4]}))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert lines[0] == ["name", "value", "count"] and lines[2:] == [["a", "0.123", "3"], ["b", "", "4"]]


def test_text_is_written_whole(tmp_path):
    cards.write_text(tmp_path / "folder/card.md", "# Card\n\n")
    assert (tmp_path / "folder/card.md").read_text() == "# Card\n"
