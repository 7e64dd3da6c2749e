"""The parser of command lines: argparse, with one-line mistakes and commands that come later."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from gatecore.cli.exit_codes import USAGE
from gatecore.text import visible

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """Says a mistake in one line, with what was probably meant, instead of the whole usage.

    What a command does not know is refused by that command, not by `gatecore` as a whole.
    Arguments may be file names that a shell put there, so they are made visible.
    `declare` adds description and options when the parser is first used: a command is imported
    when it is asked for, and not for the help of `gatecore`.
    """

    declare: Callable[[Parser], None] | None = None

    def __init__(self, **about: Any) -> None:
        about.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **about)

    def format_help(self) -> str:
        from textwrap import fill

        self.description = fill(self.description or "", 79) or None
        return super().format_help()

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        if self.declare is not None:
            declare, self.declare = self.declare, None
            declare(self)
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            options = [option for option in self._option_string_actions if option.startswith("--")]
            unknown = next((word for word in rest if word.startswith("-")), rest[0])
            self.error(f"{unknown!r} is not known here{_meant(unknown.split('=')[0], options)}")
        return found, rest

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            what = f"there is no {value!r}" + _meant(str(value), choices)
            raise argparse.ArgumentError(action, f"{what} (choose from {', '.join(choices)})")

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {visible(message)}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)


def _meant(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
