"""What the rooms around the core know of each other: shapes, never classes.

The engine takes any object that has these methods. `gatecore.cache` has the caches, and whoever
writes another one need not derive from anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

__all__ = ["AsyncCache", "Cache", "PythonGate"]

V = TypeVar("V")


@runtime_checkable
class PythonGate(Protocol):
    """A gate that is a Python object, as hosts write them.

    `name`, `severity`, `legal_source` and `version` are read where it has them.

    >>> class Short:
    ...     name = "short"
    ...     def check(self, text, document_type):
    ...         return {"status": "PASS" if len(text) < 1_000 else "WARNING"}
    >>> isinstance(Short(), PythonGate)
    True
    """

    def check(self, text: str, document_type: str) -> Mapping[str, Any]:
        """The gate's answer: at least a status; a severity and a message as a rule."""


class Cache(Protocol):
    """Answers by key. Threads may share it.

    A key is what `gatecore.cache.key` makes of all that an answer depends on. Values are immutable
    or copies: what a caller does to one never reaches another caller. `tags` name what a value was
    made of, such as `module:gdpr_uk` or `gate:gdpr_uk/consent`, and are what `invalidate` is given.

    >>> class Smallest:
    ...     def __init__(self):
    ...         self._values = {}
    ...     def get(self, key):
    ...         return self._values.get(key)
    ...     def set(self, key, value, *, tags=(), cost=0.0):
    ...         self._values[key] = value
    ...     def get_or_compute(self, key, compute, *, tags=(), keep=None, waits=True):
    ...         value = self._values.get(key)
    ...         if value is None:
    ...             value = compute()
    ...             if keep is None or keep(value):
    ...                 self._values[key] = value
    ...         return value
    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"], cache=Smallest())
    >>> report = engine.validate_document("Invoice 17.")
    >>> engine.validate_document("Invoice 17.") is report
    True
    """

    def get(self, key: bytes) -> Any | None:
        """The value, or None. Never raises because the cache is ill."""

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        """Keeps a value; `cost` is the seconds that it took to make."""

    def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], V],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all who ask at the same time, who wait for it.

        What `compute` raises reaches all who wait and is not kept, and neither is a value of which
        `keep` says False. What was invalidated while it was being made is not kept either.
        Without `waits`, who comes while another one makes it makes it as well and does not keep it.
        """

    def invalidate(self, *tags: str) -> int:
        """Forgets whatever carries one of the tags; how many entries, as far as it is known."""

    def clear(self) -> None:
        """Forgets everything."""

    def close(self) -> None:
        """Gives back connections; the cache may be used again."""


class AsyncCache(Protocol):
    """The same for asyncio: no method holds the event loop up.

    >>> import asyncio
    >>> class None_:
    ...     async def get_or_compute(self, key, compute, *, tags=(), keep=None, waits=True):
    ...         return await compute()
    >>> async def made() -> str:
    ...     return "made"
    >>> asyncio.run(None_().get_or_compute(b"key", made))
    'made'
    """

    async def get(self, key: bytes) -> Any | None:
        """As `Cache.get`."""

    async def set(
        self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0
    ) -> None:
        """As `Cache.set`."""

    async def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """As `Cache.get_or_compute`; a cancelled task does not cancel the others' answer."""

    async def invalidate(self, *tags: str) -> int:
        """As `Cache.invalidate`."""

    async def clear(self) -> None:
        """As `Cache.clear`."""

    async def close(self) -> None:
        """As `Cache.close`."""
