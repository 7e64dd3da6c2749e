"""A LOKI server: a Python module that holds an engine and, as a rule, a cache and an audit log.

    import server                      # app, engine, cache, audit_log = …
    gatecore.accelerate(server)        # or, within it: gatecore.accelerate(sys.modules[__name__])

The engine is accelerated as an engine is. Simultaneous checks of one document are one
(`single_flight`). The methods of the cache lead to `ReportCache`, and the audit log writes by
`GroupedLog`; as both remain the objects that they were, whoever imported them by name, or holds
them elsewhere, has the new methods too.

The audit log's file may be read by others, so it stays where its records go, unless a store is
given: then all methods of the log lead to `StoreLog`, and answers of the cache are recorded too.
Calls to a language model stay what they are, unless a client is given: then the method
`call_provider` of the router leads to `SemanticRouter`.
"""

from __future__ import annotations

import ast
import inspect
import sqlite3
import sys
import textwrap
from collections.abc import Iterable
from functools import partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from gatecore.errors import AccelerateError
from gatecore.hosts.host import Change, Host
from gatecore.hosts.loki import adapter
from gatecore.hosts.loki.audit_log import GroupedLog
from gatecore.hosts.loki.cache import ReportCache
from gatecore.hosts.loki.semantic_router import ERRORS, SemanticRouter
from gatecore.hosts.loki.semantic_router import METHODS as ROUTER_METHODS
from gatecore.hosts.loki.single_flight import SingleFlight
from gatecore.hosts.loki.store_log import METHODS, StoreLog

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.semantic import SemanticClient

__all__ = ["recognise"]

#: The methods of a cache, their parameters, and what ours do.
_METHODS: Final = {
    "get": (("text", "document_type", "active_modules"), "gives copies, by keys that are unique"),
    "set": (
        ("text", "document_type", "active_modules", "result"),
        "keeps copies, but no errors and nothing incomplete",
    ),
    "clear": ((), "empties both caches"),
    "get_stats": ((), "counts ours"),
    "cleanup_expired": ((), "forgets ours"),
}
_ATTRIBUTES: Final = ("max_size", "ttl_seconds", "hits", "misses")
#: The methods of an audit log that writes a record to a connection of its own.
_LOG_METHODS: Final = ("log_validation", "_connect")
_STATS: Final = ["size", "max_size", "hits", "misses", "hit_rate", "ttl_seconds"]


def recognise(target: Any) -> Host | None:
    """The host that a Python module with an engine is; `None` if it has none."""
    if not isinstance(target, ModuleType):
        return None
    named = list(vars(target).items())
    engines = {
        id(value): value
        for _, value in named
        if _has(value, ("check_document",)) and adapter.is_engine(value)
    }
    if not engines:
        return None
    host = adapter.recognise(list(engines.values()))
    if host is None:
        return None
    host.name = f"server {target.__name__}: {host.name}"
    host.once = SingleFlight()
    seen: set[int] = set()
    logs: dict[str, Any] = {}
    routers: dict[str, Any] = {}
    for name, value in named:
        label = f"{target.__name__}.{name}"
        if id(value) not in seen and _has(value, _METHODS):
            seen.add(id(value))
            _replace(host, value, label)
        elif id(value) not in seen and _has(value, _LOG_METHODS):
            seen.add(id(value))
            logs[label] = value
            _group(host, value, label)
        elif id(value) not in seen and _has(value, ROUTER_METHODS):
            seen.add(id(value))
            routers[label] = value
    if routers:
        host.semantic_to = partial(_lead_to_client, host, routers)
    if logs:
        host.audit_to = partial(_lead_to_store, host, logs)
    if host.caches:
        host.name += f", {len(host.caches)} cache{'s' * (len(host.caches) != 1)}"
    return host


