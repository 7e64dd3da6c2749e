"""Python in a process of its own, and threads that are waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Final

import gatecore

__all__ = ["environment", "in_threads", "run_python"]

_ROOT: Final = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """The environment of a Python that finds gatecore and these tests."""
    paths = [str(_ROOT), str(Path(gatecore.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run_python(
    code: str,
    *arguments: str,
    options: Iterable[str] = (),
    given: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Runs code that finds gatecore and these tests; what it printed and how it ended.

    `given` is its standard input; after `seconds` it is killed, and that is an error.
    """
    return subprocess.run(
        [sys.executable, *options, "-c", dedent(code), *arguments],
        input=given,
        cwd=cwd,
        env={**environment(), **(env or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def in_threads(*tasks: Callable[[], object]) -> None:
    """Runs each task in a thread of its own, all at once, and waits for all of them."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
