"""Open questions → calls → answers, on the client's event loop.

    one document:  first group alone (it writes what the service keeps) ─▶ the others at once
                   ─▶ what was missing or wrong, once more ─▶ the rest needs review

A call that nobody waits for any more goes on: what it cost is known then, and its answer is kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gatecore.errors import SemanticError
from gatecore.loggers import logger
from gatecore.semantic.answer_cache import AnswerCache, StoredAnswer
from gatecore.semantic.answers import read_answers
from gatecore.semantic.evidence import Evidence
from gatecore.semantic.preparing import Part, Prepared
from gatecore.semantic.writing import Writer

if TYPE_CHECKING:
    from gatecore.semantic.accounts import Accounts, Purpose
    from gatecore.semantic.budgets import Spending
    from gatecore.semantic.prompts import Prompt
    from gatecore.semantic.provider import Reply
    from gatecore.semantic.retries import Caller

__all__ = ["Asker", "Group", "groups_of", "kept_of", "take"]

_log = logger("semantic")
#: How an answer ends that is done.
_ENDS: Final = frozenset({"end_turn", "stop_sequence"})
#: Why an answer that ended otherwise than it should is of no use.
_STOPS: Final = {
    "max_tokens": "the model's answer was cut off",
    "refusal": "the model refused to answer",
    "model_context_window_exceeded": "the document is too long for the model",
}
_OTHER_STOP: Final = "the model did not come to an end"
#: A document may have a line that looks like the head of another question's passages.
_HEAD: Final = re.compile(r"passages(?=\W{1,40}for\W{1,40}Q\d)", re.IGNORECASE)
_BROKEN: Final = "\\g<0>\u200b"
_HOLDS: Final = {"5m": 300.0, "1h": 3_600.0}
_AGAIN: Final = 1
#: Seconds that a call waits for another one to write the rules: a good one takes less, and asking
#: without costs no more than writing them twice.
_PATIENCE: Final = 10.0


class Group:
    """The questions of one call.

    Attributes:
        parts: The questions, in the order in which they are asked.
        prompt: What is sent.
        is_shared: Whether other calls of the document begin with the same evidence.
    """

    __slots__ = ("is_shared", "parts", "prompt")

    def __init__(self, parts: Sequence[Part], prompt: Prompt, *, is_shared: bool) -> None:
        self.parts = list(parts)
        self.prompt = prompt
        self.is_shared = is_shared


def groups_of(
    writer: Writer, prepared: Prepared, parts: Sequence[Part], turn: int = 0
) -> list[Group]:
    """The calls that ask these questions, in as few as may be.

    What may see all of the document is not asked beside what may see passages only.
    """
    by_name = {part.gate.gate: part for part in parts}
    whole = [name for name, part in by_name.items() if part.gate.evidence is None]
    passages = [name for name in by_name if name not in set(whole)]
    digest = prepared.digest.hex()
    groups = []
    listed = writer.groups(whole, digest, turn)
    is_shared = len(listed) > 1
    for names in listed:
        prompt = writer.prompt(names, shown_of(by_name[names[0]].evidence), is_shared=is_shared)
        groups.append(Group([by_name[name] for name in names], prompt, is_shared=is_shared))
    for names in writer.groups(passages, digest, turn):
        shown = _together(writer, [(name, by_name[name].evidence) for name in names])
        prompt = writer.prompt(names, shown, is_shared=False)
        groups.append(Group([by_name[name] for name in names], prompt, is_shared=False))
    return groups


def shown_of(evidence: Evidence) -> str:
    """What a question may see, as a prompt has it."""
    return "\n[…]\n".join(evidence.pieces)


def _together(writer: Writer, evidence: Sequence[tuple[str, Evidence]]) -> str:
    return "\n\n".join(
        f"Passages for {writer.questions[name].id}:\n{_HEAD.sub(_BROKEN, shown_of(one))}"
        for name, one in evidence
    )


def take(writer: Writer, prepared: Prepared, group: Group, reply: Reply) -> None:
    """Puts a reply's answers to their questions; what is wrong with the others is said of them."""
    stop = None if reply.stop in _ENDS else _STOPS.get(reply.stop, _OTHER_STOP)
    if stop is not None and reply.stop != "max_tokens":
        for part in group.parts:
            part.problem = stop
        return
    asked = {
        question.id: (question, part)
        for part in group.parts
        for question in [writer.questions[part.gate.gate]]
    }
    answers = read_answers(reply.text, {name: one for name, (one, _) in asked.items()})
    if answers.unknown:
        _log.info("a reply had %d answers that nobody asked for", answers.unknown)
    for name, (_, part) in asked.items():
        if part.answer is not None:  # asked singly while a batch was under way: the first counts
            continue
        given = answers.given.get(name)
        wrong = answers.wrong.get(name) or stop or "there is no answer"
        if given is not None:
            wrong = prepared.read(part, given)
        if wrong:
            part.problem, part.is_worth_again = stop or wrong, True


def kept_of(group: Group) -> dict[bytes, StoredAnswer]:
    """The answers that are known of a group, by what they are kept under."""
    return {part.key: part.answer for part in group.parts if part.answer is not None}


