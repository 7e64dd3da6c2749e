"""What can be said on the command line, with the help that explains it."""

from __future__ import annotations

import argparse
import codecs
import math
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from gatecore._gatecore import __version__
from gatecore.cli.exit_codes import USAGE
from gatecore.files import MAX_SIZE
from gatecore.text import visible

__all__ = ["parser"]

_EXIT_CODES = """\
exit codes:
  0    all fine: {fine}
  1    {found}
  2    the command line, a gate file or a pattern cannot be used
  3    a document could not be read, or not be judged in the time given
       (the others are still checked)
  130  interrupted: Ctrl-C, or the reader of the output went away
"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` names the module of `gatecore.cli` that runs."""
    top = _new(
        _Parser,
        prog="gatecore",
        description="Checks documents with gates: thousands of regexes in one pass, "
        "with the answers of Python's re.",
        epilog="examples:\n"
        "  gatecore check letter.txt\n"
        "  gatecore check --module gdpr_uk --format json notices/*.txt\n"
        "  gatecore explain '\\bup to \\d+ ?%' --flags i\n"
        "  gatecore gates check house/\n"
        "  gatecore lint rules.py\n\n"
        + _EXIT_CODES.format(
            fine="nothing found that counts", found="something found, or an example fails"
        ),
    )
    top.add_argument("--version", action="version", version=f"gatecore {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    _add_explain(commands)
    _add_gates(commands)
    _add_lint(commands)
    _add_compile(commands)
    _add_diff(commands)
    _add_compare(commands)
    return top


class _Parser(argparse.ArgumentParser):
    """Says a mistake in one line, with what was probably meant, instead of the whole usage.

    What a command does not know is refused by that command, not by `gatecore` as a whole.
    Arguments may be file names that a shell put there, so they are made visible.
    """

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
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
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


_Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_check(commands: _Commands) -> None:  # type: ignore[valid-type]
    check = _command(
        commands,
        "check",
        summary="check documents",
        description="Checks each document with all gates and shows what was found and where. "
        "Without --module and --gates, all shipped modules are asked.",
        epilog="examples:\n"
        "  gatecore check letter.txt\n"
        "  gatecore check --gates house/ --fail-on warning *.txt\n"
        "  pdftotext -layout letter.pdf - | gatecore check -\n"
        "  gatecore check --format json letter.txt | jq .documents[0].overall\n"
        "  gatecore check --why letter.txt\n"
        "  gatecore check --format html letter.txt > report.html\n\n"
        + _EXIT_CODES.format(
            fine="no verdict at or above --fail-on", found="a verdict at or above --fail-on"
        ),
        nothing={"documents": []},
    )
    check.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a text, an e-mail or an HTML page; - is standard input",
    )
    _add_selection(check)
    check.add_argument(
        "--fail-on",
        choices=("fail", "warning", "never"),
        default="fail",
        help="the least status that makes the exit code 1 (default: fail)",
    )
    check.add_argument(
        "--encoding",
        type=_encoding,
        metavar="NAME",
        help="how the documents are encoded (default: by byte order mark, else UTF-8, "
        "else Windows-1252 with a note)",
    )
    check.add_argument(
        "--all",
        action="store_true",
        help="show every verdict in the table, not only the problems (the other formats have all)",
    )
    check.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="the most that one document may take; gates that are not finished by then are UNKNOWN "
        "and the exit code is 3",
    )
    check.add_argument(
        "--why",
        action="store_true",
        help="explain each FAIL and WARNING as a tree of conditions; in JSON, every verdict "
        "(the HTML page always has every one)",
    )
    check.add_argument(
        "--why-gate",
        dest="why_gates",
        action="append",
        default=[],
        metavar="NAME",
        help="explain the verdict of this gate, whatever it is; may be repeated",
    )
    _add_reading(check)
    _add_format(check, "sarif", "html")


