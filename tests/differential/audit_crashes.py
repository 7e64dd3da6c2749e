"""What an audit store is like after the process that wrote it was killed: again and again.

    python -m tests.differential.audit_crashes --times 100 [--seed 1] [--processes 2]

Threads of several processes write records, each of them waiting for it, and tell each one that was
acknowledged. After a moment all are killed as `kill -9` does. Then: everything that was
acknowledged is in the file, nothing is there twice, the chain holds, and every count is that of the
rows (`verify`). The next round goes on with the same file.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from gatecore.audit import AuditStore
from tests.support.audit_records import record
from tests.support.process import environment

__all__ = ["crash", "main"]

_THREADS = 8
#: Rounds with one file, all of which is read after each; and the longest one, in seconds.
_ROUNDS = 10
_LONGEST = 0.3


def crash(path: Path, name: str, *, seconds: float, processes: int = 2) -> int:
    """One round; how many records were acknowledged before the end.

    Raises:
        AssertionError: Something is missing, twice, or not as it was written.
    """
    command = [sys.executable, "-m", "tests.differential.audit_crashes", "--write", str(path)]
    writers = [
        subprocess.Popen(
            [*command, f"{name}-{number}"], stdout=subprocess.PIPE, text=True, env=environment()
        )
        for number in range(processes)
    ]
    told: list[str] = []
    readers = [threading.Thread(target=_read, args=(writer, told)) for writer in writers]
    for reader in readers:
        reader.start()
    _wait_until(lambda: bool(told))
    time.sleep(seconds)
    for writer in writers:
        writer.kill()
    for writer, reader in zip(writers, readers, strict=True):
        writer.wait()
        reader.join()
    acknowledged = {sha256(one.encode()).digest() for one in told}
    with AuditStore(path) as store:
        written: Counter[bytes] = Counter()
        before = None
        while True:
            page = store.recent(1_000, before=before)
            written.update(bytes.fromhex(entry.document_hash) for entry in page.entries)
            if (before := page.next) is None:
                break
        found = store.verify()
    assert acknowledged, "nothing was written before the end"
    assert not acknowledged - set(written), "something that was acknowledged is lost"
    assert max(written.values()) == 1, "something is there twice"
    assert found.is_sound, found.problems
    return len(acknowledged)


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError("nothing was written within a minute")
        time.sleep(0.005)


def _read(writer: subprocess.Popen[str], told: list[str]) -> None:
    assert writer.stdout
    with writer.stdout as lines:
        for line in lines:
            if line.endswith("\n"):  # the last one may be cut
                told.append(line.rstrip("\n"))


def _write(path: Path, name: str) -> None:
    """Writes until it is killed."""
    store = AuditStore(path)
    lock = threading.Lock()

    def work(thread: int) -> None:
        number = 0
        while True:
            one = f"{name}-{thread}-{number}"
            store.add(record(one), wait=True)
            with lock:
                sys.stdout.write(one + "\n")
                sys.stdout.flush()
            number += 1

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", nargs=2, metavar=("FILE", "NAME"))
    options = parser.parse_args(arguments)
    if options.write:
        _write(Path(options.write[0]), options.write[1])
    chance = random.Random(options.seed)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.times):
            path = Path(folder) / f"{number // _ROUNDS}.db"
            wait = chance.random() * _LONGEST
            total += crash(path, str(number), seconds=wait, processes=options.processes)
    print(f"{options.times} times killed, {total:,} validations acknowledged, none lost or twice")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
