"""Deadlines, Ctrl-C and errors of `re`: no question takes for ever, none hides another's answer.

What could hang runs in a subprocess with a generous limit; nothing else is timed. The long
questions would take minutes each.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore import (
    Deadline,
    DeadlineError,
    Gate,
    GateSet,
    Known,
    Pattern,
    PatternSet,
    UnansweredError,
)
from gatecore.cli import main
from gatecore.gates.files.gate_file import parse_gate
from gatecore.patterns import re_process
from tests.support.gates import gate_text
from tests.support.process import in_threads, run_python

HOSTILE = r"(?a:(?=a))(a+)+$"
TEXT = "xyz risk " + "a" * 40 + "!"
BROKEN = r"((x)|y|z)*+"
"""CPython 3.11 and later raise SystemError for it, on `xyz`."""

LONG = """
import os, random, signal, sys, threading, time
from gatecore import Deadline, DeadlineError, PatternSet

heavy = PatternSet(["a[ab]{2500}c", "x", "ba"], backend="portable")
# Minutes: no state of the automaton comes again. ("ab" * n takes milliseconds.)
text = "ba" + "".join(random.Random(7).choices("ab", k=6_000_000))

def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
"""


def _gate(name: str, pattern: str, severity: str = "high") -> str:
    group = f"{name}_words"
    return gate_text(
        f"""
patterns: {{{group}: ['{pattern}']}}
verdicts:
  - {{when: {{any: {group}}}, status: FAIL, message: found}}
  - {{status: PASS, message: fine}}
""",
        name,
        severity=severity,
    )


def _gates(*patterns: tuple[str, str]) -> GateSet:
    return GateSet([_parsed(name, _gate(name, pattern)) for name, pattern in patterns])


def _parsed(name: str, text: str) -> Gate:
    return parse_gate(text, path=f"{name}.yaml", module="house")


@pytest.fixture
def no_idle_worker() -> Iterator[None]:
    re_process._end_all()
    yield
    re_process._end_all()


def _run(script: str) -> str:
    """What a script prints that must end by itself, well before its questions would."""
    done = run_python(LONG + script, seconds=100)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("question", ["ids()", "spans(0)", "search(0)", "findall(0)"])
def test_ctrl_c_reaches_a_long_search(question: str) -> None:
    """The error names the pattern; the scan answers on, and the process ends while work is left."""
    out = _run(f"""
scan = heavy.scan(text)
threading.Thread(target=interrupt, daemon=True).start()
try:
    scan.{question}
except KeyboardInterrupt as error:
    print(getattr(error, "__notes__", None) or error.__cause__)
    print(scan.known(), 1 in scan, scan.search(2).span())
""")
    assert "pattern 0" in out
    assert "a[ab]{2500}c" in out
    assert "False (0, 2)" in out


@pytest.mark.parametrize("backend", ["auto", "portable"])
def test_ctrl_c_reaches_a_long_pass(backend: str) -> None:
    """So does a deadline, and the error says that nothing is answered."""
    out = _run(f"""
words = [f"{{first}}{{second}} *{{first}}" for first in "kmnprstvwz" for second in "aeiouy"] * 20
patterns = PatternSet(words, backend={backend!r})
text = "The quick brown fox jumps over the lazy dog. " * 4_000_000
try:
    patterns.scan(text, deadline=0.3)
except DeadlineError as error:
    print(len(error.known.open), len(error.known.found))
threading.Thread(target=interrupt, daemon=True).start()
try:
    while True:
        patterns.scan(text)
except KeyboardInterrupt:
    print("interrupted")
""")
    assert out == "1200 0\ninterrupted\n"


def test_a_deadline_ends_a_long_search() -> None:
    """By time or by another thread; abandoned searches do not pile up."""
    out = _run("""
scan = heavy.scan(text)
most = 2 * os.cpu_count()
for _ in range(most + 3):
    try:
        scan.spans(0, deadline=0.05)
    except DeadlineError as error:
        number = error.number
with open("/proc/self/status") as status:
    threads = next(int(line.split()[1]) for line in status if line.startswith("Threads"))
print(number, threads <= most + 2)
deadline = Deadline()
threading.Timer(0.3, deadline.cancel).start()
try:
    scan.ids(deadline=deadline)
except DeadlineError as error:
    print(error.reason, error.known)