def _add_explain(commands: _Commands) -> None:  # type: ignore[valid-type]
    explain = _command(
        commands,
        "explain",
        summary="show how a pattern is answered, why, and what it costs",
        description="Shows a pattern's route (exact, candidate or fallback), the reason, the cost "
        "and its lowered tree; or, with --module or --gates, the routes of all patterns of gates.",
        epilog="examples:\n"
        "  gatecore explain '\\bup to \\d+ ?%' --flags i\n"
        "  gatecore explain --flags i,m -- '-{2,}$'\n"
        "  gatecore explain --module fca_uk\n\n"
        "exit codes:\n  0    explained\n  2    a bad pattern, or the command line or a gate file "
        "cannot be used\n",
    )
    explain.add_argument("pattern", nargs="?", metavar="PATTERN", help="as re.compile takes it")
    explain.add_argument(
        "--flags",
        type=_flags,
        default=0,
        metavar="LETTERS",
        help="any of i,m,s,x,a: IGNORECASE, MULTILINE, DOTALL, VERBOSE, ASCII (default: none)",
    )
    _add_selection(explain, instead="instead of PATTERN: ")
    _add_format(explain)


def _add_gates(commands: _Commands) -> None:  # type: ignore[valid-type]
    group = commands.add_parser(  # type: ignore[attr-defined]
        "gates", help="work on gate files", allow_abbrev=False
    )
    actions = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = _command(
        actions,
        "check",
        module="gates",
        summary="run the gates' own examples",
        description="Runs each gate's examples and counter-examples, and asks the slow reference "
        "evaluator as well. Precision is the share of examples among the texts with a finding, "
        "recall the share of the examples in which something was found; `never given` counts the "
        "verdicts that no text leads to. "
        "Without files and --module, all shipped modules are run.",
        epilog="examples:\n"
        "  gatecore gates check house/no_risk.yaml\n"
        "  gatecore gates check --module fca_uk --tag advice --format json\n\n"
        "exit codes:\n  0    every example holds\n"
        "  1    an example does not hold, or no document can get a verdict\n"
        "  2    the command line or a gate file cannot be used\n",
        nothing={"gates": []},
    )
    _add_gate_files(check)
    _add_module(check)
    _add_narrowing(check)
    _add_engine(check)
    _add_format(check)
    listing = _command(
        actions,
        "list",
        module="gates_list",
        summary="list gates with version, severity, tags and source",
        description="Lists gates with version, severity, tags and the rule they serve. "
        "Without files and --module, all shipped modules are listed.",
        epilog="examples:\n"
        "  gatecore gates list\n"
        "  gatecore gates list house/ --tag advice --format json\n\n"
        "exit codes:\n  0    listed\n  2    the command line or a gate file cannot be used\n",
        nothing={"gates": []},
    )
    _add_gate_files(listing)
    _add_module(listing)
    _add_narrowing(listing)
    _add_format(listing)
    schema = _command(
        actions,
        "schema",
        module="gates_schema",
        summary="print the JSON Schema of gate files",
        description="Prints the JSON Schema of gate files, for editors that check and complete "
        "YAML.",
        epilog="examples:\n  gatecore gates schema > gate.schema.json\n\n"
        "exit codes:\n  0    printed\n",
    )
    schema.set_defaults(format="json")


