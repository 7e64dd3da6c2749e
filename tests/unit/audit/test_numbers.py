"""The number of a validation, which who waits for it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gatecore.audit import AuditStore, Record
from gatecore.errors import AuditRecordError


def _record(number: int, *, critical: int = 0) -> Record:
    return Record(
        at=number,
        document=bytes(32),
        kind=f"kind {number}",
        modules=(),
        risk="LOW",
        outcomes=[],
        critical=critical,
    )


def test_who_waits_is_told_the_number_and_nobody_else(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "audit.db") as store:
        assert store.last == 0
        assert store.add(_record(1), wait=True) == 1
        assert store.add(_record(2)) is None
        assert store.add(lambda: _record(3), wait=True) is not None
        store.flush()
        assert store.last == 3


def test_each_of_many_is_told_its_own_beside_some_that_are_refused(tmp_path: Path) -> None:
    """A record that is refused has no number, and leaves no gap."""
    with AuditStore(tmp_path / "audit.db") as store:

        def add(number: int) -> int | None:
            try:
                return store.add(_record(number, critical=-(number % 3 == 0)), wait=True)
            except AuditRecordError:
                return None

        with ThreadPoolExecutor(50) as pool:
            told = list(pool.map(add, range(300)))
        assert [number for number, found in enumerate(told) if found is None] == [*range(0, 300, 3)]
        numbers = [found for found in told if found is not None]
        assert sorted(numbers) == list(range(1, 201))
        assert store.last == 200
        for number, found in enumerate(told):
            if found is not None:
                entry = store.entry(found)
                assert entry is not None
                assert entry.document_type == f"kind {number}"
