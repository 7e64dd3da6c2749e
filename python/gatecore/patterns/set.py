"""`Pattern`, `PatternSet` and `Scan`: many patterns, one pass over a document."""

from __future__ import annotations

import itertools
import operator
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NamedTuple,
    NoReturn,
    TypeAlias,
    TypeVar,
    overload,
)

from gatecore._gatecore import CoreScan, CoreSet, Deadline, pattern_object
from gatecore._gatecore import Pattern as CompiledPattern
from gatecore.errors import DocumentTypeError, PatternSetError, UnansweredError
from gatecore.lowering.interpreter import IDENTITY
from gatecore.patterns.progress import compiling

if TYPE_CHECKING:
    from gatecore.patterns.explanation import Explanation
    from gatecore.patterns.re_process import Question
    from gatecore.patterns.store import SetCache

__all__ = ["DeadlineLike", "Engine", "Known", "Pattern", "PatternLike", "PatternSet", "Scan"]

#: Which pass to use: "simd" (Hyperscan), "portable" (pure Rust) or the best that is there.
Engine = Literal["auto", "simd", "portable"]

#: Changes when the same pattern is lowered to something else.
_LOWERING: Final = 1
_CALLER: Final = f"{IDENTITY}, lowering {_LOWERING}"

#: As numbers: arithmetic on an enum takes 5 microseconds, and a start asks for thousands of keys.
_DEBUG, _ASCII, _UNICODE = int(re.DEBUG), int(re.ASCII), int(re.UNICODE)

_MOST_LEARNED: Final = 1_000
_LONGEST_LEARNED: Final = 1_000


_AnyError = TypeVar("_AnyError", bound=BaseException)


class _SourceAndFlags(NamedTuple):
    source: str
    flags: int


class Pattern(_SourceAndFlags):
    r"""One expression with its flags, exactly as `re.compile(source, flags)` takes it.

    Raises:
        PatternSetError: The source is not a `str`, or the flags are not a number such as
            `re.IGNORECASE`. Whether the expression is a good one is seen when a set is made.

    >>> Pattern(r"no\s+risk", re.IGNORECASE)
    Pattern(source='no\\s+risk', flags=re.IGNORECASE)
    """

    __slots__ = ()

    def __new__(cls, source: str, flags: int = 0) -> Pattern:
        _check(source, flags, "a pattern")
        return super().__new__(cls, source, flags)

    def __repr__(self) -> str:
        flags = re.RegexFlag(self.flags) if isinstance(self.flags, int) else self.flags
        return f"Pattern(source={self.source!r}, flags={flags!r})"

    @property
    def key(self) -> tuple[str, int]:
        """What makes two patterns the same: UNICODE is the default of text, DEBUG only prints."""
        flags = int(self.flags) & ~_DEBUG
        return self.source, flags if flags & _ASCII else flags & ~_UNICODE


#: Seconds from now, or a `Deadline` that several questions share and another thread may cancel.
DeadlineLike: TypeAlias = float | Deadline

PatternLike = Pattern | tuple[str, int] | str | re.Pattern[str]


