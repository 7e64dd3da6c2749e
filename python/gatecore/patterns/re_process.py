"""`re` under a time limit: in another process, as nothing stops it from inside.

A backtracker caught by a hostile text runs for hours, holds the GIL and looks at nothing but
signals, which a library must not use. So where a deadline is given, what only `re` can answer is
asked of a worker process, which can be ended. Without a deadline nobody comes here.

A worker starts in some 10 ms and is kept for the next question; the text goes over once.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import marshal
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.errors import DeadlineError, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatecore._gatecore import Deadline

__all__ = ["Question", "ask"]

Question = Literal["is_match", "spans", "captures"]

_WORKER: Final = Path(__file__).with_name("re_worker.py")
_LENGTH: Final = 8
_MOST_IDLE: Final = 2
_LOOK: Final = 0.05
_FOREVER: Final = 365 * 24 * 3600.0


def ask(
    question: Question,
    source: str,
    flags: int,
    text: str,
    *,
    deadline: Deadline,
    share: float = 1.0,
    group: int = 0,
) -> Any:
    """What `re` answers, if it does within this share of the time that is left.

    Raises:
        DeadlineError: It did not.
        UnansweredError: There is no process to ask.
        Exception: Whatever `re` raises.
    """
    deadline.check()
    left = deadline.remaining
    seconds = _FOREVER if left is None else left * share
    until = time.monotonic() + seconds
    worker = _worker()
    try:
        worker.start(until, deadline)
        worker.tell(text)
        # A pattern that compiles here only as the host raised the limit does so there as well.
        limit = sys.getrecursionlimit()
        worker.send((question, source, flags, group, seconds, limit))
        fine, answer = worker.receive(until, deadline)
    except _LateError:
        worker.end()
        deadline.check()
        part = "" if share == 1.0 else ", its share of the time that was left"
        raise DeadlineError(f"re took longer than {seconds:.3g} s for it{part}") from None
    except (EOFError, OSError) as error:
        worker.end()
        raise UnansweredError(f"the process that asks re ended by itself: {error}") from None
    except BaseException:  # Ctrl-C: whatever is on its way would answer the next question
        worker.end()
        raise
    worker.rest()
    if fine:
        return answer
    name, detail = answer
    raise _error(name, detail)


def _error(name: str, detail: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind(detail)
    return RuntimeError(f"{name}: {detail}")


class _LateError(Exception):
    """The time for one question is over."""


class _Worker:
    """A process that is asked one question at a time."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._text: str | None = None
        self._started = False
        # Isolated: without the environment's say, and `re` is not the module beside the script.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start(self, until: float, deadline: Deadline) -> None:
        """Waits for its first word, which tells that it is this very interpreter."""
        if self._started:
            return
        version = self.receive(until, deadline)
        if version != sys.version:
            raise OSError(f"{sys.executable} is another Python, {version}")
        self._started = True

    def tell(self, text: str) -> None:
        if self._text is not text:
            self.send(str.__str__(text))
            self._text = text

    def send(self, message: Any) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        packed = marshal.dumps(message)
        pipe.write(len(packed).to_bytes(_LENGTH, "little"))
        pipe.write(packed)
        pipe.flush()

    def receive(self, until: float, deadline: Deadline) -> Any:
        length = int.from_bytes(self._bytes(_LENGTH, until, deadline), "little")
        return marshal.loads(self._bytes(length, until, deadline))

    def _bytes(self, count: int, until: float, deadline: Deadline) -> bytes:
        return b"".join(self._chunks(count, until, deadline))

    def _chunks(self, count: int, until: float, deadline: Deadline) -> Iterator[bytes]:
        pipe = self._process.stdout
        assert pipe is not None
        readable = select.poll()
        readable.register(pipe.fileno(), select.POLLIN)
        while count:
            left = until - time.monotonic()
            if left <= 0 or deadline.is_over:
                raise _LateError
            if readable.poll(1000 * min(left, _LOOK)):
                chunk = os.read(pipe.fileno(), min(count, 1 << 20))
                if not chunk:
                    raise EOFError(f"exit code {self._process.wait()}")
                count -= len(chunk)
                yield chunk

    def rest(self) -> None:
        """Keeps it for the next question, but not the text alive."""
        if self._text is not None and len(self._text) > 1 << 20:
            self.send("")
            self._text = ""
        with _lock:
            if len(_idle) < _MOST_IDLE:
                _idle.append(self)
                return
        self.end()

    def end(self) -> None:
        process = self._process
        if self.owner == os.getpid():
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not yet written has no reader
                    pipe.close()
        if self.owner == os.getpid():
            process.wait()
        else:
            process.returncode = 0  # a forked child has no such child

    def is_there(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None


_idle: list[_Worker] = []
_lock = threading.Lock()


def _worker() -> _Worker:
    while True:
        with _lock:
            idle = _idle.pop() if _idle else None
        if idle is None:
            break
        if idle.is_there():
            return idle
        idle.end()
    name = Path(sys.executable or "").name.lower()
    if not name.startswith("python") or getattr(sys, "frozen", False) or not _WORKER.is_file():
        raise UnansweredError(
            "re cannot be given a deadline here: that takes a worker process, and this program "
            f"({sys.executable or 'without a name'}) is not a Python that could start one"
        )
    try:
        return _Worker()
    except OSError as error:
        raise UnansweredError(f"no process could be started to ask re: {error}") from None


def _forget() -> None:
    """In a forked child: the workers are its parent's, and the lock may be held by nobody."""
    global _lock
    _lock = threading.Lock()
    for worker in _idle:
        worker.end()
    _idle.clear()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
