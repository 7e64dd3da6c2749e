"""`SemanticClient`: what rules leave open, put to a language model, for threads and for asyncio.

    questions ─▶ redaction, evidence ─▶ known? ─▶ groups ─▶ calls ─▶ verdicts

It answers every question in time and raises nothing: what it could not find out is NEEDS_REVIEW,
and the message says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from math import inf
from types import TracebackType
from typing import Final

from gatecore.errors import SemanticError, SemanticGateError
from gatecore.loggers import logger
from gatecore.protocols import Cache, CallObserver, Judgement, Open, SemanticStore
from gatecore.semantic.accounts import Accounts
from gatecore.semantic.answer_cache import AnswerCache
from gatecore.semantic.asking import Asker, Group, groups_of
from gatecore.semantic.budgets import Budgets
from gatecore.semantic.bulk import BulkProgress
from gatecore.semantic.bulk_asking import BulkAsked, BulkAsker
from gatecore.semantic.estimates import Estimates
from gatecore.semantic.gates import SemanticGate, check_gates
from gatecore.semantic.keyed import KeyedCallers
from gatecore.semantic.loop import BackgroundLoop
from gatecore.semantic.options import SemanticOptions
from gatecore.semantic.prefixes import prompt_tokens
from gatecore.semantic.preparing import NEEDS_REVIEW, Prepared, Preparer
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import (
    BatchProvider,
    KeyedProvider,
    Provider,
    ProviderError,
    Reply,
)
from gatecore.semantic.redaction import Redactor, unredacted
from gatecore.semantic.retries import Caller, failure_in_words
from gatecore.semantic.usage import Usage
from gatecore.semantic.writing import PROMPT_VERSION, Writer

__all__ = ["Completion", "Estimate", "SemanticClient"]

_log = logger("semantic")
#: What a caller waits beyond its deadline for a loop that is about to answer.
_GRACE: Final = 0.05
#: Seconds between two looks into the store at what others spent, more if looking takes long.
_RECALLED_EVERY: Final = 30.0
_RECALL_SHARE: Final = 50
#: What nothing personal goes across.
_BETWEEN: Final = "\n\n\x1e\n\n"
#: What a caller waits at most: the system's clocks know nothing longer than some 292 years.
_LONGEST: Final = 604_800.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking would take, before it is done.

    Attributes:
        calls: Calls, if nothing goes wrong.
        questions: Questions that have to be asked.
        known: Questions whose answers are there already.
        usage: Tokens: input as if nothing was in the service's cache yet, output at most.
        money: What they cost.
        is_counted: Whether the service counted the input; else four characters are a token.

    Estimates of several documents are added up.

    >>> one = Estimate(2, 20, 0, Usage(fresh=900), Decimal("0.01"))
    >>> (one + one).calls
    4
    """

    calls: int
    questions: int
    known: int
    usage: Usage
    money: Decimal
    is_counted: bool = False

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.calls + other.calls,
            self.questions + other.questions,
            self.known + other.known,
            self.usage + other.usage,
            self.money + other.money,
            self.is_counted and other.is_counted,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's free answer to a prompt.

    Attributes:
        text: The answer.
        stop: Why it ended.
        usage: The tokens.
        model: The model.

    >>> Completion("Yes.", "end_turn", Usage(fresh=7, output=1), "a-model").text
    'Yes.'
    """

    text: str
    stop: str
    usage: Usage
    model: str


@dataclass(slots=True, eq=False)
class _OfLoop:
    """What belongs to one event loop."""

    asker: Asker
    caller: Caller
    keyed: KeyedCallers | None = None


class SemanticClient:
    r"""Asks a language model what rules leave open. Threads and event loops may share it.

    Args:
        gates: The questions it knows.
        options: Model, prices, limits, budgets.
        provider: The service; `AnthropicProvider()`, with the key from the environment, if None.
        cache: Where answers are kept besides the client's own memory, such as a `RedisCache`.
        store: Where answers, calls and batches are kept between processes:
            `gatecore.audit.AuditStore.semantic`.
        redactor: What takes personal data out; `Redactor()` if None. `SemanticOptions.redact` says
            whether it is used at all.
        observer: Hears of each call, such as `gatecore.metrics.Tracing`.

    Raises:
        SemanticGateError: A gate is not one, two have one name, `options` or `store` is something
            else, or the service no longer has the model.
        ImportError: `anthropic` is missing: `pip install "gatecore-re[semantic]"`.

    Making one takes about two seconds: the SDK is imported, and the patterns for personal data are
    compiled. A validation costs a call for 16 open questions, once for each document. Nothing is
    sent without redaction unless the options say so, and no text of a document is in logs, spans,
    stores or, unless `keep_reasons`, in caches outside of the process.

    >>> from gatecore.semantic import AnthropicProvider, Choice, Model, Prices, stand_in
    >>> from gatecore.testing import FakeMessagesAPI
    >>> choices = Choice("PASS", "Yes.", "none", "Fair."), Choice("FAIL", "No.", "high", "Unfair.")
    >>> gate = SemanticGate("house/tone", "Is the tone fair?", choices)
    >>> prices = Prices(input=Decimal(1), output=Decimal(5))
    >>> options = SemanticOptions(model=Model(name="a-model", prices=prices))
    >>> answers = []
    >>> with FakeMessagesAPI(answer=lambda body: answers[0](body)) as api:
    ...     provider = AnthropicProvider(api.key, api.url)
    ...     with SemanticClient([gate], options, provider=provider) as client:
    ...         answers.append(stand_in(client.writer, {"house/tone": "FAIL"}))
    ...         client.judge("Pay now.", [Open("house/tone", "WARNING")])["house/tone"].message
    'Unfair.'
    """

    def __init__(
        self,
        gates: Iterable[SemanticGate],
        options: SemanticOptions,
        *,
        provider: Provider | None = None,
        cache: Cache | None = None,
        store: SemanticStore | None = None,
        redactor: Redactor | None = None,
        observer: CallObserver | None = None,
    ) -> None:
        if not isinstance(options, SemanticOptions):
            raise SemanticGateError(
                f"options is {type(options).__name__}: expected SemanticOptions(…); load_options "
                "reads a file"
            )
        if store is not None and not callable(getattr(store, "record_call", None)):
            raise SemanticGateError(
                f"store is {type(store).__name__}, which keeps no calls; an AuditStore's is its "
                "attribute semantic"
            )
        self._listed = check_gates(gates)
        self._gates = {gate.gate: gate for gate in self._listed}
        self.options: Final = options
        if provider is None:
            from gatecore.semantic.anthropic_provider import AnthropicProvider

            provider = AnthropicProvider()
        self.provider: Final = provider
        self._refuse_old(provider, options.model.name)
        self.accounts: Final = Accounts(store)
        self._budgets = Budgets(options.budget, self.accounts)
        self._estimates = Estimates()
        self._store = store
        self._recalls_at = -inf
        self._recall()
        self._answers = AnswerCache(cache, store, keep_reasons=options.keep_reasons)
        self._redactor = (redactor or Redactor()) if options.redact else None
        if self._redactor is not None:
            self._redactor.redact("")  # its patterns are compiled now, not within a deadline
        self._writer = Writer.of(self._listed, options)
        self._preparer = Preparer(self._writer, options, self._redactor, self._answers)
        self._loop = BackgroundLoop()
        self._observer = observer
        self._made: dict[asyncio.AbstractEventLoop, _OfLoop] = {}
        self.version: Final = self._version()

    def _refuse_old(self, provider: Provider, model: str) -> None:
        ends = provider.deprecated(model)
        if not ends:
            return
        _log.warning("the model %s ends on %s: name another one in the options", model, ends)
        if ends[:10] <= time.strftime("%Y-%m-%d", time.gmtime()):
            raise SemanticGateError(
                f"the model {model} ended on {ends}; name another one in SemanticOptions.model"
            )

    def _version(self) -> str:
        parts = (
            PROMPT_VERSION,
            self.options.model.name,
            self.options.effort,
            repr(self._redactor),
            *(gate.content for gate in sorted(self._listed, key=lambda gate: gate.gate)),
        )
        return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def gates(self) -> Collection[str]:
        """The names of its gates, as `module/gate`."""
        return self._gates.keys()

    @property
    def writer(self) -> Writer:
        """What writes its prompts."""
        return self._writer

    def is_open(self, gate: str, status: str) -> bool:
        """Whether the gate's rules leave its question open if they say this."""
        known = self._gates.get(gate)
        return known is not None and known.is_open(status)

    def judge(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        """The judgements by gate, in `seconds` at most; `SemanticOptions.deadline_seconds` if None.

        Blocks the calling thread. What has no answer by then is NEEDS_REVIEW; an answer that comes
        later is kept, so that the next one who asks has it.
        """
        try:
            if self._loop.is_here:
                raise SemanticError("the client's own event loop cannot wait for itself")
            until = time.monotonic() + self._seconds(seconds)
            prepared = self._counted(self.prepare(text, questions, until=until))
            if not prepared.open:
                return self._judgements(prepared)
            asked = self._begin(prepared, until)
            try:
                # Unlike `result`, it raises nothing if the client is closed meanwhile.
                wait({asked}, timeout=max(0.0, until - time.monotonic()) + _GRACE)
            except BaseException:
                prepared.is_left = True
                raise
            return self._judgements(prepared, asked)
        except Exception as error:
            return self._failed(questions, error)

    async def judge_async(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        """Likewise without holding the event loop up; a cancelled task asks nothing further."""
        try:
            until = time.monotonic() + self._seconds(seconds)
            preparing = asyncio.ensure_future(
                asyncio.to_thread(self.prepare, text, questions, until=until)
            )
            try:
                await asyncio.wait({preparing}, timeout=max(0.0, until - time.monotonic()) + _GRACE)
            finally:
                preparing.cancel()  # where it is not done: its thread goes on, for nobody
            if not preparing.done() or preparing.cancelled():
                raise SemanticError("the deadline was over before the document was prepared")
            prepared = self._counted(preparing.result())
            if not prepared.open:
                return self._judgements(prepared)
            asked = self._begin(prepared, until)
            try:
                await asyncio.wait(
                    {asyncio.wrap_future(asked)},
                    timeout=max(0.0, until - time.monotonic()) + _GRACE,
                )
            except asyncio.CancelledError:  # the caller's: the client's own ends the wait only
                prepared.is_left = True
                raise
            return self._judgements(prepared, asked)
        except Exception as error:
            return self._failed(questions, error)

    def prepare(
        self, text: str, questions: Sequence[Open], *, until: float | None = None
    ) -> Prepared:
        """A document with its questions, redacted, those answered that are known.

        After `until`, by `time.monotonic`, no further cache is asked what it knows.
        """
        self._recall()
        return self._preparer.prepare(text, questions, until=until)

    def _recall(self) -> None:
        """Looks now and then what others spent today, of whom a store tells."""
        store, began = self._store, time.monotonic()
        if store is None or not self._budgets.has_day or began < self._recalls_at:
            return
        self._recalls_at = began + 600.0  # one thread at a time
        try:
            self._budgets.recall(store.calls(self._budgets.day_began()))
        except Exception as error:  # whatever a host's own store raises
            _log.warning("what others spent is not known: %s", type(error).__name__)
        now = time.monotonic()
        self._recalls_at = now + max(_RECALLED_EVERY, _RECALL_SHARE * (now - began))

    def groups(self, prepared: Prepared) -> list[Group]:
        """The calls that its open questions come to."""
        return groups_of(self._writer, prepared, prepared.open)

    def estimate(self, text: str, questions: Sequence[Open], *, counts: bool = False) -> Estimate:
        """What asking would take.

        Args:
            text: The document.
            questions: What its rules leave open.
            counts: Whether the service counts the tokens: a request for each call, which is free
                but sends the redacted document.

        Raises:
            SemanticError: The service did not count.
        """
        prepared = self.prepare(text, questions)
        groups = self.groups(prepared)
        usage, is_counted = Usage(), counts and bool(groups)
        for group in groups:
            tokens = None
            if counts:
                try:
                    tokens = self._loop.start(self.provider.count_tokens(group.prompt)).result()
                except ProviderError as error:
                    raise SemanticError(f"nothing was counted: {failure_in_words(error)}") from None
            if tokens is None:
                tokens, is_counted = prompt_tokens(group.prompt), False
            usage += Usage(fresh=tokens, output=group.prompt.max_tokens)
        return Estimate(
            len(groups),
            len(prepared.open),
            sum(part.answer is not None for part in prepared.parts.values()),
            usage,
            self.options.model.prices.of(usage),
            is_counted,
        )

    def ask_in_bulk(
        self,
        documents: Iterable[tuple[str, Sequence[Open]]],
        *,
        pause: float = 60.0,
        progress: Callable[[BulkProgress], object] | None = None,
    ) -> BulkAsked:
        """Has open questions of many documents answered by message batches, at half the price.

        Afterwards their answers are known: validating the documents asks nothing. Takes up to a
        day. What ends it does no harm: given the same documents again it goes on where it was, and
        nothing is paid twice. What has no good answer is asked when its document is validated.
        What budgets do not allow is not sent; that a request is sent again is not in them.

        Args:
            documents: Texts with what their rules leave open, as
                `ComplianceEngine.open_questions` says.
            pause: Seconds between two looks at the service.
            progress: Is told now and then how many requests are where, on the client's thread.

        Raises:
            SemanticGateError: The client has no store, or the service no batches.
            ProviderError: The service will not do it at another time either.

        Costs a document's preparation, some milliseconds, once and twice more for each of its
        requests, and keeps the texts in memory.
        """
        asker, provider = self._bulk()
        listed = list(documents)  # a generator's work is the caller's thread's, not the loop's
        work = asker.ask(provider, listed, pause=pause, progress=progress)
        return self._loop.start(work).result()

    async def ask_in_bulk_async(
        self,
        documents: Iterable[tuple[str, Sequence[Open]]],
        *,
        pause: float = 60.0,
        progress: Callable[[BulkProgress], object] | None = None,
    ) -> BulkAsked:
        """Likewise without holding the event loop up."""
        asker, provider = self._bulk()
        listed = await asyncio.to_thread(list, documents)
        work = asker.ask(provider, listed, pause=pause, progress=progress)
        return await asyncio.wrap_future(self._loop.start(work))

    def _bulk(self) -> tuple[BulkAsker, BatchProvider]:
        provider = self.provider
        if self._store is None:
            raise SemanticGateError("batches need a store, so that they can go on: give store=…")
        if not isinstance(provider, BatchProvider):
            raise SemanticGateError(f"{type(provider).__name__} has no message batches")
        asker = BulkAsker(
            self._writer,
            self._preparer,
            self._answers,
            self.accounts,
            self._store,
            self._budgets,
            self._estimates,
        )
        return asker, provider

    def forget(self, text: str) -> None:
        """Forgets all answers about a document, in this process and in the cache.

        Those in an audit store are erased by `AuditStore.erase`; what other processes have in
        memory ends with them. A call that is under way keeps its answer.
        """
        self._answers.forget(sha256(text.encode("utf-8", "surrogatepass")).digest())

    def complete(
        self,
        prompt: str,
        *,
        system: str = "",
        max_tokens: int = 1_024,
        seconds: float | None = None,
        api_key: str | None = None,
    ) -> Completion:
        """A model's free answer, within the client's limits, budgets and retries.

        Personal data in both is taken out, and put back into the answer.

        Args:
            prompt: The prompt.
            system: What stands before it.
            max_tokens: Output tokens at most.
            seconds: The time for it; `SemanticOptions.deadline_seconds` if None.
            api_key: Somebody else's key, who pays. The options hold for each key by itself, so
                nobody uses up the client's limits and budgets with a key of his own.

        Raises:
            SemanticError: There is none; the message says why.
        """
        if self._loop.is_here:
            raise SemanticError("the client's own event loop cannot wait for itself")
        until = time.monotonic() + self._seconds(seconds)
        # As one text, so that somebody has one placeholder in both.
        whole = f"{system}{_BETWEEN}{prompt}"
        redacted = unredacted(whole) if self._redactor is None else self._redactor.redact(whole)
        (_, first), (second, _) = (
            redacted.from_original(0, len(system)),
            redacted.from_original(len(system) + len(_BETWEEN), len(whole)),
        )
        sent = Prompt(
            model=self.options.model.name,
            system=(Block(redacted.text[:first]),) if system else (),
            content=(Block(redacted.text[second:]),),
            max_tokens=max_tokens,
        )
        asked = self._loop.start(self._complete(sent, until, api_key))
        try:
            reply = asked.result(timeout=max(0.0, until - time.monotonic()) + _GRACE)
        except (FutureTimeoutError, TimeoutError):
            raise SemanticError("the deadline was over before there was an answer") from None
        return Completion(redacted.restore(reply.text), reply.stop, reply.usage, reply.model)

    async def _complete(self, prompt: Prompt, until: float, api_key: str | None) -> Reply:
        loop = asyncio.get_running_loop()
        until_there = loop.time() + until - time.monotonic()
        if api_key is not None:
            keyed = self._keyed(api_key)
            if keyed is not None:
                return await keyed.call(api_key, prompt, until_there)
        return await self._parts().caller.call(
            prompt, until=until_there, spending=self._budgets.spending(), purpose="completion"
        )

    def _keyed(self, api_key: str) -> KeyedCallers | None:
        """What makes calls with a key; None if it is the client's own."""
        provider = self.provider
        if not isinstance(provider, KeyedProvider):
            raise SemanticError(f"a {type(provider).__name__} cannot be asked with another key")
        if api_key and provider.for_key(api_key) is provider:
            return None
        made = self._parts()
        if made.keyed is None:
            made.keyed = KeyedCallers(
                provider, self.options, self.accounts, self._estimates, self._observer
            )
        return made.keyed

    def _begin(self, prepared: Prepared, until: float) -> Future[None]:
        return self._loop.start(self._ask(prepared, until))

    async def _ask(self, prepared: Prepared, until: float) -> None:
        loop = asyncio.get_running_loop()
        asker = self._parts().asker
        # The loop's clock need not be `time.monotonic`.
        until_there = loop.time() + until - time.monotonic()
        await asker.ask(prepared, until_there, self._budgets.spending())

    def _parts(self) -> _OfLoop:
        """What belongs to the loop that runs now: another one after a fork or a close.

        One that is about to end may begin its last work when there is another one already.
        """
        loop = asyncio.get_running_loop()
        made = self._made.get(loop)
        if made is None:
            caller = Caller(
                self.provider,
                self.options,
                self.accounts,
                estimates=self._estimates,
                observer=self._observer,
            )
            asker = Asker(self._writer, caller, self._answers, self.accounts)
            for ended in [one for one in self._made if one.is_closed()]:
                self._made.pop(ended, None)
            made = self._made[loop] = _OfLoop(asker, caller)
        return made

    def _seconds(self, seconds: float | None) -> float:
        wanted = self.options.deadline_seconds if seconds is None else seconds
        return min(wanted, _LONGEST) if wanted > 0 else 0.0  # what is not a number is none

    def _counted(self, prepared: Prepared) -> Prepared:
        known = sum(part.answer is not None for part in prepared.parts.values())
        self.accounts.count("cached_answers", known)
        return prepared

    def _judgements(
        self, prepared: Prepared, asked: Future[None] | None = None
    ) -> Mapping[str, Judgement]:
        if asked is not None and asked.done():
            if asked.cancelled():
                for part in prepared.open:
                    part.problem = "the client was closed before there was an answer"
            elif (error := asked.exception()) is not None:
                raise error
        judged = prepared.judgements()
        self.accounts.count("questions", len(judged))
        left = sum(one.status == NEEDS_REVIEW for one in judged.values())
        if left:
            self.accounts.count("needs_review", left)
        return judged

    def _failed(self, questions: Sequence[Open], error: Exception) -> Mapping[str, Judgement]:
        """What a mistake of ours, or of a host's parts, comes to."""
        why = str(error) if isinstance(error, SemanticError) else type(error).__name__
        _log.warning("questions were not asked: %s", type(error).__name__)
        self.accounts.count("questions", len(questions))
        self.accounts.count("needs_review", len(questions))
        return {
            question.gate: Judgement(NEEDS_REVIEW, "", f"they could not be asked: {why}")
            for question in questions
        }

    def measurements(self) -> Mapping[str, float]:
        """Numbers by name, for `gatecore.metrics.Metrics`.

        What `Accounts` count, and how calls are doing now: `calls_waiting`, `calls_under_way`,
        `is_left_alone`. `billed_input_tokens_total` are fresh tokens that would cost as much as
        the input did.
        """
        counted = self.accounts.measurements()
        billed = self.options.model.prices.equivalent(self.accounts.total.usage)
        made = list(self._made.values())  # as it may change meanwhile
        now = made[-1].caller.measurements() if made else Caller.IDLE
        return {**counted, "billed_input_tokens_total": float(billed), **now}

    def problems(self) -> Sequence[tuple[str, bool]]:
        """What is wrong now, and whether no document should come; for `gatecore.metrics.Health`."""
        if self.measurements()["is_left_alone"]:
            return [("the model's service fails and is left alone; questions need review", False)]
        return []

    def close(self) -> None:
        """Ends its thread and connections; what is going on has some seconds to be done.

        Whoever asks afterwards begins them again, until it is closed again.
        """
        self._loop.close(self._close)

    async def _close(self) -> None:
        made = self._made.get(asyncio.get_running_loop())
        if made is not None and made.keyed is not None:
            await made.keyed.aclose()
        await self.provider.aclose()

    async def aclose(self) -> None:
        """Likewise without holding the event loop up."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> SemanticClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> SemanticClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<gatecore.SemanticClient of {len(self._gates)} gates, {self.options.model.name}>"
