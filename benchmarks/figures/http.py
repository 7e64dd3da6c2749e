"""A hundred users of the host's server, as it is and with the one line.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.http [--quick] [--users 100] [--json]

Both servers run the host's own Flask application as the host runs it (`http_server`), each in a
process of its own, and are asked one after the other by a third (`http_load`). Documents have
10,000 characters. "unique": each document is new, so that the cache never has it; "repeated": 50
documents again and again, so that it has nearly all. Then the answers to new and to known documents
are compared: all but times must be the same. Then what a request is made of, which tells what
bounds the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.figures.http_load import Connection, Load, body_of, documents

__all__ = ["compared", "loads", "main", "parts", "served"]

KINDS: Final = ("old", "new")
WANTED: Final = 30
#: Documents that each server sees first: automata are built when a pattern first finds something.
WARM: Final = {"old": 3, "new": 60}


@contextlib.contextmanager
def served(kind: str) -> Iterator[int]:
    """The host's server in a process of its own; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.figures.http_server", kind]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Sets that are joined into text have the order of the process.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    process = subprocess.Popen([*command, str(port)], env=environment, **quiet)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"the {kind} server did not start") from None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _asked(port: int, texts: Sequence[str]) -> list[Any]:
    connection = Connection(port)
    found = []
    for text in texts:
        status, answer = await connection.ask(body_of(text))
        found.append((status, _without_times(json.loads(answer))))
    connection.close()
    return found


def asked(port: int, texts: Sequence[str]) -> list[Any]:
    """Status and answer without times, for each document."""
    return asyncio.run(_asked(port, texts))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(one) for name, one in value.items() if name != "timestamp"}
    return list(map(_without_times, value)) if isinstance(value, list) else value


def under_load(port: int, users: int, seconds: float, *, distinct: int = 0) -> Load:
    """What users of a server meet, from a process of their own."""
    command = [sys.executable, "-m", "benchmarks.figures.http_load", str(port)]
    options = ["--users", str(users), "--seconds", str(seconds), "--distinct", str(distinct)]
    done = subprocess.run(
        [*command, *options], check=True, capture_output=True, text=True, timeout=seconds + 300
    )
    return Load(**json.loads(done.stdout))


def compared(ports: dict[str, int], count: int) -> int:
    """How many of so many documents, each asked twice, have other answers; both kinds compared."""
    texts = list(itertools.islice(documents(7), count))
    texts += texts  # the second time from the cache
    old, new = (asked(ports[kind], texts) for kind in KINDS)
    assert any("_cached" in answer.get("validation", {}) for _, answer in new)
    return sum(one != other for one, other in zip(old, new, strict=True))


def loads(*, users: int = 100, quick: bool = False) -> dict[str, Any]:
    """All figures: for each kind of documents the load on both servers; differences; parts."""
    found: dict[str, Any] = {"users": users, "load average": os.getloadavg()}
    with served("old") as old, served("new") as new:
        ports = {"old": old, "new": new}
        for kind, port in ports.items():
            asked(port, list(itertools.islice(documents(3), WARM[kind])))
        seconds = {"old": 30 if quick else 60, "new": 10 if quick else 20}
        for name, distinct in (("unique", 0), ("repeated", 50)):
            if distinct:
                for port in ports.values():
                    asked(port, list(itertools.islice(documents(1), distinct)))
            found[name] = {
                kind: under_load(port, users, seconds[kind], distinct=distinct)
                for kind, port in ports.items()
            }
        found["answers that differ"] = compared(ports, 10 if quick else 40)
    return found


def parts(kind: str) -> dict[str, float]:
    """Milliseconds of each part of a request, one after the other, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.figures.http_server"]
    done = subprocess.run(
        [*command, "parts", kind], check=True, capture_output=True, text=True, env=os.environ
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.http")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="half the time")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = loads(users=options.users, quick=options.quick)
    found["parts"] = {kind: parts(kind) for kind in KINDS}
    if options.json:
        print(json.dumps(found, default=asdict))
        return 0
    load = "/".join(f"{part:.1f}" for part in found["load average"])
    print(f"{os.cpu_count()} cores, load {load}; {options.users} users, 10,000 characters")
    print(f"{'documents':10}{'server':>8}{'requests/s':>12}{'p50 s':>9}{'p99 s':>9}{'errors':>8}")
    for name in ("unique", "repeated"):
        for kind, one in found[name].items():
            errors = sum(one.errors.values())
            print(f"{name:10}{kind:>8}{one.rate:12.1f}{one.p50:9.3f}{one.p99:9.3f}{errors:8}")
            for what, count in one.errors.items():
                print(f"{count:20} x {what}")
        ratio = found[name]["new"].rate / found[name]["old"].rate
        print(f"{name:10}{'ratio':>8}{ratio:11.1f}x")
    print(f"answers that differ: {found['answers that differ']}")
    print("\nwhat a request for a new document is made of, one at a time, ms")
    names = list(dict.fromkeys(name for one in found["parts"].values() for name in one))
    for name in names:
        columns = "".join(f"{found['parts'][kind].get(name, 0):10.2f}" for kind in KINDS)
        print(f"  {name:26}{columns}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
