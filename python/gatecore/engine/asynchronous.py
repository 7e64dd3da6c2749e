"""The engine for asyncio: the event loop never waits for a document.

`validate_document_async` hands its document to a pool of threads (`workers`), each of which judges
off the GIL. How many documents may be in the pool is bounded, and whoever comes later waits in the
event loop; so a flood of requests takes the memory of its requests and no more.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Final, TypeVar

from gatecore._gatecore import Deadline
from gatecore.engine.cached_reports import may_be_kept, of_reports, report_in
from gatecore.engine.many import (
    DocumentLike,
    Validated,
    kept_modules,
    name_of,
    read,
    submission_of,
    validated,
)
from gatecore.engine.observing import in_context_of_caller
from gatecore.engine.workers import WorkerPool
from gatecore.protocols import AsyncCache

if TYPE_CHECKING:
    from types import TracebackType

    from gatecore.engine.engine import ComplianceEngine
    from gatecore.engine.observing import Observation
    from gatecore.engine.report import ValidationReport
    from gatecore.engine.requests import Request

__all__ = ["AsyncComplianceEngine"]

R = TypeVar("R")

#: Documents for each worker that may be in the pool at once.
_AHEAD: Final = 64

#: Characters whose key an event loop makes itself, in 20 to 100 µs: no more than a hop takes.
_SHORT: Final = 1 << 16


class AsyncComplianceEngine:
    """Validates documents for asyncio; several event loops may share it.

    Args:
        engine: What judges; `ComplianceEngine()` if not given. It stays usable itself.
        workers: Threads at most; the processors that may be used if not given.
        max_pending: Documents that may be waiting or in hand at once; those beyond wait in their
            own tasks, without a place in the queue. 64 for each worker if not given.
        cache: Where reports are kept, such as an `AsyncRedisCache`, instead of the engine's own
            cache. Not for documents of `validate_many_async`.

    A report that the engine's own cache has, if it is a `MemoryCache`, is given without a hop to
    another thread.

    >>> async def main() -> str:
    ...     async with AsyncComplianceEngine() as engine:
    ...         report = await engine.validate_document_async("Guaranteed returns!")
    ...     return report.overall_risk
    >>> asyncio.run(main()) in ("LOW", "MEDIUM", "HIGH", "CRITICAL")
    True
    """

    def __init__(
        self,
        engine: ComplianceEngine | None = None,
        *,
        workers: int | None = None,
        max_pending: int | None = None,
        cache: AsyncCache | None = None,
    ) -> None:
        if cache is not None and not iscoroutinefunction(cache.get_or_compute):
            raise TypeError(
                f"cache is an AsyncCache, not {type(cache).__name__}: give that to ComplianceEngine"
            )
        if engine is None:
            from gatecore.engine.engine import ComplianceEngine

            engine = ComplianceEngine()
        if max_pending is not None and max_pending < 1:
            raise ValueError(f"{max_pending} pending documents are none; give 1 or more")
        self.engine: Final = engine
        self._cache = of_reports(cache)
        self._pool = WorkerPool(workers)
        self.max_pending: Final = max_pending or _AHEAD * self._pool.workers
        self._places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def workers(self) -> int:
        """How many threads judge at most."""
        return self._pool.workers

    @property
    def waiting(self) -> int:
        """Documents in the queue that no thread has begun."""
        return self._pool.waiting

    async def validate_document_async(
        self,
        text: str,
        *,
        document_type: str = "unknown",
        modules: object = None,
        deadline: float | Deadline | None = None,
    ) -> ValidationReport:
        """As `ComplianceEngine.validate_document`, without holding the event loop up.

        A deadline in seconds begins now, so that the time in the queue counts. Cancelling the task
        takes a document that is not begun out of the queue, and cancels the deadline of one that is
        in hand, if it has one; without a deadline it is judged to its end and dropped.

        Raises:
            RuntimeError: The engine is closed.
            DocumentTypeError, UnknownModuleError: As `validate_document`.
        """
        until = Deadline(deadline) if isinstance(deadline, int | float) else deadline
        own = until if until is not deadline else None
        engine = self.engine
        if engine.observers is not None:
            observation = engine.observers.begin_apart(text, document_type)
            try:
                request = engine.request(
                    text, document_type=document_type, modules=modules, deadline=until
                )
                request.is_observed_by(observation)
                return await self._observed(request, observation, own)
            except BaseException as error:
                observation.failed(error)
                raise
        request = engine.request(text, document_type=document_type, modules=modules, deadline=until)
        if self._cache is not None:
            return await self._cached(self._cache, request, own)
        known = self._known(request)
        if known is not None:
            return known
        return await self._answer(request, own)

    async def _answer(self, request: Request, own: Deadline | None) -> ValidationReport:
        """The report; where rules leave questions open, no thread waits for a service."""
        engine = self.engine
        if engine.semantic is None:
            return await self._run(lambda: _in_context(request, engine.answer), own)
        kept = await self._run(lambda: engine.kept(request), own)
        if kept is not None:
            return kept
        report = await self._judge(request, own)
        await self._run(lambda: engine.keep(request, report))
        return report

    async def _judge(self, request: Request, own: Deadline | None = None) -> ValidationReport:
        """The report, whatever is cached."""
        engine = self.engine
        if engine.semantic is None:
            return await self._run(lambda: _in_context(request, engine.judge), own)
        judged = await self._run(lambda: _in_context(request, engine.judge_rules), own)
        if judged.asked:
            await engine.judge_open(request, judged)
        return await self._run(
            lambda: _in_context(request, lambda asked: engine.report_of(asked, judged)), own
        )

    def _known(self, request: Request) -> ValidationReport | None:
        """The report that the event loop may look up by itself, if it is there."""
        engine = self.engine
        if engine.is_cached_in_process and len(request.text) <= _SHORT:
            return engine.known(request)
        return None

    async def _observed(
        self, request: Request, observation: Observation, own: Deadline | None
    ) -> ValidationReport:
        """Answers and tells the observers, in a thread where they or the gates take their time."""
        waits = self.engine.observers is not None and self.engine.observers.wait
        if self._cache is not None:
            found = await self._cached(self._cache, request, own)
            if waits:
                await self._pool.run(lambda: observation.finished(found))
                return found
            return observation.finished(found)
        known = None if waits else self._known(request)
        if known is not None:
            return observation.finished(known)
        if self.engine.semantic is not None:
            report = await self._answer(request, own)
            if waits:
                await self._pool.run(lambda: observation.finished(report))
                return report
            return observation.finished(report)
        told = await self._run(lambda: observation.run(lambda: self.engine.answer(request)), own)
        assert told is not None  # somebody waits for it, so its end was not told
        return told

    async def _run(self, work: Callable[[], R], own: Deadline | None = None) -> R:
        """Has work done in the pool."""
        async with self._place():
            return await self._pool.run(work, on_cancel=own.cancel if own else None)

    async def _cached(
        self, cache: AsyncCache, request: Request, own: Deadline | None
    ) -> ValidationReport:
        """As `ComplianceEngine.answer`, by a cache that is asked in the event loop."""
        engine = self.engine

        if len(request.text) > _SHORT:
            await self._run(lambda: (engine.key_of(request), request.digest))
        key, tags = engine.key_of(request), engine.tags_of(request)
        judged: list[ValidationReport] = []

        async def compute() -> ValidationReport:
            judged.append(await self._judge(request, own))
            return judged[0]

        found = report_in(
            await cache.get_or_compute(
                key, compute, tags=tags, keep=may_be_kept, waits=request.waits
            )
        )
        if judged:
            return judged[0]
        if found is None or not may_be_kept(found):
            return await self._judge(request)
        return found

    def _place(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        place = self._places.get(loop)
        if place is None:
            place = self._places[loop] = asyncio.Semaphore(self.max_pending)
        return place

    async def validate_many_async(
        self,
        documents: Iterable[DocumentLike] | AsyncIterable[DocumentLike],
        *,
        document_type: str = "unknown",
        modules: object = None,
        deadline: float | None = None,
        ordered: bool = True,
    ) -> AsyncIterator[Validated]:
        """As `ComplianceEngine.validate_many`; the source may be an asynchronous one.

        A window of documents is in hand, so the source is read no further than that. `deadline` is
        in seconds for each document, from when it is judged. Files are read in the threads.
        """
        kept = kept_modules(modules)

        def validate(text: str, kind: str | None, some: tuple[str, ...] | None) -> ValidationReport:
            return self.engine.validate_document(
                text,
                document_type=document_type if kind is None else kind,
                modules=kept if some is None else some,
                deadline=deadline,
            )

        if self.engine.observers is not None:
            validate = in_context_of_caller(validate)

        async def one(number: int, document: DocumentLike) -> Validated:
            async with self._place():
                return await self._pool.run(lambda: validated(number, document, validate))

        async def one_by_meaning(number: int, document: DocumentLike) -> Validated:
            name = ""
            try:
                submission = submission_of(document)
                name = name_of(submission)
                text = await self._run(lambda: read(submission))
                kind, some = submission.document_type, submission.modules
                report = await self.validate_document_async(
                    text,
                    document_type=document_type if kind is None else kind,
                    modules=kept if some is None else some,
                    deadline=deadline,
                )
            except Exception as error:
                return Validated(number, name, None, error)
            return Validated(number, name, report)

        window = min(self.max_pending, 4 * self.workers)
        if self.engine.semantic is not None:  # most of the time is spent waiting for a service
            one, window = one_by_meaning, self.max_pending
        flying: deque[asyncio.Task[Validated]] = deque()
        source = _numbered(documents)
        coming: asyncio.Task[tuple[int, DocumentLike] | None] | None = None
        is_at_end, broken = False, None
        try:
            while True:
                if coming is None and not is_at_end and len(flying) < window:
                    coming = asyncio.create_task(_next(source))
                awaited = [*([flying[0]] if ordered and flying else flying)]
                if coming is None and not awaited:
                    break
                # Whatever is first: an answer does not wait for a slow source.
                await asyncio.wait(
                    [*awaited, coming] if coming else awaited,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if coming is not None and coming.done():
                    broken = coming.exception()
                    pulled = None if broken else coming.result()
                    coming, is_at_end = None, pulled is None
                    if pulled is not None:
                        flying.append(asyncio.create_task(one(*pulled)))
                for task in awaited:
                    if task.done():
                        flying.remove(task)
                        yield task.result()
            if broken is not None:
                raise broken
        finally:
            left = [*flying, *([coming] if coming else [])]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def aclose(self) -> None:
        """Cancels what was not begun and waits for what was, without holding the event loop up."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.close)

    async def __aenter__(self) -> AsyncComplianceEngine:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _in_context(request: Request, work: Callable[[Request], R]) -> R:
    """Work on a request, in a copy of the context in which observers began, if there are any.

    A copy, as the task may be cancelled meanwhile, and its observers told.
    """
    observation = request.observation
    if observation is None or observation.context is None:
        return work(request)
    return observation.context.copy().run(work, request)


async def _next(
    source: AsyncIterator[tuple[int, DocumentLike]],
) -> tuple[int, DocumentLike] | None:
    try:
        return await source.__anext__()
    except StopAsyncIteration:
        return None


async def _numbered(
    documents: Iterable[DocumentLike] | AsyncIterable[DocumentLike],
) -> AsyncIterator[tuple[int, DocumentLike]]:
    number = 0
    if isinstance(documents, AsyncIterable):
        async for document in documents:
            yield number, document
            number += 1
        return
    for document in documents:
        yield number, document
        number += 1
