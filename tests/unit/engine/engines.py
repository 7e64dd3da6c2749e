"""Gates and engines for these tests: small sets that compile in milliseconds, and Python gates."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta, timezone
from typing import Any

from gatecore import ComplianceEngine, EngineOptions, Gate
from gatecore.gates.spec import AnyOf, Severity, Status
from tests.support.gates import branch_of, gate_of

NOON = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def clock() -> datetime:
    return NOON


def word_of(
    name: str,
    word: str,
    *,
    module: str = "house",
    status: Status = "FAIL",
    severity: Severity = "high",
    **others: Any,
) -> Gate:
    """A gate that complains of one word and lists it; relevant where there is a letter."""
    found = branch_of(AnyOf(("word",)), "word", status=status, severity=severity, message="{word}")
    rest = branch_of(None, status="PASS", message="Fine.")
    relevant = AnyOf(("letter",))
    groups = {"word": [rf"\b{word}\b"], "letter": ["[a-z]"]}
    return gate_of(
        groups,
        found,
        rest,
        name=name,
        module=module,
        relevant=relevant,
        severity=severity,
        **others,
    )


class Says:
    """A Python gate that gives one answer, or raises it."""

    version, legal_source, severity = "2.1", "Rule 7", "high"

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.texts: list[str] = []

    def check(self, text: str, document_type: str) -> Any:
        self.texts.append(text)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer(text, document_type) if callable(self.answer) else self.answer


class Finds:
    """A Python gate as hosts write them."""

    name, severity, legal_source = "finds", "high", "Rule 8"

    def check(self, text: str, document_type: str) -> dict[str, Any]:
        if not re.search(r"\bpears?\b", text, re.IGNORECASE):
            return {"status": "N/A", "message": "No pears."}
        spans = [
            {"start": found.start(), "end": found.end(), "text": found.group()}
            for found in re.finditer(r"\b(?:rotten|green)\s+pears?\b", text, re.IGNORECASE)
        ]
        if spans or "unripe" in text.lower():
            return {"status": "fail", "severity": "High", "message": "Pears.", "spans": spans}
        return {"status": "PASS", "severity": "medium"}


class DictCache:
    """The smallest cache that is one."""

    def __init__(self) -> None:
        self.kept: dict[bytes, tuple[Any, tuple[str, ...]]] = {}
        self.hits = 0

    def get(self, key: bytes) -> Any | None:
        if key in self.kept:
            self.hits += 1
        return self.kept.get(key, (None, ()))[0]

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        self.kept[key] = value, tuple(tags)

    def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Any],
        *,
        tags: Collection[str] = (),
        keep: Callable[[Any], bool] | None = None,
        waits: bool = True,
    ) -> Any:
        if (known := self.get(key)) is not None:
            return known
        value = compute()
        if keep is None or keep(value):
            self.set(key, value, tags=tags)
        return value

    def invalidate(self, *tags: str) -> int:
        gone = [key for key, (_, own) in self.kept.items() if set(tags) & set(own)]
        for key in gone:
            del self.kept[key]
        return len(gone)

    def clear(self) -> None:
        self.kept.clear()

    def close(self) -> None:
        pass


def ticking() -> Callable[[], datetime]:
    """A clock that is a second later each time."""
    times = iter(NOON + timedelta(seconds=n) for n in range(10**6))
    return lambda: next(times)


def engine_of(*gates: Gate, python: Any = None, **others: Any) -> ComplianceEngine:
    """An engine of some gates, without detectors, at noon."""
    options = others.pop("options", {})
    return ComplianceEngine(
        gates=gates,
        python_modules=python,
        options=EngineOptions(**({"clock": clock} | options)),
        **({"detectors": False} | others),
    )


def answered(answer: Any, **options: Any) -> dict[str, Any]:
    """What a report has of a Python gate that gives this answer."""
    engine = engine_of(python={"m": {"g": Says(answer)}}, options=options)
    with engine:
        gates = engine.validate_document("text").to_dict()["modules"]["m"]["gates"]
    found: dict[str, Any] = gates["g"]
    return found
