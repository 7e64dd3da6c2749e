"""One run of a plan against a target."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatecore.errors import LoadError
from gatecore.loadtest import arrivals
from gatecore.loadtest.loops import Tasks
from gatecore.loadtest.memory import resident
from gatecore.loadtest.mix import DocumentMix
from gatecore.loadtest.plans import LoadPlan
from gatecore.loadtest.recording import Recorder
from gatecore.loadtest.result import LoadResult
from gatecore.loadtest.targets import Asked, asked
from gatecore.loadtest.threads import Threads
from gatecore.profiling.machine import load_warning, machine

__all__ = ["load"]

#: Seconds from when all is ready to the beginning: threads have to be there.
_AHEAD: Final = 0.05
#: Bytes of requests that may wait in the pipe: what Linux allows without privileges.
_PIPE: Final = 1 << 20
#: A run has some 100 figures of memory.
_MEMORY: Final = 100


def load(
    target: Any,
    documents: DocumentMix | Sequence[str],
    plan: LoadPlan,
    *,
    document_type: str = "unknown",
    process: int | None = None,
) -> LoadResult:
    """Sends documents to a target as a plan says, and tells what it came to.

    Takes the plan's time and up to its `drain`. Not to be called in a coroutine.

    Args:
        target: An engine (`ComplianceEngine`, `AsyncComplianceEngine`, a host's with
            `check_document`), a `GateSet`, a function or coroutine function of a text, or an
            `HTTPTarget`. What it raises is counted as an error.
        documents: What is sent.
        plan: When it is sent.
        document_type: For engines.
        process: The number of the process whose memory is told; this one's if not given, unless
            the target is elsewhere.

    Raises:
        LoadError: The target is none, or a package is missing; says which.

    >>> from gatecore.loadtest import constant, load
    >>> result = load(str.upper, ["a document"], constant("open", 200, 0.5))
    >>> result.sent > 50, result.errors, result.response.p50 < 0.1
    (True, {}, True)
    """
    mix = (
        documents if isinstance(documents, DocumentMix) else DocumentMix(documents, seed=plan.seed)
    )
    how = asked(target, document_type)
    recorder = Recorder(plan)
    warning = load_warning()
    here = process is not None or not how.is_remote
    with _ticks(plan) as (pipe, begin), _memory(recorder, plan, process, begin, here):
        if how.call is not None:
            threads = Threads(how.call, mix, plan, recorder, pipe)
            try:
                threads.start(begin)
                threads.wait(begin + plan.seconds + plan.drain)
            finally:
                threads.stop()
        else:
            asyncio.run(_awaited(how, mix, plan, recorder, pipe, begin))
    told = machine()
    if warning:
        told["warning"] = warning
    return recorder.result(how.name, mix.to_dict(), told)


async def _awaited(
    how: Asked, mix: DocumentMix, plan: LoadPlan, recorder: Recorder, pipe: int, begin: float
) -> None:
    assert how.sends is not None, "no call, so it is awaited"
    async with how.sends() as call:
        tasks = Tasks(call, mix, plan, recorder, pipe, is_remote=how.is_remote)
        await tasks.run(begin)


@contextlib.contextmanager
def _ticks(plan: LoadPlan) -> Iterator[tuple[int, float]]:
    """The pipe in which ticks come, and when the run begins; for a closed run there are none."""
    if plan.mode == "closed":
        yield -1, time.monotonic()
        return
    command = [sys.executable, "-I", "-S", arrivals.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        try:
            pipe = one.stdout.fileno()
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, 1031, _PIPE)  # F_SETPIPE_SZ, which Python 3.10 has no name for
            stages = [(stage.level, stage.seconds) for stage in plan.stages]
            _tell(one.stdin, {"stages": stages, "seed": plan.seed})
            if os.read(pipe, arrivals.TICK.size) != arrivals.READY:
                raise LoadError(f"the process of the generator ended with code {one.wait()}")
            begin = time.monotonic() + _AHEAD
            _tell(one.stdin, {"begin": begin})
            yield pipe, begin
        finally:
            one.kill()


def _tell(stdin: Any, said: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):  # what it reads next says so
        stdin.write(json.dumps(said).encode("ascii") + b"\n")


@contextlib.contextmanager
def _memory(
    recorder: Recorder, plan: LoadPlan, process: int | None, begin: float, here: bool
) -> Iterator[None]:
    """Tells the recorder what the target's process takes, if it is known which that is."""
    if not here:
        yield
        return
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(max(plan.seconds / _MEMORY, 0.05)):
            at = time.monotonic() - begin
            if at > plan.seconds:
                return
            recorder.add_memory(at, resident(process))

    watcher = threading.Thread(target=watch, name="gatecore-load-memory", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
