"""Arrow record batches in and out: the one function that every engine for many machines calls.

    batch ─▶ texts ─▶ chunks on all cores ─▶ reports ─▶ columns ─▶ batch, a row for each row

What is wrong with a row is said in the row, so none is ever missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from gatecore.engine.batches import run_many
from gatecore.engine.cpus import usable_cpus
from gatecore.errors import GatecoreError, ScaleError
from gatecore.scale.columns import Columns
from gatecore.scale.schema import kept_names, result_schema
from gatecore.scale.spec import EngineLike, engine_of

if TYPE_CHECKING:
    from gatecore.engine.engine import ComplianceEngine
    from gatecore.engine.report import ValidationReport

__all__ = ["validate_arrow", "validate_batches", "validate_table"]

#: Rows that go to a thread at once: a hop costs as much as a short document.
_CHUNK: Final = 64
#: Rows of one result batch of `validate_table`.
_ROWS: Final = 8_192


def validate_arrow(
    batch: pa.RecordBatch,
    *,
    engine: EngineLike = None,
    text_column: str = "text",
    keep: Sequence[str] | None = None,
    texts: bool = False,
    document_type: str = "unknown",
    jobs: int | None = None,
) -> pa.RecordBatch:
    """What all gates say of a batch of documents: a row for each row, in order.

    The columns that are added are `risk`; `document_hash`; `verdicts`, a list with `gate` (as
    `module/gate`), `status` and `severity` for each gate of the report; `findings`, a list with
    `gate`, `start` and `end` in characters for each that gates as data list; `incomplete`, the
    names of gates that were not finished; and `error`. A row without a report, such as one whose
    text is null, has an `error` and is null in the others. Words are dictionaries. The types
    depend on the arguments alone, see `result_schema`.

    Args:
        batch: The documents. Columns that are kept are not copied.
        engine: An `EngineSpec`, or an engine; the modules that are asked by default if None.
        text_column: The column of texts: string, large string or string view, or a dictionary of
            these, of which each text that occurs is judged once.
        keep: The columns to keep, such as ids; all but the text if None.
        texts: Whether findings have a `text`, in which masked matches are masked.
        document_type: As of `ComplianceEngine.validate_document`.
        jobs: Threads; as many as processors may be used if None. More than one pays if the machine
            has nothing else to do: short documents are a third Python, which shares the GIL.

    Raises:
        ScaleError: A column is missing, of another type, or called as one that is added; `engine`
            is something else.
        ValueError: `jobs` is below 1.

    Costs what `validate_document` does, and 20 to 40 µs a document for 50 gates.

    >>> import pyarrow as pa
    >>> from gatecore.scale import EngineSpec, validate_arrow
    >>> texts = ["By using this site you consent to cookies.", None]
    >>> batch = pa.record_batch({"id": [7, 8], "text": texts})
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
    >>> found = validate_arrow(batch, engine=spec)
    >>> found["id"].to_pylist(), found["risk"].to_pylist(), found["error"].to_pylist()
    ([7, 8], ['HIGH', None], [None, 'the text is null'])
    """
    schema = result_schema(batch.schema, text_column=text_column, keep=keep, texts=texts)
    kept = kept_names(batch.schema, text_column, keep)
    asked = engine_of(engine)
    jobs = usable_cpus() if jobs is None else jobs
    columns = Columns((info.name for info in asked.registry.gates()), texts=texts)
    for one in _rows(batch.column(text_column), asked, document_type, jobs):
        if isinstance(one, str):
            columns.fail(one)
        else:
            columns.add(one)
    return pa.record_batch([*map(batch.column, kept), *columns.arrays()], schema=schema)


def validate_batches(
    batches: Iterable[pa.RecordBatch], *, engine: EngineLike = None, **options: Any
) -> Iterator[pa.RecordBatch]:
    """As `validate_arrow` for one batch after the other: what Spark's `mapInArrow` takes.

    Args:
        batches: Read one at a time.
        engine: As of `validate_arrow`, as are all other arguments.
        options: The other arguments of `validate_arrow`.

    >>> import pyarrow as pa
    >>> from gatecore.scale import EngineSpec, validate_batches
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
    >>> batches = [pa.record_batch({"text": ["Invoice 17."]})] * 2
    >>> [batch["risk"][0].as_py() for batch in validate_batches(batches, engine=spec)]
    ['LOW', 'LOW']
    """
    for batch in batches:
        yield validate_arrow(batch, engine=engine, **options)


def validate_table(data: Any, *, engine: EngineLike = None, **options: Any) -> pa.Table:
    """As `validate_arrow` for a table of any library that speaks Arrow's PyCapsule interface.

    So for `pyarrow.Table`, a DataFrame of Polars or of pandas (2.2 or later), a relation of DuckDB:
    `polars.DataFrame(validate_table(frame))`, `validate_table(frame).to_pandas()`.

    Args:
        data: The table, or a stream of batches.
        engine: As of `validate_arrow`.
        options: The other arguments of `validate_arrow`.

    Raises:
        ScaleError: As `validate_arrow`; `data` does not speak Arrow.

    >>> import pyarrow as pa
    >>> from gatecore.scale import EngineSpec, validate_table
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
    >>> validate_table(pa.table({"text": ["Invoice 17."]}), engine=spec).num_rows
    1
    """
    if hasattr(data, "__arrow_c_stream__"):
        read = pa.RecordBatchReader.from_stream(data)
    elif hasattr(data, "__arrow_c_array__"):
        batch = pa.record_batch(data)
        read = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    else:
        raise ScaleError(
            f"a {type(data).__name__} does not speak Arrow; give a table or a batch of pyarrow"
        )
    names = ("text_column", "keep", "texts")
    shaping = {name: options[name] for name in names if name in options}
    schema = result_schema(read.schema, **shaping)
    parts = (
        batch.slice(start, _ROWS) for batch in read for start in range(0, batch.num_rows, _ROWS)
    )
    return pa.Table.from_batches(validate_batches(parts, engine=engine, **options), schema)


#: A report, or why there is none.
_Row: TypeAlias = "ValidationReport | str"


def _rows(
    column: pa.Array, engine: ComplianceEngine, document_type: str, jobs: int
) -> Iterator[_Row]:
    if not pa.types.is_dictionary(column.type):
        yield from _judged(_texts(column), engine, document_type, jobs)
        return
    numbers = column.indices.to_pylist()
    used = list(dict.fromkeys(numbers))
    words = column.dictionary.take(pa.array(used, column.type.index_type))
    found = dict(zip(used, _judged(_texts(words), engine, document_type, jobs), strict=True))
    for number in numbers:
        yield found[number]


def _judged(
    texts: list[str | bytes | None], engine: ComplianceEngine, document_type: str, jobs: int
) -> Iterator[_Row]:
    def judge(chunk: Sequence[str | bytes | None]) -> list[_Row]:
        return [_row(text, engine, document_type) for text in chunk]

    # The last chunks are short, so that no thread has long nothing to do.
    size = max(1, min(_CHUNK, len(texts) // (4 * max(jobs, 1))))
    chunks = (texts[start : start + size] for start in range(0, len(texts), size))
    for done in run_many(chunks, judge, jobs=jobs):
        if done.value is None:
            assert done.error is not None
            raise done.error
        yield from done.value


def _row(text: str | bytes | None, engine: ComplianceEngine, document_type: str) -> _Row:
    if not isinstance(text, str):
        return "the text is null" if text is None else "the text is not UTF-8"
    try:
        return engine.validate_document(text, document_type=document_type)
    except MemoryError:
        raise
    except GatecoreError as error:
        return str(error)
    except Exception as error:  # what it says may quote the document
        return f"the validation failed with {type(error).__name__}"


def _texts(column: pa.Array) -> list[str | bytes | None]:
    """The texts; bytes where they are not UTF-8, which Arrow does not check."""
    try:
        texts: list[str | bytes | None] = column.to_pylist()
    except UnicodeDecodeError:
        return [_text(one) for one in column]
    return texts


def _text(one: pa.Scalar) -> str | bytes | None:
    try:
        text: str | None = one.as_py()
    except UnicodeDecodeError:
        return b""
    return text
