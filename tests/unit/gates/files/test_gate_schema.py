"""The JSON Schema accepts what the reader accepts, and sees most mistakes of form by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from gatecore import modules
from gatecore.gates.files import schema as schema_files
from gatecore.gates.files.gate_file import MODULE_FILE, SHARED_FILE
from gatecore.gates.files.schema import schema, written
from gatecore.gates.spec import TAKES, UNITS
from tests.unit.gates.files.test_gate_file import BASE, CASES, marked_text

ROOT = Path(__file__).parents[4]
FOLDERS = [*Path(modules.__file__).parent.iterdir(), ROOT / "tests" / "data" / "gates"]
FILES = sorted(
    path for folder in FOLDERS for path in folder.glob("*.yaml") if path.name != MODULE_FILE
)


class _Loader(yaml.SafeLoader):
    """Reads as YAML 1.2, hence editors, do: what looks like a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

GATE = Draft202012Validator(schema())
SHARED = Draft202012Validator(schema("shared"))


def seen(text: str) -> bool:
    """Whether the schema finds a mistake in a gate's text."""
    return not GATE.is_valid(yaml.load(text, Loader=_Loader))


@pytest.mark.parametrize("kind", ["gate", "shared"])
def test_the_schemas_are_schemas(kind: Any) -> None:
    Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("kind", ["gate", "shared"])
def test_the_files_are_what_the_grammar_gives(kind: Any) -> None:
    path = Path(schema_files.__file__).with_name(f"{kind}.schema.json")
    assert path.read_text("utf-8") == written(kind), "run `make schema`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_good_file_is_valid(path: Path) -> None:
    validator = SHARED if path.name == SHARED_FILE else GATE
    loaded = yaml.load(path.read_text("utf-8"), Loader=_Loader)
    assert [error.message for error in validator.iter_errors(loaded)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_schema_sees_each_mistake_unless_its_row_says_no(case: dict[str, Any]) -> None:
    text, _, _ = marked_text(case)
    try:
        found = seen(text)
    except (yaml.YAMLError, ValueError, TypeError):
        found = False  # no YAML, or keys that JSON has no words for
    assert found != case.get("unseen", False)


def test_the_schema_sees_many_mistakes() -> None:
    assert not seen(BASE)
    assert sum(not case.get("unseen", False) for case in CASES) > 90


def test_everything_in_the_schema_is_described() -> None:
    definitions = schema()["$defs"]
    nameless = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value
        and "description" not in definitions.get(value.get("$ref", "").rpartition("/")[2], {})
        and value != {"type": "string", "pattern": r"\S"}
    ]
    assert [name for name in nameless if not name.endswith((".capture", ".conditions"))] == []


def test_the_schema_has_the_words_of_the_data_model() -> None:
    definitions = schema()["$defs"]
    assert tuple(definitions["within"]["properties"]) == UNITS
    assert tuple(definitions["take"]["enum"]) == TAKES
