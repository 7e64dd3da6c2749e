"""The backends that gatecore is measured against, each with the same two methods.

A peer answers T1 (`matching`) and says which patterns it had to leave out (`unsupported`).
None but `re` claims to answer as `re` does; `track_wrong_*` in `bench_peers` counts the difference.
Constructors raise `PeerMissingError` when the peer is not installed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

__all__ = ["Peer", "PeerMissingError", "PythonHyperscan", "Re2Set", "ReLoop", "SystemHyperscan"]

Source = tuple[str, int]
ByteMode = Literal["ascii", "utf8"]

# What Hyperscan's and RE2's compilers refuse: look-around and backreferences.
_NOT_AN_AUTOMATON = re.compile(r"\(\?<?[=!]|\(\?P=|(?<!\\)(?:\\\\)*\\[1-9]")

# hs.h; SINGLEMATCH reports a pattern at most once, which is all that T1 asks for.
_CASELESS, _SINGLEMATCH, _UTF8, _MODE_BLOCK = 1, 8, 32, 1


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


class ReLoop:
    """CPython's `re`, every pattern compiled once and tried in turn: the oracle."""

    def __init__(self, patterns: Sequence[Source]) -> None:
        self.name = "re"
        self.version = "precompiled loop"
        self.unsupported: frozenset[int] = frozenset()
        self._patterns = [re.compile(source, flags) for source, flags in patterns]

    def matching(self, text: str) -> list[int]:
        return [i for i, pattern in enumerate(self._patterns) if pattern.search(text)]

    def first_spans(self, text: str) -> dict[int, tuple[int, int]]:
        return {
            i: match.span()
            for i, pattern in enumerate(self._patterns)
            if (match := pattern.search(text))
        }

    def all_spans(self, text: str) -> dict[int, list[tuple[int, int]]]:
        return {
            i: spans
            for i, pattern in enumerate(self._patterns)
            if (spans := [match.span() for match in pattern.finditer(text)])
        }


def _hyperscan_arguments(
    patterns: Sequence[Source], mode: ByteMode
) -> tuple[list[bytes], list[int], list[int], frozenset[int]]:
    """Expressions, ids, flags for hs_compile_multi, and the patterns it would refuse."""
    unsupported = frozenset(
        i for i, (source, _) in enumerate(patterns) if _NOT_AN_AUTOMATON.search(source)
    )
    ids = [i for i in range(len(patterns)) if i not in unsupported]
    expressions = [patterns[i][0].encode() for i in ids]
    flags = [
        _SINGLEMATCH
        | (_UTF8 if mode == "utf8" else 0)
        | (_CASELESS if patterns[i][1] & re.IGNORECASE else 0)
        for i in ids
    ]
    return expressions, ids, flags, unsupported


class PythonHyperscan:
    """Raw Hyperscan by the PyPI package `hyperscan`: the way a Python project would use it.

    Its 0.7.8 wheel holds Vectorscan 5.4.11 built for SSE only; see `SystemHyperscan` for a
    build that uses AVX2.
    """

    def __init__(self, patterns: Sequence[Source], *, mode: ByteMode) -> None:
        try:
            hyperscan = importlib.import_module("hyperscan")
        except ImportError as error:
            raise PeerMissingError("pip install hyperscan==0.7.8") from error
        expressions, ids, flags, self.unsupported = _hyperscan_arguments(patterns, mode)
        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(expressions=expressions, ids=ids, flags=flags)
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
        expressions, ids, flags, self.unsupported = _hyperscan_arguments(patterns, mode)
        count = len(ids)
        self._database = ctypes.c_void_p()
        self._scratch = ctypes.c_void_p()
        self._check(
            self._library.hs_compile_multi(
                (ctypes.c_char_p * count)(*expressions),
                (ctypes.c_uint * count)(*flags),
                (ctypes.c_uint * count)(*ids),
                count,
                _MODE_BLOCK,
                None,
                ctypes.byref(self._database),
                ctypes.byref(ctypes.c_void_p()),
            )
        )
        self._check(self._library.hs_alloc_scratch(self._database, ctypes.byref(self._scratch)))
        info = ctypes.c_char_p()
        self._check(self._library.hs_database_info(self._database, ctypes.byref(info)))
        self._found: list[int] = []
        self._note = self._CALLBACK(self._on_match)
        self.name = f"libhs {mode}"
        self.version = f"{Path(path).name}, {(info.value or b'').decode().strip()}"

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
        try:
            re2 = importlib.import_module("re2")
        except ImportError as error:
            raise PeerMissingError("pip install google-re2") from error
        options = re2.Options()
        options.max_mem = 1 << 30  # the default makes it fall back on a set of this size
        options.log_errors = False
        self._set: Any = re2.Set.SearchSet(options)
        unsupported: set[int] = set()
        self._ids: list[int] = []
        for i, (source, flags) in enumerate(patterns):
            try:
                self._set.Add(f"(?i){source}" if flags & re.IGNORECASE else source)
            except re2.error:
                unsupported.add(i)
            else:
                self._ids.append(i)
        self._set.Compile()
        self.unsupported = frozenset(unsupported)
        self.name = "google-re2 Set"
        self.version = str(getattr(re2, "__version__", "unknown"))

    def matching(self, text: str) -> list[int]:
        return sorted(self._ids[index] for index in self._set.Match(text))
