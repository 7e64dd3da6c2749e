"""What a forked child begins anew: locks that other threads held, threads that are not there."""

from __future__ import annotations

import os
import threading
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["inside", "watch"]

#: Held around what works in a native store without the GIL: a process forks when nobody does, as
#: the child would find locks of threads that it does not have.
inside: Final = threading.RLock()


class _Forkable(Protocol):
    def after_fork(self) -> None:
        """Is called in the child, on its only thread."""


_watched: WeakSet[_Forkable] = WeakSet()


def watch(forkable: _Forkable) -> None:
    """Has `after_fork` called in children, as long as the object lives."""
    _watched.add(forkable)


def _after_fork() -> None:
    for forkable in list(_watched):
        forkable.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=inside.acquire, after_in_parent=inside.release, after_in_child=inside.release
    )
    os.register_at_fork(after_in_child=_after_fork)