""")
    assert out.splitlines() == ["0 True", "it was cancelled 1 open, 1 match"]


def test_a_daemon_thread_in_a_long_search_does_not_keep_the_process() -> None:
    """Nor does it abort the process."""
    assert (
        _run("""
threading.Thread(target=heavy.scan(text).ids, daemon=True).start()
time.sleep(0.5)
print("end")
""")
        == "end\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_is_forked_while_work_is_left() -> None:
    """It answers short and long questions of its own."""
    out = _run("""
scan = heavy.scan(text)
for turn in range(2):
    try:
        scan.ids(deadline=0.1)
    except DeadlineError:
        pass
    child = os.fork()
    if child == 0:
        try:
            scan.ids(deadline=0.1)
        except DeadlineError as error:
            os._exit(7 if heavy.scan("ab" * 2000 + "ac").ids() == [0, 2] else 8)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")
    assert out == "7\n7\n"


def test_literals_are_found_wherever_the_portable_pass_cuts() -> None:
    """It pauses every 2**20 characters."""
    patterns = PatternSet(["needle", "le<", "absent"], backend="portable")
    for before in range((1 << 20) - 9, (1 << 20) + 3):
        assert patterns.scan("." * before + ">needle<").ids() == [0, 1]


def test_what_is_in_time_is_what_it_is_without_a_deadline(backend: Any) -> None:
    """Every question, on every route, by seconds and by a token."""
    sources = ["x", r"(a)\1", "aab?", r"(?<=a)!", r"no\s+risk", r"(\w)(?!\w)", "absent", "b*"]
    patterns = PatternSet(sources, backend=backend)
    plain = patterns.scan(TEXT)
    for deadline in (60, 60.0, Deadline(60), Deadline()):
        scan = patterns.scan(TEXT, deadline=deadline)
        assert scan.ids() == plain.ids()
        for number, source in enumerate(sources):
            oracle = re.compile(source)
            assert (number in scan) == (oracle.search(TEXT) is not None)
            assert scan.spans(number, deadline=deadline) == plain.spans(number)
            assert scan.findall(number) == oracle.findall(TEXT)
            found, expected = scan.search(number), oracle.search(TEXT)
            assert (found and found.span()) == (expected and expected.span())
            spans = [match.span() for match in scan.finditer(number)]
            assert spans == [match.span() for match in oracle.finditer(TEXT)]


def test_one_hostile_pattern_does_not_hide_the_others() -> None:
    """It is asked last, named, and the answers of the others are in the error and in the scan."""
    patterns = PatternSet([HOSTILE, "risk", r"(a)\1", "absent", r"(?<=y)z"])
    scan = patterns.scan(TEXT)
    with pytest.raises(DeadlineError, match=r"pattern 0, '\(\?a:.* was not answered") as caught:
        scan.ids(deadline=1.0)
    known = Known(found=(1, 2, 4), open=(0,))
    assert (caught.value.number, caught.value.pattern) == (0, Pattern(HOSTILE))
    assert caught.value.known == scan.known() == known
    for question in (scan.spans, scan.findall, scan.search, scan.finditer):
        with pytest.raises(DeadlineError, match="pattern 0"):
            question(0, deadline=0.1)
    assert scan.spans(4) == [(2, 3)]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.number, copy.known, str(copy)) == (0, known, str(caught.value))


def test_after_a_deadline_nothing_is_begun() -> None:
    """What is known without work is still said."""
    late = Deadline()
    late.cancel()
    patterns = PatternSet(["risk", r"(a)\1", "absent"])
    with pytest.raises(DeadlineError, match="it was cancelled") as caught:
        patterns.scan(TEXT, deadline=late)
    assert caught.value.known == Known(found=(), open=(0, 1, 2))
    scan = patterns.scan(TEXT)
    with pytest.raises(DeadlineError) as caught:
        scan.ids(deadline=late)
    assert caught.value.known == Known(found=(0,), open=(1,))
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError), ([1], TypeError)],
)
def test_what_is_not_a_deadline_is_refused(wrong: Any, error: type[Exception]) -> None:
    """At once, before the pass."""
    with pytest.raises(error):
        PatternSet(["x"]).scan("x", deadline=wrong)


def test_far_deadlines_never_come() -> None:
    """Neither of them overflows."""
    for seconds in (1e300, float("inf")):
        assert PatternSet(["x", r"(x)\1"]).scan("xx", deadline=seconds).ids() == [0, 1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="possessive repeats came with 3.11")
