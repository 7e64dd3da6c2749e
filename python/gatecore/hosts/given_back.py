"""What a host gave back to `re`, kept on disk so that its next start begins with it.

What does not gain is found by counting (`gain`), which costs the first documents of each process.
So it is written as JSON lines that are only added to. A line has the day, counted from 1970, and:

    functions   why each was given back, by name: {"mail.quote": "its texts are short"}
    names       what held these patterns, by their numbers in the set: [[3], [17, 18]]
    host        why all names were given back
    gained      the host gained as a whole
    began       a process began with what stands above

Functions are named as the host's source names them, patterns by number
only, so nothing that comes from a document is written. The file belongs to one set, one source of
the host and one list of its functions: whatever changes, another file begins.

A process whose work is another one may gain where this one did not, as tests ask short texts and a
service long ones. So what was given back is tried again after 30 days, at every eighth start, and
as long as any process of the last 30 days gained with the host as a whole.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

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

#: The first write comes with so many names, the next ones with four times as many each; the rest
#: is written at the end, which a killed process does not come to. A write takes some 60 µs, and
#: documents are waiting.
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
        self._waiting = _Found()
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
            self._waiting.functions[label] = why
            self._write_some()

    def add_names(self, held: Iterable[tuple[str, Iterable[Pattern]]]) -> None:
        """Notes names, with the patterns that they held and that `re` answers."""
        for label, patterns in held:
            self.now.append(f"{label}: re answers for it")
            if numbers := self._numbers_of(patterns):
                self._waiting.names.append(numbers)
        self._write_some()

    def add_host(self, why: str, *, lasting: bool) -> None:
        """Notes that all names were given back."""
        self.now.append(f"all names: {why}")
        if lasting:
            self._waiting.host = why
            self.write()

    def add_gain(self) -> None:
        """Notes that the host as a whole gained."""
        if not self._has_gained:
            self._has_gained = self._waiting.gained = True

    def write(self) -> None:
        """Writes what was not yet written, in one write: lines of several processes do not mix."""
        found, self._waiting = self._waiting, _Found()
        if self._store is not None and found.size:
            self._store.append(self._name, found.to_line(self._today(self._store)))

    def _write_some(self) -> None:
        if self._waiting.size >= self._next_write:
            self._next_write *= 4
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
        kept: list[tuple[int, _Found]] = []
        expired = 0
        for number, text in enumerate(content.split(b"\n"), 1):
            if not text:
                continue
            try:
                day, found = _parsed(text)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                store.reject(self._name, f"line {number} cannot be read: {error!r}")
                continue
            if today - KEPT_DAYS < day <= today + 1:
                kept.append((day, found))
            else:
                expired += 1
        self._has_gained = any(found.gained for _, found in kept)
        starts = 2 + sum(found.began for _, found in kept)  # the first, and this one
        if len(kept) > _MOST_LINES or (starts >= _TRIED_AGAIN and not self._has_gained):
            store.remove(self._name)
            return
        if expired:
            store.keep(self._name, b"".join(found.to_line(day) for day, found in kept))
        if self._has_gained:
            return
        for _, found in kept:
            self._functions |= found.functions
            self._names |= {*found.names}
            self._host = found.host or self._host
        if self._functions or self._names or self._host:
            store.append(self._name, _Found(began=True).to_line(today))


@dataclass
class _Found:
    """A line."""

    functions: dict[str, str] = field(default_factory=dict)
    names: list[tuple[int, ...]] = field(default_factory=list)
    host: str | None = None
    gained: bool = False
    began: bool = False

    @property
    def size(self) -> int:
        return len(self.functions) + len(self.names) + sum(map(bool, self._rest))

    @property
    def _rest(self) -> tuple[str | None, bool, bool]:
        return self.host, self.gained, self.began

    def to_line(self, day: int) -> bytes:
        """As a line; an empty one comes first, in case a crash tore the one before."""
        import json

        parts = {name: part for name, part in vars(self).items() if part}
        return f"\n{json.dumps({'day': day, **parts})}\n".encode("ascii")


def _parsed(text: bytes) -> tuple[int, _Found]:
    """The day of a line, and what it says.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, RecursionError: It is foreign.
    """
    import json  # a start without anything given back does without it

    said = json.loads(text.decode("ascii"))
    functions = {str(label): str(why) for label, why in said.get("functions", {}).items()}
    names = [tuple(map(operator.index, numbers)) for numbers in said.get("names", [])]
    host = said.get("host")
    if not (host is None or isinstance(host, str)):
        raise TypeError("host: expected a text")
    gained, began = said.get("gained") is True, said.get("began") is True
    return operator.index(said["day"]), _Found(functions, names, host, gained, began)
