"""The kinds of hosts that are known: a new kind is a package beside `loki` and a name here."""

from __future__ import annotations

from typing import Any, Final, Protocol

from gatecore.errors import AccelerateError
from gatecore.hosts import python_modules
from gatecore.hosts.host import Host
from gatecore.hosts.loki import adapter as loki
from gatecore.hosts.loki import server as loki_server

__all__ = ["ADAPTERS", "Adapter", "recognise"]


class Adapter(Protocol):
    """What knows one kind of host: a module will do."""

    def recognise(self, target: Any) -> Host | None:
        """The host that a target is; `None` if it is not of this kind."""


#: A server is a Python module as well, and more than that: it is asked first.
ADAPTERS: Final[tuple[Adapter, ...]] = (loki_server, python_modules, loki)


def recognise(target: Any) -> Host:
    """The host that a target is, by the first adapter that knows it.

    Raises:
        AccelerateError: None does.
    """
    for adapter in ADAPTERS:
        host = adapter.recognise(target)
        if host is not None:
            return host
    raise AccelerateError(
        f"{target!r} cannot be accelerated; give an engine with check_document() and modules, "
        "a server module that holds one, a module with gates, gates with check(), or Python modules"
    )
