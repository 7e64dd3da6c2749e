"""One run of `gatecore semantic eval`: the same rows asked in one way, or in two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from gatecore.cli.semantic import rules_of
from gatecore.engine.batches import run_many
from gatecore.protocols import Judgement, Open
from gatecore.semantic.statements import plain_usage

if TYPE_CHECKING:
    from gatecore.cli import options as opt
    from gatecore.semantic import Provider, SemanticClient, SemanticGate, SemanticOptions
    from gatecore.semantic.labelled import Labelled

__all__ = ["NO_MEASUREMENT", "Row", "Spent", "Way", "answers_of", "stand_in_provider"]

NO_MEASUREMENT: Final = "not a measurement of a model"
#: Nobody waits for a document's answers, so limits may be waited for.
_SECONDS: Final = 600.0
#: What tells two failures of one kind apart.
_REQUEST: Final = re.compile(r",? request [\w.-]+")


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled row with its document."""

    labelled: Labelled
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """A way to ask.

    Attributes:
        name: What it is called.
        options: The options.
        gates: The questions.
    """

    name: str
    options: SemanticOptions
    gates: Sequence[SemanticGate]

    def unlimited(self, *, is_fake: bool) -> SemanticOptions:
        """The options without the budget for one validation: asked singly, it is over at once.

        Made-up answers cost nothing, so for them there are no limits at all.
        """
        from gatecore.semantic import Budget, Limits

        if is_fake:
            return replace(self.options, budget=Budget(calls=None), limits=Limits())
        budget = replace(self.options.budget, calls=None, tokens=None, money=None)
        return replace(self.options, budget=budget)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a way took: its calls, tokens, and money, and those of calls nobody heard of.

    `left` says why rows have no answer, and how many: the most frequent reason first.
    """

    calls: int
    tokens: Mapping[str, int]
    money: str
    unheard: int
    left: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "calls": self.calls,
            **self.tokens,
            "money": self.money,
            "unheard_calls": self.unheard,
            "left": [{"reason": why, "rows": count} for why, count in self.left.items()],
        }


def answers_of(
    way: Way,
    rows: Sequence[Row],
    provider: Provider | None,
    sources: opt.GateSources,
    engine: opt.Engine,
    jobs: int,
) -> tuple[list[str], Spent]:
    """The status of each row, asked document by document, and what that took.

    Nothing of it comes from a cache: each way asks for itself.
    """
    from gatecore.semantic import SemanticClient

    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.text, []).append(place)
    answers = [""] * len(rows)
    with ExitStack() as stack:
        if provider is None:
            given = stack.enter_context(stand_in_provider())
            options = way.unlimited(is_fake=True)
            client = SemanticClient(way.gates, options, provider=given.provider)
            given.tell(client)
        else:
            options = way.unlimited(is_fake=False)
            client = SemanticClient(way.gates, options, provider=provider)
        stack.enter_context(client)
        seconds = max(_SECONDS, options.deadline_seconds)
        rules = stack.enter_context(rules_of(client, sources, engine, hears_all=True))

        def judge(text: str) -> Mapping[str, Judgement]:
            wanted = {rows[place].labelled.gate for place in places[text]}
            heard = {one.gate: one for one in rules.open(text)}
            questions = [heard.get(gate, Open(gate, "")) for gate in sorted(wanted)]
            return client.judge(text, questions, seconds=seconds)

        left: Counter[str] = Counter()
        for done in run_many(list(places), judge, jobs=jobs):
            if done.error is not None:
                raise done.error
            assert done.value is not None
            for place in places[done.item]:
                judged = done.value[rows[place].labelled.gate]
                answers[place] = judged.status
                if judged.status == "NEEDS_REVIEW":
                    left[_REQUEST.sub("", judged.message)] += 1
        total = client.accounts.total
    spent = Spent(
        total.calls,
        plain_usage(total.usage),
        format(total.money, "f"),
        total.unheard,
        dict(left.most_common()),
    )
    return answers, spent


class _StandIn:
    """A service that makes answers up, and the provider that asks it."""

    def __init__(self, stack: ExitStack) -> None:
        from gatecore.semantic import AnthropicProvider
        from gatecore.testing import FakeMessagesAPI

        self._answer: Any = None
        api = stack.enter_context(FakeMessagesAPI(answer=lambda body: self._answer(body)))
        self.provider = AnthropicProvider(api_key=api.key, base_url=api.url)

    def tell(self, client: SemanticClient) -> None:
        """Has it answer this client."""
        from gatecore.semantic import stand_in

        self._answer = stand_in(client.writer, _made_up)


@contextmanager
def stand_in_provider() -> Iterator[_StandIn]:
    """A service on this machine, while it is entered."""
    with ExitStack() as stack:
        yield _StandIn(stack)


def _made_up(gate: SemanticGate, evidence: str) -> tuple[str, str]:
    """One of the verdicts, by a hash of what is asked about: the same each time."""
    plain = [choice.status for choice in gate.choices if not choice.needs_quote]
    statuses = plain or [choice.status for choice in gate.choices]
    digest = sha256(f"{gate.gate}\0{evidence}".encode("utf-8", "surrogatepass")).digest()
    quote = "" if plain else evidence.rpartition("\n")[2][:40]
    return statuses[digest[0] % len(statuses)], quote
