"""A hundred users of the host's server, as it is and with the one line.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.http [--quick] [--users 100] [--rounds 3]

Both servers run the host's own Flask application as the host runs it, a thread a request
(`http_server`), each in a process of its own, and are asked in turn by a third (`http_load`), all
on 127.0.0.1. Documents have 10,000 characters. "unique": each document is new, so that the cache
never has it; "repeated": 50 documents again and again, so that it has nearly all. "floor" is the
new server with an engine that judges nothing: what is left is the host's own. Then the answers to
new and to known documents are compared: all but times must be the same. Then what a request is made
of, which tells what bounds the rate. Beside each row stand the load average of the minute before
it, and how many processors others used meanwhile: what neither servers nor users did.

The exit code is 1 if a goal is missed, or answers differ.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.figures.http_load import MOST_SECONDS, Connection, Load, body_of, documents

__all__ = [
    "Server",
    "asked",
    "compared",
    "loads",
    "main",
    "parts",
    "ratio_of",
    "served",
    "under_load",
    "verdicts",
]

KINDS: Final = ("old", "new")
#: What is wanted with new documents: times as many requests a second, seconds at most of 99 %.
WANTED: Final = 30
WANTED_P99: Final = 1.0
#: Documents that each server sees first: automata are built when a pattern first finds something.
WARM: Final = {"old": 3, "new": 60, "floor": 3}
_ROOT: Final = Path(__file__).parents[2]


@contextlib.contextmanager
def _process(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`http_server` in a process of its own, with a folder that goes when it ends."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.figures.http_server", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "AUDIT_DB_PATH": f"{folder}/audit.db",
            # Sets that are joined into text have the order of the process.
            "PYTHONHASHSEED": "0",
        }
        environment.setdefault("GATECORE_CACHE_DIR", f"{folder}/sets")
        process = subprocess.Popen(command, env=environment, cwd=_ROOT, text=True, **options)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Server(NamedTuple):
    """A server that is up: where it listens, and which process it is."""

    port: int
    process: int


@contextlib.contextmanager
def served(kind: str) -> Iterator[Server]:
    """The host's server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with _process(kind, str(port), **quiet) as process:
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"the {kind} server did not start") from None
                time.sleep(0.1)
        yield Server(port, process.pid)


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


def _processor_seconds(*processes: int) -> float | None:
    """What all processes used so far, but for some and for those that this one waited for."""
    try:
        fields = Path("/proc/stat").read_text("utf-8").split("\n", 1)[0].split()[1:9]
        ticks = sum(map(int, fields)) - int(fields[3]) - int(fields[4])  # all but idle and waiting
        for process in processes:
            own = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
            ticks -= int(own[11]) + int(own[12])
    except OSError:
        return None
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / os.sysconf("SC_CLK_TCK") - waited.ru_utime - waited.ru_stime


def under_load(
    server: Server, users: int, seconds: float, *, distinct: int = 0, seed: int = 1
) -> Load:
    """What users of a server meet, from a process of their own."""
    command = [sys.executable, "-m", "benchmarks.figures.http_load", str(server.port)]
    command += ["--users", str(users), "--seconds", str(seconds)]
    command += ["--distinct", str(distinct), "--seed", str(seed)]
    machine, begin = os.getloadavg()[0], time.perf_counter()
    before = _processor_seconds(server.process)
    most = seconds + MOST_SECONDS + 60
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=most, cwd=_ROOT
    )
    found = Load(**json.loads(done.stdout))
    found.machine = machine
    after = _processor_seconds(server.process)
    if before is not None and after is not None:
        found.others = max(0.0, after - before) / (time.perf_counter() - begin)
    return found


def compared(servers: dict[str, Server], count: int) -> int:
    """How many of so many documents, each asked twice, have other answers; both kinds compared."""
    texts = list(itertools.islice(documents(7), count))
    texts += texts  # the second time from the cache
    old, new = (asked(servers[kind].port, texts) for kind in KINDS)
    for answers in (old, new):
        kept = ["_cached" in answer.get("validation", {}) for _, answer in answers]
        assert kept == [False] * count + [True] * count
    return sum(one != other for one, other in zip(old, new, strict=True))


