"""A host's gates in a process of their own, as they are or accelerated, for `profile compare`.

Acceleration changes the names of the host's Python modules, so one process cannot have both. Both
processes get the same seed of `hash`: gates that join a set into text say the same then.

    parent ── {"host": …, "texts": […]} ──▶ child     imports the host, makes its engine
           ◀── {"names": […]} ────────────
           ── "answers" | "run" ──────────▶
           ◀── {"1: module/gate": …} ─────
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import IO, Any

from gatecore.errors import GatecoreError

__all__ = ["HostProcess", "main"]


class HostProcess:
    """One side of a comparison. Use as a context manager: leaving it ends the process.

    Raises:
        GatecoreError: The host cannot be made, has no gates, or its process ended.
    """

    def __init__(
        self,
        host: str,
        texts: Sequence[str],
        *,
        modules: Collection[str],
        document_type: str,
        accelerated: bool,
    ) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "gatecore.cli.measured_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            text=True,
            encoding="ascii",
        )
        asked = {
            "host": host,
            "texts": list(texts),
            "modules": list(modules),
            "document_type": document_type,
            "accelerated": accelerated,
        }
        try:
            self._ask(asked)
        except BaseException:
            self.close()
            raise

    def answers(self) -> Mapping[str, Any]:
        """What the gates answer, as plain data, by "document: module/gate"."""
        return self._ask("answers")

    def run(self) -> Mapping[str, float]:
        """Seconds of one round over all documents."""
        return self._ask("run")

    def _ask(self, question: Any) -> dict[str, Any]:
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()
            line = stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise GatecoreError(f"the host's process ended with code {self._child.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise GatecoreError(answer["error"])
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> HostProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def main() -> None:
    """The process; what the host prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with answers:
        try:
            _serve(answers)
        except GatecoreError as error:
            _say(answers, {"error": str(error)})


def _serve(answers: IO[str]) -> None:
    from gatecore.cli.host import gates_of, host
    from gatecore.hosts.acceleration import accelerate
    from gatecore.profiling.python_gates import PythonGateRuns

    asked = json.loads(sys.stdin.readline())
    engine = host(asked["host"])
    gates = gates_of(engine, asked["modules"], asked["host"])
    with contextlib.ExitStack() as opened:
        handle = opened.enter_context(accelerate(engine)) if asked["accelerated"] else None
        runs = PythonGateRuns(
            gates, asked["texts"], accelerated=handle, document_type=asked["document_type"]
        )
        _say(answers, {"names": list(gates)})
        for line in sys.stdin:
            _say(answers, runs.answers() if json.loads(line) == "answers" else runs.run())


def _say(answers: IO[str], said: Mapping[str, Any]) -> None:
    answers.write(json.dumps(said, default=repr) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
