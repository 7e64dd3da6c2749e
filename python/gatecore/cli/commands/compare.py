"""`gatecore compare`: the slow answer and the fast one on the user's documents.

--host             the user's engine, as it is and accelerated
--module, --gates  gates as data, by the slow reference on plain `re` and compiled
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.messages import print_json
from gatecore.errors import GatecoreError

if TYPE_CHECKING:
    from gatecore.gates.compare import Compared

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    files: tuple[str, ...] = opt.documents_argument()
    host: str | None = opt.option(
        "--host",
        metavar="MODULE:NAME",
        help="an engine with check_document(text, document_type, modules), or what makes one",
    )
    document_type: str = opt.document_type_option()
    selection: opt.Selection = opt.option_group(opt.Selection, instead="instead of --host: ")
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.reading import read_named
    from gatecore.cli.selection import gate_set
    from gatecore.gates.compare import compare_gates

    if options.selection.names_gates == (options.host is not None):
        raise GatecoreError(
            "give either --host or --module and --gates; see gatecore compare --help"
        )
    engine = None if options.host is None else _engine(options.host)
    gates = gate_set(options.selection) if options.host is None else None
    texts, errors = read_named(options.files, options.reading, options.encoding)
    rows: Sequence[Compared]
    served = None
    if gates is not None:
        rows = compare_gates(gates, texts)
    else:
        from gatecore.hosts.compare import compare_host

        with contextlib.redirect_stdout(sys.stderr):  # hosts print
            compared = compare_host(engine, texts, document_type=options.document_type)
        rows, served = compared.documents, compared.served
    if options.format == "json":
        plain: dict[str, object] = {"documents": [asdict(row) for row in rows]}
        if served is not None:
            plain["served"] = round(served, 6)
        print_json({**plain, "errors": errors})
    else:
        _show(rows, served)
    if errors:
        return UNREADABLE
    return FOUND if any(row.different for row in rows) else FINE


def _engine(name: str) -> Any:
    from gatecore.cli.host import host

    engine = host(name)
    if not callable(getattr(engine, "check_document", None)):
        raise GatecoreError(
            f"--host {name} gives {type(engine).__name__}, which has no check_document(); "
            "name an engine, or a function that makes one"
        )
    return engine


def _show(rows: Sequence[Compared], served: float | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from gatecore.cli.output.console import console, show
    from gatecore.text import visible

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
