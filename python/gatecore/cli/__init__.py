"""The command line: `gatecore check | explain | gates … | audit … | lint | compile | …`.

`main` parses, runs one command and turns what went wrong into one line and an exit code.
Each command is a file in `commands`, imported only when it is asked for:

    ABOUT     what its help says         Options   what can be said to it, as a frozen dataclass
    run       options in, exit code out

`options` has what several commands share, `selection` makes gates of it, `output` shows results.
No command works anything out that a library call could not: they ask `gates`, `lint`, `hosts`,
`documents` and print. Nobody imports this package.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gatecore._gatecore import __version__
from gatecore.cli.exit_codes import EXIT_CODES, INTERRUPTED, USAGE
from gatecore.cli.messages import print_json, say_error
from gatecore.cli.parser import Parser
from gatecore.cli.progress import shown
from gatecore.errors import GatecoreError

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["main"]

_MOST_ERRORS: Final = 20
"""Gate files whose mistakes are shown; JSON has all."""

_COMMANDS: Final = {
    "check": "check documents",
    "explain": "show how a pattern is answered, why, and what it costs",
    "gates": "work on gate files",
    "gates check": "run the gates' own examples",
    "gates list": "list gates with version, severity, tags and source",
    "gates schema": "print the JSON Schema of gate files",
    "audit": "ask and look after an audit store: what was validated, and what came out",
    "audit stats": "how many validations, by risk, module and gate",
    "audit history": "the last validations, or those of one document",
    "audit top": "the gates that fail most often, and the detectors that find most",
    "audit trends": "the risks of each day, as a table, a chart or a page",
    "audit drift": "how a gate's verdicts changed between its versions",
    "audit verify": "check the chain and all counts",
    "audit archive": "move months that are over into Parquet files",
    "audit migrate": "bring a host's own audit log into a store, and prove it",
    "audit erase": "take out all that is kept of one document",
    "semantic": "what questions to a language model cost, how prompts look, how right answers are",
    "semantic stats": "what was asked and spent, from an audit store",
    "semantic estimate": "what asking about documents would cost, before it is done",
    "semantic audit": "where a host calls a language model and with which prompts, or what a set "
    "of questions says twice",
    "semantic eval": "how right the answers are on a labelled set, and whether grouping or other "
    "questions change them",
    "lint": "name what is slow, dead or superfluous in patterns and gates, and why",
    "compile": "compile the gates' patterns ahead of time",
    "diff": "show which verdicts change between two versions of gates",
    "metrics": "print what ships for Grafana and Prometheus",
    "metrics dashboard": "print the dashboard",
    "metrics rules": "print the recording and alerting rules",
    "scale": "judge documents in Parquet files",
    "scale run": "judge Parquet files into Parquet files; a rerun does only what is not done",
    "profile": "measure gates",
    "profile gates": "show which gates take the time, and why",
    "profile compare": "show what became faster or slower between two versions of gates",
    "load": "put an engine or a service under load and show its latencies",
    "compare": "hold an engine of your own against its accelerated self, or gates against re",
}
"""What each is for. `gates check` is the file `commands/gates_check.py`."""

_GROUPS: Final = ("gates", "audit", "semantic", "profile", "metrics", "scale")


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
        read = _parser().parse_args(argv)
    except SystemExit as finished:  # --help, --version and what argparse refuses
        return int(finished.code or 0)
    try:
        with _nothing_unprintable():
            code = _run(read.command, read)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return INTERRUPTED
    except OSError as error:  # documents and gate files have their own; this is the output
        _give_up_stdout()
        say_error(str(error))
        return USAGE
    return code


def _parser() -> Parser:
    top = Parser(
        prog="gatecore",
        description="Checks documents with gates: thousands of regexes in one pass, "
        "with the answers of Python's re.",
        epilog="examples:\n"
        "  gatecore check letter.txt\n"
        "  gatecore check --module gdpr_uk --format json notices/*.txt\n"
        "  gatecore explain '\\bup to \\d+ ?%' --flags i\n"
        "  gatecore gates check house/\n"
        "  gatecore lint rules.py\n\n"
        + EXIT_CODES.format(
            fine="nothing found that counts", found="something found, or an example fails"
        ),
    )
    top.add_argument("--version", action="version", version=f"gatecore {__version__}")
    groups = {"": top.add_subparsers(title="commands", metavar="COMMAND", required=True)}
    for name, summary in _COMMANDS.items():
        group, _, word = name.rpartition(" ")
        parser = groups[group].add_parser(word, help=summary)
        if name in _GROUPS:
            groups[name] = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
        else:
            parser.declare = partial(_declare, name)
    return top


def _declare(name: str, parser: Parser) -> None:
    command: Any = importlib.import_module(f"gatecore.cli.commands.{name.replace(' ', '_')}")
    from gatecore.cli.options import add_options

    parser.description, parser.epilog = command.ABOUT.description, command.ABOUT.epilog
    add_options(parser, command.Options)
    parser.set_defaults(command=command)


def _run(command: Any, read: Namespace) -> int:
    from gatecore.cli.options import filled

    options = filled(command.Options, read)
    try:
        with shown():
            code: int = command.run(options)
    except GatecoreError as error:
        messages = [str(one) for one in (error, *getattr(error, "others", ()))]
        for message in messages[:_MOST_ERRORS]:
            say_error(message)
        if len(messages) > _MOST_ERRORS:
            say_error(f"and {len(messages) - _MOST_ERRORS:,} more files with mistakes")
        if getattr(options, "format", "json") == "json":
            errors = [{"message": message} for message in messages]
            print_json({**command.ABOUT.nothing, "errors": errors})
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
