"""What a service's prompt cache makes of a run of prompts, foreseen without asking it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

from gatecore.semantic.options import Model
from gatecore.semantic.prompts import Keep, Prompt
from gatecore.semantic.usage import Usage
from gatecore.semantic.writing import CHARACTERS_A_TOKEN

__all__ = ["Prefixes", "block_texts", "prompt_tokens", "tokens_of"]


def tokens_of(text: str) -> int:
    """The tokens of a text, a token for each four characters, begun ones included.

    >>> tokens_of("five!")
    2
    """
    return -(-len(text) // CHARACTERS_A_TOKEN)


def prompt_tokens(prompt: Prompt) -> int:
    """The input tokens of a prompt, block by block."""
    return sum(tokens_of(text) for text, _ in _blocks(prompt))


def block_texts(prompt: Prompt) -> list[str]:
    """The texts of a prompt in the order in which a service reads them: the schema comes first."""
    return [text for text, _ in _blocks(prompt)]


class Prefixes:
    """The prefixes that a service would know after the prompts so far, one after the other.

    Nothing is forgotten: it holds for runs in which rules and documents come again within the time
    for which they are kept.

    >>> from decimal import Decimal
    >>> from gatecore.semantic.prompts import Block
    >>> from gatecore.semantic.usage import Prices
    >>> prices = Prices(input=Decimal(1), output=Decimal(5))
    >>> prefixes = Prefixes(Model(name="a-model", prices=prices, cache_minimum=2))
    >>> prompt = Prompt("a-model", (Block("Be strict.", "1h"),), (Block("Is it so?"),), 16)
    >>> prefixes.usage(prompt), prefixes.usage(prompt).read
    (Usage(fresh=3, read=0, written_5m=0, written_1h=3, output=0), 3)
    """

    def __init__(self, model: Model) -> None:
        self._minimum = model.cache_minimum
        self._known: set[bytes] = set()

    def usage(self, prompt: Prompt) -> Usage:
        """The input tokens of the next prompt by kind, at four characters each."""
        ends = [0]
        known = hour = last = 0
        written: list[bytes] = []
        digest = sha256(prompt.model.encode("utf-8", "surrogatepass"))
        for place, (text, keep) in enumerate(_blocks(prompt), start=1):
            digest.update(f"{len(text)}:".encode() + text.encode("utf-8", "surrogatepass"))
            ends.append(ends[-1] + tokens_of(text))
            if digest.digest() in self._known:
                known = hour = last = place
                written = []
            elif keep and ends[-1] >= self._minimum:
                last = place
                hour = place if keep == "1h" else hour
                written.append(digest.digest())
        self._known.update(written)
        return Usage(
            fresh=ends[-1] - ends[last],
            read=ends[known],
            written_1h=ends[hour] - ends[known],
            written_5m=ends[last] - ends[hour],
        )


def _blocks(prompt: Prompt) -> Iterable[tuple[str, Keep]]:
    if prompt.schema is not None:
        yield json.dumps(prompt.schema, separators=(",", ":")), ""
    for block in (*prompt.system, *prompt.content):
        yield block.text, block.keep
