"""`Tracing`: spans of validations and of calls to a model, by OpenTelemetry; sampled elsewhere.

gatecore validate ┬ gatecore look up    the cache, another one's answer, a free thread
                  ├ gatecore judge      the gates; spans of what Python gates call are in it
                  ├ gatecore semantic call  a try to ask a language model
                  └ gatecore observers  what observers after this one did, such as an audit
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Any, Final

from gatecore._gatecore import __version__
from gatecore.metrics.labels import DocumentTypes, error_name
from gatecore.protocols import Asked, ModelCall, Validation

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.trace import Span, TracerProvider

__all__ = ["Tracing"]

_INSTALL: Final = 'opentelemetry-api is not installed: pip install "gatecore-re[opentelemetry]"'

_TOP: Final = 5
#: Steps that took less than this have no span of their own.
_LEAST_SECONDS: Final = 50e-6

_BY_STATUS: Final = {"FAIL": 5, "ERROR": 4, "UNKNOWN": 3, "NEEDS_REVIEW": 2, "WARNING": 1}
_BY_SEVERITY: Final = {"critical": 4, "high": 3, "medium": 2, "low": 1}


@dataclass(slots=True)
class _Begun:
    """A span under way, and how many nanoseconds after 1970 it began."""

    span: Span
    token: Token[Any]
    at: int
    seconds: dict[str, float] | None


class Tracing:
    """Makes a span of each validation: an observer of `ComplianceEngine`.

    Give it first: observers are nested, so spans and logs of those after it, and of Python gates,
    belong to the validation's span. A span has the risk, the number of characters, whether the
    answer was cached, and the five gates that complain most; never text, a hash or a name of a
    document. What is sampled is the program's to say, by its tracer provider.

    It hears of calls to a language model too: `SemanticClient(…, observer=tracing)`. Each try has a
    span `gatecore semantic call` in the trace of whoever asked first, with model, purpose, how many
    gates it asked for, and tokens by kind.

    Args:
        tracer_provider: Where spans go; the global one if not given.
        slowest_of: The engine, if spans are to have the five gates that took longest as well. The
            engine's counters are read before and after, about 0.1 ms for 100 gates and only for
            spans that are recorded; documents judged at the same time count too.

    Raises:
        ImportError: `opentelemetry-api` is not installed:
            `pip install "gatecore-re[opentelemetry]"`.

    >>> from gatecore import ComplianceEngine
    >>> from gatecore.metrics import Tracing
    >>> engine = ComplianceEngine(["gdpr_uk"], observers=[Tracing()])
    >>> engine.validate_document("Invoice 17.").overall_risk
    'LOW'
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, *, slowest_of: Any = None
    ) -> None:
        try:
            from opentelemetry import context, trace
        except ImportError as error:
            raise ImportError(_INSTALL) from error
        self._trace = trace
        self._context = context
        self._tracer = trace.get_tracer("gatecore", __version__, tracer_provider)
        self._slowest_of = slowest_of
        self._types = DocumentTypes(None)

    def watch_engine(self, engine: Any) -> None:
        """As `slowest_of`, for an engine that is made after this."""
        self._slowest_of = engine

    def started(self, asked: Asked) -> _Begun:
        """Begins the span, which is the current one from now on."""
        at = time.time_ns()
        attributes = {"gatecore.characters": asked.characters}
        span = self._tracer.start_span("gatecore validate", attributes=attributes, start_time=at)
        token = self._context.attach(self._trace.set_span_in_context(span))
        seconds = None
        if self._slowest_of is not None and span.is_recording():
            seconds = self._seconds()
        return _Begun(span, token, at, seconds)

    def finished(self, begun: _Begun, validation: Validation) -> None:
        """Ends it, with what there is to say."""
        span = begun.span
        if span.is_recording():
            self._describe(begun, validation)
            self._children(begun, validation)
        self._context.detach(begun.token)
        span.end()

    def failed(self, begun: _Begun, error: BaseException) -> None:
        """Ends it as an error, by its name: its message may quote the document."""
        span = begun.span
        if span.is_recording():
            name = error_name(error)
            span.set_attribute("error.type", name)
            span.set_status(self._trace.StatusCode.ERROR, name)
        self._context.detach(begun.token)
        span.end()

    def called(self, call: ModelCall) -> None:
        """Makes the span of a call to a language model, which has ended."""
        begun = _nanoseconds(call.at)
        span = self._tracer.start_span("gatecore semantic call", start_time=begun)
        if span.is_recording():
            span.set_attributes(
                {
                    "gatecore.semantic.model": call.model,
                    "gatecore.semantic.purpose": call.purpose,
                    "gatecore.semantic.gates": call.gates,
                    "gatecore.semantic.try": call.tries,
                    "gatecore.semantic.tokens.fresh": call.fresh,
                    "gatecore.semantic.tokens.read": call.read,
                    "gatecore.semantic.tokens.written": call.written,
                    "gatecore.semantic.tokens.output": call.output,
                }
            )
            if call.outcome != "answered":
                span.set_attribute("error.type", call.outcome)
                span.set_status(self._trace.StatusCode.ERROR, call.outcome)
        span.end(begun + _nanoseconds(call.seconds))

    def _describe(self, begun: _Begun, validation: Validation) -> None:
        report = validation.report
        worst = nlargest(_TOP, report.gates().items(), key=_badness)
        attributes: dict[str, Any] = {
            "gatecore.risk": report.overall_risk,
            "gatecore.cached": validation.cached,
            "gatecore.document_type": self._types.label(validation.document_type),
            "gatecore.modules": validation.modules,
            "gatecore.incomplete": len(report.incomplete),
            "gatecore.gates.worst": [
                f"{name} {result.status} {result.severity}"
                for name, result in worst
                if result.status in _BY_STATUS
            ],
        }
        if begun.seconds is not None and not validation.cached:
            before = begun.seconds
            took = {
                name: seconds - before.get(name, 0.0) for name, seconds in self._seconds().items()
            }
            slowest = nlargest(_TOP, took.items(), key=lambda item: item[1])
            attributes["gatecore.gates.slowest"] = [name for name, _ in slowest]
            attributes["gatecore.gates.slowest_seconds"] = [seconds for _, seconds in slowest]
        begun.span.set_attributes(attributes)

    def _children(self, begun: _Begun, validation: Validation) -> None:
        """Spans of the steps, which are over: their times are known."""
        looked_up = begun.at + _nanoseconds(validation.looked_up_seconds)
        judged = looked_up + _nanoseconds(validation.judged_seconds)
        told = begun.at + _nanoseconds(validation.seconds)
        steps = [
            ("gatecore look up", begun.at, looked_up),
            ("gatecore judge", looked_up, judged),
            ("gatecore observers", told, time.time_ns()),
        ]
        for name, since, until in steps:
            if until - since >= _nanoseconds(_LEAST_SECONDS):
                self._tracer.start_span(name, start_time=since).end(until)

    def _seconds(self) -> dict[str, float]:
        gates = self._slowest_of.counters().gates
        return {name: counted.seconds for name, counted in gates.items()}


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _badness(item: tuple[str, Any]) -> tuple[int, int]:
    """How much a gate complains."""
    result = item[1]
    return _BY_STATUS.get(result.status, 0), _BY_SEVERITY.get(result.severity.lower(), 0)
