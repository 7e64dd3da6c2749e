"""Answers that were given before: in this process, in the caches that are given, in the store.

    memory ──miss──▶ cache (memory, Redis) ──miss──▶ store (the audit database)
       ◀── what a slower one has is put into the faster ones ──╯

What it keeps outside of the process has no words of the model unless that is allowed, as these may
quote the document. A tier that is ill is counted and left out: it never costs more than asking.
"""

from __future__ import annotations

import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any, Final, TypeVar, get_args

from gatecore import forks
from gatecore._gatecore import cache_key
from gatecore.errors import SemanticError
from gatecore.loggers import logger
from gatecore.protocols import Cache, SemanticStore
from gatecore.semantic.gates import ChoiceStatus, SemanticGate

__all__ = ["AnswerCache", "StoredAnswer", "answer_key"]

T = TypeVar("T")

_LOGGER: Final = logger("semantic")

_NAMESPACE: Final = b"semantic answer"
_FORMAT: Final = 1
_STATUSES: Final = frozenset(get_args(ChoiceStatus))
_KEYS: Final = frozenset({"format", "status", "spans", "reason", "model"})
#: What is longer is not what was kept: answers have some hundred bytes.
_LONGEST: Final = 1_000_000
#: What an answer takes to make, roughly, in seconds; caches leave out what is cheap.
_COST: Final = 1.0
_TIERS: Final = ("memory", "cache", "store")