@pytest.mark.parametrize("deadline", [None, 60.0])
def test_an_error_of_re_names_its_pattern_and_hides_no_answer(deadline: float | None) -> None:
    """`re`'s own error stays what it is; the others are answered."""
    patterns = PatternSet(["x", BROKEN, "xyz", r"(?<=x)y"])
    scan = patterns.scan("xyz")
    try:
        [match.span() for match in re.finditer(BROKEN, "xyz")]
    except SystemError as error:
        said = str(error)
    else:
        pytest.skip("this interpreter is mended")
    with pytest.raises(SystemError, match=re.escape(said)) as caught:
        scan.ids(deadline=deadline)
    assert any(repr(BROKEN) in note for note in vars(caught.value)["__notes__"])
    assert vars(caught.value)["known"] == scan.known() == Known(found=(0, 2, 3), open=(1,))
    with pytest.raises(SystemError) as caught:
        scan.spans(1, deadline=deadline)
    assert any("pattern 1" in note for note in vars(caught.value)["__notes__"])


def test_a_hostile_gate_is_unknown_and_the_others_are_judged() -> None:
    """Never PASS: worse than a WARNING, and a FAIL beside it stands."""
    gates = _gates(("hostile", HOSTILE), ("risk", "risk"), ("absent", "absent"))
    report = gates.check(TEXT, deadline=2.0)
    assert [verdict.status for verdict in report.verdicts] == ["UNKNOWN", "FAIL", "PASS"]
    assert (report.overall, report.is_finished) == ("FAIL", False)
    assert report.verdicts[0].severity == "high"
    assert f"pattern {HOSTILE!r} of hostile_words" in report.verdicts[0].message
    with pytest.raises(UnansweredError, match="not finished"):
        report.why("hostile")
    assert report.why("risk").status == "FAIL"
    alone = _gates(("hostile", HOSTILE), ("absent", "absent")).check(TEXT, deadline=1.0)
    assert alone.overall == "UNKNOWN"


def test_a_pattern_that_several_gates_share_is_tried_once() -> None:
    """It takes half of the time that is left, not half for each of them."""
    gates = _gates(*((f"g{number}", HOSTILE) for number in range(12)), ("last", r"(?<=y)z"))
    report = gates.check(TEXT, deadline=2.0)
    assert [verdict.status for verdict in report.verdicts] == ["UNKNOWN"] * 12 + ["FAIL"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="possessive repeats came with 3.11")
def test_a_gate_whose_pattern_fails_in_re_is_unknown() -> None:
    """With and without a deadline, and the message has the error."""
    gates = _gates(("broken", BROKEN), ("risk", "risk"))
    for deadline in (None, 60.0):
        report = gates.check(TEXT, deadline=deadline)
        if report.is_finished:
            pytest.skip("this interpreter is mended")
        assert [verdict.status for verdict in report.verdicts] == ["UNKNOWN", "FAIL"]
        assert "SystemError" in report.verdicts[0].message


def test_the_lowercase_view_fails_closed_as_well() -> None:
    """A pass over the document that ends in time, and none over its `.lower()`."""
    gate = _gate("risk", "risk").replace("['risk']", "[{keyword: risk}]")
    gates = GateSet([_parsed("risk", gate)])
    assert gates.lowercase is not None
    assert gates.check("A RISK", deadline=60).overall == "FAIL"
    assert gates.check("A RISK", deadline=0.0).overall == "UNKNOWN"


def test_check_fails_closed_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, whatever `--fail-on` says, and each format shows it."""
    folder = tmp_path / "house"
    folder.mkdir()
    for name, pattern in (("hostile", HOSTILE), ("absent", "absent")):
        (folder / f"{name}.yaml").write_text(_gate(name, pattern))
    document = tmp_path / "a.txt"
    document.write_text(TEXT)
    printed = {}
    for form in ("json", "table", "sarif", "html"):
        argv = ["check", str(document), "--gates", str(folder), "--timeout", "1", "--why"]
        assert main([*argv, "--format", form, "--fail-on", "never"]) == 3
        printed[form] = capsys.readouterr().out
    assert json.loads(printed["json"])["documents"][0]["overall"] == "UNKNOWN"
    assert "UNKNOWN" in printed["table"]
    run = json.loads(printed["sarif"])["runs"][0]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["associatedRule"]["id"] == "house/hostile"
    assert "not finished" in printed["html"]


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "inf", "soon"])
def test_a_timeout_is_a_number_of_seconds(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is above 0."""
    assert main(["check", "a.txt", "--timeout", wrong]) == 2
    assert "not a number of seconds" in capsys.readouterr().err


