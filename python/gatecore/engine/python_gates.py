"""Python gates: found in whatever shape hosts have them, asked one after the other, failing alone.

Their modules are accelerated (`hosts.acceleration`) and they get a `Document`, so that what they
ask of `re` comes from one pass; their answers are those of `re`. Where that is refused they get the
text, and `refused` says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakKeyDictionary

from gatecore._gatecore import Deadline
from gatecore.engine.answers import Answered, failed, read_answer, unfinished
from gatecore.engine.hands import Hands
from gatecore.engine.options import EngineOptions
from gatecore.engine.plain import shown, whole
from gatecore.engine.registry import GateInfo
from gatecore.engine.report import GateResult
from gatecore.errors import GatecoreError
from gatecore.gates.counters import GateCounters
from gatecore.hosts.acceleration import Acceleration, accelerate
from gatecore.patterns.store import PatternStore

__all__ = ["Accelerated", "PythonGates", "PythonModule", "modules_in"]

#: The module of gates that were given without one.
_ALONE: Final = "python"


@dataclass(frozen=True, eq=False)
class PythonModule:
    """A module of Python gates.

    Attributes:
        key: Its name in reports.
        name: What it calls itself.
        version: Its version.
        gates: Its gates and what is known of each, by name.
    """

    key: str
    name: str
    version: str
    gates: Mapping[str, tuple[Any, GateInfo]]


def modules_in(given: Any) -> Iterator[PythonModule]:
    """The modules of Python gates in what a user gave.

    That is a mapping from names to modules; a module is an object with `gates`, or these gates: a
    mapping from names to gates, a list, or one gate. One gate and a list of gates will do as well.

    Raises:
        GatecoreError: Something in it has no `check`, or is a class.
    """
    if given is None:
        return
    if not isinstance(given, Mapping) and isinstance(getattr(given, "modules", None), Mapping):
        given = given.modules  # an engine
    if isinstance(given, Mapping) and not any(map(_is_gate, given.values())):
        for key, module in list(given.items()):
            yield _module(str(key), module)
        return
    listed = given if isinstance(given, list | tuple) else [given]
    alone = [one for one in listed if _is_gate(one)]
    if isinstance(given, Mapping) or len(alone) == len(listed):
        yield _module(_ALONE, given)
        return
    for one in listed:
        name = getattr(one, "name", None)
        yield _module(name if isinstance(name, str) and name else type(one).__name__, one)


def _module(key: str, module: Any) -> PythonModule:
    is_object = not isinstance(module, Mapping | list | tuple) and not _is_gate(module)
    gates = getattr(module, "gates", None) if is_object else module
    if gates is None:
        raise GatecoreError(
            f"module {key!r} is {type(module).__name__} without gates; give an object with `gates`,"
            " or a mapping from names to gates"
        )
    if isinstance(gates, Mapping):
        named = [(str(name), gate) for name, gate in list(gates.items())]
    else:
        each = [gates] if _is_gate(gates) else list(gates)
        named = [(_short(gate), gate) for gate in each]
    key = whole(key)
    metadata = _metadata(module) if is_object else {}
    found: dict[str, tuple[Any, GateInfo]] = {}
    for name, gate in named:
        name = whole(name)
        if not _is_gate(gate):
            what = "a class; give an object of it" if isinstance(gate, type) else "without check()"
            raise GatecoreError(f"gate {key}/{name} is {type(gate).__name__}, {what}")
        if name in found:
            raise GatecoreError(f"two gates are called {key}/{name}; give them names of their own")
        found[name] = gate, _info(key, name, gate, metadata.get(name))
    title = _text_of(module, "name", key) if is_object else key
    return PythonModule(key, title, _text_of(module, "version", "1.0.0"), found)


def _metadata(module: Any) -> Mapping[str, Any]:
    """What a host's module knows of its gates beside them, if it says so."""
    ask = getattr(module, "gate_metadata", None)
    try:
        known = ask() if callable(ask) else {}
    except Exception:  # that is for show; the gates do not depend on it
        return {}
    return known if isinstance(known, Mapping) else {}


def _info(module: str, name: str, gate: Any, metadata: Any) -> GateInfo:
    known: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    tags = known.get("tags") or getattr(gate, "tags", None) or ()
    return GateInfo(
        module,
        name,
        _text_of(gate, "version", shown(known.get("version") or "1.0.0")),
        _text_of(gate, "legal_source", shown(known.get("legal_reference") or "Unknown")),
        _text_of(gate, "severity", "medium"),
        tuple(map(shown, tags)) if isinstance(tags, list | tuple | set | frozenset) else (),
        "python",
    )


def _is_gate(value: Any) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "check", None))


def _short(gate: Any) -> str:
    name = getattr(gate, "name", None)
    return name if isinstance(name, str) and name else type(gate).__name__


def _text_of(value: Any, name: str, default: str) -> str:
    said = getattr(value, name, None)
    return shown(said) if said not in (None, "") else default