def answer_key(
    *,
    model: str,
    prompt_version: str,
    gate: str,
    document: bytes,
    evidence: str = "",
    redaction: str = "",
    more: Sequence[str] = (),
) -> bytes:
    """What an answer is kept under: a digest of 32 bytes of all that it depends on.

    Args:
        model: The model's name.
        prompt_version: Which words it was asked in.
        gate: What its answers depend on: `SemanticGate.meaning`.
        document: The SHA-256 of the exact document.
        evidence: A digest of what it was shown of the document.
        redaction: Which rules took personal data out; empty if none did.
        more: Whatever else an answer depends on, in a fixed order.

    >>> asked = dict(model="a-model", prompt_version="1", gate="…", document=bytes(32))
    >>> len(answer_key(**asked)), answer_key(**asked) == answer_key(**asked, redaction="1")
    (32, False)
    """
    return cache_key(
        _NAMESPACE, model, prompt_version, gate, document.hex(), evidence, redaction, *more
    )


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a model decided of one question.

    Attributes:
        status: "PASS", "WARNING", "FAIL" or "N/A": what was not decided is not kept.
        spans: What it rests on: from and to, in characters of the document.
        reason: What the model said; empty if that is not kept.
        model: The model that answered.

    Raises:
        SemanticError: It is none: another status, spans that are not from and to.

    >>> answer = StoredAnswer("FAIL", ((3, 9),), model="a-model")
    >>> StoredAnswer.from_bytes(answer.to_bytes()) == answer
    True
    """

    status: str
    spans: tuple[tuple[int, int], ...] = ()
    reason: str = field(default="", repr=False)
    model: str = ""

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise SemanticError("an answer has a status that no model may give")
        for span in self.spans:
            if not (
                len(span) == 2
                and all(type(place) is int for place in span)
                and 0 <= span[0] <= span[1]
            ):
                raise SemanticError("an answer has a span that is not from and to")

    def to_bytes(self, *, with_reason: bool = True) -> bytes:
        """It as JSON, which `from_bytes` reads."""
        plain = {
            "format": _FORMAT,
            "status": self.status,
            "spans": self.spans,
            "reason": self.reason if with_reason else "",
            "model": self.model,
        }
        return json.dumps(plain, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, stored: bytes) -> StoredAnswer:
        """What `to_bytes` made.

        Raises:
            SemanticError: It is something else, or of another version. Says nothing of what it is.
        """
        try:
            if len(stored) > _LONGEST:
                raise ValueError
            plain = json.loads(stored.decode("ascii"))
            if type(plain) is not dict or plain.keys() != _KEYS or plain["format"] != _FORMAT:
                raise ValueError
            texts = (plain["status"], plain["reason"], plain["model"])
            if not all(type(text) is str for text in texts) or type(plain["format"]) is not int:
                raise ValueError
            if type(plain["spans"]) is not list:
                raise ValueError
            spans = tuple((begin, end) for begin, end in plain["spans"])
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise SemanticError("what is kept is not an answer of this version") from None
        return cls(plain["status"], spans, plain["reason"], plain["model"])

    def valid_for(self, gate: SemanticGate, length: int) -> bool:
        """Whether the gate has this verdict and the document these places.

        Whoever takes an answer from a cache asks this: what stands there may be anybody's.

        Args:
            gate: The gate that was asked.
            length: The document's length in characters.
        """
        for choice in gate.choices:
            if choice.status == self.status:
                return (bool(self.spans) or not choice.needs_quote) and all(
                    begin < end <= length for begin, end in self.spans
                )
        return False


class AnswerCache:
    """Answers by key, from the fastest tier that has them; threads may share it.

    Args:
        cache: A cache whose values may be bytes: `gatecore.cache` has them; None for none.
        store: What outlasts the process, such as `AuditStore.semantic`; None for none.
        keep_reasons: Whether these two may keep what the model said in words.
        most: Answers in this process; about 1 kB each.

    Nothing that it does raises because a cache or store is ill.

    >>> cache = AnswerCache(None, None)
    >>> key = bytes(32)
    >>> cache.put_many({key: StoredAnswer("PASS", model="a-model")}, document=bytes(32))
    >>> cache.get_many([key], document=bytes(32))[key].status
    'PASS'
    """

    def __init__(
        self,
        cache: Cache | None,
        store: SemanticStore | None,
        *,
        keep_reasons: bool = False,
        most: int = 20_000,
    ) -> None:
        self._cache, self._store = cache, store
        self._keep_reasons, self._most = keep_reasons, most
        #: Each with the digest of its document.
        self._memory: OrderedDict[bytes, tuple[StoredAnswer, bytes]] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Another thread may have held the lock."""
        self._lock = Lock()

    def get_many(
        self, keys: Iterable[bytes], *, document: bytes, until: float | None = None
    ) -> dict[bytes, StoredAnswer]:
        """The answers that are known, by key.

        Args:
            keys: What `answer_key` gives.
            document: The SHA-256 of the document that they are about.
            until: When it is too late to ask a cache or a store anything further, by
                `time.monotonic`: one that is slow costs one question more than that.

        Costs 1 µs a key in memory, a round trip a key in Redis, and one query in the store. To be
        called where it may wait.
        """
        wanted = dict.fromkeys(keys)
        found = self.remembered(wanted)
        cached = self._of_cache([key for key in wanted if key not in found], until)
        found.update(cached)
        is_late = until is not None and time.monotonic() >= until
        stored = {} if is_late else self._of_store([key for key in wanted if key not in found])
        found.update(stored)
        self._remember({**cached, **stored}, document)
        self._to_cache(stored, document, until)
        self._count("misses_total", len(wanted) - len(found))
        return found

    def remembered(self, keys: Iterable[bytes]) -> dict[bytes, StoredAnswer]:
        """Those that this process knows, by key; never waits."""
        with self._lock:
            found = {key: self._memory[key][0] for key in keys if key in self._memory}
            for key in found:
                self._memory.move_to_end(key)
            self._counts["memory_hits_total"] += len(found)
        return found

    def put_many(self, answers: Mapping[bytes, StoredAnswer], *, document: bytes) -> None:
        """Keeps answers in all tiers.

        Args:
            answers: By what `answer_key` gives.
            document: The SHA-256 of the document that they are about, by which they are forgotten.
        """
        self._remember(answers, document)
        self._to_cache(answers, document)
        store = self._store
        if store is not None and answers:
            kept = {key: self._bytes(key, answer) for key, answer in answers.items()}
            self._try("store", lambda: store.keep_answers(kept, document=document))

    def forget(self, document: bytes) -> None:
        """Forgets the answers about a document, in this process and in the cache.

        Those in an audit store are erased by `AuditStore.erase`, those in the memory of other
        processes when these end.
        """
        with self._lock:
            for key in [key for key, (_, of) in self._memory.items() if of == document]:
                del self._memory[key]
        cache = self._cache
        if cache is not None:
            self._try("cache", lambda: cache.invalidate(_tag(document)))

    def measurements(self) -> Mapping[str, float]:
        """Numbers by name, for `gatecore.protocols.Measured`."""
        names = [f"{tier}_hits_total" for tier in _TIERS]
        names += ["misses_total", "refused_total"]
        names += [f"{tier}_failures_total" for tier in _TIERS[1:]]
        with self._lock:
            return {name: float(self._counts[name]) for name in names}

    def _remember(self, answers: Mapping[bytes, StoredAnswer], document: bytes) -> None:
        with self._lock:
            for key, answer in answers.items():
                self._memory[key] = answer, document
                self._memory.move_to_end(key)
            while len(self._memory) > self._most:
                self._memory.popitem(last=False)

    def _of_cache(self, keys: Sequence[bytes], until: float | None) -> dict[bytes, StoredAnswer]:
        cache = self._cache
        if cache is None:
            return {}
        found = {}
        for key in keys:
            if until is not None and time.monotonic() >= until:
                break
            value = self._try("cache", partial(cache.get, key))
            answer = None if value is None else self._read("cache", key, value)
            if answer is not None:
                found[key] = answer
        return found

    def _of_store(self, keys: Sequence[bytes]) -> dict[bytes, StoredAnswer]:
        store = self._store
        if store is None or not keys:
            return {}
        kept = self._try("store", lambda: store.answers(keys)) or {}
        read = {key: self._read("store", key, kept[key]) for key in keys if key in kept}
        return {key: answer for key, answer in read.items() if answer is not None}

    def _to_cache(
        self,
        answers: Mapping[bytes, StoredAnswer],
        document: bytes,
        until: float | None = None,
    ) -> None:
        cache, tags = self._cache, (_tag(document),)
        if cache is None:
            return
        for key, answer in answers.items():
            if until is not None and time.monotonic() >= until:
                break
            keep = partial(cache.set, key, self._bytes(key, answer), tags=tags, cost=_COST)
            self._try("cache", keep)

    def _bytes(self, key: bytes, answer: StoredAnswer) -> bytes:
        # With its key: an answer that stands under another question's is not taken for its own.
        return key + answer.to_bytes(with_reason=self._keep_reasons)

    def _read(self, tier: str, key: bytes, value: Any) -> StoredAnswer | None:
        try:
            if not isinstance(value, bytes) or not value.startswith(key):
                raise SemanticError("what is kept is not this question's")
            answer = StoredAnswer.from_bytes(value.removeprefix(key))
        except SemanticError:
            self._count("refused_total")
            self._tell(f"{tier} refused", "the %s has something that is not an answer", tier)
            return None
        self._count(f"{tier}_hits_total")
        # Another process may have been allowed to keep what this one is not to read.
        return answer if self._keep_reasons else replace(answer, reason="")

    def _try(self, tier: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Exception as error:  # whatever a host's own cache raises
            self._count(f"{tier}_failures_total")
            self._tell(f"{tier} failed", "the %s of answers is ill: %s", tier, type(error).__name__)
            return None

    def _count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self._counts[name] += by

    def _tell(self, what: str, message: str, *values: str) -> None:
        """Logs a thing once: it happens for each key."""
        with self._lock:
            if what in self._told:
                return
            self._told.add(what)
        _LOGGER.warning(message, *values)


def _tag(document: bytes) -> str:
    """The tag of the engine's reports about it: one `invalidate` forgets both."""
    return f"document:{document.hex()}"