def loads(*, users: int = 100, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """All figures: for each kind of documents and server a load each round; differences."""
    found: dict[str, Any] = {"users": users, "unique": {}, "repeated": {}}
    with served("old") as old, served("new") as new, served("floor") as floor:
        servers = {"old": old, "new": new, "floor": floor}
        for kind, server in servers.items():
            asked(server.port, list(itertools.islice(documents(3), WARM[kind])))
        seconds = (
            {"old": 20, "new": 10, "floor": 5} if quick else {"old": 60, "new": 20, "floor": 10}
        )
        for name, distinct in (("unique", 0), ("repeated", 50)):
            some = list(itertools.islice(documents(1), distinct))
            for server in servers.values():
                asked(server.port, some)
            for turn in range(rounds):
                # New documents each round, and those of "repeated" are known already.
                seed = 1 if distinct else 100 + turn
                if distinct:
                    seconds = dict.fromkeys(seconds, seconds["floor"])
                for kind, server in servers.items():
                    one = under_load(server, users, seconds[kind], distinct=distinct, seed=seed)
                    found[name].setdefault(kind, []).append(one)
        found["answers compared"] = 10 if quick else 40
        found["answers that differ"] = compared(servers, found["answers compared"])
    return found


def parts(kind: str) -> dict[str, float]:
    """Milliseconds of each part of a request, one after the other, in a process of its own."""
    with _process("parts", kind, stdout=subprocess.PIPE) as process:
        written, _ = process.communicate(timeout=300)
    if process.returncode:
        raise RuntimeError(f"the parts of the {kind} server were not measured")
    answer: dict[str, float] = json.loads(written.splitlines()[-1])
    return answer


def ratio_of(found: dict[str, list[Load]]) -> float:
    """How many times as many requests a second the new server answers: the rounds' median."""
    pairs = zip(found["old"], found["new"], strict=True)
    return statistics.median(new.rate / old.rate if old.rate else 0.0 for old, new in pairs)


def verdicts(found: dict[str, Any]) -> dict[str, bool]:
    """What was wanted, with what came of it, and whether it is reached."""
    new: list[Load] = found["unique"]["new"]
    ratio = ratio_of(found["unique"])
    slowest = max((one.p99 for one in new if one.p99 is not None), default=float("inf"))
    errors = sum(sum(one.errors.values()) for kind in found.values() for one in _new_of(kind))
    differ = found["answers that differ"]
    return {
        f"requests/s, unique documents: {ratio:.1f}x (at least {WANTED}x)": ratio >= WANTED,
        f"p99 of the new server, worst round: {slowest:.2f} s (below {WANTED_P99:.0f} s)": (
            slowest < WANTED_P99
        ),
        f"errors of the new server: {errors} (0)": errors == 0,
        f"answers that differ: {differ} of {found['answers compared']}, new and kept (0)": (
            differ == 0
        ),
    }


def _new_of(kind: Any) -> list[Load]:
    return kind["new"] if isinstance(kind, dict) and "new" in kind else []


def _shown(value: float | None) -> str:
    return f"{'none':>9}" if value is None else f"{value:9.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.http")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="each with all servers in turn")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rounds = 1 if options.quick else options.rounds
    found = loads(users=options.users, rounds=rounds, quick=options.quick)
    wanted = verdicts(found)
    found["parts"] = {kind: parts(kind) for kind in KINDS}
    if options.json:
        print(json.dumps({**found, "verdicts": wanted}, default=asdict))
        return int(not all(wanted.values()))
    print(f"{os.cpu_count()} cores; {options.users} users, documents of 10,000 characters")
    columns = f"{'requests':>9}{'answers/s':>11}{'p50 s':>9}{'p99 s':>9}{'longest':>9}{'errors':>8}"
    print(f"{'documents':10}{'server':>8}{columns}{'load':>7}{'others':>8}")
    for name in ("unique", "repeated"):
        for turn in zip(*found[name].values(), strict=True):
            for kind, one in zip(found[name], turn, strict=True):
                times = "".join(map(_shown, (one.p50, one.p99, one.longest)))
                counts = f"{sum(one.errors.values()):8}{one.machine:7.1f}{one.others:8.2f}"
                print(f"{name:10}{kind:>8}{one.requests:9}{one.rate:11.1f}{times}{counts}")
                for what, count in one.errors.items():
                    print(f"{count:20} x {what}")
        print(f"{name:10}{'ratio':>8}{ratio_of(found[name]):19.1f}x")
    print()
    for what, is_reached in wanted.items():
        print(f"{'reached' if is_reached else 'MISSED ':8} {what}")
    print("\nwhat a request for a new document is made of, one at a time, ms")
    print(f"  {'':26}{'old':>10}{'new':>10}")
    names = list(dict.fromkeys(name for one in found["parts"].values() for name in one))
    for name in names:
        row = "".join(f"{found['parts'][kind].get(name, 0):10.2f}" for kind in KINDS)
        print(f"  {name:26}{row}")
    return int(not all(wanted.values()))


if __name__ == "__main__":
    sys.exit(main())
