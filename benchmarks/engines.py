"""The engines that gatecore is measured against, each behind the same methods.

A peer answers T1 (`matching`), some also T2 (`first_spans`) and T3 (`all_spans`), and says which
patterns it had to leave out (`unsupported`). None but `re` claims to answer as `re` does: the
programs that use these count the difference. Constructors raise `PeerMissingError` when the peer
is not installed; `requirements/peers.txt` names what `make bench-peers` installs.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import importlib.metadata
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from benchmarks.inputs.literals import required_literals

__all__ = [
    "LiteralsThenRe",
    "Peer",
    "PeerMissingError",
    "PythonHyperscan",
    "Re2Loop",
    "Re2Set",
    "ReLoop",
    "RegexLoop",
    "SystemHyperscan",
    "YaraX",
]

Source = tuple[str, int]
Spans = list[tuple[int, int]]
ByteMode = Literal["ascii", "utf8"]

# What Hyperscan's compiler refuses for sure: look-around and back-references. The rest is tried.
_NOT_AN_AUTOMATON = re.compile(r"\(\?<?[=!]|\(\?P=|(?<!\\)(?:\\\\)*\\[1-9]")

# hs.h; SINGLEMATCH reports a pattern at most once, which is all that T1 asks for.
_CASELESS, _DOTALL, _MULTILINE, _SINGLEMATCH, _UTF8, _MODE_BLOCK = 1, 2, 4, 8, 32, 1


class PeerMissingError(Exception):
    """The peer is not installed here; the message says how to get it."""


class Peer(Protocol):
    """One backend holding one list of patterns."""

    name: str
    version: str
    unsupported: frozenset[int]

    def matching(self, text: str) -> list[int]:
        """T1: the patterns that match, ascending, as far as this backend knows."""
        ...


class _Loop:
    """Compiled patterns with the methods of `re`, tried in turn."""

    def __init__(
        self, name: str, version: str, patterns: Sequence[Source], compile_: Callable[..., Any]
    ) -> None:
        self.name = name
        self.version = version
        self._patterns: list[tuple[int, Any]] = []
        unsupported: set[int] = set()
        for number, (source, flags) in enumerate(patterns):
            try:
                self._patterns.append((number, compile_(source, flags)))
            except Exception:
                unsupported.add(number)
        self.unsupported: frozenset[int] = frozenset(unsupported)
        if patterns and not self._patterns:
            raise PeerMissingError(f"{name} refuses every pattern of the set")

    def matching(self, text: str) -> list[int]:
        return [i for i, pattern in self._patterns if pattern.search(text)]

    def first_spans(self, text: str) -> dict[int, tuple[int, int]]:
        return {i: match.span() for i, pattern in self._patterns if (match := pattern.search(text))}

    def all_spans(self, text: str) -> dict[int, Spans]:
        return {
            i: spans
            for i, pattern in self._patterns
            if (spans := [match.span() for match in pattern.finditer(text)])
        }


class ReLoop(_Loop):
    """CPython's `re`, every pattern compiled once and tried in turn: the oracle."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        super().__init__("re", "precompiled loop", patterns, re.compile)
        if self.unsupported:
            raise ValueError(f"re refuses pattern {min(self.unsupported)}")


class RegexLoop(_Loop):
    """The module `regex`, in the version that means to be `re`'s (VERSION0), as `ReLoop`."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        regex = _imported("regex")
        flags = [
            (getattr(re, name), getattr(regex, name))
            for name in ("IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "ASCII")
        ]

        def compile_(source: str, given: int) -> Any:
            wanted = sum(theirs for ours, theirs in flags if given & ours)
            return regex.compile(source, wanted, cache_pattern=False)

        super().__init__("regex", str(regex.__version__), patterns, compile_)


class Re2Loop(_Loop):
    """google-re2's drop-in for `re`, as `ReLoop`."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        re2 = _imported("re2")
        options = re2.Options()
        options.max_mem = 1 << 26
        options.log_errors = False

        def compile_(source: str, flags: int) -> Any:
            return re2.compile(_with_inline_flags(source, flags), options)

        super().__init__("re2 loop", _version_of("google-re2"), patterns, compile_)


