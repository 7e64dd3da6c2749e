"""What rules leave open goes to a semantic client; what it cannot answer is never fine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine, GateSet, ValidationReport, modules
from gatecore.cache import AsyncMemoryCache, MemoryCache
from gatecore.engine import schema
from gatecore.errors import EngineOptionsError
from gatecore.gates.spec import AnyOf
from gatecore.protocols import Judgement, Open, Validation
from tests.support.gates import branch_of, gate_of

TEXT = "By using this site you consent to cookies."
NAME = "gdpr_uk/consent"
CLEARED = Judgement("PASS", "none", "Consent is active.", "It says so.", ((3, 8),), "a-model")


class Client:
    """Answers from a table, or raises it."""

    def __init__(self, answers: Any, open_on: tuple[str, ...] = ("FAIL",), gate: str = NAME):
        self.answers = answers
        self.open_on = open_on
        self.gates = (gate,)
        self.version = "1"
        self.asked: list[tuple[list[Open], float | None]] = []

    def is_open(self, gate: str, status: str) -> bool:
        return gate in self.gates and status in self.open_on

    def judge(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        self.asked.append((list(questions), seconds))
        if isinstance(self.answers, BaseException):
            raise self.answers
        answers: Mapping[str, Judgement] = self.answers
        return answers

    async def judge_async(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        await asyncio.sleep(0)
        return self.judge(text, questions, seconds=seconds)


#: One gate, compiled once: most of an engine's cost is its patterns.
GATES = GateSet([modules.load("gdpr_uk").gate("consent")])


def engine_with(client: Client | None = None, **options: Any) -> ComplianceEngine:
    return ComplianceEngine(gates=GATES, detectors=False, semantic=client, **options)


def sync(client: Client, text: str = TEXT, **options: Any) -> ValidationReport:
    return engine_with(client, **options).validate_document(text)


def by_loop(client: Client, text: str = TEXT, **options: Any) -> ValidationReport:
    async def main() -> ValidationReport:
        engine = engine_with(client, **options)
        async with AsyncComplianceEngine(engine) as own:
            return await own.validate_document_async(text)

    return asyncio.run(main())


def in_batch(client: Client, text: str = TEXT, **options: Any) -> ValidationReport:
    async def main() -> ValidationReport:
        engine = engine_with(client, **options)
        async with AsyncComplianceEngine(engine) as own:
            (one,) = [one async for one in own.validate_many_async([text])]
        assert one.report is not None, one.error
        return one.report

    return asyncio.run(main())


WAYS = pytest.mark.parametrize("validate", [sync, by_loop, in_batch])


@WAYS
def test_an_answer_takes_the_place_of_the_rules(validate: Any) -> None:
    client = Client({NAME: CLEARED})
    report = validate(client)
    result = report.gates()[NAME]
    assert (result.status, result.severity, result.message) == CLEARED[:3]
    assert result.extra["rules"]["status"] == "FAIL"
    assert result.extra["rules"]["findings"][0]["line"] == 1
    assert result.extra["semantic"]["quotes"][0]["text"] == TEXT[3:8]
    assert report.overall_risk == "LOW"
    assert report.is_finished
    (question,), _ = client.asked[0]
    assert question.gate == NAME
    assert question.status == "FAIL"
    assert question.spans[0][0] < question.spans[0][1] <= len(TEXT)


@WAYS
@pytest.mark.parametrize(
    "answers",
    [
        {},
        {NAME: Judgement("NEEDS_REVIEW", "", "the service said 529")},
        {NAME: Judgement("UNKNOWN", "", "odd")},
        {NAME: Judgement("FINE", "none", "a status that nobody has")},
        ValueError("secret words"),
    ],
)
def test_what_has_no_answer_needs_review(validate: Any, answers: Any) -> None:
    report = validate(Client(answers))
    result = report.gates()[NAME]
    rules = engine_with().validate_document(TEXT)
    assert result.status == "NEEDS_REVIEW"
    assert result.severity == rules.gates()[NAME].severity == "critical"
    assert report.incomplete == (NAME,)
    assert report.overall_risk == rules.overall_risk == "HIGH"  # as bad as the rules said
    assert report.modules["gdpr_uk"].summary["needs_review"] == 1
    assert "secret" not in report.to_json().decode()


def test_warnings_that_need_review_count_as_warnings() -> None:
    class Warns:
        name, severity = "w", "medium"

        def check(self, text: str, document_type: str) -> dict[str, str]:
            return {"status": "WARNING", "severity": "medium", "message": "maybe"}

    client = Client({}, ("WARNING",), "house/w")
    engine = ComplianceEngine(python_modules={"house": {"w": Warns()}}, semantic=client)
    report = engine.validate_document("text")
    assert report.gates()["house/w"].status == "NEEDS_REVIEW"
    assert report.overall_risk == "UNKNOWN"  # LOW by the rules, but nobody has looked
    engine.close()


def test_rules_that_are_sure_ask_nothing() -> None:
    client = Client({NAME: CLEARED})
    report = sync(client, "Invoice 17.")
    assert report == ValidationReport.from_json(report.to_json())
    assert report.gates()[NAME].status == "N/A"
    assert not client.asked


def test_unfinished_rules_are_not_asked_beyond() -> None:
    client = Client({NAME: CLEARED}, ("PASS", "FAIL", "WARNING", "N/A"))
    engine = engine_with(client)
    report = engine.validate_document(TEXT, deadline=0.0)
    assert report.gates()[NAME].status == "UNKNOWN"
    assert not client.asked


def test_the_deadline_is_handed_on() -> None:
    client = Client({NAME: CLEARED})
    engine = engine_with(client)
    engine.validate_document(TEXT, deadline=60.0)
    engine.validate_document(TEXT)
    (_, limited), (_, free) = client.asked
    assert free is None
    assert limited is not None
    assert 0 < limited <= 60


@WAYS
def test_reports_round_trip_and_fit_the_schema(validate: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for answers in ({NAME: CLEARED}, {}):
        report = validate(Client(answers))
        assert ValidationReport.from_json(report.to_json()) == report
        jsonschema.validate(report.to_dict(), schema())


@WAYS
def test_a_cache_keeps_answers_but_not_reviews(validate: Any) -> None:
    cache = MemoryCache()
    client = Client({})
    assert validate(client, cache=cache).gates()[NAME].status == "NEEDS_REVIEW"
    client.answers = {NAME: CLEARED}
    assert validate(client, cache=cache).gates()[NAME].status == "PASS"
    assert len(client.asked) == 2
    if validate is not in_batch:
        assert validate(client, cache=cache).gates()[NAME].status == "PASS"
        assert len(client.asked) == 2
    client.version = "2"
    validate(client, cache=cache)
    assert len(client.asked) == 3


def test_an_asynchronous_cache_keeps_answers_but_not_reviews() -> None:
    client = Client({})

    async def main() -> list[str]:
        engine = engine_with(client)
        found: list[str] = []
        async with AsyncComplianceEngine(engine, cache=AsyncMemoryCache(MemoryCache())) as own:
            for answers in ({}, {NAME: CLEARED}, {}):
                client.answers = answers
                report = await own.validate_document_async(TEXT)
                found.append(report.gates()[NAME].status)
        return found

    assert asyncio.run(main()) == ["NEEDS_REVIEW", "PASS", "PASS"]


@WAYS
def test_observers_hear_of_it_once(validate: Any) -> None:
    class Seen:
        def __init__(self) -> None:
            self.told: list[Validation] = []

        def started(self, asked: object) -> None:
            return None

        def finished(self, begun: object, validation: Validation) -> None:
            self.told.append(validation)

        def failed(self, begun: object, error: BaseException) -> None:
            raise AssertionError(error)

    seen = Seen()
    report = validate(Client({NAME: CLEARED}), observers=[seen])
    (told,) = seen.told
    assert told.report is report
    assert told.judged_seconds > 0.0


def test_a_gate_without_rules_is_refused() -> None:
    for gate, what in (
        ("gdpr_uk/nothing", "no gate 'nothing'"),
        ("universal/bias", "detector"),
        ("other/gate", "nothing would be asked"),
    ):
        with pytest.raises(EngineOptionsError, match=what):
            engine_with(Client({}, gate=gate))


def test_what_asks_nobody_is_refused() -> None:
    for wrong in ([Client({})], "a client"):
        with pytest.raises(EngineOptionsError, match="SemanticClient"):
            engine_with(wrong)  # type: ignore[arg-type]


@WAYS
@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        {NAME: ("PASS",)},
        {NAME: CLEARED._replace(status=[])},  # type: ignore[arg-type]
        {NAME: CLEARED._replace(message=None)},  # type: ignore[arg-type]
        {NAME: CLEARED._replace(severity=None)},  # type: ignore[arg-type]
        {NAME: CLEARED._replace(model=object())},  # type: ignore[arg-type]
        {NAME: CLEARED._replace(spans=(5,))},  # type: ignore[arg-type]
        {NAME: CLEARED._replace(spans=((1.5, 2),))},  # type: ignore[arg-type]
    ],
)
def test_a_client_that_breaks_its_promise_clears_nothing(validate: Any, answers: Any) -> None:
    report = validate(Client(answers))
    assert report.gates()[NAME].status == "NEEDS_REVIEW"
    assert ValidationReport.from_json(report.to_json()) == report


@WAYS
def test_what_is_masked_is_in_no_quote_and_no_reason(
    validate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gate_of({"x": [r"PIN \d{4}"]}, branch_of(AnyOf(("x",))), branch_of(None), masked=["x"])
    name, text = f"{gate.module}/{gate.name}", "Your PIN 9713 is safe."
    judged = Judgement("FAIL", "high", "Told.", "It says PIN 9713.", ((5, 21),), "a-model")
    client = Client({name: judged}, gate=name)
    monkeypatch.setattr(__name__ + ".GATES", GateSet([gate]))
    report = validate(client, text)
    said = report.gates()[name].extra["semantic"]
    assert said["quotes"][0]["text"] == "••• •••3 is safe"
    assert said["reason"] == "It says ••• •••3."
    assert "9713" not in report.to_json().decode()
