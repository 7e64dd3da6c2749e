"""Gates whose rules leave a question open, put to a semantic client, and what comes of them.

A result that was judged by meaning has the rules' answer beside it, in `extra["rules"]`; one that
could not be judged is NEEDS_REVIEW with the rules' severity, and counts for the risk as what the
rules said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, cast

from gatecore.engine import universal
from gatecore.engine.plain import shown
from gatecore.engine.plans import Plan
from gatecore.engine.report import STATUSES, GateResult, ResultStatus
from gatecore.errors import EngineOptionsError
from gatecore.gates import masking
from gatecore.gates.findings import Lines
from gatecore.gates.spec import SEVERITIES
from gatecore.gates.units import Span
from gatecore.loggers import logger
from gatecore.protocols import Judgement, Open, Semantic

__all__ = [
    "NEEDS_REVIEW",
    "Asked",
    "Places",
    "check_gates",
    "open_questions",
    "places_of",
    "settled",
]

NEEDS_REVIEW: Final = "NEEDS_REVIEW"

_log = logger("engine")
#: Findings of rules that are shown to a client, and spans of an answer that are kept.
_MOST_SPANS: Final = 1_000
_FEW: Final = "no answer came"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a plan's semantic gates have their results: number and name, of each kind."""

    data: tuple[tuple[int, str], ...]
    python: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the list with the place where its gate's result is."""

    question: Open
    results: list[GateResult]
    place: int


def check_gates(semantic: Semantic, modules: Mapping[str, Any]) -> None:
    """That each semantic gate has rules that are judged, where its module is.

    Raises:
        EngineOptionsError: One has not, so it would never be asked; or `semantic` asks nobody.
    """
    for part in ("version", "gates", "is_open", "judge", "judge_async"):
        if not hasattr(semantic, part):
            raise EngineOptionsError(
                f"semantic is a {type(semantic).__name__} without {part}; give one "
                "gatecore.semantic.SemanticClient"
            )
    for name in semantic.gates:
        module, _, gate = name.partition("/")
        if module == universal.MODULE:
            raise EngineOptionsError(
                f"semantic gate {name}: a detector's answer is grouped with others; "
                "write a gate of your own beside it"
            )
        if module in modules and gate not in modules[module]:
            raise EngineOptionsError(
                f"semantic gate {name}: module {module} has no gate {gate!r} whose rules could "
                "leave it open"
            )
    if not any(name.partition("/")[0] in modules for name in semantic.gates):
        raise EngineOptionsError(
            "semantic has no gate of the modules that are judged, so nothing would be asked"
        )


def places_of(plan: Plan, gates: frozenset[str]) -> Places:
    """Where the results of these gates are."""
    data, python = [], []
    for planned in plan.modules:
        key = planned.module.key
        data += [(at, f"{key}/{name}") for at, name in planned.data if f"{key}/{name}" in gates]
        python += [(at, f"{key}/{name}") for at, name in planned.python if f"{key}/{name}" in gates]
    return Places(tuple(data), tuple(python))


def open_questions(
    semantic: Semantic, places: Places, data: list[GateResult], python: list[GateResult]
) -> list[Asked]:
    """What the rules leave open. A gate that failed or was not finished is never asked about."""
    asked = []
    for results, listed in ((data, places.data), (python, places.python)):
        for at, name in listed:
            result = results[at]
            if result.status in ("UNKNOWN", "ERROR") or not semantic.is_open(name, result.status):
                continue
            asked.append(Asked(Open(name, result.status, _spans(result)), results, at))
    return asked


def _spans(result: GateResult) -> tuple[tuple[int, int], ...]:
    if result.verdict is None:
        return ()
    return tuple((each.start, each.end) for each in result.verdict.findings[:_MOST_SPANS])


def settled(
    text: str,
    asked: Sequence[Asked],
    judgements: Mapping[str, Judgement] | BaseException,
    masked: Sequence[Span] = (),
) -> None:
    """Puts each judgement where the rules' result was. What is not one is NEEDS_REVIEW.

    Args:
        text: The document.
        asked: What was asked.
        judgements: What came back, whatever it is.
        masked: Where the document has what no report shows.
    """
    if isinstance(judgements, BaseException):
        name = type(judgements).__name__
        _log.warning("the semantic client raised %s: its gates need review", name)
        judgements = dict.fromkeys(
            (one.question.gate for one in asked),
            Judgement(NEEDS_REVIEW, "", f"the semantic client failed with {name}"),
        )
    readable = masking.shown(text, masked)
    lines = Lines(text)
    hidden = {text[start:end] for start, end in masked}
    for one in asked:
        rules = one.results[one.place]
        try:
            judged = _checked(judgements.get(one.question.gate), hidden)
            result = _result(readable, lines, rules, judged)
        except Exception as error:  # what a client of a host's own gives may be anything
            _log.warning("a judgement is none: %s", type(error).__name__)
            result = _result(readable, lines, rules, Judgement(NEEDS_REVIEW, "", _FEW))
        one.results[one.place] = result


def _checked(judged: Judgement | None, hidden: Collection[str]) -> Judgement | None:
    """A judgement whose parts are what they are to be, its reason without what is masked.

    Raises:
        TypeError: It is something else.
    """
    if judged is None:
        return None
    texts = (judged.status, judged.severity, judged.message, judged.reason, judged.model)
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("a part of a judgement that is no text")
    reason = judged.reason
    for value in sorted(hidden, key=len, reverse=True):
        reason = reason.replace(value, masking.mask(value))
    return judged._replace(reason=reason)


def _result(text: str, lines: Lines, rules: GateResult, judged: Judgement | None) -> GateResult:
    if judged is None or judged.status not in STATUSES or judged.status in ("UNKNOWN", "ERROR"):
        judged = Judgement(NEEDS_REVIEW, "", _FEW)
    spans = [
        (start, end) for start, end in judged.spans[:_MOST_SPANS] if 0 <= start < end <= len(text)
    ]
    quotes = tuple(MappingProxyType(_quoted(text, lines, *span)) for span in spans)
    said: dict[str, Any] = {"model": judged.model, "quotes": quotes}
    if judged.reason:
        said["reason"] = shown(judged.reason, 4_000)
    # The rules' own message may be long, and says what a person who reviews it has to look at.
    extra = {
        "rules": MappingProxyType(
            {
                "status": rules.status,
                "severity": rules.severity,
                "message": rules.message,
                **rules.extra,
            }
        ),
        "semantic": MappingProxyType(said),
    }
    if judged.status == NEEDS_REVIEW:
        severity = rules.severity
        message = f"A person has to look: {shown(judged.message, 1_000)}."
    else:
        severity = judged.severity if judged.severity in SEVERITIES else rules.severity
        message = shown(judged.message, 5_000)
    return replace(
        rules,
        status=cast(ResultStatus, judged.status),
        severity=severity,
        message=message,
        verdict=None,
        _extra=MappingProxyType(extra),
    )


def _quoted(text: str, lines: Lines, start: int, end: int) -> dict[str, Any]:
    line, column = lines.place(start)
    return {"start": start, "end": end, "text": text[start:end], "line": line, "column": column}
