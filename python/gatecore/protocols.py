"""What the rooms around the core know of each other: shapes, never classes.

The engine takes any object that has these methods. `gatecore.cache` has the caches, and whoever
writes another one need not derive from anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

__all__ = [
    "Asked",
    "AsyncCache",
    "Cache",
    "CallObserver",
    "Judgement",
    "Measured",
    "ModelCall",
    "Observer",
    "Open",
    "PythonGate",
    "Semantic",
    "SemanticStore",
    "Validation",
]

V = TypeVar("V")


@runtime_checkable
class PythonGate(Protocol):
    """A gate that is a Python object, as hosts write them.

    `name`, `severity`, `legal_source` and `version` are read where it has them.

    >>> class Short:
    ...     name = "short"
    ...     def check(self, text, document_type):
    ...         return {"status": "PASS" if len(text) < 1_000 else "WARNING"}
    >>> isinstance(Short(), PythonGate)
    True
    """

    def check(self, text: str, document_type: str) -> Mapping[str, Any]:
        """The gate's answer: at least a status; a severity and a message as a rule."""


class Cache(Protocol):
    """Answers by key. Threads may share it.

    A key is what `gatecore.cache.key` makes of all that an answer depends on. Values are immutable
    or copies: what a caller does to one never reaches another caller. `tags` name what a value was
    made of, such as `module:gdpr_uk` or `gate:gdpr_uk/consent`, and are what `invalidate` is given.

    >>> class Smallest:
    ...     def __init__(self):
    ...         self._values = {}
    ...     def get(self, key):
    ...         return self._values.get(key)
    ...     def set(self, key, value, *, tags=(), cost=0.0):
    ...         self._values[key] = value
    ...     def get_or_compute(self, key, compute, *, tags=(), keep=None, waits=True):
    ...         value = self._values.get(key)
    ...         if value is None:
    ...             value = compute()
    ...             if keep is None or keep(value):
    ...                 self._values[key] = value
    ...         return value
    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"], cache=Smallest())
    >>> report = engine.validate_document("Invoice 17.")
    >>> engine.validate_document("Invoice 17.") is report
    True
    """

    def get(self, key: bytes) -> Any | None:
        """The value, or None. Never raises because the cache is ill."""

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        """Keeps a value; `cost` is the seconds that it took to make."""

    def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], V],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all who ask at the same time, who wait for it.

        What `compute` raises reaches all who wait and is not kept, and neither is a value of which
        `keep` says False. What was invalidated while it was being made is not kept either.
        Without `waits`, who comes while another one makes it makes it as well and does not keep it.
        """

    def invalidate(self, *tags: str) -> int:
        """Forgets whatever carries one of the tags; how many entries, as far as it is known."""

    def clear(self) -> None:
        """Forgets everything."""

    def close(self) -> None:
        """Gives back connections; the cache may be used again."""


class AsyncCache(Protocol):
    """The same for asyncio: no method holds the event loop up.

    >>> import asyncio
    >>> class None_:
    ...     async def get_or_compute(self, key, compute, *, tags=(), keep=None, waits=True):
    ...         return await compute()
    >>> async def made() -> str:
    ...     return "made"
    >>> asyncio.run(None_().get_or_compute(b"key", made))
    'made'
    """

    async def get(self, key: bytes) -> Any | None:
        """As `Cache.get`."""

    async def set(
        self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0
    ) -> None:
        """As `Cache.set`."""

    async def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """As `Cache.get_or_compute`; a cancelled task does not cancel the others' answer."""

    async def invalidate(self, *tags: str) -> int:
        """As `Cache.invalidate`."""

    async def clear(self) -> None:
        """As `Cache.clear`."""

    async def close(self) -> None:
        """As `Cache.close`."""


# Named tuples, as one of each is made for a validation: 0.2 µs, a frozen dataclass takes 0.9.
class Asked(NamedTuple):
    """What an observer is told of a document before anything is done with it; never its text.

    Attributes:
        document_type: Its kind, as the caller named it; empty if that is not a text.
        characters: Its length; 0 if it is not a text.

    >>> Asked("contract", 2_000).characters
    2000
    """

    document_type: str
    characters: int


