"""Users of a server: each sends a document, waits for the answer, sends the next one.

    python -m benchmarks.figures.http_load PORT [--users 100] [--seconds 20] [--distinct N]

A process of its own, so that the server's interpreter is the server's alone. Prints JSON: right
answers a second, and their latencies. Requests are begun within the time, and all their answers are
waited for; the rate is up to the last one, as a slow server gives its first hundred all at once,
perhaps just after the time. What is not a report, or does not come within ten minutes, is an error:
it counts neither in the rate nor in the latencies.
A closed loop: a server that is slow is asked less, so its latencies are the users' own, and the
rate is what the server can do. Only 127.0.0.1 is asked.
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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.inputs import real_host

__all__ = [
    "CHARACTERS",
    "MOST_REQUESTS",
    "MOST_SECONDS",
    "Connection",
    "Load",
    "body_of",
    "documents",
    "is_report",
    "main",
    "run",
]

CHARACTERS: Final = 10_000
#: How long a user waits for an answer: longer than the slowest one of a server as it is.
MOST_SECONDS: Final = 600.0
#: Most requests of a run, whatever the server does.
MOST_REQUESTS: Final = 200_000
_PATH: Final = "/api/validate-document"
#: Seconds until a user asks again after an error.
_PAUSE: Final = 0.2


@dataclass
class Load:
    """What users met.

    Attributes:
        rate: Right answers a second, from the first request to the last answer.
        requests: How many were begun.
        answers: How many right answers came in all.
        p50: Seconds that half of the right answers took at most; `None` if there was none.
        p99: Seconds that all but one of a hundred took at most.
        longest: Seconds of the longest.
        errors: What was not a right answer, by what it was.
        machine: The load average of the last minute when it began.
        others: Processors that other processes used meanwhile, on the mean.
    """

    rate: float
    requests: int
    answers: int
    p50: float | None = None
    p99: float | None = None
    longest: float | None = None
    errors: dict[str, int] = field(default_factory=dict)
    machine: float = 0.0
    others: float = 0.0


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
        """Status and body of the answer.

        Raises:
            OSError: There is no connection.
            EOFError: It ended too early.
            asyncio.TimeoutError: The answer did not come within `MOST_SECONDS`.
            ValueError: What came is not an answer of HTTP.
        """
        try:
            return await asyncio.wait_for(self._ask(body), MOST_SECONDS)
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
        answer = await reader.readexactly(int(headers.get("content-length", "")))
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
    errors: Counter[str],
) -> None:
    connection = Connection(port)
    while time.perf_counter() < until and (body := next(bodies, None)) is not None:
        begin = time.perf_counter()
        try:
            status, answer = await connection.ask(body)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            errors[type(error).__name__] += 1
            await asyncio.sleep(_PAUSE)
            continue
        end = time.perf_counter()
        if status == 200 and is_report(answer):
            latencies.append((end, end - begin))
        else:
            errors[f"{status} {answer[:60]!r}"] += 1
            await asyncio.sleep(_PAUSE)
    connection.close()


def is_report(answer: bytes) -> bool:
    """Whether an answer is a report with a risk, and not the engine's error.

    >>> is_report(b'{"risk":"LOW","validation":{"overall_risk":"LOW"}}')
    True
    >>> is_report(b'{"risk":"LOW","validation":{"error":"Engine error"}}')
    False
    """
    return answer.rstrip().endswith(b"}") and b'"overall_risk"' in answer


def body_of(text: str) -> bytes:
    """A request as JSON."""
    return json.dumps({"text": text, "document_type": "contract"}).encode()


async def _all(port: int, users: int, seconds: float, bodies: Iterator[bytes]) -> Load:
    latencies: list[tuple[float, float]] = []
    errors: Counter[str] = Counter()
    begin = time.perf_counter()
    until = begin + seconds
    await asyncio.gather(*(_user(port, bodies, until, latencies, errors) for _ in range(users)))
    took = sorted(latency for _, latency in latencies)
    found = Load(0.0, len(took) + errors.total(), len(took), errors=dict(errors))
    if took:
        found.rate = len(took) / (max(end for end, _ in latencies) - begin)
        found.p50 = statistics.median(took)
        found.p99 = took[min(len(took) - 1, int(0.99 * len(took)))]
        found.longest = took[-1]
    return found


def run(port: int, users: int, seconds: float, *, distinct: int = 0, seed: int = 1) -> Load:
    """Puts a load on a server; `distinct` documents again and again, 0 for new ones each time."""
    bodies: Iterator[bytes] = map(body_of, documents(seed))
    if distinct:
        bodies = itertools.cycle(list(itertools.islice(bodies, distinct)))
    else:
        known = list(itertools.islice(bodies, 2_000))  # made beforehand: the machine is small
        bodies = itertools.chain(known, bodies)
    return asyncio.run(_all(port, users, seconds, itertools.islice(bodies, MOST_REQUESTS)))


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
