"""The command line: `gatecore check | explain | gates check | lint | compile | compare`.

`main` parses, runs one command and turns what went wrong into one line and an exit code.
Every command is a file of its own with `run(args) -> int`, imported only when it is asked for.

    arguments   what can be said          input       bytes to a document
    selection   which gates, which cache  render      a document's report on a terminal
    pattern_input  patterns named, listed in files, or in Python source
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatecore.cli.arguments import parser
from gatecore.cli.exit_codes import INTERRUPTED, USAGE
from gatecore.cli.progress import shown
from gatecore.errors import GatecoreError
from gatecore.text import json_text, visible

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["main"]

_MOST_ERRORS: Final = 20
"""Gate files whose mistakes are shown; JSON has all."""


def main(argv: list[str] | None = None) -> int:
    """Runs one command and gives its exit code; `argv` is `sys.argv[1:]` unless given.

    >>> main(["--version"])
    gatecore 0.1.0
    0
    """
    with _somewhere_to_write():
        return _main(argv)


def _main(argv: list[str] | None) -> int:
    try:
        args = parser().parse_args(argv)
    except SystemExit as finished:  # --help, --version and what argparse refuses
        return int(finished.code or 0)
    try:
        with _nothing_unprintable():
            code = _run(args)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return INTERRUPTED
    except OSError as error:  # documents and gate files have their own; this is the output
        _give_up_stdout()
        print(f"gatecore: error: {visible(str(error))}", file=sys.stderr)
        return USAGE
    return code


def _run(args: Namespace) -> int:
    command = importlib.import_module(f"gatecore.cli.commands.{args.command}")
    try:
        with shown():
            code: int = command.run(args)
    except GatecoreError as error:
        messages = [str(one) for one in (error, *getattr(error, "others", ()))]
        for message in messages[:_MOST_ERRORS]:
            print(f"gatecore: error: {visible(message)}", file=sys.stderr)
        if len(messages) > _MOST_ERRORS:
            more = len(messages) - _MOST_ERRORS
            print(f"gatecore: error: and {more:,} more files with mistakes", file=sys.stderr)
        if args.format == "json":
            from gatecore.output.portable import head

            errors = [{"message": message} for message in messages]
            print(json_text({**head(), **args.nothing, "errors": errors}))
        return USAGE
    return code


@contextlib.contextmanager
def _somewhere_to_write() -> Iterator[None]:
    """What is written to a closed stream (`>&-`) goes nowhere; the exit code is the answer."""
    with contextlib.ExitStack() as opened:
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:
                nowhere = opened.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
                opened.callback(setattr, sys, name, None)
                setattr(sys, name, nowhere)
        yield


@contextlib.contextmanager
def _nothing_unprintable() -> Iterator[None]:
    """Characters that the terminal's encoding lacks come out escaped instead of ending the run."""
    changed = []
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            changed.append((reconfigure, stream.errors))
            reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for reconfigure, errors in changed:
            with contextlib.suppress(OSError, ValueError):  # a pipe that is gone cannot be flushed
                reconfigure(errors=errors)


def _give_up_stdout() -> None:
    """Sends what is left for a reader that went away to nowhere, so that exiting is quiet too."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
