"""`gatecore lint`: slow patterns by name, with the reason, a hostile text and a rewrite."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE, USAGE
from gatecore.cli.messages import print_json, say_error

if TYPE_CHECKING:
    from gatecore.cli.pattern_input import NamedPatterns
    from gatecore.lint.gates import Cost, Issue
    from gatecore.lint.patterns import Advice

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Lists the patterns that Python's re answers itself (the fallback route), "
    "those first on which re takes more than linear time, each with the reason, a hostile "
    "text and a rewrite where one is known. Of gates it also lists what is dead, superfluous, "
    "never reached or not tested. Without arguments, all shipped gates are read.",
    epilog="examples:\n"
    "  gatecore lint '(?:x*)*y' --flags i\n"
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

_OF_PATTERNS: Final = ("superlinear", "fallback")
"""Checks of gates that say what the blocks of patterns say already."""


def _checks_option(name: str, what: str) -> Any:
    return opt.repeated(
        name,
        type=lambda names: names.split(","),
        action="extend",
        metavar="CHECK",
        help=f"{what}; several with commas, and may be repeated",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    what: tuple[str, ...] = opt.argument(
        "WHAT",
        nargs="*",
        help="a gate file (it ends in .yaml), a folder of them, a shipped module, a Python file "
        "(it ends in .py), a folder of them, or else a pattern",
    )
    flags: int = opt.flags_option("of PATTERN and of plain lines, any of i,m,s,x,a (default: none)")
    files: tuple[str, ...] = opt.repeated(
        "--patterns",
        metavar="FILE",
        help="a file with a pattern in each line; in a .jsonl file each line is a string, "
        "[pattern, flags] or {pattern, flags}; may be repeated; - is standard input",
    )
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    all: bool = opt.flag(
        "--all",
        help="list patterns as well that are linear in gatecore but would not be in re, and notes "
        "on gates",
    )
    only: tuple[str, ...] = _checks_option("--only", "make this check of gates only")
    ignore: tuple[str, ...] = _checks_option("--ignore", "leave it out")
    documents: tuple[str, ...] = opt.repeated(
        "--documents",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="texts that the gates are for: hits inside longer words and costs are counted on them",
    )
    top: int = opt.option(
        "--top",
        type=int,
        default=10,
        metavar="N",
        help="how many of the costliest patterns are listed with --documents (default: 10)",
    )
    fail_on: Literal["advice", "fallback", "superlinear", "exponential", "never"] = opt.option(
        "--fail-on",
        default="superlinear",
        help="the least finding that makes the exit code 1 (default: superlinear); of patterns "
        "only those on the fallback route count; faults of gates always do, advice on gates only "
        "with advice",
    )
    reading: opt.Reading = opt.option_group(opt.Reading)
    allow_unknown: bool = opt.flag(
        "--allow-unknown",
        help="calls of re whose pattern the source does not tell, and patterns whose growth is not "
        "known, do not make the exit code 3",
    )
    backend: opt.Backend = opt.backend_option()
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Gives advice on what is named; what could not be read is named on standard error."""
    from gatecore.cli.pattern_input import named_patterns
    from gatecore.lint.patterns import lint_patterns

    named = named_patterns(options.what, options.files, options.sources, options.flags)
    for problem in named.problems:
        say_error(str(problem))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `re`, about the pattern: "Possible nested set"
        issues, spent = _gate_issues(named, options)
        advice = lint_patterns(
            [pattern for pattern, _ in named.places.values()],
            every_growth=options.all,
            backend=options.backend,
        )
    findings = [
        (one, places)
        for one, (_, places) in zip(advice, named.places.values(), strict=True)
        if (one.fallback or (options.all and one.superlinear)) and _is_wanted(one, options)
    ]
    findings.sort(key=lambda finding: finding[0].rank, reverse=True)
    unknown = sum(map(_is_unknown, advice))
    if options.format == "json":
        print_json(
            {
                "patterns": [{**one.to_dict(), "places": list(at)} for one, at in findings],
                "gates": len(named.gates),
                "issues": [issue.to_dict() for issue in issues],
                "costs": [cost.to_dict() for cost in spent],
                "read": len(advice),
                "routes": dict(sorted(Counter(one.route for one in advice).items())),
                "unread": named.unread,
                "unknown": unknown,
                "errors": [{"name": p.place, "message": p.message} for p in named.problems],
            }
        )
    else:
        from gatecore.cli.output.lint_patterns import show_patterns
        from gatecore.cli.output.lint_tables import show_gates

        problems = len(named.problems)
        show_patterns(findings, advice, unknown=unknown, unread=named.unread, problems=problems)
        if named.gates:
            told = [issue for issue in issues if issue.check not in _OF_PATTERNS]
            show_gates(told, spent, len(named.gates), with_notes=options.all)
    if any(problem.whole_file for problem in named.problems):
        return UNREADABLE
    if named.problems:
        return USAGE
    of_patterns = [one for one in advice if _is_wanted(one, options)]
    if any(_counts(one, options.fail_on) for one in of_patterns) or any(
        _gate_counts(one, options.fail_on) for one in issues
    ):
        return FOUND
    unfinished = named.unread or any(map(_is_unknown, of_patterns))
    if unfinished and not options.allow_unknown and options.fail_on != "never":
        return UNREADABLE
    return FINE


def _gate_issues(named: NamedPatterns, options: Options) -> tuple[list[Issue], list[Cost]]:
    """The issues of the gates that are named, and what their patterns cost on the documents."""
    from gatecore.cli.reading import read_document, say_notes
    from gatecore.documents.reading import DocumentReadError
    from gatecore.lint.gates import costs, lint_gates
    from gatecore.patterns.listed import Problem

    documents = []
    for name in options.documents:
        try:
            document = read_document(name, options.reading)
            documents.append(document.text)
            say_notes(document)
        except DocumentReadError as error:
            say_error(str(error))
            named.problems.append(Problem(error.name, error.reason, whole_file=True))
    issues = lint_gates(
        named.gates,
        documents=documents,
        only=options.only,
        ignore=options.ignore,
        backend=options.backend,
    )
    spent = costs(named.gates, documents)[: max(0, options.top)] if documents else []
    return issues, spent


def _is_unknown(advice: Advice) -> bool:
    """Whether `re` answers it and nobody knows how slowly."""
    return advice.fallback and advice.growth is not None and not advice.growth.known


def _is_wanted(advice: Advice, options: Options) -> bool:
    """Whether `--only` and `--ignore` let the route's check be."""
    check = "superlinear" if advice.superlinear else "fallback"
    return check not in options.ignore and (not options.only or check in options.only)


def _counts(advice: Advice, fail_on: str) -> bool:
    """Whether a pattern is bad enough; off the fallback route none is."""
    if not advice.fallback or fail_on == "never":
        return False
    if fail_on in ("fallback", "advice"):
        return True
    exponential = advice.growth is not None and advice.growth.kind == "exponential"
    return exponential if fail_on == "exponential" else advice.superlinear


def _gate_counts(issue: Issue, fail_on: str) -> bool:
    """Whether an issue makes the exit code 1; routes are counted with the patterns."""
    if fail_on == "never" or issue.check in _OF_PATTERNS:
        return False
    return issue.level == "fault" or (fail_on == "advice" and issue.level == "advice")