class Accelerated:
    """Python gates' modules, accelerated as long as an engine wants them to be.

    Attributes:
        refused: Why they are not accelerated; empty if they are.
    """

    #: How many engines share each handle: two of the same gates get the same one.
    _users: Final[WeakKeyDictionary[Acceleration, int]] = WeakKeyDictionary()
    _lock: Final = threading.Lock()

    def __init__(self, gates: Sequence[Any], store: PatternStore | None) -> None:
        self._handle: Acceleration | None = None
        self.refused: tuple[str, ...] = ()
        if not gates:
            return
        try:
            with self._lock:
                handle = accelerate(list(gates), store=store, keep=store is not None)
                self._users[handle] = self._users.get(handle, 0) + 1
                self._handle = handle
            if not handle.takes_documents:
                self.refused = tuple(handle.explain().left)
        except Exception as error:  # a host's objects may raise anything when they are looked at
            self.refused = (f"{type(error).__name__}: {shown(error, 1_000)}",)

    @property
    def handle(self) -> Acceleration | None:
        """The handle, with `stats` and `explain`; None if there is none."""
        return self._handle

    def ask(self, text: str, work: Callable[[str], None]) -> None:
        """Calls a function with the text as a document, if the host takes documents."""
        handle = self._handle
        if handle is None or not handle.takes_documents:
            work(text)
            return
        document = handle.document(text)
        try:
            work(document)
        finally:
            handle.finish(document)

    def close(self) -> None:
        """Puts everything back, unless another engine needs it."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is None:
                return
            left = self._users.get(handle, 1) - 1
            if left > 0:
                self._users[handle] = left
                return
            self._users.pop(handle, None)
        handle.restore()


class _Tally:
    """What was counted of Python gates. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}
        self._statuses: dict[str, dict[str, int]] = {}

    def add(self, counted: Iterable[tuple[str, str, float]]) -> None:
        """Adds a document: of each gate its name, status and seconds."""
        with self._lock:
            for name, status, seconds in counted:
                self._seconds[name] = self._seconds.get(name, 0.0) + seconds
                statuses = self._statuses.setdefault(name, {})
                statuses[status] = statuses.get(status, 0) + 1

    def of(self, names: Iterable[str]) -> dict[str, GateCounters]:
        with self._lock:
            found = {}
            for name in names:
                statuses = dict(self._statuses.get(name, {}))
                counted = MappingProxyType(statuses)
                seconds = self._seconds.get(name, 0.0)
                found[name] = GateCounters(sum(statuses.values()), seconds, counted)
            return found


@dataclass(frozen=True, eq=False)
class PythonGates:
    """Gates that are asked about documents, and counted."""

    accelerated: Accelerated
    hands: Hands
    options: EngineOptions
    _tally: _Tally = field(default_factory=_Tally)

    def counters(self, infos: Iterable[GateInfo]) -> dict[str, GateCounters]:
        """What was counted of these gates, as `module/gate`.

        The seconds of a gate that overran a deadline are not known, and those of gates whose
        documents are scanned when they first ask have that scan in them.
        """
        return self._tally.of(info.name for info in infos)

    def judge(
        self,
        gates: Sequence[tuple[Any, GateInfo]],
        text: str,
        document_type: str,
        until: Deadline | None,
    ) -> list[GateResult]:
        """The result of each gate, in order. Raises only what is not an `Exception`.

        Without a deadline they are asked in this thread. With one, in another that is left behind
        when the time is over: what it was at and what comes after is UNKNOWN.
        """
        if not gates:
            return []
        answers: list[Answered] = []
        ends: list[float] = []  # one more than answers, as each end is the next beginning

        def ask_all(document: str) -> None:
            ends.append(time.perf_counter())
            for gate, _ in gates:
                if until is not None and until.is_over:
                    return
                answer = self._ask(gate, document, document_type)
                ends.append(time.perf_counter())
                answers.append(answer)

        if until is None:
            self.accelerated.ask(text, ask_all)
            taken = answers
            why = ""
        elif until.is_over:
            taken, why = [], _over(until)
        elif self.hands.are_full:
            taken = []
            why = (
                f"{self.hands.abandoned} threads with gates that overran their deadline still run,"
                " and no more may be left behind (EngineOptions.max_abandoned_threads)"
            )
        else:
            self.hands.run(lambda: self.accelerated.ask(text, ask_all), until)
            taken = answers[:]  # a thread that was left behind may still add to it
            why = _over(until)
        results = [_result(info, said) for (_, info), said in zip(gates, taken, strict=False)]
        left = gates[len(taken) :]
        results += [_result(info, unfinished(info.severity, why)) for _, info in left]
        took = [end - begun for begun, end in pairwise(ends[: len(taken) + 1])]
        took += [0.0] * len(left)
        self._tally.add(
            (info.name, result.status, seconds)
            for (_, info), result, seconds in zip(gates, results, took, strict=True)
        )
        return results

    def _ask(self, gate: Any, document: str, document_type: str) -> Answered:
        try:
            answer = gate.check(document, document_type)
        except Exception as error:
            return failed(error, self.options)
        try:
            return read_answer(answer, self.options)
        except Exception as error:  # nothing known comes here; a report must not break by it
            return failed(error, self.options)


def _over(until: Deadline) -> str:
    return "it was cancelled" if until.is_cancelled else "the deadline passed"


def _result(info: GateInfo, said: Answered) -> GateResult:
    fields: Answered = {
        "gate": info.gate,
        "version": info.version,
        "legal_source": info.legal_source,
    }
    return GateResult(**(fields | said))
