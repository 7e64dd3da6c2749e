"""One set and one Document, sixteen threads at once: each answer is the one of `re`."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gatecore import PatternSet
from tests.support.gates import gate_text
from tests.support.process import in_threads, run_python

THREADS = 16
ROUNDS = 10
TEXT = "Earn up to 7 % – no  risk, NO RISK, hello straße İ 12%. " * 20
PATTERNS: list[tuple[str, int]] = [
    (r"(\d+) ?%", 0),
    (r"no\s+risk", re.I),
    (r"(?P<twice>\w)(?P=twice)", 0),  # for the fallback
    (r"(?:(e)|(s))+", re.I),  # groups in a repeat
    (r"x?", 0),
    (r"guaranteed", 0),
    (re.escape("risk"), 0),
]


def _facts(match: Any) -> object:
    return match and (match.span(), match.groups(), match.groupdict(), match.lastindex)


Call = Callable[[Any, Any], object]
CALLS: dict[str, Call] = {}
for _number, (_source, _flags) in enumerate(PATTERNS):
    CALLS |= {
        f"search {_number}": lambda m, t, s=_source, f=_flags: _facts(m.search(s, t, f)),  # type: ignore[misc]
        f"match {_number}": lambda m, t, s=_source, f=_flags: _facts(m.match(s, t, f)),  # type: ignore[misc]
        f"fullmatch {_number}": lambda m, t, s=_source, f=_flags: _facts(m.fullmatch(s, t, f)),  # type: ignore[misc]
        f"findall {_number}": lambda m, t, s=_source, f=_flags: m.findall(s, t, f),  # type: ignore[misc]
        f"finditer {_number}": lambda m, t, s=_source, f=_flags: [  # type: ignore[misc]
            _facts(match) for match in m.compile(s, f).finditer(t, 3)
        ],
        f"sub {_number}": lambda m, t, s=_source, f=_flags: m.sub(s, r"<\g<0>>", t, flags=f),  # type: ignore[misc]
        f"subn {_number}": lambda m, t, s=_source, f=_flags: m.compile(s, f).subn(  # type: ignore[misc]
            lambda match: match.group().upper(), t
        ),
        f"split {_number}": lambda m, t, s=_source, f=_flags: m.split(s, t, flags=f),  # type: ignore[misc]
        f"within {_number}": lambda m, t, s=_source, f=_flags: _facts(  # type: ignore[misc]
            m.compile(s, f).search(t, 10, 400)
        ),
        f"lower {_number}": lambda m, t, s=_source, f=_flags: m.findall(s, t.lower(), f),  # type: ignore[misc]
    }
CALLS |= {
    "in": lambda m, t: ("risk" in t, "zzz" in t),
    "count": lambda m, t: (t.count("risk"), t.count("no")),
    "find": lambda m, t: t.lower().find("risk"),
    "casefold": lambda m, t: "strasse" in t.casefold(),
    "not in the set": lambda m, t: m.findall(r"[A-Z]\w", t),
    "text": lambda m, t: (t[3:9], hash(t), len(t), str(t)),
}


def disagreements(share_document: bool, backend: str) -> list[str]:
    """What differs from `re` when all threads ask everything at once, each in its own order."""
    from tests.support.drop_in import Document, gre

    expected = {name: call(re, TEXT) for name, call in CALLS.items()}
    named: Any = backend
    patterns = PatternSet(PATTERNS, backend=named)
    # Nothing was asked of these yet: the first answers are found while others look for them.
    shared = [Document(TEXT, patterns) for _ in range(ROUNDS)]
    barrier = threading.Barrier(THREADS)
    wrong: list[str] = []
    done: list[int] = []

    def work(number: int) -> None:
        names = list(CALLS)
        names = names[number * 5 % len(names) :] + names[: number * 5 % len(names)]
        try:
            for document in shared:
                subject = document if share_document else Document(TEXT, patterns)
                barrier.wait(60)
                for name in names[:: 1 + number % 3]:
                    got = CALLS[name](gre, subject)
                    if got != expected[name]:
                        wrong.append(f"{name}: {got!r:.200} is not {expected[name]!r:.200}")
        except BaseException as error:
            wrong.append(f"thread {number}: {error!r}")
            barrier.abort()
            raise
        done.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        in_threads(*(partial(work, number) for number in range(THREADS)))
    finally:
        sys.setswitchinterval(interval)
    if sorted(done) != list(range(THREADS)):
        wrong.append(f"only threads {sorted(done)} came to the end")
    if share_document and not all(document.stats().served for document in shared):
        wrong.append("nothing was served from the pass")
    return wrong


@pytest.mark.parametrize("share", [True, False], ids=["one document", "one set"])
def test_threads_at_once_get_the_answers_of_re(share: bool, backend: str) -> None:
    """Fresh Documents, asked everything by sixteen threads that start together."""
    wrong = disagreements(share, backend)
    assert not wrong, "\n".join(wrong[:5])


def test_counts_are_not_lost(backend: Any) -> None:
    """Calls counted by sixteen threads at once are all counted."""
    from tests.support.drop_in import Document, gre

    document = Document(TEXT, PatternSet(PATTERNS, backend=backend))
    barrier = threading.Barrier(THREADS)

    def work() -> None:
        compiled = gre.compile(r"(\d+) ?%")
        barrier.wait(60)
        for _ in range(500):
            compiled.search(document)

    in_threads(*[work] * THREADS)
    assert document.stats().served == THREADS * 500


def test_threads_in_development_mode(backend: str) -> None:
    """The same under `-X dev -W error`: debug allocators, and any warning is an error."""
    source = f"""
        from tests.differential.test_threads import disagreements
        wrong = disagreements(True, {backend!r})
        assert not wrong, wrong[:3]
        print("done")
    """
    # pytest's import of its own parts may warn, which is not what is tested.
    options = ("-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning:pytest")
    ran = run_python(source, options=options)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.strip() == "done"
    assert ran.stderr == ""


def _ends_quietly(source: str, *, times: int) -> None:
    for _ in range(times):
        ran = run_python(source)
        assert ran.returncode == 0, (ran.returncode, ran.stderr[-3000:])
        assert (ran.stdout.strip(), ran.stderr) == ("ends", "")


@pytest.mark.parametrize("held", [True, False], ids=["one document", "new documents"])
def test_the_interpreter_ends_while_threads_scan(held: bool, backend: str) -> None:
    """Daemon threads in the middle of a pass do not crash or hang the shutdown."""
    source = f"""
        import threading, time
        from gatecore import Document, PatternSet, re
        patterns = PatternSet([r"(\\d+) ?%", r"no\\s+risk", r"(\\w)\\1", "x?"], backend={backend!r})
        text = "Earn up to 7 % no risk hello " * 3000
        held = Document(text, patterns) if {held} else None
        running = threading.Semaphore(0)

        def work():
            while True:
                document = held or Document(text, patterns)
                re.findall(r"(\\d+) ?%", document)
                for match in re.finditer(r"(\\w)\\1", document):
                    match.groups()
                re.sub(r"no\\s+risk", lambda match: match.group(), document.lower())
                running.release()

        for _ in range({THREADS}):
            threading.Thread(target=work, daemon=True).start()
        for _ in range({THREADS}):
            running.acquire()
        print("ends", flush=True)
    """
    _ends_quietly(source, times=3)


#: What daemon threads are in the middle of when the interpreter ends. `f` replaces a match.
BELOW_US = {
    "a function on a str": r"re.sub(r'\w+', f, text)",
    "a function that never returns": r"re.sub(r'\w+', forever, text)",
    "the same on a document": r"re.sub(r'no\s+risk', forever, document)",
    "a function on a document": r"re.sub(r'(\d+) ?%', f, document)",
    "a pattern for re": r"re.sub(r'(\w)\1', f, document)",
    "a pattern outside the set": r"re.findall(r'[A-Z]\w', document); re.sub('[A-Z]', f, document)",
    "flags with code": r"re.purge(); re.search(r'\w+', text, Flags(2)); re.compile('a+', Flags(2))",
    "places with code": r"re.compile('x?').search(document, Place()).group(Place())",
    "compiling": r"re.sub(f'a+{next(numbers)}', '', text); re.compile(f'b{next(numbers)}')",
    "templates": r"re.sub(r'(\d+) ?%', rf'\1 {next(numbers)}', document)",
    "learning": r"f'{next(numbers)}' in document; re.search(f'c+{next(numbers)}', document)",
    "gates": r"gates.check(text)",
}


_GATE = gate_text(r"""
patterns: {twice: ['(\w)\1']}
verdicts:
  - {when: {any: twice}, status: FAIL, message: Found., evidence: twice}
  - {status: PASS, message: Not found.}
