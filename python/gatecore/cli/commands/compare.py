"""`gatecore compare`: the slow answer and the fast one on the user's documents.

--host             the user's engine, as it is and accelerated
--module, --gates  gates as data, by `gatecore.gates.reference` on plain `re` and by `GateSet`
"""

from __future__ import annotations

import contextlib
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.host import host
from gatecore.cli.selection import gate_set
from gatecore.documents.reading import DocumentReadError, names_of, read_as_asked, say_notes
from gatecore.errors import GatecoreError
from gatecore.gates.reference import evaluate
from gatecore.output.portable import head
from gatecore.text import json_text, named, visible

if TYPE_CHECKING:
    from gatecore.gates.set import GateSet

__all__ = ["Compared", "compared", "compared_gates", "run"]

#: Differ in any two runs.
_TIMES: Final = ("timestamp",)


@dataclass(frozen=True)
class Compared:
    """One document.

    Attributes:
        name: Its name.
        characters: Its length.
        old: Seconds that the engine took as it is, or the reference.
        new: Seconds that it took accelerated, or the compiled gates.
        gates: How many gates were compared.
        different: Where the reports differ: a gate by its name, or another part of the report.
    """

    name: str
    characters: int
    old: float
    new: float
    gates: int
    different: dict[str, str]


def run(args: Namespace) -> int:
    """Asks the slow and the fast one about all documents."""
    gates_asked = bool(args.modules or args.gates or args.tags or args.names)
    if gates_asked == (args.host is not None):
        raise GatecoreError(
            "give either --host or --module and --gates; see gatecore compare --help"
        )
    engine = None if gates_asked else _engine(args.host)
    gates = gate_set(args) if gates_asked else None
    code = FINE
    texts, errors = [], []
    for name in names_of(args.files):
        try:
            document = read_as_asked(name, args)
            texts.append((document.name, document.text))
            say_notes(document)
        except DocumentReadError as error:
            print(f"gatecore: error: {visible(str(error))}", file=sys.stderr)
            errors.append({**named(error.name), "message": error.reason})
            code = UNREADABLE
    if gates is not None:
        rows, served = compared_gates(gates, texts), None
    else:
        with contextlib.redirect_stdout(sys.stderr):  # hosts print
            rows, served = compared(engine, texts, args.document_type)
    if args.format == "json":
        plain: dict[str, object] = {"documents": [asdict(row) for row in rows]}
        if served is not None:
            plain["served"] = round(served, 6)
        print(json_text({**head(), **plain, "errors": errors}))
    else:
        _show(rows, served)
    if code == FINE and any(row.different for row in rows):
        code = FOUND
    return code


def _engine(name: str) -> Any:
    engine = host(name)
    if not callable(getattr(engine, "check_document", None)):
        raise GatecoreError(
            f"--host {name} gives {type(engine).__name__}, which has no check_document(); "
            "name an engine, or a function that makes one"
        )
    return engine


def compared_gates(gates: GateSet, texts: list[tuple[str, str]]) -> list[Compared]:
    """Each document's comparison of the reference's verdicts with those of the compiled gates."""
    if texts:
        gates.check(texts[0][1])  # the first question about a pattern's spans builds its automaton
    rows = []
    for name, text in texts:
        begin = time.perf_counter()
        slow = [evaluate(gate, text) for gate in gates]
        between = time.perf_counter()
        fast = gates.check(text).verdicts
        end = time.perf_counter()
        pairs = ((f"{a.module}.{a.gate}", a, b) for a, b in zip(slow, fast, strict=True))
        different = {place: _difference(a.to_dict(), b.to_dict()) for place, a, b in pairs}
        rows.append(
            Compared(
                name=name,
                characters=len(text),
                old=between - begin,
                new=end - between,
                gates=len(gates),
                different={place: what for place, what in different.items() if what},
            )
        )
    return rows


