"""The client against a service that answers, fails, lies and lets wait; the real SDK in between."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from gatecore.audit import AuditStore
from gatecore.errors import SemanticGateError
from gatecore.protocols import Judgement, Open
from gatecore.semantic import (
    Budget,
    Limits,
    Model,
    Passages,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    stand_in,
)
from gatecore.testing import Fault
from tests.unit.semantic.clients import CHOICES, PRICES, TEXT, asking, gates, opens, same


def test_answers_take_the_form_of_judgements() -> None:
    def verdicts(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        assert "Harper" not in evidence  # nothing personal leaves
        if gate.gate == "m/g01":
            return "FAIL", "Dear Ms [PERSON_1]"
        return "PASS", "There is no exit fee."

    with asking(verdicts=verdicts) as (client, api):
        judged = client.judge(TEXT, opens())
        at = TEXT.index("There is no")
        assert judged["m/g00"] == Judgement(
            "PASS", "none", "It is said.", "Said so.", ((at, at + 21),), "a-model"
        )
        assert judged["m/g01"].status == "FAIL"
        start, end = judged["m/g01"].spans[0]
        assert TEXT[start:end] == "Dear Ms Harper"
        assert len(api.ledger.calls()) == 1
        assert same(client, api)


def test_what_a_client_is_made_of_is_told_if_it_is_something_else(tmp_path: Path) -> None:
    """Slips that were accepted, or ended in an AttributeError far from the place."""
    model: Any = Model(name="a-model", prices=PRICES)
    options: Any = SemanticOptions(model=model)
    (gate,) = some = gates(1)
    wrong: Any = 3
    with AuditStore(tmp_path / "audit.db") as audit:
        makers: dict[str, Callable[[], object]] = {
            "a list": lambda: SemanticClient(cast(Any, gate), options),
            "load_semantic_gates": lambda: SemanticClient(cast(Any, "q.yaml"), options),
            "load_options": lambda: SemanticClient(some, cast(Any, "semantic.toml")),
            "attribute semantic": lambda: SemanticClient(some, options, store=cast(Any, audit)),
            r"Model\(": lambda: SemanticOptions(model=wrong),
            r"Limits\(": lambda: SemanticOptions(model=model, limits=wrong),
            r"Budget\(": lambda: SemanticOptions(model=model, budget=wrong),
            r"Prices\(": lambda: SemanticOptions(model=Model(name="m", prices=wrong)),
        }
        for said, make in makers.items():
            with pytest.raises(SemanticGateError, match=said):
                make()


def test_what_was_asked_is_not_asked_again() -> None:
    with asking() as (client, api):
        first = client.judge(TEXT, opens())
        assert client.judge(TEXT, opens()) == first
        assert client.judge(TEXT, opens(2)) == {name: first[name] for name in ("m/g00", "m/g01")}
        assert len(api.ledger.calls()) == 1
        client.judge(TEXT + " ", opens())  # another document, however near
        assert len(api.ledger.calls()) == 2
        assert client.accounts.counted("cached_answers") == 5


def test_a_document_is_forgotten() -> None:
    with asking() as (client, api):
        for text in (TEXT, TEXT + "!", TEXT):
            client.judge(text, opens())
        assert len(api.ledger.calls()) == 2
        client.forget(TEXT)
        client.judge(TEXT + "!", opens())
        assert len(api.ledger.calls()) == 2
        client.judge(TEXT, opens())
        assert len(api.ledger.calls()) == 3


def test_many_who_ask_the_same_at_once_cost_one_call() -> None:
    with asking(service={"latency": 0.2}) as (client, api):
        found: list[Mapping[str, Judgement]] = []
        threads = [
            threading.Thread(target=lambda: found.append(client.judge(TEXT, opens())))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert all(one == found[0] for one in found)
        assert found[0]["m/g00"].status == "PASS"
        assert len(api.ledger.calls()) == 1


def test_sync_and_async_share_a_client() -> None:
    async def main(client: SemanticClient) -> list[Mapping[str, Judgement]]:
        texts = [f"{TEXT} {n}" for n in range(6)]
        return list(await asyncio.gather(*(client.judge_async(text, opens()) for text in texts)))

    with asking() as (client, api):
        for _ in range(2):  # on two loops
            answered = asyncio.run(main(client))
            assert {one.status for judged in answered for one in judged.values()} == {"PASS"}
        assert client.judge(f"{TEXT} 3", opens()) == answered[3]
        assert len(api.ledger.calls()) == 6
        assert same(client, api)


def test_groups_share_rules_and_document() -> None:
    with asking(44, minimum=64) as (client, api):
        judged = client.judge(TEXT * 40, opens(44))
        assert {one.status for one in judged.values()} == {"PASS"}
        first, *others = api.ledger.calls()
        assert len(others) == 2
        assert first.usage.written_1h > 0
        assert first.usage.written_5m > 0
        for call in others:  # the first was alone, so that they could read
            assert call.time >= first.time
            assert call.usage.read == first.usage.written_1h + first.usage.written_5m
        client.judge(TEXT * 41, opens(44))
        assert api.ledger.calls()[3].usage.read == first.usage.written_1h
        assert same(client, api)


def test_rules_are_written_once_however_many_begin_at_once() -> None:
    with asking(40, minimum=64, service={"latency": 0.1}) as (client, api):

        async def main() -> None:
            texts = [f"{TEXT} {n}" for n in range(8)]
            await asyncio.gather(*(client.judge_async(text, opens(10)) for text in texts))

        asyncio.run(main())
        written = [call for call in api.ledger.calls() if call.usage.written_1h]
        assert len(api.ledger.calls()) == 8
        assert len(written) == 1


def test_passages_are_all_that_is_seen() -> None:
    seen: list[str] = []

    def verdicts(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        seen.append(evidence)
        return "PASS", ""

    own = [*gates(1), *[SemanticGate("m/p", "Fee?", CHOICES, Passages(("exit fee",), context=0))]]
    asked = [Open("m/g00", "FAIL"), Open("m/p", "FAIL")]
    with asking(own=own, verdicts=verdicts) as (client, api):
        judged = client.judge(TEXT, asked)
        assert {one.status for one in judged.values()} == {"PASS"}
        assert len(api.ledger.calls()) == 2  # one may see all of it, the other may not
        passages = [one for one in seen if "exit fee" in one and "£30" not in one]
        assert passages
        nothing = client.judge("Nothing of the kind.", asked)
        assert nothing["m/g00"].status == "PASS"
        assert nothing["m/p"].status == "NEEDS_REVIEW"
        assert "no passage" in nothing["m/p"].message


def test_missing_answers_are_asked_once_more() -> None:
    def forgetful(body: dict[str, Any]) -> str:
        answers = json.loads(full[0](body))["answers"]
        return json.dumps({"answers": answers[1:]})

    full: list[Any] = []
    with asking(answer=forgetful) as (client, api):
        full.append(stand_in(client.writer, {}))
        judged = client.judge(TEXT, opens())
        # The first time one of three is missing, then the one that was asked for alone.
        assert sorted(one.status for one in judged.values()) == ["NEEDS_REVIEW", "PASS", "PASS"]
        assert len(api.ledger.calls()) == 2
        (left,) = [one for one in judged.values() if one.status == "NEEDS_REVIEW"]
        assert "left it out" in left.message
        client.judge(TEXT, opens())
        assert len(api.ledger.calls()) == 4  # what has no answer is not kept


@pytest.mark.parametrize("how", ["missing", "unknown", "twice"])
def test_ids_that_are_wrong_cost_only_their_own_question(how: Any) -> None:
    script = [Fault.ids(how)] * 9
    with asking(service={"script": script}) as (client, api):
        judged = client.judge(TEXT, opens())
        left = [one for one in judged.values() if one.status == "NEEDS_REVIEW"]
        assert len(left) == (how != "twice")  # twice the same answer is one
        assert {one.status for one in judged.values()} - {"NEEDS_REVIEW"} == {"PASS"}
        assert len(api.ledger.calls()) == (1 if how == "twice" else 2)


def test_words_that_are_not_there_are_no_evidence() -> None:
    def verdicts(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        return "FAIL", "There is an exit fee."

    with asking(1, verdicts=verdicts) as (client, api):
        judged = client.judge(TEXT, opens(1))
        assert judged["m/g00"].status == "NEEDS_REVIEW"
        assert "not shown" in judged["m/g00"].message
        assert len(api.ledger.calls()) == 2


#: Each failure of one call, with what the report says of it.
FAILURES = {
    "429": ([Fault.status(429)] * 9, "too many"),
    "429, later": ([Fault.status(429, retry_after=3600)] * 9, "asked again in"),
    "500": ([Fault.status(500)] * 9, "failed"),
    "529": ([Fault.status(529)] * 9, "overloaded"),
    "400": ([Fault.status(400)] * 9, "does not accept the request"),
    "401": ([Fault.status(401)] * 9, "credentials"),
    "413": ([Fault.status(413)] * 9, "too large"),
    "html": ([Fault.html()] * 9, ""),
    "html, 200": ([Fault.html(200)] * 9, ""),
    "hung": ([Fault.hang()] * 9, ""),
    "slow": ([Fault.slow(30.0)] * 9, ""),
    "dropped": ([Fault.drop()] * 9, ""),
    "cut": ([Fault.cut()] * 9, ""),
    "truncated": ([Fault.truncated()] * 9, ""),
    "malformed": ([Fault.malformed()] * 9, ""),
    "empty": ([Fault.empty()] * 9, ""),
    "refusal": ([Fault.refusal()] * 9, "refused"),
    "max_tokens": ([Fault.max_tokens()] * 9, "cut off"),
    "nonsense": ([Fault.text("All is well: PASS.")] * 9, "not JSON"),
    "ids missing": ([Fault.ids("none")] * 9, "left it out"),
    "wrong words": ([Fault.value("verdict", "FINE")] * 9, "does not have"),
    "wrong type": ([Fault.value("verdict", None)] * 9, "form"),
}


@pytest.mark.parametrize("name", list(FAILURES))
@pytest.mark.parametrize("is_async", [False, True])
def test_a_failure_needs_review_in_time(name: str, is_async: bool) -> None:
    script, what = FAILURES[name]
    # What says something in particular says it whatever else the machine does meanwhile.
    seconds = 10.0 if what else 1.5
    with asking(service={"script": script}, timeout_seconds=0.6) as (client, api):
        began = time.monotonic()
        judged = (
            asyncio.run(client.judge_async(TEXT, opens(), seconds=seconds))
            if is_async
            else client.judge(TEXT, opens(), seconds=seconds)
        )
        took = time.monotonic() - began
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert all(one.severity == "" and one.message for one in judged.values())
        assert what in judged["m/g00"].message
        assert "Harper" not in judged["m/g00"].message
        assert "exit fee" not in judged["m/g00"].message
        assert took < 30.0  # a guard against hanging; what is measured is in the figures
        assert client.accounts.counted("needs_review") == 3
        assert 1 <= len(api.ledger.calls()) <= 4


def test_a_failure_that_goes_away_is_not_seen() -> None:
    script = [Fault.status(529), Fault.status(500)]
    with asking(service={"script": script}) as (client, api):
        judged = client.judge(TEXT, opens())
        assert {one.status for one in judged.values()} == {"PASS"}
        assert len(api.ledger.calls()) == 3
        assert same(client, api)


def test_retries_count_against_the_budget() -> None:
    script = [Fault.status(500)] * 20
    with asking(44, service={"script": script}, retries=10) as (client, api):
        judged = client.judge(TEXT, opens(44))
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert len(api.ledger.calls()) <= 4


def test_no_budget_means_review() -> None:
    with asking(budget=Budget(calls=0)) as (client, api):
        judged = client.judge(TEXT, opens())
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert "budget" in judged["m/g00"].message
        assert not api.ledger.calls()


def test_no_time_means_review() -> None:
    with asking() as (client, api):
        judged = client.judge(TEXT, opens(), seconds=0.0)
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert not api.ledger.calls()


def test_an_answer_that_comes_late_is_kept_and_accounted() -> None:
    with asking(service={"latency": 0.8}) as (client, api):
        judged = client.judge(TEXT, opens(), seconds=0.2)
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert "deadline" in judged["m/g00"].message
        api.ledger.wait_until_settled()
        later = client.judge(TEXT, opens())
        assert {one.status for one in later.values()} == {"PASS"}
        assert len(api.ledger.calls()) == 1
        assert same(client, api)


def test_a_cancelled_task_is_accounted_and_asks_nothing_further() -> None:
    async def main(client: SemanticClient) -> None:
        task = asyncio.create_task(client.judge_async(TEXT * 40, opens(44)))
        while not client.accounts.counted("sent"):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with asking(44, minimum=64, service={"latency": 0.3}) as (client, api):
        asyncio.run(main(client))
        client.close()
        api.ledger.wait_until_settled()
        assert len(api.ledger.calls()) == 1  # of three: the others were not begun
        assert same(client, api)


def test_a_mistake_of_ours_is_never_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    with asking() as (client, api):
        for name in ("prepare", "_begin"):
            with monkeypatch.context() as patched:
                patched.setattr(client, name, lambda *_, **__: 1 / 0)
                for judged in (
                    client.judge(TEXT, opens()),
                    asyncio.run(client.judge_async(TEXT, opens())),
                ):
                    assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
                    assert "ZeroDivisionError" in judged["m/g00"].message
        assert not api.ledger.calls()


def test_a_prompt_that_cannot_be_written_needs_review(monkeypatch: pytest.MonkeyPatch) -> None:
    with asking() as (client, _):
        monkeypatch.setattr(type(client.writer), "prompt", lambda *_, **__: 1 / 0)
        judged = client.judge(TEXT, opens())
        assert {one.status for one in judged.values()} == {"NEEDS_REVIEW"}
        assert "ZeroDivisionError" in judged["m/g00"].message


def test_a_closed_client_begins_anew() -> None:
    with asking() as (client, api):
        client.judge(TEXT, opens())
        client.close()
        assert client.judge(TEXT + "!", opens())["m/g00"].status == "PASS"
        assert len(api.ledger.calls()) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_asks_on_its_own() -> None:
    with asking() as (client, api):
        client.judge(TEXT, opens())
        child = os.fork()
        if not child:
            try:
                kept = client.judge(TEXT, opens(), seconds=5.0)
                new = client.judge(TEXT + "!", opens(), seconds=5.0)
                fine = all(one["m/g00"].status == "PASS" for one in (kept, new))
            except BaseException:
                os._exit(2)
            os._exit(0 if fine else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.judge(TEXT + "?", opens())["m/g00"].status == "PASS"
        assert len(api.ledger.calls()) == 3


def test_estimates_send_nothing() -> None:
    with asking(44, minimum=64) as (client, api):
        estimate = client.estimate(TEXT, opens(44))
        assert (estimate.calls, estimate.questions, estimate.known) == (3, 44, 0)
        assert not estimate.is_counted
        assert not api.ledger.entries
        counted = client.estimate(TEXT, opens(44), counts=True)
        assert counted.is_counted
        assert len(api.ledger.calls("count_tokens")) == 3
        client.judge(TEXT, opens(44))
        # The fake counts block by block, rounded up.
        assert abs(counted.usage.input - client.accounts.total.usage.input) <= 3 * 4
        assert abs(estimate.usage.input - client.accounts.total.usage.input) <= 400
        assert client.estimate(TEXT, opens(44)).known == 44


def test_completions_are_redacted_limited_and_accounted() -> None:
    def answer(body: dict[str, Any]) -> str:
        text = body["messages"][0]["content"][0]["text"]
        assert "harper@bank.example" not in text
        return f"Write to {text.split()[-1]} today."

    with asking(answer=answer) as (client, api):
        found = client.complete("Whom to write to? harper@bank.example", max_tokens=50)
        assert found.text == "Write to harper@bank.example today."
        assert same(client, api)


def test_nothing_is_redacted_if_the_options_say_so() -> None:
    seen = []

    def verdicts(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        seen.append(evidence)
        return "PASS", "Dear Ms Harper"

    with asking(1, verdicts=verdicts, redact=False) as (client, _):
        judged = client.judge(TEXT, opens(1))
        assert judged["m/g00"].spans == ((0, 14),)
        assert seen == [TEXT]


def test_the_version_is_what_answers_depend_on() -> None:
    with asking() as (client, _), asking() as (same_client, _):
        assert client.version == same_client.version
    with asking(4) as (other, _), asking(redact=False) as (open_one, _):
        assert len({client.version, other.version, open_one.version}) == 3


def test_measurements_are_numbers_by_name() -> None:
    with asking() as (client, _):
        before = client.measurements()
        client.judge(TEXT, opens())
        after = client.measurements()
        assert before.keys() == after.keys()
        assert after["calls_total"] == 1.0
        assert after["input_tokens_total"] > 0


def test_concurrency_is_limited() -> None:
    with asking(limits=Limits(concurrent=2), service={"latency": 0.05}) as (client, api):

        async def main() -> None:
            texts = [f"{TEXT} {n}" for n in range(10)]
            await asyncio.gather(*(client.judge_async(text, opens()) for text in texts))

        asyncio.run(main())
        assert len(api.ledger.calls()) == 10
        assert api.ledger.most_concurrent == 2
