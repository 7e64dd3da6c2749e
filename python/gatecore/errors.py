"""Every error that gatecore raises on purpose: what is wrong, where, and what to do about it.

All of them are `GatecoreError`, so one `except` clause is enough; those that mirror a built-in
error are that error too, so code that already catches `ValueError` or `TypeError` keeps working.

>>> from gatecore import PatternSet, errors
>>> try:
...     PatternSet("abc")
... except errors.GatecoreError as error:
...     print(error)
a set is a list of patterns; for one pattern, ['abc']
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

TYPE_CHECKING = False  # as in `gatecore`: `typing` would cost 5 ms
if TYPE_CHECKING:
    from typing import Protocol

    class _Pattern(Protocol):
        """A `gatecore.Pattern`; not imported, as everything imports this module."""

        @property
        def source(self) -> str: ...
        @property
        def flags(self) -> int: ...

    class _Known(Protocol):
        """A `gatecore.Known`."""

        @property
        def found(self) -> tuple[int, ...]: ...
        @property
        def open(self) -> tuple[int, ...]: ...


__all__ = [
    "AccelerateError",
    "AuditFileError",
    "AuditQuestionError",
    "AuditRecordError",
    "AuditWriteError",
    "CacheKeyError",
    "CacheReentryError",
    "CacheValueError",
    "ConfigError",
    "DeadlineError",
    "DocumentTooLargeError",
    "DocumentTypeError",
    "EngineOptionsError",
    "GateFileError",
    "GatecoreDeprecation",
    "GatecoreError",
    "LoadError",
    "ManifestError",
    "PatternSetError",
    "ReplayError",
    "ReportFormatError",
    "ScaleError",
    "SemanticError",
    "SemanticGateError",
    "SetTooLargeError",
    "StoredSetError",
    "UnansweredError",
    "UnknownGateError",
    "UnknownModuleError",
]


class GatecoreError(Exception):
    """The base of every error that gatecore raises on purpose.

    >>> issubclass(PatternSetError, GatecoreError)
    True
    """


class PatternSetError(GatecoreError, ValueError):
    """A pattern set cannot be built from what was given.

    >>> from gatecore import PatternSet
    >>> PatternSet([b"bytes"])
    Traceback (most recent call last):
    gatecore.errors.PatternSetError: pattern 0 of the set is b'bytes': expected a Pattern, ...
    """


class SetTooLargeError(PatternSetError):
    """A pattern set is larger than the engine can hold. Split it: two sets cost two passes."""


class StoredSetError(GatecoreError):
    """A compiled set file is damaged, foreign, or of another version.

    Compile the set anew; a `PatternStore` does so by itself.

    >>> from gatecore import PatternSet
    >>> PatternSet.from_bytes(b"nothing of ours")
    Traceback (most recent call last):
    gatecore.errors.StoredSetError: ...
    """


class UnansweredError(GatecoreError):
    """A question about a document was not answered: says which, why, and what is known anyway.

    Attributes:
        reason: Why.
        number: The number of the pattern that was asked about when it came to that.
        pattern: That pattern.
        known: Of all patterns of the set, which match for certain and which are open, the one named
            included. `None` where one pattern alone was asked about.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.number: int | None = None
        self.pattern: _Pattern | None = None
        self.known: _Known | None = None

    def __str__(self) -> str:
        said = self.reason
        if self.pattern is not None:
            said = f"pattern {self.number}, {self.pattern.source!r}, was not answered: {said}"
        if self.known is not None:
            said = f"{said}; {self.known}"
        return said


class DeadlineError(UnansweredError, TimeoutError):
    r"""A deadline passed or was cancelled before the answer was there.

    >>> from gatecore import Deadline, PatternSet
    >>> scan = PatternSet(["plain", r"(a)\1"]).scan("plain aa")
    >>> deadline = Deadline()
    >>> deadline.cancel()
    >>> try:
    ...     scan.ids(deadline=deadline)
    ... except DeadlineError as error:
    ...     error.reason, error.number, error.known
    ('it was cancelled', 1, Known(found=(0,), open=(1,)))
    """


class DocumentTypeError(GatecoreError, TypeError):
    """Something that is not a `str` was given as a document. Decode bytes first.

    >>> from gatecore import PatternSet
    >>> PatternSet(["plain"]).scan(b"plain")
    Traceback (most recent call last):
    gatecore.errors.DocumentTypeError: a document is a str, not bytes; decode it first
    """


class DocumentTooLargeError(GatecoreError, ValueError):
    """A document has more characters than `EngineOptions.max_document_characters` allows.

    >>> from gatecore import ComplianceEngine, EngineOptions
    >>> engine = ComplianceEngine(["gdpr_uk"], options=EngineOptions(max_document_characters=5))
    >>> engine.validate_document("Hello.")
    Traceback (most recent call last):
    gatecore.errors.DocumentTooLargeError: the document has 6 characters, the engine takes 5; ...
    """


class EngineOptionsError(GatecoreError, ValueError):
    """An option of an engine has a value that makes no sense: says which and what is expected.

    >>> from gatecore import EngineOptions
    >>> EngineOptions(max_findings=-1)
    Traceback (most recent call last):
    gatecore.errors.EngineOptionsError: max_findings is -1: expected a whole number from 0
    """


class ManifestError(GatecoreError):
    """The manifest of a batch cannot be used: another kind of file, or another batch has it.

    >>> from gatecore import ComplianceEngine
    >>> ComplianceEngine(["gdpr_uk"]).validate_many(["A letter."], manifest="/")
    Traceback (most recent call last):
    gatecore.errors.ManifestError: /: is not a regular file; name one to be made
    """


