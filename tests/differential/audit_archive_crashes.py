"""What an audit store is like after the process that archived it was killed: again and again.

    python -m tests.differential.audit_archive_crashes --times 30 [--seed 1] [--rows 20000]

A process archives and is killed after a moment, as `kill -9` does. Then every question is answered
as before, and the chain and every count are those of the rows. When nothing is left to archive, a
new store takes its place.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gatecore.audit import AuditStore
from tests.support.audit_answers import answers
from tests.support.audit_records import record
from tests.support.process import environment

__all__ = ["crash", "main"]

_BEGIN = 1_704_067_200_000_000  # 2024
_MONTH = 30 * 86_400_000_000
_PAGE = 200


def crash(path: Path, *, before: str, seconds: float, expected: dict[str, Any]) -> str:
    """One round; what the archives' states were at the end.

    Args:
        path: The store, which nobody has open.
        before: The first month that stays.
        seconds: How long the process archives.
        expected: What the store answers, with 200 validations a page and without `entries`.

    Raises:
        AssertionError: It answers something else.
    """
    command = [sys.executable, "-m", "tests.differential.audit_archive_crashes"]
    archiving = subprocess.Popen(
        [*command, "--archive", str(path), before],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert archiving.stdout
    with archiving.stdout as lines:
        assert lines.readline() == "begins\n"
        time.sleep(seconds)
        archiving.kill()
        archiving.wait()
    with AuditStore(path) as store:
        with store._pool.connection() as connection:
            states = connection.execute("SELECT state, deleted_to FROM archive ORDER BY file")
            said = ", ".join(f"{state} to {number}" for state, number in states)
        assert answers(store, page=_PAGE, entries=False) == expected, said
        found = store.verify()
        assert found.is_sound, found.problems
    return said


def _archive(path: Path, before: str) -> None:
    with AuditStore(path) as store:
        sys.stdout.write("begins\n")
        sys.stdout.flush()
        store.archive(before=before)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--archive", nargs=2, metavar=("FILE", "BEFORE"))
    options = parser.parse_args(arguments)
    if options.archive:
        _archive(Path(options.archive[0]), options.archive[1])
        return 0
    chance = random.Random(options.seed)
    done = 0
    while done < options.times:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "audit.db"
            with AuditStore(path) as store:
                for number in range(options.rows):
                    at = _BEGIN + number * (3 * _MONTH // options.rows)
                    store.add(record(str(number % (options.rows // 2)), at=at))
                store.flush()
                expected = answers(store, page=_PAGE, entries=False)
            while done < options.times:
                seconds = chance.random() * 3
                said = crash(path, before="2024-03", seconds=seconds, expected=expected)
                done += 1
                print(f"{done}: killed after {seconds:.2f} s: {said or 'nothing yet'}", flush=True)
                if said.count("deleted") == 2:
                    break
    print(f"{done} times killed, every question answered the same")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
