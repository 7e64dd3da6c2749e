r"""What sets learn: patterns that documents were asked for and that the set does not hold.

    Learning    what one set learned since it was made, in memory
    LearnedLog  what the sets of one key of a store learned, on disk; dated, so that it is forgotten

A log is a file of JSON lines. Lines are only added; the file is rewritten when one is too old:

    ["no\\s+risk", 2, 20664]               source, flags, day on which it was learned
    ["(a+)+$", 0, 20664, "dropped"]          spoiled a start: neither compiled nor learned again

Days are counted from 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from gatecore.patterns.pattern import Pattern, compile_quietly

if TYPE_CHECKING:
    from gatecore.patterns.store import PatternStore

__all__ = [
    "KEPT_DAYS",
    "LONGEST_LEARNED",
    "MOST_CHARACTERS",
    "MOST_LEARNED",
    "LearnedLog",
    "Learning",
]

#: Patterns made of user input would be endless: this many are learned, none that is longer, and not
#: more characters in all. A list of words is one long pattern: proselint 0.13 makes 1,156 at run
#: time, one of them of 22,000 characters, which takes `re` a quarter of the time of all.
MOST_LEARNED: Final = 4_000
LONGEST_LEARNED: Final = 32_768
MOST_CHARACTERS: Final = 1_000_000

#: A pattern is kept for this long after it was learned; one that is still asked for is learned
#: again.
KEPT_DAYS: Final = 30

_SECONDS_OF_DAY: Final = 86_400
_DROPPED: Final = "dropped"


class Learning:
    """What one set learned since it was made. Safe to share between threads.

    Attributes:
        log: Where it is written as well; `None` if it is not.
        again: The keywords among it that a second document was asked for.
    """

    __slots__ = ("_earlier", "_left", "_patterns", "again", "log")

    def __init__(
        self,
        log: LearnedLog | None = None,
        *,
        earlier: Sequence[Pattern] = (),
        patterns: Iterable[Pattern] = (),
    ) -> None:
        """`earlier` patterns of the set were learned by an earlier set; `patterns` by this one."""
        self.log = log
        self.again: dict[tuple[str, int], None] = {}
        self._earlier = len(earlier)
        self._patterns = {pattern.key: pattern for pattern in patterns}
        #: Characters that may still be learned.
        taken = sum(len(pattern.source) for pattern in (*earlier, *self._patterns.values()))
        self._left = MOST_CHARACTERS - taken

    @property
    def patterns(self) -> list[Pattern]:
        """In the order in which they were learned."""
        return list(self._patterns.values())

    def add(self, pattern: Pattern) -> bool:
        """Remembers a pattern that is not in the set; whether it is new and was remembered.

        Raises:
            re.error: And whatever else `re.compile` raises for a bad pattern.
        """
        if (
            pattern.key in self._patterns
            or self._earlier + len(self._patterns) >= MOST_LEARNED
            or len(pattern.source) > min(LONGEST_LEARNED, self._left)
        ):
            return False
        compile_quietly(*pattern)
        if self._patterns.setdefault(pattern.key, pattern) is not pattern:
            return False  # another thread was faster
        self._left -= len(pattern.source)
        if self.log is not None:
            self.log.add(pattern)
        return True


class LearnedLog:
    """What the sets of one key learned, in the store's folder."""

    __slots__ = ("key", "store")

    def __init__(self, store: PatternStore, key: str) -> None:
        self.store = store
        self.key = key

    def patterns(self) -> list[Pattern]:
        """What was learned, in order.

        What was learned more than 30 days ago is forgotten, and the sets compiled with it go too.
        """
        return list(self._read().patterns)

    def patterns_beyond(self, listed: Sequence[Pattern]) -> list[Pattern]:
        """What was learned and is not among the given patterns: as much as a set may learn."""
        known = {pattern.key for pattern in listed}
        late = [pattern for pattern in self.patterns() if pattern.key not in known]
        sums = accumulate(len(pattern.source) for pattern in late[:MOST_LEARNED])
        return late[: sum(characters <= MOST_CHARACTERS for characters in sums)]

    def dropped(self) -> list[Pattern]:
        """What `drop` was given, as long as they count."""
        return list(self._read().dropped)

    def add(self, pattern: Pattern) -> None:
        """Adds a pattern, in one write, so that lines of several processes are not mixed."""
        self.store.append(self._name, _line(pattern, self._today()))

    def drop(self, patterns: Iterable[Pattern], reason: str) -> None:
        """Neither uses nor learns these patterns again for 30 days; notes why."""
        content = self._read()
        for pattern in patterns:
            if pattern in content.patterns:
                content.dropped[pattern] = content.patterns.pop(pattern)
        self._rewrite(content)
        self.reject(reason)

    def reject(self, reason: str) -> None:
        """Notes that what was learned is not used."""
        self.store.reject(self._name, reason)

    def key_with(self, late: str) -> str:
        """The key of a set with what was learned; `late` is the key of all its patterns.

        It begins with the key of the set that learned, so that it can be found and removed.
        """
        return f"{self.key}.with-{late}"

    def forget_sets(self, *, but: str = "") -> None:
        """Removes the sets that were compiled with what was learned, all but one."""
        self.store.remove_sets(f"{self.key}.with-*", but=but)

    @property
    def _name(self) -> str:
        return f"{self.key}.learned.jsonl"

    def _today(self) -> int:
        return int(self.store.clock() // _SECONDS_OF_DAY)

    def _read(self) -> _Content:
        content = _Content(self.store.kept(self._name) or b"", self._today())
        for number, reason in content.wrong:
            self.reject(f"line {number}: {reason}")
        if content.expired:
            self._rewrite(content)
        return content

    def _rewrite(self, content: _Content) -> None:
        """Writes what is left, and removes sets that were compiled with what is not."""
        self.forget_sets()
        written = content.to_bytes()
        if written:
            self.store.keep(self._name, written)
        else:
            self.store.remove(self._name)


class _Content:
    """What a log says: patterns with their days, in order, and lines that cannot be read."""

    def __init__(self, content: bytes, today: int) -> None:
        self.patterns: dict[Pattern, int] = {}
        self.dropped: dict[Pattern, int] = {}
        self.expired = 0
        self.wrong: list[tuple[int, str]] = []
        keys = set()
        for number, text in enumerate(content.split(b"\n"), 1):
            if not text:
                continue
            try:
                pattern, day, dropped = _parse_line(text)
            except (ValueError, RecursionError) as error:
                self.wrong.append((number, str(error)))
                continue
            if not today - KEPT_DAYS < day <= today + 1:
                self.expired += 1
            elif dropped:
                self.dropped[pattern] = day
            elif pattern.key not in keys:
                keys.add(pattern.key)
                self.patterns[pattern] = day
        for pattern in self.dropped:
            self.patterns.pop(pattern, None)

    def to_bytes(self) -> bytes:
        kept = [_line(pattern, day) for pattern, day in self.patterns.items()]
        return b"".join([*kept, *(_line(p, day, dropped=True) for p, day in self.dropped.items())])


def _parse_line(text: bytes) -> tuple[Pattern, int, bool]:
    """A line as pattern, day, and whether it was dropped."""
    import json  # a start without anything learned does without it

    match json.loads(text.decode("ascii")):
        case [str(source), int(flags), int(day), *rest] if not isinstance(flags, bool) and (
            rest in ([], [_DROPPED])
        ):
            return Pattern(source, flags), day, bool(rest)
    raise ValueError("expected [source, flags, day]")


def _line(pattern: Pattern, day: int, *, dropped: bool = False) -> bytes:
    """A pattern as a line; an empty line comes first, in case a crash tore the one before."""
    import json

    parts = [pattern.source, int(pattern.flags), day, *([_DROPPED] if dropped else [])]
    return f"\n{json.dumps(parts)}\n".encode("ascii")
