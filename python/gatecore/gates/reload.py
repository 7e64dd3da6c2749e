"""What `GateSet.load` remembers and `GateSet.reload` answers.

Origin.read() ─▶ gates as their files are now ─▶ compiled ─▶ swapped in by one assignment
                 └──────────── changes(old, new) ─▶ Reloaded
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gatecore.gates.files.sources import load_gates
from gatecore.gates.spec import Gate
from gatecore.text import plural

if TYPE_CHECKING:
    from gatecore.patterns.set import Backend
    from gatecore.patterns.store import PatternStore

__all__ = ["GateChange", "Origin", "Reloaded", "changes", "paired"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a gate set was read from and how it was compiled.

    `lock` lets one reload at a time read and swap, so that the last to be asked is the last to win.
    """

    paths: tuple[str, ...]
    shipped: tuple[str, ...]
    backend: Backend
    store: PatternStore | None
    lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        # With a lock of its own.
        return Origin, (self.paths, self.shipped, self.backend, self.store)

    def read(self) -> tuple[Gate, ...]:
        """The gates as their files are now. Raises as `load_gates`."""
        return load_gates(self.paths, shipped=self.shipped)


@dataclass(frozen=True, slots=True)
class GateChange:
    """A gate that is not what it was.

    Attributes:
        module: The name of its module.
        gate: Its name.
        old: The version it had; `None` if it was not there.
        new: The version it has; `None` if it is not there any more.

    >>> str(GateChange("house", "no_risk", 1, 2)), str(GateChange("house", "no_risk", 2, 2))
    ('house/no_risk 1 → 2', 'house/no_risk 2 (same version; raise `version`)')
    """

    module: str
    gate: str
    old: int | None
    new: int | None

    @classmethod
    def between(cls, old: Gate | None, new: Gate | None) -> GateChange:
        """The change from a gate to its later self, of which one may not be there."""
        there = new or old
        assert there is not None
        versions = (gate.version if gate else None for gate in (old, new))
        return cls(there.module, there.name, *versions)

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What happened to it."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"

    def to_dict(self) -> dict[str, object]:
        """The change as plain data."""
        return {"module": self.module, "gate": self.gate, "old": self.old, "new": self.new}

    def __str__(self) -> str:
        name = f"{self.module}/{self.gate}"
        if self.old == self.new:
            return f"{name} {self.new} (same version; raise `version`)"
        return f"{name} {' → '.join(str(v) for v in (self.old, self.new) if v is not None)}"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What `GateSet.reload` changed; false when nothing.

    Attributes:
        changes: Every gate that is not what it was, in the order of the new gates.

    >>> reloaded = Reloaded((GateChange("house", "no_risk", 1, 2),))
    >>> bool(reloaded), reloaded.changed[0].gate, str(reloaded)
    (True, 'no_risk', '1 gate changed: house/no_risk 1 → 2')
    """

    changes: tuple[GateChange, ...] = ()

    @property
    def added(self) -> tuple[GateChange, ...]:
        """Gates that were not there before."""
        return tuple(change for change in self.changes if change.kind == "added")

    @property
    def removed(self) -> tuple[GateChange, ...]:
        """Gates that are not there any more."""
        return tuple(change for change in self.changes if change.kind == "removed")

    @property
    def changed(self) -> tuple[GateChange, ...]:
        """Gates that say something else in their files; comments and places do not count."""
        return tuple(change for change in self.changes if change.kind == "changed")

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        kinds = {"added": self.added, "removed": self.removed, "changed": self.changed}
        parts = [
            f"{plural(len(some), 'gate')} {kind}: {', '.join(map(str, some))}"
            for kind, some in kinds.items()
            if some
        ]
        return "; ".join(parts) or "no gate changed"


def changes(old: Iterable[Gate], new: Iterable[Gate]) -> tuple[GateChange, ...]:
    """The gates that differ, in the order of the new ones, then those that are gone."""
    pairs = paired(old, new)
    return tuple(GateChange.between(*pair) for pair in pairs if pair[0] != pair[1])


def _identity(gate: Gate) -> tuple[str, ...]:
    return gate.module, gate.name


def paired(
    old: Iterable[Gate],
    new: Iterable[Gate],
    *,
    key: Callable[[Gate], tuple[str, ...]] = _identity,
) -> Iterator[tuple[Gate | None, Gate | None]]:
    """Each gate beside its former self, in the order of the new ones, then those that are gone."""
    olds, news = _numbered(old, key), _numbered(new, key)
    for name, gate in news.items():
        yield olds.get(name), gate
    for name, gate in olds.items():
        if name not in news:
            yield gate, None


def _numbered(
    gates: Iterable[Gate], key: Callable[[Gate], tuple[str, ...]]
) -> dict[tuple[tuple[str, ...], int], Gate]:
    seen: Counter[tuple[str, ...]] = Counter()
    found = {}
    for gate in gates:
        name = key(gate)
        found[name, seen[name]] = gate
        seen[name] += 1
    return found
