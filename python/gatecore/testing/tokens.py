"""What a request consists of in the order in which it is cached, and the tokens that it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeAlias

__all__ = ["CountTokens", "Part", "Tokens", "parts_of", "quarter"]

#: The tokens of a text.
CountTokens: TypeAlias = Callable[[str], int]
_LIFETIMES: Final = {"5m", "1h"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as they are billed, by kind; the fields are those of the client's own `Usage`.

    Attributes:
        fresh: Input tokens that are neither read from the prompt cache nor written to it.
        read: Input tokens that were read from it.
        written_5m: Input tokens that were written to it, for five minutes.
        written_1h: Likewise, for an hour.
        output: Output tokens.

    >>> (Tokens(fresh=10, read=90) + Tokens(output=5)).input
    100
    """

    fresh: int = 0
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0
    output: int = 0

    @property
    def input(self) -> int:
        """All input tokens."""
        return self.fresh + self.read + self.written_5m + self.written_1h

    @property
    def limited(self) -> int:
        """The input tokens that count against a limit: those read from the cache do not."""
        return self.input - self.read

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __bool__(self) -> bool:
        return bool(self.input or self.output)

    def as_usage(self, tier: str) -> dict[str, Any]:
        """The `usage` of an answer."""
        return {
            "input_tokens": self.fresh,
            "cache_read_input_tokens": self.read,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
            "output_tokens": self.output,
            "service_tier": tier,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a request.

    Attributes:
        identity: What makes two parts the same for the prompt cache.
        text: What is counted.
        keep: "5m" or "1h" if a cache breakpoint stands after it.
    """

    identity: str = field(repr=False)
    text: str = field(repr=False)
    keep: str = ""


def quarter(text: str) -> int:
    """A token for each four characters, begun ones included.

    >>> quarter("five!")
    2
    """
    return -(-len(text) // 4)


def parts_of(body: Mapping[str, Any]) -> list[Part]:
    """The parts of a request that was found valid.

    The schema of the answer comes first: the service writes it into the prompt, and another one
    finds nothing of what was kept. Then tools, the system prompt and the turns.
    """
    parts = [*_schema(body), *_tools(body), *_system(body), *_messages(body)]
    if parts and (keep := _keep(body)):  # automatic caching: up to the last block
        last = parts[-1]
        parts[-1] = Part(last.identity, last.text, last.keep or keep)
    return parts


def _schema(body: Mapping[str, Any]) -> Iterator[Part]:
    form = (body.get("output_config") or {}).get("format")
    if form:
        yield Part("format " + _canonical(form), _canonical(form.get("schema", {})))


def _tools(body: Mapping[str, Any]) -> Iterator[Part]:
    for tool in body.get("tools") or ():
        plain = _canonical(_without_cache(tool))
        yield Part("tool " + plain, plain, _keep(tool))


def _system(body: Mapping[str, Any]) -> Iterator[Part]:
    for block in _blocks(body.get("system") or []):
        yield _part("system", block)


def _messages(body: Mapping[str, Any]) -> Iterator[Part]:
    # What the service documents to leave tools and system prompt in the cache, but not the turns.
    settings = _canonical([body.get("tool_choice"), body.get("thinking")])
    for number, message in enumerate(body["messages"]):
        for block in _blocks(message["content"]):
            yield _part(f"{settings} {number} {message['role']}", block)


def _part(place: str, block: Mapping[str, Any]) -> Part:
    plain = _canonical(_without_cache(block))
    text = block["text"] if block.get("type") == "text" else plain
    return Part(f"{place} {plain}", text, _keep(block))


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _keep(block: Mapping[str, Any]) -> str:
    control = block.get("cache_control")
    if not control:
        return ""
    ttl = control.get("ttl")
    return ttl if ttl in _LIFETIMES else "5m"


def _without_cache(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "cache_control"}


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
