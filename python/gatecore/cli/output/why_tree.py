"""Why a verdict is what it is, as a tree on a terminal; signs say what colours say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from rich.tree import Tree

from gatecore.cli.output.console import status_text
from gatecore.gates.why.tree import SIGNS
from gatecore.text import shortened, visible

if TYPE_CHECKING:
    from gatecore.gates.why.tree import Why, WhyCondition, Witness

__all__ = ["why_tree"]

_LONGEST: Final = 60


def why_tree(why: Why) -> Tree:
    """The conditions of a gate, each with its sign: ✓ held, ✗ did not, · was not looked at."""
    head = Text("why ", "dim") + Text(visible(why.gate), "bold") + Text(" is ", "dim")
    tree = Tree(head + status_text(why.status), guide_style="dim")
    if why.relevant is not None:
        _add(tree, why.relevant, Text("relevant: ", "bold"))
    for branch in why.branches:
        answer = Text(f"{branch.answer} does not apply", "dim")
        if branch.taken:
            answer = status_text(branch.status) + Text(
                branch.answer.removeprefix(branch.status), "dim"
            )
        if branch.when is None:
            tree.add(_signed(branch.taken, answer + Text(": otherwise")))
        else:
            _add(tree, branch.when, answer + Text(": "))
    return tree


def _add(tree: Tree, condition: WhyCondition, label: Text | None = None) -> None:
    node = tree.add(_signed(condition.held, (label or Text()) + _said(condition.said)))
    shown = condition.shown()
    for reason in shown.reasons.these:
        node.add(_said(reason, "yellow" if condition.held is False else "dim"))
    _add_more(node, shown.reasons.left_out)
    for place in shown.places.these:
        node.add(_said(place))
    _add_more(node, shown.places.left_out)
    for part in shown.parts.these:
        _add(node, part)
    _add_more(node, shown.parts.left_out)


def _add_more(tree: Tree, left_out: int) -> None:
    if left_out:
        tree.add(Text(f"… and {left_out:,} more", "dim"))


def _signed(held: bool | None, line: Text) -> Text:
    return Text(f"{SIGNS[held]} ", "green" if held else "dim") + line


def _said(told: str | Witness, style: str = "") -> Text:
    if isinstance(told, str):
        return Text(visible(told), style)
    place = Text(f"{told.line}:{told.column}", "cyan")
    return place + Text(f" “{shortened(told.text, _LONGEST)}”")
