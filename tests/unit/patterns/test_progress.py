"""What is printed while patterns compile, and where."""

from __future__ import annotations

import io
import re
import sys
import threading

import pytest

from gatecore import PatternSet
from gatecore.cli import progress
from gatecore.patterns import progress as patterns_progress
from gatecore.patterns import set as patterns


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_compile_is_said_on_a_terminal_and_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    compile_ = patterns._compiled

    def slow(*arguments: object) -> object:
        while "\r" not in terminal.getvalue():
            threading.Event().wait(0.01)
        return compile_(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(patterns, "_compiled", slow)
    with progress.shown(quiet_seconds=0.01):
        PatternSet(["a", "b"])
    written = terminal.getvalue().split("\r")
    assert written[1].startswith("gatecore: compiling 2 patterns")
    assert (written[-2].strip(), written[-1]) == ("", "")


def test_a_short_compile_and_one_in_a_pipe_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, seconds in ((Terminal(), 600.0), (io.StringIO(), 0.0)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.shown(quiet_seconds=seconds):
            PatternSet(["a", "b"])
        assert stream.getvalue() == ""
    assert patterns_progress._watcher is None


def test_an_error_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.shown(quiet_seconds=600), pytest.raises(re.error, match="missing"):
        PatternSet(["("])
    assert patterns_progress._watcher is None
    assert not [t for t in threading.enumerate() if t.name == "gatecore-progress"]
