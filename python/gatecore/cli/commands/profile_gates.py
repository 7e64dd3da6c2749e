"""`gatecore profile gates`: which gates take the time on the user's documents, and why."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json
from gatecore.errors import GatecoreError

if TYPE_CHECKING:
    from gatecore.gates.set import GateSet
    from gatecore.hosts.stats import HostStats
    from gatecore.profiling import PatternProfile, Profile

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks the documents many times and says where the time goes: the pass over a "
    "document, which all gates share, and each gate, split into automata, re, rules and Python, "
    "with its slowest patterns, why they are slow, and what lint says of them.",
    epilog="examples:\n"
    "  gatecore profile gates --module gdpr_uk letters/ --top 5\n"
    "  gatecore profile gates --gates rules/house letters/ --exact\n"
    "  gatecore profile gates --host myapp.checks:make_engine letters/*.txt\n"
    "  gatecore profile gates --host myapp.checks:make_engine --plain letters/*.txt\n"
    "  gatecore profile gates --module fca_uk ads/ --format html > profile.html\n\n"
    "exit codes:\n  0    the profile was made\n"
    "  2    the command line, a gate file or the host cannot be used\n"
    "  3    a document could not be read (the others are still profiled)\n",
    nothing={"gates": []},
)

_LINTED: Final = 3
"""Patterns of a gate about which lint is asked."""
_ABOUT_COST: Final = ("never-matches", "dead-branch", "redundant", "noise")
"""What lint finds in gates that costs time for nothing; what `re` answers is told by pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    files: tuple[str, ...] = opt.documents_argument()
    host: str | None = opt.option(
        "--host",
        metavar="MODULE:NAME",
        help="an engine with modules of Python gates, or what makes one: its gates, accelerated; "
        "--module then names modules of it",
    )
    plain: bool = opt.flag("--plain", help="with --host: its gates as they are, not accelerated")
    document_type: str = opt.document_type_option()
    selection: opt.Selection = opt.option_group(opt.Selection)
    top: int = opt.option(
        "--top",
        type=opt.count,
        default=5,
        metavar="N",
        help="how many of the slowest gates are shown (default: 5); JSON has all",
    )
    rounds: int = opt.option(
        "--rounds",
        type=opt.count,
        default=20,
        metavar="N",
        help="how often each document is checked (default: 20)",
    )
    exact: bool = opt.flag(
        "--exact",
        help="attribute the shared pass to the gates shown: each is left out of the set in turn, "
        "which compiles the set anew for each",
    )
    lint: bool = opt.flag("--no-lint", unless=True, help="do not ask lint about slow patterns")
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json", "html"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.reading import read_named
    from gatecore.cli.selection import gate_set
    from gatecore.profiling import profile

    if options.host is None and options.plain:
        raise GatecoreError("--plain is for --host; gates that are data have no other form")
    sources, narrowing = options.selection.sources, options.selection.narrowing
    if options.host is not None and (
        sources.gates or narrowing.tags or narrowing.names or narrowing.skip
    ):
        raise GatecoreError(
            "of a host's gates only modules can be chosen: with --host give --module or nothing"
        )
    if options.host is not None and options.exact:
        raise GatecoreError("--exact is for gates that are data; a host's gates cannot be left out")
    documents, errors = read_named(options.files, options.reading, options.encoding)
    texts = [text for _, text in documents]
    if not texts:
        raise GatecoreError("no document could be read, so there is nothing to profile on")
    advice: Mapping[str, list[str]] = {}
    if options.host is None:
        gates = gate_set(options.selection)
        exact = options.top if options.exact else 0
        found = profile(gates, texts, rounds=options.rounds, exact=exact)
        if options.lint:
            advice = _advice(found, gates, options.top)
    else:
        found, advice = _of_host(options, options.host, texts)
    if options.format == "json":
        print_json({**found.to_dict(), "advice": advice, "errors": errors})
    elif options.format == "html":
        from gatecore.output.html import render_profile

        sys.stdout.write(render_profile(found, top=options.top, advice=advice))
    else:
        from gatecore.cli.output.profile_tables import show_profile

        show_profile(found, options.top, advice)
    return UNREADABLE if errors else FINE


