"""Hosts of LOKI's shape: an engine with modules, modules with gates, gates with `check`.

    engine.check_document(text, document_type, active_modules)
      ├─ engine.modules[name].execute(text, …)  ─▶  .gates[name].check(text, …)
      └─ detectors: objects and functions that the engine's Python module imports

Hosts are recognised by these names alone, so that an engine of another name, or a part of one, is
as welcome. What is known beyond: detectors are asked twice about each document, one of them
compares all pairs of sentences, and the asynchronous engine starts a pool of threads for each
module, although gates hold the interpreter's lock.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from types import FunctionType, ModuleType
from typing import Any, Final

from gatecore.hosts.host import Change, Entry, Host, is_host_module, module_of
from gatecore.hosts.loki.inline_executor import inlined, whole_document
from gatecore.hosts.loki.sentence_pairs import faster
from gatecore.hosts.patching import is_ours
from gatecore.patterns.document import Document

__all__ = ["is_engine", "recognise", "writes_nothing"]

#: Detectors that the engines ask twice about each document.
_ASKED_TWICE: Final = ("detect_contradictions", "detect_hallucination_markers")

_ATOMS: Final = frozenset((str, int, float, bool, type(None)))


def recognise(target: Any) -> Host | None:
    """The host that a target is; `None` if it does not have this shape."""
    engines, modules, gates = [], [], []
    for one in _listed(target):
        if is_engine(one):
            engines.append(one)
        elif _is_module(one):
            modules.append(one)
        elif _is_gate(one):
            gates.append(one)
        else:
            return None
    if not engines and not modules and not gates:
        return None
    named: list[tuple[str, Any]] = []
    for engine in engines:
        for name, module in list(engine.modules.items()):
            named += _gates_of(module, str(name))
    for module in modules:
        named += _gates_of(module, _short(module))
    named += [(_short(gate), gate) for gate in gates]
    name = ", ".join(
        f"{len(some)} {what}{'s' * (len(some) != 1)}"
        for some, what in ((engines, "engine"), (modules, "module"), (named, "gate"))
        if some
    )
    host = Host(name)
    objects = [gate for _, gate in named]
    for engine in engines:
        objects += [engine, *_detectors(engine)]
        host.entries.append(
            Entry(engine, "check_document", "check_document", "text", counted=False, whole=True)
        )
        for detector in _detectors(engine):
            _once(host, detector)
        _without_threads(host, engine)
    for label, gate in named:
        if hasattr(gate, "__dict__"):
            host.entries.append(Entry(gate, "check", label, "text"))
        else:
            host.left.append(f"{label}: it has no __dict__, so that its calls are not counted")
    host.holders = _each(one for one in objects if hasattr(one, "__dict__"))
    host.modules = _modules(objects)
    host.shape, host.shape_now = _shape(target), partial(_shape, target)
    host.whole_document = whole_document
    return host


def _shape(target: Any) -> tuple[int, ...]:
    """Which gates there are; cheap enough to ask for each document."""
    found: list[int] = []
    for one in _listed(target):
        for module in list(one.modules.values()) if is_engine(one) else [one]:
            gates = getattr(module, "gates", ())
            found.append(id(module))
            found += map(id, list(gates.values()) if isinstance(gates, Mapping) else list(gates))
    return tuple(found)


def _listed(target: Any) -> list[Any]:
    return list(target) if isinstance(target, list | tuple | set | frozenset) else [target]


def is_engine(value: Any) -> bool:
    """Whether a value has an engine's names."""
    modules = getattr(value, "modules", None)
    return callable(getattr(value, "check_document", None)) and isinstance(modules, Mapping)


def _is_module(value: Any) -> bool:
    gates = getattr(value, "gates", None)
    return not isinstance(value, ModuleType) and isinstance(gates, Mapping | list | tuple)


def _is_gate(value: Any) -> bool:
    kinds = (ModuleType, type)
    return not isinstance(value, kinds) and callable(getattr(value, "check", None))


def _short(value: Any) -> str:
    return str(getattr(value, "name", None) or type(value).__name__)


