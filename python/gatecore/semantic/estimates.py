"""How many tokens a prompt will have, learned from what the service counted so far."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from math import ceil, sqrt
from threading import Lock
from typing import Final

from gatecore import forks
from gatecore.semantic.prompts import Keep, Prompt
from gatecore.semantic.usage import Usage

__all__ = ["Estimates"]

#: Characters a token at first: English prose has four or more, tables and names fewer.
_FIRST: Final = 3.2
_LEAST: Final = 0.5
#: What one more answer weighs against all before it, once there are enough.
_WEIGHT: Final = 0.05
_MODELS: Final = 64
#: How long we rely on the service to keep a prefix after its last use: less than it says.
_RELIED_ON: Final[dict[Keep, float]] = {"5m": 240.0, "1h": 3_300.0}
_PREFIXES: Final = 1_000


class _Ratio:
    """The mean of characters a token, and how far they spread."""

    __slots__ = ("count", "mean", "variance")

    def __init__(self) -> None:
        self.count = 0
        self.mean = _FIRST
        self.variance = 0.0

    def add(self, ratio: float) -> None:
        self.count += 1
        weight = max(_WEIGHT, 1 / self.count)
        off = ratio - self.mean
        self.mean += weight * off
        self.variance = (1 - weight) * (self.variance + weight * off * off)

    @property
    def safe(self) -> float:
        """What few prompts are below: a limit is kept by estimates that are too high."""
        if not self.count:
            return _FIRST
        # The fewer the answers, the less their spread is to be trusted.
        return max(_LEAST, self.mean - 2 * sqrt(self.variance) - 0.1 * self.mean / self.count)


class Estimates:
    """Tokens before a call, rather too many than too few; better with each answer.

    Threads may share one.

    >>> from gatecore.semantic.prompts import Block
    >>> prompt = Prompt("a-model", (), (Block("x" * 3_200),), max_tokens=100)
    >>> estimates = Estimates()
    >>> estimates.of(prompt)
    Usage(fresh=1000, read=0, written_5m=0, written_1h=0, output=100)
    >>> for _ in range(100):
    ...     estimates.learn(prompt, Usage(fresh=800, output=7))
    >>> 800 <= estimates.of(prompt).input <= 810
    True

    What the service keeps counts against no limit:

    >>> rules = Prompt("a-model", (Block("x" * 32_000, "1h"),), (Block("x" * 400),), 100)
    >>> estimates.learn(rules, Usage(written_1h=8_000, fresh=100), began=0.0)
    >>> estimates.limited(rules, now=9.0) < 110 < 8_000 < estimates.limited(rules, now=9_999.0)
    True
    """

    def __init__(self) -> None:
        self._ratios: dict[str, _Ratio] = {}
        #: Until when the service keeps a prefix, by the prefix's hash.
        self._kept: OrderedDict[int, float] = OrderedDict()
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Another thread may have held the lock."""
        self._lock = Lock()

    def of(self, prompt: Prompt) -> Usage:
        """What a call uses at most, if the service's prompt cache knows nothing of it.

        Tokens up to a cache breakpoint count as written, as that is what they cost then.
        """
        kind: dict[Keep, int] = {"1h": 0, "5m": 0, "": 0}
        pending = prompt.schema_characters
        for block in (*prompt.system, *prompt.content):
            pending += len(block.text)
            if block.keep:
                kind[block.keep] += pending
                pending = 0
        kind[""] = pending
        ratio = self._ratio(prompt.model)
        return Usage(
            fresh=ceil(kind[""] / ratio),
            written_5m=ceil(kind["5m"] / ratio),
            written_1h=ceil(kind["1h"] / ratio),
            output=prompt.max_tokens,
        )

    def limited(self, prompt: Prompt, now: float) -> int:
        """Input tokens that count against limits: not those that the service will have kept.

        Args:
            prompt: The prompt.
            now: The time in seconds, by the clock of `learn`.
        """
        with self._lock:
            kept = max(
                (
                    characters
                    for key, _, characters in _prefixes(prompt)
                    if self._kept.get(key, now) > now
                ),
                default=0,
            )
        return ceil((prompt.characters - kept) / self._ratio(prompt.model))

    def learn(self, prompt: Prompt, usage: Usage, began: float | None = None) -> None:
        """What a call did use, which began then."""
        if usage.input <= 0:
            return
        ratio = prompt.characters / usage.input
        with self._lock:
            if prompt.model not in self._ratios and len(self._ratios) >= _MODELS:
                self._ratios.clear()
            self._ratios.setdefault(prompt.model, _Ratio()).add(ratio)
            if began is not None:
                self._remember(prompt, usage, began)

    def _remember(self, prompt: Prompt, usage: Usage, began: float) -> None:
        is_kept = usage.input > usage.fresh
        for key, keep, _ in _prefixes(prompt):
            self._kept.pop(key, None)
            if is_kept:
                self._kept[key] = began + _RELIED_ON[keep]
        while len(self._kept) > _PREFIXES:
            self._kept.popitem(last=False)

    def _ratio(self, model: str) -> float:
        with self._lock:
            return self._ratios[model].safe if model in self._ratios else _FIRST


def _prefixes(prompt: Prompt) -> Iterator[tuple[int, Keep, int]]:
    """What stands up to each cache breakpoint: a hash, how long it is kept, its characters."""
    characters = prompt.schema_characters
    key = hash((prompt.model, prompt.effort, repr(prompt.schema)))
    for block in (*prompt.system, *prompt.content):
        characters += len(block.text)
        key = hash((key, block.text))
        if block.keep:
            yield key, block.keep, characters
