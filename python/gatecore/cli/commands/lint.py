"""`gatecore lint`: slow patterns by name, with the reason, a hostile text and a rewrite."""

from __future__ import annotations

import re
import sys
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE, USAGE
from gatecore.cli.output.lint_tables import gate_counts, gate_issues, show_gates
from gatecore.cli.pattern_input import WantedPatterns, wanted
from gatecore.lint.gates import Cost, Issue
from gatecore.lint.patterns import Advice, Growth, HostileText, lint_patterns
from gatecore.output.portable import head
from gatecore.text import json_text, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

__all__ = ["run"]

_MOST_PLACES: Final = 3
_POWERS: Final = {2: "quadratic", 3: "cubic"}
_STYLES: Final = {"exponential": "bold red", "polynomial": "red", "linear": "green"}
_ROUTE_STYLES: Final = {"exact": "green", "candidate": "yellow", "fallback": "bold red"}


@dataclass(frozen=True, slots=True)
class _Finding:
    advice: Advice
    places: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        return {**self.advice.to_dict(), "places": list(self.places)}


def run(args: Namespace) -> int:
    """Gives advice on what is named; what could not be read is named on standard error."""
    found = wanted(args)
    for problem in found.problems:
        print(f"gatecore: error: {visible(str(problem))}", file=sys.stderr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `re`, about the pattern: "Possible nested set"
        issues, spent = gate_issues(found, args)
        advice = lint_patterns(
            [pattern for pattern, _ in found.places.values()],
            every_growth=args.all,
            backend=args.backend,
        )
    places = (tuple(places) for _, places in found.places.values())
    findings = [
        _Finding(one, where)
        for one, where in zip(advice, places, strict=True)
        if (one.fallback or (args.all and one.superlinear)) and _is_wanted(one, args)
    ]
    findings.sort(key=lambda finding: finding.advice.rank, reverse=True)
    if args.format == "json":
        _print_json(findings, advice, found, issues, spent)
    else:
        _show(findings, advice, found)
        show_gates(issues, spent, found, with_notes=args.all)
    if any(problem.whole_file for problem in found.problems):
        return UNREADABLE
    if found.problems:
        return USAGE
    counts = any(_counts(one, args.fail_on) for one in advice if _is_wanted(one, args))
    if counts or any(gate_counts(one, args.fail_on) for one in issues):
        return FOUND
    unknown = found.unread or any(_is_unknown(one) for one in advice if _is_wanted(one, args))
    if unknown and not args.allow_unknown and args.fail_on != "never":
        return UNREADABLE
    return FINE


def _is_unknown(advice: Advice) -> bool:
    """Whether `re` answers it and nobody knows how slowly."""
    return advice.fallback and advice.growth is not None and not advice.growth.known


def _is_wanted(advice: Advice, args: Namespace) -> bool:
    """Whether `--only` and `--ignore` let the route's check be."""
    check = "superlinear" if advice.superlinear else "fallback"
    return check not in args.ignore and (not args.only or check in args.only)


def _counts(advice: Advice, fail_on: str) -> bool:
    """Whether a pattern is bad enough; off the fallback route none is."""
    if not advice.fallback or fail_on == "never":
        return False
    if fail_on in ("fallback", "advice"):
        return True
    exponential = advice.growth is not None and advice.growth.kind == "exponential"
    return exponential if fail_on == "exponential" else advice.superlinear


def _print_json(
    findings: list[_Finding],
    advice: list[Advice],
    found: WantedPatterns,
    issues: list[Issue],
    spent: list[Cost],
) -> None:
    plain = {
        "patterns": [finding.to_dict() for finding in findings],
        "gates": len(found.gates),
        "issues": [issue.to_dict() for issue in issues],
        "costs": [cost.to_dict() for cost in spent],
        "read": len(advice),
        "routes": dict(sorted(Counter(one.route for one in advice).items())),
        "unread": found.unread,
        "unknown": sum(map(_is_unknown, advice)),
        "errors": [{"name": p.place, "message": p.message} for p in found.problems],
    }
    print(json_text({**head(), **plain}))


def _show(findings: list[_Finding], advice: list[Advice], found: WantedPatterns) -> None:
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    page = console()
    for finding in findings:
        show(page, *_block(finding, page.width), Text())
    show(page, *_summary(findings, advice, found))


def _block(finding: _Finding, width: int) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.table import Column, Table
    from rich.text import Text

    advice = finding.advice
    yield from _heading(finding, width)
    facts = Table.grid(
        Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0), pad_edge=False
    )
    for name, value in _facts(advice):
        facts.add_row(Text(name, "bold"), value if isinstance(value, Text) else Text(value))
    yield Padding(facts, (0, 0, 0, 2))


