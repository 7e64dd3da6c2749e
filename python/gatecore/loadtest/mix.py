"""Which documents are sent, and how many of them were sent before."""

from __future__ import annotations

import os
import random
import threading
from bisect import bisect
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from gatecore.errors import LoadError

__all__ = ["DocumentMix"]

#: Documents that are remembered to be sent again: fewer than a cache holds.
_REMEMBERED: Final = 1_000


class DocumentMix:
    """Documents by weight, of which a stated share was sent before and so may come from a cache.

    A document that must not have been sent before ends in a line with the mark of the mix and its
    number, as no cache may know it, nor that of a service after an earlier run. May be asked from
    any thread; costs some 3 µs and a copy of the text.

    Args:
        texts: The documents.
        weights: How often each is sent, in proportion; all alike if not given.
        repeated: The share of requests, 0 to 1, that send one of the last 1,000 documents again.
        seed: The same seed gives the same documents in the same order, but for their marks.
        mark: What stands in each; drawn anew for each mix if not given.

    Raises:
        LoadError: No documents, or weights or a share that make no sense.

    >>> mix = DocumentMix(["short", "a long one"], weights=[9, 1], repeated=0.5)
    >>> sent = [mix.next() for _ in range(1000)]
    >>> sum(text.startswith("short") for text in sent) > 800, len(set(sent)) < 600
    (True, True)
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        weights: Sequence[float] | None = None,
        repeated: float = 0.0,
        seed: int = 1,
        mark: str | None = None,
    ) -> None:
        if not texts:
            raise LoadError("a mix needs at least one document")
        if not 0.0 <= repeated <= 1.0:
            raise LoadError(f"a share of {repeated} cannot be repeated; write 0 to 1")
        weights = [1.0] * len(texts) if weights is None else list(weights)
        if len(weights) != len(texts):
            raise LoadError(f"{len(weights)} weights for {len(texts)} documents; give one for each")
        if min(weights) < 0.0 or sum(weights) <= 0.0:
            raise LoadError("weights are 0 or more, and not all 0")
        self.repeated = repeated
        self._mark = os.urandom(6).hex() if mark is None else mark
        self._texts = list(texts)
        self._weights = weights
        self._ends = list(accumulate(weights))
        self._random = random.Random(seed)
        self._sent: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()
        self._count = 0

    @classmethod
    def of_sizes(
        cls,
        texts: Sequence[str],
        sizes: Sequence[tuple[int, float]],
        *,
        repeated: float = 0.0,
        seed: int = 1,
        mark: str | None = None,
    ) -> DocumentMix:
        """Documents of stated sizes, made of the words of others by cutting and joining them.

        Args:
            texts: Where the words come from.
            sizes: Characters and weight of each size.
            repeated: As for the class.
            seed: As for the class.
            mark: As for the class.

        >>> mix = DocumentMix.of_sizes(["to be or not "], [(2000, 0.8), (20000, 0.2)])
        >>> mix.to_dict()["sizes"]
        [2000, 20000]
        """
        whole = "\n\n".join(texts)
        if not whole:
            raise LoadError("documents of a size are made of others, and there are none")
        for size, _ in sizes:
            if size < 1:
                raise LoadError(f"a document of {size} characters; write 1 or more")
        made = [(whole * (size // len(whole) + 1))[:size] for size, _ in sizes]
        weights = [weight for _, weight in sizes]
        return cls(made, weights=weights, repeated=repeated, seed=seed, mark=mark)

    def next(self) -> str:
        """The next document to send."""
        with self._lock:
            drawn = self._random
            if self._sent and drawn.random() < self.repeated:
                place, number = self._sent[drawn.randrange(len(self._sent))]
            else:
                place = bisect(self._ends, drawn.random() * self._ends[-1])
                self._count = number = self._count + 1
                self._sent.append((place, number))
        return f"{self._texts[place]}\nRequest {self._mark} {number}.\n"

    def to_dict(self) -> dict[str, object]:
        """Sizes in characters, the share of each in requests, and the share that is repeated."""
        whole = self._ends[-1]
        return {
            "sizes": [len(text) for text in self._texts],
            "shares": [round(weight / whole, 6) for weight in self._weights],
            "repeated": self.repeated,
        }
