"""Counting what the interpreter does, for tests of how work grows: no clock decides."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Steps"]


class Steps:
    """Instructions of the interpreter that were run in a block."""

    count = 0

    def _trace(self, frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        frame.f_trace_opcodes = True
        self.count += event == "opcode"
        return self._trace

    @classmethod
    @contextmanager
    def counted(cls) -> Iterator[Steps]:
        steps, before = cls(), sys.gettrace()
        sys.settrace(steps._trace)
        try:
            yield steps
        finally:
            sys.settrace(before)
