"""What figures are made of is right, whatever the times are."""

from __future__ import annotations

import json

import pytest

from benchmarks.figures import cache, targets


def test_the_trace_is_zipf() -> None:
    asked = cache.trace(200_000)
    harmonic = [sum(1 / rank for rank in range(1, n + 1)) for n in (cache.ROOM, cache.DOCUMENTS)]
    share = sum(number < cache.ROOM for number in asked) / len(asked)
    assert share == pytest.approx(harmonic[0] / harmonic[1], abs=0.005)
    assert cache.trace(50) == asked[:50]
    assert cache.trace(50, seed=2) != asked[:50]


def test_hit_rates_are_of_all_requests() -> None:
    *ours, lru, best = cache.hit_rate(40_000)
    assert [one.name.partition(".")[0] for one in ours] == ["MemoryCache"] * 2
    for one in (*ours, lru):
        # Nobody beats the best fixed choice on requests that do not depend on each other.
        assert 0.5 < one.cold < best.cold < 1
        assert one.warm > one.cold


def test_the_odd_document_has_its_share_of_odd_characters() -> None:
    plain, odd = cache.texts().values()
    assert plain.isascii()
    assert len(odd) == len(plain) == cache.CHARACTERS
    assert sum(not c.isascii() for c in odd) == cache.ODD_SHARE * cache.CHARACTERS


def test_one_cold_key() -> None:
    assert [one.computations for one in cache.one_cold_key(20)] == [1, 20]


def test_rows_without_the_host_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOKI_HOME", raising=False)
    assert targets.main(["--only", "host", "http", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["reached"]) for row in rows] == [("host", None), ("http", None)]
    assert all("LOKI_HOME" in row["figure"] for row in rows)


def test_a_row_that_fails_does_not_end_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("LOKI_HOME", f"{tmp_path}/nothing")
    assert targets.main(["--only", "host", "rate", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "it could not be measured" in shown
    assert "hit rate, Zipf 1.0" in shown
