"""`Replays`: the gates of one host that are replayed, and how a call of one is answered."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from gatecore.hosts.host import Entry
from gatecore.hosts.replay.gate import NEW, RUN, GateReplay, ReplayCounts
from gatecore.patterns.document import Document

__all__ = ["NEW", "RUN", "Replays"]


class Replays:
    """The gates of one host.

    Args:
        audit_every: Each so manyth replayed result of a gate is compared; 0 for none.
    """

    def __init__(self, audit_every: int) -> None:
        self._audit_every = audit_every
        self._gates: dict[tuple[int, str], GateReplay] = {}

    def add(self, entry: Entry, function: Callable[..., Any]) -> None:
        """Knows a gate, or a function of a module, before its first call."""
        is_gate = entry.parameter is not None or isinstance(entry.owner, ModuleType)
        if is_gate and not entry.whole:
            key = (id(entry.owner), entry.name)
            if key not in self._gates:
                self._gates[key] = GateReplay(entry.label, function, self._audit_every)

    def renew_locks(self) -> None:
        """In a forked child."""
        for gate in self._gates.values():
            gate.renew_lock()

    def walk(
        self, entry: Entry, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        """The result of a gate that is called within another entry; `RUN` or `NEW`."""
        gate = self._gates.get((id(entry.owner), entry.name))
        if gate is None or not args or type(args[0]) is not Document:
            return RUN
        found = gate.walk(args, kwargs, is_within=True)
        if found is not RUN and found is not NEW and gate.is_due():
            gate.audit(found, function, args, kwargs)
        return found

    def call(
        self,
        entry: Entry,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Any,
        known: Any,
    ) -> Any:
        """The result of a call; `known` is what `walk` gave for it, `None` if it was not asked."""
        gate = self._gates.get((id(entry.owner), entry.name))
        if gate is None or not args or type(args[0]) is not Document:
            return function(*args, **kwargs)
        if known is None:
            known = gate.walk(args, kwargs)
        if known is NEW:
            gate.ran()
            return gate.follow(function, args, kwargs)
        if known is RUN:
            gate.ran()
            return function(*args, **kwargs)
        if gate.is_due():
            gate.audit(known, function, args, kwargs)
        return known

    def counts(self) -> dict[str, ReplayCounts]:
        """What replaying each came to."""
        return {gate.label: gate.counts() for gate in self._gates.values()}

    def walked(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Calls of each that ended in the core within others, and what they asked."""
        return {gate.label: gate.walked() for gate in self._gates.values()}
