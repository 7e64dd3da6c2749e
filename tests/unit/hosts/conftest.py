"""What tests of accelerated hosts share."""

from __future__ import annotations

import pytest

from gatecore.hosts import gain


@pytest.fixture(autouse=True)
def short_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of tests are short: here they become documents, and functions keep their doors."""
    monkeypatch.setattr(gain, "SHORTEST_DOCUMENT", 0)
    monkeypatch.setattr(gain.Trial, "is_lost", lambda *_: False)
