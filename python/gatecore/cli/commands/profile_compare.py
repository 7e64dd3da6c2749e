"""`gatecore profile compare`: what became faster or slower, and whether a verdict changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.messages import print_json
from gatecore.errors import GatecoreError

if TYPE_CHECKING:
    from gatecore.profiling import Comparison

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks the documents with the gates of OLD and of NEW in turn and shows for each "
    "gate whether it became faster or slower, with the interval in which the ratio of its median "
    "times lies with 95 % confidence. With --host: a host's gates as they are, and accelerated. "
    "OLD and NEW are each a gate file, a folder of them, a shipped module, or REVISION:PATH of "
    "the git repository in which the command runs.",
    epilog="examples:\n"
    "  gatecore profile compare main:rules/house rules/house letters/\n"
    "  gatecore profile compare gdpr_uk my_gdpr_uk/ notices/*.txt --format json\n"
    "  gatecore profile compare --host myapp.checks:make_engine letters/*.txt\n\n"
    "exit codes:\n  0    all verdicts are the same\n  1    a verdict changed\n"
    "  2    the command line, a gate file or the host cannot be used\n"
    "  3    a document could not be read (the others are still compared)\n",
    nothing={"rows": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    what: tuple[str, ...] = opt.argument(
        "WHAT",
        nargs="+",
        help="OLD, NEW and then the documents, or with --host the documents: texts, e-mails, HTML "
        "pages, or folders of them",
    )
    host: str | None = opt.option(
        "--host",
        metavar="MODULE:NAME",
        help="an engine with modules of Python gates, or what makes one; it is made twice, in "
        "processes of their own",
    )
    document_type: str = opt.document_type_option()
    modules: tuple[str, ...] = opt.repeated(
        "--module", metavar="NAME", help="with --host: a module of the host; may be repeated"
    )
    rounds: int = opt.option(
        "--rounds",
        type=opt.count,
        default=30,
        metavar="N",
        help="how many pairs of measurements are made (default: 30)",
    )
    top: int = opt.option(
        "--top",
        type=opt.count,
        default=20,
        metavar="N",
        help="how many of the slowest gates are shown (default: 20); JSON has all",
    )
    engine: opt.Engine = opt.option_group(opt.Engine)
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.reading import read_named

    files = options.what if options.host is not None else options.what[2:]
    if not files:
        raise GatecoreError(
            "no documents are named: give OLD, NEW and documents, or --host and documents"
        )
    documents, errors = read_named(files, options.reading, options.encoding)
    texts = [text for _, text in documents]
    if not texts:
        raise GatecoreError("no document could be read, so there is nothing to compare on")
    if options.host is not None:
        compared = _of_host(options, options.host, texts)
    else:
        compared = _of_gates(options, texts)
    if options.format == "json":
        print_json({**compared.to_dict(), "errors": errors})
    else:
        from gatecore.cli.output.profile_tables import show_comparison

        show_comparison(compared, options.top)
    if errors:
        return UNREADABLE
    return FINE if compared.is_same else FOUND


def _of_gates(options: Options, texts: Sequence[str]) -> Comparison:
    from gatecore.cli.selection import compiled
    from gatecore.gates.diff import gates_of
    from gatecore.profiling import compare

    if options.modules:
        raise GatecoreError("--module is for --host; write gatecore profile compare OLD NEW …")
    old, new = (compiled(gates_of(version), options.engine) for version in options.what[:2])
    return compare(old, new, texts, rounds=options.rounds)


def _of_host(options: Options, host: str, texts: Sequence[str]) -> Comparison:
    from gatecore.cli.measured_host import HostProcess
    from gatecore.gates.compare import differences
    from gatecore.profiling.comparison import compare_runs

    def process(*, accelerated: bool) -> HostProcess:
        return HostProcess(
            host,
            texts,
            modules=options.modules,
            document_type=options.document_type,
            accelerated=accelerated,
        )

    with process(accelerated=False) as old, process(accelerated=True) as new:
        before, after = old.answers(), new.answers()
        changed = differences((place, before[place], after.get(place)) for place in before)
        for _ in range(_WARM):
            new.run()
        old.run()
        return compare_runs(old, new, documents=len(texts), rounds=options.rounds, changed=changed)


_WARM: Final = 5
"""Rounds of an accelerated host, unmeasured: its automata are built in the first ones."""
