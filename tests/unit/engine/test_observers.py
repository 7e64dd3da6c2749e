"""Observers: each document is told once, whoever asks and wherever the answer comes from."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine, GatecoreError, Submission, errors
from gatecore.cache import AsyncMemoryCache, MemoryCache
from gatecore.protocols import Asked, Validation
from tests.unit.engine.engines import NOON, DictCache, Says, engine_of, word_of

_WHERE: contextvars.ContextVar[str] = contextvars.ContextVar("where", default="")


class RefusedError(GatecoreError):
    """What an observer raises that means it."""


class Hears:
    """Writes down what it is told, and raises what it is given to."""

    def __init__(self, name: str = "", said: list[Any] | None = None, **raises: Any) -> None:
        self.name = name
        self.said: list[Any] = [] if said is None else said
        self.raises = raises
        self.lock = threading.Lock()
        self.numbers = iter(range(10**6))
        self.asked: dict[int, Asked] = {}
        self.ends: list[tuple[int, Validation | BaseException]] = []
        self.threads: list[tuple[str, str]] = []

    def _note(self, method: str) -> None:
        with self.lock:
            self.said.append(f"{self.name}{method}")
            self.threads.append((method, threading.current_thread().name))
        if method in self.raises:
            raise self.raises[method]

    def started(self, asked: Asked) -> int:
        with self.lock:
            number = next(self.numbers)
        self.asked[number] = asked
        self._note("started")
        return number

    def finished(self, begun: int, validation: Validation) -> None:
        with self.lock:
            self.ends.append((begun, validation))
        self._note("finished")

    def failed(self, begun: int, error: BaseException) -> None:
        with self.lock:
            self.ends.append((begun, error))
        self._note("failed")

    @property
    def validations(self) -> list[Validation]:
        return [end for _, end in self.ends if isinstance(end, Validation)]

    @property
    def failures(self) -> list[BaseException]:
        return [end for _, end in self.ends if isinstance(end, BaseException)]

    def was_told_each_once(self, count: int) -> bool:
        return sorted(self.asked) == sorted(begun for begun, _ in self.ends) == list(range(count))


class Waits(Hears):
    waits = True


def passing(do: Callable[[], object]) -> dict[str, Any]:
    """A Python gate that does something and passes."""

    def check(*_: str) -> dict[str, Any]:
        do()
        return {"status": "PASS"}

    return {"m": {"g": Says(check)}}


def test_a_validation_is_told_with_what_was_asked_and_answered() -> None:
    hears = Hears()
    python = passing(lambda: time.sleep(0.02))
    with engine_of(word_of("a", "apple"), python=python, observers=[hears]) as engine:
        before = time.perf_counter()
        report = engine.validate_document("An apple.", document_type="note")
        took = time.perf_counter() - before
        engine.validate_document("An apple.", modules="m")
    assert hears.was_told_each_once(2)
    assert hears.asked[0] == Asked("note", len("An apple."))
    one, other = hears.validations
    assert one.report is report
    assert (one.document_type, one.characters, one.cached) == ("note", 9, False)
    assert (one.modules, other.modules) == (("house", "m"), ("m",))
    assert one.started_at == NOON.timestamp()
    assert 0.02 <= one.judged_seconds <= one.seconds <= took
    assert one.looked_up_seconds + one.judged_seconds <= one.seconds
    with pytest.raises(AttributeError):
        one.seconds = 0.0  # type: ignore[misc]


def test_the_time_is_the_systems_without_a_clock() -> None:
    hears = Hears()
    with engine_of(word_of("a", "apple"), observers=[hears], options={"clock": None}) as engine:
        before = time.time()
        engine.validate_document("x")
        after = time.time()
    assert before <= hears.validations[0].started_at <= after


@pytest.mark.parametrize("cache", [DictCache, MemoryCache])
def test_cached_answers_are_told_and_named_so(cache: Callable[[], Any]) -> None:
    hears = Hears()
    with engine_of(word_of("a", "apple"), cache=cache(), observers=[hears]) as engine:
        reports = [engine.validate_document(text) for text in ("apple", "apple", "pear", "apple")]
    assert [one.cached for one in hears.validations] == [False, True, False, True]
    assert [one.report for one in hears.validations] == reports
    known = hears.validations[1]
    assert (known.judged_seconds, known.looked_up_seconds) == (0.0, known.seconds)


@pytest.mark.parametrize(
    ("question", "error", "asked"),
    [
        ({"text": "x" * 21}, errors.DocumentTooLargeError, Asked("unknown", 21)),
        ({"text": "x", "modules": "hose"}, errors.UnknownModuleError, Asked("unknown", 1)),
        ({"text": b"x"}, errors.DocumentTypeError, Asked("unknown", 0)),
        ({"text": "x", "document_type": 3}, errors.DocumentTypeError, Asked("", 1)),
        ({"text": "x", "deadline": -1.0}, ValueError, Asked("unknown", 1)),
    ],
)
def test_what_is_refused_is_told(question: Any, error: type[Exception], asked: Asked) -> None:
    hears = Hears()
    options = {"max_document_characters": 20}
    with engine_of(word_of("a", "apple"), options=options, observers=[hears]) as engine:
        with pytest.raises(error) as raised:
            engine.validate_document(**question)

        async def main() -> None:
            async with AsyncComplianceEngine(engine) as served:
                with pytest.raises(error):
                    await served.validate_document_async(**question)

        asyncio.run(main())
    is_made_before = error is ValueError  # asyncio makes a deadline of seconds before it asks
    assert hears.was_told_each_once(1 if is_made_before else 2)
    assert hears.failures[0] is raised.value
    assert hears.asked[0] == asked


def test_what_ends_a_validation_is_told() -> None:
    hears = Hears()
    python = {"m": {"g": Says(KeyboardInterrupt())}}
    with (
        engine_of(python=python, observers=[hears]) as engine,
        pytest.raises(KeyboardInterrupt),
    ):
        engine.validate_document("x")
    assert [type(error) for error in hears.failures] == [KeyboardInterrupt]


def test_several_are_nested() -> None:
    said: list[str] = []
    observers = [Hears("outer ", said), Hears("inner ", said)]
    with engine_of(word_of("a", "apple"), observers=observers) as engine:
        engine.validate_document("x")
        assert said == ["outer started", "inner started", "inner finished", "outer finished"]
        said.clear()
        with pytest.raises(errors.UnknownModuleError):
            engine.validate_document("x", modules="hose")
    assert said == ["outer started", "inner started", "inner failed", "outer failed"]


@pytest.mark.parametrize("method", ["started", "finished", "failed"])
def test_what_an_observer_means_reaches_the_caller(method: str) -> None:
    """As the error of one that is told later, and of one that was told before not at all."""
    said: list[str] = []
    refusing = Hears("refusing ", said, **{method: RefusedError("no")})
    observers = [Hears("outer ", said), refusing, Hears("inner ", said)]
    with engine_of(word_of("a", "apple"), observers=observers) as engine:
        modules = "hose" if method == "failed" else None
        with pytest.raises(RefusedError) as raised:
            engine.validate_document("x", modules=modules)
    if method == "started":
        assert said == ["outer started", "refusing started", "outer failed"]
    else:
        assert said[3:] == [f"inner {method}", f"refusing {method}", "outer failed"]
    assert observers[0].failures == [raised.value]
    assert engine.observer_errors == 0
    if method == "failed":
        assert isinstance(raised.value.__context__, errors.UnknownModuleError)


@pytest.mark.parametrize("method", ["started", "finished", "failed"])
def test_other_errors_of_observers_are_counted_and_logged_once_and_harm_nothing(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    broken = Hears("broken ", said, **{method: RuntimeError("an apple that was in the document")})
    observers = [Hears("outer ", said), broken, Hears("inner ", said)]
    with engine_of(word_of("a", "apple"), observers=observers) as engine:
        for _ in range(3):
            if method == "failed":
                with pytest.raises(errors.UnknownModuleError):
                    engine.validate_document("x", modules="hose")
            else:
                assert engine.validate_document("x").is_finished
        assert engine.observer_errors == 3
        broken.raises[method] = OSError()
        engine.validate_document("x")
    end = "failed" if method == "failed" else "finished"
    assert Counter(said)[f"outer {end}"] == Counter(said)[f"inner {end}"] >= 3
    (first, *others) = [record for record in caplog.records if record.name == "gatecore.engine"]
    assert first.levelno == logging.WARNING
    for part in ("Hears", "RuntimeError", method, "test_observers.py:"):
        assert part in first.getMessage()
    assert "apple" not in first.getMessage()
    assert len(others) == (0 if method == "failed" else 1)  # the other kind


def test_what_is_no_observer_is_refused() -> None:
    class Half:
        def started(self, asked: Asked) -> None: ...

    with pytest.raises(errors.EngineOptionsError, match="a Half without a method finished"):
        engine_of(word_of("a", "apple"), observers=[Half()])


def test_a_batch_tells_each_document_once() -> None:
    hears = Hears()
    texts = [f"apple {number % 5}" for number in range(40)]
    documents: list[Any] = [*texts, Submission(text="x", modules=("hose",))]
    with engine_of(word_of("a", "apple"), cache=MemoryCache(), observers=[hears]) as engine:
        for jobs in (1, 4):
            batch = list(engine.validate_many(documents, jobs=jobs))
            assert sum(one.report is not None for one in batch) == 40
    assert hears.was_told_each_once(82)
    assert [type(error) for error in hears.failures] == [errors.UnknownModuleError] * 2
    assert sum(not one.cached for one in hears.validations) == 5


def test_threads_that_ask_for_the_same_are_told_each() -> None:
    hears = Hears()
    python = passing(lambda: time.sleep(0.05))
    cache = MemoryCache()
    options = {"python_revision": "1"}
    with engine_of(python=python, cache=cache, options=options, observers=[hears]) as engine:
        threads = [threading.Thread(target=engine.validate_document, args=["x"]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert hears.was_told_each_once(8)
    assert sum(not one.cached for one in hears.validations) == cache.stats().computations == 1


@pytest.fixture(params=["no cache", "a cache", "an async cache"])
def caching(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of the two engines."""
    if request.param == "no cache":
        return {}, {}
    if request.param == "a cache":
        return {"cache": MemoryCache()}, {}
    return {}, {"cache": AsyncMemoryCache()}


