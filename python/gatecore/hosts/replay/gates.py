"""`Replays`: the gates of one host that are replayed, and how a call of one is answered."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from gatecore.hosts.host import Entry
from gatecore.hosts.replay.gate import NEW, RUN, GateReplay, ReplayCounts, Walked
from gatecore.patterns.document import Document

__all__ = ["NEW", "RUN", "Replays"]


class Replays:
    """The gates of one host.

    Args:
        audit_every: Each so manyth replayed result of a gate is compared; 0 for none.
    """

    def __init__(self, audit_every: int) -> None:
        self._audit_every = audit_every
        self._gates: dict[Callable[..., Any], GateReplay] = {}
        self._by_place: dict[tuple[int, str], GateReplay] = {}

    def add(self, entry: Entry, door: Callable[..., Any]) -> None:
        """Knows a gate, or a module's function, by what stands in its place."""
        is_gate = entry.parameter is not None or isinstance(entry.owner, ModuleType)
        place = (id(entry.owner), entry.name)
        if is_gate and not entry.whole and place not in self._by_place:
            function = door.__wrapped__  # type: ignore[attr-defined]
            gate = GateReplay(entry.label, function, self._audit_every)
            self._by_place[place] = gate
            if entry.parameter is not None:
                self._gates[door] = gate

    def renew_locks(self) -> None:
        """In a forked child."""
        for gate in self._by_place.values():
            gate.renew_lock()

    def get(self, door: Callable[..., Any]) -> GateReplay | None:
        """The gate that is called through a function."""
        return self._gates.get(door)

    def call(
        self,
        entry: Entry,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        known: Any,
    ) -> Any:
        """The result of a call; `known` is what it was found to be before, if anybody looked."""
        gate = self._by_place.get((id(entry.owner), entry.name))
        if gate is None or not args or type(args[0]) is not Document:
            return function(*args, **kwargs)
        return gate.call(function, args, kwargs, known)

    def counts(self) -> dict[str, ReplayCounts]:
        """What replaying each came to."""
        return {gate.label: gate.counts() for gate in self._by_place.values()}

    def walked(self) -> dict[str, Walked]:
        """Calls of each that ended in the core, and what they asked."""
        return {gate.label: gate.walked() for gate in self._by_place.values()}