class PatternSet:
    r"""Patterns compiled together. Immutable; any number of threads may scan with one set.

    Args:
        patterns: `Pattern`s, `(source, flags)` pairs or sources. Doubles are kept.
        engine: Which pass to use.
        cache: Where compiled sets are kept between processes; none if not given.
        learn: Whether patterns that were learned (see `learn`) are written into the cache, and
            added after the given ones when a set is made of the same patterns again within 30 days.
            Whatever is asked of documents is written, names of people included if patterns are
            made of them: leave it off where that may be.

    Raises:
        re.error: And whatever else `re.compile` raises for a bad pattern; a note says which one.
        PatternSetError: Something in the list is no pattern of text, or the engine is unknown or
            not there.
        SetTooLargeError: The set is beyond the engine's limits.

    Compiling costs 1 to 20 ms a pattern: 2 ms where patterns are words and short gaps, 15 ms and
    more with long bounded gaps such as `[^.]{0,60}`. Loading a compiled set takes a few
    milliseconds in all.

    >>> patterns = PatternSet([Pattern(r"up to \d+ ?%", re.IGNORECASE), "plain"])
    >>> patterns.scan("Earn UP TO 7 % now").ids()
    [0]
    """

    __slots__ = (
        "_again",
        "_compiled",
        "_core",
        "_keep",
        "_late",
        "_learned",
        "_objects",
        "_patterns",
    )

    def __init__(
        self,
        patterns: Iterable[PatternLike],
        *,
        engine: Engine = "auto",
        cache: SetCache | None = None,
        learn: bool = False,
    ) -> None:
        if isinstance(patterns, str):
            raise PatternSetError(f"a set is a list of patterns; for one pattern, [{patterns!r}]")
        listed = [_pattern(item, number) for number, item in enumerate(patterns)]
        if learn and cache is None:
            raise PatternSetError(
                "learn=True keeps patterns in a cache: give one, cache=SetCache(…)"
            )
        if cache is None:
            self._adopt(_compile(listed, engine), listed)
            return
        key = _key(cache, listed, engine)
        late: list[Pattern] = []
        if learn:
            known = {pattern.key for pattern in listed}
            learned = (late for late in cache.learned(key) if late.key not in known)
            late = list(itertools.islice(learned, _MOST_LEARNED))
        try:
            core = _cached(cache, [*listed, *late], engine, key, late=late)
        except Exception as error:  # whatever the learned ones may do: they are not needed
            if not late:
                raise
            cache.reject_learned(key, f"a set with what was learned cannot be compiled: {error}")
            core, late = _cached(cache, listed, engine, key), []
        self._adopt(core, [*listed, *late], (cache, key) if learn else None)
        self._late = len(late)

    @classmethod
    def sectioned(
        cls,
        patterns: Iterable[PatternLike],
        sections: Sequence[int],
        *,
        engine: Engine = "auto",
        cache: SetCache | None = None,
    ) -> PatternSet:
        """A set in sections, each with a pass of its own over the one translated document.

        `sections` has a number for each pattern. `scan` runs them all; who asks the core may have
        all but section 0 wait until one of their patterns is asked about, as `GateSet` does.

        Raises:
            PatternSetError: As the constructor.
        """
        listed = [_pattern(item, number) for number, item in enumerate(patterns)]
        if len(listed) != len(sections):
            raise PatternSetError(f"{len(listed)} patterns have {len(sections)} sections")
        sections = list(sections)
        made = cls.__new__(cls)
        if cache is None:
            made._adopt(_compile(listed, engine, sections), listed)
        else:
            made._adopt(_cached(cache, listed, engine, sections=sections), listed)
        return made

    def _adopt(
        self,
        core: CoreSet,
        patterns: Iterable[Pattern | None],
        keep: tuple[SetCache, str] | None = None,
    ) -> None:
        self._core = core
        self._patterns = list(patterns)
        self._compiled: list[re.Pattern[str] | None] = [None] * len(core)
        self._objects: list[CompiledPattern | None] = [None] * len(core)
        self._learned: dict[tuple[str, int], Pattern] = {}
        #: Of these the keywords that a second document was asked for as well.
        self._again: dict[tuple[str, int], None] = {}
        self._late = 0  # patterns of the set that were learned by an earlier one
        self._keep = keep

    @classmethod
    def at_hand(
        cls, patterns: Iterable[PatternLike], *, cache: SetCache, engine: Engine = "auto"
    ) -> PatternSet | None:
        """The set of patterns without what was learned, if the one with it has to be compiled.

        `None` if nothing was learned or if the set with it is there: then make the set with
        `learn=True`. What was learned counts as remembered by the set that is returned.
        """
        listed = [_pattern(item, number) for number, item in enumerate(patterns)]
        key = _key(cache, listed, engine)
        known = {pattern.key for pattern in listed}
        late = [late for late in cache.learned(key) if late.key not in known]
        if not late or cache.path(_key_with(cache, listed, late, engine, key)).exists():
            return None
        loaded = cls.__new__(cls)
        loaded._adopt(_cached(cache, listed, engine, key), listed, (cache, key))
        loaded._learned = {pattern.key: pattern for pattern in late}
        return loaded

    @classmethod
    def from_bytes(cls, stored: bytes | bytearray | memoryview) -> PatternSet:
        """Reads what `to_bytes` wrote, in milliseconds.

        The bytes hold compiled code. Their checksums guard against accidents, not against a forger:
        forged bytes can crash the process, and should be taken to be able to run code in it. Read
        them only from where you would import code. The same holds for unpickling a set.

        Raises:
            StoredSetError: They are foreign, damaged, or of another version of gatecore, the engine
                or the interpreter's Unicode tables.
        """
        loaded = cls.__new__(cls)
        core = CoreSet.from_bytes(bytes(stored), _CALLER)
        loaded._adopt(core, [None] * len(core))
        return loaded

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PatternSet:
        """Reads a file that `save` wrote. Raises as `from_bytes`, and `OSError`.

        A pipe or device is refused: it may never end. The file is trusted as code is, see
        `from_bytes`; who owns it and who may write it is not looked at, other than by `SetCache`.
        """
        from gatecore.files import open_file

        with open_file(path) as file:
            return cls.from_bytes(file.read())

    def to_bytes(self) -> bytes:
        """The compiled set, for the same version, processor features and interpreter."""
        return self._core.to_bytes(_CALLER)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the compiled set; a reader sees the old file or the new one, never half of it.

        The file can be read by this user alone. A link in its place is replaced, not followed.
        """
        from pathlib import Path

        from gatecore.patterns.store import SetCache

        SetCache.write(Path(path), self.to_bytes())

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return PatternSet.from_bytes, (self.to_bytes(),)

    def __len__(self) -> int:
        return len(self._patterns)

    @overload
    def __getitem__(self, number: int) -> Pattern: ...
    @overload
    def __getitem__(self, number: slice) -> list[Pattern]: ...
    def __getitem__(self, number: int | slice) -> Pattern | list[Pattern]:
        if isinstance(number, slice):
            return [self[index] for index in range(len(self))[number]]
        number = self._number(number)
        pattern = self._patterns[number]
        if pattern is None:
            source, flags = self._core.pattern(number)
            pattern = Pattern(source.decode("utf-8", "surrogatepass"), flags)
            self._patterns[number] = pattern
        return pattern

    def __iter__(self) -> Iterator[Pattern]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        return f"<gatecore.PatternSet of {len(self)} patterns, engine {self.engine!r}>"

    @property
    def engine(self) -> str:
        """The pass in use: "simd" or "portable"."""
        return self._core.engine

    def index(self, source: str, flags: int = 0) -> int:
        """The number of a pattern, the first if it is there twice.

        Raises:
            ValueError: The pattern is not in the set.
        """
        wanted = Pattern(source, flags)
        number = self._core.index(*wanted.key)
        if number is None:
            raise ValueError(f"{wanted!r} is not in the set")
        return number

    def learn(self, source: str, flags: int = 0) -> bool:
        r"""Remembers a pattern for the next compile; whether it is new and was remembered.

        A `Document` does this with every pattern that it is asked for and that is not in its set.
        At most 1,000 patterns are remembered, what earlier sets learned included, and none longer
        than 1,000 characters: patterns made of user input would be endless. They are kept in memory
        as long as the set is. Only with `learn=True` are they written into the cache.

        Raises:
            re.error: And whatever else `re.compile` raises for a bad pattern.

        >>> patterns = PatternSet(["plain"])
        >>> patterns.learn("late"), patterns.learn("late"), patterns.learn("plain")
        (True, False, False)
        >>> patterns.learned
        [Pattern(source='late', flags=re.NOFLAG)]
        """
        pattern = Pattern(source, flags)
        key = pattern.key
        if key in self._learned or self._core.index(*key) is not None:
            return False
        if self._late + len(self._learned) >= _MOST_LEARNED or len(source) > _LONGEST_LEARNED:
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were given where the pattern was used
            re.compile(source, int(flags) & ~int(re.DEBUG))
        if self._learned.setdefault(key, pattern) is not pattern:
            return False  # another thread was faster
        if self._keep is not None:
            cache, name = self._keep
            cache.learn(name, pattern)
        return True

    def _sighted_again(self, source: str) -> None:
        """Notes that a second document was asked for a keyword."""
        self._again[Pattern(source).key] = None

    @property
    def learned(self) -> list[Pattern]:
        """What was learned since the set was made, in order."""
        return list(self._learned.values())

    def extended(self, *, engine: Engine = "auto", cache: SetCache | None = None) -> PatternSet:
        """A new set: the patterns of this one under the same numbers, then what was learned."""
        return PatternSet([*self, *self.learned], engine=engine, cache=cache)

    def explain(self, number: int) -> Explanation:
        """How a pattern is answered and why."""
        from gatecore.patterns.explanation import Explanation

        number = self._number(number)
        route, reason, cost = self._core.routing(number)
        return Explanation(self[number], route, reason, cost, self.engine)

    def scan(self, text: str, *, deadline: DeadlineLike | None = None) -> Scan:
        """The one pass over a document; the GIL is released. Linear in the document's length.

        With a deadline, in seconds from now or as a `Deadline`, the pass and every question to the
        scan that has none of its own end by then. What only `re` can answer is then asked in a
        worker process, as `re` itself cannot be stopped: 10 ms more for the first of them.

        Raises:
            DocumentTypeError: `text` is no `str`.
            DeadlineError: The deadline passed or was cancelled.
        """
        return self._scan(text, eager=True, deadline=deadline)

    def _scan(self, text: str, *, eager: bool, deadline: DeadlineLike | None = None) -> Scan:
        """As `scan`; not eager, only the core's gates may ask about patterns of later sections."""
        if not isinstance(text, str):
            hint = "; decode it first" if isinstance(text, bytes | bytearray | memoryview) else ""
            raise DocumentTypeError(f"a document is a str, not {type(text).__name__}{hint}")
        until = None if deadline is None else _until(deadline)
        try:
            core = self._core.scan(text, eager=eager, deadline=until)
        except UnansweredError as error:
            error.known = Known((), tuple(range(len(self))))
            raise
        return Scan(self, text, core, until)

    def compiled(self, number: int) -> re.Pattern[str]:
        """A pattern as `re` compiles it, kept after the first time."""
        compiled = self._compiled[number]
        if compiled is None:
            pattern = self[number]
            flags = int(pattern.flags) & ~int(re.DEBUG)
            compiled = self._compiled[number] = re.compile(pattern.source, flags)
        return compiled

    def _object(self, number: int) -> CompiledPattern:
        found = self._objects[number]
        if found is None:
            source, flags = self[number].key
            found = self._objects[number] = pattern_object(source, flags)
        return found

    def _by_danger(self, numbers: list[int]) -> list[int]:
        """The numbers with those last whose patterns may take `re` longest: loops within loops."""
        if len(numbers) < 2:
            return numbers
        from gatecore.lowering.lower import loop_depth

        return sorted(numbers, key=lambda number: loop_depth(*self[number].key))

    def _number(self, number: int) -> int:
        length = len(self._patterns)
        try:
            number = operator.index(number)
        except TypeError:
            hint = f"; its number is patterns.index({number!r})" if isinstance(number, str) else ""
            raise PatternSetError(
                f"a pattern of a set is named by its number, not by {number!r}{hint}"
            ) from None
        if not -length <= number < length:
            raise IndexError(f"pattern {number} of a set of {length}")
        return number % length


