"""The columns of a result: the same types whatever a batch holds, so that files fit together."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import pyarrow as pa

from gatecore.errors import ScaleError

__all__ = ["RESULTS", "check_text_type", "kept_names", "result_schema"]

#: The columns that are added, in order.
RESULTS: Final = ("risk", "document_hash", "verdicts", "findings", "incomplete", "error")

#: Few words each time, so each is said once a batch. A policy or a Python gate may have its own.
WORD: Final = pa.dictionary(pa.int16(), pa.string())
STATUS: Final = pa.dictionary(pa.int8(), pa.string())
GATE: Final = pa.dictionary(pa.int32(), pa.string())


def _list(kind: pa.DataType) -> pa.ListType:
    """A list as Parquet names it, so that a file has the schema of the batches in it."""
    return pa.list_(pa.field("element", kind))


VERDICT: Final = pa.struct([("gate", GATE), ("status", STATUS), ("severity", WORD)])
VERDICTS: Final = _list(VERDICT)
INCOMPLETE: Final = _list(pa.string())
_PLACE: Final = (("gate", GATE), ("start", pa.int64()), ("end", pa.int64()))


def findings_type(texts: bool) -> pa.ListType:
    """The type of the findings of a document."""
    return _list(pa.struct([*_PLACE, ("text", pa.string())] if texts else _PLACE))


def result_schema(
    schema: pa.Schema,
    *,
    text_column: str = "text",
    keep: Sequence[str] | None = None,
    texts: bool = False,
) -> pa.Schema:
    """The schema of what comes of batches with this schema.

    Args:
        schema: That of the batches.
        text_column: As of `validate_arrow`; so are the others.
        keep: Likewise.
        texts: Likewise.

    Raises:
        ScaleError: A column is missing, of another type, or called as one that is added.

    >>> import pyarrow as pa
    >>> from gatecore.scale import result_schema
    >>> result_schema(pa.schema([("id", pa.int64()), ("text", pa.string())])).names
    ['id', 'risk', 'document_hash', 'verdicts', 'findings', 'incomplete', 'error']
    """
    kept = kept_names(schema, text_column, keep)
    check_text_type(schema.field(text_column).type, text_column)
    return pa.schema(
        [
            *map(schema.field, kept),
            pa.field("risk", WORD),
            pa.field("document_hash", pa.string()),
            pa.field("verdicts", VERDICTS),
            pa.field("findings", findings_type(texts)),
            pa.field("incomplete", INCOMPLETE),
            pa.field("error", pa.string()),
        ]
    )


def kept_names(schema: pa.Schema, text_column: str, keep: Sequence[str] | None) -> tuple[str, ...]:
    """The columns that are kept: those named, or all but the text.

    Raises:
        ScaleError: A column is missing, or called as one that is added.
    """
    if isinstance(keep, str):
        raise ScaleError(f"keep is {keep!r}: give a list of columns, [{keep!r}]")
    names = schema.names
    kept = tuple(name for name in names if name != text_column) if keep is None else tuple(keep)
    for name in (text_column, *kept):
        if (count := names.count(name)) != 1:
            raise ScaleError(
                _missing(name, names) if not count else f"{count} columns are {name!r}"
            )
    for name in kept:
        if name in RESULTS or kept.count(name) > 1:
            raise ScaleError(
                f"the result has a column {name!r} already; rename it, or leave it out"
            )
    return kept


def check_text_type(kind: pa.DataType, name: str) -> None:
    """Raises `ScaleError` unless a column is text, plainly or by a dictionary, or all null."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (
        pa.types.is_string(inner)
        or pa.types.is_large_string(inner)
        or pa.types.is_string_view(inner)
        or pa.types.is_null(inner)
    ):
        raise ScaleError(f"column {name!r} is {kind}, not text; cast it to a string")


def _missing(name: object, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1) if isinstance(name, str) else []
    if close:
        return f"there is no column {name!r}; did you mean {close[0]!r}?"
    return f"there is no column {name!r}; there are {', '.join(map(repr, names)) or 'none'}"