def _add_lint(commands: _Commands) -> None:  # type: ignore[valid-type]
    lint = _command(
        commands,
        "lint",
        summary="name what is slow, dead or superfluous in patterns and gates, and why",
        description="Lists the patterns that Python's re answers itself (the fallback route), "
        "those first on which re takes more than linear time, each with the reason, a hostile "
        "text and a rewrite where one is known. Of gates it also lists what is dead, superfluous, "
        "never reached or not tested. Without arguments, all shipped gates are read.",
        epilog="examples:\n"
        "  gatecore lint '(?<!\\w)risk(?!\\w)' --flags i\n"
        "  gatecore lint rules.py checks/    # string literals that reach re's functions\n"
        '  gatecore lint --patterns a.jsonl  # {"pattern": "a+b", "flags": "i"}\n'
        "  gatecore lint rules/house --all       # gates: a folder, a file, a module\n"
        "  gatecore lint fca_uk --documents letters/*.txt\n"
        "  gatecore lint --gates house/ --fail-on fallback\n"
        "  gatecore lint --all rules.py      # what gatecore makes linear as well\n\n"
        "exit codes:\n  0    nothing at or above --fail-on\n"
        "  1    a finding at or above --fail-on\n"
        "  2    the command line, a gate file or a pattern cannot be used\n"
        "  3    a Python file, a call of re or a pattern's growth could not be read\n"
        "       (the others are)\n",
        nothing={"patterns": []},
    )
    lint.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="a gate file (it ends in .yaml), a folder of them, a shipped module, a Python file "
        "(it ends in .py), a folder of them, or else a pattern",
    )
    lint.add_argument(
        "--flags",
        type=_flags,
        default=0,
        metavar="LETTERS",
        help="of PATTERN and of plain lines, any of i,m,s,x,a (default: none)",
    )
    lint.add_argument(
        "--patterns",
        dest="files",
        action="append",
        default=[],
        metavar="FILE",
        help="a file with a pattern in each line; in a .jsonl file each line is a string, "
        "[pattern, flags] or {pattern, flags}; may be repeated; - is standard input",
    )
    _add_module(lint)
    _add_own_gates(lint)
    lint.add_argument(
        "--all",
        action="store_true",
        help="list patterns as well that are linear in gatecore but would not be in re, and notes "
        "on gates",
    )
    for option, what in (("--only", "make this check of gates only"), ("--ignore", "leave it out")):
        lint.add_argument(
            option,
            type=lambda names: names.split(","),
            action="extend",
            default=[],
            metavar="CHECK",
            help=f"{what}; several with commas, and may be repeated",
        )
    lint.add_argument(
        "--documents",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="texts that the gates are for: hits inside longer words and costs are counted on them",
    )
    lint.add_argument(
        "--top",
        type=int,
        default=10,
        metavar="N",
        help="how many of the costliest patterns are listed with --documents (default: 10)",
    )
    lint.add_argument(
        "--fail-on",
        choices=("advice", "fallback", "superlinear", "exponential", "never"),
        default="superlinear",
        help="the least finding that makes the exit code 1 (default: superlinear); of patterns "
        "only those on the fallback route count; faults of gates always do, advice on gates only "
        "with advice",
    )
    _add_reading(lint)
    lint.add_argument(
        "--allow-unknown",
        action="store_true",
        help="calls of re whose pattern the source does not tell, and patterns whose growth is not "
        "known, do not make the exit code 3",
    )
    _add_engine(lint, with_cache=False)
    _add_format(lint)


def _add_compile(commands: _Commands) -> None:  # type: ignore[valid-type]
    compile_ = _command(
        commands,
        "compile",
        summary="compile the gates' patterns ahead of time",
        description="Compiles the patterns of gates and keeps them in the cache, so that the next "
        "check starts in milliseconds; with --output, writes them to a file for PatternSet.load "
        "instead.",
        epilog="examples:\n"
        "  gatecore compile\n"
        "  gatecore compile --module fca_uk --output fca_uk.gatecore\n"
        "  GATECORE_CACHE_DIR=build/sets gatecore compile --host myapp.checks:make_engine\n\n"
        "exit codes:\n  0    compiled\n  2    the command line, a gate file or the place to write "
        "to cannot be used\n",
    )
    _add_module(compile_)
    _add_own_gates(compile_)
    compile_.add_argument(
        "--host",
        metavar="MODULE:NAME",
        help="instead: what gatecore.accelerate needs for this engine, or for what this function "
        "returns; kept in the cache",
    )
    compile_.add_argument("-o", "--output", metavar="FILE", help="write the compiled set there")
    _add_engine(compile_, with_cache=False)
    _add_format(compile_)


