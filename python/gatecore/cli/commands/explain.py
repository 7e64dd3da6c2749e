"""`gatecore explain`: how a pattern is answered and why, one pattern or all of some gates."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, USAGE
from gatecore.cli.messages import print_json, say_error
from gatecore.errors import GatecoreError
from gatecore.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.gates.set import GateSet
    from gatecore.gates.spec import Gate, Group, PatternRef
    from gatecore.patterns.explanation import Explanation

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Shows a pattern's route (exact, candidate or fallback), the reason, the cost "
    "and its lowered tree; or, with --module or --gates, the routes of all patterns of gates.",
    epilog="examples:\n"
    "  gatecore explain '\\bup to \\d+ ?%' --flags i\n"
    "  gatecore explain --flags i,m -- '-{2,}$'\n"
    "  gatecore explain --module fca_uk\n\n"
    "exit codes:\n  0    explained\n  2    a bad pattern, or the command line or a gate file "
    "cannot be used\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    pattern: str | None = opt.argument("PATTERN", nargs="?", help="as re.compile takes it")
    flags: int = opt.flags_option(
        "any of i,m,s,x,a: IGNORECASE, MULTILINE, DOTALL, VERBOSE, ASCII (default: none)"
    )
    selection: opt.Selection = opt.option_group(opt.Selection, instead="instead of PATTERN: ")
    format: Literal["table", "json"] = opt.format_option()


_WIDE: Final = 110
_STYLES: Final = {"exact": "green", "candidate": "yellow", "fallback": "bold red"}


def run(options: Options) -> int:
    """Explains what is named; a bad pattern is shown with its place."""
    if options.selection.names_gates == (options.pattern is not None):
        raise GatecoreError(
            "give either PATTERN or --module and --gates; see gatecore explain --help"
        )
    if options.pattern is None:
        from gatecore.cli.selection import gate_set

        return _explain_gates(gate_set(options.selection), options.format)
    return _explain_pattern(options.pattern, options)


def _explain_pattern(source: str, options: Options) -> int:
    from gatecore.lowering.tree import lowered_tree, tree_lines
    from gatecore.patterns.pattern import Pattern
    from gatecore.patterns.set import PatternSet

    flags = options.flags
    try:
        patterns = PatternSet([Pattern(source, flags)], backend=options.selection.engine.backend)
        tree = lowered_tree(source, flags)
    except GatecoreError:
        raise
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        return _bad_pattern(source, error, options.format)
    explanation = patterns.explain(0)
    if options.format == "json":
        print_json({**explanation.to_dict(), "tree": tree.to_dict() if tree else None})
        return FINE
    from rich.text import Text

    from gatecore.cli.output.console import console, grid, show

    facts: dict[str | Text, str | Text] = {
        "pattern": visible(source),
        "flags": _flag_names(flags),
        "route": Text(explanation.route, _STYLES[explanation.route]),
        "reason": explanation.reason,
        "cost": explanation.cost,
        "backend": explanation.backend,
    }
    page = console()
    show(page, grid(facts.items()))
    lines = tree_lines(tree) if tree else ["nested too deeply to be lowered"]
    show(page, Text(), *(Text(line, no_wrap=True, overflow="ignore") for line in lines))
    return FINE


def _flag_names(flags: int) -> str:
    names = [flag.name or "" for flag in re.RegexFlag if flags & flag]
    return ", ".join(names) or "none"


def _bad_pattern(source: str, error: Exception, form: str) -> int:
    """`re`'s own message, with a caret below the place where the pattern's text is one line."""
    from rich.cells import cell_len

    position = getattr(error, "pos", None)
    message = str(getattr(error, "msg", None) or error)
    where = f" at position {position}" if position is not None else ""
    say_error(f"bad pattern: {message}{where}")
    if position is not None:
        start = source.rfind("\n", 0, position) + 1
        line = source[start:].split("\n", 1)[0]
        caret = cell_len(visible(source[start:position]))
        print(f"  {visible(line)}\n  {' ' * caret}^", file=sys.stderr)
    if form == "json":
        print_json({"errors": [{"message": message, "position": position}]})
    return USAGE


def _explain_gates(gates: GateSet, form: str) -> int:
    rows = list(_rows(gates))
    if form == "json":
        plain = [
            {
                "module": gate.module,
                "gate": gate.name,
                "group": group.name,
                "number": number,
                "place": str(pattern.place),
                **explanation.to_dict(),
            }
            for gate, group, number, pattern, explanation in rows
        ]
        print_json({"patterns": plain, "errors": []})
        return FINE
    from gatecore.cli.output.console import console, show

    page = console()
    show(page, *_gates_table(rows, page.width))
    return FINE


_Row: TypeAlias = "tuple[Gate, Group, int, PatternRef, Explanation]"


def _rows(gates: GateSet) -> Iterator[_Row]:
    for gate in gates:
        for group in gate.groups:
            for number, pattern in enumerate(group.patterns, start=1):
                index = gates.patterns.index(pattern.source, pattern.flags)
                yield gate, group, number, pattern, gates.patterns.explain(index)


def _gates_table(rows: list[_Row], width: int) -> Iterator[RenderableType]:
    from rich.table import Column
    from rich.text import Text

    from gatecore.cli.output.console import listing
    from gatecore.text import shortened

    wide = width >= _WIDE
    table = listing(
        Column("gate", overflow="fold"),
        Column("group", overflow="fold"),
        Column("#", justify="right"),
        Column("route", no_wrap=True),
        Column("reason", ratio=1),
        *([Column("pattern", ratio=1, no_wrap=True, overflow="ellipsis")] if wide else []),
    )
    before: tuple[Gate | None, Group | None] = (None, None)
    for gate, group, number, pattern, explanation in rows:
        route = Text(explanation.route, _STYLES[explanation.route])
        table.add_row(
            gate.name if gate is not before[0] else "",
            group.name if group is not before[1] else "",
            str(number),
            route,
            explanation.reason,
            *([Text(shortened(pattern.written, width))] if wide else []),
        )
        before = (gate, group)
    yield table
    counts = Counter[str](explanation.route for *_, explanation in rows)
    summary = ", ".join(f"{counts[route]} {route}" for route in _STYLES)
    yield Text(f"\n{len(rows)} patterns: {summary}", "bold")
