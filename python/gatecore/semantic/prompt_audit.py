"""What the prompts of a set of questions say twice, and what grouping and caching save of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from gatecore.semantic.asking import groups_of, shown_of
from gatecore.semantic.prefixes import Prefixes, block_texts, prompt_tokens, tokens_of
from gatecore.semantic.statements import plain_usage
from gatecore.semantic.usage import Usage
from gatecore.semantic.writing import Writer

if TYPE_CHECKING:
    from gatecore.protocols import Open
    from gatecore.semantic.client import SemanticClient

__all__ = ["PromptAudit", "QuestionTokens", "Shared", "Way", "audit_prompts"]

WayName: TypeAlias = Literal["one by one", "one by one, cached", "grouped", "grouped, cached"]

#: Texts with fewer tokens in common are not worth a word.
_LEAST_SHARED: Final = 8
#: Of the blocks of a prompt, in order.
_KINDS: Final = ("schema", "instructions", "evidence", "questions")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask all open questions of all documents.

    Attributes:
        name: "one by one", a call for each question that has nothing of the others; "grouped", as
            the client asks; and each with the service's prompt cache.
        calls: Calls.
        usage: The input tokens by kind, four characters each.
        equivalent: The fresh input tokens that would cost as much.
        money: What the input costs.
    """

    name: WayName
    calls: int
    usage: Usage
    equivalent: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """One question.

    Attributes:
        gate: The gate.
        asked: Documents that leave it open.
        question: The tokens of question and choices.
        evidence: The tokens of the evidence that it saw, all documents together.
    """

    gate: str
    asked: int
    question: int
    evidence: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What two questions or more have in common, word for word.

    Attributes:
        kind: "beginning" of the questions, or "choice": when a verdict is right.
        tokens: Its tokens, once.
        gates: The gates.
    """

    kind: Literal["beginning", "choice"]
    tokens: int
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptAudit:
    """What was found.

    Attributes:
        documents: Documents that were looked at.
        again: Those of them that were there before, word for word: their answers are known.
        open: Questions that they leave open, all together.
        ways: The ways to ask them, the dearest first.
        sent: Asked one by one, the tokens of each kind of text: "schema", "instructions",
            "evidence", "questions".
        repeated: Those of them that an earlier call had sent already.
        questions: Each question.
        shared: What questions have in common.
    """

    documents: int
    again: int
    open: int
    ways: tuple[Way, ...]
    sent: dict[str, int]
    repeated: dict[str, int]
    questions: tuple[QuestionTokens, ...]
    shared: tuple[Shared, ...]

    @property
    def redundancy(self) -> float:
        """The share of what is sent one by one that was sent before."""
        whole = sum(self.sent.values())
        return sum(self.repeated.values()) / whole if whole else 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, money as text; no text of documents or questions."""
        return {
            "documents": self.documents,
            "again": self.again,
            "open": self.open,
            "ways": [
                {
                    "name": way.name,
                    "calls": way.calls,
                    **plain_usage(way.usage),
                    "equivalent": format(way.equivalent, "f"),
                    "money": format(way.money, "f"),
                }
                for way in self.ways
            ],
            "sent": self.sent,
            "repeated": self.repeated,
            "redundancy": self.redundancy,
            "questions": [
                {name: getattr(one, name) for name in QuestionTokens.__dataclass_fields__}
                for one in self.questions
            ],
            "shared": [
                {"kind": one.kind, "tokens": one.tokens, "gates": list(one.gates)}
                for one in self.shared
            ],
        }


def audit_prompts(
    client: SemanticClient, documents: Iterable[tuple[str, Sequence[Open]]]
) -> PromptAudit:
    """Writes the prompts of all open questions in each way, and sends none.

    Args:
        client: The client whose questions they are.
        documents: Each text with what its rules leave open.

    Costs what preparing takes, and some microseconds a prompt.
    """
    model = client.options.model
    # As a host does that makes a prompt for each question: nothing of the others is in it.
    alone = {
        name: Writer.of([question.gate], client.options)
        for name, question in client.writer.questions.items()
    }
    singles, groups = Prefixes(model), Prefixes(model)
    usages: dict[WayName, Usage] = dict.fromkeys(get_args(WayName), Usage())
    calls: Counter[WayName] = Counter()
    sent: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
    repeated = Counter(sent)
    asked: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    seen: set[str] = set()
    digests: Counter[bytes] = Counter()
    for text, questions in documents:
        prepared = client.prepare(text, questions)
        digests[prepared.digest] += 1
        whole = sum(part.gate.evidence is None for part in prepared.open)
        for part in prepared.open:
            name, shown = part.gate.gate, shown_of(part.evidence)
            (single,) = (one.prompt for one in groups_of(alone[name], prepared, [part]))
            (kept,) = (one.prompt for one in groups_of(client.writer, prepared, [part]))
            if part.gate.evidence is None and whole > 1:
                kept = client.writer.prompt([name], shown, is_shared=True)
            usages["one by one"] += Usage(fresh=prompt_tokens(single))
            usages["one by one, cached"] += singles.usage(kept)
            calls.update(["one by one", "one by one, cached"])
            asked[name] += 1
            evidence[name] += tokens_of(shown)
            for kind, block in zip(_KINDS, block_texts(single), strict=True):
                sent[kind] += tokens_of(block)
                repeated[kind] += tokens_of(block) if block in seen else 0
                seen.add(block)
        if digests[prepared.digest] > 1:
            continue  # its answers are known
        for group in client.groups(prepared):
            usages["grouped"] += Usage(fresh=prompt_tokens(group.prompt))
            usages["grouped, cached"] += groups.usage(group.prompt)
            calls.update(["grouped", "grouped, cached"])
    prices = model.prices
    listed = [
        QuestionTokens(name, asked[name], tokens_of(question.text()), evidence[name])
        for name, question in client.writer.questions.items()
    ]
    return PromptAudit(
        digests.total(),
        digests.total() - len(digests),
        asked.total(),
        tuple(
            Way(name, calls[name], usage, prices.equivalent(usage), prices.of(usage))
            for name, usage in usages.items()
        ),
        dict(sent),
        dict(repeated),
        tuple(sorted(listed, key=lambda one: (-one.asked * one.question - one.evidence, one.gate))),
        tuple(_shared(client.writer)),
    )


def _shared(writer: Writer) -> Iterator[Shared]:
    """Beginnings that neighbours in the order of the alphabet have in common, and equal choices."""
    asked = sorted(
        (" ".join(q.gate.question.split()), name) for name, q in writer.questions.items()
    )
    for (one, first), (other, second) in pairwise(asked):
        tokens = tokens_of(one[: _same(one, other)])
        if tokens >= _LEAST_SHARED:
            yield Shared("beginning", tokens, (first, second))
    choices: dict[str, list[str]] = {}
    for name, question in writer.questions.items():
        for when in {" ".join(choice.when.split()) for choice in question.gate.choices}:
            choices.setdefault(when, []).append(name)
    for when, names in sorted(choices.items()):
        if len(names) > 1 and tokens_of(when) >= _LEAST_SHARED:
            yield Shared("choice", tokens_of(when), tuple(names))


def _same(one: str, other: str) -> int:
    """How many characters two texts begin with that are the same."""
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False)))
