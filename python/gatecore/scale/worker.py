"""A process that judges files: one at a time, as it is told on a connection.

    starter ── (spec, shape, threads), then a Job at a time ──▶ worker
            ◀──────────── Counts, or why there are none ───────

It ends when the connection does, so also when its starter was killed; it looks between batches.
"""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection

import pyarrow as pa

from gatecore.scale.one_file import Counts, Stopped, validate_file

__all__ = ["Failure", "work"]


class Failure(str):
    """Why a file has no result."""

    __slots__ = ()


def work(connection: Connection) -> None:
    """Answers jobs until the connection ends. The function of a process that is spawned."""
    # Ctrl-C reaches the whole group; the starter decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        spec, shape, threads = connection.recv()
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(1)
        while True:
            job = connection.recv()
            said: Counts | Failure
            try:
                # While a file is judged nobody writes: what can be read is the end.
                said = validate_file(job, spec, shape, threads, connection.poll)
            except Stopped:
                return
            except Exception as error:
                said = Failure(_why(error))
            connection.send(said)
    except (EOFError, OSError):  # the starter is gone
        return


def _why(error: Exception) -> str:
    """What happened. Texts of documents stand in none of these errors."""
    from gatecore.errors import GatecoreError

    if isinstance(error, GatecoreError):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return f"failed with {type(error).__name__}"
