"""Taking a host's names over, and putting back what stood there.

    take(token, module, "re", new)         module.re is new; the old value is kept
    give_back(token)                       as it was, once the last user let go

Several handles may want the same name, as engines share the modules of their gates. The first one
takes it, the others join, and the last that lets go puts the old value back: unless somebody else
has put something there in the meantime, which is then left alone.

Users are tokens, so that this register keeps no handle alive. Functions through which documents
come in are not registered at all: they carry what was taken with them (`enter`), and with it the
handle, which so lives as long as the engine that it belongs to.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gatecore.hosts import slots

__all__ = ["Taken", "enter", "give_back", "is_ours", "leave", "let_go", "take", "taken_by"]

_LOCK = threading.RLock()


def _renew_lock() -> None:
    """A thread that held it at a fork is not there in the child to let it go."""
    global _LOCK
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@dataclass(eq=False)
class Taken:
    """A name that was taken over, and for whom, the latest last.

    Attributes:
        label: Of a function: what it is called in statistics.
        within: Of a function: how often it was called within another one of the host.
    """

    owner: Any
    name: Any
    old: Any
    new: Any = None
    users: list[Any] = field(default_factory=list)
    label: str = ""
    within: int = 0

    @property
    def in_force(self) -> bool:
        """Whether nobody has put something else there."""
        return slots.is_in(self.owner, self.name, self.new)

    @property
    def called(self) -> Any:
        """What is called where the old value stood: for an object, its class's method."""
        return getattr(self.owner, self.name) if self.old is slots.MISSING else self.old


_TAKEN: Final[dict[tuple[int, Any], Taken]] = {}


def _put_back(taken: Taken) -> None:
    if taken.in_force:
        slots.put_back(taken.owner, taken.name, taken.old, taken.new)


def take(user: Any, owner: Any, name: Any, new: Any) -> Taken:
    """Puts a value in the place of a name, or joins those who did."""
    with _LOCK:
        key = (id(owner), name)
        taken = _TAKEN.get(key)
        if taken is None or taken.owner is not owner or not taken.in_force:
            taken = Taken(owner, name, slots.read(owner, name), new)
            slots.write(owner, name, new)
            _TAKEN[key] = taken
        if not any(user is known for known in taken.users):
            taken.users.append(user)
        return taken


def is_ours(owner: Any, name: Any) -> bool:
    """Whether the name is taken over."""
    taken = _TAKEN.get((id(owner), name))
    return taken is not None and taken.owner is owner and taken.in_force


def give_back(user: Any) -> None:
    """Lets go of all that was taken for a user, the latest first."""
    with _LOCK:
        for _, taken in reversed(_of(user)):
            let_go(user, taken)


def taken_by(user: Any) -> list[Taken]:
    """What was taken for a user."""
    with _LOCK:
        return [taken for _, taken in _of(user)]


def let_go(user: Any, taken: Taken) -> None:
    """Lets go of one name that was taken for a user."""
    with _LOCK:
        taken.users[:] = [known for known in taken.users if known is not user]
        if not taken.users:
            _put_back(taken)
            key = (id(taken.owner), taken.name)
            if _TAKEN.get(key) is taken:
                del _TAKEN[key]


def enter(handle: Any, owner: Any, name: str, make: Callable[[Taken], Any]) -> Taken:
    """Puts a function in the place of one, or adds the handle to those whom it serves."""
    with _LOCK:
        taken = getattr(slots.read(owner, name), "gatecore_taken", None)
        if taken is None or taken.owner is not owner:
            taken = Taken(owner, name, slots.read(owner, name))
            taken.new = make(taken)
            taken.new.gatecore_taken = taken
            slots.write(owner, name, taken.new)
        if not any(handle is known for known in taken.users):
            taken.users.append(handle)
        return taken


def leave(handle: Any, taken: Taken) -> None:
    """Lets go of a function, and puts the old one back if nobody else uses it."""
    with _LOCK:
        taken.users[:] = [known for known in taken.users if known is not handle]
        if not taken.users:
            _put_back(taken)


def _of(user: Any) -> list[tuple[tuple[int, Any], Taken]]:
    return [
        (key, taken) for key, taken in _TAKEN.items() if any(user is known for known in taken.users)
    ]