class Validation(NamedTuple):
    """What an observer is told of a validation that gave a report.

    Attributes:
        report: The `gatecore.ValidationReport`, the very object that the caller gets.
        document_type: The document's kind.
        modules: The names of the modules that it was judged by, in the order of the report.
        characters: The document's length.
        started_at: When it was asked, in seconds since 1970 by the engine's clock.
        seconds: How long the caller waited, in a queue of the asynchronous engine as well, until
            observers were told.
        cached: Whether the report was not made for this caller: it was in a cache, or another one
            asked the same at the same time.
        looked_up_seconds: Of `seconds` those before the gates were judged: looking into the cache,
            waiting for another one's answer or for a thread. All of them if `cached`.
        judged_seconds: Of `seconds` those in which the gates were judged; 0 if `cached`.

    >>> from gatecore import ComplianceEngine
    >>> class Slowest:
    ...     seconds = 0.0
    ...     def started(self, asked):
    ...         return None
    ...     def finished(self, begun, validation):
    ...         self.seconds = max(self.seconds, validation.seconds)
    ...     def failed(self, begun, error):
    ...         pass
    >>> slowest = Slowest()
    >>> engine = ComplianceEngine(["gdpr_uk"], observers=[slowest])
    >>> report = engine.validate_document("Invoice 17.")
    >>> slowest.seconds > 0.0
    True
    """

    report: Any
    document_type: str
    modules: tuple[str, ...]
    characters: int
    started_at: float
    seconds: float
    cached: bool
    looked_up_seconds: float
    judged_seconds: float


class Observer(Protocol):
    """Hears of each validation of an engine: an audit store, counters, traces.

    Each document that the engine is asked about is told once when it begins, and once when it has
    an answer (`finished`) or an error (`failed`), those of batches, of asyncio and from caches
    alike. Several observers are nested: the first one given begins first and is told last, so what
    another one raises is told to it by `failed`.

    A `GatecoreError` that an observer raises reaches the caller instead of the report: an audit
    without which there must be no answer says so like this. Any other exception of an observer is
    counted (`ComplianceEngine.observer_errors`), logged once for each kind by the logger
    `gatecore.engine`, without its message, and changes no answer.

    Any thread may call, several at once. `AsyncComplianceEngine` calls `started` on the event loop,
    and `finished` and `failed` too where the answer is known there: they must not wait for
    anything. An observer that has to wait has an attribute `waits = True`; its `finished` is then
    called in a worker thread, even for an answer that is known. All three calls for one document
    and its gates run in one context (`contextvars`).

    >>> from gatecore import ComplianceEngine
    >>> class Risks:
    ...     def __init__(self):
    ...         self.seen = []
    ...     def started(self, asked):
    ...         return asked.document_type
    ...     def finished(self, begun, validation):
    ...         self.seen.append((begun, validation.report.overall_risk))
    ...     def failed(self, begun, error):
    ...         self.seen.append((begun, type(error).__name__))
    >>> risks = Risks()
    >>> engine = ComplianceEngine(["gdpr_uk"], observers=[risks])
    >>> report = engine.validate_document("Invoice 17.", document_type="invoice")
    >>> risks.seen
    [('invoice', 'LOW')]
    """

    def started(self, asked: Asked) -> Any:
        """Before the document is looked at; what this returns is handed back at its end."""

    def finished(self, begun: Any, validation: Validation) -> None:
        """The document has a report, complete or not."""

    def failed(self, begun: Any, error: BaseException) -> None:
        """It has none: it was refused, an error was raised, or its task was cancelled.

        A document that a thread is judging for a cancelled task is told when the thread is done.
        """


@runtime_checkable
class Measured(Protocol):
    """Says how it is doing, in numbers: an audit store, a semantic client, whatever is watched.

    >>> class Queue:
    ...     def measurements(self):
    ...         return {"queued": 3.0, "written_total": 1_000.0}
    >>> isinstance(Queue(), Measured)
    True
    """

    def measurements(self) -> Mapping[str, float]:
        """Numbers by name, in lower case with underscores; some microseconds, from any thread.

        What only ever grows has a name that ends in `_total`, seconds have `seconds` in it, bytes
        `bytes`. The names do not depend on documents or clients, and are the same each time.
        """


class Open(NamedTuple):
    """A gate whose rules have not decided.

    Attributes:
        gate: `module/gate`.
        status: What its rules say.
        spans: Where they found something: from and to, in characters.

    >>> Open("gdpr_uk/consent", "FAIL", ((3, 8),)).gate
    'gdpr_uk/consent'
    """

    gate: str
    status: str
    spans: tuple[tuple[int, int], ...] = ()


class Judgement(NamedTuple):
    """What a semantic client says of one gate.

    Attributes:
        status: "PASS", "WARNING", "FAIL", "N/A", or "NEEDS_REVIEW" where there is no answer.
        severity: How severe that is; empty for NEEDS_REVIEW, which has the rules' severity.
        message: What a reader is told: the gate's own words, or why a person has to look.
        reason: What the model said, if it is known.
        spans: What it rests on: from and to, in characters of the document.
        model: The model that was asked; empty if none was.

    >>> Judgement("NEEDS_REVIEW", "", "the service is overloaded").spans
    ()
    """

    status: str
    severity: str
    message: str
    reason: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    model: str = ""