def compared(
    engine: Any, texts: list[tuple[str, str]], document_type: str
) -> tuple[list[Compared], float]:
    """Each document's comparison, and the share of calls that were served."""
    from gatecore.hosts.acceleration import accelerate

    before = [_timed(engine, text, document_type) for _, text in texts]
    with accelerate(engine) as handle:
        # The first question about each pattern's spans builds its automaton, once in a process.
        if texts:
            engine.check_document(texts[0][1], document_type, None)
        after = [_timed(engine, text, document_type) for _, text in texts]
        share = handle.stats().share
    rows = []
    for (name, text), (old, old_time), (new, new_time) in zip(texts, before, after, strict=True):
        olds, news = dict(_parts(old)), dict(_parts(new))
        places = dict.fromkeys([*olds, *news])
        pairs = ((place, olds.get(place), news.get(place)) for place in places)
        different = {place: _difference(one, other) for place, one, other in pairs}
        rows.append(
            Compared(
                name=name,
                characters=len(text),
                old=old_time,
                new=new_time,
                gates=sum("." in place for place in olds),
                different={place: what for place, what in different.items() if what},
            )
        )
    return rows, share


def _timed(engine: Any, text: str, document_type: str) -> tuple[Any, float]:
    begin = time.perf_counter()
    report = engine.check_document(text, document_type, None)
    return report, time.perf_counter() - begin


def _parts(report: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a report: each gate by `module.gate`, and the rest, order of keys included."""
    if not isinstance(report, dict):
        yield "report", report
        return
    yield "keys", [str(key) for key in report]
    for name, part in report.items():
        if name in _TIMES:
            continue
        if name != "modules" or not isinstance(part, dict):
            yield str(name), part
            continue
        yield "modules", list(part)
        for module_name, module in part.items():
            gates = module.get("gates") if isinstance(module, dict) else None
            if not isinstance(gates, dict):
                yield f"{module_name}.", module
                continue
            names = list(gates)
            if any(isinstance(gate, dict) and "timestamp" in gate for gate in gates.values()):
                names.sort()  # listed as they finished
            yield f"{module_name} gates", names
            yield f"{module_name} rest", {k: v for k, v in module.items() if k != "gates"}
            for gate_name, gate in gates.items():
                yield f"{module_name}.{gate_name}", gate


def _difference(old: Any, new: Any, place: str = "") -> str:
    """The first difference; empty if there is none. Types and the order of keys count."""
    if type(old) is not type(new):
        return f"{place}: {type(old).__name__} became {type(new).__name__}"
    if isinstance(old, dict):
        olds, news = ([key for key in one if key not in _TIMES] for one in (old, new))
        if olds != news:
            return f"{place}: keys {olds!r} became {news!r}"
        pairs = [(f"{place}[{key!r}]", old[key], new[key]) for key in olds]
    elif isinstance(old, list | tuple):
        if len(old) != len(new):
            return f"{place}: {len(old)} became {len(new)} elements"
        pairs = [(f"{place}[{n}]", *both) for n, both in enumerate(zip(old, new, strict=True))]
    else:
        return "" if old == new else f"{place}: {old!r:.100} became {new!r:.100}"
    return next((found for where, a, b in pairs if (found := _difference(a, b, where))), "")


def _show(rows: list[Compared], served: float | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("document", "characters", "old ms", "new ms", "ratio", "gates", "equal"):
        table.add_column(heading, justify="left" if heading in ("document", "equal") else "right")
    for row in rows:
        table.add_row(
            Text(visible(row.name)),
            f"{row.characters:,}",
            f"{row.old * 1e3:,.1f}",
            f"{row.new * 1e3:,.1f}",
            f"{row.old / row.new:,.0f}x",
            str(row.gates),
            Text(f"no, {len(row.different)} parts differ" if row.different else "yes"),
        )
    show(console(), table)
    for row in rows:
        for place, what in row.different.items():
            show(console(), Text(visible(f"{row.name}: {place}{what}")))
    old, new = sum(row.old for row in rows), sum(row.new for row in rows)
    differ = sum(bool(row.different) for row in rows)
    if rows:
        total = f"{len(rows)} documents, {differ} differ; {old / new:,.0f} times as fast"
        share = "" if served is None else f"; {served:.1%} of the calls served from the pass"
        show(console(), Text(total + share))
