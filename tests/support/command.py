"""What the command line printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

__all__ = ["printed_json"]


def printed_json(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed on standard output since it was last looked at, as JSON."""
    return json.loads(capsys.readouterr().out)
