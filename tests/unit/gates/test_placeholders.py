"""Placeholders: how a template is cut, and how what was found is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.gates.placeholders import (
    LONGEST,
    Placeholder,
    TemplateError,
    display,
    parse,
    placeholders,
    render,
)


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{fee}", (Placeholder("fee"),)),
        ("{fee.count}{fee.amount}", (Placeholder("fee", "count"), Placeholder("fee", "amount"))),
        ("a {{b}} c", ("a {b} c",)),
        ("{{{fee}}}", ("{", Placeholder("fee"), "}")),
        ("{fee.Größe_2}", (Placeholder("fee", "Größe_2"),)),
        ("two\nlines", ("two\nlines",)),
    ],
)
def test_a_template_is_cut_into_texts_and_placeholders(
    template: str, parts: tuple[str | Placeholder, ...]
) -> None:
    assert parse(template) == parts
    assert placeholders(template) == tuple(p for p in parts if isinstance(p, Placeholder))


@pytest.mark.parametrize(
    "template",
    [
        *("{", "}", "{}", "{Fee}", "{fee", "fee}", "{fee.}", "{fee.1}", "{fee.a.b}", "{ fee }"),
        "{{fee}",
    ],
)
def test_a_brace_that_means_nothing_is_refused(template: str) -> None:
    with pytest.raises(TemplateError, match=r"a placeholder|no placeholder"):
        parse(template)
    with pytest.raises(TemplateError):
        render(template, lambda _: "")


def test_a_capture_is_neither_the_text_nor_the_number() -> None:
    assert [p.capture for p in placeholders("{a}{a.count}{a.b}")] == ["", "", "b"]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (None, "–"),
        (0, "0"),
        ("", ""),
        (" a\u00a0\t b\r\n", "a b"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("x " * 40, ("x " * 40).strip()),
        ("x " * 41, "x " * 39 + "x…"),
        ("x " * 1_000_000, "x " * 39 + "x…"),
    ],
)
def test_what_was_found_is_shown_in_one_short_line(found: str | int | None, shown: str) -> None:
    assert display(found) == shown


@given(st.text())
def test_doubled_braces_render_as_they_were(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert render(doubled, lambda _: None) == text


@given(st.text(alphabet="{}a.b "), st.text())
def test_what_was_found_is_never_read_as_a_template(template: str, found: str) -> None:
    try:
        parts = parse(template)
    except TemplateError:
        return
    expected = "".join(part if isinstance(part, str) else display(found) for part in parts)
    assert render(template, lambda _: found) == expected
    assert len(display(found)) <= LONGEST