def _has(value: Any, names: Iterable[str]) -> bool:
    """Whether an object has all names, its class's or its own; the object itself is not asked.

    A web framework's `request` raises where there is none, and others make what they stand for.
    """
    if issubclass(type(value), ModuleType | type):
        return False
    try:
        own = object.__getattribute__(value, "__dict__")
    except Exception:
        own = {}
    return all(hasattr(type(value), name) or name in own for name in names)


def _replace(host: Host, cache: Any, label: str) -> None:
    """Has the methods of a cache lead to ours; those that do already stay."""
    ours = getattr(vars(cache).get("get"), "__self__", None) if hasattr(cache, "__dict__") else None
    if not isinstance(ours, ReportCache):
        why = _why_not(cache)
        if why is not None:
            host.left.append(f"{label}: {why}")
            return
        ours = ReportCache(cache)
    host.caches[label] = ours.counts
    for name, (_, what) in _METHODS.items():
        host.changes.append(Change(cache, name, getattr(ours, name), f"{label}.{name}: {what}"))


def _why_not(cache: Any) -> str | None:
    """What about a cache is not as we know it."""
    if not hasattr(cache, "__dict__"):
        return "it has no __dict__, so that its methods stay"
    for name, (parameters, _) in _METHODS.items():
        if name in vars(cache):
            return f"the object has a {name} of its own"
        try:
            taken = tuple(inspect.signature(getattr(cache, name)).parameters)
        except (TypeError, ValueError):
            return f"what {name} takes cannot be told"
        if taken != parameters:
            return f"{name} takes ({', '.join(taken)})"
    for name in _ATTRIBUTES:
        value = getattr(cache, name, None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{name} is not a number"
    stats = cache.get_stats()
    if not isinstance(stats, dict) or list(stats) != _STATS:
        return "get_stats gives other keys"
    return None


def _group(host: Host, log: Any, label: str) -> None:
    """Has an audit log write records that come at the same time in one transaction."""
    own = getattr(log, "__dict__", {}).get("log_validation")
    ours = getattr(own, "__self__", None)
    if not isinstance(ours, GroupedLog):
        why = _why_alone(log)
        if why is not None:
            host.left.append(f"{label}: {why}")
            return
        ours = GroupedLog(log)
    for name, method, what in (
        ("log_validation", ours.log_validation, "records of the same time are one transaction"),
        ("_connect", ours.connect, "gives these records one connection"),
    ):
        host.changes.append(Change(log, name, method, f"{label}.{name}: {what}"))


def _why_alone(log: Any) -> str | None:
    """What about an audit log is not as we know it."""
    if not hasattr(log, "__dict__"):
        return "it has no __dict__, so that its methods stay"
    for name in _LOG_METHODS:
        if name in vars(log):
            return f"the object has a {name} of its own"
    method = type(log).log_validation
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    except (OSError, TypeError, SyntaxError):
        return "log_validation has no source"
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if not {"_connect", "commit"} <= called or "connect" in called:
        return "log_validation does not write to a connection of _connect"
    if not adapter.writes_nothing(method):
        return "log_validation may keep or change something beside what it writes"
    try:
        connection = log._connect()
    except Exception as error:
        return f"its _connect fails: {error}"
    is_known = isinstance(connection, sqlite3.Connection)
    connection.close()
    return None if is_known else "its _connect does not open SQLite"


def _lead_to_store(host: Host, logs: dict[str, Any], store: AuditStore) -> None:
    """Has the audit log's methods lead to a store, and the caches tell it of their answers."""
    if len(logs) != 1:
        raise AccelerateError(f"audit={store!r}: there is more than one log: {', '.join(logs)}")
    ((label, log),) = logs.items()
    if why := _why_no_store(log):
        raise AccelerateError(f"audit={store!r}: {label}: {why}")
    ours = getattr(vars(log).get("log_validation"), "__self__", None)
    if not isinstance(ours, StoreLog):
        ours = StoreLog(store)
    elif ours.store is not store:
        raise AccelerateError(
            f"audit={store!r}: {label} leads to another store already; restore() it first"
        )
    host.changes = [change for change in host.changes if change.owner is not log]
    host.left = [line for line in host.left if not line.startswith(f"{label}: ")]
    for name in METHODS:
        if hasattr(type(log), name):
            what = f"{label}.{name}: leads to the audit store {store.path}"
            host.changes.append(Change(log, name, getattr(ours, name), what))
    if getattr(log, "disabled", False):
        host.changes.append(Change(log, "disabled", False, f"{label}.disabled: the store is there"))
    for cache in _each_cache(host):
        what = f"{label}: answers of the cache are recorded too"
        host.changes.append(Change(cache, "on_hit", ours.log_cached, what))
    host.left += [f"{label}.{name}: is asked of the log's own file" for name in _others(log)]


def _lead_to_client(host: Host, routers: dict[str, Any], client: SemanticClient) -> None:
    """Has the router's calls lead to a client."""
    if len(routers) != 1:
        raise AccelerateError(
            f"semantic={client!r}: there is more than one router: {', '.join(routers)}"
        )
    ((label, router),) = routers.items()
    ours = getattr(getattr(router, "__dict__", {}).get("call_provider"), "__self__", None)
    if not isinstance(ours, SemanticRouter):
        if why := _why_no_client(router, client):
            raise AccelerateError(f"semantic={client!r}: {label}: {why}")
        ours = SemanticRouter(router, client)
    elif ours.client is not client:
        raise AccelerateError(
            f"semantic={client!r}: {label} leads to another client already; restore() it first"
        )
    what = f"{label}.call_provider: leads to the semantic client, with the router's key"
    host.changes.append(Change(router, "call_provider", ours.call_provider, what))


def _why_no_client(router: Any, client: SemanticClient) -> str | None:
    """What about a router is not as `SemanticRouter` knows it."""
    if not hasattr(router, "__dict__"):
        return "it has no __dict__, so that its methods stay"
    for name, parameters in ROUTER_METHODS.items():
        if name in vars(router):
            return f"the object has a {name} of its own"
        try:
            taken = tuple(inspect.signature(getattr(type(router), name)).parameters)[1:]
        except (TypeError, ValueError):
            return f"what {name} takes cannot be told"
        if taken != parameters:
            return f"{name} takes ({', '.join(taken)})"
    if not isinstance(getattr(router, "providers", None), dict):
        return "its providers are not a dict"
    module = sys.modules.get(type(router).__module__)
    for name in ERRORS:
        error = getattr(module, name, None)
        if not (isinstance(error, type) and issubclass(error, Exception)):
            return f"its module has no {name}"
    if not callable(getattr(client.provider, "for_key", None)):
        return f"the client's {type(client.provider).__name__} cannot be asked with another key"
    return None


def _each_cache(host: Host) -> list[ReportCache]:
    """What the methods of the host's caches lead to."""
    owners = (getattr(change.value, "__self__", None) for change in host.changes)
    return list({id(one): one for one in owners if isinstance(one, ReportCache)}.values())


def _why_no_store(log: Any) -> str | None:
    """What about an audit log is not as `StoreLog` is."""
    if not hasattr(log, "__dict__"):
        return "it has no __dict__, so that its methods stay"
    for name, parameters in METHODS.items():
        method = getattr(type(log), name, None)
        if method is None:
            continue
        try:
            taken = tuple(inspect.signature(method).parameters)[1:]
        except (TypeError, ValueError):
            return f"what {name} takes cannot be told"
        if taken != parameters:
            return f"{name} takes ({', '.join(taken)})"
    return None


def _others(log: Any) -> list[str]:
    """The public methods of a log that are none of LOKI's."""
    return sorted(
        name
        for class_ in type(log).__mro__
        for name, value in vars(class_).items()
        if isinstance(value, FunctionType) and not name.startswith("_") and name not in METHODS
    )
