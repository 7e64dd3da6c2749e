"""When requests are due, and the process that says so when they are.

Arrivals are a Poisson process: users who do not know of each other come whether or not others are
being served. They are drawn before anything is sent, so a slow answer cannot put off a request.

A process of its own waits for them: a thread beside a target that keeps the interpreter's lock
would wake up 5 ms late. It writes 16 bytes for each request into a pipe, from which whoever is free
takes them, so requests that wait, wait in the pipe:

    parent ── {"stages": [[rate, seconds], …], "seed": 1} ──▶ child     draws
           ◀── 16 bytes ────────────────────────────────────
           ── {"begin": 12345.6} ────────────────────────────▶
           ◀── 8 bytes: when it was due, 8 bytes: when it was written, from `begin` ──  each

The file is run by its path without site packages, so it knows nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import random
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["READY", "TICK", "arrivals", "main"]

#: When a request was due and when it was written, in seconds from the beginning.
TICK: Final = struct.Struct("=dd")
READY: Final = b"\0" * TICK.size
#: Written at once when many are due: less than any pipe takes whole.
_MOST: Final = 128


def arrivals(stages: Sequence[Sequence[float]], seed: int) -> Iterator[float]:
    """Times of Poisson arrivals in seconds from the beginning, ascending.

    A stage begins anew: as the process has no memory, that changes nothing.

    Args:
        stages: Rate a second and seconds, one after another; a rate of 0 is a pause.
        seed: The same seed draws the same times.

    >>> times = list(arrivals([(100.0, 1.0), (1000.0, 1.0)], seed=1))
    >>> times == sorted(times), 70 < sum(at < 1.0 for at in times) < 130
    (True, True)
    """
    draw = random.Random(seed).expovariate
    begin = 0.0
    for rate, seconds in stages:
        end = begin + seconds
        at = begin
        while rate > 0.0:
            at += draw(rate)
            if at >= end:
                break
            yield at
        begin = end


def main() -> None:
    """The process: reads a plan, says that it is ready, and writes ticks until the plan ends."""
    plan = json.loads(sys.stdin.readline())
    due = arrivals(plan["stages"], plan["seed"])
    pipe = sys.stdout.fileno()
    os.write(pipe, READY)
    line = sys.stdin.readline()
    if line:
        _write_ticks(pipe, due, json.loads(line)["begin"])


def _write_ticks(pipe: int, due: Iterator[float], begin: float) -> None:
    waiting = bytearray()
    now = 0.0
    for at in due:
        if at > now or len(waiting) >= _MOST * TICK.size:
            _write(pipe, waiting)
            now = time.monotonic() - begin
            if at > now:
                time.sleep(at - now)
                now = time.monotonic() - begin
        waiting += TICK.pack(at, now)
    _write(pipe, waiting)


def _write(pipe: int, waiting: bytearray) -> None:
    while waiting:
        del waiting[: os.write(pipe, waiting)]


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)  # nobody listens any more
