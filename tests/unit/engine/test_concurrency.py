"""Batches and asyncio over the real engine: the same reports as one by one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine, Submission, errors
from tests.unit.engine.engines import Finds, Says, engine_of, word_of

TEXTS = [f"An apple and {'a green pear' * (n % 3)}. {n}" for n in range(60)]


@pytest.fixture(scope="module")
def engine() -> Iterator[ComplianceEngine]:
    python: Any = {"m": {"f": Finds(), "e": Says(ValueError("x"))}}
    with engine_of(
        word_of("a", "apple"), word_of("b", "pear", module="garden"), python=python
    ) as made:
        yield made


def test_a_batch_gives_the_reports_of_one_by_one(engine: ComplianceEngine) -> None:
    one_by_one = [engine.validate_document(text) for text in TEXTS]
    assert len({report.to_json() for report in one_by_one}) == len(TEXTS)
    for jobs in (1, 2, 4):
        batch = list(engine.validate_many(iter(TEXTS), jobs=jobs))
        assert [one.report for one in batch] == one_by_one
        assert [one.number for one in batch] == list(range(len(TEXTS)))
        unordered = engine.validate_many(TEXTS, jobs=jobs, ordered=False)
        assert sorted(((o.number, o.report) for o in unordered), key=lambda pair: pair[0]) == list(
            enumerate(one_by_one)
        )


def test_modules_and_types_of_the_batch_and_of_submissions(engine: ComplianceEngine) -> None:
    documents: list[Any] = [
        "apple",
        Submission(text="apple", modules=("garden",)),
        Submission(text="x"),
    ]
    for modules in ("house", ["house"], iter(["house"])):
        batch = list(engine.validate_many(documents, modules=modules, jobs=2))
        assert [list(one.report.modules) for one in batch if one.report] == [
            ["house"],
            ["garden"],
            ["house"],
        ]
    (wrong,) = engine.validate_many([Submission(text="x", modules=("hose",))])
    assert isinstance(wrong.error, errors.UnknownModuleError)
    assert "house" in str(wrong.error)


def test_a_manifest_is_of_these_gates(engine: ComplianceEngine, tmp_path: Path) -> None:
    def run(engine: ComplianceEngine, **options: Any) -> list[bool]:
        batch = engine.validate_many(
            ["apple", "fig"], modules="house", manifest=tmp_path / "m", **options
        )
        return [one.is_finished_before for one in batch]

    with engine_of(word_of("a", "apple")) as one, engine_of(word_of("a", "apples")) as other:
        assert run(one) == [False, False]
        assert run(one) == [True, True]
        assert run(one, document_type="nda") == [False, False]
        assert run(other) == [False, False]
        one.registry.deactivate("house/a")
        assert run(one) == [False, False]
        one.registry.activate("house/a")
        assert run(one) == [True, True]


def test_the_asynchronous_engine_gives_the_same_reports(engine: ComplianceEngine) -> None:
    one_by_one = [engine.validate_document(text) for text in TEXTS]

    async def source() -> AsyncIterator[str]:
        for text in TEXTS:
            await asyncio.sleep(0)
            yield text

    async def main() -> None:
        async with AsyncComplianceEngine(engine, workers=3, max_pending=7) as served:
            jobs = [served.validate_document_async(text) for text in TEXTS]
            assert await asyncio.gather(*jobs) == one_by_one
            for documents in (TEXTS, source()):
                batch = [one async for one in served.validate_many_async(documents)]
                assert [one.report for one in batch] == one_by_one
            unordered = [one async for one in served.validate_many_async(TEXTS, ordered=False)]
            assert sorted(one.number for one in unordered) == list(range(len(TEXTS)))
            assert all(one.report == one_by_one[one.number] for one in unordered)
            with pytest.raises(errors.UnknownModuleError):
                await served.validate_document_async("x", modules="hose")
        with pytest.raises(RuntimeError, match="closed"):
            await served.validate_document_async("x")

    asyncio.run(main())


def test_pending_documents_are_bounded_and_none_is_lost() -> None:
    most = 0

    def slow(text: str, _: str) -> dict[str, Any]:
        nonlocal most
        most = max(most, served.waiting)
        time.sleep(0.002)
        return {"status": "PASS"}

    with engine_of(python={"m": {"g": Says(slow)}}) as judged:
        served = AsyncComplianceEngine(judged, workers=1, max_pending=4)

        async def main() -> list[Any]:
            jobs = [served.validate_document_async(f"{n}") for n in range(50)]
            reports = await asyncio.gather(*jobs)
            await served.aclose()
            return list(reports)

        reports = asyncio.run(main())
    assert len({report.document_hash for report in reports}) == 50
    assert 0 < most <= 4


def test_a_deadline_counts_the_time_in_the_queue() -> None:
    def slow(text: str, _: str) -> dict[str, Any]:
        time.sleep(0.2 if text == "slow" else 0)
        return {"status": "PASS"}

    with engine_of(word_of("a", "apple"), python={"m": {"g": Says(slow)}}) as judged:
        served = AsyncComplianceEngine(judged, workers=1)

        async def main() -> tuple[Any, Any]:
            first = asyncio.ensure_future(served.validate_document_async("slow"))
            await asyncio.sleep(0.01)
            late = await served.validate_document_async("late", deadline=0.05)
            await first
            await served.aclose()
            return first.result(), late

        first, late = asyncio.run(main())
    assert first.is_finished
    assert not late.is_finished
    assert late.overall_risk == "UNKNOWN"
    assert late.incomplete == ("house/a", "m/g")


def test_a_source_that_breaks_loses_no_answer_in_asyncio(engine: ComplianceEngine) -> None:
    def source() -> Iterator[str]:
        yield from TEXTS[:5]
        raise OSError("the disk is gone")

    got: list[int] = []

    async def main() -> None:
        async with AsyncComplianceEngine(engine) as served:
            async for one in served.validate_many_async(source()):
                got.append(one.number)

    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(main())
    assert got == [0, 1, 2, 3, 4]
