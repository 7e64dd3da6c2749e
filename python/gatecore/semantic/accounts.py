"""`Accounts`: who spent what, to the token."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from decimal import Decimal
from threading import Lock
from typing import Any, Final, Literal, TypeAlias, get_args
from uuid import uuid4

from gatecore import forks
from gatecore.loggers import logger
from gatecore.protocols import SemanticStore
from gatecore.semantic.usage import Usage

__all__ = ["Accounts", "CallRecord", "Counter", "Purpose", "Totals", "apportioned"]

#: Why a call was made: a validation's, one for ids that were missing, a batch's, a host's own, a
#: host's own with another key than the client's.
Purpose: TypeAlias = Literal["validation", "again", "bulk", "completion", "keyed"]

#: What is counted besides calls. `sent`: HTTP requests; `retries`: those that were not the first;
#: `questions`: gates that a judgement was asked for.
Counter: TypeAlias = Literal[
    "sent", "failed", "retries", "rate_limited", "limit_refused", "budget_refused",
    "breaker_refused", "questions", "needs_review", "cached_answers", "asked_questions",
    "records_lost",
]  # fmt: skip

_KINDS: Final = tuple(field.name for field in fields(Usage))
_NONE: Final = Usage()
_FREE: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call that was answered, or that may have been billed though nobody heard.

    Attributes:
        at: When it began, in seconds since 1970.
        model: The model.
        purpose: Why it was made.
        document: The document's digest in hex; empty without one.
        gates: The gates whose questions it asked.
        usage: The tokens; an estimate if nobody heard.
        money: What they cost.
        seconds: How long it took.
        tries: Which try it was, from 1.
        outcome: "answered", or why there is no reply.
        request_id: The service's name for it.
        is_batch: Whether it was a batch's, at a batch's price.
        unheard: Whether the reply never came, so that it was billed perhaps.
        client: The accounts that it belongs to; each process has its own.

    >>> record = CallRecord(at=0.0, model="a-model", purpose="validation", usage=Usage(fresh=7))
    >>> CallRecord.from_mapping(record.as_mapping()) == record
    True
    """

    at: float
    model: str
    purpose: str
    document: str = ""
    gates: tuple[str, ...] = ()
    usage: Usage = _NONE
    money: Decimal = _FREE
    seconds: float = 0.0
    tries: int = 1
    outcome: str = "answered"
    request_id: str = ""
    is_batch: bool = False
    unheard: bool = False
    client: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """It as plain values by name, as `SemanticStore.record_call` takes it."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        del plain["usage"]
        return {
            **plain,
            **asdict(self.usage),
            "gates": list(self.gates),
            "money": format(self.money, "f"),
        }

    @classmethod
    def from_mapping(cls, plain: Mapping[str, Any]) -> CallRecord:
        """What `as_mapping` made, or a store of it.

        Raises:
            KeyError, TypeError, ValueError, ArithmeticError: It is something else.
        """
        return cls(
            at=float(plain["at"]),
            model=str(plain["model"]),
            purpose=str(plain["purpose"]),
            document=str(plain.get("document") or ""),
            gates=tuple(plain["gates"]),
            usage=Usage(**{kind: int(plain[kind]) for kind in _KINDS}),
            money=Decimal(plain["money"]),
            seconds=float(plain["seconds"]),
            tries=int(plain["tries"]),
            outcome=str(plain["outcome"]),
            request_id=str(plain["request_id"]),
            is_batch=bool(plain["is_batch"]),
            unheard=bool(plain.get("unheard", False)),
            client=str(plain.get("client", "")),
        )

    @property
    def day(self) -> str:
        """The day (UTC) on which it began."""
        return datetime.fromtimestamp(self.at, timezone.utc).date().isoformat()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of calls. What nobody heard of is apart, as it may not have been billed.

    Attributes:
        calls: Calls that were answered.
        usage: Their tokens.
        money: Their money.
        unheard: Calls whose reply never came.
        unheard_usage: The tokens that these may have used, an estimate from above.
        unheard_money: Likewise.

    >>> Totals().plus(Usage(fresh=7), Decimal("0.1"), unheard=False).calls
    1
    """

    calls: int = 0
    usage: Usage = _NONE
    money: Decimal = _FREE
    unheard: int = 0
    unheard_usage: Usage = _NONE
    unheard_money: Decimal = _FREE

    def plus(self, usage: Usage, money: Decimal, *, unheard: bool) -> Totals:
        """These with one call more."""
        if unheard:
            return replace(
                self,
                unheard=self.unheard + 1,
                unheard_usage=self.unheard_usage + usage,
                unheard_money=self.unheard_money + money,
            )
        return replace(
            self, calls=self.calls + 1, usage=self.usage + usage, money=self.money + money
        )


