"""The JSON Schema of a report, as its file in the package says it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, cast

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `ValidationReport.to_dict` gives; a new dict.

    Its version is the report's `schema_version`.

    >>> from gatecore.engine import schema
    >>> schema()["properties"]["schema_version"]
    {'const': 1}
    """
    text = files("gatecore.engine").joinpath("report.schema.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))
