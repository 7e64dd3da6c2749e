"""Memory that runs out is a `MemoryError`, as it is for `re`, and never the end of the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatecore import Document, PatternSet, re
from tests.support.process import run_python

SOURCES = [r"(\d+) ?%", r"no\s+risk", "a", r"\w+", r"(\w)(\w)", r"(?:(a)|b)+", r"(\w)\1"]
SOURCES += [f"word{number}\\s+x" for number in range(300)]
TEXT = "Earn up to 7 % no  risk hello " * 8_000
TEXTS = {"ascii": TEXT, "wide": TEXT + "é–", "lone surrogates": TEXT + "\ud800"}

Work = Callable[[PatternSet, str], object]

#: What is done under a limit, with a set and a text that were made before it.
WORK: dict[str, Work] = {
    "scan": lambda patterns, text: patterns.scan(text).ids(),
    "spans": lambda patterns, text: patterns.scan(text).spans(3),
    "findall": lambda patterns, text: re.findall(r"\w+", Document(text, patterns)),
    "findall, groups": lambda patterns, text: re.findall(r"(\w)(\w)", Document(text, patterns)),
    "findall by re": lambda patterns, text: re.findall(r"(\w)\1", Document(text, patterns)),
    "sub": lambda patterns, text: re.sub(r"\w+", "x", Document(text, patterns)),
    "sub, groups": lambda patterns, text: re.sub(r"(\w)(\w)", r"\2\1", Document(text, patterns)),
    "sub, repeated group": lambda patterns, text: re.sub(
        r"(?:(a)|b)+", r"<\g<0>>", Document(text, patterns)
    ),
    "split": lambda patterns, text: re.split("a", Document(text, patterns)),
    "finditer": lambda patterns, text: [
        match.group(1) for match in re.finditer(r"(\w)(\w)", Document(text, patterns))
    ],
    "keyword": lambda patterns, text: ("a" in Document(text, patterns).lower(), text.count("a")),
    "to_bytes": lambda patterns, text: len(patterns.to_bytes()),
    "from_bytes": lambda patterns, text: len(PatternSet.from_bytes(STORED[patterns.backend])),
    "compile": lambda patterns, text: len(PatternSet([f"{n}\\s+(x|y+)" for n in range(40)])),
}
STORED: dict[str, bytes] = {}

#: Bytes that are left for the work.
LEFT = [0, 3_000, 40_000, 150_000, 600_000, 2_000_000, 5_000_000, 12_000_000, 40_000_000]
_CHUNK = 500


def _under_a_limit(work: Work, patterns: PatternSet, text: str, left: int) -> int:
    """In a forked child with `left` bytes left: 0 for an answer, 3 for `MemoryError`."""
    import resource
    import signal

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.alarm(60)  # ends a child that hangs
    unlimited = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize(), unlimited))
    ballast: list[bytearray] = []
    for size in (1 << 20, 1 << 16, 1 << 12, _CHUNK):
        try:
            while True:
                ballast.append(bytearray(size))
        except MemoryError:
            continue
    while left > 0 and ballast:
        left -= len(ballast.pop(0 if left >= 1 << 20 else -1))
    if left > 0:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + left
        resource.setrlimit(resource.RLIMIT_AS, (limit, unlimited))
    code = 0
    try:
        work(patterns, text)
    except MemoryError:
        code = 3
    except BaseException:
        code = 4
    os._exit(code)


def outcomes(backend: str) -> list[str]:
    """What did not end in an answer or a `MemoryError`, and what never had one of these."""
    named: object = backend
    patterns = PatternSet(SOURCES, backend=named)  # type: ignore[arg-type]
    STORED[backend] = patterns.to_bytes()
    wrong = []
    for name, work in WORK.items():
        seen = set()
        for kind, text in TEXTS.items():
            for left in LEFT:
                code = _under_a_limit(work, patterns, text, left)
                seen.add(code)
                if code not in (0, 3):
                    wrong.append(f"{name}, {kind}, {left} bytes left: {code}")
        if 3 not in seen and name not in ("to_bytes", "from_bytes"):  # a few kilobytes, portably
            wrong.append(f"{name}: memory was always enough")
    return wrong


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_every_outcome_is_an_answer_or_a_memory_error(backend: str) -> None:
    """Each piece of work, on each kind of text, with more and more memory left."""
    # In a process of its own: what the tests before left free would be used first.
    here = "tests.unit.patterns.test_memory"
    source = f"from {here} import outcomes; print(*outcomes({backend!r}), sep='\\n')"
    ran = run_python(source, seconds=900)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.strip() == ""
