"""`FakeMessagesAPI`: the routes of the Messages API, and what a request meets in which order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias

from gatecore.errors import SemanticError
from gatecore.testing.answers import Answer, AnswerTo, answer_of, default_answer, message_of
from gatecore.testing.batches import Batch, Batches, Fate, FateOf, Outcome, shown
from gatecore.testing.checks import RefusedError, check_batch, check_message
from gatecore.testing.clock import FakeClock
from gatecore.testing.faults import ERRORS, Fault
from gatecore.testing.http_server import HTTPServer, Request, Response
from gatecore.testing.ledger import Ledger
from gatecore.testing.prompt_cache import PromptCache
from gatecore.testing.rate_limits import Buckets, RateLimits
from gatecore.testing.tokens import CountTokens, Tokens, parts_of, quarter

__all__ = ["Call", "FakeMessagesAPI", "Script"]

_LARGEST: Final = {"messages": 32 << 20, "count_tokens": 32 << 20}
_LARGEST_OF_ALL: Final = 256 << 20


class _HasNow(Protocol):
    def now(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a script sees it.

    Attributes:
        route: Which, as in `Entry.route`.
        number: How many requests of this route came before.
        body: The parameters; empty where there are none.
        time: Seconds since 1970, by the fake's clock.

    >>> def every_third(call: Call) -> Fault | None:
    ...     return Fault.status(529) if call.number % 3 == 2 else None
    >>> [every_third(Call("messages", number, {}, 0.0)) is None for number in range(3)]
    [True, True, False]
    """

    route: str
    number: int
    body: Mapping[str, Any] = field(repr=False)
    time: float


#: What goes wrong: with the messages in turn, with the requests of each route in turn, or what a
#: function says. None, and what is beyond the end: nothing.
Script: TypeAlias = (
    Sequence[Fault | None] | Mapping[str, Sequence[Fault | None]] | Callable[[Call], Fault | None]
)


