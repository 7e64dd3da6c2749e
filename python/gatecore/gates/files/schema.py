"""The JSON Schemas (2020-12) of gate files for editors, written from `grammar`.

    python -m gatecore.gates.files.schema            writes *.schema.json beside this file
    python -m gatecore.gates.files.schema --check    fails if they are not what would be written

Editors use them to complete and check what is typed. They know the form only: a bad pattern or an
unknown group is found by `gate_file.load_gate`.
"""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal

from gatecore.gates.files import grammar, shapes
from gatecore.gates.files.shapes import MAX_NUMBER, Key, Keys, Shape

__all__ = ["schema", "written"]

_WIDTH: Final = 140
_FILES: Final = ("gate", "shared")
_HEAD: Final = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def schema(kind: Literal["gate", "shared"] = "gate") -> dict[str, Any]:
    """The JSON Schema of a gate file or of `_shared.yaml`, complete in itself.

    >>> sorted(schema()["required"])[:3]
    ['gate', 'limits', 'patterns']
    >>> schema("shared")["title"]
    'A gatecore _shared.yaml'
    """
    head = {**_HEAD, "$id": f"{kind}.schema.json"}
    # A gate is what stands at the top, and the title of a module has no schema.
    defs = {
        name: _schema(shape)
        for name, shape in grammar.SHAPES.items()
        if shape not in (grammar.GATE, grammar.MODULE_FILE)
    }
    if kind == "gate":
        return {**head, "title": "A gatecore gate file", **_schema(grammar.GATE), "$defs": defs}
    return {**head, "title": "A gatecore _shared.yaml", **_schema("shared_file"), "$defs": defs}


def written(kind: Literal["gate", "shared"]) -> str:
    """The text of a schema's file; on disk, that of `_shared.yaml` refers to the other one."""
    made = schema(kind)
    if kind == "shared":
        del made["$defs"]
        made["$ref"] = f"gate.schema.json{made['$ref']}"
    return _lines(made) + "\n"


def _schema(shape: Shape | Key | str) -> dict[str, Any]:
    found: dict[str, Any]
    match shape:
        case str():
            return {"$ref": f"#/$defs/{shape}"}
        case Key(of, _, default):
            found = _schema(of) | ({"default": default} if default else {})
        case shapes.Text(_, pattern, longest, or_number):
            found = {"type": ["string", "number"] if or_number else "string"}
            found |= {"pattern": pattern} if pattern else {}
            found |= {"maxLength": longest} if longest else {}
        case shapes.Number(_, least):
            found = {"type": "integer", "minimum": least, "maximum": MAX_NUMBER}
        case shapes.Truth():
            found = {"type": "boolean"}
        case shapes.Words(_, words):
            found = {"enum": list(words)}
        case shapes.Items(of, _, least, most, distinct):
            found = {"type": "array", "items": _schema(of)}
            found |= {"minItems": least} if least else {}
            found |= {"maxItems": most} if most else {}
            found |= {"uniqueItems": True} if distinct else {}
        case shapes.Choice(_, kinds):
            found = {"anyOf": [_schema(kind) for kind in kinds]}
        case shapes.Names(of):
            found = {"type": "object", "minProperties": 1, "propertyNames": _schema("name")}
            found |= {"additionalProperties": _schema(of)}
        case Keys():
            found = _keys(shape)
    return {"description": shape.description, **found} if shape.description else found


def _keys(shape: Keys) -> dict[str, Any]:
    beside = grammar.SHAPES.get(shape.beside)
    conditions = beside.allows if isinstance(beside, Keys) else {}
    keys = {**shape.needs, **shape.allows, **conditions}
    some_of = shape.some_of or tuple(conditions)
    few = len(shape.needs) + 1
    found: dict[str, Any] = {
        "type": "object",
        "properties": {name: _schema(value) for name, value in keys.items()},
        "additionalProperties": False,
    }
    if shape.needs:
        found["required"] = list(shape.needs)
    if shape.one_of == tuple(keys):
        found |= {"minProperties": 1, "maxProperties": 1}
    elif shape.one_of:
        found["oneOf"] = [{"required": [name]} for name in shape.one_of]
    if some_of and len(some_of) + len(shape.needs) == len(keys):
        found["minProperties"] = few
    elif some_of:
        found["anyOf"] = [{"required": [name]} for name in some_of]
    if shape.at_most_one_of:
        pairs = combinations(shape.at_most_one_of, 2)
        found["not"] = {"anyOf": [{"required": list(pair)} for pair in pairs]}
    if shape.together:
        found["dependentRequired"] = {
            name: [other for other in shape.together if other != name] for name in shape.together
        }
    if shape.alone:
        found["dependentSchemas"] = {shape.alone: {"maxProperties": few}}
    return found


def _lines(value: Any, *, indent: int = 0, column: int = 0) -> str:
    """A value as JSON: in one line where that fits, else a line for each key, and lists filled."""
    line = json.dumps(value, ensure_ascii=False)
    if column + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + 2
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            name = f"{json.dumps(key)}: "
            lines.append(name + _lines(item, indent=inner, column=inner + len(name)))
    else:
        for part in (_lines(item, indent=inner, column=inner) for item in value):
            filled = f"{lines[-1]}, {part}" if lines else part
            if lines and "\n" not in filled and inner + len(filled) < _WIDTH:
                lines[-1] = filled
            else:
                lines.append(part)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    start = f"\n{' ' * inner}"
    return f"{opening}{start}" + f",{start}".join(lines) + f"\n{' ' * indent}{closing}"


def main(*, check: bool) -> int:
    """Writes the files, or says which of them differ; the number of these."""
    differ = 0
    for kind in _FILES:
        path = Path(__file__).with_name(f"{kind}.schema.json")
        if check and path.read_text("utf-8") != written(kind):
            print(f"{path} is not what the grammar gives; run `make schema`")
            differ += 1
        elif not check:
            path.write_text(written(kind), "utf-8")
    return differ


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
