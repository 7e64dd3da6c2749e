"""LOKI's own audit log, brought into an audit store, and both asked the same.

    old file ──▶ rows side by side ──▶ records ──▶ store        some thousand at a time
        ╰──── every question of LOKI's, over several windows ────╯

A run that is cut short goes on where it ended: the store then has the first validations of the old
file and nothing else. A row that is not as LOKI writes it is left out, counted and named; the old
file is only read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatecore.audit.outcomes import storable
from gatecore.errors import AuditFileError
from gatecore.hosts.loki import log_answers as answers
from gatecore.hosts.loki.log_comparison import compared_answers
from gatecore.hosts.loki.log_file import LogFile, Row, is_log
from gatecore.hosts.loki.log_records import Said
from gatecore.hosts.migration import Left, Migration, Progress
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.audit import AuditStore

__all__ = ["is_log", "migrate_log"]

#: Validations that are in memory and not yet in the store, at most.
_AHEAD: Final = 5_000
#: Rows that were left out and are named.
_NAMED: Final = 100
#: After the last validation.
_END: Final[tuple[int, list[Said]]] = (1 << 63, [])


def migrate_log(
    old: Path, store: AuditStore, *, compare: bool = True, progress: Progress | None = None
) -> Migration:
    """Brings LOKI's audit log into a store, and puts every question to both.

    Args:
        old: LOKI's file. It may be written meanwhile as long as nothing is compared; another run
            brings the rest.
        store: The store: an empty one, or one with the first validations of this file.
        compare: Whether both are asked.
        progress: Is told how far it is.

    Returns:
        What became of it.

    Raises:
        AuditFileError: The old file cannot be read, or the store has validations of its own.
        AuditWriteError: The store cannot be written. What is written remains: run it again.

    Costs 7 s of a processor for 10,000 validations of 110 gates, of which half is for the
    questions, in constant memory.
    """
    with closing(LogFile(old)) as log:
        run = _Run(log, store, progress or (lambda *_: None))
        run.bring()
        return run.migration(*(run.compared() if compare else (0, ())))


class _Run:
    """A migration that is under way."""

    def __init__(self, log: LogFile, store: AuditStore, progress: Progress) -> None:
        self.log, self.store, self.progress = log, store, progress
        self.left_ids: list[int] = []
        self.ids_kept = True
        self._there = store.last
        self._refused = store.counters.refused
        self._faults: Counter[str] = Counter()
        self._left: list[Left] = []
        self._number = self._outcomes = self._changed = 0

    def bring(self) -> None:
        """Brings all validations that are not there."""
        for row, outcomes in self._validations():
            self._number += 1
            self.ids_kept &= row.id == self._number
            record = row.record(outcomes)
            self._changed += sum(storable(text) != text for text in (record.kind, record.risk))
            self._changed += record.modules != tuple(row.modules or ())
            if self._number > self._there:
                self._outcomes += len(outcomes)
                self.store.add(record)
            elif self._number in (1, self._there):
                self._check(row)
            if self._number % _AHEAD == 0:
                self._written()
        if self._number < self._there:
            raise self._own_validations()
        self._written()
        if (read := self._number + len(self.left_ids)) != self.log.size:
            raise AuditFileError(
                f"{visible(str(self.log.path))}: has {self.log.size} validations, of which {read} "
                "were found: it was changed meanwhile"
            )

    def _validations(self) -> Iterator[tuple[Row, list[Said]]]:
        """Those that can be kept, with what was said of them."""
        said = self.log.outcomes()
        about, outcomes = next(said, _END)
        for row in self.log.rows():
            while about < row.id:
                self._leave_alone(about, outcomes)
                about, outcomes = next(said, _END)
            mine: list[Said] = []
            if about == row.id:
                mine = outcomes
                about, outcomes = next(said, _END)
            if fault := row.fault:
                self.left_ids.append(row.id)
                self._leave(row.id, fault)
            else:
                yield row, mine
        while about < _END[0]:
            self._leave_alone(about, outcomes)
            about, outcomes = next(said, _END)

    def _check(self, row: Row) -> None:
        """Raises unless the store's validation is this one."""
        entry = self.store.entry(self._number)
        is_same = entry is not None and (
            entry.erased
            or (entry.document_hash, answers.timestamp(entry)) == (row.document_hash, row.timestamp)
        )
        if not is_same:
            raise self._own_validations()

    def _own_validations(self) -> AuditFileError:
        return AuditFileError(
            f"{visible(str(self.store.path))}: has validations that are not the first of "
            f"{visible(str(self.log.path))}; migrate into a new file"
        )

    def _written(self) -> None:
        self.store.flush()
        if self.store.counters.refused != self._refused:
            raise AuditFileError(
                f"{visible(str(self.store.path))}: refused a validation, and its log says why; "
                "migrate into a new file"
            )
        self.progress("brought over", self._number, self.log.size)

    def compared(self) -> tuple[int, tuple[str, ...]]:
        """How many questions were put to both, and which answers differ."""
        return compared_answers(
            self.log, self.store, self.left_ids, ids_kept=self.ids_kept, progress=self.progress
        )

    def _leave_alone(self, number: int, outcomes: list[Said]) -> None:
        """Something was said of a validation that is not there; nobody's question finds it."""
        if outcomes:
            self._leave(number, "it is not there, though something was said of it")

    def _leave(self, number: int, why: str) -> None:
        self._faults[why] += 1
        if len(self._left) < _NAMED:
            self._left.append(Left("audit_log", number, why))

    def migration(self, compared: int, differences: tuple[str, ...]) -> Migration:
        """What became of it."""
        odd = [Left("audit_gate_results", n, why) for why, n in self.log.first_odd.items()]
        return Migration(
            validations=self.log.size,
            there=self._there,
            added=self._number - self._there,
            outcomes=self._outcomes,
            ids_kept=self.ids_kept,
            left_out={**self._faults, **self.log.odd},
            left=(*self._left, *odd),
            changed=self._changed + self.log.changed,
            compared=compared,
            differences=differences,
        )