class Semantic(Protocol):
    """Judges what rules leave open, by meaning.

    It answers every question that it is asked, in time, and raises nothing: what it could not find
    out is NEEDS_REVIEW.

    >>> class Nobody:
    ...     version, gates = "1", ("gdpr_uk/consent",)
    ...     def is_open(self, gate, status):
    ...         return gate in self.gates and status == "FAIL"
    ...     def judge(self, text, questions, *, seconds=None):
    ...         return {one.gate: Judgement("NEEDS_REVIEW", "", "nobody") for one in questions}
    ...     async def judge_async(self, text, questions, *, seconds=None):
    ...         return self.judge(text, questions)
    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"], semantic=Nobody())
    >>> report = engine.validate_document("By using this site you consent to cookies.")
    >>> report.incomplete, report.overall_risk
    (('gdpr_uk/consent',), 'HIGH')
    """

    @property
    def version(self) -> str:
        """All that its answers depend on besides the document; for the keys of caches."""

    @property
    def gates(self) -> Collection[str]:
        """The gates that it knows, as `module/gate`."""

    def is_open(self, gate: str, status: str) -> bool:
        """Whether the gate's rules leave its question open if they say this."""

    def judge(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        """The judgements by gate, in `seconds` at most; blocks the calling thread."""

    async def judge_async(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        """Likewise without holding the event loop up; a cancelled task asks nothing further."""


class ModelCall(NamedTuple):
    """A call to a language model that has ended: no text, no document, no key.

    Attributes:
        at: When it began, in seconds since 1970.
        seconds: How long it took.
        model: The model.
        purpose: Why it was made: "validation", "again", "completion", "keyed".
        gates: How many gates' questions it asked.
        tries: Which try it was, from 1.
        outcome: "answered", or why there is no reply.
        fresh: Input tokens that no cache knew; if nobody heard the answer, as the next ones, what
            it may have used.
        read: Input tokens that were read from the prompt cache.
        written: Input tokens that were written to it.
        output: Output tokens.

    >>> ModelCall(0.0, 1.5, "a-model", "validation", 16, 1, "answered", 90, 4_000, 0, 800).outcome
    'answered'
    """

    at: float
    seconds: float
    model: str
    purpose: str
    gates: int
    tries: int
    outcome: str
    fresh: int
    read: int
    written: int
    output: int


class CallObserver(Protocol):
    """Hears of each call to a language model, each try for itself, failed ones too.

    It is told on the client's event loop, in the context (`contextvars`) in which the question was
    asked, and must not wait for anything. What it raises is logged by its name, and changes no
    answer.

    >>> class Slowest:
    ...     seconds = 0.0
    ...     def called(self, call):
    ...         self.seconds = max(self.seconds, call.seconds)
    >>> slowest = Slowest()  # SemanticClient(gates, options, observer=slowest)
    >>> slowest.called(ModelCall(0.0, 1.5, "a-model", "again", 3, 1, "answered", 90, 0, 0, 80))
    >>> slowest.seconds
    1.5
    """

    def called(self, call: ModelCall) -> None:
        """A call has ended."""


class SemanticStore(Protocol):
    """What a semantic client keeps between processes: answers, calls, batches. Never a text.

    Threads may share it. `gatecore.audit.AuditStore` has one, `AuditStore.semantic`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from gatecore.audit import AuditStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with AuditStore(Path(folder) / "audit.db") as store:
    ...         store.semantic.keep_answers({bytes(32): b"{}"}, document=bytes(32))
    ...         store.flush()
    ...         store.semantic.answers([bytes(32)])[bytes(32)]
    b'{}'
    """

    def answers(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Those of the answers that are kept, by key."""

    def keep_answers(self, answers: Mapping[bytes, bytes], *, document: bytes) -> None:
        """Keeps answers without waiting; the first that was kept under a key stays.

        `document` is the SHA-256 of the document that they are about, by which they are erased.
        """

    def record_call(self, call: Mapping[str, Any]) -> None:
        """Adds one call to the accounts without waiting: plain values by name.

        As `gatecore.semantic.accounts.CallRecord.as_mapping` gives them: `at` in seconds since
        1970, `document` the SHA-256 in hexadecimal, `gates` a list, `money` a decimal number as
        text. Names that a store does not know are kept too.
        """

    def calls(self, since: float | None = None) -> Iterator[Mapping[str, Any]]:
        """The calls from a time on, in seconds since 1970, in the order of recording."""

    def put_items(
        self,
        items: Sequence[tuple[str, str, str, bytes]],
        *,
        calls: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Sets the state of items of batches: batch, item, state, detail.

        The batch is "" until it has a name; an item is in one batch at a time, the last one said.
        A detail that is a JSON object may name its document's digest in hexadecimal, `document`, by
        which it is erased.
        All of them, and `calls` as for `record_call`, are kept or none is; returns when they are,
        and raises if they cannot be.
        """

    def items(self, state: str | None = None) -> Sequence[tuple[str, str, str, bytes]]:
        """The items of batches: batch, item, state, detail."""
