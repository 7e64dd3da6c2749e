"""What the command line printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

__all__ = ["Output", "printed_json"]

Output = pytest.CaptureFixture[str]
"""The fixture `capsys`."""


def printed_json(capsys: Output) -> Any:
    """What was printed on standard output since it was last looked at, as JSON."""
    return json.loads(capsys.readouterr().out)
