"""Every token is somewhere, and nowhere twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.protocols import Measured
from gatecore.semantic.accounts import Accounts, CallRecord, Counter, Totals, apportioned
from gatecore.semantic.usage import Prices, Usage

counts = st.integers(0, 10**9)
usages = st.builds(Usage, counts, counts, counts, counts, counts)
money = st.decimals(0, 10**6, places=9)
names = st.sampled_from(["m/a", "m/b", "m/c", "n/a"])
records = st.builds(
    CallRecord,
    at=st.floats(0, 4e9),
    model=st.sampled_from(["one", "two"]),
    purpose=st.sampled_from(["validation", "again", "bulk", "completion"]),
    document=st.sampled_from(["", "d1", "d2"]),
    gates=st.lists(names, unique=True).map(tuple),
    usage=usages,
    money=money,
    seconds=st.floats(0, 1e4),
    tries=st.integers(1, 9),
    outcome=st.sampled_from(["answered", "timeout"]),
    request_id=st.text(max_size=20),
    is_batch=st.booleans(),
    unheard=st.booleans(),
    client=st.sampled_from(["", "c"]),
)


def summed(totals: Mapping[str, Totals]) -> tuple[Usage, Decimal, Usage, Decimal]:
    return (
        reduce(add, (one.usage for one in totals.values()), Usage()),
        sum((one.money for one in totals.values()), Decimal(0)),
        reduce(add, (one.unheard_usage for one in totals.values()), Usage()),
        sum((one.unheard_money for one in totals.values()), Decimal(0)),
    )


@given(usages, money, st.integers(1, 64))
def test_parts_add_up_to_the_whole_and_differ_by_one_at_most(
    usage: Usage, cost: Decimal, parts: int
) -> None:
    shares = apportioned(usage, cost, parts)
    assert len(shares) == parts
    assert reduce(add, (share for share, _ in shares)) == usage
    assert sum(cost for _, cost in shares) == cost
    for kind in ("fresh", "read", "output"):
        of_kind = [getattr(share, kind) for share, _ in shares]
        assert max(of_kind) - min(of_kind) <= 1


@settings(max_examples=40)
@given(records)
def test_a_record_comes_back_from_plain_values(record: CallRecord) -> None:
    plain = record.as_mapping()
    assert CallRecord.from_mapping(json.loads(json.dumps(plain))) == record
    assert CallRecord.from_mapping({**plain, "of another version": 1}) == record


@settings(max_examples=40)
@given(st.lists(records, max_size=20))
def test_sums_are_the_records(calls: list[CallRecord]) -> None:
    accounts = Accounts()
    for record in calls:
        accounts.add(record)

    def of(those: Sequence[CallRecord]) -> Totals:
        heard = [one for one in those if not one.unheard]
        unheard = [one for one in those if one.unheard]
        return Totals(
            len(heard),
            reduce(add, (one.usage for one in heard), Usage()),
            sum((one.money for one in heard), Decimal(0)),
            len(unheard),
            reduce(add, (one.usage for one in unheard), Usage()),
            sum((one.money for one in unheard), Decimal(0)),
        )

    assert accounts.total == of(calls)
    for by, name in ((accounts.by_model(), "model"), (accounts.by_day(), "day")):
        found = {getattr(one, name) for one in calls}
        assert by == {key: of([one for one in calls if getattr(one, name) == key]) for key in found}
    documents = {one.document for one in calls} - {""}
    assert accounts.by_document() == {
        key: of([one for one in calls if one.document == key]) for key in documents
    }
    with_gates = of([one for one in calls if one.gates])
    assert summed(accounts.by_gate()) == (
        with_gates.usage, with_gates.money, with_gates.unheard_usage, with_gates.unheard_money
    )  # fmt: skip
    for gate, totals in accounts.by_gate().items():
        asked = [one for one in calls if gate in one.gates]
        assert totals.calls + totals.unheard == len(asked)


def test_money_by_price_is_the_price_of_all_tokens() -> None:
    prices = Prices(input=Decimal("3"), output=Decimal("15"))
    accounts = Accounts()
    for number in range(100):
        usage = Usage(number, 7 * number, number % 3, 5, 11)
        accounts.add(
            CallRecord(
                at=0, model="m", purpose="validation", usage=usage, money=prices.of(usage),
                gates=("a", "b", "c"),
            )
        )  # fmt: skip
    assert accounts.total.money == prices.of(accounts.total.usage)
    assert summed(accounts.by_gate())[1] == accounts.total.money


def test_memory_is_bounded_and_totals_are_exact() -> None:
    accounts = Accounts(documents=10, days=3, gates=5)
    for number in range(1_000):
        accounts.add(
            CallRecord(
                at=number * 86_400.0, model="m", purpose="validation", document=f"d{number}",
                gates=(f"g{number}",), usage=Usage(fresh=1),
            )
        )  # fmt: skip
    assert len(accounts.by_document()) == 10
    assert len(accounts.by_day()) == 3
    assert len(accounts.by_gate()) == 5
    assert "d999" in accounts.by_document()
    assert accounts.total.usage.fresh == 1_000


def test_threads_lose_nothing() -> None:
    accounts = Accounts()
    record = CallRecord(at=0, model="m", purpose="bulk", gates=("a", "b"), usage=Usage(fresh=3))

    def work(_: int) -> None:
        for _ in range(200):
            accounts.add(record)
            accounts.count("retries")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert accounts.total.usage.fresh == 8 * 200 * 3
    assert summed(accounts.by_gate())[0].fresh == 8 * 200 * 3
    assert accounts.counted("retries") == 1_600


def test_measurements_keep_their_names() -> None:
    accounts = Accounts()
    assert isinstance(accounts, Measured)
    before = accounts.measurements()
    accounts.add(
        CallRecord(
            at=0, model="m", purpose="bulk", usage=Usage(1, 2, 3, 4, 5), is_batch=True, seconds=2.5
        )
    )
    accounts.count("needs_review", 3)
    after = accounts.measurements()
    assert list(before) == list(after)
    assert set(before.values()) == {0.0}
    assert {f"{name}_total" for name in get_args(Counter)} <= set(after)
    assert (after["input_tokens_total"], after["cache_read_tokens_total"]) == (10.0, 2.0)
    assert (after["calls_total"], after["batch_calls_total"]) == (1.0, 1.0)
    assert (after["needs_review_total"], after["call_seconds_total"]) == (3.0, 2.5)


class _Store:
    def __init__(self, *, is_broken: bool = False) -> None:
        self.calls: list[Mapping[str, Any]] = []
        self.is_broken = is_broken

    def record_call(self, call: Mapping[str, Any]) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.calls.append(call)


def test_a_store_is_told_and_one_that_fails_costs_only_the_record() -> None:
    record = CallRecord(at=0, model="m", purpose="bulk", usage=Usage(fresh=3))
    store = _Store()
    accounts = Accounts(store)  # type: ignore[arg-type]
    accounts.add(record)
    (plain,) = store.calls
    assert CallRecord.from_mapping(plain) == replace(record, client=accounts.client)
    broken = Accounts(_Store(is_broken=True))  # type: ignore[arg-type]
    broken.add(record)
    assert broken.total.usage.fresh == 3
    assert broken.counted("records_lost") == 1
    assert accounts.client != broken.client
