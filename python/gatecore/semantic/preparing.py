"""A document with its open questions, ready to be asked: what may leave, what is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Final

from gatecore.protocols import Judgement, Open
from gatecore.semantic.answer_cache import AnswerCache, StoredAnswer, answer_key
from gatecore.semantic.answers import Answer
from gatecore.semantic.evidence import Evidence, Finder, evidence_for, locate
from gatecore.semantic.gates import SemanticGate
from gatecore.semantic.options import SemanticOptions
from gatecore.semantic.redaction import Redacted, Redactor, unredacted
from gatecore.semantic.writing import PROMPT_VERSION, Writer

__all__ = ["NEEDS_REVIEW", "Part", "Prepared", "Preparer"]

NEEDS_REVIEW: Final = "NEEDS_REVIEW"
_LATE: Final = "the deadline was over before there was an answer"


@dataclass(slots=True, eq=False)
class Part:
    """One open question of one document.

    Attributes:
        gate: The gate.
        key: What its answer is kept under.
        evidence: What it may see.
        answer: What is known; None as long as nothing is.
        problem: Why there is no answer; the deadline, as long as nothing else is known.
        is_worth_again: Whether it was the answer that was wrong, not the call.
    """

    gate: SemanticGate
    key: bytes
    evidence: Evidence
    answer: StoredAnswer | None = None
    problem: str = _LATE
    is_worth_again: bool = False


@dataclass(slots=True, eq=False)
class Prepared:
    """A document with what is asked of it.

    Attributes:
        digest: SHA-256 of the document.
        redacted: What of it may leave.
        parts: The questions by gate.
        is_left: Whether nobody waits for it any more, so that nothing further is sent.
    """

    digest: bytes
    length: int
    redacted: Redacted
    parts: dict[str, Part]
    model: str
    is_left: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def askable(self) -> list[Part]:
        """The questions that have something to see, all of it."""
        return [
            part
            for part in self.parts.values()
            if not part.evidence.is_empty and not part.evidence.left_out
        ]

    @property
    def open(self) -> list[Part]:
        """The questions that have to be asked."""
        return [part for part in self.askable if part.answer is None]

    def look_up(self, answers: AnswerCache, until: float | None = None) -> int:
        """Takes the answers that are known; how many. May wait for a cache or a store."""
        keys = [part.key for part in self.open]
        return self.take(answers.get_many(keys, document=self.digest, until=until))

    def take(self, found: Mapping[bytes, StoredAnswer]) -> int:
        """Takes those answers that fit; how many."""
        taken = 0
        for part in self.open:
            answer = found.get(part.key)
            if answer is not None and answer.valid_for(part.gate, self.length):
                part.answer = answer
                taken += 1
        return taken

    def read(self, part: Part, answer: Answer) -> str:
        """Takes a model's answer; why it cannot be taken, or an empty text."""
        span = None
        if answer.quote:
            span = locate(answer.quote, part.evidence, self.redacted)
            if span is None:
                return "the model quoted words that it was not shown"
        with self._lock:
            part.answer = StoredAnswer(
                status=answer.status,
                spans=() if span is None else (span,),
                reason=answer.reason,
                model=self.model,
            )
        return ""

    def judgements(self) -> dict[str, Judgement]:
        """What is known by now; the rest needs review."""
        with self._lock:
            known = {name: (part, part.answer) for name, part in self.parts.items()}
        return {
            name: self._judgement(part.gate, answer)
            if answer is not None
            else Judgement(NEEDS_REVIEW, "", part.problem, model=self.model)
            for name, (part, answer) in known.items()
        }

    def _judgement(self, gate: SemanticGate, answer: StoredAnswer) -> Judgement:
        choice = gate.choice(answer.status)
        reason = self.redacted.restore(answer.reason)
        return Judgement(
            choice.status, choice.severity, choice.message, reason, answer.spans, answer.model
        )


class Preparer:
    """Prepares documents for one client."""

    def __init__(
        self,
        writer: Writer,
        options: SemanticOptions,
        redactor: Redactor | None,
        answers: AnswerCache,
    ) -> None:
        self._gates: Mapping[str, SemanticGate] = {
            name: question.gate for name, question in writer.questions.items()
        }
        self._meanings = {name: gate.meaning for name, gate in self._gates.items()}
        self._options = options
        self._redactor = redactor
        self._redaction = repr(redactor)
        self._finder = Finder(self._gates.values())
        self._answers = answers

    def prepare(
        self, text: str, questions: Sequence[Open], *, until: float | None = None
    ) -> Prepared:
        """The document and its questions, those answered that are known.

        Args:
            text: The document.
            questions: What is asked.
            until: When no further cache is asked, by `time.monotonic`.

        Costs a pass for personal data, one for evidence, and a look into the caches.
        """
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        redacted = unredacted(text) if self._redactor is None else self._redactor.redact(text)
        needs_passages = any(self._gates[one.gate].evidence for one in questions)
        found = self._finder.spans(text) if needs_passages else {}
        parts = {}
        digests: dict[tuple[str, ...], str] = {}  # most questions see one and the same
        for question in questions:
            gate = self._gates[question.gate]
            spans = (*found.get(gate.gate, ()), *question.spans)
            evidence = evidence_for(text, redacted, gate, spans)
            pieces = evidence.pieces
            if pieces not in digests:
                digests[pieces] = _digest_of(pieces)
            part = Part(gate, self._key(gate, digest, digests[pieces]), evidence)
            if evidence.is_empty:
                part.problem = "no passage of the document was found that could be shown"
            elif evidence.left_out:
                part.problem = f"its passages have {evidence.left_out:,} characters too many"
            parts[question.gate] = part
        prepared = Prepared(digest, len(text), redacted, parts, self._options.model.name)
        prepared.look_up(self._answers, until)
        return prepared

    def _key(self, gate: SemanticGate, digest: bytes, shown: str) -> bytes:
        return answer_key(
            model=self._options.model.name,
            prompt_version=PROMPT_VERSION,
            gate=self._meanings[gate.gate],
            document=digest,
            evidence=shown,
            redaction=self._redaction,
            more=(self._options.effort,),
        )


def _digest_of(pieces: tuple[str, ...]) -> str:
    return sha256("\0".join(pieces).encode("utf-8", "surrogatepass")).hexdigest()
