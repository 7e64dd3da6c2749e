"""A DuckDB function: gates in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gatecore.scale.arrow import validate_arrow
from gatecore.scale.spec import EngineLike, engine_of

if TYPE_CHECKING:
    import duckdb

__all__ = ["register_duckdb"]


def register_duckdb(
    connection: duckdb.DuckDBPyConnection,
    name: str = "gatecore_risk",
    *,
    engine: EngineLike = None,
    jobs: int | None = None,
) -> None:
    """Gives a connection of DuckDB a function from a text to its overall risk.

    A null text, and one that cannot be judged, is null. DuckDB hands over 2,048 texts at a time.

    Args:
        connection: The connection.
        name: What the function is called in SQL.
        engine: As of `validate_arrow`.
        jobs: Likewise.

    >>> import duckdb
    >>> from gatecore.scale import EngineSpec, register_duckdb
    >>> connection = duckdb.connect()
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
    >>> register_duckdb(connection, engine=spec)
    >>> text = "By using this site you consent to cookies."
    >>> connection.execute("SELECT gatecore_risk(?)", [text]).fetchone()
    ('HIGH',)
    """
    asked = engine_of(engine)

    def risk(texts: pa.ChunkedArray) -> pa.Array:
        batch = pa.record_batch({"text": texts.combine_chunks()})
        return validate_arrow(batch, engine=asked, jobs=jobs)["risk"].dictionary_decode()

    create: Any = connection.create_function  # its types know no names of types
    create(name, risk, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")
