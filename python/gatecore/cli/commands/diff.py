"""`gatecore diff`: the verdicts that change between two versions of gates, on the user's documents.

OLD ─▶ gates ┐ paired by module and name   documents ─▶ old and new verdicts ─▶ differences
NEW ─▶ gates ┘ (one module each: by name)
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from gatecore import modules
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.selection import compiled, narrowed, note_deprecated
from gatecore.documents.reading import (
    STDIN,
    DocumentReadError,
    InputDocument,
    names_of,
    read_as_asked,
)
from gatecore.errors import GatecoreError
from gatecore.gates.files.sources import load_modules
from gatecore.gates.reload import GateChange, paired
from gatecore.gates.spec import Gate
from gatecore.output.portable import head
from gatecore.text import json_text, named, visible

if TYPE_CHECKING:
    from gatecore.gates.findings import Finding
    from gatecore.gates.report import Report, Verdict

__all__ = ["Difference", "differences", "run"]

_FIELDS: Final = ("status", "severity", "message", "suggestion", "source", "details")
"""What a reader sees of a verdict beside its findings. A version alone changes no verdict."""

_Pair = tuple[Gate | None, Gate | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a gate's verdict for a document changes; findings are compared whatever their order.

    Attributes:
        old: The verdict before.
        new: The verdict now.
        fields: The names of what differs, other than findings.
        added: Findings that were not there before.
        removed: Findings that are not there any more.
    """

    old: Verdict
    new: Verdict
    fields: tuple[str, ...]
    added: tuple[Finding, ...]
    removed: tuple[Finding, ...]

    def to_dict(self) -> dict[str, object]:
        """The difference as plain data."""
        old, new = self.old.to_dict(), self.new.to_dict()
        return {
            "module": self.new.module,
            "gate": self.new.gate,
            "status": [self.old.status, self.new.status],
            "changed": {name: [old[name], new[name]] for name in self.fields},
            "added": [finding.to_dict() for finding in self.added],
            "removed": [finding.to_dict() for finding in self.removed],
        }


class _Output(Protocol):
    def gates(self, changes: Sequence[GateChange], same: int) -> None: ...
    def compared(self, document: InputDocument, found: Sequence[Difference]) -> None: ...
    def unreadable(self, error: DocumentReadError) -> None: ...
    def end(self) -> None: ...


def run(args: Namespace) -> int:
    """Compares the gates, then document by document their verdicts."""
    if args.files.count(STDIN) > 1:
        raise GatecoreError("- is named twice, but standard input can be read once; name it once")
    pairs = _pairs(_gates(args.old), _gates(args.new), args)
    olds = compiled(args, (old for old, new in pairs if old and new))
    news = compiled(args, (new for old, new in pairs if old and new))
    note_deprecated(news)
    changes, same = _changes(pairs)
    output = _output(args.format)
    output.gates(changes, same)
    code = FOUND if any(change.kind != "changed" for change in changes) else FINE
    for name in names_of(args.files):
        try:
            document = read_as_asked(name, args)
        except DocumentReadError as error:
            print(f"gatecore: error: {visible(str(error))}", file=sys.stderr)
            output.unreadable(error)
            code = UNREADABLE
            continue
        found = list(differences(olds.check(document.text), news.check(document.text)))
        output.compared(document, found)
        if found and code == FINE:
            code = FOUND
    output.end()
    return code


def _gates(name: str) -> tuple[Gate, ...]:
    """The gates that OLD or NEW names: what is there, else of a revision, else shipped ones."""
    if Path(name).exists():
        found = load_modules(Path(name))
    elif ":" in name:
        from gatecore.cli.revision import at_revision

        found = load_modules(at_revision(name))
    else:
        if name not in modules.names():
            raise GatecoreError(
                f"there is no gate file, folder or shipped module '{name}'; "
                f"shipped are {', '.join(modules.names())}"
            )
        found = (modules.load(name),)
    return tuple(gate for module in found for gate in module.gates)


def _pairs(olds: Sequence[Gate], news: Sequence[Gate], args: Namespace) -> list[_Pair]:
    one_each = len({gate.module for gate in olds}) == len({gate.module for gate in news}) == 1
    asked = {"tags": args.tags, "names": args.names}
    return list(
        paired(
            narrowed(olds, known=news, **asked),
            narrowed(news, known=olds, **asked),
            key=lambda gate: ("" if one_each else gate.module, gate.name),
        )
    )


def _changes(pairs: Sequence[_Pair]) -> tuple[list[GateChange], int]:
    """The gates whose files differ, and the number of the others."""
    changes = []
    for old, new in pairs:
        some = new or old
        if some is not None and (old is None or new is None or not _says_the_same(old, new)):
            versions = (gate.version if gate else None for gate in (old, new))
            changes.append(GateChange(some.module, some.name, *versions))
    return changes, len(pairs) - len(changes)


def _says_the_same(old: Gate, new: Gate) -> bool:
    return replace(old, module=new.module) == new


def differences(old: Report, new: Report) -> Iterator[Difference]:
    """The verdicts that differ between two reports of the same gates in the same order."""
    for before, after in zip(old.verdicts, new.verdicts, strict=True):
        fields = tuple(n for n in _FIELDS if getattr(before, n) != getattr(after, n))
        removed = _without(before.findings, after.findings)
        added = _without(after.findings, before.findings)
        if fields or removed or added:
            yield Difference(before, after, fields, added, removed)


def _without(some: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that the others lack. Which pattern found them does not matter."""
    left = Counter(map(_shown, others))
    missing = []
    for finding in some:
        if left[_shown(finding)]:
            left[_shown(finding)] -= 1
        else:
            missing.append(finding)
    return tuple(missing)


def _shown(finding: Finding) -> tuple[object, ...]:
    return finding.group, finding.type, finding.severity, finding.start, finding.end


def _output(form: str) -> _Output:
    if form == "json":
        return _JsonOutput()
    from gatecore.cli.output.diff_table import TableOutput

    return TableOutput()


class _JsonOutput:
    """One JSON object with a document a line. ASCII only, so any text survives any terminal."""

    def __init__(self) -> None:
        self._before = ""
        self._errors: list[dict[str, str]] = []

    def gates(self, changes: Sequence[GateChange], same: int) -> None:
        listed = [{"kind": change.kind, **change.to_dict()} for change in changes]
        opened = json_text({**head(), "gates": listed, "same": same})[:-1]
        sys.stdout.write(f'{opened}, "documents":[')

    def compared(self, document: InputDocument, found: Sequence[Difference]) -> None:
        plain = {
            **named(document.name),
            "notes": document.notes,
            "verdicts": [difference.to_dict() for difference in found],
        }
        sys.stdout.write(f"{self._before}\n{json_text(plain)}")
        self._before = ","

    def unreadable(self, error: DocumentReadError) -> None:
        self._errors.append({**named(error.name), "message": error.reason})

    def end(self) -> None:
        sys.stdout.write(f'\n],"errors":{json_text(self._errors)}}}\n')