def _add_diff(commands: _Commands) -> None:  # type: ignore[valid-type]
    diff = _command(
        commands,
        "diff",
        summary="show which verdicts change between two versions of gates",
        description="Checks each document with the gates of OLD and of NEW and shows the verdicts "
        "that differ: in status, severity, words or findings. OLD and NEW are each a gate file, a "
        "folder of them, a folder of such folders, a shipped module, or REVISION:PATH of the git "
        "repository in which the command runs.",
        epilog="examples:\n"
        "  gatecore diff rules/ new_rules/ letters/\n"
        "  gatecore diff main:rules/house rules/house letters/*.txt\n"
        "  gatecore diff --tag advice --format json fca_uk my_fca_uk/ ad.txt\n\n"
        "exit codes:\n  0    no verdict changes, and no gate comes or goes\n"
        "  1    a verdict changes, or a gate comes or goes\n"
        "  2    the command line or a gate file cannot be used\n"
        "  3    a document could not be read (the others are still compared)\n",
        nothing={"gates": [], "documents": []},
    )
    diff.add_argument("old", metavar="OLD", help="the gates as they were")
    diff.add_argument("new", metavar="NEW", help="the gates as they are to be")
    diff.add_argument(
        "files",
        nargs="+",
        metavar="FILE_OR_FOLDER",
        help="a text, an e-mail or an HTML page, or a folder of which all .txt, .md, .eml, .mht "
        "and .html files are read",
    )
    _add_narrowing(diff)
    _add_encoding(diff)
    _add_reading(diff)
    _add_engine(diff)
    _add_format(diff)


def _add_compare(commands: _Commands) -> None:  # type: ignore[valid-type]
    compare = _command(
        commands,
        "compare",
        summary="hold an engine of your own against its accelerated self, or gates against re",
        description="Asks an engine about each document as it is, then accelerated with "
        "gatecore.accelerate, and compares the reports gate by gate: every key, order, span and "
        "text, but no timestamps. With --module or --gates: asks the slow reference evaluator on "
        "plain re and the compiled gates, and compares every field of every verdict.",
        epilog="examples:\n"
        "  gatecore compare --host myapp.checks:make_engine letters/*.txt\n"
        "  gatecore compare --host core.engine:engine --type contract --format json a.txt\n"
        "  gatecore compare --gates rules/house letters/\n\n"
        "exit codes:\n  0    all reports are equal\n  1    a report differs\n"
        "  2    the command line, a gate file or the host cannot be used\n"
        "  3    a document could not be read (the others are still compared)\n",
        nothing={"documents": []},
    )
    compare.add_argument(
        "files",
        nargs="+",
        metavar="FILE_OR_FOLDER",
        help="a text, an e-mail or an HTML page, or a folder of which all .txt, .md, .eml, .mht "
        "and .html files are read",
    )
    compare.add_argument(
        "--host",
        metavar="MODULE:NAME",
        help="an engine with check_document(text, document_type, modules), or what makes one",
    )
    compare.add_argument(
        "--type",
        dest="document_type",
        default="unknown",
        metavar="NAME",
        help="the document type to give to the host (default: unknown)",
    )
    _add_selection(compare, instead="instead of --host: ")
    _add_encoding(compare)
    _add_reading(compare)
    _add_format(compare)


def _new(make: type[argparse.ArgumentParser], **about: str) -> argparse.ArgumentParser:
    return make(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        prog=about["prog"],
        description=_wrapped(about["description"]),
        epilog=about["epilog"],
    )


def _command(
    commands: _Commands,  # type: ignore[valid-type]
    name: str,
    *,
    summary: str,
    description: str,
    epilog: str,
    module: str | None = None,
    nothing: dict[str, object] | None = None,
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        name,
        help=summary,
        description=_wrapped(description),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.set_defaults(command=module or name, nothing=nothing or {})
    return made


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 79)


