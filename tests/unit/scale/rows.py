"""The oracle of these tests: a report as the row that it should be, by `to_dict` and `gates`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from gatecore import ComplianceEngine
from gatecore.errors import DocumentTooLargeError
from gatecore.scale import EngineSpec
from tests.support.gates import word_gate

__all__ = ["expected", "house", "rows"]

WORDS = ("apple", "pear", "plum")


def house(folder: Path) -> EngineSpec:
    """Three small gates in files."""
    folder.mkdir(exist_ok=True)
    for word in WORDS:
        status = "WARNING" if word == "plum" else "FAIL"
        (folder / f"{word}.yaml").write_text(word_gate(word, word=word, status=status), "utf-8")
    return EngineSpec(gate_files=(str(folder),), detectors=False)


def rows(batch: pa.RecordBatch | pa.Table) -> list[dict[str, Any]]:
    """The rows as plain data; whatever is wrong with the columns is an error."""
    batch.validate(full=True)
    plain: list[dict[str, Any]] = batch.to_pylist()
    return plain


def expected(
    text: str | None, engine: ComplianceEngine, *, texts: bool = False, **kept: Any
) -> dict[str, Any]:
    """The row of one document, from the report that a single process makes."""
    nothing = dict.fromkeys(("risk", "document_hash", "verdicts", "findings", "incomplete"))
    if text is None:
        return {**kept, **nothing, "error": "the text is null"}
    try:
        report = engine.validate_document(text)
    except DocumentTooLargeError as error:
        return {**kept, **nothing, "error": str(error)}
    plain = report.to_dict()
    gates = {name: result.to_dict() for name, result in report.gates().items()}
    wanted = ("start", "end", "text") if texts else ("start", "end")
    return {
        **kept,
        "risk": plain["overall_risk"],
        "document_hash": plain["document_hash"],
        "verdicts": [
            {"gate": name, "status": one["status"], "severity": one["severity"]}
            for name, one in gates.items()
        ],
        "findings": [
            {"gate": name, **{part: finding[part] for part in wanted}}
            for name, one in gates.items()
            for finding in (one["findings"] if "suggestion" in one else ())
        ],
        "incomplete": plain["incomplete"],
        "error": None,
    }