""")


@pytest.mark.parametrize("doing", BELOW_US)
def test_the_interpreter_ends_while_python_code_runs_below_us(doing: str) -> None:
    """A daemon thread that loses the GIL in a call of ours sleeps, as it would not in `re` itself.

    Up to CPython 3.13 such a thread is ended by unwinding its stack, on which Rust's frames are.
    """
    source = f"""
        import itertools, threading, time
        from gatecore import Document, GateSet, PatternSet, re
        from gatecore.gates.files.gate_file import parse_gate
        text = "Earn up to 7 % no risk hello " * 40
        patterns = PatternSet([r"(\\d+) ?%", r"no\\s+risk", r"(\\w)\\1", "x?"])
        document = Document(text, patterns)
        gates = GateSet([parse_gate({_GATE!r}, path="a.yaml", module="tests")])
        numbers = itertools.count()
        running = threading.Semaphore(0)

        def work_on(steps):
            for _ in range(steps):
                pass

        def f(match):
            work_on(300)
            return match.group()

        def forever(match):
            running.release()
            while True:
                pass

        class Flags(int):
            def __or__(self, other):
                work_on(300)
                return int(self) | int(other)
            def __and__(self, other):
                work_on(300)
                return int(self) & int(other)
            __hash__ = int.__hash__
            def __eq__(self, other):
                work_on(300)
                return int(self) == other

        class Place:
            def __index__(self):
                work_on(1000)
                return 0

        def work():
            while True:
                {BELOW_US[doing]}
                running.release()

        for _ in range(8):
            threading.Thread(target=work, daemon=True).start()
        for _ in range(8):
            running.acquire()
        time.sleep(0.02)
        print("ends", flush=True)
    """
    _ends_quietly(source, times=2)