class FakeMessagesAPI:
    """The Messages API on this machine, for tests: it answers, limits, caches, fails and bills.

    It listens on 127.0.0.1 while it is entered, and speaks to the real SDK, sync and async:
    messages, token counts, batches, models. Nothing is streamed.

    Args:
        answer: What the model says: a text, or a function of the request's parameters that gives a
            text or an `Answer`. By default the smallest value that the schema of the request takes
            (`output_config.format`), or "OK". It runs on the server's only thread, so it must
            not wait; use `latency`.
        limits: What may be used in a minute; what is beyond gets a 429 with `retry-after`, and each
            answer has the headers that tell of the limits. They hold for messages, of all models
            together.
        script: What goes wrong: a list for the first messages in turn (None: nothing), a mapping
            from routes to such lists, or a function of a `Call`.
        clock: Seconds since 1970: a function, or an object with `now()`. With a `FakeClock`,
            whatever is slow waits until that clock has been moved; otherwise it waits in real time.
        latency: Seconds that each message takes, or a function of a `Call`.
        tokens: The tokens of a text; by default one for four characters, rounded up block by block.
        cache_minimum: Tokens that a prefix needs for the prompt cache to keep it, for all models or
            by name; models without a name there need 4,096.
        models: The models that there are; any if None.
        key: The only API key that is taken.
        batch_polls: A batch ends when it has been looked at so often; None: not by that.
        batch_seconds: A batch ends after so many seconds; None: not by that. After 24 hours it ends
            anyhow, and what is not done has expired.
        batch_fate: What becomes of a request of a batch, by custom id and parameters: "succeeded",
            "overloaded" (an error that may go away), "invalid" (one that stays), "expired" or
            "canceled".
        seed: What the order of a batch's results is shuffled from.

    Attributes:
        key: The API key.
        ledger: What was asked, and billed.

    Raises:
        SemanticError: On leaving, if a function that was given failed; its error is the cause.

    Instead of a client's arguments, the environment will do: `ANTHROPIC_BASE_URL` and
    `ANTHROPIC_API_KEY`, as `environment` has them, for a process that is started.

    >>> import urllib.request
    >>> question = {"model": "a-model", "max_tokens": 9,
    ...             "messages": [{"role": "user", "content": "Is it clear?"}]}
    >>> with FakeMessagesAPI(answer="PASS") as api:
    ...     request = urllib.request.Request(
    ...         f"{api.url}/v1/messages",
    ...         data=json.dumps(question).encode(),
    ...         headers={"x-api-key": api.key, "anthropic-version": "2023-06-01"})
    ...     with urllib.request.urlopen(request) as response:
    ...         json.load(response)["content"]
    [{'type': 'text', 'text': 'PASS'}]
    >>> api.ledger.usage()
    Tokens(fresh=3, read=0, written_5m=0, written_1h=0, output=1)
    """

    def __init__(
        self,
        *,
        answer: str | AnswerTo = default_answer,
        limits: RateLimits | None = None,
        script: Script = (),
        clock: Callable[[], float] | _HasNow = time.time,
        latency: float | Callable[[Call], float] = 0.0,
        tokens: CountTokens = quarter,
        cache_minimum: int | Mapping[str, int] = 1_024,
        models: Sequence[str] | None = None,
        key: str = "fake-key",
        batch_polls: int | None = 1,
        batch_seconds: float | None = None,
        batch_fate: FateOf = lambda _id, _parameters: "succeeded",
        seed: int = 0,
    ) -> None:
        self.key = key
        self.ledger = Ledger()
        self._answer = (lambda _: answer) if isinstance(answer, str) else answer
        self._script = script
        self._clock = clock
        self._now = clock if callable(clock) else clock.now
        self._latency = latency
        self._count = tokens
        self._models = models
        self._cache = PromptCache(tokens, cache_minimum)
        self._buckets = Buckets(limits or RateLimits(), self._now())
        self._batches = Batches(
            self._item,
            fate=batch_fate,
            polls=batch_polls,
            seconds=batch_seconds,
            seed=seed,
        )
        self._numbers: dict[str, int] = {}
        self._problems: list[Exception] = []
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []
        self._end_listening: Callable[[], None] = lambda: None
        self._server = HTTPServer(self._respond, largest=_LARGEST_OF_ALL)

    @property
    def url(self) -> str:
        """What a client takes as `base_url`."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which the SDK finds this server, also in another process."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": self.key}

    def start(self) -> None:
        """Begins to listen; `with` does it."""
        self._server.start()
        if isinstance(self._clock, FakeClock):
            self._end_listening = self._clock.listen(lambda: self._server.soon(self._wake))

    def stop(self) -> None:
        """Closes all connections; `with` does it.

        Raises:
            SemanticError: A function that was given failed.
        """
        self._end_listening()
        self._end_listening = lambda: None
        self._server.stop()
        if self._problems:
            problem = self._problems.pop()
            self._problems.clear()
            raise SemanticError(
                f"the fake could not answer, as a function that it was given failed "
                f"({type(problem).__name__}): see the cause"
            ) from problem

    def end_batches(self) -> int:
        """Ends all batches that have not ended, as time does; how many that were."""
        return self._server.run(lambda: self._batches.end_all(self._now()))

    def __enter__(self) -> FakeMessagesAPI:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._problems.clear()  # a test's own failure says more
        self.stop()

    # What follows runs on the server's loop.

    async def _respond(self, request: Request) -> Response:
        route, name = _route(request.method, request.path)
        number = self.ledger.open(
            time=self._now(),
            route=route,
            sdk_retry=int(request.headers.get("x-stainless-retry-count", "0")),
        )
        self.ledger.update(number, request_id=self._name(number))
        try:
            response = await self._answered(number, route, name, request)
        except RefusedError as refused:
            response = self._error(number, refused)
        except Exception as problem:
            self._problems.append(problem)
            response = self._error(number, RefusedError(500, "the fake could not answer"))
        except BaseException:
            self.ledger.close(number)
            raise

        def ended(is_whole: bool) -> None:
            response.ended(is_whole)
            self.ledger.close(number)

        return replace(response, ended=ended)

    async def _answered(self, number: int, route: str, name: str, request: Request) -> Response:
        self._check_key(request)
        if not route:
            raise RefusedError(404, "Not found")
        if request.is_too_large or len(request.body) > _LARGEST.get(route, _LARGEST_OF_ALL):
            raise RefusedError(413, "Request exceeds the maximum size")
        fault = self._fault(route, request)
        if fault is not None and fault.code >= 400:
            await self._pause(fault.seconds, request)
            return self._failed(number, fault)
        body = _body(request) if request.method == "POST" and not name else {}
        if route == "messages":
            return await self._message(number, body, fault, request)
        result = self._others(number, route, name, body, request)
        if fault is None:
            fault = Fault(outcome="answered")
        await self._pause(fault.seconds, request)
        if route == "batches.results":
            return await self._lines(number, name, fault, request)
        return await self._delivered(number, fault, json.dumps(result).encode(), request)

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("x-api-key")
        if given is None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.key:
            raise RefusedError(401, "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise RefusedError(400, "anthropic-version: header is required")

    def _call(self, route: str, request: Request) -> Call:
        number = self._numbers.get(route, 0)
        self._numbers[route] = number + 1
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            body = {}
        return Call(route, number, body if isinstance(body, dict) else {}, self._now())

    def _fault(self, route: str, request: Request) -> Fault | None:
        call = self._call(route, request)
        fault = self._scripted(call)
        if route == "messages":
            latency = self._latency(call) if callable(self._latency) else self._latency
            if latency:
                fault = fault or Fault(outcome="answered")
                return replace(fault, seconds=fault.seconds + latency)
        return fault

    def _scripted(self, call: Call) -> Fault | None:
        if callable(self._script):
            return self._script(call)
        if isinstance(self._script, Mapping):
            faults = self._script.get(call.route, ())
        else:
            faults = self._script if call.route == "messages" else ()
        return faults[call.number] if call.number < len(faults) else None

    async def _message(
        self, number: int, body: dict[str, Any], fault: Fault | None, request: Request
    ) -> Response:
        self.ledger.update(number, model=str(body.get("model", "")))
        check_message(body, self._models)
        read = self._cache.read(body["model"], parts_of(body), self._now())
        if wait := self._buckets.admit(read.tokens.limited, self._now()):
            raise RefusedError(
                429,
                "Number of requests or tokens has exceeded your rate limit",
                {"retry-after": str(wait)},
            )
        fault = fault or Fault(outcome="answered")
        await self._pause(fault.seconds, request)
        said = answer_of(body, self._answer, fault, self._count)
        tokens = replace(read.tokens, output=said.output_tokens or 0)
        if fault.is_billed:
            self._buckets.spend(tokens.output, self._now())
            self._cache.write(read, self._now())
            self.ledger.update(number, usage=tokens)
        message = message_of(
            said, tokens, model=body["model"], name=f"msg_fake{number:08}", tier="standard"
        )
        return await self._delivered(number, fault, json.dumps(message).encode(), request)

    async def _delivered(
        self, number: int, fault: Fault, body: bytes, request: Request
    ) -> Response:
        """A good answer, as far as it comes."""
        if not await self._arrives(number, fault, request):
            return Response(0)
        is_readable = not fault.page and fault.change_body is None and fault.delivery == "whole"
        self.ledger.update(number, outcome=fault.outcome, status=200, is_heard=is_readable)
        if fault.page:
            body = fault.page.encode()
        elif fault.change_body is not None:
            body = fault.change_body(body)

        def ended(is_whole: bool) -> None:
            if is_readable and not is_whole:
                self.ledger.update(number, is_heard=False, outcome="gone")

        async def between() -> None:
            if fault.delivery == "stalled":
                await asyncio.wait({request.gone})
            await self._pause(fault.pause, request)

        return Response(
            200,
            body,
            self._headers(number, "text/html" if fault.page else "application/json"),
            sent=int(len(body) * fault.part) if fault.delivery == "cut" else None,
            pieces=fault.pieces,
            between=between,
            ended=ended,
        )

    async def _lines(self, number: int, name: str, fault: Fault, request: Request) -> Response:
        """The results of a batch; what is sent of them is heard line by line."""
        lines = self._batches.results(name)
        body = b"".join(line for line, _ in lines)
        if fault.change_body is not None or fault.page or fault.pieces > 1:
            raise ValueError("the results of a batch can be late, cut or dropped, and nothing else")
        if not await self._arrives(number, fault, request):
            return Response(0)
        sent = int(len(body) * fault.part) if fault.delivery == "cut" else None
        ends = accumulate(len(line) for line, _ in lines)
        there = [
            entry
            for end, (_, entry) in zip(ends, lines, strict=True)
            if sent is None or end <= sent
        ]
        entries = self.ledger.entries
        news = [entry for entry in there if not entries[entry].is_heard]
        self._hear(news, True)
        self.ledger.update(number, outcome=fault.outcome, status=200, is_heard=sent is None)

        def ended(is_whole: bool) -> None:
            if sent is None and not is_whole:
                self._hear(news, False)
                self.ledger.update(number, is_heard=False, outcome="gone")

        headers = self._headers(number, "application/binary")
        return Response(200, body, headers, sent=sent, ended=ended)

    def _hear(self, entries: Sequence[int], is_heard: bool) -> None:
        for entry in entries:
            self.ledger.update(entry, is_heard=is_heard)

    async def _arrives(self, number: int, fault: Fault, request: Request) -> bool:
        """Whether anything of an answer is sent, after waiting for the end of what hangs."""
        if fault.delivery == "hung":
            self.ledger.update(number, outcome=fault.outcome)
            await asyncio.wait({request.gone})
        elif fault.delivery == "dropped":
            self.ledger.update(number, outcome=fault.outcome)
        elif request.gone.done():
            self.ledger.update(number, outcome="gone")
        else:
            return True
        return False

    def _others(
        self, number: int, route: str, name: str, body: dict[str, Any], request: Request
    ) -> dict[str, Any]:
        now = self._now()
        if route == "count_tokens":
            self.ledger.update(number, model=str(body.get("model", "")))
            check_message(body, self._models, has_answer=False)
            return {"input_tokens": sum(self._count(part.text) for part in parts_of(body))}
        if route == "batches.create":
            check_batch(body)
            batch = self._batches.create(body["requests"], now)
            self.ledger.update(number, batch=batch.name)
            return shown(batch, self.url)
        if route == "batches.list":
            page = self._batches.page(request.query, now)
            return {**page, "data": [shown(batch, self.url) for batch in page["data"]]}
        if route == "models":
            return self._models_page()
        self.ledger.update(number, batch=name)
        if route == "batches.retrieve":
            return shown(self._batches.poll(name, now), self.url)
        if route == "batches.cancel":
            return shown(self._batches.cancel(name, now), self.url)
        if route == "batches.delete":
            self._batches.delete(name)
            return {"id": name, "type": "message_batch_deleted"}
        return {}  # the results, which are lines

    def _models_page(self) -> dict[str, Any]:
        known = [
            {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": "2026-01-01T00:00:00Z",
            }
            for name in self._models or ()
        ]
        first, last = (known[0]["id"], known[-1]["id"]) if known else (None, None)
        return {"data": known, "has_more": False, "first_id": first, "last_id": last}

    def _item(self, batch: Batch, request: Mapping[str, Any], fate: Fate) -> Outcome:
        """What became of a request of a batch; it is in the ledger."""
        params = request["params"]
        tokens = Tokens()
        result: dict[str, Any] = {"type": fate}
        if fate == "succeeded":
            try:
                check_message(params, self._models)
            except RefusedError as refused:
                result = _errored(refused.kind, str(refused))
            else:
                now = self._now()
                read = self._cache.read(params["model"], parts_of(params), now)
                said = self._said_in_batch(params)
                tokens = replace(read.tokens, output=said.output_tokens or 0)
                self._cache.write(read, now)
                name = f"msg_{batch.name}_{request['custom_id']}"
                model = params["model"]
                message = message_of(said, tokens, model=model, name=name, tier="batch")
                result = {"type": "succeeded", "message": message}
        elif fate == "overloaded":
            result = _errored("overloaded_error", "Overloaded")
        elif fate == "invalid":
            result = _errored("invalid_request_error", "the request is not valid")
        outcome = result["type"]
        entry = self.ledger.add(
            time=batch.ended or 0.0,
            route="batch item",
            model=str(params.get("model", "")),
            outcome=outcome,
            usage=tokens,
            is_batch=True,
            custom_id=request["custom_id"],
            batch=batch.name,
        )
        return outcome, result, entry

    def _said_in_batch(self, params: dict[str, Any]) -> Answer:
        return answer_of(params, self._answer, None, self._count)

    def _failed(self, number: int, fault: Fault) -> Response:
        """An error by script."""
        headers = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
        self.ledger.update(number, outcome=fault.outcome, status=fault.code, is_heard=True)
        if fault.page:
            return Response(
                fault.code, fault.page.encode(), {"content-type": "text/html", **headers}
            )
        return self._error_response(number, fault.code, "by the script", headers)

    def _error(self, number: int, refused: RefusedError) -> Response:
        self.ledger.update(number, outcome=refused.kind, status=refused.status, is_heard=True)
        return self._error_response(number, refused.status, str(refused), refused.headers)

    def _error_response(
        self, number: int, status: int, message: str, headers: Mapping[str, str]
    ) -> Response:
        body = {
            "type": "error",
            "error": {"type": ERRORS.get(status, "api_error"), "message": message},
            "request_id": self._name(number),
        }
        known = self._headers(number, "application/json")
        return Response(status, json.dumps(body).encode(), {**known, **headers})

    def _headers(self, number: int, kind: str) -> dict[str, str]:
        limits = dict(self._buckets.headers(self._now()))
        return {"content-type": kind, "request-id": self._name(number), **limits}

    def _name(self, number: int) -> str:
        return f"req_fake{number:08}"

    async def _pause(self, seconds: float, request: Request) -> None:
        """Waits by the clock, unless the client goes away first."""
        if seconds <= 0:
            return
        if not isinstance(self._clock, FakeClock):
            await asyncio.wait({request.gone}, timeout=seconds)
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._now() + seconds, reached))
        self._wake()
        await asyncio.wait({request.gone, reached}, return_when=asyncio.FIRST_COMPLETED)

    def _wake(self) -> None:
        """The clock has moved."""
        now = self._now()
        for until, reached in self._waiting:
            if until <= now and not reached.done():
                reached.set_result(None)
        self._waiting = [(u, reached) for u, reached in self._waiting if not reached.done()]


def _route(method: str, path: str) -> tuple[str, str]:
    """The route, and the batch that is named; nothing if there is no such route."""
    steps = path.strip("/").split("/")
    if (method, steps) == ("GET", ["v1", "models"]):
        return "models", ""
    if steps[:2] != ["v1", "messages"]:
        return "", ""
    rest = steps[2:]
    if rest[:1] != ["batches"]:
        return {("POST",): "messages", ("POST", "count_tokens"): "count_tokens"}.get(
            (method, *rest), ""
        ), ""
    name = rest[1] if len(rest) > 1 else ""
    routes = {
        ("POST", 1, ""): "batches.create",
        ("GET", 1, ""): "batches.list",
        ("GET", 2, ""): "batches.retrieve",
        ("DELETE", 2, ""): "batches.delete",
        ("POST", 3, "cancel"): "batches.cancel",
        ("GET", 3, "results"): "batches.results",
    }
    return routes.get((method, len(rest), rest[2] if len(rest) > 2 else ""), ""), name


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise RefusedError(400, "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "The request body must be an object")
    return body


def _errored(kind: str, message: str) -> dict[str, Any]:
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}
    return {"type": "errored", "error": error}
