r"""`GateReplay`: one gate, followed way by way, and walked in the core.

    walk ─▶ the result   as often as the way is known
         ─▶ RUN          the gate's own Python has to run
         ─▶ NEW          its Python runs, the way is followed, and both are compared

A way that was followed is trusted once the gate's own Python gave the same for two documents.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any, Final, Protocol

from gatecore._gatecore import CoreReplay
from gatecore.errors import ReplayError
from gatecore.hosts.replay.frames import EndedError
from gatecore.hosts.replay.freezing import checked, result
from gatecore.hosts.replay.machine import RUN, Machine, MergeError
from gatecore.hosts.replay.operations import evaluate
from gatecore.hosts.replay.readings import Readings, source_of
from gatecore.hosts.replay.values import ATOMS, Expr, Expressions, Self, UnclearError, View
from gatecore.patterns.document import Document

__all__ = ["NEW", "RUN", "GateReplay", "ReplayCounts", "Walked", "same"]

#: The gate's own Python has to run, and the way can be followed, or its result compared.
NEW: Final = ...

#: Who counts what a walk asks: somebody else, the call around it, or nobody.
_UNCOUNTED: Final = 0
_WITHIN: Final = 1
_OUTERMOST: Final = 2

#: Nodes of a tree, expressions, ways that are followed, and trees (one for each kind of document).
_MOST_NODES: Final = 2_000
_MOST_EXPRESSIONS: Final = 20_000
_MOST_WAYS: Final = 16
_MOST_TREES: Final = 16
#: Calls of a gate before it is followed, which takes some 5 ms a way: who checks one document
#: only does not pay for it.
_FOLLOWED_AFTER: Final = 2
#: How often what a gate reads of its host may change.
_MOST_CHANGES: Final = 8
#: Calls after which it is asked whether at least one in four is replayed.
_JUDGED: Final = 256


@dataclass(frozen=True)
class ReplayCounts:
    """What replaying a gate came to.

    Attributes:
        replayed: Calls whose result came from the core.
        run: Calls for which the gate's own Python ran.
        nodes: Nodes of its trees.
        ways: Ways that were followed to their end.
        reasons: Why ways could not be followed, and how many.
        audited: Replayed results that were compared with what its Python gives.
        refused: Why the gate is not replayed at all; `None` if it is.
    """

    replayed: int
    run: int
    nodes: int
    ways: int
    reasons: dict[str, int]
    audited: int
    refused: str | None


@dataclass(frozen=True)
class Walked:
    """Calls that ended in the core, and what was asked in walks, in the order of `thread_counts`.

    Attributes:
        calls: How many.
        within: Asked in calls within others, which count it in the host's total.
        outermost: Asked in other calls.
    """

    calls: int
    within: tuple[int, ...] = ()
    outermost: tuple[int, ...] = ()


class Documents(Protocol):
    """Gives the document of a text."""

    def last_document(self, text: str) -> Document:
        """The document; the same for the same text object."""


class _Tree:
    """What is walked for one kind of document."""

    def __init__(self) -> None:
        self.core = CoreReplay()
        self.expressions = Expressions(self.core, _MOST_EXPRESSIONS)
        self.readings = Readings(self.core)


class GateReplay:
    """One gate and its trees. Safe to share between threads."""

    def __init__(self, label: str, check: Callable[..., Any], audit_every: int) -> None:
        self.label = label
        self.refused: str | None = None
        self._lock = threading.Lock()
        self._trees: dict[Any, _Tree] = {}
        self._dropped: list[tuple[Any, ...]] = []
        self._check = check
        self._audit_every = audit_every
        self._audited = 0
        self._until_audit = audit_every
        self._run = 0
        self._ways = 0
        self._changes = 0
        self._reasons: Counter[str] = Counter()
        self._keyed = False
        self._names: tuple[str, ...] = ()
        try:
            self._function, self._gate = _parts(check)
            code = self._function.__code__
            self._names = code.co_varnames[: code.co_argcount][self._gate is not None :]
            self._keyed = bool(source_of(self._function).read & set(self._names[1:]))
        except UnclearError as error:
            self.refused = str(error)
        if not self._names and self.refused is None:
            self.refused = "it takes no text"

    def renew_lock(self) -> None:
        """A thread that held it at a fork is not there in the child to let it go."""
        self._lock = threading.Lock()

    def replayed(
        self, documents: Documents, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int
    ) -> Any:
        """The result of a call that nobody else counts; `RUN` or `NEW`.

        Args:
            documents: Gives the document of a text that comes from outside.
            args: Its arguments, of which the first is the text.
            kwargs: The others.
            depth: Whether it is a call within another one of the host.

        Raises:
            ReplayError: An audit was due, and found another result.
        """
        if self.refused is not None or not args:
            return RUN
        text = args[0]
        if type(text) is Document:
            document = text
        elif not depth and type(text) is str:
            document = documents.last_document(text)
        else:
            return RUN
        found = self._walk(document, args, kwargs, _WITHIN if depth else _OUTERMOST)
        if self._audit_every and found is not RUN and found is not NEW:
            self._audit(found, document, args, kwargs)
        return found

    def call(
        self,
        gate: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        known: Any = None,
    ) -> Any:
        """The result of a call with a document: replayed, or as the gate's own Python gives it.

        `known` is what it was found to be before.
        """
        if known is None:
            known = RUN if self.refused else self._walk(args[0], args, kwargs, _UNCOUNTED)
            if known is not RUN and known is not NEW:
                if self._audit_every:
                    self._audit(known, args[0], args, kwargs)
                return known
        self._run += 1
        is_due = self._run % _JUDGED == 0 and self.refused is None
        if is_due and self.counts().replayed * 3 < self._run:
            self.refused = "hardly any of its calls can be replayed"
        found = gate(*args, **kwargs)
        if known is NEW and self._lock.acquire(blocking=False):
            try:
                self._follow(args, kwargs, found)
            except Exception as error:  # a mistake here is no concern of the host
                self.refused = f"following it failed: {error!r:.200}"
            finally:
                self._lock.release()
        return found

    def _walk(
        self, document: Document, args: tuple[Any, ...], kwargs: dict[str, Any], place: int
    ) -> Any:
        is_plain = not self._keyed and not kwargs
        tree = self._trees.get(len(args) if is_plain else self._key(args, kwargs))
        found = NEW if tree is None else tree.core.walk(document, place)
        if found is NEW and self._run < _FOLLOWED_AFTER:
            return RUN
        return found

    def _key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a tree depends on beside the document."""
        if not self._keyed:
            return (len(args), *sorted(kwargs)) if kwargs else len(args)
        rest: list[tuple[Any, type[Any], Any]] = [
            (place, type(one), one) for place, one in enumerate(args[1:])
        ]
        rest += [(name, type(one), one) for name, one in sorted(kwargs.items())]
        # Not `float`: zero has two signs, and they are equal.
        if all(kind in ATOMS and kind is not float for _, kind, _ in rest):
            return tuple(rest)
        return None

    def _audit(
        self, replayed: Any, document: Document, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Compares each so manyth replayed result with what the gate's own Python gives."""
        self._until_audit -= 1
        if self._until_audit > 0:
            return
        self._until_audit = self._audit_every
        self._audited += 1
        try:
            ran = self._check(document, *args[1:], **kwargs)
        except Exception as error:
            ran = error
        if not same(replayed, ran):
            self.refused = "an audit found another result"
            raise ReplayError(
                f"{self.label}: replayed {replayed!r:.500}, its own Python gives {ran!r:.500}"
            )

    def _follow(self, args: tuple[Any, ...], kwargs: dict[str, Any], found: Any) -> None:
        key, document = self._key(args, kwargs), args[0]
        given = {**dict(zip(self._names, args, strict=False)), **kwargs}
        if key is None or not given.keys() <= set(self._names) or type(document) is not Document:
            self._reasons["it was called with arguments that are no plain values"] += 1
            return
        tree = self._trees.get(key)
        if tree is not None and not tree.core.holds():
            self._drop(key)
            tree = None
        if tree is None:
            if len(self._trees) >= _MOST_TREES or self._changes > _MOST_CHANGES:
                self._reasons["what it reads of its host, or its arguments, keeps changing"] += 1
                self._ways = _MOST_WAYS
                return
            tree = self._trees[key] = _Tree()
        replayed = tree.core.verify(document)
        if replayed is RUN:
            return
        if replayed is not NEW:
            if same(replayed, found):
                tree.core.trust(document)
            else:
                self.refused = f"replayed it gives {replayed!r:.200} in place of {found!r:.200}"
            return
        if self._ways < _MOST_WAYS:
            self._ways += 1
            self._grow(tree, document, given)
            replayed = tree.core.verify(document)
            if replayed is not NEW and replayed is not RUN and same(replayed, found):
                tree.core.trust(document)

    def _grow(self, tree: _Tree, document: Document, given: dict[str, Any]) -> None:
        """Follows the way of a document, and adds it to the tree."""

        def holds(condition: Expr) -> bool:
            return tree.core.evaluate(document, condition.number)

        machine = Machine(
            tree.expressions, tree.readings, holds, evaluate, lambda one, end: self._leaf(one, end)
        )
        self_name = () if self._gate is None else (self._function.__code__.co_varnames[0],)
        arguments: dict[str, Any] = dict.fromkeys(self_name, Self(self._gate))
        rest = {name: value for name, value in given.items() if name != self._names[0]}
        # What nobody reads is not part of the tree's key either.
        arguments |= rest if self._keyed else dict.fromkeys(rest)
        arguments[self._names[0]] = View(0)
        try:
            end = self._leaf(machine, machine.call(self._function, arguments))
        except EndedError:
            end = None
        except (UnclearError, MergeError) as error:
            end = self._unclear(error)
            if not machine.steps:
                self.refused = next(reversed(self._reasons))
        except Exception as error:
            # A deadline that was exceeded, or a mistake here: the gate's Python has answered.
            self._reasons[f"following it raised {error!r:.200}"] += 1
            self._ways += _MOST_WAYS // 4
            return
        steps = [(step.condition.number, step.side, *_node(step.leaf)) for step in machine.steps]
        if not tree.core.grow(steps, *_node(end), _MOST_NODES):
            self._reasons["its tree is full"] += 1
            self._ways = _MOST_WAYS

    def _unclear(self, error: Exception) -> Any:
        self._reasons[str(error) or "conditions within conditions are not followed"] += 1
        return RUN

    def _leaf(self, machine: Machine, value: Any) -> Any:
        """A result as a leaf: what has to be checked, and the result."""
        try:
            end = result(machine, value).number
            return [expression.number for expression in checked(machine)], end
        except UnclearError as error:
            return self._unclear(error)

    def _drop(self, key: Any) -> None:
        self._changes += 1
        self._dropped.append(self._trees.pop(key).core.counted())

    def _counted(self) -> list[tuple[Any, ...]]:
        return [*self._dropped, *(tree.core.counted() for tree in list(self._trees.values()))]

    def walked(self) -> Walked:
        """Calls that ended in the core, and what was asked in all walks."""
        rows = self._counted()
        within, outermost = (
            tuple(map(sum, zip(*(row[column] for row in rows), strict=True))) for column in (2, 3)
        )
        return Walked(sum(row[1] for row in rows), within, outermost)

    def counts(self) -> ReplayCounts:
        """What it came to so far."""
        rows = self._counted()
        return ReplayCounts(
            replayed=sum(row[0] for row in rows),
            run=self._run,
            nodes=sum(tree.core.counted()[4] for tree in list(self._trees.values())),
            ways=self._ways,
            reasons=dict(self._reasons),
            audited=self._audited,
            refused=self.refused,
        )


def _node(leaf: Any) -> tuple[int, Any]:
    """A leaf as the core takes it: 0 for none, 1 for the gate's own Python, 2 for a result."""
    if leaf is None:
        return 0, None
    return (1, None) if leaf is RUN else (2, leaf)


def _parts(check: Callable[..., Any]) -> tuple[FunctionType, Any]:
    """A gate's function, and the gate if it is a method."""
    if isinstance(check, MethodType) and isinstance(check.__func__, FunctionType):
        if not hasattr(check.__self__, "__dict__") or isinstance(check.__self__, type):
            raise UnclearError("its object has no __dict__")
        return check.__func__, check.__self__
    if isinstance(check, FunctionType):
        return check, None
    raise UnclearError("it is not a plain function or method")


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal, types and the order of keys included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)