class Asker:
    """Asks for one client; all of it runs on the client's loop."""

    def __init__(
        self, writer: Writer, caller: Caller, answers: AnswerCache, accounts: Accounts
    ) -> None:
        self._writer = writer
        self._caller = caller
        self._answers = answers
        self._accounts = accounts
        #: What is being asked, by key: who asks the same meanwhile waits for that.
        self._flying: dict[bytes, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: Until when the service has the rules, by the loop's clock, and who is writing them.
        self._rules_until = 0.0
        self._writing_rules: asyncio.Event | None = None

    async def ask(self, prepared: Prepared, until: float, spending: Spending) -> None:
        """Has the document's open questions answered as far as may be by `until`.

        Args:
            prepared: The document; its parts are filled in, also after this has returned.
            until: By the loop's clock.
            spending: What may be spent.
        """
        await self._wait_for_others(prepared, until)
        mine = [part for part in prepared.open if part.key not in self._flying]
        if not mine or prepared.is_left:
            return
        self._accounts.count("asked_questions", len(mine))
        loop = asyncio.get_running_loop()
        for part in mine:  # before anybody else has a turn
            self._flying[part.key] = loop.create_future()
        task = loop.create_task(self._all(prepared, mine, until, spending))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=max(0.0, until - self._now()))

    async def _wait_for_others(self, prepared: Prepared, until: float) -> None:
        """Waits for those who are asking the same, and takes their answers.

        One of several who wait for somebody who fails asks next; the others wait for that one.
        """
        while True:
            # Somebody may have had them between the look into the caches and now.
            prepared.take(self._answers.remembered([part.key for part in prepared.open]))
            flying = {self._flying[part.key] for part in prepared.open if part.key in self._flying}
            left = until - self._now()
            if not flying or left <= 0 or prepared.is_left:
                return
            await asyncio.wait(flying, timeout=left)

    async def _all(
        self, prepared: Prepared, parts: list[Part], until: float, spending: Spending
    ) -> None:
        try:
            await self._round(prepared, parts, until, spending, 0)
            again = [part for part in parts if part.answer is None and part.is_worth_again]
            if again and not prepared.is_left and self._now() < until:
                await self._round(prepared, again, until, spending, _AGAIN)
        except Exception as error:
            # A mistake of ours must not leave anybody without a verdict.
            _log.exception("asking failed with %s", type(error).__name__, exc_info=False)
            for part in parts:
                if part.answer is None:
                    part.problem = f"asking failed with {type(error).__name__}"
        finally:
            for part in parts:
                future = self._flying.pop(part.key, None)
                if future is not None and not future.done():
                    future.set_result(None)

    async def _round(
        self, prepared: Prepared, parts: list[Part], until: float, spending: Spending, turn: int
    ) -> None:
        for part in parts:
            part.is_worth_again = False
        groups = groups_of(self._writer, prepared, parts, turn)
        shared = [group for group in groups if group.is_shared]
        others = [group for group in groups if not group.is_shared]

        loop = asyncio.get_running_loop()
        keeping = []

        async def asked(group: Group) -> None:
            await self._group(prepared, group, until, spending, turn)
            # Nobody's call waits for a cache that is slow.
            keeping.append(loop.run_in_executor(None, self._keep, prepared, group))

        async def one_by_one() -> None:
            # The first writes the document to the service's cache, the others read it.
            if shared:
                await asked(shared[0])
                await asyncio.gather(*map(asked, shared[1:]))

        await asyncio.gather(one_by_one(), *map(asked, others))
        await asyncio.gather(*keeping)

    async def _group(
        self, prepared: Prepared, group: Group, until: float, spending: Spending, turn: int
    ) -> None:
        purpose: Purpose = "again" if turn else "validation"
        try:
            reply = await self._with_rules(prepared, group, until, spending, purpose)
        except SemanticError as error:
            for part in group.parts:
                part.problem = str(error)
            return
        take(self._writer, prepared, group, reply)

    def _keep(self, prepared: Prepared, group: Group) -> None:
        self._answers.put_many(kept_of(group), document=prepared.digest)

    async def _with_rules(
        self, prepared: Prepared, group: Group, until: float, spending: Spending, purpose: Purpose
    ) -> Reply:
        """One call; while the service does not have the rules, one at a time."""
        if not self._writer.rules_are_kept:
            return await self._call(prepared, group, until, spending, purpose)
        while self._writing_rules is not None and self._now() >= self._rules_until:
            try:
                # One call that hangs must not hold up everybody else's.
                left = max(0.0, min(until - self._now(), _PATIENCE))
                await asyncio.wait_for(self._writing_rules.wait(), timeout=left)
            except asyncio.TimeoutError:
                break
        written = None
        if self._now() >= self._rules_until and self._writing_rules is None:
            written = self._writing_rules = asyncio.Event()
        try:
            reply = await self._call(prepared, group, until, spending, purpose)
            self._rules_until = self._now() + _HOLDS[self._writer.options.rules_keep]
            return reply
        finally:
            if written is not None:
                written.set()
                self._writing_rules = None

    async def _call(
        self, prepared: Prepared, group: Group, until: float, spending: Spending, purpose: Purpose
    ) -> Reply:
        if prepared.is_left:
            raise SemanticError("nobody waited for the answer any more")
        return await self._caller.call(
            group.prompt,
            until=until,
            spending=spending,
            purpose=purpose,
            document=prepared.digest.hex(),
            gates=tuple(part.gate.gate for part in group.parts),
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
