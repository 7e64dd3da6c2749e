"""What a forked child begins anew: locks that other threads held, threads that are not there."""

from __future__ import annotations

import os
import threading
from typing import Any, Final, Protocol
from weakref import WeakSet

__all__ = ["inside", "watch"]

#: Held around what works in a native store without the GIL: a process forks when nobody does, as
#: the child would find locks of threads that it does not have.
inside: Final = threading.RLock()


class _Forkable(Protocol):
    """May have `before_fork` and `after_fork_in_parent` as well."""

    def after_fork(self) -> None:
        """Is called in the child, on its only thread."""


_watched: WeakSet[_Forkable] = WeakSet()


def watch(forkable: _Forkable) -> None:
    """Has `after_fork` called in children, as long as the object lives.

    If it has them, `before_fork` is called in the parent before, and `after_fork_in_parent` after.
    """
    _watched.add(forkable)


#: Those that were told before, and are told after, even if their owner is gone by then.
_told: list[Any] = []


def _before_fork() -> None:
    _told[:] = [one for one in list(_watched) if hasattr(one, "before_fork")]
    for one in _told:
        one.before_fork()


def _after_fork_in_parent() -> None:
    while _told:
        _told.pop().after_fork_in_parent()


def _after_fork() -> None:
    _told.clear()
    for forkable in list(_watched):
        forkable.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=inside.acquire, after_in_parent=inside.release, after_in_child=inside.release
    )
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork
    )
