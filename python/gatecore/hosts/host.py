"""`Host`: what has to be known about a host before it can be accelerated."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from gatecore.hosts.cache_counts import CacheCounts

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.semantic import SemanticClient

__all__ = ["Change", "Entry", "Host", "Once", "is_host_module", "module_of"]


@dataclass(frozen=True, eq=False)
class Entry:
    """A function of the host to which documents come.

    Attributes:
        owner: The object, class or module that has it.
        name: The name under which it is called there.
        label: What it is called in statistics.
        parameter: The parameter that is the document, which comes first; `None` for the longest
            text among the arguments.
        counted: Whether calls are counted under its label: gates are.
        whole: Whether one call is one document from beginning to end, so that nothing is kept
            after it.
    """

    owner: Any
    name: str
    label: str
    parameter: str | None = None
    counted: bool = True
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Change:
    """A name of the host that is given another value, which answers the same."""

    owner: Any
    name: str
    value: Any
    label: str


class Once(Protocol):
    """Makes simultaneous calls that are the same one.

    Attributes:
        shared: How many calls got another one's answer.
    """

    shared: int

    def __call__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        call: Callable[[], Any],
        /,
    ) -> Any:
        """What `call` gives, or gave to another caller at the same time."""


@dataclass
class Host:
    """What leads to `gatecore.re`, where documents come in, and what is done once.

    Attributes:
        name: How it was recognised.
        modules: Python modules whose names are rebound.
        holders: Objects whose attributes are rebound, such as detectors with compiled patterns.
        entries: Where documents come in.
        changes: Names that get another value.
        left: What was not changed although it was looked at, with the reason.
        shape: Differs after gates were added, removed or replaced.
        shape_now: Asks for the shape, cheaply enough for each document; `None` if nobody need ask.
        whole_document: Entered while an entry that takes a whole document is called.
        once: Makes simultaneous calls that are the same one: given the function, its arguments, and
            what calls it. `None` if each call is made.
        caches: What keeps the host's reports in the place of its own caches, and how to count it.
        audit_to: Has the changes lead the host's audit log to a store; `None` if it has no log.
            Raises `AccelerateError` if that cannot be.
        semantic_to: Likewise the host's calls to a language model to a client.
    """

    name: str
    modules: list[ModuleType] = field(default_factory=list)
    holders: list[Any] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    shape_now: Callable[[], tuple[int, ...]] | None = None
    whole_document: Callable[[], AbstractContextManager[object]] = nullcontext
    once: Once | None = None
    caches: dict[str, Callable[[], CacheCounts]] = field(default_factory=dict)
    audit_to: Callable[[AuditStore], None] | None = None
    semantic_to: Callable[[SemanticClient], None] | None = None

    def has_changed(self) -> bool:
        """Whether gates were added, removed or replaced since it was looked at."""
        return self.shape_now is not None and self.shape_now() != self.shape


def module_of(value: Any) -> ModuleType | None:
    """The module in which an object's class, or a function or class, is defined."""
    name = getattr(value, "__module__", None)
    return sys.modules.get(name) if isinstance(name, str) else None


def is_host_module(module: ModuleType | None, roots: Iterable[str] = ()) -> bool:
    """Whether a module is the host's own: neither Python's, nor gatecore's, nor installed beside.

    Args:
        module: The module.
        roots: Names of packages that are the host's wherever they are installed.
    """
    if module is None:
        return False
    package = module.__name__.partition(".")[0]
    if package in sys.stdlib_module_names or package == "gatecore":
        return False
    if package in roots:
        return True
    path = getattr(module, "__file__", None) or ""
    return bool(path) and not any(
        part in ("site-packages", "dist-packages") for part in Path(path).parts
    )
