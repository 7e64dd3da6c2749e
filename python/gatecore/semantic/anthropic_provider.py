"""`AnthropicProvider`: the Messages API by its official SDK, which is asked for single requests.

What is kept from the SDK: retries (ours are the only ones), spans (they can hold what was sent),
its log of requests (it does), and its errors (they hold what came back).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gatecore.loggers import foreign_logger
from gatecore.semantic.messages import (
    item_of,
    rates_of,
    reply_of,
    request_name,
    request_of,
    retry_after_of,
    state_of,
)
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import BatchItem, BatchState, Failure, ProviderError, Reply

if TYPE_CHECKING:
    import anthropic

__all__ = ["AnthropicProvider"]

T = TypeVar("T")

_INSTALL: Final = 'anthropic is not installed: pip install "gatecore-re[semantic]"'
_DATE: Final = re.compile(r"([A-Z][a-z]+) (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_CONNECT_SECONDS: Final = 10.0
#: The time for a question about a batch, or about tokens; for sending or reading a batch.
_SECONDS: Final = 60.0
_BATCH_SECONDS: Final = 600.0

_BY_STATUS: Final[Mapping[int, Failure]] = {
    401: "credentials",
    402: "credentials",
    403: "credentials",
    404: "not found",
    408: "timeout",
    413: "too large",
    429: "rate limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
#: Set while the SDK works for us: its log of requests has the text of documents.
_IS_OURS: ContextVar[bool] = ContextVar("gatecore_semantic_call", default=False)


class AnthropicProvider:
    """The Messages API of Anthropic, or of a gateway that speaks it; `gatecore-re[semantic]`.

    The SDK is imported at the first call, which takes over a second.

    Args:
        api_key: The key; by default the environment's, as the SDK finds it.
        base_url: Where the service is; likewise.
        max_connections: Connections at once; calls beyond wait for one.
        clock: Seconds since 1970, by which dates in headers are read.

    Raises:
        ImportError: By calls: the SDK is not installed.

    >>> provider = AnthropicProvider(api_key="no key", base_url="http://127.0.0.1:9")
    >>> from gatecore.semantic.prompts import Block
    >>> prompt = Prompt("a-model", (), (Block("A question."),), max_tokens=10)
    >>> async def ask() -> str:
    ...     try:
    ...         return (await provider.send(prompt, timeout=5)).text
    ...     except ProviderError as error:
    ...         return f"{error.failure}: {error}"
    ...     finally:
    ...         await provider.aclose()
    >>> asyncio.run(ask())
    'connection: ConnectError'
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        max_connections: int = 64,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._max_connections = max_connections
        self._clock = clock
        self._client: anthropic.AsyncAnthropic | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def for_key(self, api_key: str) -> AnthropicProvider:
        """The same service with another key; itself if that is its own.

        >>> provider = AnthropicProvider(api_key="one")
        >>> provider.for_key("one") is provider, provider.for_key("other") is provider
        (True, False)
        """
        own = os.environ.get("ANTHROPIC_API_KEY") if self._api_key is None else self._api_key
        if api_key == own:
            return self
        return AnthropicProvider(
            api_key, self._base_url, max_connections=self._max_connections, clock=self._clock
        )

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        """One call, one HTTP request.

        Raises:
            ProviderError: There is no reply.
        """
        messages = self._sdk().messages.with_raw_response
        response = await self._asked(
            lambda: messages.create(**request_of(prompt), timeout=_timeout(timeout)),
            timeout=timeout,
            is_billed=True,
        )
        headers = response.headers
        rates = rates_of(headers, self._clock())
        try:
            return reply_of(
                json.loads(response.http_response.content), rates, request_name(headers)
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
        # Not in the handler: what was wrong holds the answer, and would go on as the context.
        raise ProviderError(
            _said("an answer that is no message", headers),
            failure="malformed",
            rates=rates,
            may_be_billed=True,
        ) from None

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """The input tokens of a prompt by the service's own counter.

        Raises:
            ProviderError: It did not count.
        """
        request = request_of(prompt)
        del request["max_tokens"]
        messages = self._sdk().messages

        async def count() -> int:
            counted = await messages.count_tokens(**request, timeout=_timeout(_SECONDS))
            return int(counted.input_tokens)

        return await self._asked(count, timeout=_SECONDS)

    def deprecated(self, model: str) -> str:
        """When the model ends, by the SDK's table, as 2026-11-30; empty if it does not say so.

        Imports the SDK.
        """
        _import()
        try:
            from anthropic.resources.messages import DEPRECATED_MODELS
        except ImportError:
            return ""
        return _date(str(DEPRECATED_MODELS.get(model, "")))

    async def aclose(self) -> None:
        """Closes connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    async def submit(self, prompts: Sequence[tuple[str, Prompt]]) -> BatchState:
        """Begins a batch of prompts, each with its id.

        Raises:
            ProviderError: There is none; if `may_be_billed`, there may be one all the same.
        """
        requests: Any = [
            {"custom_id": name, "params": request_of(prompt)} for name, prompt in prompts
        ]
        batches = self._sdk().messages.batches

        async def create() -> BatchState:
            timeout = _timeout(_BATCH_SECONDS)
            return state_of(await batches.create(requests=requests, timeout=timeout))

        return await self._asked(create, timeout=_BATCH_SECONDS, is_billed=True)

    async def batch(self, batch: str) -> BatchState:
        """How a batch is doing.

        Raises:
            ProviderError: The service does not say.
        """
        batches = self._sdk().messages.batches

        async def retrieve() -> BatchState:
            return state_of(await batches.retrieve(batch, timeout=_timeout(_SECONDS)))

        return await self._asked(retrieve, timeout=_SECONDS)

    async def results(self, batch: str) -> AsyncIterator[BatchItem]:
        """What became of each item of a batch that is ended, in any order, read as it comes.

        Raises:
            ProviderError: The service does not say, or broke off: what came until then is true.
        """
        batches = self._sdk().messages.batches
        lines = await self._asked(
            lambda: batches.results(batch, timeout=_timeout(_BATCH_SECONDS)),
            timeout=_BATCH_SECONDS,
        )

        async def following() -> BatchItem:
            return item_of(await lines.__anext__())

        try:
            while True:
                try:
                    item = await self._asked(following, timeout=_BATCH_SECONDS)
                except StopAsyncIteration:
                    return
                yield item
        finally:
            await lines.close()

    async def cancel(self, batch: str) -> BatchState:
        """Asks to stop what is not done.

        Raises:
            ProviderError: The service did not take it.
        """
        batches = self._sdk().messages.batches

        async def cancel() -> BatchState:
            return state_of(await batches.cancel(batch, timeout=_timeout(_SECONDS)))

        return await self._asked(cancel, timeout=_SECONDS)

    async def batches(self) -> Sequence[BatchState]:
        """The batches of the account, the latest first, a hundred at most.

        Raises:
            ProviderError: The service does not say.
        """
        batches = self._sdk().messages.batches

        async def page() -> list[BatchState]:
            found = await batches.list(limit=100, timeout=_timeout(_SECONDS))
            return [state_of(one) for one in found.data]

        return await self._asked(page, timeout=_SECONDS)

    def _sdk(self) -> anthropic.AsyncAnthropic:
        """The SDK's client for the running event loop."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            _import()
            import anthropic
            import httpx2

            _quiet()
            http = anthropic.DefaultAsyncHttpxClient(
                limits=httpx2.Limits(
                    max_connections=self._max_connections,
                    max_keepalive_connections=self._max_connections,
                ),
                follow_redirects=False,  # documents go where the configuration says
            )
            try:
                self._client = anthropic.AsyncAnthropic(
                    api_key=self._api_key,
                    base_url=self._base_url,
                    max_retries=0,
                    open_telemetry=False,
                    http_client=http,
                )
            except Exception as error:
                # It looks for credentials in files, whose text is nobody's business.
                raise ProviderError(type(error).__name__, failure="credentials") from None
            self._loop = loop
        return self._client

    async def _asked(
        self, ask: Callable[[], Awaitable[T]], *, timeout: float, is_billed: bool = False
    ) -> T:
        """What the SDK gives, or our error for it, in no more than the time given."""
        token = _IS_OURS.set(True)
        try:
            return await asyncio.wait_for(_awaited(ask), timeout)
        except StopAsyncIteration:
            raise
        except (asyncio.TimeoutError, TimeoutError):
            said = ProviderError(
                f"no answer in {timeout:g} s", failure="timeout", may_be_billed=is_billed
            )
        except Exception as error:
            said = self._translated(error, is_billed=is_billed)
        finally:
            _IS_OURS.reset(token)
        raise said from None

    def _translated(self, error: Exception, *, is_billed: bool) -> ProviderError:
        import anthropic
        import httpx2

        if isinstance(error, anthropic.APIStatusError):
            return self._refusal(error)
        cause: BaseException = error
        if isinstance(error, anthropic.APIConnectionError) and error.__cause__ is not None:
            cause = error.__cause__
        name = type(cause).__name__
        unsent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
        is_sent = is_billed and not isinstance(cause, unsent)
        if isinstance(cause, httpx2.TimeoutException):
            return ProviderError(name, failure="timeout", may_be_billed=is_sent)
        if isinstance(cause, httpx2.DecodingError):
            return ProviderError(name, failure="malformed", may_be_billed=is_sent)
        if isinstance(cause, httpx2.HTTPError | OSError):
            return ProviderError(name, failure="connection", may_be_billed=is_sent)
        if isinstance(cause, ValueError | LookupError | anthropic.APIResponseValidationError):
            return ProviderError(name, failure="malformed", may_be_billed=is_sent)
        if isinstance(cause, TypeError) and "authentication method" in str(cause):
            return ProviderError("there is no API key", failure="credentials")
        if isinstance(cause, anthropic.CredentialsError):
            return ProviderError(name, failure="credentials")
        return ProviderError(name, failure="malformed", may_be_billed=is_sent)

    def _refusal(self, error: anthropic.APIStatusError) -> ProviderError:
        status, headers = error.status_code, error.response.headers
        failure = _BY_STATUS.get(status)
        if failure is None:
            failure = "server" if status >= 500 else "request"
        kind = error.type if isinstance(error.type, str) and error.type.isidentifier() else ""
        return ProviderError(
            _said(f"HTTP {status} {kind}".strip(), headers),
            failure=failure,
            retry_after=retry_after_of(headers, self._clock()),
            rates=rates_of(headers, self._clock()),
        )


async def _awaited(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


def _import() -> None:
    try:
        import anthropic  # noqa: F401
    except ImportError as error:
        raise ImportError(_INSTALL) from error


def _quiet() -> None:
    """Keeps what we send out of the SDK's log, which is the program's to switch on."""
    log = foreign_logger("anthropic._base_client")
    if _is_harmless not in log.filters:
        log.addFilter(_is_harmless)


def _is_harmless(record: logging.LogRecord) -> bool:
    return not (_IS_OURS.get() and record.levelno <= logging.DEBUG)


def _date(said: str) -> str:
    """A date of the SDK's table, "November 30th, 2026", in ISO 8601; another text as it is."""
    found = _DATE.fullmatch(said)
    if found is None or found[1] not in _MONTHS:
        return said
    return f"{found[3]}-{_MONTHS.index(found[1]) + 1:02}-{int(found[2]):02}"


def _timeout(seconds: float) -> Any:
    import httpx2

    connect = min(seconds, _CONNECT_SECONDS)
    return httpx2.Timeout(connect=connect, read=seconds, write=seconds, pool=seconds)


def _said(what: str, headers: Mapping[str, str]) -> str:
    name = request_name(headers)
    return f"{what}, request {name}" if name else what
