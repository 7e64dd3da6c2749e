"""Compiling has a budget: no pattern, and no set of them, hangs it; Ctrl-C stops it."""

from __future__ import annotations

import json
import re
import signal
import string
import subprocess
import sys
from itertools import cycle, islice
from textwrap import dedent
from typing import Any

import pytest

from gatecore import PatternSet
from tests.support.data import rows
from tests.support.process import run_python

ROWS = rows("hostile_patterns.jsonl")


def hostile(row: dict[str, Any]) -> str:
    pattern = row["core"]
    for letter in islice(cycle(string.ascii_lowercase[1:]), row["depth"]):
        pattern = row["open"] + pattern + row["close"].replace("{letter}", letter)
    return str(row.get("head", "") + pattern + row.get("tail", ""))


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_hostile_patterns_compile_and_answer_as_re(row: dict[str, Any], backend: Any) -> None:
    """In a process of its own, as what hangs in the engine cannot be stopped from outside."""
    code = """if True:
        import json, re, sys
        from gatecore import PatternSet
        pattern, backend, texts = json.load(sys.stdin)
        patterns = PatternSet(['plain', pattern, 'x+y'], backend=backend)
        for text in texts:
            spans = [match.span() for match in re.finditer(pattern, text)]
            assert patterns.scan(text).spans(1) == spans, text
            print(len(spans))
        print(patterns.explain(1).route)
    """
    pattern = hostile(row)
    letters = "".join(islice(cycle(string.ascii_lowercase[1:]), row["depth"]))
    texts = ["", "ab", "x" + "a" + letters + "z", "none of these", row["core"] + letters[:-1]]
    done = run_python(code, given=json.dumps([pattern, backend, texts]), seconds=120)
    assert done.returncode == 0, done.stderr
    *counts, route = done.stdout.split()
    if row["route"] != "fallback":
        assert "1" in counts, "the texts have a match"
    if backend == "simd":
        assert route == row["route"]


def words(count: int) -> list[str]:
    """As many different words as asked for."""
    letters = string.ascii_lowercase
    return [
        letters[n % 26] + letters[n * 7 % 25] + str(n) + letters[n // 3 % 26] for n in range(count)
    ]


@pytest.mark.parametrize("backend", ["simd"])
def test_what_would_take_too_much_work_is_narrowed_and_says_so(backend: Any) -> None:
    """A pattern beyond the budget becomes a candidate; its answers stay `re`'s."""
    source = r"\b(?:" + "|".join(words(900)) + r")\b"
    patterns = PatternSet(["plain", source], backend=backend)
    told = patterns.explain(1)
    assert told.route == "candidate"
    assert "work budget" in told.reason
    assert patterns.explain(0).route == "exact"
    text = " ".join(words(900)[::100]) + " x" + words(1)[0]
    spans = [match.span() for match in re.finditer(source, text)]
    assert spans
    assert patterns.scan(text).spans(1) == spans


def test_routes_do_not_depend_on_time() -> None:
    """The budget counts work, so the same patterns take the same routes again."""
    sources = [rf"(?:a|b.{{0,30}}){{{n}}}" for n in range(2, 62, 5)] + [r"\bx\s+y", "[ab]+[cd]+e"]
    told = [
        [patterns.explain(number) for number in range(len(patterns))]
        for patterns in (PatternSet(sources) for _ in range(2))
    ]
    assert told[0] == told[1]
    assert len({explanation.reason for explanation in told[0]}) > 1


def test_ctrl_c_stops_a_compile() -> None:
    """A set that takes long is given up within moments, and the process goes on."""
    code = dedent("""
        import signal
        from gatecore import PatternSet
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sources = [f'{n % 89}x{n}[0-9]+{n * 7}.*y{n % 97}' for n in range(3000)]
        PatternSet(['warm'])
        print('begin', flush=True)
        try:
            for _ in range(1000):
                PatternSet(sources)
        except KeyboardInterrupt:
            print('stopped', PatternSet(['a+b']).scan('aab').ids(), flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert output == "stopped [0]\n"
        assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize(
    ("megabytes", "outcome"),
    [(12, "MemoryError"), (38, "MemoryError"), (52, "MemoryError"), (1024, "made")],
)
def test_no_memory_is_an_error_not_an_abort(megabytes: int, outcome: str) -> None:
    """Under a limit that the engine's compiler cannot keep to, `MemoryError` is raised.

    12 MB are too few for a thread to begin (34 are asked for), the next two run out inside the
    backend, and the last shows that it is the limit that matters.
    """
    code = f"""if True:
        import resource
        from gatecore import PatternSet
        PatternSet(['warm'])
        sources = [f'{{n % 89}}x{{n}}[0-9]+{{n * 7}}.*y{{n % 97}}' for n in range(9000)]
        used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
        limit = used + ({megabytes} << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            PatternSet(sources)
            print('made')
        except MemoryError:
            print('MemoryError')
    """
    # Otherwise each thread reserves 64 MB.
    done = run_python(code, env={"MALLOC_ARENA_MAX": "1"})
    assert (done.returncode, done.stdout) == (0, f"{outcome}\n"), done.stderr
