"""Every test starts in the project's root, as the commands in the README do."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])


def pytest_collection_modifyitems(items):
    """The slow ones first: `make test` runs two files at a time, and these take longest."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