def _heading(finding: _Finding, width: int) -> Iterator[Text]:
    """Route, growth and places in a line; the places have a line of their own if need be."""
    from rich.text import Text

    advice, growth = finding.advice, finding.advice.growth
    route = Text(advice.route, _ROUTE_STYLES[advice.route])
    parts = [route]
    if growth is not None:
        parts.append(Text(_growth_text(growth), _STYLES.get(growth.kind, "yellow")))
    heading = Text(" · ").join(parts)
    if not finding.places:
        yield heading
        return
    shown = ", ".join(map(visible, finding.places[:_MOST_PLACES]))
    more = len(finding.places) - _MOST_PLACES
    places = Text(shown + (f" and {more:,} more" if more > 0 else ""), "cyan", overflow="fold")
    if heading.cell_len + 3 + places.cell_len <= width:
        yield Text(" · ").join([heading, places])
    else:
        yield heading
        yield places


def _facts(advice: Advice) -> Iterator[tuple[str, str | Text]]:
    from rich.text import Text

    growth, rewrite = advice.growth, advice.rewrite
    yield "pattern", visible(advice.pattern.source) + _flags_text(int(advice.pattern.flags))
    if advice.fallback:
        yield "why", advice.reason
    elif growth is not None:
        yield "here", "linear: gatecore does not ask re about it"
    if growth is not None and growth.hostile is not None:
        yield "hostile", _hostile_text(growth.hostile)
    if growth is not None and growth.note:
        yield "note", growth.note
    if advice.note:
        yield "note", advice.note
    if rewrite is not None:
        source = visible(rewrite.pattern.source) + _flags_text(int(rewrite.pattern.flags))
        yield "instead", Text(source, "green")
        after: str = "still fallback" if rewrite.route == "fallback" else rewrite.route
        if rewrite.route == "fallback" or not advice.fallback:
            after += f", {_growth_text(rewrite.growth)}"
        yield "", f"{rewrite.kind}; then {after}"
        yield "", "; ".join(rewrite.done)


def _growth_text(growth: Growth) -> str:
    """The growth in words: linear, quadratic and so on."""
    if growth.kind == "unknown":
        return "growth in re unknown"
    if growth.kind == "not analysed":
        return growth.kind
    name: str = growth.kind
    if growth.kind == "polynomial" and growth.degree is not None:
        name = _POWERS.get(growth.degree, f"n^{growth.degree}")
    if growth.until is not None:
        name += f" up to {_counted(growth.until, 'character')}"
    return f"{name} in re"


def _hostile_text(hostile: HostileText) -> str:
    """As Python would build it.

    >>> _hostile_text(HostileText("", "1", "!"))
    "'1' * n + '!'"
    """
    parts = [repr(hostile.prefix)] if hostile.prefix else []
    parts.append(f"{hostile.pump!r} * n")
    if hostile.suffix:
        parts.append(repr(hostile.suffix))
    return " + ".join(parts)


def _flags_text(flags: int) -> str:
    names = [flag.name or "" for flag in re.RegexFlag if flags & flag and flag is not re.UNICODE]
    return f"   ({', '.join(names)})" if names else ""


def _summary(
    findings: Sequence[_Finding], advice: Sequence[Advice], found: WantedPatterns
) -> Iterator[RenderableType]:
    from rich.text import Text

    routes = Counter[str](one.route for one in advice)
    slow = Counter[str](
        one.growth.kind for one in advice if one.fallback and one.growth and one.superlinear
    )
    line = Text(f"{_counted(len(advice), 'pattern')}: ", "bold")
    line.append(", ".join(f"{routes[route]:,} {route}" for route in _ROUTE_STYLES))
    if slow:
        worst = ", ".join(f"{slow[kind]:,} {kind}" for kind in _STYLES if slow[kind])
        line.append(f"; in re {worst}")
    unknown = sum(map(_is_unknown, advice))
    if unknown:
        line.append(f"; of {unknown:,} the growth is not known")
    gained = sum(one.superlinear and not one.fallback for one in advice)
    if gained:
        line.append(f"; {gained:,} linear here that would not be in re")
    rewrites = sum(finding.advice.rewrite is not None for finding in findings)
    if rewrites:
        line.append(f"; {rewrites:,} with a rewrite")
    yield line
    if found.unread:
        first = ", ".join(found.unread[:_MOST_PLACES])
        yield Text(
            f"{_counted(len(found.unread), 'call')} of re not looked at: pattern or flags are not "
            f"known at {first}{', …' if len(found.unread) > _MOST_PLACES else ''}",
            "yellow",
        )
    if found.problems:
        yield Text(f"{len(found.problems):,} could not be read", "bold red")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
