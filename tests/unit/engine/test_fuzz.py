"""Any document, any type, any limits, any junk from Python gates: a report that is well-formed."""

from __future__ import annotations

import json
from typing import Any, Final

import jsonschema
from hypothesis import example, given
from hypothesis import strategies as st

from gatecore import EngineOptions, ValidationReport, errors
from gatecore.engine import schema
from gatecore.engine.engine import ComplianceEngine
from gatecore.engine.python_gates import Accelerated
from tests.unit.engine.engines import Finds, Says, clock, word_of

ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=30)
WORDS: Final = st.lists(st.sampled_from(["apple", "pear", "green pear", "x", "\x00"]), max_size=8)
TEXTS: Final = (
    ANY_TEXT | WORDS.map(" ".join) | st.tuples(WORDS.map(" ".join), ANY_TEXT).map("".join)
)


class Raises:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


class Odd(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise RuntimeError

    def __getitem__(self, name: Any) -> Any:
        raise RuntimeError

    get = __getitem__  # type: ignore[assignment]


_LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.binary(max_size=3)
    | st.builds(Raises)
    | st.builds(object)
    | st.builds(pow, st.just(10), st.just(5_000))
    | st.builds(Odd, st.just({"status": "FAIL"}))
)
JUNK: Final = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(ANY_TEXT | st.integers() | st.none(), inner, max_size=3)
        | st.frozensets(st.integers() | ANY_TEXT, max_size=3)
    ),
    max_leaves=12,
)
STATUSES: Final = st.sampled_from(["PASS", "fail", "WARN", "WARNING", "N/A", "na", "ERROR", "odd"])
ANSWERS: Final = JUNK | st.fixed_dictionaries(
    {},
    optional={
        "status": STATUSES | JUNK,
        "severity": st.sampled_from(["none", "HIGH", "critical", "low"]) | JUNK,
        "message": ANY_TEXT | JUNK,
        "gate": JUNK,
        "version": JUNK,
        "legal_source": JUNK,
        "left_out": JUNK,
        "spans": JUNK,
    },
)
ERRORS: Final = st.sampled_from(
    [ValueError("x"), RecursionError(), MemoryError(), KeyError("\ud83d"), UnicodeError(Raises())]
)
OPTIONS: Final = st.builds(
    EngineOptions,
    max_document_characters=st.sampled_from([0, 3, 10**6]),
    max_findings=st.integers(0, 3),
    max_extra_values=st.integers(1, 40),
    max_extra_depth=st.integers(1, 4),
    max_extra_characters=st.integers(1, 60),
    max_message_characters=st.integers(1, 60),
    deadline_seconds=st.sampled_from([None, None, 0.0, 30.0]),
    max_abandoned_threads=st.integers(0, 1),
    clock=st.just(clock),
)
GATES: Final = [
    word_of("a", "apple"),
    word_of("b", "pear", module="garden", severity="critical"),
    word_of("pii_x", "x", module="universal"),
]
VALIDATOR: Final = jsonschema.Draft202012Validator(schema())
_SET: Final = ComplianceEngine(gates=GATES).gates


def _engine(options: EngineOptions, answers: list[Any]) -> ComplianceEngine:
    python = {str(n): Says(answer) for n, answer in enumerate(answers)} | {"finds": Finds()}
    return ComplianceEngine(
        gates=_SET, python_modules={"junk": python}, options=options, cross=[lambda _: answers]
    )


@given(
    text=TEXTS,
    document_type=ANY_TEXT,
    options=OPTIONS,
    answers=st.lists(ANSWERS | ERRORS, max_size=3),
    modules=st.sampled_from([None, "garden", ["house", "junk"], [], "nothing"]),
    deadline=st.sampled_from([None, None, 0.0, 30.0]),
)
@example("\ud83d\ude00 apple", "", EngineOptions(clock=clock), ["\ud83d\ude00"], None, None)
def test_any_document_and_any_answer_give_a_report(
    text: str,
    document_type: str,
    options: EngineOptions,
    answers: list[Any],
    modules: Any,
    deadline: float | None,
) -> None:
    with _plain():
        engine = _engine(options, answers)
    try:
        report = engine.validate_document(
            text, document_type=document_type, modules=modules, deadline=deadline
        )
    except errors.DocumentTooLargeError:
        assert len(text) > options.max_document_characters
        return
    except errors.UnknownModuleError:
        assert modules == "nothing"
        return
    assert len(text) <= options.max_document_characters
    data = report.to_json()
    back = ValidationReport.from_json(data)
    assert back == report
    assert back.to_json() == data
    VALIDATOR.validate(json.loads(data))
    results = report.gates()
    unknown = [name for name, result in results.items() if result.status == "UNKNOWN"]
    assert sorted(n for n in report.incomplete if not n.startswith("cross/")) == sorted(unknown)
    if report.incomplete or any(result.status == "ERROR" for result in results.values()):
        assert report.overall_risk != "LOW"
    if options.deadline_seconds is None and deadline is None:
        assert report.incomplete == ()
        _compare_data(text, report, options)


def _compare_data(text: str, report: ValidationReport, options: EngineOptions) -> None:
    """What gates that are data say is what their set says."""
    assert _SET is not None
    alone = {f"{v.module}/{v.gate}": v for v in _SET.check(text).verdicts}
    for name, result in report.gates().items():
        if name in alone:
            verdict = alone[name]
            assert (result.status, result.severity) == (verdict.status, verdict.severity)
            assert result.message == verdict.message
            left = max(len(verdict.findings) - options.max_findings, 0)
            assert result.left_out == left


class _plain:  # noqa: N801 - a context
    """Engines that are made inside do not accelerate: a compile for each example takes too long."""

    def __enter__(self) -> None:
        self._init = Accelerated.__init__

        def init(self: Accelerated, gates: Any, store: Any) -> None:
            _plain._first(self)

        Accelerated.__init__ = init  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Accelerated.__init__ = self._init  # type: ignore[method-assign]

    @staticmethod
    def _first(one: Accelerated) -> None:
        one._handle = None
        one.refused = ("not in this test",)
