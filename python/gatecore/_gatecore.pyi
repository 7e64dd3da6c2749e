"""The native module. Use the public names of `gatecore` instead."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, SupportsIndex, final

from gatecore.errors import UnansweredError

__all__ = [
    "CacheHold",
    "CoreCache",
    "CoreGates",
    "CoreReplay",
    "CoreScan",
    "CoreSet",
    "Databases",
    "Deadline",
    "DocumentMethods",
    "LowercaseOffsets",
    "Match",
    "MatchIterator",
    "Pattern",
    "TimeSpent",
    "__version__",
    "backends",
    "cache_key",
    "compile",
    "compile_served",
    "count_numbers",
    "findall",
    "finditer",
    "fullmatch",
    "gain_of",
    "lend_scan",
    "maker",
    "match",
    "pattern_object",
    "purge",
    "reasons",
    "register_document",
    "replace_keys",
    "reset_stats",
    "search",
    "split",
    "stats",
    "sub",
    "subn",
    "thread_counts",
    "totals",
]

__version__: str

_Program = list[int]
_Span = tuple[int, int]

_Counted = tuple[int, list[int], list[tuple[str, int, list[int]]]]
_Found = re.Match[str] | None
_Documents = tuple[int, int, int, int]
_GateCounts = tuple[int, int, int, list[int]]
_Parts = tuple[int, int, int, int, int, int, int, int]
_Times = tuple[int, int]
_GateDetail = tuple[_Times, _Times, int, int, int, list[int]]
_PatternDetail = tuple[int, _Times, _Times, _Times, int, list[int]]
_Outcome = tuple[
    int | None,
    list[tuple[int, int, int, int]],
    list[list[tuple[int, int]] | None],
]

def backends() -> list[Literal["simd", "portable"]]:
    """Which passes this build can run here, the preferred one first.

    >>> from gatecore import backends
    >>> backends()[-1]
    'portable'
    """

def gain_of(pattern: object) -> tuple[int, int] | None: ...
def lend_scan(text: object, scan: CoreScan) -> None: ...
def maker(backend: object, caller: str) -> str: ...

@final
class Databases:
    @staticmethod
    def lend(stored: bytes) -> Databases: ...
    @staticmethod
    def record() -> Databases: ...
    def close(self) -> bytes: ...

@final
class CoreSet:
    @staticmethod
    def build(
        patterns: Sequence[tuple[bytes, int, bool, _Program | None]],
        classes: list[list[int]],
        words: list[int],
        ascii_words: list[int],
        sections: list[int] | None,
        backend: object,
        limits: tuple[int, int, int] | None = None,
        beginning: int | None = None,
    ) -> CoreSet: ...
    @staticmethod
    def from_bytes(stored: bytes, caller: str) -> CoreSet: ...
    def to_bytes(self, caller: str) -> bytes: ...
    def __len__(self) -> int: ...
    @property
    def backend(self) -> str: ...
    @property
    def shards(self) -> int: ...
    def pattern(self, number: int) -> tuple[bytes, int]: ...
    def routing(
        self, number: int
    ) -> tuple[Literal["exact", "candidate", "fallback"], str, str]: ...
    def index(self, source: str, flags: int) -> int | None: ...
    def scan(
        self,
        text: str,
        *,
        eager: bool = True,
        early: bool = False,
        deadline: Deadline | None = None,
    ) -> CoreScan: ...
    def ids_many(
        self, texts: list[str], deadline: Deadline | None = None
    ) -> tuple[list[list[int]], list[tuple[int, list[int] | None]]]: ...
    def scan_many(
        self, texts: list[str], deadline: Deadline | None = None
    ) -> list[CoreScan | None]: ...
    def serve_texts(self, review: Callable[[], object]) -> None: ...
    def leave_texts(self) -> None: ...
    def begin(self, text: str, view_of: CoreScan | None = None) -> CoreScan: ...

@final
class CoreScan:
    def ids(self, deadline: Deadline | None = None) -> tuple[list[int], list[int]]: ...
    def known(self) -> tuple[list[int], list[int]]: ...
    def is_match(self, number: int, deadline: Deadline | None = None) -> bool | None: ...
    @property
    def is_complete(self) -> bool: ...
    def complete(self, deadline: Deadline | None = None) -> None: ...
    def remember(self, number: int, matches: bool) -> None: ...
    def spans(self, number: int, deadline: Deadline | None = None) -> list[_Span] | None: ...
    def spans_by_re(self, pattern: Pattern, number: int, text: str) -> list[_Span] | None: ...
    def columns(
        self, first: bool, deadline: Deadline | None = None
    ) -> tuple[bytes, bytes, bytes, list[int]]: ...
    def search(
        self, pattern: Pattern, number: int, text: str, deadline: Deadline | None = None
    ) -> _Found: ...
    def finditer(
        self, pattern: Pattern, number: int, text: str, deadline: Deadline | None = None
    ) -> Iterator[re.Match[str]]: ...
    def findall(
        self, pattern: Pattern, number: int, text: str, deadline: Deadline | None = None
    ) -> list[Any]: ...
    def counted(self) -> _Counted: ...

@final
class LowercaseOffsets:
    def __new__(cls, text: str) -> LowercaseOffsets: ...
    @property
    def is_identity(self) -> bool: ...
    def back(self, start: int, end: int) -> _Span: ...

class _GateDocument(Protocol):
    def core_view(
        self, view: Literal["text", "lowercase"], in_unbroken: bool
    ) -> tuple[CoreScan, LowercaseOffsets | None, Sequence[int]]: ...
    def matches_by_re(self, number: int) -> bool: ...
    def spans_by_re(self, number: int) -> Sequence[_Span]: ...
    def captures_by_re(self, number: int, group: int) -> Sequence[_Span | None]: ...
    def texts(self, spans: list[_Span]) -> Sequence[str]: ...

@final
class CoreGates:
    def __new__(cls, gates: str, text: CoreSet, lowercase: CoreSet | None) -> CoreGates: ...
    def __len__(self) -> int: ...
    def evaluate(
        self,
        document: _GateDocument,
        deadline: Deadline | None = None,
        only: Sequence[int] | None = None,
        pass_seconds: float = 0.0,
    ) -> tuple[list[tuple[_Outcome | None, UnansweredError | None]], list[_Span] | None]: ...
    def count_unfinished(
        self, characters: int, only: Sequence[int] | None = None, pass_seconds: float = 0.0
    ) -> None: ...
    def counts(self) -> tuple[_Documents, list[_GateCounts]]: ...
    @property
    def is_profiling(self) -> bool: ...
    def set_profiling(self, is_profiling: bool) -> None: ...
    def count_report(
        self, gates: Sequence[tuple[int, int]], evaluated: int, report: int
    ) -> None: ...
    def details(self) -> tuple[_Parts, list[_GateDetail], list[_PatternDetail]] | None: ...

@final
class TimeSpent:
    def __new__(cls) -> TimeSpent: ...
    def of_thread(self) -> list[int]: ...
    def close(self) -> None: ...

@final
class Deadline:
    """Until when answers are wanted: this many seconds from now, until it is cancelled, or both.

    Args:
        seconds: How many from now; if not given, only `cancel` ends it.

    Raises:
        ValueError: The seconds are negative or not a number.

    >>> from gatecore import Deadline, PatternSet
    >>> deadline = Deadline(2.5)
    >>> PatternSet(["plain"]).scan("plain text", deadline=deadline).ids()
    [0]
    >>> deadline.cancel()
    >>> deadline.is_over, deadline.remaining
    (True, 0.0)
    """

    def __new__(cls, seconds: float | None = None) -> Deadline: ...
    @property
    def seconds(self) -> float | None:
        """The seconds it was made with, `None` if only `cancel` ends it."""
    @property
    def remaining(self) -> float | None:
        """The seconds that are left, `None` if only `cancel` ends it."""
    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
    @property
    def is_over(self) -> bool:
        """Whether it passed or was cancelled."""
    def cancel(self) -> None:
        """Ends it now, from any thread: whoever waits for an answer gets `DeadlineError`."""
    def check(self) -> None:
        """Raises `DeadlineError` if it is over."""

@final
class Pattern:
    @property
    def pattern(self) -> str: ...
    @property
    def flags(self) -> int: ...
    @property
    def groups(self) -> int: ...
    @property
    def groupindex(self) -> Mapping[str, int]: ...
    def search(self, string: str, pos: int = ..., endpos: int = ...) -> _Found: ...
    def match(self, string: str, pos: int = ..., endpos: int = ...) -> _Found: ...
    def fullmatch(self, string: str, pos: int = ..., endpos: int = ...) -> _Found: ...
    def finditer(
        self, string: str, pos: int = ..., endpos: int = ...
    ) -> Iterator[re.Match[str]]: ...
    def findall(self, string: str, pos: int = ..., endpos: int = ...) -> list[Any]: ...
    def split(self, string: str, maxsplit: int = ...) -> list[str | Any]: ...
    def sub(
        self, repl: str | Callable[[re.Match[str]], str], string: str, count: int = ...
    ) -> str: ...
    def subn(
        self, repl: str | Callable[[re.Match[str]], str], string: str, count: int = ...
    ) -> tuple[str, int]: ...
    def scanner(self, *args: Any, **kwargs: Any) -> Any: ...
    def __copy__(self) -> Pattern: ...
    def __deepcopy__(self, _memo: Any, /) -> Pattern: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Match:
    r"""A match of one pattern in one document, as `re.Match`. Always true; spans are in characters.

    Span and groups are worked out when they are first asked for. A group that the pattern does not
    have is an `IndexError`. It keeps its document alive.

    >>> from gatecore import PatternSet
    >>> match = PatternSet([r"up to (\d+) ?%"]).scan("earn up to 7 % now").search(0)
    >>> match.span(), match.group(1), match[0]
    ((5, 14), '7', 'up to 7 %')
    """

    @property
    def string(self) -> str:
        """The string passed to match() or search()."""
    @property
    def re(self) -> Pattern:
        """The regular expression object."""
    @property
    def pos(self) -> int:
        """The index into the string at which the RE engine started looking for a match."""
    @property
    def endpos(self) -> int:
        """The index into the string beyond which the RE engine will not go."""
    @property
    def regs(self) -> tuple[_Span, ...]:
        """The spans of the match and of each group, (-1, -1) for one that took no part."""
    @property
    def lastindex(self) -> int | None:
        """The integer index of the last matched capturing group."""
    @property
    def lastgroup(self) -> str | None:
        """The name of the last matched capturing group."""
    def group(self, *groups: str | int) -> Any:
        """Return one or more subgroups of the match."""
    def groups(self, default: Any = None) -> tuple[Any, ...]:
        """Return a tuple containing all the subgroups of the match, from 1."""
    def groupdict(self, default: Any = None) -> dict[str, Any]:
        """Return a dictionary containing all the named subgroups of the match, keyed by the
        subgroup name.
        """
    def start(self, group: str | SupportsIndex = 0, /) -> int:
        """Return index of the start of the substring matched by group."""
    def end(self, group: str | SupportsIndex = 0, /) -> int:
        """Return index of the end of the substring matched by group."""
    def span(self, group: str | SupportsIndex = 0, /) -> _Span:
        """For match object m, return the 2-tuple (m.start(group), m.end(group))."""
    def expand(self, template: str) -> str:
        """Return the string obtained by doing backslash substitution on the string template, as
        done by the sub() method.
        """
    def __getitem__(self, group: str | int, /) -> Any: ...
    def __copy__(self) -> Match: ...
    def __deepcopy__(self, _memo: Any, /) -> Match: ...

@final
class MatchIterator:
    def __iter__(self) -> MatchIterator: ...
    def __next__(self) -> Match: ...

class DocumentMethods:
    def __contains__(self, key: Any, /) -> bool: ...
    def find(self, *args: Any) -> int: ...
    def count(self, *args: Any) -> int: ...

@final
class CoreReplay:
    def __new__(cls) -> CoreReplay: ...
    def add(self, name: str, arguments: tuple[Any, ...], closed: bool) -> int: ...
    def watch(self, owner: Any, key: Any, value: Any) -> None: ...
    def holds(self) -> bool: ...
    def evaluate(self, document: str, number: int) -> bool: ...
    def grow(
        self,
        forks: list[tuple[int, bool, int, tuple[list[int], int] | None]],
        kind: int,
        leaf: tuple[list[int], int] | None,
        most: int,
    ) -> bool: ...
    def verify(self, document: str) -> Any: ...
    def trust(self, document: str) -> None: ...
    def walk(self, document: str, place: int) -> Any: ...
    def counted(self) -> tuple[int, int, list[int], list[int], int, int, int]: ...

@final
class CacheHold:
    @property
    def is_alive(self) -> bool: ...

@final
class CoreCache:
    def __new__(cls, capacity: int) -> CoreCache: ...
    def get(self, key: bytes, default: Any, now: float | None = None) -> Any: ...
    def peek(self, key: bytes, default: Any, now: float | None = None) -> Any: ...
    def stale(self, key: bytes, default: Any, now: float | None = None) -> Any: ...
    def hold(self, tags: list[str]) -> CacheHold: ...
    def set(
        self,
        key: bytes,
        value: Any,
        weight: int,
        hold: CacheHold,
        fresh: float | None = None,
        stale: float = 0.0,
        now: float | None = None,
    ) -> bool: ...
    def remove(self, key: bytes) -> bool: ...
    def invalidate(self, tags: list[str]) -> int: ...
    def clear(self) -> None: ...
    def sweep(self, now: float | None = None) -> int: ...
    def counts(self) -> list[int]: ...

def count_numbers(numbers: bytes, width: int) -> list[tuple[int, int]]:
    """How often each number occurs in little-endian numbers of `width` bytes, 2 or 4; by number."""

def cache_key(namespace: bytes, *parts: str) -> bytes:
    """What an answer is found under: a digest of the namespace and of each part, which no other
    ones have.

    Lengths are part of it, so `("ab", "c")` and `("a", "bc")` differ; lone surrogates are
    characters as any other. The digest is BLAKE3, 32 bytes: not even who tries finds two texts
    with one key. About 1.7 µs for a text of 4 kB, 18 for one of 100 kB.

    Args:
        namespace: Whatever else answers depend on, such as a hash of gates, options and version.
        parts: Texts.

    >>> from gatecore.cache import key
    >>> made = key(b"v1", "ab", "c")
    >>> made == key(b"v1", "ab", "c"), made == key(b"v1", "a", "bc")
    (True, False)
    """

def register_document(class_: type[DocumentMethods]) -> None: ...
def pattern_object(source: str, flags: int) -> Pattern: ...
def reasons() -> list[str]: ...
def stats() -> _Counted: ...
def reset_stats() -> None: ...
def totals() -> tuple[int, int]: ...
def thread_counts() -> tuple[int, ...]: ...
def purge() -> None: ...
def compile(pattern: Any, flags: int = 0) -> Any: ...  # noqa: A001
def compile_served(pattern: Any, flags: int = 0) -> Any: ...
def replace_keys(owner: dict[Any, Any], items: dict[Any, Any]) -> None: ...
def search(pattern: Any, string: Any, flags: int = 0) -> Any: ...
def match(pattern: Any, string: Any, flags: int = 0) -> Any: ...
def fullmatch(pattern: Any, string: Any, flags: int = 0) -> Any: ...
def finditer(pattern: Any, string: Any, flags: int = 0) -> Any: ...
def findall(pattern: Any, string: Any, flags: int = 0) -> Any: ...
def split(pattern: Any, string: Any, maxsplit: int = 0, flags: int = 0) -> Any: ...
def sub(pattern: Any, repl: Any, string: Any, count: int = 0, flags: int = 0) -> Any: ...
def subn(pattern: Any, repl: Any, string: Any, count: int = 0, flags: int = 0) -> Any: ...
