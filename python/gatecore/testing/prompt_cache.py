"""The prompt cache: which prefixes the service knows, and what a request reads and writes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from gatecore.testing.tokens import CountTokens, Part, Tokens

__all__ = ["LOOK_BACK", "SECONDS", "PromptCache", "Read"]

#: How many blocks before each breakpoint, itself included, a known prefix may end.
LOOK_BACK: Final = 20
#: How long a prefix is kept after it was last used.
SECONDS: Final = {"5m": 300.0, "1h": 3_600.0}
_SWEPT_BEYOND: Final = 4_096


@dataclass(frozen=True, slots=True)
class Read:
    """What a request found.

    Attributes:
        tokens: Its input tokens.
        writes: The prefixes that are known once its answer has begun, each with its lifetime.
    """

    tokens: Tokens
    writes: tuple[tuple[bytes, str], ...]


@dataclass(slots=True)
class _Entry:
    keep: str
    ends: float


class PromptCache:
    """Prefixes by the hash of all that stands in them, for each model.

    Args:
        count: The tokens of a text.
        minimum: Tokens below which a prefix is silently not kept, for all models or by name.
        otherwise: The minimum of models that have no name there.

    >>> cache = PromptCache(len, minimum=3)
    >>> parts = [Part("rules", "rules", "5m"), Part("asked", "asked")]
    >>> first = cache.read("a-model", parts, now=0.0)
    >>> cache.write(first, now=1.0)
    >>> first.tokens.written_5m, cache.read("a-model", parts, now=2.0).tokens.read
    (5, 5)
    """

    def __init__(
        self, count: CountTokens, minimum: int | Mapping[str, int], otherwise: int = 4_096
    ) -> None:
        self._count = count
        self._minimum = minimum
        self._otherwise = otherwise
        self._entries: dict[bytes, _Entry] = {}

    def read(self, model: str, parts: Sequence[Part], now: float) -> Read:
        """What a request that arrives now reads, which renews it, and what it will write."""
        prefixes = _prefixes(model, parts)
        ends = [0, *accumulate(self._count(part.text) for part in parts)]
        known = self._longest_known(parts, prefixes, now)
        for prefix in prefixes[:known]:
            if entry := self._alive(prefix, now):
                entry.ends = now + SECONDS[entry.keep]
        least = self._least(model)
        places = [
            place
            for place, part in enumerate(parts, 1)
            if part.keep and place > known and ends[place] >= least
        ]
        hour = max((place for place in places if parts[place - 1].keep == "1h"), default=known)
        last = max(places, default=known)
        tokens = Tokens(
            fresh=ends[-1] - ends[last],
            read=ends[known],
            written_1h=ends[hour] - ends[known],
            written_5m=ends[last] - ends[hour],
        )
        return Read(tokens, tuple((prefixes[p - 1], parts[p - 1].keep) for p in places))

    def write(self, read: Read, now: float) -> None:
        """The answer to a request begins now: others find what it wrote."""
        for prefix, keep in read.writes:
            ends = now + SECONDS[keep]
            entry = self._alive(prefix, now)
            if entry is None or entry.ends <= ends:
                self._entries[prefix] = _Entry(keep, ends)
        if len(self._entries) > _SWEPT_BEYOND:
            self._entries = {p: e for p, e in self._entries.items() if e.ends > now}

    def _least(self, model: str) -> int:
        if isinstance(self._minimum, int):
            return self._minimum
        return self._minimum.get(model, self._otherwise)

    def _longest_known(self, parts: Sequence[Part], prefixes: Sequence[bytes], now: float) -> int:
        """How many parts the longest known prefix has."""
        near = 0  # a breakpoint stands so few parts behind
        for place in range(len(parts), 0, -1):
            near = LOOK_BACK if parts[place - 1].keep else near - 1
            if near > 0 and self._alive(prefixes[place - 1], now):
                return place
        return 0

    def _alive(self, prefix: bytes, now: float) -> _Entry | None:
        entry = self._entries.get(prefix)
        return entry if entry is not None and entry.ends > now else None


def _prefixes(model: str, parts: Sequence[Part]) -> list[bytes]:
    """A hash for each prefix, each over the one before."""
    found: list[bytes] = []
    before = blake2b(model.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    for part in parts:
        identity = part.identity.encode("utf-8", "surrogatepass")
        before = blake2b(identity, digest_size=16, key=before).digest()
        found.append(before)
    return found
