"""The results of `gatecore diff` in each format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from gatecore.cli.messages import JsonDocuments
from gatecore.text import named

if TYPE_CHECKING:
    from gatecore.documents.reading import DocumentReadError, InputDocument
    from gatecore.gates.diff import Difference, GateVersions

__all__ = ["Results", "results_as"]


class Results(Protocol):
    """Where results go: the gates, then document by document."""

    def gates(self, versions: GateVersions) -> None: ...

    def compared(self, document: InputDocument, found: Sequence[Difference]) -> None: ...

    def unreadable(self, error: DocumentReadError) -> None: ...

    def end(self) -> None: ...


def results_as(form: Literal["table", "json"]) -> Results:
    if form == "json":
        return _Json()
    from gatecore.cli.output.diff_table import TableOutput

    return TableOutput()


class _Json:
    def gates(self, versions: GateVersions) -> None:
        changes = [{"kind": change.kind, **change.to_dict()} for change in versions.changes]
        self._documents = JsonDocuments({"gates": changes, "same": versions.same})

    def compared(self, document: InputDocument, found: Sequence[Difference]) -> None:
        verdicts = [difference.to_dict() for difference in found]
        self._documents.add({**named(document.name), "notes": document.notes, "verdicts": verdicts})

    def unreadable(self, error: DocumentReadError) -> None:
        self._documents.unreadable(error)

    def end(self) -> None:
        self._documents.end()
