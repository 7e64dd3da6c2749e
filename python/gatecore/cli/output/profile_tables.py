"""What `gatecore profile` says: where the time goes, why, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, listing, show
from gatecore.output.html.profile import attribution, facts, in_unit
from gatecore.text import plural, shortened, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from gatecore.profiling import Comparison, GateProfile, Profile

__all__ = ["show_comparison", "show_profile"]

_PATTERNS: Final = 3
"""Of each gate that is shown."""

_CHANGES: Final = {"faster": "green", "slower": "bold red", "as before": "dim"}


def show_profile(profile: Profile, top: int, advice: Mapping[str, Sequence[str]]) -> None:
    """Writes the shares and times of the slowest gates, then what each one's time went into."""
    page = console()
    shown = profile.gates[:top]
    named = _Names(shown)
    show(page, _times(profile, shown, named), Text(), _split(shown, named))
    if profile.is_exact:
        show(page, Text(), _marginal(shown, named))
    for gate in shown:
        show(page, Text(), *_gate(gate, advice.get(gate.name, ()), page.width))
    show(page, Text(), Text(visible(facts(profile)), "dim"), Text(attribution(profile), "dim"))
    if profile.warning:
        show(page, Text(visible(profile.warning), "yellow"))


def _time(seconds: float) -> str:
    """Narrower than for sentences."""
    return in_unit(seconds).replace(" ", "")


class _Names:
    """Gates of one module are named without it: tables are narrow."""

    def __init__(self, gates: Sequence[GateProfile]) -> None:
        self._is_one = len({gate.module for gate in gates}) == 1

    def __call__(self, gate: GateProfile) -> str:
        return gate.gate if self._is_one else gate.name


def _right(*names: str) -> Iterator[Column]:
    return (Column(name, justify="right", no_wrap=True) for name in names)


def _times(profile: Profile, shown: Sequence[GateProfile], named: _Names) -> Table:
    table = listing(
        Column("gate", overflow="fold"),
        *_right("share", "typical", "mean", "p50", "p95", "p99", "max"),
    )
    each = max(profile.rounds * profile.documents, 1)
    for name, seconds in profile.shared.items():
        table.add_row(Text(name, "dim"), f"{profile.share(name):.1%}", "", _time(seconds / each))
    for gate in shown:
        told = gate.quantiles
        times = (gate.typical, gate.mean, told.p50, told.p95, told.p99, told.maximum)
        label = Text(visible(named(gate)), "bold cyan")
        table.add_row(label, f"{gate.share:.1%}", *map(_time, times))
    others = profile.gates[len(shown) :]
    if others:
        seconds = sum(gate.seconds for gate in others)
        share = sum(gate.share for gate in others)
        table.add_row(
            Text(plural(len(others), "other gate"), "dim"),
            f"{share:.1%}",
            "",
            _time(seconds / each),
        )
    return table


def _split(shown: Sequence[GateProfile], named: _Names) -> Table:
    table = listing(
        Column("of which", overflow="fold"),
        *_right("automata", "re", "rules", "Python", "matching", "not", "findings"),
    )
    for gate in shown:
        parts = (gate.confirmation, gate.re, gate.rules, gate.python)
        cells = [f"{part / gate.seconds:.0%}" if gate.seconds else "–" for part in parts]
        cells += [_time(times.mean) if times.count else "–" for times in (gate.shown, gate.silent)]
        cells.append(f"{gate.hits:,}")
        table.add_row(Text(visible(named(gate)), "cyan"), *cells)
    return table


def _marginal(shown: Sequence[GateProfile], named: _Names) -> Table:
    table = listing(
        Column("what the set takes longer with it than without", overflow="fold"),
        *_right("a document", "95 % interval"),
    )
    for gate in shown:
        if (one := gate.marginal) is not None:
            interval = f"{_time(one.low)} to {_time(one.high)}"
            table.add_row(Text(visible(named(gate)), "cyan"), _time(one.value), interval)
    return table


def _gate(gate: GateProfile, advice: Sequence[str], width: int) -> Iterator[RenderableType]:
    yield Text(visible(gate.name), "bold cyan")
    lines = [Text(f"{gate.reason}.")] if gate.reason else []
    for one in [one for one in gate.patterns if one.worked.count][:_PATTERNS]:
        work = f"{in_unit(one.worked.seconds)} in {one.worked.count:,} questions"
        by_re = f", {one.asked_of_re:,} of re" if one.asked_of_re else ""
        lines.append(Text(f"{work}{by_re}, {one.route}", "dim"))
        lines.append(Text(f"  {shortened(one.pattern, max(width - 6, 20))}", "dim"))
    lines += [Text(visible(one), "yellow") for one in advice]
    for line in lines:
        yield Padding(line, (0, 0, 0, 2))


def show_comparison(comparison: Comparison, top: int) -> None:
    """Writes what became faster and slower, and every verdict that changed."""
    page = console()
    table = listing(
        Column("gate", overflow="fold"),
        *_right("old", "new", "new / old", "95 % interval"),
        Column("change", no_wrap=True),
    )
    shared = [row for row in comparison.rows if "/" not in row.name]
    of_gates = [row for row in comparison.rows if "/" in row.name]
    for row in (*shared, *of_gates[:top]):
        ratio = row.ratio
        table.add_row(
            Text(visible(row.name), "bold" if "/" not in row.name else "cyan"),
            _time(row.old),
            _time(row.new),
            f"{ratio.value:.3g}",
            f"{ratio.low:.3g} to {ratio.high:.3g}",
            Text(row.change, _CHANGES[row.change]),
        )
    show(page, table)
    for name, seconds in comparison.beside.items():
        show(page, Text(f"beside the gates, on one side only: {name} {in_unit(seconds)}", "dim"))
    left = len(of_gates) - top
    if left > 0:
        counts = [row.change for row in of_gates[top:]]
        said = ", ".join(f"{counts.count(name)} {name}" for name in _CHANGES if name in counts)
        show(page, Text(f"{plural(left, 'more gate')}: {said}", "dim"))
    for name, gates in (("added", comparison.added), ("removed", comparison.removed)):
        if gates:
            show(page, Text(visible(f"{name}: {', '.join(gates)}")))
    said = f"{plural(comparison.documents, 'document')}, {comparison.rounds:,} rounds in turn"
    show(page, Text(), Text(said, "dim"))
    if comparison.warning:
        show(page, Text(visible(comparison.warning), "yellow"))
    for place, what in comparison.changed.items():
        show(page, Text(visible(f"changed: {place}{what}"), "bold red"))
    if comparison.is_same:
        show(page, Text("All verdicts are the same.", "green"))
    else:
        show(page, Text(f"{plural(len(comparison.changed), 'verdict')} changed.", "bold red"))