@dataclass(frozen=True, slots=True)
class Known:
    r"""What a scan knows of its patterns without further work.

    >>> scan = PatternSet(["plain", r"(a)\1", "absent"]).scan("plain aa")
    >>> scan.known()
    Known(found=(0,), open=(1,))
    >>> scan.ids(), scan.known()
    ([0, 1], Known(found=(0, 1), open=()))
    """

    found: tuple[int, ...]
    """The numbers of the patterns that match."""
    open: tuple[int, ...]
    """Those of which it is not known. All others have no match."""

    def __str__(self) -> str:
        if not self.open:
            return "all patterns are answered"
        return f"{len(self.open)} open, {len(self.found)} match"


class Scan:
    """The answers for one document: cheap to hold, exact when asked.

    Which patterns match is known from the pass; spans and groups are worked out when asked for,
    with the GIL released. Patterns on the fallback route are answered by `re`, unless the pass
    ruled them out. Safe to share between threads.

    Every question takes a `deadline`, else that of the scan holds, and raises `DeadlineError` when
    it is over. An error of `re` itself, and Ctrl-C, get a note that names the pattern.
    """

    __slots__ = ("_core", "_set", "_until", "text")

    def __init__(
        self, patterns: PatternSet, text: str, core: CoreScan, until: Deadline | None = None
    ) -> None:
        self._set = patterns
        self._core = core
        self._until = until
        self.text = text

    def ids(self, *, deadline: DeadlineLike | None = None) -> list[int]:
        """The numbers of the patterns with at least one match, rising.

        What `re` has to answer comes last, and of that what looks dangerous: a pattern that fails
        or takes for ever does not keep the answers of the others. They are remembered, `known` has
        them, and so has the attribute `known` of the error.

        Raises:
            DeadlineError: The deadline was over before all patterns were answered. With one, each
                pattern that `re` answers gets half of the time that is left, the last one all.
            Exception: Whatever `re` raises for a pattern and this text.
        """
        until = self._until if deadline is None else _until(deadline)
        try:
            found, ask = self._core.ids(until)
        except UnansweredError as error:
            raise self._all_known(error) from None
        except BaseException as error:
            self._all_known(error)
            raise
        if ask:
            found += self._asked(ask, until)
            found.sort()
        return found

    def _asked(self, numbers: list[int], until: Deadline | None) -> list[int]:
        """Those of the patterns that match by `re`."""
        found = []
        failed: tuple[Exception, int] | None = None
        for place, number in enumerate(self._set._by_danger(numbers), start=1):
            share = 1.0 if place == len(numbers) else 0.5
            try:
                if self._is_match_by_re(number, until, share):
                    found.append(number)
            except Exception as error:
                failed = failed or (error, number)
            except BaseException as error:
                self._all_known(error, number)
                raise
        if failed:
            raise self._all_known(*failed)
        return found

    def known(self) -> Known:
        """What is known of the patterns already: of use when `ids` could not be finished."""
        found, unanswered = self._core.known()
        return Known(tuple(found), tuple(unanswered))

    def __contains__(self, number: int) -> bool:
        number = self._set._number(number)
        try:
            known = self._core.is_match(number, self._until)
            return self._is_match_by_re(number, self._until) if known is None else known
        except BaseException as error:
            self._named(error, number)
            raise

    def matches_by_re(self, number: int, *, deadline: DeadlineLike | None = None) -> bool:
        """As `in`, by `re` whatever the route; the answer is remembered."""
        number = self._set._number(number)
        try:
            return self._is_match_by_re(number, self._limit(deadline))
        except BaseException as error:
            self._named(error, number)
            raise

    def _is_match_by_re(self, number: int, until: Deadline | None, share: float = 1.0) -> bool:
        if until is None:
            matches = self._set.compiled(number).search(self.text) is not None
        else:
            matches = self._apart("is_match", number, until, share)
        self._core.remember(number, matches)
        return matches

    def _apart(
        self, question: Question, number: int, until: Deadline, share: float = 1.0, group: int = 0
    ) -> Any:
        """What `re` answers in a process that can be ended."""
        from gatecore.patterns.re_process import ask

        pattern = self._set[number]
        flags = int(pattern.flags) & ~_DEBUG
        return ask(
            *(question, pattern.source, flags, self.text),
            deadline=until,
            share=share,
            group=group,
        )

    def search(self, number: int, *, deadline: DeadlineLike | None = None) -> re.Match[str] | None:
        """The first match, as `re.search` finds it."""
        number = self._set._number(number)
        try:
            until = self._until if deadline is None else _until(deadline)
            if (
                until is not None
                and self._is_for_re(number)
                and not self._is_match_by_re(number, until)
            ):
                return None
            return self._core.search(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def spans(self, number: int, *, deadline: DeadlineLike | None = None) -> list[tuple[int, int]]:
        """The span of every match in characters, as `re.finditer` finds them."""
        number = self._set._number(number)
        try:
            until = self._limit(deadline)
            spans = self._core.spans(number, until)
            return self._spans_by_re(number, until) if spans is None else spans
        except BaseException as error:
            self._named(error, number)
            raise

    def spans_by_re(
        self, number: int, *, deadline: DeadlineLike | None = None
    ) -> list[tuple[int, int]]:
        """As `spans`, by `re` whatever the route: the answer that `spans` must equal."""
        try:
            return self._spans_by_re(number, self._limit(deadline))
        except BaseException as error:
            self._named(error, number)
            raise

    def _spans_by_re(
        self, number: int, until: Deadline | None, share: float = 1.0
    ) -> list[tuple[int, int]]:
        if until is None:
            return [match.span() for match in self.matches_of_re(number)]
        spans: list[tuple[int, int]] = self._apart("spans", number, until, share)
        return spans

    def matches_of_re(self, number: int) -> Iterator[re.Match[str]]:
        """As `finditer`, by `re` whatever the route and without a deadline."""
        return self._set.compiled(number).finditer(self.text)

    def finditer(
        self, number: int, *, deadline: DeadlineLike | None = None
    ) -> Iterator[re.Match[str]]:
        """Every match in order, as `re.finditer` gives them; looked for as they are asked for."""
        number = self._set._number(number)
        try:
            until = self._until if deadline is None else _until(deadline)
            if until is not None and self._is_for_re(number):
                self._spans_by_re(number, until)
            return self._core.finditer(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def findall(self, number: int, *, deadline: DeadlineLike | None = None) -> list[Any]:
        """The text of every match, or of its groups, as `re.findall` gives them."""
        number = self._set._number(number)
        try:
            until = self._until if deadline is None else _until(deadline)
            if until is not None and self._is_for_re(number):
                self._spans_by_re(number, until)
            return self._core.findall(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def _limit(self, deadline: DeadlineLike | None) -> Deadline | None:
        return self._until if deadline is None else _until(deadline)

    def _is_for_re(self, number: int) -> bool:
        """Whether `re` will be asked for matches; then, under a deadline, a process rehearses it.

        Only `re` makes matches with their groups, and it takes as long for it in this process as it
        took in the other.
        """
        is_fallback = self._set._core.routing(number)[0] == "fallback"
        return is_fallback and self._core.is_match(number) is not False

    def _named(self, error: BaseException, number: int) -> None:
        """Has an error say of which pattern it is."""
        pattern = self._set[number]
        if isinstance(error, UnansweredError):
            if error.pattern is None:
                error.number, error.pattern = number, pattern
        else:
            _note(error, f"gatecore: while pattern {number} was asked about: {pattern.source!r}")

    def _all_known(self, error: _AnyError, number: int | None = None) -> _AnyError:
        """The error with the pattern that was asked about and what is known of all."""
        known = self.known()
        if number is None and known.open:
            number = known.open[0]
        if number is not None:
            self._named(error, number)
        vars(error)["known"] = known
        return error

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Scan cannot be pickled: it belongs to the memory of its process; pickle the set and "
            "the text, and scan there"
        )

    def __repr__(self) -> str:
        return f"<gatecore.Scan of {len(self.text)} characters by {len(self._set)} patterns>"


def _until(deadline: DeadlineLike | None) -> Deadline | None:
    if deadline is None or isinstance(deadline, Deadline):
        return deadline
    return Deadline(deadline)


def _pattern(item: PatternLike, number: int) -> Pattern:
    if isinstance(item, Pattern):
        source, flags = item.source, item.flags
    elif isinstance(item, str):
        source, flags = item, 0
    elif isinstance(item, re.Pattern):
        source, flags = item.pattern, item.flags
    elif isinstance(item, tuple) and len(item) == 2:
        source, flags = item
    else:
        raise PatternSetError(
            f"pattern {number} of the set is {item!r}: expected a Pattern, (source, flags) or a str"
        )
    number_of_flags = _check(source, flags, f"pattern {number} of the set")
    # `str(source)` would ask a subclass, such as an Enum, for its own idea of its text.
    return Pattern(str.__str__(source), number_of_flags)


def _check(source: object, flags: object, which: str) -> int:
    """Refuses what is not source and flags of a pattern; gives the flags as a number."""
    if not isinstance(source, str):
        raise PatternSetError(
            f"{which} has the source {source!r}: documents are str, so patterns are str as well"
        )
    if isinstance(flags, str):
        raise PatternSetError(
            f"{which} has the flags {flags!r}: expected re.IGNORECASE and such, not letters"
        )
    try:
        return operator.index(flags)  # type: ignore[arg-type]
    except TypeError:
        raise PatternSetError(
            f"{which} has the flags {flags!r}: expected re.IGNORECASE and such"
        ) from None


def _key(
    cache: SetCache, patterns: list[Pattern], engine: Engine, sections: list[int] | None = None
) -> str:
    caller = _CALLER if sections is None else f"{_CALLER}, sections {sections}"
    return cache.key([pattern.key for pattern in patterns], engine=engine, caller=caller)


def _key_with(
    cache: SetCache, listed: list[Pattern], late: list[Pattern], engine: Engine, key: str
) -> str:
    return cache.key_with(key, _key(cache, [*listed, *late], engine)) if late else key


def _cached(
    cache: SetCache,
    patterns: list[Pattern],
    engine: Engine,
    key: str | None = None,
    *,
    sections: list[int] | None = None,
    late: Sequence[Pattern] = (),
) -> CoreSet:
    """A set from the cache, or else compiled and kept there.

    The last patterns are `late` ones, which the set of `key` learned.
    """
    key = _key(cache, patterns, engine, sections) if key is None else key
    of_listed, listed = key, patterns[: len(patterns) - len(late)]
    key = _key_with(cache, listed, list(late), engine, key)
    # The key goes into the file as well: a file under another set's name is refused.
    caller = f"{_CALLER}, cache key {key}"
    core = cache.load(key, caller=caller)
    if core is None:
        core = _compile(patterns, engine, sections)
        cache.store(key, core.to_bytes(caller))
        if late:  # sets with fewer learned patterns are not asked for any more
            cache.forget_with(of_listed, but=key)
    return core


def _compile(patterns: list[Pattern], engine: Engine, sections: list[int] | None = None) -> CoreSet:
    with compiling(len(patterns)):
        return _compiled(patterns, engine, sections)


def _compiled(patterns: list[Pattern], engine: Engine, sections: list[int] | None) -> CoreSet:
    # The classes' tables are only needed to compile; loading a set does without them.
    from gatecore.lowering.charset import word_characters
    from gatecore.lowering.lower import Lowering

    lowering = Lowering()
    lowered = []
    for number, pattern in enumerate(patterns):
        try:
            lowered.append(lowering.pattern(pattern.source, int(pattern.flags)))
        except Exception as error:
            _note(error, f"pattern {number} of the set: {pattern.source!r}")
            raise
    words, ascii_words = (
        [end for pair in word_characters(ascii_only=ascii_only) for end in pair]
        for ascii_only in (False, True)
    )
    if sections is None or engine == "portable":
        return CoreSet.build(lowered, lowering.classes, words, ascii_words, sections, engine)
    # Sections are for gates, and those that are shipped may be shipped compiled.
    from gatecore.patterns.shipped import lent

    with lent(patterns, sections):
        return CoreSet.build(lowered, lowering.classes, words, ascii_words, sections, engine)


def _note(error: BaseException, note: str) -> None:
    """Adds where it happened to an error of `re`, without changing what it is or says."""
    if sys.version_info >= (3, 11):
        error.add_note(note)
    else:
        vars(error)["__notes__"] = [note]
        error.__cause__ = PatternSetError(note)  # 3.10 shows causes, not notes
