"""Every question of the store, against loops over a list of the same records."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatecore.audit import AuditStore, Entry, Record
from gatecore.audit.queries import STATEMENTS
from gatecore.audit.windows import SPANS, cover
from tests.support.plain_audit import PlainAudit

_HOUR, _DAY, _BLOCK = SPANS
#: Days on both sides of a border between blocks of 32 days, in 2026.
_MIDDLE = 1_790_000_000_000_000 // _BLOCK * _BLOCK

moments = st.builds(
    lambda border, offset: _MIDDLE + border + offset,
    st.sampled_from([0, _HOUR, -_HOUR, _DAY, -_DAY, 5 * _HOUR, _BLOCK, -_BLOCK, 3 * _DAY]),
    st.integers(-2, 2) | st.integers(-2 * _HOUR, 2 * _HOUR),
)
outcomes = st.tuples(
    st.sampled_from(["module", "module", "module", "universal", "detector", "analyzer", "cross"]),
    st.sampled_from(["fca_uk", "gdpr_uk"]),
    st.sampled_from(["consent", "risk", "cookies"]),
    st.sampled_from(["1", "2", "10", ""]),
    st.sampled_from(["FAIL", "Fail", "PASS", "WARNING", "N/A", "UNKNOWN", None, ""]),
    st.sampled_from(["critical", "high", "medium", "low", "none", "severe", None]),
    st.integers(0, 2),
)
records = st.builds(
    Record,
    at=moments,
    document=st.sampled_from([sha256(name).digest() for name in (b"a", b"b", b"c")]),
    kind=st.sampled_from(["letter", "contract", "ein Brief £"]),
    modules=st.sampled_from([("fca_uk",), ("fca_uk", "gdpr_uk"), ()]),
    risk=st.sampled_from(["LOW", "HIGH", "CRITICAL", "UNKNOWN"]),
    outcomes=st.lists(outcomes, max_size=6),
    critical=st.integers(0, 3),
    high=st.integers(0, 3),
    micros=st.integers(0, 10**7),
    characters=st.integers(0, 10**6),
)
edges = st.none() | moments


def _seconds(moment: int | None) -> float | None:
    return None if moment is None else moment / 1e6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(records, max_size=30),
    st.lists(st.tuples(edges, edges), min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_every_question_is_answered_as_by_a_loop(
    written: list[Record],
    windows: list[tuple[int | None, int | None]],
    is_erased: bool,
    data: st.DataObject,
) -> None:
    plain = PlainAudit(written)
    with TemporaryDirectory() as folder, AuditStore(Path(folder) / "audit.db") as store:
        for record in written:
            store.add(record)
        store.flush()
        if is_erased and written:
            document = written[0].document
            plain.erased.add(document)
            expected = sum(one.document == document for one in written)
            assert store.erase(document.hex(), reason="asked for") == expected
        if written:  # edges that are exactly a validation's
            edge = data.draw(st.sampled_from(written)).at
            windows = [*windows, (edge, None), (None, edge), (edge, edge + 1)]
        for since, until in windows:
            _compare(store, plain, since, until)
        event(f"validations in the last window: {min(len(plain.window(*windows[-1])), 3)}")
        _compare_single(store, plain)
        found = store.verify()
        assert found.is_sound, found.problems
        assert found.validations == len(written)


def _compare(store: AuditStore, plain: PlainAudit, since: int | None, until: int | None) -> None:
    ends = (since, until)
    window = tuple(map(_seconds, ends))
    stats = store.stats(*window)
    assert (stats.validations, dict(stats.risks), stats.critical, stats.high) == plain.stats(*ends)
    counts = store.outcome_counts(*window)
    assert {tuple(one): n for one, n in counts.items()} == plain.outcome_counts(*ends)
    performance = [(one.module, dict(one.statuses)) for one in store.module_performance(*window)]
    assert performance == plain.module_performance(*ends)
    for limit in (1, 5):
        failures = store.top_failures(*window, limit=limit)
        said = [(one.module, one.gate, one.failures, one.severity) for one in failures]
        assert said == plain.top_failures(*ends, limit)
    alerts = store.universal_alerts(*window, limit=100)
    assert {one.detector: one.alerts for one in alerts} == plain.universal_alerts(*ends)
    trends = {day.date: dict(day.risks) for day in store.risk_trends(*window)}
    assert trends == plain.risk_trends(*ends)


def _compare_single(store: AuditStore, plain: PlainAudit) -> None:
    newest = plain.numbered()
    entries: list[Entry] = []
    page = store.recent(4)
    while True:
        entries += page.entries
        if page.next is None:
            break
        page = store.recent(4, before=page.next)
    assert [entry.id for entry in entries] == [number for number, _ in newest]
    for entry, (number, record) in zip(entries, newest, strict=True):
        whole = store.entry(number)
        assert whole is not None
        if record.document in plain.erased:
            assert entry.erased
            assert (entry.document_hash, entry.document_type, whole.outcomes) == ("", "", ())
            continue
        assert [tuple(one) for one in whole.outcomes] == list(record.outcomes)
        assert _told(entry) == (
            *(record.document.hex(), record.kind, record.modules, record.risk),
            *(record.critical, record.high, record.micros / 1e6, record.characters),
        )
    for document in {one.document for one in plain.records}:
        numbers = [
            number
            for number, one in newest
            if one.document == document and document not in plain.erased
        ]
        assert [entry.id for entry in store.history(document.hex())] == numbers
    drift = store.drift("fca_uk", "consent", "2020-01-01")
    said = {one.version: (one.first, one.last, dict(one.statuses)) for one in drift.versions}
    expected = plain.drift("module", "fca_uk", "consent")
    assert said == (expected or plain.drift("detector", "fca_uk", "consent"))


def _told(entry: Entry) -> tuple[Any, ...]:
    return (
        *(entry.document_hash, entry.document_type, entry.modules, entry.overall_risk),
        *(entry.critical, entry.high, entry.seconds, entry.characters),
    )


@given(edges, edges)
def test_a_cover_has_each_moment_once_and_few_parts(since: int | None, until: int | None) -> None:
    rows, buckets = cover(since, until)
    far = 1 << 70
    parts = [(part.begin, part.end) for part in rows]
    parts += [(part.first * SPANS[part.span], part.end * SPANS[part.span]) for part in buckets]
    parts.sort()
    begin, end = (-far if since is None else since), (far if until is None else until)
    if begin >= end:
        assert parts == []
        return
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert parts[0][0] == begin if since is not None else parts[0][0] < -_BLOCK * 1_000
    assert parts[-1][1] == end if until is not None else parts[-1][1] > 10**6 * _BLOCK
    assert len(parts) <= 7
    assert all(end - begin < 2 * _HOUR for begin, end in ((one.begin, one.end) for one in rows))


def test_no_question_walks_through_a_table(tmp_path: Path) -> None:
    """How SQLite goes about each statement, as it was read and found to be good."""
    golden = Path(__file__).parents[2] / "data" / "audit_query_plans.txt"
    with AuditStore(tmp_path / "audit.db") as store:
        lines = []
        for name, statement in STATEMENTS.items():
            count = statement.count("?")
            values = (0,) * (count - 1) + (
                ("[]",) if "json_each" in statement else (0,) * bool(count)
            )
            with store._pool.connection() as connection:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
                lines += [f"{name}: {detail}" for *_, detail in plan]
    assert len(lines) >= len(STATEMENTS)
    # Through JSON that is handed over, and the days of a window.
    small = ("SCAN number VIRTUAL TABLE", "SCAN (subquery")
    assert not [line for line in lines if "SCAN" in line and not any(one in line for one in small)]
    assert "\n".join(lines) + "\n" == golden.read_text("utf-8")
