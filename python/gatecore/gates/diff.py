"""What changes between two versions of gates: the gates, and their verdicts for documents.

OLD ─▶ gates ┐ paired by module and name   document ─▶ old and new verdicts ─▶ differences
NEW ─▶ gates ┘ (one module each: by name)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatecore.errors import GatecoreError
from gatecore.gates.files import shipped
from gatecore.gates.files.sources import load_modules
from gatecore.gates.narrow import narrow
from gatecore.gates.reload import GateChange, paired
from gatecore.gates.spec import Gate

if TYPE_CHECKING:
    from gatecore.gates.findings import Finding
    from gatecore.gates.report import Report, Verdict

__all__ = ["Difference", "GateVersions", "differences", "gates_of", "pair_versions"]

_FIELDS: Final = ("status", "severity", "message", "suggestion", "source", "details")
"""What a reader sees of a verdict beside its findings. A version alone changes no verdict."""


@dataclass(frozen=True, slots=True)
class GateVersions:
    """Two versions of some gates.

    Attributes:
        old: The gates that are in both versions, as they were.
        new: The same gates in the same order, as they are.
        changes: The gates whose files differ, those that came and those that went.
        same: How many say the same in both.
    """

    old: tuple[Gate, ...]
    new: tuple[Gate, ...]
    changes: tuple[GateChange, ...]
    same: int


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


def gates_of(version: str) -> tuple[Gate, ...]:
    """The gates of a version: of a file or folder, else of `REVISION:PATH`, else shipped ones.

    >>> gates_of("gdpr_uk")[0].name
    'automated_decisions'

    Raises:
        GateFileError: The first gate file that cannot be used.
        GatecoreError: There is no such file, revision or module.
    """
    if Path(version).exists():
        found = load_modules(Path(version))
    elif ":" in version:
        from gatecore.gates.files.revision import at_revision

        found = load_modules(at_revision(version))
    else:
        if version not in shipped.names():
            raise GatecoreError(
                f"there is no gate file, folder or shipped module '{version}'; "
                f"shipped are {', '.join(shipped.names())}"
            )
        found = (shipped.load(version),)
    return tuple(gate for module in found for gate in module.gates)


def pair_versions(
    old: Sequence[Gate],
    new: Sequence[Gate],
    *,
    tags: Sequence[str] = (),
    names: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> GateVersions:
    """Two versions gate by gate, of some tags and names only if any are given.

    Where both versions are one module each, its name may differ.

    >>> gates = gates_of("gdpr_uk")
    >>> pair_versions(gates, gates[1:], names=[gates[0].name]).changes[0].kind
    'removed'

    Raises:
        GatecoreError: A tag or name that no gate has.
    """
    one_each = len({gate.module for gate in old}) == len({gate.module for gate in new}) == 1
    pairs = list(
        paired(
            narrow(old, known=new, tags=tags, names=names, skip=skip),
            narrow(new, known=old, tags=tags, names=names, skip=skip),
            key=lambda gate: ("" if one_each else gate.module, gate.name),
        )
    )
    changes = [
        GateChange.between(before, after)
        for before, after in pairs
        if not (before and after and replace(before, module=after.module) == after)
    ]
    both = [(before, after) for before, after in pairs if before and after]
    return GateVersions(
        tuple(before for before, _ in both),
        tuple(after for _, after in both),
        tuple(changes),
        len(pairs) - len(changes),
    )


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
    left = Counter(map(_seen, others))
    missing = []
    for finding in some:
        if left[_seen(finding)]:
            left[_seen(finding)] -= 1
        else:
            missing.append(finding)
    return tuple(missing)


def _seen(finding: Finding) -> tuple[object, ...]:
    return finding.group, finding.type, finding.severity, finding.start, finding.end
