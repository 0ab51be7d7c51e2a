"""The committed reports: the corpus was frozen by its criteria, and the cards hold numbers."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
CARDS = [ROOT / "reports/data_card.md", *sorted((ROOT / "reports/model_cards").glob("*.md"))]


def test_every_criterion_of_the_frozen_corpus_holds():
    criteria = pd.read_csv(ROOT / "reports/tables/corpus_criteria.csv")
    assert len(criteria) >= 20 and list(criteria["criterion"][criteria["holds"] != "yes"]) == []
    assert (criteria["low"] <= criteria["measured"]).all() and (criteria["measured"] <= criteria["high"]).all()


def test_the_verdicts_follow_from_the_numbers():
    """Read again from what is wanted, in words, and what was measured."""
    for row in pd.read_csv(ROOT / "reports/tables/corpus_criteria.csv").itertuples():
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", row.wanted)]
        if " to " in row.wanted:
            holds = numbers[0] - 5e-3 <= row.measured <= numbers[1] + 5e-3
        elif row.wanted.startswith("not surely above"):
            holds = row.low <= numbers[0] + 5e-3
        else:
            holds = (row.low if row.wanted.endswith("surely") else row.measured) > numbers[0] - 5e-3
        assert holds == (row.holds == "yes"), row


def test_there_is_a_card_for_every_encoder():
    assert [card.stem for card in CARDS[1:]] == ["clap-mini", "clip-mini", "mule-mini", "muscall-mini"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_card_holds_numbers_where_it_promises_them(card):
    text = card.read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b|\binf\b|None", text) and "|" in text
    assert str(ROOT) not in text