class Accounts:
    """Adds up calls by model, gate, document and day; threads may share it.

    What gates share in is divided among them so that the parts add up to the whole, token by
    token. Totals are exact; sums by document, day and gate are kept for the latest of them only.

    Args:
        store: Where each call is recorded too.
        documents: Documents whose sums are kept.
        days: Days whose sums are kept.
        gates: Gates whose sums are kept.

    Attributes:
        client: The name of these accounts in the records of a store that several share.

    >>> accounts = Accounts()
    >>> accounts.add(CallRecord(at=0.0, model="a-model", purpose="validation",
    ...     gates=("gdpr_uk/consent", "gdpr_uk/rights"), usage=Usage(fresh=101)))
    >>> [totals.usage.fresh for totals in accounts.by_gate().values()]
    [51, 50]
    >>> accounts.by_day()["1970-01-01"].calls
    1
    """

    def __init__(
        self,
        store: SemanticStore | None = None,
        *,
        documents: int = 1_000,
        days: int = 400,
        gates: int = 10_000,
    ) -> None:
        self._store = store
        self._sizes = documents, days, gates
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """A child's accounts begin at nothing, under a name of their own."""
        documents, days, gates = self._sizes
        self.client = uuid4().hex[:12]
        self._lock = Lock()
        self._total = Totals()
        self._batch = Totals()
        self._seconds = 0.0
        self._models = _Latest(100)
        self._gates = _Latest(gates)
        self._documents = _Latest(documents)
        self._days = _Latest(days)
        self._counts: dict[str, int] = dict.fromkeys(get_args(Counter), 0)

    def add(self, record: CallRecord, *, is_kept: bool = False) -> None:
        """Adds a call; about 0.4 ms for 16 gates, and what the store takes.

        Args:
            record: The call.
            is_kept: Whether the store has it already.

        A store that fails costs the record of this call, which is counted, and nothing else.
        """
        parts = apportioned(record.usage, record.money, len(record.gates))
        usage, money, unheard = record.usage, record.money, record.unheard
        with self._lock:
            self._total = self._total.plus(usage, money, unheard=unheard)
            if record.is_batch:
                self._batch = self._batch.plus(usage, money, unheard=unheard)
            self._seconds += record.seconds
            self._models.add(record.model, usage, money, unheard)
            self._days.add(record.day, usage, money, unheard)
            if record.document:
                self._documents.add(record.document, usage, money, unheard)
            for gate, part in zip(record.gates, parts, strict=True):
                self._gates.add(gate, *part, unheard)
        if self._store is not None and not is_kept:
            try:
                self._store.record_call({**record.as_mapping(), "client": self.client})
            except Exception as error:
                self.count("records_lost")
                logger("semantic").warning(
                    "the record of a call was not kept: %s", type(error).__name__
                )

    def count(self, counter: Counter, more: int = 1) -> None:
        """Counts something that is no call."""
        with self._lock:
            self._counts[counter] += more

    def counted(self, counter: Counter) -> int:
        """How often it was."""
        return self._counts[counter]

    @property
    def total(self) -> Totals:
        """All calls since these accounts began."""
        return self._total

    def by_model(self) -> Mapping[str, Totals]:
        """Sums by model."""
        return self._copied(self._models)

    def by_gate(self) -> Mapping[str, Totals]:
        """Sums by gate: a call counts for each gate that it asked, its tokens are divided."""
        return self._copied(self._gates)

    def by_document(self) -> Mapping[str, Totals]:
        """Sums by digest of the latest documents."""
        return self._copied(self._documents)

    def by_day(self) -> Mapping[str, Totals]:
        """Sums by day (UTC), as 2026-11-29."""
        return self._copied(self._days)

    def measurements(self) -> Mapping[str, float]:
        """Numbers by name, for `gatecore.protocols.Measured`."""
        with self._lock:
            total, batch, seconds = self._total, self._batch, self._seconds
            counts = {f"{name}_total": float(count) for name, count in self._counts.items()}
        return {
            "calls_total": float(total.calls),
            "batch_calls_total": float(batch.calls),
            "call_seconds_total": seconds,
            "input_tokens_total": float(total.usage.input),
            "fresh_tokens_total": float(total.usage.fresh),
            "cache_read_tokens_total": float(total.usage.read),
            "cache_write_5m_tokens_total": float(total.usage.written_5m),
            "cache_write_1h_tokens_total": float(total.usage.written_1h),
            "output_tokens_total": float(total.usage.output),
            "money_total": float(total.money),
            "unheard_calls_total": float(total.unheard),
            "unheard_money_total": float(total.unheard_money),
            **counts,
        }

    def _copied(self, sums: _Latest) -> Mapping[str, Totals]:
        with self._lock:
            return dict(sums.sums)


def apportioned(usage: Usage, money: Decimal, parts: int) -> Sequence[tuple[Usage, Decimal]]:
    """Equal parts that add up to the whole exactly, each kind for itself; the first get the rest.

    >>> [(part.read, str(money)) for part, money in apportioned(Usage(read=5), Decimal("0.10"), 3)]
    [(2, '0.04'), (2, '0.03'), (1, '0.03')]
    """
    exponent = money.as_tuple().exponent
    places = min(0, exponent) if isinstance(exponent, int) else 0
    units = int(money.scaleb(-places))
    return [
        (
            Usage(*(_share(getattr(usage, kind), parts, number) for kind in _KINDS)),
            Decimal(_share(units, parts, number)).scaleb(places),
        )
        for number in range(parts)
    ]


def _share(whole: int, parts: int, number: int) -> int:
    share, rest = divmod(whole, parts)
    return share + (number < rest)


class _Latest:
    """Sums by name, of those that were added to last."""

    def __init__(self, most: int) -> None:
        self.sums: OrderedDict[str, Totals] = OrderedDict()
        self._most = most

    def add(self, name: str, usage: Usage, money: Decimal, unheard: bool) -> None:
        self.sums[name] = self.sums.get(name, Totals()).plus(usage, money, unheard=unheard)
        self.sums.move_to_end(name)
        if len(self.sums) > self._most:
            self.sums.popitem(last=False)
