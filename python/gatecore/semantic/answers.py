"""What a model wrote → an answer for each question, or why there is none. Nonsense is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from gatecore.semantic.writing import Question

__all__ = ["Answer", "Answers", "read_answers"]

#: Of a reason or a quote; what is longer is not what was asked for.
_LONGEST: Final = 4_000
_KEYS: Final = frozenset({"id", "reason", "quote", "verdict"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's answer, as the model gave it.

    Attributes:
        status: The verdict.
        reason: Why, in its words.
        quote: What it rests on, in the words that it was shown; empty if nothing.
    """

    status: str
    reason: str = field(repr=False)
    quote: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a reply came to.

    Attributes:
        given: The answers by id.
        wrong: Why the others have none, by id.
        unknown: How many answers had an id that nobody asked for.
    """

    given: Mapping[str, Answer]
    wrong: Mapping[str, str]
    unknown: int = 0


def read_answers(text: str, asked: Mapping[str, Question]) -> Answers:
    """The answers in a reply to questions, by id.

    Each question has an answer or a reason why not: that there is none, that there are two that
    differ, or that it is not one that the gate may give. No exception, whatever the text is.
    """
    answers = _listed(text)
    if isinstance(answers, str):
        return Answers(MappingProxyType({}), dict.fromkeys(asked, answers))
    given: dict[str, Answer] = {}
    wrong: dict[str, str] = {}
    unknown = 0
    for one in answers:
        name = one.get("id") if isinstance(one, dict) else None
        if not isinstance(name, str) or name not in asked:
            unknown += 1
            continue
        read = _answer(one, asked[name])
        if isinstance(read, str):
            wrong[name] = read
        elif name in given and given[name] != read:
            wrong[name] = "the model answered it twice, in two ways"
        else:
            given[name] = read
    for name in asked:
        if name in wrong:
            given.pop(name, None)
        elif name not in given:
            wrong[name] = "the model left it out"
    return Answers(MappingProxyType(given), MappingProxyType(wrong), unknown)


def _listed(text: str) -> list[Any] | str:
    try:
        found = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return "the model's answer is not JSON"
    if not isinstance(found, dict) or not isinstance(found.get("answers"), list):
        return "the model's answer has no list of answers"
    answers: list[Any] = found["answers"]
    return answers


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if it says each thing once: of two verdicts nobody knows which one is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _answer(one: dict[str, Any], question: Question) -> Answer | str:
    if set(one) != _KEYS or not all(isinstance(value, str) for value in one.values()):
        return "the model's answer is not of the form that was asked for"
    if max(map(len, one.values())) > _LONGEST:
        return f"the model's answer is longer than {_LONGEST:,} characters"
    try:
        choice = question.gate.choice(one["verdict"])
    except KeyError:
        return "the model gave a verdict that this gate does not have"
    if choice.needs_quote and not any(map(str.isalnum, one["quote"])):
        return "the model quoted nothing for a verdict that needs it"
    return Answer(choice.status, one["reason"].strip(), one["quote"].strip())