@pytest.mark.parametrize("kind", [Hears, Waits])
def test_asyncio_tells_each_document_once(
    kind: type[Hears], caching: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """And never in the loop's thread if an observer waits, but for the beginning."""
    hears = kind()
    own, of_async = caching
    texts = [f"apple {number % 5}" for number in range(30)]

    async def main(engine: ComplianceEngine) -> None:
        async with AsyncComplianceEngine(engine, workers=2, **of_async) as served:
            for _ in range(2):
                jobs = [served.validate_document_async(text) for text in texts]
                reports = await asyncio.gather(*jobs)
                assert len({report.document_hash for report in reports}) == 5
            batch = [one async for one in served.validate_many_async(texts)]
            assert len(batch) == 30

    with engine_of(word_of("a", "apple"), observers=[hears], **own) as engine:
        asyncio.run(main(engine))
    assert hears.was_told_each_once(90)
    judged = sum(not one.cached for one in hears.validations)
    # `validate_many_async` has no part in an asynchronous cache.
    assert judged == (90 if not own and not of_async else 5 + 30 * bool(of_async))
    if kind is Waits:
        ends = {thread for method, thread in hears.threads if method == "finished"}
        assert ends
        assert all(thread.startswith("gatecore-worker") for thread in ends)


def test_a_known_answer_is_told_on_the_loop_to_one_that_does_not_wait() -> None:
    hears = Hears()

    async def main(engine: ComplianceEngine) -> None:
        async with AsyncComplianceEngine(engine) as served:
            for _ in range(2):
                await served.validate_document_async("apple")

    with engine_of(word_of("a", "apple"), cache=MemoryCache(), observers=[hears]) as engine:
        asyncio.run(main(engine))
    judging, known = [thread for method, thread in hears.threads if method == "finished"]
    assert judging.startswith("gatecore-worker")
    assert known == threading.current_thread().name


@pytest.mark.parametrize("kind", [Hears, Waits])
def test_what_an_observer_means_reaches_who_awaits(
    kind: type[Hears], caching: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    said: list[str] = []
    own, of_async = caching
    observers = [Hears("outer ", said), kind("refusing ", said, finished=RefusedError("no"))]

    async def main(engine: ComplianceEngine) -> None:
        async with AsyncComplianceEngine(engine, **of_async) as served:
            for _ in range(2):
                with pytest.raises(RefusedError):
                    await served.validate_document_async("apple")

    with engine_of(word_of("a", "apple"), observers=observers, **own) as engine:
        asyncio.run(main(engine))
    assert said == ["outer started", "refusing started", "refusing finished", "outer failed"] * 2


def test_a_beginning_that_is_refused_in_asyncio_tells_the_others() -> None:
    said: list[str] = []
    observers = [Hears("outer ", said), Hears("refusing ", said, started=RefusedError("no"))]

    async def main(engine: ComplianceEngine) -> None:
        async with AsyncComplianceEngine(engine) as served:
            with pytest.raises(RefusedError):
                await served.validate_document_async("apple")

    with engine_of(word_of("a", "apple"), observers=observers) as engine:
        asyncio.run(main(engine))
    assert said == ["outer started", "refusing started", "outer failed"]


@pytest.mark.parametrize("kind", [Hears, Waits])
def test_tasks_that_are_cancelled_are_told_once(
    kind: type[Hears], caching: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """In the queue as cancelled; in hand as what comes of them or as cancelled."""
    hears = kind()
    own, of_async = caching
    begun = threading.Event()
    go_on = threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(10)

    async def main(engine: ComplianceEngine) -> None:
        async with AsyncComplianceEngine(engine, workers=1, **of_async) as served:
            tasks = [
                asyncio.ensure_future(served.validate_document_async(f"{number}"))
                for number in range(6)
            ]
            await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
            for task in tasks[:5]:
                task.cancel()
            await asyncio.sleep(0)
            go_on.set()
            assert (await tasks[5]).is_finished
            ended = await asyncio.gather(*tasks[:5], return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended)

    with engine_of(python=passing(slow), observers=[hears], **own) as engine:
        asyncio.run(main(engine))
    assert hears.was_told_each_once(6)
    cancelled = [error for error in hears.failures if isinstance(error, asyncio.CancelledError)]
    in_queue = 5 if of_async else 4
    assert len(cancelled) == in_queue
    assert len(hears.validations) == 6 - in_queue


def test_a_closed_pool_is_told() -> None:
    hears = Hears()

    async def main(engine: ComplianceEngine) -> None:
        served = AsyncComplianceEngine(engine)
        await served.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await served.validate_document_async("x")

    with engine_of(word_of("a", "apple"), observers=[hears]) as engine:
        asyncio.run(main(engine))
    assert [type(error) for error in hears.failures] == [RuntimeError]


class Marks:
    """Sets a context variable for the time of a validation, as traces do."""

    def started(self, asked: Asked) -> contextvars.Token[str]:
        return _WHERE.set(f"{_WHERE.get()}/{asked.document_type}")

    def finished(self, begun: contextvars.Token[str], validation: Validation) -> None:
        _WHERE.reset(begun)

    def failed(self, begun: contextvars.Token[str], error: BaseException) -> None:
        _WHERE.reset(begun)


@pytest.fixture
def where() -> Iterator[None]:
    token = _WHERE.set("caller")
    yield
    _WHERE.reset(token)


@pytest.mark.usefixtures("where")
@pytest.mark.parametrize("deadline", [None, 5.0])
def test_beginning_gates_and_end_have_one_context(
    deadline: float | None, caching: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """The caller's, which is as it was afterwards; in asyncio too, whose gates are elsewhere."""
    seen: list[str] = []
    own, of_async = caching
    python = passing(lambda: seen.append(_WHERE.get()))
    with engine_of(python=python, observers=[Marks()], **own) as engine:
        engine.validate_document("x", document_type="a", deadline=deadline)
        assert _WHERE.get() == "caller"

        async def main() -> None:
            async with AsyncComplianceEngine(engine, **of_async) as served:
                for kind in ("b", "c", "c"):
                    await served.validate_document_async("x", document_type=kind, deadline=deadline)
                    assert _WHERE.get() == "caller"

        asyncio.run(main())
        assert engine.observer_errors == 0
    assert seen[:3] == ["caller/a", "caller/b", "caller/c"]
    assert len(seen) == (3 if own or of_async else 4)


@pytest.mark.usefixtures("where")
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_batch_has_the_context_of_who_asked_for_it(jobs: int) -> None:
    """Whatever thread judges; and what one document sets is not the next one's."""
    seen: list[str] = []
    texts = [f"{number}" for number in range(20)]
    python = passing(lambda: seen.append(_WHERE.get()))
    with engine_of(python=python, observers=[Marks()]) as engine:
        assert len(list(engine.validate_many(texts, jobs=jobs, document_type="a"))) == 20

        async def main() -> None:
            async with AsyncComplianceEngine(engine, workers=jobs) as served:
                batch = served.validate_many_async(texts, document_type="a")
                assert len([one async for one in batch]) == 20

        asyncio.run(main())
        assert engine.observer_errors == 0
    assert seen == ["caller/a"] * 40
