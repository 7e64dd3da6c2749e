"""Which patterns are made of a host's own words: nothing from a document passes for one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from gatecore.hosts.words import HostWords

SOURCE = r"""
WORDS = ["guaranteed returns", "no\s+risk", "field", "Mark the date", "£", "straße"]
SUFFIX = r"(?:s|es)?"
def made(word, gap):
    return rf"\b{word}{SUFFIX}\b.{{0,{gap}}}"  # by hand, 2024
"""


@pytest.fixture
def words(tmp_path: Path) -> HostWords:
    path = tmp_path / "host.py"
    path.write_text(SOURCE, "utf-8")
    spec = importlib.util.spec_from_file_location("host", path)
    assert spec is not None
    return HostWords([importlib.util.module_from_spec(spec), ModuleType("without_a_file")])


@pytest.mark.parametrize(
    "source",
    [
        *(r"\bguaranteed(?:s|es)?\b.{0,60}", r"guaranteed\ returns", r"no risks?"),
        *(r"guaranteed\s+returns", "GUARANTEED RETURNS", r"no\s+risk|field"),
        *(r"(?:field|risk)\W+(?:no|returns)", r"[£]\d{1,3}", r"2024", "mark the date", "straße"),
        "",
    ],
)
def test_what_the_source_says_is_its_own(words: HostWords, source: str) -> None:
    assert words.own(source)


@pytest.mark.parametrize(
    "source",
    [
        *("Alice", "Alices?", r"\balice\b", r"Mark\ Field", r"Mark\s+field", "mark field"),
        *("mark-field", "mark, field", "mark_field", "markfield", "Field", r"\b2025\b"),
        *(r"12\ 34\ 56", "guaranteed risk", r"\bguarantee\b", "[Aa]lice", r"\x41lice"),
        *(r"Al[i]ce", "Zoë", "محمد"),
    ],
)
def test_what_it_does_not_say_is_not(words: HostWords, source: str) -> None:
    """Neither other words nor its words in another neighbourhood."""
    assert not words.own(source)
