"""`gatecore explain`: how a pattern is answered and why, one pattern or all of some gates."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gatecore.cli.exit_codes import FINE, USAGE
from gatecore.cli.selection import gate_set
from gatecore.errors import GatecoreError
from gatecore.output.portable import head
from gatecore.patterns.explanation import Explanation
from gatecore.patterns.pattern import Pattern
from gatecore.patterns.set import PatternSet
from gatecore.text import json_text, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.gates.set import GateSet
    from gatecore.gates.spec import Gate, Group, PatternRef

__all__ = ["run"]

_WIDE: Final = 110
_STYLES: Final = {"exact": "green", "candidate": "yellow", "fallback": "bold red"}


def run(args: Namespace) -> int:
    """Explains what is named; a bad pattern is shown with its place."""
    of_gates = bool(args.modules or args.gates or args.tags or args.names)
    if of_gates == (args.pattern is not None):
        raise GatecoreError(
            "give either PATTERN or --module and --gates; see gatecore explain --help"
        )
    if of_gates:
        return _explain_gates(gate_set(args), args.format)
    return _explain_pattern(args.pattern, args.flags, args.backend, args.format)


def _explain_pattern(source: str, flags: int, backend: str, form: str) -> int:
    from gatecore.lowering.tree import lowered_tree, tree_lines

    try:
        patterns = PatternSet([Pattern(source, flags)], backend=backend)  # type: ignore[arg-type]
        tree = lowered_tree(source, flags)
    except GatecoreError:
        raise
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        return _bad_pattern(source, error, form)
    explanation = patterns.explain(0)
    if form == "json":
        plain = {**explanation.to_dict(), "tree": tree.to_dict() if tree else None}
        print(json_text({**head(), **plain}))
        return FINE
    from rich.table import Column, Table
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    facts = Table.grid("", Column(overflow="fold"), padding=(0, 2, 0, 0))
    for name, value in (
        ("pattern", visible(source)),
        ("flags", _flag_names(flags)),
        ("route", explanation.route),
        ("reason", explanation.reason),
        ("cost", explanation.cost),
        ("backend", explanation.backend),
    ):
        facts.add_row(Text(name, "bold"), Text(value, _STYLES.get(value, "")))
    page = console()
    show(page, facts)
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
    print(f"gatecore: error: bad pattern: {visible(message)}{where}", file=sys.stderr)
    if position is not None:
        start = source.rfind("\n", 0, position) + 1
        line = source[start:].split("\n", 1)[0]
        caret = cell_len(visible(source[start:position]))
        print(f"  {visible(line)}\n  {' ' * caret}^", file=sys.stderr)
    if form == "json":
        print(json_text({**head(), "errors": [{"message": message, "position": position}]}))
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
        print(json_text({**head(), "patterns": plain, "errors": []}))
        return FINE
    from gatecore.cli.output.console import console, show

    page = console()
    show(page, *_gates_table(rows, page.width))
    return FINE


_Row = tuple["Gate", "Group", int, "PatternRef", Explanation]


def _rows(gates: GateSet) -> Iterator[_Row]:
    for gate in gates:
        for group in gate.groups:
            for number, pattern in enumerate(group.patterns, start=1):
                index = gates.patterns.index(pattern.source, pattern.flags)
                yield gate, group, number, pattern, gates.patterns.explain(index)


def _gates_table(rows: list[_Row], width: int) -> Iterator[RenderableType]:
    from rich.table import Column
    from rich.text import Text

    from gatecore.cli.output.console import listing, shortened

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
