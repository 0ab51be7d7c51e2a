"""Every test starts in the project's root, as the commands in the README do."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
