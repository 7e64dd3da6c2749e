"""What the process says when it ends; scripts rely on it, so a number never changes its meaning."""

from __future__ import annotations

from typing import Final

__all__ = ["EXIT_CODES", "FINE", "FOUND", "INTERRUPTED", "UNREADABLE", "USAGE"]

FINE: Final = 0
"""Nothing at or above what `--fail-on` asks for; all examples hold."""

FOUND: Final = 1
"""A verdict or finding at or above `--fail-on`; an example that does not hold."""

USAGE: Final = 2
"""The command line, a gate file, a pattern or the place to write to cannot be used."""

UNREADABLE: Final = 3
"""A document or Python file could not be read, or not all gates be finished; wins over `FOUND`,
since the answer is not whole."""

INTERRUPTED: Final = 130
"""Ctrl-C, or the reader of the output went away."""

EXIT_CODES: Final = """\
exit codes:
  0    all fine: {fine}
  1    {found}
  2    the command line, a gate file or a pattern cannot be used
  3    a document could not be read, or not be judged in the time given
       (the others are still checked)
  130  interrupted: Ctrl-C, or the reader of the output went away
"""
"""What help says of them."""
