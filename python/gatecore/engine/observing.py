"""Telling observers of validations: `Observers` of an engine, an `Observation` for each document.

    started ─▶ … looked up, judged … ─▶ finished │ failed

An observation is told to its end by whoever claims it first: the thread that has the answer, or the
event loop whose task was cancelled while the document was in the queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gatecore.errors import EngineOptionsError, GatecoreError
from gatecore.loggers import logger
from gatecore.protocols import Asked, Observer, Validation

if TYPE_CHECKING:
    from gatecore.engine.options import EngineOptions
    from gatecore.engine.report import ValidationReport

__all__ = ["Observation", "Observers", "in_context_of_caller"]

R = TypeVar("R")

_log = logger("engine")

#: Kinds of errors of observers that are logged at most.
_MOST_KINDS: Final = 100

_METHODS: Final = ("started", "finished", "failed")


class Observers:
    """Those who hear of an engine's validations.

    Args:
        observers: In the order in which they begin.
        options: The engine's.

    Raises:
        EngineOptionsError: One of them lacks a method.
    """

    def __init__(self, observers: Iterable[Observer], options: EngineOptions) -> None:
        self.all: Final = tuple(observers)
        for observer in self.all:
            for method in _METHODS:
                if not callable(getattr(observer, method, None)):
                    raise EngineOptionsError(
                        f"observers has a {type(observer).__name__} without a method {method}; "
                        "gatecore.protocols.Observer says what an observer has"
                    )
        #: Whether one of them may not be told on an event loop.
        self.wait: Final = any(getattr(observer, "waits", False) for observer in self.all)
        self._clock = options.clock
        self._timestamp = options.now
        self._lock = threading.Lock()
        self._kinds: set[tuple[str, str, str]] = set()
        self.errors = 0

    def begin(
        self, text: object, document_type: object, context: Context | None = None
    ) -> Observation:
        """Tells all of them that a document has come, in a context if it is given.

        Raises:
            GatecoreError: One of them will not have it.
        """
        asked = Asked(
            document_type if isinstance(document_type, str) else "",
            str.__len__(text) if isinstance(text, str) else 0,
        )
        started_at = time.time() if self._clock is None else self._timestamp().timestamp()
        observation = Observation(self, asked, started_at, context)
        if context is None:
            observation.start()
        else:
            context.run(observation.start)
        return observation

    def begin_apart(self, text: object, document_type: object) -> Observation:
        """As `begin`, in a context of its own: the document's end may be in another thread."""
        return self.begin(text, document_type, copy_context())

    def note(self, observer: Observer, method: str, error: Exception) -> None:
        """Counts what an observer raised.

        The log has its type and place, not its message: who knows which text that is.
        """
        kind = (type(observer).__qualname__, method, type(error).__qualname__)
        with self._lock:
            self.errors += 1
            if kind in self._kinds or len(self._kinds) >= _MOST_KINDS:
                return
            self._kinds.add(kind)
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "unknown"
        _log.warning(
            "the observer %s raised %s in %s at %s; the validation goes on, and others of this "
            "kind are counted only",
            *(kind[0], kind[2], method, place),
        )


class Observation:
    """One document, as its observers are told of it."""

    __slots__ = (
        *("_asked", "_begun", "_observers", "_since", "_started_at", "_unclaimed"),
        *("context", "judged_at", "judging_at", "modules"),
    )

    def __init__(
        self, observers: Observers, asked: Asked, started_at: float, context: Context | None
    ) -> None:
        self._observers = observers
        self._asked = asked
        self._started_at = started_at
        self._since = time.perf_counter()
        self._begun: list[tuple[Observer, Any]] = []
        self._unclaimed = [True]
        self.context = context
        #: The names of the modules that it is judged by, once they are known.
        self.modules: tuple[str, ...] = ()
        #: When its gates began to be judged, and when they were; 0 if they were not.
        self.judging_at = 0.0
        self.judged_at = 0.0

    def start(self) -> None:
        """Tells that it has begun."""
        for observer in self._observers.all:
            try:
                self._begun.append((observer, observer.started(self._asked)))
            except BaseException as error:
                if isinstance(error, Exception) and not isinstance(error, GatecoreError):
                    self._observers.note(observer, "started", error)
                    continue
                self._claim()
                self._tell_here(None, error)
                raise

    def finished(self, report: ValidationReport) -> ValidationReport:
        """Tells that there is a report, which is returned.

        Raises:
            GatecoreError: An observer says that there must be none.
        """
        if self._claim():
            self._tell(self._validation(report), None)
        return report

    def failed(self, error: BaseException) -> None:
        """Tells that there is none, unless its end was told.

        Raises:
            GatecoreError: An observer has another one to raise.
        """
        if self._claim():
            self._tell(None, error)

    def run(self, answer: Callable[[], ValidationReport]) -> ValidationReport | None:
        """Has it answered in the observation's context, and tells; None if its end was told."""
        if not self._claim():
            return None
        assert self.context is not None
        return self.context.run(self._run, answer)

    def _run(self, answer: Callable[[], ValidationReport]) -> ValidationReport:
        try:
            report = answer()
        except BaseException as error:
            self._tell_here(None, error)
            raise
        self._tell_here(self._validation(report), None)
        return report

    def _claim(self) -> bool:
        """Whether the caller is the one who tells the end."""
        try:
            return self._unclaimed.pop()
        except IndexError:
            return False

    def _validation(self, report: ValidationReport) -> Validation:
        since, judging, judged = self._since, self.judging_at, self.judged_at
        seconds = time.perf_counter() - since
        return Validation(
            report,
            self._asked.document_type,
            self.modules,
            self._asked.characters,
            self._started_at,
            seconds,
            judged == 0.0,
            judging - since if judged else seconds,
            judged - judging if judged else 0.0,
        )

    def _tell(self, validation: Validation | None, error: BaseException | None) -> None:
        if self.context is None:
            self._tell_here(validation, error)
        else:
            self.context.run(self._tell_here, validation, error)

    def _tell_here(self, validation: Validation | None, error: BaseException | None) -> None:
        """Tells the observers that have begun, the last one first.

        What must reach the caller is raised when all have been told; those after the observer that
        raised it are told that it failed.
        """
        begun, given = self._begun, error
        while begun:
            observer, own = begun.pop()
            method = "finished" if error is None else "failed"
            try:
                if error is None:
                    assert validation is not None
                    observer.finished(own, validation)
                else:
                    observer.failed(own, error)
            except Exception as raised:
                # What is not an `Exception`, such as a cancellation, is not to be replaced.
                if isinstance(raised, GatecoreError) and isinstance(error, Exception | None):
                    error = raised
                else:
                    self._observers.note(observer, method, raised)
            except BaseException as raised:
                error = raised
        if error is not None and error is not given:
            raise error


def in_context_of_caller(validate: Callable[..., R]) -> Callable[..., R]:
    """A function that threads call in a copy of the context that is current now.

    So spans of a batch belong to the span of whoever asked for it.
    """
    context = copy_context()
    return lambda *arguments: context.copy().run(validate, *arguments)
