"""A result of a LOKI engine as a record of the audit store.

LOKI's own log has columns of SQLite's type TEXT, so that a number comes back as a text, and NULL
where there is nothing. Both are kept: its answers depend on them.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from gatecore.audit.records import Flag, Record

__all__ = ["Said", "decoded", "encoded", "kept_modules", "record_of", "stored_text"]

#: An outcome, as records have it.
Said = tuple[str, str, str, str, str | None, str | None, int]

#: How a store says what it has no word for: nothing, and the empty text, which stands for erased.
_NONE: Final = "(none)"
_EMPTY: Final = "(empty)"
#: Modules of a validation, and characters of a name, that the store takes.
_MOST_MODULES: Final = 10_000
_LONGEST_NAME: Final = 1_000
_ENCODED: Final = re.compile(r"\(+(?:none|empty)\)+")


def stored_text(value: Any) -> str | None:
    """What a column of type TEXT has of a value.

    Raises:
        TypeError: SQLite has nothing for such a value, or bytes, which are not text.

    >>> stored_text("FAIL"), stored_text(3), stored_text(True), stored_text(1e20), stored_text(None)
    ('FAIL', '3', '1', '1.0e+20', None)
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):  # as `sqlite3` adapts it
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, int | float):
        raise TypeError(f"a {type(value).__name__} cannot be stored as text")
    with closing(sqlite3.connect(":memory:")) as connection:
        text: str | None = connection.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()[0]
    return text


def encoded(text: str | None) -> str:
    """A text, or nothing, as a word of the store, which is a text that is not empty.

    >>> encoded("HIGH"), encoded(None), encoded(""), encoded("(none)")
    ('HIGH', '(none)', '(empty)', '((none))')
    """
    if not text:
        return _NONE if text is None else _EMPTY
    return f"({text})" if _ENCODED.fullmatch(text) else text


def decoded(word: str) -> str | None:
    """What `encoded` was given.

    >>> [decoded(encoded(one)) for one in ("HIGH", None, "", "(none)", "((empty)")]
    ['HIGH', None, '', '(none)', '((empty)']
    """
    if not _ENCODED.fullmatch(word):
        return word
    return {_NONE: None, _EMPTY: ""}.get(word, word[1:-1])


def kept_modules(modules: Iterable[Any]) -> tuple[str, ...]:
    """A list of modules as the store has it, whatever a client asked for: cut rather than refused.

    Raises:
        TypeError: Something in it is nothing that JSON has.

    >>> kept_modules(["gdpr_uk", 5])
    ('gdpr_uk', '5')
    """
    names = (one if isinstance(one, str) else json.dumps(one) for one in modules)
    return tuple(name[:_LONGEST_NAME] for name in islice(names, _MOST_MODULES))


def record_of(
    text: Any,
    document_type: Any,
    modules_used: Iterable[Any] | None,
    result: Mapping[str, Any],
    *,
    at: int,
    cached: bool = False,
) -> Record:
    """What is kept of a result; it may be changed afterwards.

    Args:
        text: The document.
        document_type: Its type.
        modules_used: The modules that were asked for.
        result: What the engine answered.
        at: Microseconds since 1970.
        cached: Whether it came from a cache.

    Raises:
        AttributeError, TypeError, UnicodeEncodeError: It is not what an engine answers; the host's
            own log raises for it as well.

    Costs about 40 µs for a hundred gates.

    >>> gates = {"consent": {"status": "fail", "severity": "HIGH", "version": "1.2"}}
    >>> result = {"overall_risk": "HIGH", "modules": {"gdpr_uk": {"gates": gates}}}
    >>> record = record_of("A notice.", "notice", ["gdpr_uk"], result, at=0)
    >>> record.outcomes, record.high
    ([('module', 'gdpr_uk', 'consent', '1.2', 'fail', 'HIGH', 0)], 1)
    """
    outcomes: list[Said] = []
    critical = high = errors = 0
    for module, gate, said in _gates(result):
        status = (said.get("status") or "").upper()
        severity = (said.get("severity") or "").lower()
        if status == "FAIL":
            critical += severity == "critical"
            high += severity == "high"
        errors += status == "ERROR"
        outcomes.append(_outcome("module", f"{module}", f"{gate}", said, said.get("version")))
    for scope, section in (("universal", "universal"), ("analyzer", "analyzers")):
        for name, said in (result.get(section) or {}).items():
            if isinstance(said, dict):
                outcomes.append(_outcome(scope, "", _named(name), said))
    for issue in (result.get("cross") or {}).get("issues") or []:
        if isinstance(issue, dict):
            name = _named(issue.get("id") or "cross_issue")
            outcomes.append(_outcome("cross", "", name, {"status": "FAIL", **issue}))
    return Record(
        at=at,
        document=sha256((text or "").encode()).digest(),
        kind=encoded(stored_text(document_type or "unknown")),
        modules=kept_modules(modules_used or ()),
        risk=encoded(stored_text(result.get("overall_risk", "UNKNOWN"))),
        outcomes=outcomes,
        critical=critical,
        high=high,
        flags=int(Flag.CACHED * cached | Flag.ERRORS * bool(errors or "error" in result)),
        characters=len(text or ""),
    )


def _gates(result: Mapping[str, Any]) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    for module, section in (result.get("modules") or {}).items():
        for gate, said in ((section or {}).get("gates") or {}).items():
            if isinstance(said, dict):
                yield module, gate, said


def _outcome(
    scope: str, module: str, gate: str, said: Mapping[str, Any], version: Any = None
) -> Said:
    status, severity = stored_text(said.get("status")), stored_text(said.get("severity"))
    return scope, module, gate, "" if version is None else f"{version}", status, severity, 0


def _named(name: Any) -> str:
    text = stored_text(name)
    if text is None:
        raise TypeError("what has no name cannot be recorded")
    return text
