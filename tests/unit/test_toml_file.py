"""Settings in TOML: each key is found in its line, however tables are named."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.errors import ConfigError
from gatecore.toml_file import TomlFile

KEYS = st.lists(st.from_regex(r"[a-z][a-z_-]{0,5}", fullmatch=True), min_size=1, unique=True)
NAMES = st.lists(st.from_regex(r"[a-z][a-z.0-9-]{0,8}", fullmatch=True), unique=True, max_size=4)


@given(KEYS, NAMES, st.data())
def test_each_key_is_found_in_its_line(
    keys: list[str], names: list[str], data: st.DataObject
) -> None:
    """Of the root and of tables with quoted names, with remarks and empty lines between."""
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    tables: list[tuple[str, ...]] = [(), *(("models", name) for name in names)]
    for table in tables:
        if table:
            lines.append(f'[models . "{table[1]}"]  # a remark')
            expected[table] = len(lines)
        for key in keys:
            lines += data.draw(st.lists(st.sampled_from(["", "# key = 1"]), max_size=2))
            lines.append(f"  {key} = 1")
            name = (*table, key)
            expected[name] = len(lines)
    file = TomlFile.parse("\r\n".join(lines), "a.toml")
    assert {at: file.line(at) for at in expected} == expected
    assert file.line(("nobody",)) is None


def test_what_is_not_found_is_named_by_what_is_around_it() -> None:
    file = TomlFile.parse("x = 1\n[limits]\ninner = {requests = 3}\n", "a.toml")
    assert file.line(("limits", "inner", "requests")) == 3
    assert file.line(("limits", "other")) == 2
    assert str(file.error(("other",), "no")) == "a.toml: no"


def test_numbers_are_made_of_their_text() -> None:
    file = TomlFile.parse("x = 0.10", "a.toml", number=Decimal)
    assert repr(file.plain["x"]) == "Decimal('0.10')"


@pytest.mark.parametrize("text", ["x = ", "x = 1\nx = 2", "x = " + "[" * 5_000])
def test_what_is_not_toml_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^a\.toml: it is"):
        TomlFile.parse(text, "a.toml")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"x = '\xff'")
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        TomlFile.read(str(path))
    with pytest.raises(ConfigError, match=r"none\.toml"):
        TomlFile.read(str(tmp_path / "none.toml"))