def _add_selection(command: argparse.ArgumentParser, *, instead: str = "") -> None:
    _add_module(command, instead=instead)
    _add_own_gates(command, instead=instead)
    _add_narrowing(command)
    _add_engine(command)


def _add_module(command: argparse.ArgumentParser, *, instead: str = "") -> None:
    command.add_argument(
        "--module",
        dest="modules",
        action="append",
        default=[],
        metavar="NAME",
        help=f"{instead}a shipped module, such as fca_uk; may be repeated",
    )


def _add_own_gates(command: argparse.ArgumentParser, *, instead: str = "") -> None:
    command.add_argument(
        "--gates",
        action="append",
        default=[],
        metavar="FILE_OR_FOLDER",
        help=f"{instead}a gate file of your own, or a folder of them; may be repeated",
    )


def _add_gate_files(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "gates", nargs="*", metavar="FILE_OR_FOLDER", help="a gate file, or a folder of them"
    )


def _add_narrowing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tag",
        dest="tags",
        action="append",
        default=[],
        metavar="TAG",
        help="only gates with this tag; repeated: with any of them",
    )
    command.add_argument(
        "--gate",
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="only this gate, as gate or module/gate; may be repeated",
    )


def _add_encoding(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--encoding",
        type=_encoding,
        metavar="NAME",
        help="how the documents are encoded (default: as in gatecore check)",
    )


def _add_reading(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as",
        dest="read_as",
        choices=("text", "email", "html"),
        help="what the documents are (default: found out from name and content): of an e-mail the "
        "subject and the text parts are read, of a page what a reader sees",
    )
    command.add_argument(
        "--max-size",
        type=_size,
        default=MAX_SIZE,
        metavar="SIZE",
        help=f"refuse larger documents, e.g. 500k, 20M, 1G (default: {MAX_SIZE // 10**6}M)",
    )
    command.add_argument(
        "--special",
        action="store_true",
        help="read pipes and devices that are named too, such as those of <(command)",
    )


def _add_engine(command: argparse.ArgumentParser, *, with_cache: bool = True) -> None:
    command.add_argument(
        "--backend",
        choices=("auto", "simd", "portable"),
        default="auto",
        help="which pass to use (default: the best that is there)",
    )
    if with_cache:
        command.add_argument(
            "--no-cache",
            dest="cache",
            action="store_false",
            help="neither read nor keep compiled patterns ($GATECORE_CACHE_DIR)",
        )


def _add_format(command: argparse.ArgumentParser, *more: str) -> None:
    command.add_argument(
        "--format",
        choices=("table", "json", *more),
        default="table",
        help="for people or for programs (default: table)",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds; try 10 or 0.5")
    return seconds


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise argparse.ArgumentTypeError(
            f"there is no encoding '{name}'; try utf-8, utf-16 or windows-1252"
        ) from None
    if not getattr(found, "_is_text_encoding", True):
        raise argparse.ArgumentTypeError(f"'{name}' is no encoding of text; try utf-8")
    return name


def _size(text: str) -> int:
    import re

    found = re.fullmatch(r"(\d{1,15})([kMG]?)B?", text, re.IGNORECASE)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"'{text}' is no size; write e.g. 500k, 20M or 1G")
    return int(found[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[found[2].lower()]


def _flags(letters: str) -> int:
    import re

    known = {"a": re.A, "i": re.I, "m": re.M, "s": re.S, "x": re.X}
    flags = 0
    for letter in letters.lower().replace(",", "").replace(" ", ""):
        if letter not in known:
            raise argparse.ArgumentTypeError(
                f"there is no flag '{letter}'; expected some of {','.join(known)}"
            )
        flags |= int(known[letter])
    return flags
