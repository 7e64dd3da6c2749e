"""A small answer that a JSON schema takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

__all__ = ["smallest"]

_FORMATS: Final = {
    "date": "2000-01-01",
    "date-time": "2000-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "a@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.org",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEPTH: Final = 64


def smallest(schema: Mapping[str, Any]) -> Any:
    """About the smallest value that fits, the same each time.

    Only what is required is there, of an enumeration the first, of texts and lists the shortest.
    One exception: a list whose items have an `id` out of an enumeration gets an item for each id,
    as that is how questions are asked in groups.

    Raises:
        ValueError: The schema asks for what cannot be made up (`pattern`, `not`, a foreign `$ref`),
            or has no end.

    >>> smallest({"type": "object", "required": ["verdict"],
    ...           "properties": {"verdict": {"enum": ["PASS", "FAIL"]}, "why": {"type": "string"}}})
    {'verdict': 'PASS'}
    """
    return _made(schema, schema, _DEPTH)


def _made(schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    if depth == 0:
        raise ValueError("the schema is nested too deep, or has no end: give `answer=`")
    if schema is True or schema == {}:
        return None
    schema = _resolved(schema, root, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            rest = {key: value for key, value in schema.items() if key != choice}
            return _first(schema[choice], rest, root, depth)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    return _of_kind(kind[0] if isinstance(kind, list) else kind, schema, root, depth)


def _resolved(schema: Any, root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """A schema without `$ref` and `allOf` at its top."""
    if not isinstance(schema, Mapping) or "pattern" in schema or "not" in schema:
        raise ValueError("the schema asks for what cannot be made up: give `answer=`")
    whole = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
    others = list(schema.get("allOf", ()))
    if "$ref" in schema:
        others.append(_referred(schema["$ref"], root))
    for other in others:
        if depth == 0:
            raise ValueError("the schema refers to itself: give `answer=`")
        whole = _both(whole, _resolved(other, root, depth - 1))
    return whole


def _referred(name: str, root: Mapping[str, Any]) -> Any:
    if not name.startswith("#"):
        raise ValueError("the schema refers to another document: give `answer=`")
    value: Any = root
    for step in filter(None, name[1:].split("/")):
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    for key in ("properties", "$defs"):
        if key in one and key in other:
            merged[key] = {**one[key], **other[key]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    for key, choose in (("minimum", max), ("minLength", max), ("minItems", max), ("maximum", min)):
        if key in one and key in other:
            merged[key] = choose(one[key], other[key])
    return merged


def _first(choices: list[Any], rest: dict[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    for choice in choices:
        try:
            return _made(_both(rest, _resolved(choice, root, depth)), root, depth - 1)
        except ValueError:
            continue
    raise ValueError("no choice of the schema can be made up: give `answer=`")


def _of_kind(kind: str, schema: dict[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    if kind == "object":
        known = schema.get("properties", {})
        return {
            name: _made(known.get(name, True), root, depth - 1)
            for name in dict.fromkeys(schema.get("required", ()))
        }
    if kind == "array":
        return _items(schema, root, depth)
    if kind == "string":
        text = _FORMATS.get(schema.get("format", ""), "")
        return text.ljust(schema.get("minLength", 0), "a")
    if kind in ("integer", "number"):
        return _number(kind, schema)
    return False if kind == "boolean" else None


def _items(schema: dict[str, Any], root: Mapping[str, Any], depth: int) -> list[Any]:
    first = schema.get("prefixItems", ())
    items = schema.get("items", True)
    made = [_made(item, root, depth - 1) for item in first[: schema.get("minItems", 0)]]
    if not first and isinstance(items, Mapping):
        whole = _resolved(items, root, depth)
        named = whole.get("properties", {}).get("id")
        ids = _resolved(named, root, depth).get("enum", ()) if isinstance(named, Mapping) else ()
        if ids:
            one = _made(whole, root, depth - 1)
            made = [{**one, "id": name} for name in ids[: schema.get("maxItems", len(ids))]]
    while len(made) < schema.get("minItems", 0):
        made.append(_made(items, root, depth - 1))
    return made


def _number(kind: str, schema: dict[str, Any]) -> int | float:
    """The one that fits and is next to 0, with steps of 1 or of `multipleOf`."""
    step = schema.get("multipleOf", 1)
    least, most = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        least = max(schema["exclusiveMinimum"] + step, least or schema["exclusiveMinimum"] + step)
    if "exclusiveMaximum" in schema:
        most = min(schema["exclusiveMaximum"] - step, most or schema["exclusiveMaximum"] - step)
    value: int | float = 0
    if least is not None and least > 0:
        value = ceil(least / step) * step if "multipleOf" in schema or kind == "integer" else least
    elif most is not None and most < 0:
        value = -ceil(-most / step) * step if "multipleOf" in schema or kind == "integer" else most
    return int(value) if kind == "integer" else value
