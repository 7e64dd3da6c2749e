"""`SemanticGate`: what a language model is asked when a gate's rules leave a question open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from gatecore.errors import SemanticGateError
from gatecore.gates.spec import SEVERITIES
from gatecore.patterns.pattern import Pattern

__all__ = ["Choice", "ChoiceStatus", "Passages", "SemanticGate", "check_gates"]

#: What a model may decide. That a question is left to a person is never its choice.
ChoiceStatus: TypeAlias = Literal["PASS", "WARNING", "FAIL", "N/A"]

_STATUSES: Final = ("PASS", "WARNING", "FAIL", "N/A")
#: What rules may say without having decided. What they did not finish, they are not asked beyond.
_OPEN: Final = ("FAIL", "WARNING", "PASS", "N/A")
_NAME: Final = re.compile(r"[^\s/]+/[^\s/]+")
_MOST_CONTEXT: Final = 10_000
_LONGEST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One verdict that the model may give.

    Attributes:
        status: "PASS", "WARNING", "FAIL" or "N/A"; each once in a gate.
        when: When it is right, told to the model.
        severity: The result's severity; "none" for what asks nothing of a reader.
        message: The result's message, the author's own words.
        needs_quote: Whether the model must quote what it rests on.

    Raises:
        SemanticGateError: A part is missing or unknown.

    >>> Choice("FAIL", "Use alone counts.", "critical", "Use is taken for consent.").status
    'FAIL'
    """

    status: ChoiceStatus
    when: str
    severity: str
    message: str
    needs_quote: bool = False

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise SemanticGateError(
                f"a choice has the status {self.status!r}: expected {', '.join(_STATUSES)}"
            )
        if self.severity not in SEVERITIES:
            raise SemanticGateError(
                f"a choice has the severity {self.severity!r}: expected {', '.join(SEVERITIES)}"
            )
        for name in ("when", "message"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
                raise SemanticGateError(
                    f"{name} of choice {self.status} is a text of 1 to {_LONGEST:,} characters"
                )


@dataclass(frozen=True, slots=True)
class Passages:
    """The parts of a document that a question may see.

    Attributes:
        patterns: What is looked for, as `re` finds it; where the rules found something counts too,
            and is all that counts if there are none.
        context: Characters before and after each, to the nearest ends of sentences.

    >>> Passages((r"cool(?:ing)?[- ]off",), context=200).context
    200
    """

    patterns: tuple[Pattern | str, ...] = ()
    context: int = 300

    def __post_init__(self) -> None:
        if isinstance(self.patterns, Pattern | str):  # a text is a list of letters, too
            raise SemanticGateError("passages: patterns is one pattern; give a list of them")
        object.__setattr__(self, "patterns", tuple(self.patterns))
        for pattern in self.patterns:
            if not isinstance(pattern, Pattern | str):
                raise SemanticGateError(
                    f"passages: {type(pattern).__name__} is not a pattern; give a str or a Pattern"
                )
            flags = pattern.flags if isinstance(pattern, Pattern) else 0
            source = pattern.source if isinstance(pattern, Pattern) else pattern
            try:
                re.compile(source, flags)
            except re.error as error:
                raise SemanticGateError(f"passages: pattern {source!r}: {error}") from None
        if type(self.context) is not int or not 0 <= self.context <= _MOST_CONTEXT:
            raise SemanticGateError(
                f"passages: context is {self.context!r}: expected 0 to {_MOST_CONTEXT:,} characters"
            )


@dataclass(frozen=True, slots=True)
class SemanticGate:
    r"""A question for a language model, beside the rules of a gate.

    Attributes:
        gate: The gate whose rules are asked first, as `module/gate`. What they say stands where
            they suffice.
        question: What is to be decided, as one would ask a colleague.
        choices: The verdicts that may be given, two at least.
        evidence: None for the whole document, or the passages that it may see.
        open_on: What the rules say when they have not decided: with any of these statuses the
            question is asked. A gate whose rules were not finished, or failed, is never asked.
        version: Changed whenever its meaning does; answers of another version are not used. What
            the other attributes hold counts besides.

    >>> gate = SemanticGate(
    ...     "gdpr_uk/consent",
    ...     "Does the text take silence or mere use for consent?",
    ...     (
    ...         Choice("PASS", "Consent needs a deliberate act.", "none", "Consent is active."),
    ...         Choice("FAIL", "Use alone counts.", "critical", "Use is taken for consent."),
    ...     ),
    ... )
    >>> gate.is_open("FAIL"), gate.is_open("PASS"), gate.choice("FAIL").severity
    (True, False, 'critical')
    """

    gate: str
    question: str
    choices: tuple[Choice, ...]
    evidence: Passages | None = None
    open_on: tuple[str, ...] = ("FAIL", "WARNING")
    version: str = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.gate, str) or not _NAME.fullmatch(self.gate):
            raise SemanticGateError(f"a semantic gate is named {self.gate!r}: expected module/gate")
        who = f"semantic gate {self.gate}"
        if not isinstance(self.question, str) or not self.question.strip():
            raise SemanticGateError(f"{who}: there is no question")
        if len(self.question) > _LONGEST:
            raise SemanticGateError(f"{who}: the question has more than {_LONGEST:,} characters")
        if self.evidence is not None and not isinstance(self.evidence, Passages):
            raise SemanticGateError(
                f"{who}: evidence is {type(self.evidence).__name__}: expected Passages(…), or None "
                "for the whole document"
            )
        if isinstance(self.open_on, str):
            raise SemanticGateError(f"{who}: open_on is one status; give a list of them")
        object.__setattr__(self, "choices", tuple(self.choices))
        object.__setattr__(self, "open_on", tuple(self.open_on))
        for choice in self.choices:
            if not isinstance(choice, Choice):
                raise SemanticGateError(f"{who}: {type(choice).__name__} is not a Choice")
        statuses = [choice.status for choice in self.choices]
        if len(statuses) < 2 or len(set(statuses)) != len(statuses):
            raise SemanticGateError(
                f"{who}: choices are {', '.join(statuses) or 'none'}; "
                "expected two or more, each status once"
            )
        odd = [status for status in self.open_on if status not in _OPEN]
        if odd or not self.open_on:
            raise SemanticGateError(
                f"{who}: open_on has {odd[0]!r}; expected some of {', '.join(_OPEN)}"
                if odd
                else f"{who}: open_on is empty, so it would never be asked"
            )
        if not isinstance(self.version, str) or not self.version:
            raise SemanticGateError(f"{who}: version is {self.version!r}: expected a text")

    @property
    def meaning(self) -> str:
        """All of it that a model's answer depends on."""
        evidence = self.evidence
        shown = evidence and (
            tuple(
                (one.source, one.flags) if isinstance(one, Pattern) else (one, 0)
                for one in evidence.patterns
            ),
            evidence.context,
        )
        choices = tuple((one.status, one.when, one.needs_quote) for one in self.choices)
        return repr((self.gate, self.version, self.question, choices, shown))

    @property
    def content(self) -> str:
        """All of it that a report depends on."""
        said = tuple((one.status, one.severity, one.message) for one in self.choices)
        return repr((self.meaning, said, self.open_on))

    def is_open(self, status: str) -> bool:
        """Whether rules that say this leave the question open."""
        return status in self.open_on

    def choice(self, status: str) -> Choice:
        """The choice with this status.

        Raises:
            KeyError: It may not be given.
        """
        for choice in self.choices:
            if choice.status == status:
                return choice
        raise KeyError(status)


def check_gates(gates: Iterable[SemanticGate]) -> tuple[SemanticGate, ...]:
    """The gates, each of which is one and has a name of its own.

    Raises:
        SemanticGateError: One is not.
    """
    found: dict[str, SemanticGate] = {}
    if isinstance(gates, SemanticGate):
        raise SemanticGateError("gates is one SemanticGate; give a list of them")
    for gate in gates:
        if not isinstance(gate, SemanticGate):
            raise SemanticGateError(
                f"{type(gate).__name__} is not a SemanticGate; load_semantic_gates reads a file"
            )
        if gate.gate in found:
            raise SemanticGateError(f"two semantic gates are called {gate.gate}")
        found[gate.gate] = gate
    return tuple(found.values())
