"""`validate_arrow`: row by row what `validate_document` says, whatever a batch is made of."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore import ComplianceEngine, EngineOptions, modules
from gatecore.errors import ScaleError
from gatecore.scale import (
    EngineSpec,
    register_duckdb,
    result_schema,
    validate_arrow,
    validate_batches,
    validate_table,
)
from tests.support.process import run_python
from tests.unit.engine.engines import Says, word_of
from tests.unit.scale.rows import expected, house, rows

STRING, DICTIONARY = pa.string(), pa.dictionary(pa.int8(), pa.string())
TYPES = (
    STRING,
    pa.large_string(),
    pa.string_view(),
    DICTIONARY,
    pa.dictionary(pa.uint32(), pa.large_string()),
)


@pytest.fixture(scope="module", name="engine")
def _engine() -> Iterator[ComplianceEngine]:
    """Gates as data, a Python gate that fails now and then, and a limit that is met."""

    def answer(text: str, _: str) -> dict[str, str]:
        if "plum" in text:
            raise ValueError(text)
        return {"status": "WARN" if "pear" in text else "PASS", "severity": "Odd"}

    gates = [
        word_of("apple", "apple"),
        word_of("pear", "pear", severity="low"),
        word_of("pii_word", "plum", module="universal"),
    ]
    python = {"own": {"odd": Says(answer)}}
    options = EngineOptions(max_document_characters=60)
    with ComplianceEngine(gates=gates, python_modules=python, options=options) as engine:
        yield engine


def _column(texts: list[str | None], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        plain = pa.array(texts, kind.value_type).dictionary_encode()
        return pa.DictionaryArray.from_arrays(plain.indices.cast(kind.index_type), plain.dictionary)
    return pa.array(texts, kind)


_DOCUMENTS = st.lists(
    st.none()
    | st.lists(
        st.sampled_from(["apple", "pear", "plum", "Ü\u2028", "😀", "x" * 25]), max_size=4
    ).map(" ".join)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
    max_size=9,
)


@settings(max_examples=60)
@given(
    texts=_DOCUMENTS,
    kind=st.sampled_from(TYPES),
    start=st.integers(0, 3),
    jobs=st.integers(1, 3),
    with_texts=st.booleans(),
)
def test_each_row_is_what_a_single_process_says_of_its_document(
    engine: ComplianceEngine,
    texts: list[str | None],
    kind: pa.DataType,
    start: int,
    jobs: int,
    with_texts: bool,
) -> None:
    """Nulls, repeated texts, slices of larger batches and documents that are too long included."""
    ids = list(range(len(texts)))
    whole = pa.record_batch({"id": ids, "text": _column(texts, kind)})
    found = validate_arrow(whole.slice(start), engine=engine, texts=with_texts, jobs=jobs)
    assert found.schema == result_schema(whole.schema, texts=with_texts)
    assert rows(found) == [
        expected(texts[number], engine, texts=with_texts, id=number) for number in ids[start:]
    ]


def test_the_oracle_meets_all_that_can_happen(engine: ComplianceEngine) -> None:
    """Or else the test above would show little."""
    some = ["apple plum", "pear", "x" * 61, None, ""]
    plain = [expected(text, engine, texts=True) for text in some]
    statuses = {one["status"] for row in plain for one in row["verdicts"] or ()}
    assert {"FAIL", "PASS", "WARNING", "N/A", "ERROR"} <= statuses
    assert [bool(row["findings"]) for row in plain] == [True, True, False, False, False]
    assert "60" in plain[2]["error"]


def test_detectors_that_no_module_lists_are_there() -> None:
    gates = modules.load("universal").gates
    assert gates
    with ComplianceEngine(gates=[word_of("apple", "apple")]) as engine:
        text = "Write to jo@example.com about apple."
        batch = pa.record_batch({"text": [text]})
        assert rows(validate_arrow(batch, engine=engine)) == [expected(text, engine)]
        verdicts = validate_arrow(batch, engine=engine)["verdicts"][0].as_py()
    assert {one["gate"] for one in verdicts} == {"house/apple"} | {
        f"universal/{gate.name}" for gate in gates
    }


@pytest.mark.parametrize("kind", [*TYPES, pa.null()])
@pytest.mark.parametrize("texts", [[], [None], [None, None]])
def test_types_are_the_same_where_there_is_nothing_to_say(
    engine: ComplianceEngine, kind: pa.DataType, texts: list[None]
) -> None:
    column = pa.nulls(len(texts), kind)
    found = validate_arrow(pa.record_batch({"text": column}), engine=engine)
    full = validate_arrow(pa.record_batch({"text": ["apple"]}), engine=engine)
    assert found.schema == full.schema
    assert rows(found) == [expected(text, engine) for text in texts]


def test_what_is_kept_is_not_copied(engine: ComplianceEngine) -> None:
    batch = pa.record_batch({"id": pa.array([1, 2]), "text": ["apple", "pear"], "more": ["a", "b"]})
    found = validate_arrow(batch, engine=engine, keep=["more", "id"])
    assert found.schema.names[:2] == ["more", "id"]
    for name in ("id", "more"):
        addresses = [buffer.address for buffer in batch[name].buffers() if buffer is not None]
        kept = [buffer.address for buffer in found[name].buffers() if buffer is not None]
        assert addresses
        assert kept == addresses


@pytest.mark.parametrize("kind", [STRING, DICTIONARY])
def test_bytes_that_are_no_text_are_one_row_with_an_error(
    engine: ComplianceEngine, kind: pa.DataType
) -> None:
    """Arrow does not look at what a writer put into a column of texts."""
    column = pa.array([b"apple", b"\xff\xfe", b"pear"]).view(pa.string())
    if kind is DICTIONARY:
        indices = pa.array([0, 1, 2], pa.int8())
        column = pa.DictionaryArray.from_arrays(indices, column)
    found = rows(validate_arrow(pa.record_batch({"text": column}), engine=engine))
    assert [row["error"] for row in found] == [None, "the text is not UTF-8", None]
    assert found[2] == expected("pear", engine)


def test_a_text_of_a_dictionary_is_judged_once_and_only_if_it_occurs() -> None:
    gate = Says({"status": "PASS", "severity": "none"})
    words = pa.array(["apple", "never", "pear"])
    column = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2, 0, 2], pa.int8()), words)
    with ComplianceEngine(python_modules=[gate], detectors=False) as engine:
        found = validate_arrow(pa.record_batch({"text": column}), engine=engine, jobs=1)
    assert gate.texts == ["pear", "apple"]
    assert found["document_hash"][0] == found["document_hash"][4]
    assert found.num_rows == 5


def test_no_error_quotes_a_document() -> None:
    class Policy:
        def __call__(self, results: object) -> str:
            raise LookupError("SECRET")

    gates = [word_of("apple", "apple")]
    with ComplianceEngine(gates=gates, risk=Policy(), detectors=False) as engine:
        found = rows(validate_arrow(pa.record_batch({"text": ["SECRET"]}), engine=engine))
    assert found[0]["risk"] == "UNKNOWN"

    class Breaks(ComplianceEngine):
        def validate_document(self, text: str, **_: Any) -> Any:
            raise RuntimeError(text)

    with Breaks(gates=gates, detectors=False) as engine:
        found = rows(validate_arrow(pa.record_batch({"text": ["SECRET"]}), engine=engine))
    assert found[0]["error"] == "the validation failed with RuntimeError"


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"txt": ["a"]}, {}, "did you mean 'txt'"),
        ({}, {}, "there are none"),
        ({"text": [1]}, {}, "column 'text' is int64, not text"),
        ({"text": [b"a"]}, {}, "is binary, not text"),
        ({"text": ["a"], "risk": [1]}, {}, "has a column 'risk' already"),
        ({"text": ["a"]}, {"keep": ["id"]}, "no column 'id'"),
        ({"text": ["a"]}, {"keep": "text"}, r"give a list of columns, \['text'\]"),
        ({"text": ["a"], "id": [1]}, {"keep": ["id", "id"]}, "has a column 'id' already"),
        ({"text": ["a"]}, {"engine": "gdpr_uk"}, "expected an EngineSpec"),
    ],
)
def test_what_cannot_be_used_is_said(
    engine: ComplianceEngine, columns: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ScaleError, match=said):
        validate_arrow(pa.record_batch(columns), **{"engine": engine, **options})


def test_two_columns_of_one_name_are_refused(engine: ComplianceEngine) -> None:
    column = pa.array(["a"])
    batch = pa.record_batch([column, column], names=["text", "text"])
    with pytest.raises(ScaleError, match="2 columns are 'text'"):
        validate_arrow(batch, engine=engine)


def test_the_texts_may_be_called_otherwise_and_kept(
    engine: ComplianceEngine,
) -> None:
    batch = pa.record_batch({"body": ["apple"], "title": ["x"]})
    found = validate_arrow(batch, engine=engine, text_column="body", keep=["body", "title"])
    assert rows(found) == [expected("apple", engine, body="apple", title="x")]


class _Speaks:
    """A table of another library: it has the interface and nothing else."""

    def __init__(self, table: Any, name: str) -> None:
        setattr(self, name, getattr(table, name))


@pytest.mark.parametrize(
    "made",
    [
        lambda table: table,
        lambda table: _Speaks(table, "__arrow_c_stream__"),
        lambda table: _Speaks(table.combine_chunks().to_batches()[0], "__arrow_c_array__"),
    ],
)
def test_tables_of_any_library_are_taken(
    engine: ComplianceEngine, made: Callable[[pa.Table], Any]
) -> None:
    texts = random.Random(5).choices(["apple", "pear", None, "nothing"], k=9_000)
    table = pa.table({"id": range(9_000), "text": texts})
    found = validate_table(made(table), engine=engine, keep=["id"], jobs=1)
    assert found.schema == result_schema(table.schema, keep=["id"])
    assert found["id"].to_pylist() == list(range(9_000))
    known = {text: expected(text, engine)["risk"] for text in set(texts)}
    assert found["risk"].to_pylist() == [known[text] for text in texts]
    assert len(set(known.values())) > 2


def test_what_speaks_no_arrow_is_refused(engine: ComplianceEngine) -> None:
    with pytest.raises(ScaleError, match="a list does not speak Arrow"):
        validate_table(["apple"], engine=engine)


def test_batches_are_read_one_at_a_time(engine: ComplianceEngine) -> None:
    read: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(3):
            read.append(number)
            yield pa.record_batch({"text": ["apple"]})

    found = validate_batches(batches(), engine=engine)
    assert next(found).num_rows == 1
    assert read == [0]
    assert sum(batch.num_rows for batch in found) == 2


def test_gates_in_sql(engine: ComplianceEngine) -> None:
    duckdb = pytest.importorskip("duckdb")
    texts = ["apple", None, "nothing", "x" * 61]
    with duckdb.connect() as connection:
        register_duckdb(connection, engine=engine, jobs=1)
        connection.execute("CREATE TABLE letters (id INTEGER, text VARCHAR)")
        connection.executemany("INSERT INTO letters VALUES (?, ?)", list(enumerate(texts)))
        asked = "SELECT gatecore_risk(text) FROM letters ORDER BY id"
        found = [risk for (risk,) in connection.execute(asked).fetchall()]
    assert found == [expected(text, engine)["risk"] for text in texts]
    assert found[1] is None
    assert found[0] is not None


def test_without_an_engine_the_default_modules_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = house(tmp_path / "house")
    monkeypatch.setattr("gatecore.scale.spec._DEFAULT", spec)
    found = rows(validate_arrow(pa.record_batch({"text": ["apple"]})))
    assert found == [expected("apple", spec.engine())]
    assert EngineSpec().modules == ()


def test_what_spark_is_given_can_be_sent_and_takes_an_iterator(tmp_path: Path) -> None:
    """Spark and Ray pickle a function with its arguments, and call it in another process."""
    spec = house(tmp_path / "house")
    judge = partial(validate_batches, engine=spec.compile(), keep=["id"], jobs=1)
    batch = pa.record_batch({"id": [1, 2], "text": ["apple", None]})
    with pa.ipc.new_stream(tmp_path / "batches", batch.schema) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch.slice(1))
    (tmp_path / "judge").write_bytes(pickle.dumps(judge))
    done = run_python(
        """
        import pickle, sys
        import pyarrow as pa
        judge = pickle.load(open(sys.argv[1] + "/judge", "rb"))
        with pa.OSFile(sys.argv[1] + "/batches") as file, pa.ipc.open_stream(file) as read:
            found = pa.Table.from_batches(judge(iter(read)))
        with pa.OSFile(sys.argv[1] + "/found", "wb") as file:
            with pa.ipc.new_stream(file, found.schema) as writer:
                writer.write_table(found)
        """,
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    with pa.OSFile(str(tmp_path / "found")) as file, pa.ipc.open_stream(file) as read:
        found = read.read_all()
    engine = spec.engine()
    assert found.schema == result_schema(batch.schema, keep=["id"])
    nothing = expected(None, engine, id=2)
    assert rows(found) == [expected("apple", engine, id=1), nothing, nothing]
