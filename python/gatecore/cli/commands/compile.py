"""`gatecore compile`: pay for compiling once, in the cache or in a file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, USAGE
from gatecore.cli.messages import print_json, say_error
from gatecore.errors import GatecoreError
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.patterns.set import PatternSet

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
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

_ROUTES: Final = ("exact", "candidate", "fallback")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    host: str | None = opt.option(
        "--host",
        metavar="MODULE:NAME",
        help="instead: what gatecore.accelerate needs for this engine, or for what this function "
        "returns; kept in the cache",
    )
    output: str | None = opt.option(
        "-o", "--output", metavar="FILE", help="write the compiled set there"
    )
    backend: opt.Backend = opt.backend_option()
    format: Literal["table", "json"] = opt.format_option()


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What was compiled, or was there already; `problem` is why it cannot be loaded again."""

    patterns: PatternSet
    gates: int
    routes: Mapping[str, int]
    place: str
    seconds: float
    was_there: bool
    problem: str = ""

    def to_dict(self) -> dict[str, object]:
        return {
            "place": self.place,
            "backend": self.patterns.backend,
            "gates": self.gates,
            "patterns": len(self.patterns),
            "routes": {route: self.routes.get(route, 0) for route in _ROUTES},
            "bytes": len(self.patterns.to_bytes()),
            "seconds": self.seconds,
            "compiled": not self.was_there,
        }


def run(options: Options) -> int:
    """Compiles the gates' patterns; says what came of it only once it can be loaded again."""
    done = _gates(options) if options.host is None else _host(options.host, options)
    if done.problem:
        say_error(f"{done.place}: {done.problem}")
        if options.format == "json":
            print_json({"errors": [{"name": done.place, "message": done.problem}]})
        return USAGE
    if options.format == "json":
        print_json({**done.to_dict(), "errors": []})
    else:
        _show(done)
    return FINE


def _gates(options: Options) -> _Compiled:
    from gatecore.cli.selection import selected
    from gatecore.gates.set import GateSet
    from gatecore.patterns.store import PatternStore

    gates = selected(options.sources)
    store = PatternStore.default() if options.output is None else None
    started = time.perf_counter()
    patterns = GateSet(gates, backend=options.backend, store=store).patterns
    seconds = time.perf_counter() - started
    place, problem = options.output or "", ""
    if store is not None:
        place = str(store.folder)
        again = PatternStore(store.folder)
        GateSet(gates, backend=options.backend, store=again)
        problem = "" if again.hits else (store.rejected or again.rejected)[-1][1]
    else:
        try:
            patterns.save(place)
        except OSError as error:
            problem = f"it could not be written: {error.strerror}"
    routes = Counter[str](patterns.explain(number).route for number in range(len(patterns)))
    was_there = store is not None and bool(store.hits)
    return _Compiled(patterns, len(gates), routes, place, seconds, was_there, problem)


def _host(name: str, options: Options) -> _Compiled:
    """Keeps all that `gatecore.accelerate` needs for a host, what was learned included."""
    from gatecore.cli.host import host
    from gatecore.hosts.acceleration import accelerate
    from gatecore.patterns.store import PatternStore

    if options.sources.modules or options.sources.gates or options.output is not None:
        raise GatecoreError("--host goes with neither --module, --gates nor --output")
    target = host(name)
    store, again = PatternStore.default(), PatternStore.default()
    started = time.perf_counter()
    with accelerate(target, store=store, backend=options.backend) as handle:
        handle.wait()
    seconds = time.perf_counter() - started
    with accelerate(target, store=again, backend=options.backend) as handle:
        routes, patterns = handle.explain().routes, handle.patterns
        gates = len(handle.stats().by_gate)
    if not again.hits:
        path, problem = (store.rejected or again.rejected)[-1]
        raise GatecoreError(f"{path}: {problem}")
    return _Compiled(patterns, gates, routes, str(store.folder), seconds, bool(store.hits))


def _show(made: _Compiled) -> None:
    from gatecore.cli.output.console import console, grid, show

    patterns = made.patterns
    done = "was there already, loaded" if made.was_there else "compiled"
    facts = {
        "patterns": f"{len(patterns):,} of {made.gates} gates",
        "routes": ", ".join(f"{made.routes.get(route, 0):,} {route}" for route in _ROUTES),
        "backend": patterns.backend,
        "size": f"{len(patterns.to_bytes()) / 1e6:,.2f} MB",
        "time": f"{done} in {made.seconds:,.2f} s",
        "place": visible(made.place),
    }
    show(console(), grid(facts.items(), fold=False))
