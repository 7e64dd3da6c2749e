"""Users of a server: each sends a document, waits for the answer, sends the next one.

    python -m benchmarks.figures.http_load PORT [--users 100] [--seconds 20] [--distinct N]

A process of its own, so that the server's interpreter is the server's alone. Prints JSON: requests
a second within the time, and latencies of all requests that were begun in it, the last ones' too.
A closed loop: a server that is slow is asked less, so its latencies are the users' own, and the
rate is what the server can do.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.inputs import real_host

__all__ = ["CHARACTERS", "Connection", "Load", "body_of", "documents", "main", "run"]

CHARACTERS: Final = 10_000
_PATH: Final = "/api/validate-document"
_MOST_SECONDS: Final = 180.0


@dataclass
class Load:
    """What users met.

    Attributes:
        rate: Answers a second within the time.
        answers: How many came in all.
        errors: Those that were no report, by what they were.
        p50: Seconds that half of them took at most.
        p99: Seconds that all but one of a hundred took at most.
        longest: Seconds of the longest.
    """

    rate: float
    answers: int
    p50: float
    p99: float
    longest: float
    errors: dict[str, int] = field(default_factory=dict)


def documents(seed: int, characters: int = CHARACTERS) -> Iterator[str]:
    """Documents of a size without end, no two the same: windows of the host's own, numbered."""
    chosen = random.Random(seed)
    text = "\n\n".join(real_host.host_documents())
    for number in itertools.count():
        head = f"Reference {seed}/{number}.\n"
        begin = chosen.randrange(max(1, len(text) - characters))
        yield (head + text[begin : begin + characters])[:characters]


class Connection:
    """One user's connection; opened anew when the server closes it after an answer, as Flask's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        try:
            return await asyncio.wait_for(self._ask(body), _MOST_SECONDS)
        except BaseException:
            self.close()
            raise

    async def _ask(self, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = answered.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        answer = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), answer

    def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _user(
    port: int,
    bodies: Iterator[bytes],
    until: float,
    latencies: list[tuple[float, float]],
    errors: dict[str, int],
) -> None:
    connection = Connection(port)
    while time.perf_counter() < until:
        body = next(bodies)
        begin = time.perf_counter()
        try:
            status, answer = await connection.ask(body)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            errors[type(error).__name__] = errors.get(type(error).__name__, 0) + 1
            continue
        end = time.perf_counter()
        latencies.append((end, end - begin))
        if status != 200 or b'"overall_risk"' not in answer:
            what = f"{status} {answer[:60]!r}"
            errors[what] = errors.get(what, 0) + 1
    connection.close()


def body_of(text: str) -> bytes:
    """A request as JSON."""
    return json.dumps({"text": text, "document_type": "contract"}).encode()


async def _all(port: int, users: int, seconds: float, bodies: Iterator[bytes]) -> Load:
    latencies: list[tuple[float, float]] = []
    errors: dict[str, int] = {}
    begin = time.perf_counter()
    until = begin + seconds
    await asyncio.gather(*(_user(port, bodies, until, latencies, errors) for _ in range(users)))
    within = sum(1 for end, _ in latencies if end <= until)
    took = sorted(latency for _, latency in latencies)
    return Load(
        rate=within / seconds,
        answers=len(took),
        p50=statistics.median(took),
        p99=took[min(len(took) - 1, int(0.99 * len(took)))],
        longest=took[-1],
        errors=errors,
    )


def run(port: int, users: int, seconds: float, *, distinct: int = 0, seed: int = 1) -> Load:
    """Puts a load on a server; `distinct` documents again and again, 0 for new ones each time."""
    texts = documents(seed)
    bodies: Iterator[bytes] = map(body_of, texts)
    if distinct:
        bodies = itertools.cycle(list(itertools.islice(bodies, distinct)))
    else:
        known = list(itertools.islice(bodies, 2_000))  # made beforehand: the machine is small
        bodies = itertools.chain(known, bodies)
    return asyncio.run(_all(port, users, seconds, bodies))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what users met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.http_load")
    parser.add_argument("port", type=int)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--distinct", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    found: dict[str, Any] = asdict(
        run(
            options.port,
            options.users,
            options.seconds,
            distinct=options.distinct,
            seed=options.seed,
        )
    )
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
