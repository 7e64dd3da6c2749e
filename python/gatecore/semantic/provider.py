"""What a service has to have so that the client can use it, and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from gatecore.errors import SemanticError
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.usage import Usage

__all__ = [
    "BatchItem",
    "BatchProvider",
    "BatchState",
    "Failure",
    "KeyedProvider",
    "Provider",
    "ProviderError",
    "Rate",
    "Rates",
    "Reply",
]

#: Why a call has no reply. The first five may go better next time.
Failure: TypeAlias = Literal[
    "rate limit", "overloaded", "server", "timeout", "connection",
    "credentials", "request", "not found", "too large", "malformed",
]  # fmt: skip
_TRANSIENT = frozenset({"rate limit", "overloaded", "server", "timeout", "connection"})


class ProviderError(SemanticError):
    """A call that has no reply.

    Its text holds no part of the prompt and none of an answer: type, status and request id only.

    Attributes:
        failure: Why.
        retry_after: The seconds after which the service wants to be asked again, if it said so.
        rates: What the service said of its limits, if it did.
        may_be_billed: Whether the service may have done the work all the same, as nobody heard.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: Failure,
        retry_after: float | None = None,
        rates: Rates | None = None,
        may_be_billed: bool = False,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.retry_after = retry_after
        self.rates = rates
        self.may_be_billed = may_be_billed

    @property
    def is_transient(self) -> bool:
        """Whether to ask again makes sense.

        >>> ProviderError("HTTP 429", failure="rate limit").is_transient
        True
        """
        return self.failure in _TRANSIENT


@dataclass(frozen=True, slots=True)
class Rate:
    """One limit as the service sees it after a call.

    Attributes:
        limit: What may be used in a minute.
        remaining: What is left of it now.
        resets_in: Seconds until all of it is there again.

    >>> Rate(50, 49, resets_in=1.2).remaining
    49
    """

    limit: int
    remaining: int
    resets_in: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits that the service told with an answer; None where it said nothing.

    >>> Rates(requests=Rate(50, 49)).input_tokens is None
    True
    """

    requests: Rate | None = None
    input_tokens: Rate | None = None
    output_tokens: Rate | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        text: The answer.
        stop: Why it ended: "end_turn", "max_tokens", "refusal" or another word of the service.
            Verdicts are taken only if it ended by "end_turn" or "stop_sequence", or was cut off
            ("max_tokens") and is whole all the same.
        usage: The tokens.
        model: The model that answered.
        rates: The limits as they are now.
        request_id: The service's name for the call.

    >>> Reply("Yes.", "end_turn", Usage(fresh=7, output=1)).stop
    'end_turn'
    """

    text: str = field(repr=False)
    stop: str
    usage: Usage
    model: str = ""
    rates: Rates = Rates()
    request_id: str = ""


@runtime_checkable
class Provider(Protocol):
    """A service with a language model. All calls are made on one event loop.

    It never retries by itself: the client does, within budgets and deadlines.

    >>> class Echo:
    ...     async def send(self, prompt, *, timeout):
    ...         return Reply(prompt.content[-1].text, "end_turn", Usage())
    ...     async def count_tokens(self, prompt):
    ...         return None
    ...     def deprecated(self, model):
    ...         return ""
    ...     async def aclose(self):
    ...         pass
    >>> isinstance(Echo(), Provider)
    True
    """

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        """One call, one HTTP request.

        Raises:
            ProviderError: There is no reply.
        """

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """The input tokens of a prompt by the service's own counter; None if it has none."""

    def deprecated(self, model: str) -> str:
        """The date on which the model ends, as the SDK knows it, in ISO 8601; else empty."""

    async def aclose(self) -> None:
        """Closes connections; the loop that they belong to is about to end."""


@runtime_checkable
class KeyedProvider(Provider, Protocol):
    """A service that can be asked with other keys than its own, whose owners pay.

    >>> from gatecore.semantic import AnthropicProvider
    >>> isinstance(AnthropicProvider("a key"), KeyedProvider)
    True
    """

    def for_key(self, api_key: str) -> Provider:
        """The same service with another key; itself if that is its own."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How a batch is doing.

    Attributes:
        batch: Its id at the service.
        is_ended: Whether all its items have ended one way or another.
        counts: How many are processing, succeeded, errored, canceled, expired.

    >>> BatchState("batch_1", is_ended=False, counts={"processing": 2}).is_ended
    False
    """

    batch: str
    is_ended: bool
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one request of a batch.

    Attributes:
        id: The id that it was given.
        outcome: "succeeded", "errored", "canceled" or "expired".
        reply: The reply, of one that succeeded.
        error: What was wrong, without text of the prompt.
        is_transient: Whether an error may go away: asked again.

    >>> BatchItem("0f" * 32, "expired").reply is None
    True
    """

    id: str
    outcome: str
    reply: Reply | None = None
    error: str = ""
    is_transient: bool = True


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A service that takes many requests at once, for less, and answers within a day.

    >>> from gatecore.semantic.anthropic_provider import AnthropicProvider
    >>> isinstance(AnthropicProvider(api_key="a-key"), BatchProvider)
    True
    """

    async def submit(self, prompts: Sequence[tuple[str, Prompt]]) -> BatchState:
        """Begins a batch of prompts, each with its id."""

    async def batch(self, batch: str) -> BatchState:
        """How a batch is doing."""

    def results(self, batch: str) -> AsyncIterator[BatchItem]:
        """What became of each item of a batch that is ended, in any order."""

    async def cancel(self, batch: str) -> BatchState:
        """Asks to stop what is not done."""

    async def batches(self) -> Sequence[BatchState]:
        """The batches of the account, the latest first, a hundred at most."""