class LiteralsThenRe:
    """The usual recipe: a required literal of each pattern by aho-corasick, then `re` on the hits.

    Text and literals are lower-cased, so what IGNORECASE matches beyond `lower()` is lost; a
    pattern without such a literal is asked of `re` on every text.
    """

    def __init__(self, patterns: Sequence[Source]) -> None:
        ahocorasick = _imported("ahocorasick", package="pyahocorasick")
        self.name = "literals + re"
        self.version = f"pyahocorasick {_version_of('pyahocorasick')}"
        self.unsupported: frozenset[int] = frozenset()
        self._patterns = [re.compile(source, flags) for source, flags in patterns]
        self._always: list[int] = []
        owners: dict[str, list[int]] = {}
        for number, (source, flags) in enumerate(patterns):
            literals = required_literals(source, flags)
            if literals is None:
                self._always.append(number)
            for literal in literals or ():
                owners.setdefault(literal, []).append(number)
        self._automaton = ahocorasick.Automaton()
        for literal, numbers in owners.items():
            self._automaton.add_word(literal, numbers)
        if owners:
            self._automaton.make_automaton()

    def _candidates(self, text: str) -> Iterable[int]:
        found = set(self._always)
        if len(self._automaton):
            for _, numbers in self._automaton.iter(text.lower()):
                found.update(numbers)
        return sorted(found)

    def matching(self, text: str) -> list[int]:
        return [i for i in self._candidates(text) if self._patterns[i].search(text)]

    def first_spans(self, text: str) -> dict[int, tuple[int, int]]:
        return {
            i: match.span()
            for i in self._candidates(text)
            if (match := self._patterns[i].search(text))
        }

    def all_spans(self, text: str) -> dict[int, Spans]:
        return {
            i: spans
            for i in self._candidates(text)
            if (spans := [match.span() for match in self._patterns[i].finditer(text)])
        }


def _imported(module: str, *, package: str | None = None) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PeerMissingError(f"pip install {package or module}") from error


def _version_of(package: str) -> str:
    return importlib.metadata.version(package)


def _with_inline_flags(source: str, flags: int) -> str:
    """The flags that RE2 knows, written into the pattern; it refuses VERBOSE."""
    known = ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"), (re.VERBOSE, "x"))
    letters = "".join(letter for flag, letter in known if flags & flag)
    return f"(?{letters}){source}" if letters else source


def _hyperscan_arguments(
    patterns: Sequence[Source], mode: ByteMode
) -> tuple[list[bytes], list[int], list[int], frozenset[int]]:
    """Expressions, ids, flags for hs_compile_multi, and the patterns it would refuse."""
    unsupported = frozenset(
        i for i, (source, _) in enumerate(patterns) if _NOT_AN_AUTOMATON.search(source)
    )
    ids = [i for i in range(len(patterns)) if i not in unsupported]
    expressions = [
        (f"(?x){patterns[i][0]}" if patterns[i][1] & re.VERBOSE else patterns[i][0]).encode()
        for i in ids
    ]
    known = ((re.IGNORECASE, _CASELESS), (re.DOTALL, _DOTALL), (re.MULTILINE, _MULTILINE))
    flags = [
        _SINGLEMATCH
        | (_UTF8 if mode == "utf8" else 0)
        | sum(theirs for ours, theirs in known if patterns[i][1] & ours)
        for i in ids
    ]
    return expressions, ids, flags, unsupported


