"""The file for locust, with a locust that only listens: the real one is not installed."""

from __future__ import annotations

import runpy
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.support.data import ROOT


def test_a_user_sends_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    stand_in = ModuleType("locust")
    names = {
        "HttpUser": object,
        "task": lambda one: one,
        "constant_pacing": lambda seconds: seconds,
    }
    vars(stand_in).update(names)
    monkeypatch.setitem(sys.modules, "locust", stand_in)
    monkeypatch.setenv("GATECORE_TOKEN", "t0ken")
    monkeypatch.setenv("GATECORE_PATH", "/v1/validate")
    user = runpy.run_path(str(ROOT / "examples" / "locustfile.py"))["Writer"]()
    user.client = SimpleNamespace(post=lambda path, **about: sent.append((path, about)))
    user.validate()
    [(path, about)] = sent
    assert path == "/v1/validate"
    assert len(about["json"]["text"]) > 100
    assert about["headers"] == {"Authorization": "Bearer t0ken"}
