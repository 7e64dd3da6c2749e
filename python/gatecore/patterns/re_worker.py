"""The other end of `re_process.py`: asks `re`, and nothing else, until its input ends.

Run as a file by an interpreter in isolated mode, so it imports nothing of gatecore: `re` has to be
the standard one, and a start takes 10 ms.
"""

from __future__ import annotations

import marshal
import math
import re
import resource
import signal
import sys
import time
from typing import Any, BinaryIO

_LENGTH = 8


def _read(stream: BinaryIO) -> Any:
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    return marshal.loads(stream.read(int.from_bytes(head, "little")))


def _write(stream: BinaryIO, answer: Any) -> None:
    packed = marshal.dumps(answer)
    stream.write(len(packed).to_bytes(_LENGTH, "little") + packed)
    stream.flush()


def _end_after(seconds: float) -> None:
    """Has the system end this process after this much work, if nobody is left to do it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time() + seconds) + 1
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _answer(question: str, pattern: re.Pattern[str], text: str, group: int) -> Any:
    if question == "is_match":
        return pattern.search(text) is not None
    if question == "spans":
        return [match.span() for match in pattern.finditer(text)]
    return [match.span(group) for match in pattern.finditer(text)]


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked decides
    source, target = sys.stdin.buffer, sys.stdout.buffer
    _write(target, sys.version)
    text = ""
    while (message := _read(source)) is not None:
        if isinstance(message, str):
            text = message
            continue
        question, pattern, flags, group, seconds, recursion = message
        try:
            sys.setrecursionlimit(recursion)
            _end_after(seconds)
            _write(target, (True, _answer(question, re.compile(pattern, flags), text, group)))
        except Exception as error:
            _write(target, (False, (type(error).__name__, str(error))))


if __name__ == "__main__":
    _main()