class PythonHyperscan:
    """Raw Hyperscan by the PyPI package `hyperscan`: the way a Python project would use it.

    Its 0.7.8 wheel holds Vectorscan 5.4.11 built for SSE only; see `SystemHyperscan` for a
    build that uses AVX2.
    """

    def __init__(self, patterns: Sequence[Source], *, mode: ByteMode) -> None:
        hyperscan = _imported("hyperscan")
        expressions, ids, flags, unsupported = _hyperscan_arguments(patterns, mode)
        refused: set[int] = set()
        for place, number in enumerate(ids):  # the error does not say which of many it is about
            try:
                hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
                    expressions=[expressions[place]], ids=[0], flags=[flags[place]]
                )
            except hyperscan.error:
                refused.add(number)
        kept = [place for place, number in enumerate(ids) if number not in refused]
        self.unsupported = unsupported | refused
        if not kept:
            raise PeerMissingError("hyperscan refuses every pattern of the set")
        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        started = time.perf_counter()
        self._database.compile(
            expressions=[expressions[place] for place in kept],
            ids=[ids[place] for place in kept],
            flags=[flags[place] for place in kept],
        )
        self.compile_seconds = time.perf_counter() - started
        self._hyperscan: Any = hyperscan
        self.name = f"hyperscan {mode}"
        self.version = f"PyPI {hyperscan.__version__}, {self._database.info().decode().strip()}"

    def matching(self, text: str) -> list[int]:
        found: list[int] = []

        def note(pattern: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            found.append(pattern)

        self._database.scan(text.encode(), match_event_handler=note)
        found.sort()
        return found

    def to_bytes(self) -> bytes:
        """The serialised database, for comparing load times."""
        data: bytes = self._hyperscan.dumpb(self._database)
        return data

    def from_bytes(self, data: bytes) -> object:
        """Load what `to_bytes` gave."""
        return self._hyperscan.loadb(data, mode=self._hyperscan.HS_MODE_BLOCK)


class SystemHyperscan:
    """Raw Hyperscan by ctypes on a shared library with run-time dispatch (Debian: `libhyperscan5`).

    The stricter peer: Intel's code with AVX2 or AVX-512. The library is found by the loader or
    named by `GATECORE_BENCH_LIBHS`.
    """

    _CALLBACK: ClassVar[Any] = ctypes.CFUNCTYPE(
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_ulonglong,
        ctypes.c_ulonglong,
        ctypes.c_uint,
        ctypes.c_void_p,
    )

    def __init__(self, patterns: Sequence[Source], *, mode: ByteMode) -> None:
        path = os.environ.get("GATECORE_BENCH_LIBHS") or ctypes.util.find_library("hs")
        if path is None:
            raise PeerMissingError(
                "apt install libhyperscan5, or set GATECORE_BENCH_LIBHS to libhs.so"
            )
        self._library = ctypes.CDLL(path)
        expressions, ids, flags, unsupported = _hyperscan_arguments(patterns, mode)
        arguments = list(zip(expressions, ids, flags, strict=True))
        kept = [argument for argument in arguments if self._compiled([argument])[0] == 0]
        self.unsupported = unsupported | (set(ids) - {number for _, number, _ in kept})
        if not kept:
            raise PeerMissingError("libhs refuses every pattern of the set")
        self._scratch = ctypes.c_void_p()
        started = time.perf_counter()
        status, self._database = self._compiled(kept)
        self.compile_seconds = time.perf_counter() - started
        self._check(status)
        self._check(self._library.hs_alloc_scratch(self._database, ctypes.byref(self._scratch)))
        info = ctypes.c_char_p()
        self._check(self._library.hs_database_info(self._database, ctypes.byref(info)))
        self._found: list[int] = []
        self._note = self._CALLBACK(self._on_match)
        self.name = f"libhs {mode}"
        self.version = f"{Path(path).name}, {(info.value or b'').decode().strip()}"

    def _compiled(self, arguments: Sequence[tuple[bytes, int, int]]) -> tuple[int, ctypes.c_void_p]:
        """The engine's status, and the database if it is 0."""
        count = len(arguments)
        database, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = self._library.hs_compile_multi(
            (ctypes.c_char_p * count)(*(expression for expression, _, _ in arguments)),
            (ctypes.c_uint * count)(*(flags for _, _, flags in arguments)),
            (ctypes.c_uint * count)(*(number for _, number, _ in arguments)),
            count,
            _MODE_BLOCK,
            None,
            ctypes.byref(database),
            ctypes.byref(error),
        )
        if error:
            self._library.hs_free_compile_error(error)
        return status, database

    def _on_match(self, pattern: int, *_rest: object) -> int:
        self._found.append(pattern)
        return 0

    @staticmethod
    def _check(status: int) -> None:
        if status != 0:
            raise RuntimeError(f"libhs answered status {status}; see hs_common.h")

    def matching(self, text: str) -> list[int]:
        data = text.encode()
        self._found = []
        self._check(
            self._library.hs_scan(
                self._database, data, len(data), 0, self._scratch, self._note, None
            )
        )
        self._found.sort()
        return self._found


class Re2Set:
    """google-re2's `Set`: every pattern in one automaton, which answers T1 only."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        re2 = _imported("re2", package="google-re2")
        options = re2.Options()
        options.max_mem = 1 << 30  # the default makes it fall back on a set of this size
        options.log_errors = False
        self._set: Any = re2.Set.SearchSet(options)
        unsupported: set[int] = set()
        self._ids: list[int] = []
        for i, (source, flags) in enumerate(patterns):
            try:
                self._set.Add(_with_inline_flags(source, flags))
            except re2.error:
                unsupported.add(i)
            else:
                self._ids.append(i)
        if not self._ids:
            raise PeerMissingError("re2 Set refuses every pattern of the set")
        self._set.Compile()
        self.unsupported = frozenset(unsupported)
        self.name = "re2 Set"
        self.version = _version_of("google-re2")

    def matching(self, text: str) -> list[int]:
        return sorted(self._ids[index] for index in self._set.Match(text) or ())


class YaraX:
    """YARA-X, a rule for each pattern, in its fast mode, which answers T1 only."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        yara_x = _imported("yara_x", package="yara-x")
        compiler = yara_x.Compiler(relaxed_re_syntax=True)
        unsupported: set[int] = set()
        for number, (source, flags) in enumerate(patterns):
            if flags & (re.MULTILINE | re.VERBOSE) or not source:
                unsupported.add(number)
                continue
            source = re.sub(r"(\\.)|/", lambda m: m[1] or r"\/", source, flags=re.DOTALL)
            source = source.replace("\n", r"\n").replace("\r", r"\r")
            suffix = ("i" if flags & re.IGNORECASE else "") + ("s" if flags & re.DOTALL else "")
            rule = f"rule p{number} {{ strings: $a = /{source}/{suffix} condition: $a }}"
            try:
                compiler.add_source(rule)
            except yara_x.CompileError:
                unsupported.add(number)
        self.unsupported = frozenset(unsupported)
        if len(unsupported) == len(patterns):
            raise PeerMissingError("YARA-X refuses every pattern of the set")
        self._scanner: Any = yara_x.Scanner(compiler.build())
        self._scanner.fast_scan(True)
        self.name = "YARA-X"
        self.version = _version_of("yara-x")

    def matching(self, text: str) -> list[int]:
        rules = self._scanner.scan(text.encode()).matching_rules
        return sorted(int(rule.identifier[1:]) for rule in rules)
