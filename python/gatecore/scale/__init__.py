"""Beyond one process: Arrow record batches in and out, files, other people's engines.

spec        EngineSpec: an engine that can be sent
schema      the columns of a result;  columns: reports → columns
arrow       validate_arrow, and the same for streams and tables;  duck: the same in SQL
files       which file becomes which;  one_file: a Parquet file read, judged, written
worker      a process that does so;  pool: processes, and what is done when one dies
running     run: folders in, folders out, with a manifest

A file uses only those above it. Needs pyarrow: `pip install 'gatecore-re[arrow]'`.
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: nothing is imported that is not used
if TYPE_CHECKING:
    from gatecore.scale.arrow import validate_arrow, validate_batches, validate_table
    from gatecore.scale.duck import register_duckdb
    from gatecore.scale.running import FileOutcome, RunReport, run
    from gatecore.scale.schema import result_schema
    from gatecore.scale.spec import EngineSpec

_HOMES = {
    "arrow": "validate_arrow validate_batches validate_table",
    "duck": "register_duckdb",
    "running": "FileOutcome RunReport run",
    "schema": "result_schema",
    "spec": "EngineSpec",
}

__all__ = [
    "EngineSpec",
    "FileOutcome",
    "RunReport",
    "register_duckdb",
    "result_schema",
    "run",
    "validate_arrow",
    "validate_batches",
    "validate_table",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
