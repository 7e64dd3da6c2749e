"""The smallest answer to a schema, with `jsonschema` as the judge."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.testing import smallest

_NUMBERS = st.integers(-20, 20)


def _bounded(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    low, high = sorted(draw(st.tuples(_NUMBERS, _NUMBERS)))
    bounds: dict[str, Any] = {"minimum": low, "maximum": high + 5, "multipleOf": 2}
    chosen = draw(st.sets(st.sampled_from(sorted(bounds))))
    return {"type": kind, **{name: bounds[name] for name in chosen}}


@st.composite
def _plain(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["string", "integer", "number", "boolean", "null", "enum", "const"])
    )
    if kind in ("integer", "number"):
        return _bounded(draw, kind)
    if kind == "string":
        return {"type": kind, "minLength": draw(st.integers(0, 5))}
    values: dict[str, dict[str, Any]] = {
        "enum": {"enum": ["PASS", "FAIL"]},
        "const": {"const": [1, None]},
    }
    return values.get(kind, {"type": kind})


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["id", "verdict", "why"])
    objects = st.builds(
        lambda known, needed: {
            "type": "object",
            "properties": known,
            "required": sorted(needed & set(known)),
            "additionalProperties": False,
        },
        st.dictionaries(names, inner, max_size=3),
        st.sets(names),
    )
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least},
        inner,
        st.integers(0, 3),
    )
    choices = st.builds(
        lambda kind, options: {kind: options},
        st.sampled_from(["anyOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=1),
    )
    several = st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3))
    return st.one_of(objects, arrays, choices, several)


@given(st.recursive(_plain(), _nested, max_leaves=8))
def test_what_is_made_up_fits(schema: dict[str, Any]) -> None:
    """Over nested schemas of the kinds that structured answers may have."""
    jsonschema.validate(smallest(schema), schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/one", "$defs": {"one": {"type": "string", "minLength": 2}}},
        {"type": "string", "format": "date"},
        {"type": ["string", "null"]},
        {"type": "number", "exclusiveMinimum": 3},
        {"type": "integer", "exclusiveMaximum": -3},
        {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1},
        {"oneOf": [{"type": "string", "pattern": "x+"}, {"type": "integer"}]},
        {"allOf": [{"minimum": 3}, {"type": "integer", "minimum": 5}]},
        {"properties": {"a": {"type": "null"}}, "required": ["a"]},
        True,
    ],
)
def test_other_words_of_json_schema(schema: Any) -> None:
    jsonschema.validate(
        smallest(schema), schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_a_list_of_items_with_ids_has_one_for_each() -> None:
    """Each question of a group gets an answer."""
    item = {
        "type": "object",
        "properties": {"id": {"enum": ["a", "b"]}, "sure": {"type": "boolean"}},
        "required": ["id", "sure"],
    }
    got = smallest({"type": "array", "items": item})
    assert got == [{"id": "a", "sure": False}, {"id": "b", "sure": False}]


_ENDLESS = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "x+"},
        {"not": {"type": "string"}},
        {"$ref": "https://example.org/schema"},
        {"$ref": "#"},
        {"anyOf": [{"pattern": "x"}]},
        _ENDLESS,
    ],
)
def test_what_cannot_be_made_up_says_so(schema: dict[str, Any]) -> None:
    """And what to do: give an answer."""
    with pytest.raises(ValueError, match="give `answer=`"):
        smallest(schema)