def _of_host(
    options: Options, where: str, texts: Sequence[str]
) -> tuple[Profile, dict[str, list[str]]]:
    from gatecore.cli.host import gates_of, host
    from gatecore.hosts.acceleration import accelerate
    from gatecore.profiling import profile

    engine = host(where)
    gates = gates_of(engine, options.selection.sources.modules, where)
    kind, rounds = options.document_type, options.rounds
    with contextlib.redirect_stdout(sys.stderr):  # hosts print
        if options.plain:
            found = profile(gates, texts, rounds=rounds, document_type=kind)
            return found, _of_python(found, options.top) if options.lint else {}
        with accelerate(engine) as handle:
            found = profile(gates, texts, rounds=rounds, accelerated=handle, document_type=kind)
            return found, _of_stats(found, handle.stats(), options.top)


def _of_stats(profile: Profile, stats: HostStats, top: int) -> dict[str, list[str]]:
    """What became of the calls of each of the slowest gates."""
    found = {}
    for gate in profile.gates[:top]:
        counts = stats.by_gate.get(f"{gate.module}.{gate.gate}")
        if counts is None:
            continue
        calls = counts.served + counts.fell_through
        said = f"{counts.served:,} of {calls:,} calls of re were served from the pass"
        reasons = [f"{count:,}: {reason}" for reason, count in counts.by_reason.items() if count]
        found[gate.name] = [said, *reasons]
    return found


def _of_python(profile: Profile, top: int) -> dict[str, list[str]]:
    """What accelerate and lint would do about the patterns that take the time."""
    found: dict[str, list[str]] = {}
    for gate in profile.gates[:top]:
        if not gate.patterns:
            continue
        kept = sum(one.route != "fallback" for one in gate.patterns)
        slowest = f"{kept} of its {len(gate.patterns)} slowest patterns"
        said = [f"accelerate: {slowest} are answered from one pass"]
        said += [_of_pattern(one) for one in gate.patterns if one.route == "fallback"]
        found[gate.name] = said
    return found


def _advice(profile: Profile, gates: GateSet, top: int) -> Mapping[str, list[str]]:
    """What lint says of the slowest gates: of their patterns that take the time, and of all."""
    from gatecore.lint.gates import lint_gates
    from gatecore.text import shortened

    found: dict[str, list[str]] = {}
    listed = {f"{gate.module}/{gate.name}": gate for gate in gates}
    for one in profile.gates[:top]:
        worst = [each for each in one.patterns if each.worked.count][:_LINTED]
        said = [_of_pattern(each) for each in worst if each.route == "fallback"]
        issues = lint_gates([listed[one.name]], only=_ABOUT_COST)
        for (check, reason), alike in groupby(issues, key=lambda one: (one.check, one.reason)):
            some = list(alike)
            patterns = ", ".join(shortened(issue.pattern, 30) for issue in some[:_LINTED])
            more = f" and {len(some) - _LINTED} more" if len(some) > _LINTED else ""
            said.append(f"lint: {check}: {patterns}{more}: {reason}")
            said += [f"  write {one.instead} ({one.keeps})" for one in some if one.instead]
        found[one.name] = said or ["lint has nothing to say of its cost"]
    return found


def _of_pattern(pattern: PatternProfile) -> str:
    from gatecore.lint.patterns import lint_patterns

    (advice,) = lint_patterns([(pattern.source, pattern.flags)])
    said = [f"lint: fallback: {advice.reason}"]
    if advice.superlinear and advice.growth is not None:
        said.append(f"re's time on hostile text is {advice.growth.kind}")
    if advice.rewrite is not None:
        said.append(f"write {advice.rewrite.pattern.source} ({advice.rewrite.kind})")
    return "; ".join(said)