class ScaleError(GatecoreError, ValueError):
    """Columns, files or an engine that `gatecore.scale` cannot use; says what to give instead.

    >>> import pyarrow as pa
    >>> from gatecore.scale import validate_arrow
    >>> validate_arrow(pa.record_batch({"txt": ["A letter."]}))
    Traceback (most recent call last):
    gatecore.errors.ScaleError: there is no column 'text'; did you mean 'txt'?
    """


class ReportFormatError(GatecoreError, ValueError):
    """Something that is not a report of this version was given to `ValidationReport.from_json`.

    >>> from gatecore import ValidationReport
    >>> ValidationReport.from_json(b"[]")
    Traceback (most recent call last):
    gatecore.errors.ReportFormatError: not a report: a list instead of an object
    """


class GatecoreDeprecation(DeprecationWarning):
    """The category of warnings about gates that should no longer be used.

    Python hides it outside of `__main__` and tests; `-W default` shows it.

    >>> issubclass(GatecoreDeprecation, DeprecationWarning)
    True
    """


class AccelerateError(GatecoreError, TypeError):
    """Something that is not a host was given to `accelerate`."""


class AuditFileError(GatecoreError):
    """A file is not an audit store that this version can use: says which file, and why not."""


class AuditRecordError(GatecoreError, ValueError):
    """A validation cannot be recorded because of what is said of it: says which field, and why."""


class AuditQuestionError(GatecoreError, ValueError):
    """An audit store was asked something that makes no sense: says what, and what would."""


class AuditWriteError(GatecoreError, RuntimeError):
    """Validations could not be written to the audit store. Those that this is about are not in it.

    What nobody waits for stays in memory and is tried again; `AuditStore.stats` counts it.
    """


class CacheValueError(GatecoreError, TypeError):
    """A value cannot be kept in a cache: whoever is given it could change it for others.

    >>> from gatecore.cache import MemoryCache
    >>> MemoryCache().set(b"key", ["a list"])
    Traceback (most recent call last):
    gatecore.errors.CacheValueError: a list can be changed by whoever is given it: keep bytes, ...
    """


class CacheKeyError(GatecoreError, TypeError):
    """An argument of a cached function is not of a kind that a key can be made of."""


class CacheReentryError(GatecoreError, RuntimeError):
    """A computation asked a cache for the value that it is to make, and would wait for ever."""


class ConfigError(GatecoreError):
    """Settings that cannot be used: says file, line and key, and what is expected."""


class ReplayError(GatecoreError, RuntimeError):
    """An audit found that a replayed result is not what the gate's own Python gives.

    The gate is not replayed any more.
    """


class SemanticError(GatecoreError, RuntimeError):
    """A language model could not be asked, or its answer could not be used."""


class SemanticGateError(GatecoreError, ValueError):
    """A semantic gate, or an option of the semantic client, makes no sense: says which and why."""


class LoadError(GatecoreError, ValueError):
    """A load test cannot be run as it is described: says what makes no sense and what would."""


class UnknownModuleError(GatecoreError, LookupError):
    """A module was asked for that is not there: says which are, the nearest name first.

    `gatecore.modules.names` has all that gatecore ships.
    """


class UnknownGateError(GatecoreError, LookupError):
    """A gate was named that is not among the gates, or a name that several of them have.

    For the latter say `module/name`.
    """


class GateFileError(GatecoreError):
    """A gate file cannot be used: says in which file, line, column and gate, and what to do.

    >>> error = GateFileError("missing ')'", path="fca_uk/risk.yaml", line=14, column=5,
    ...                       gate="risk", advice="close the group")
    >>> print(error)
    fca_uk/risk.yaml:14:5: gate 'risk': missing ')'; close the group
    >>> error.line, error.gate
    (14, 'risk')

    Attributes:
        detail: What is wrong.
        path: The file's name as it was given.
        line: The line, from 1; 0 where a whole file or folder is meant: one that is not there.
        column: The character of that line, from 1; likewise.
        gate: The gate's name, `None` where the file is not one of a gate.
        advice: What to do about it.
        others: The first mistakes of further files that were read together with this one.
    """

    def __init__(
        self, detail: str, *, path: str, line: int, column: int, gate: str | None, advice: str
    ) -> None:
        self.detail = detail
        self.path = path
        self.line = line
        self.column = column
        self.gate = gate
        self.advice = advice
        self.others: tuple[GateFileError, ...] = ()
        from gatecore.text import visible

        who = f"gate '{gate}': " if gate is not None else ""
        # A file may be called anything; `path` keeps its name as it is.
        where = f"{visible(path)}:{line}:{column}" if line else visible(path)
        super().__init__(f"{where}: {who}{detail}; {advice}")

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process boundaries (`validate_many`), and the default way of pickling
        # them knows nothing of keyword-only arguments.
        names = ("detail", "path", "line", "column", "gate", "advice")
        made = partial(GateFileError, **{name: getattr(self, name) for name in names})
        return made, (), {"others": self.others}

    @classmethod
    @contextlib.contextmanager
    def collecting(cls) -> Iterator[Callable[[], AbstractContextManager[None]]]:
        """Lets work on several files go on after a mistake in one, and raises all at the end.

        >>> with GateFileError.collecting() as each:
        ...     for name in ("a", "b", "c"):
        ...         with each():
        ...             if name != "b":
        ...                 raise GateFileError(
        ...                     "is empty", path=name, line=0, column=0, gate=None, advice="fill it"
        ...                 )
        Traceback (most recent call last):
        gatecore.errors.GateFileError: a: is empty; fill it
        """
        found: list[GateFileError] = []

        @contextlib.contextmanager
        def each() -> Iterator[None]:
            try:
                yield
            except GateFileError as error:
                found.extend((error, *error.others))

        yield each
        if found:
            first, *others = found
            first.others = tuple(others)
            raise first
