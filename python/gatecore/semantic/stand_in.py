"""Answers in a model's place, for tests and for trials without a key.

What `gatecore.testing.FakeMessagesAPI` takes as `answer`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gatecore.semantic.gates import SemanticGate
from gatecore.semantic.writing import Writer

__all__ = ["Verdicts", "stand_in"]

#: For a gate and what it may see: the status, and the words that it rests on.
Verdicts: TypeAlias = Callable[[SemanticGate, str], "tuple[str, str]"]

_ASKED: Final = "Answer these ids: "
_DOCUMENT: Final = re.compile(r"<(document \w+)>\n(.*?)\n</\1>", re.DOTALL)


def stand_in(
    writer: Writer, verdicts: Verdicts | Mapping[str, str]
) -> Callable[[dict[str, Any]], str]:
    """What a model would answer to this client's prompts, if it gave these verdicts.

    Args:
        writer: The client's, `SemanticClient.writer`.
        verdicts: Statuses by gate; of the others the first choice that needs no quote. Or a
            function.

    A prompt of somebody else is answered with "OK".

    >>> from decimal import Decimal
    >>> from gatecore.semantic.gates import Choice
    >>> from gatecore.semantic.options import Model, SemanticOptions
    >>> from gatecore.semantic.usage import Prices
    >>> choices = (Choice("PASS", "Yes.", "none", "Yes."), Choice("FAIL", "No.", "high", "No."))
    >>> gate = SemanticGate("house/tone", "Is it fair?", choices)
    >>> prices = Prices(input=Decimal(1), output=Decimal(5))
    >>> writer = Writer.of([gate], SemanticOptions(model=Model(name="a-model", prices=prices)))
    >>> answer = stand_in(writer, {"house/tone": "FAIL"})
    >>> body = {"messages": [{"content": [{"type": "text", "text": "Answer these ids: Q1"}]}]}
    >>> json.loads(answer(body))["answers"][0]["verdict"]
    'FAIL'
    """
    by_id = {question.id: question.gate for question in writer.questions.values()}

    def verdict_of(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        if not isinstance(verdicts, Mapping):
            return verdicts(gate, evidence)
        status = verdicts.get(gate.gate) or next(
            (choice.status for choice in gate.choices if not choice.needs_quote),
            gate.choices[0].status,
        )
        needs_quote = gate.choice(status).needs_quote
        return status, evidence[:40] if needs_quote else ""

    def answer(body: dict[str, Any]) -> str:
        text = "".join(_texts(body["messages"]))
        _, is_asked, asked = text.rpartition(_ASKED)  # a document may have such a line too
        if not is_asked:
            return "OK"
        document = _DOCUMENT.search(text)
        evidence = document[2] if document else ""
        answers = []
        for name in asked.split(", "):
            status, quote = verdict_of(by_id[name], evidence)
            answers.append({"id": name, "reason": "Said so.", "quote": quote, "verdict": status})
        return json.dumps({"answers": answers})

    return answer


def _texts(messages: list[dict[str, Any]]) -> list[str]:
    found = []
    for message in messages:
        content = message["content"]
        found += [content] if isinstance(content, str) else [part["text"] for part in content]
    return found