def _gates_of(module: Any, name: str) -> list[tuple[str, Any]]:
    gates = getattr(module, "gates", None)
    if isinstance(gates, Mapping):
        return [(f"{name}.{key}", gate) for key, gate in list(gates.items()) if _is_gate(gate)]
    if isinstance(gates, list | tuple):
        return [(f"{name}.{_short(gate)}", gate) for gate in gates if _is_gate(gate)]
    return []


def _each(values: Iterable[Any]) -> list[Any]:
    """Each object once, in order."""
    return list({id(value): value for value in values}.values())


def _detectors(engine: Any) -> list[Any]:
    """The engine's own helpers: its attributes whose class the host defines."""
    root = type(engine).__module__.partition(".")[0]
    return [
        value
        for value in vars(engine).values()
        if is_host_module(module_of(type(value)), (root,)) and hasattr(value, "__dict__")
    ]


def _modules(objects: list[Any]) -> list[ModuleType]:
    """The Python modules of all classes, and what these import by name, as far as it is theirs."""
    roots = {type(value).__module__.partition(".")[0] for value in objects}
    open_ = [module_of(base) for value in objects for base in type(value).__mro__]
    found: dict[str, ModuleType] = {}
    while open_:
        module = open_.pop()
        if module is None or module.__name__ in found or not is_host_module(module, roots):
            continue
        found[module.__name__] = module
        for value in list(vars(module).values()):
            if isinstance(value, ModuleType):
                open_.append(value)
            elif isinstance(value, FunctionType | type):
                open_.append(module_of(value))
    return [found[name] for name in sorted(found)]


# What is done once for each document.


def _once(host: Host, detector: Any) -> None:
    for name in _ASKED_TWICE:
        method = getattr(type(detector), name, None)
        if not isinstance(method, FunctionType) or not hasattr(detector, "__dict__"):
            continue
        label = f"{type(detector).__name__}.{name}"
        own = vars(detector).get(name)
        if own is not None and not is_ours(detector, name):
            host.left.append(f"{label}: the object has a method of its own")
            continue
        quick = faster(method)
        kept = writes_nothing(method)
        if not kept:
            host.left.append(f"{label}: it may keep or change something, so it is asked each time")
        if quick is None and not kept:
            continue
        call: Callable[..., Any] = (quick or method).__get__(detector)
        done = ["compares facts about sentences instead of all pairs"] if quick else []
        if kept:
            call = _remembering(call, name)
            done.append("asked once for each document")
        host.changes.append(Change(detector, name, call, f"{label}: {', '.join(done)}"))


def writes_nothing(method: FunctionType) -> bool:
    """Whether a method's source stores to nothing but its own names."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    except (OSError, TypeError, SyntaxError):
        return False
    return not any(
        isinstance(node, ast.Global | ast.Nonlocal)
        or (isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load))
        for node in ast.walk(tree)
    )


def _remembering(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method that works out its answer once for each document and gives copies after that."""
    key = (name, id(method.__self__))  # type: ignore[attr-defined]

    @wraps(method)
    def answer(*args: Any, **kwargs: Any) -> Any:
        document = args[0] if len(args) == 1 and not kwargs else None
        if type(document) is not Document:
            return method(*args, **kwargs)
        notes = document.notes
        if key in notes:
            return _copy(notes[key])
        # The engine hands an answer on when it is done, and asks again before that.
        return notes.setdefault(key, method(document))

    return answer


def _copy(value: Any) -> Any:
    """A copy that shares nothing that could be changed."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {k: part if type(part) in _ATOMS else _copy(part) for k, part in value.items()}
    if kind is list:
        return [part if type(part) in _ATOMS else _copy(part) for part in value]
    from copy import deepcopy

    return deepcopy(value)


def _without_threads(host: Host, engine: Any) -> None:
    """Lets the engine's Python module run what it gives to a pool at once, while it is inside."""
    for base in type(engine).__mro__:
        home = module_of(base)
        if home is None or base is object:
            continue
        for name, value in list(vars(home).items()):
            new = inlined(value)
            if new is not None:
                label = f"{home.__name__}.{name}: gates run one after the other in one thread"
                host.changes.append(Change(home, name, new, label))
