"""Why a verdict is what it is, as plain indented lines: what `print(report.why(…))` shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gatecore.gates.placeholders import display

if TYPE_CHECKING:
    from gatecore.gates.why.explain import Why, WhyCondition, Witness

__all__ = ["lines_of"]

_SIGNS: Final = {True: "✓", False: "✗", None: "·"}
_MOST: Final = 5


def lines_of(why: Why) -> Iterator[str]:
    """✓ held, ✗ did not, · was not looked at; long lists are cut and say so."""
    yield f"{why.module}/{why.gate} is {why.status}"
    if why.relevant is not None:
        yield from _condition(why.relevant, "  ", "relevant: ")
    for branch in why.branches:
        severity = "" if branch.severity == "none" else f" {branch.severity}"
        answer = f"{branch.status}{severity}{'' if branch.taken else ' does not apply'}"
        if branch.when is None:
            yield f"  ✓ {answer}: otherwise"
        else:
            yield from _condition(branch.when, "  ", f"{answer}: ")


def _condition(condition: WhyCondition, indent: str, label: str = "") -> Iterator[str]:
    # Around each match the same is asked, which the line above has said.
    said = condition.says if condition.at is None else _spot(condition.at)
    yield f"{indent}{_SIGNS[condition.held]} {label}{said}"
    indent += "    "
    for reason in condition.reasons[:_MOST]:
        yield f"{indent}{reason}"
    yield from _more(indent, len(condition.reasons), _MOST)
    if untold := condition.untold:
        for witness in untold[:_MOST]:
            yield f"{indent}{_spot(witness)}"
        yield from _more(indent, condition.found_in_all, _MOST)
    many = any(part.at for part in condition.parts)
    parts = condition.parts[:_MOST] if many else condition.parts
    for part in parts:
        yield from _condition(part, indent)
    yield from _more(indent, condition.parts_in_all, len(parts))


def _more(indent: str, in_all: int, shown: int) -> Iterator[str]:
    if in_all > shown:
        yield f"{indent}… and {in_all - shown:,} more"


def _spot(witness: Witness) -> str:
    return f"{witness.line}:{witness.column} “{display(witness.text)}”"
