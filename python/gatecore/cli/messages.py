"""What commands say beside their results: errors and notes on standard error, JSON in one frame."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gatecore.text import json_text, visible

__all__ = ["print_json", "say_error", "say_note"]


def say_error(message: str) -> None:
    """What went wrong, in one line on standard error."""
    print(f"gatecore: error: {visible(message)}", file=sys.stderr)


def say_note(message: str) -> None:
    """What a reader should know, in one line on standard error."""
    print(f"gatecore: note: {visible(message)}", file=sys.stderr)


def print_json(plain: Mapping[str, object]) -> None:
    """A command's results as one JSON object, after the tool's name and version."""
    from gatecore.output.portable import head

    print(json_text({**head(), **plain}))
