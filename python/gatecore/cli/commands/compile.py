"""`gatecore compile`: pay for compiling once, in the cache or in a file."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections import Counter
from typing import Final

from gatecore.cli.exit_codes import FINE, USAGE
from gatecore.cli.selection import selected
from gatecore.errors import GatecoreError
from gatecore.gates.set import GateSet
from gatecore.output.portable import head
from gatecore.patterns.store import PatternStore
from gatecore.text import json_text, visible

__all__ = ["run"]

_ROUTES: Final = ("exact", "candidate", "fallback")


def run(args: Namespace) -> int:
    """Compiles the gates' patterns; says what came of it only once it can be loaded again."""
    if args.host is not None:
        return _run_host(args)
    gates = selected(args.modules, args.gates)
    store = PatternStore.default() if args.output is None else None
    started = time.perf_counter()
    patterns = GateSet(gates, backend=args.backend, store=store).patterns
    seconds = time.perf_counter() - started
    if store is not None:
        place = str(store.folder)
        again = PatternStore(store.folder)
        GateSet(gates, backend=args.backend, store=again)
        problem = "" if again.hits else (store.rejected or again.rejected)[-1][1]
    else:
        place = args.output
        problem = ""
        try:
            patterns.save(args.output)
        except OSError as error:
            problem = f"it could not be written: {error.strerror}"
    if problem:
        print(f"gatecore: error: {visible(f'{place}: {problem}')}", file=sys.stderr)
        if args.format == "json":
            print(json_text({**head(), "errors": [{"name": place, "message": problem}]}))
        return USAGE
    counts = Counter(patterns.explain(number).route for number in range(len(patterns)))
    facts = {
        "place": place,
        "backend": patterns.backend,
        "gates": len(gates),
        "patterns": len(patterns),
        "routes": {route: counts[route] for route in _ROUTES},
        "bytes": len(patterns.to_bytes()),
        "seconds": seconds,
        "compiled": store is None or not store.hits,
    }
    if args.format == "json":
        print(json_text({**head(), **facts, "errors": []}))
    else:
        _show(facts)
    return FINE


def _run_host(args: Namespace) -> int:
    """Keeps all that `gatecore.accelerate` needs for a host, what was learned included."""
    from gatecore.cli.host import host
    from gatecore.hosts.acceleration import accelerate

    if args.modules or args.gates or args.output is not None:
        raise GatecoreError("--host goes with neither --module, --gates nor --output")
    target = host(args.host)
    store, again = PatternStore.default(), PatternStore.default()
    started = time.perf_counter()
    with accelerate(target, store=store, backend=args.backend) as handle:
        handle.wait()
    seconds = time.perf_counter() - started
    with accelerate(target, store=again, backend=args.backend) as handle:
        explained, patterns = handle.explain(), handle.patterns
        gates = len(handle.stats().by_gate)
    if not again.hits:
        path, problem = (store.rejected or again.rejected)[-1]
        raise GatecoreError(f"{path}: {problem}")
    facts = {
        "place": str(store.folder),
        "backend": patterns.backend,
        "gates": gates,
        "patterns": len(patterns),
        "routes": {route: explained.routes.get(route, 0) for route in _ROUTES},
        "bytes": len(patterns.to_bytes()),
        "seconds": seconds,
        "compiled": not store.hits,
    }
    if args.format == "json":
        print(json_text({**head(), **facts, "errors": []}))
    else:
        _show(facts)
    return FINE


def _show(facts: dict[str, object]) -> None:
    from rich.table import Table
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    routes, size, seconds = facts["routes"], facts["bytes"], facts["seconds"]
    assert isinstance(routes, dict)
    assert isinstance(size, int)
    assert isinstance(seconds, float)
    done = "compiled" if facts["compiled"] else "was there already, loaded"
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in (
        ("patterns", f"{facts['patterns']:,} of {facts['gates']} gates"),
        ("routes", ", ".join(f"{count:,} {route}" for route, count in routes.items())),
        ("backend", str(facts["backend"])),
        ("size", f"{size / 1e6:,.2f} MB"),
        ("time", f"{done} in {seconds:,.2f} s"),
        ("place", visible(str(facts["place"]))),
    ):
        grid.add_row(Text(name, "bold"), Text(value))
    show(console(), grid)
