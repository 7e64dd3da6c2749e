"""What a host gave back to `re`, kept on disk so that its next start begins with it.

What does not gain is found by counting (`gain`), which costs the first documents of each process.
So it is written, dated, as JSON lines that are only added to:

    ["function", "mail.quote", "its documents are asked too little", 20664]
    ["names", [3, 17], 20664]             what holds these patterns of the set, by their numbers
    ["host", "nine of ten calls are in vain", 20664]
    ["gained", 20664]                     a process that gained
    ["start", 20664]                      one that began with what stands above

Days are counted from 1970. Functions are named as the host's source names them, patterns by number
only, so nothing that comes from a document is written. The file belongs to one set, one source of
the host and one list of its functions: whatever changes, another file begins.

A process whose work is another one may gain where this one did not, as tests ask short texts and a
service long ones. So what was given back is tried again after 30 days, at every eighth start, and
as long as any process of the last 30 days gained with the host as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from gatecore.patterns.learning import KEPT_DAYS
from gatecore.patterns.pattern import Pattern
from gatecore.patterns.store import PatternStore

__all__ = ["GivenBack"]

#: Changes when what does not gain is decided in another way (`gain`).
_DECIDING: Final = 1

#: So manyth start takes everything again.
_TRIED_AGAIN: Final = 8

#: A file with more lines begins anew.
_MOST_LINES: Final = 10_000

#: The first write comes with so many lines, the next with twice as many each: a process that is
#: killed loses half of them at most. A write takes 60 µs, and documents are waiting.
_FIRST_WRITE: Final = 8

_SECONDS_OF_DAY: Final = 86_400


class GivenBack:
    """What one handle gave back. Not safe to share between threads: the caller holds a lock.

    Attributes:
        now: What this process gave back, and why.
        earlier: What was left alone from the start, since an earlier process gave it back.
    """

    def __init__(self) -> None:
        self.now: list[str] = []
        self.earlier: list[str] = []
        self._store: PatternStore | None = None
        self._name = ""
        self._numbers: dict[tuple[str, int], int] = {}
        self._functions: dict[str, str] = {}
        self._names: set[tuple[int, ...]] = set()
        self._host: str | None = None
        self._has_gained = False
        self._waiting: list[list[Any]] = []
        self._next_write = _FIRST_WRITE

    def open(
        self,
        store: PatternStore | None,
        key: str,
        *,
        source: str,
        functions: Iterable[str],
        patterns: Sequence[Pattern],
    ) -> None:
        """Reads what earlier processes gave back; it and what follows belong to this set and host.

        Args:
            store: Where it is kept; `None` if it is not.
            key: The key of the set without what was learned.
            source: What the host's source comes to, "" if that is not known: nothing is kept then.
            functions: Where documents come in, by name.
            patterns: Those of the set that names of the host may hold.
        """
        self.write()
        self._functions, self._names, self._host, self._has_gained = {}, set(), None, False
        self._store = store if source else None
        if self._store is None:
            return
        digest = hashlib.blake2b(f"{_DECIDING} {source}".encode(), digest_size=8)
        for label in functions:
            digest.update(f"\n{len(label)} {label}".encode("utf-8", "surrogatepass"))
        self._name = f"{key}.{digest.hexdigest()}.given-back.jsonl"
        self._numbers = {pattern.key: number for number, pattern in enumerate(patterns)}
        self._read(self._store)

    # What earlier processes found.

    def function(self, label: str) -> str | None:
        """Why a function was given back at an earlier start."""
        return self._functions.get(label)

    def holds(self, patterns: Iterable[Pattern]) -> bool:
        """Whether what holds just these patterns was given back at an earlier start."""
        return bool(self._names) and self._numbers_of(patterns) in self._names

    @property
    def host(self) -> str | None:
        """Why all names were given back at an earlier start."""
        return self._host

    # What this one finds.

    def add_function(self, label: str, why: str, *, lasting: bool) -> None:
        """Notes a function; `lasting` if what is learned until the next start changes nothing."""
        self.now.append(f"{label}: {why}")
        if lasting:
            self._add("function", label, why)

    def add_names(self, label: str, patterns: Iterable[Pattern]) -> None:
        """Notes what holds patterns that `re` answers."""
        self.now.append(f"{label}: re answers for it")
        if numbers := self._numbers_of(patterns):
            self._add("names", list(numbers))

    def add_host(self, why: str, *, lasting: bool) -> None:
        """Notes that all names were given back."""
        self.now.append(f"all names: {why}")
        if lasting:
            self._add("host", why)
            self.write()

    def add_gain(self) -> None:
        """Notes that the host as a whole gained."""
        if not self._has_gained:
            self._has_gained = True
            self._add("gained")

    def write(self) -> None:
        """Writes what was not yet written, in one write: lines of several processes do not mix."""
        lines, self._waiting = self._waiting, []
        if self._store is not None and lines:
            self._store.append(self._name, b"".join(map(_line, lines)))

    def _add(self, *line: Any) -> None:
        if self._store is None:
            return
        self._waiting.append([*line, self._today(self._store)])
        if len(self._waiting) >= self._next_write:
            self._next_write *= 2
            self.write()

    def _numbers_of(self, patterns: Iterable[Pattern]) -> tuple[int, ...]:
        """Patterns by number; none if one of them has none."""
        numbers = [self._numbers.get(pattern.key) for pattern in patterns]
        known = tuple(number for number in numbers if number is not None)
        return known if len(known) == len(numbers) else ()

    @staticmethod
    def _today(store: PatternStore) -> int:
        return int(store.clock() // _SECONDS_OF_DAY)

    def _read(self, store: PatternStore) -> None:
        content = store.kept(self._name)
        if content is None:
            return
        today = self._today(store)
        kept: list[list[Any]] = []
        expired = 0
        for number, text in enumerate(content.split(b"\n"), 1):
            if not text:
                continue
            try:
                line = _parsed(text)
            except (ValueError, RecursionError) as error:
                store.reject(self._name, f"line {number}: {error}")
                continue
            if today - KEPT_DAYS < line[-1] <= today + 1:
                kept.append(line)
            else:
                expired += 1
        starts = sum(1 for line in kept if line[0] == "start")
        self._has_gained = any(line[0] == "gained" for line in kept)
        if len(kept) > _MOST_LINES or (starts + 2 >= _TRIED_AGAIN and not self._has_gained):
            store.remove(self._name)
            return
        if expired:
            store.keep(self._name, b"".join(map(_line, kept)))
        if self._has_gained:
            return
        for line in kept:
            match line:
                case ["function", label, why, _]:
                    self._functions[label] = why
                case ["names", numbers, _]:
                    self._names.add(tuple(numbers))
                case ["host", why, _]:
                    self._host = why
        if self._functions or self._names or self._host:
            store.append(self._name, _line(["start", today]))


def _parsed(text: bytes) -> list[Any]:
    """A line as its parts."""
    import json  # a start without anything given back does without it

    parts: list[Any] = json.loads(text.decode("ascii"))
    match parts:
        case ["function", str(), str(), int()] | ["host", str(), int()]:
            return parts
        case ["gained" | "start", int()]:
            return parts
        case ["names", [*numbers], int()] if all(type(number) is int for number in numbers):
            return parts
    raise ValueError("expected what was given back, and a day")


def _line(parts: list[Any]) -> bytes:
    """A line; an empty one comes first, in case a crash tore the one before."""
    import json

    return f"\n{json.dumps(parts)}\n".encode("ascii")