def test_workers_are_shared_by_threads_and_left_by_none() -> None:
    """Each asks a worker of its own; an idle one is used again."""
    patterns = PatternSet([rf"(a)\1(?<={'a' * number})" for number in range(2, 12)])
    expected = patterns.scan(TEXT).ids()
    found: list[list[int]] = []

    def ask() -> None:
        found.append(patterns.scan(TEXT, deadline=60).ids())

    in_threads(*[ask] * 4)
    assert found == [expected] * 4
    assert len(re_process._idle) <= 2


@pytest.mark.usefixtures("no_idle_worker")
def test_without_an_interpreter_to_start_the_answer_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An embedding program is never started as if it were Python: fail closed."""
    monkeypatch.setattr(sys, "executable", "/usr/sbin/uwsgi")
    with pytest.raises(UnansweredError, match="is not a Python that could start"):
        PatternSet([r"(a)\1"]).scan(TEXT, deadline=60).ids()
    assert PatternSet([r"(a)\1"]).scan(TEXT).ids() == [0]


@pytest.mark.usefixtures("no_idle_worker")
def test_a_worker_that_dies_is_an_unanswered_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next question has a new one."""
    patterns = PatternSet([r"(a)\1"])
    assert patterns.scan(TEXT, deadline=60).ids() == [0]
    (worker,) = re_process._idle
    worker._process.kill()
    monkeypatch.setattr(re_process._Worker, "is_there", lambda self: True)
    with pytest.raises(UnansweredError, match="ended by itself"):
        patterns.scan(TEXT, deadline=60).ids()
    assert patterns.scan(TEXT, deadline=60).ids() == [0]


def test_a_pattern_as_deep_as_the_host_allows_is_answered_with_a_deadline() -> None:
    """The limit of recursion in force here holds in the process that is asked as well."""
    script = r"""
import re
sys.setrecursionlimit(20_000)
source = "(" * 700 + "a" + ")" * 700 + r"\1"
scan = PatternSet([source]).scan("xaa", deadline=60)
print(scan.spans(0), re.search(source, "xaa").span())
"""
    assert _run(script) == "[(1, 3)] (1, 3)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ordinary_questions_about_long_texts_take_no_thread() -> None:
    """Handing one over costs more than most take; what may be long gets a thread, which is kept."""
    code = """if True:
        import time
        from pathlib import Path
        from gatecore import PatternSet

        def threads():
            names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
            return names.count("gatecore")

        sources = [rf"word{n}\\w* (?:plain|long)? ?[^.]{{0,40}}end{n}" for n in range(50)]
        patterns = PatternSet([*sources, "a[ab]{2500}c"])
        text = "".join(f"word{n}s plain, so end{n}. " for n in range(50)) * 300
        while threads():  # the one that compiled waits for more
            time.sleep(0.05)
        scan = patterns.scan(text)
        found = scan.ids()
        assert len(text) > 300_000 and len(found) == 50, (len(text), found)
        for number in found:
            assert scan.search(number).span() and len(scan.spans(number)) >= 300
        before = threads()
        for _ in range(30):
            patterns.scan("ab" * 100_000).spans(50)
        print(before, 0 < threads() < 10)
    """
    done = run_python(code)
    assert (done.returncode, done.stdout.split()) == (0, ["0", "True"]), done


def test_the_pattern_that_was_running_is_blamed() -> None:
    """Not the first of those that are open: `re` had not been asked about that one yet."""
    slow = r"a[ab]{500,2400}[^c]{0,300}c\b"
    patterns = PatternSet([r"(x?)(a)\2", slow])
    text = "aac" + "".join(random.Random(1).choices("ab", k=3_000_000)) + "cx"
    with pytest.raises(DeadlineError) as raised:
        patterns.scan(text).ids(deadline=0.02)
    assert raised.value.number == 1
    assert raised.value.pattern is not None
    assert raised.value.pattern.source == slow
    assert raised.value.known is not None
    assert 0 in raised.value.known.open
