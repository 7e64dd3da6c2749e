"""Why a verdict is what it is, as a tree on a terminal; signs say what colours say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from rich.tree import Tree

from gatecore.cli.output.console import status_text
from gatecore.text import shortened, visible

if TYPE_CHECKING:
    from gatecore.gates.why.tree import Why, WhyCondition, Witness

__all__ = ["why_tree"]

_MOST: Final = 5
_LONGEST: Final = 60
_SIGNS: Final = {True: ("✓", "green"), False: ("✗", "dim"), None: ("·", "dim")}


def why_tree(why: Why) -> Tree:
    """The conditions of a gate, each with its sign: ✓ held, ✗ did not, · was not looked at."""
    head = Text("why ", "dim") + Text(visible(why.gate), "bold") + Text(" is ", "dim")
    tree = Tree(head + status_text(why.status), guide_style="dim")
    if why.relevant is not None:
        _add(tree, why.relevant, Text("relevant: ", "bold"))
    for branch in why.branches:
        answer = status_text(branch.status)
        if branch.severity != "none":
            answer = answer + Text(f" {branch.severity}", "dim")
        if not branch.taken:
            answer = Text(f"{answer.plain} does not apply", "dim")
        if branch.when is None:
            tree.add(_signed(branch.taken, answer + Text(": otherwise")))
        else:
            _add(tree, branch.when, answer + Text(": "))
    return tree


def _add(tree: Tree, condition: WhyCondition, label: Text | None = None) -> None:
    # Around each match the same is asked, which the line above has said.
    said = Text(visible(condition.says)) if condition.at is None else _spot(condition.at)
    node = tree.add(_signed(condition.held, (label or Text()) + said))
    for reason in condition.reasons[:_MOST]:
        node.add(Text(visible(reason), "yellow" if condition.held is False else "dim"))
    _add_more(node, len(condition.reasons))
    if untold := condition.untold:
        for witness in untold[:_MOST]:
            node.add(_spot(witness))
        _add_more(node, condition.found_in_all)
    # Surroundings of many matches are cut; the parts of a condition are what it is made of.
    many = condition.parts[:_MOST] if any(part.at for part in condition.parts) else condition.parts
    for part in many:
        _add(node, part)
    _add_more(node, condition.parts_in_all, len(many))


def _add_more(tree: Tree, in_all: int, shown: int = _MOST) -> None:
    if in_all > shown:
        tree.add(Text(f"… and {in_all - shown:,} more", "dim"))


def _signed(held: bool | None, line: Text) -> Text:
    sign, style = _SIGNS[held]
    return Text(f"{sign} ", style) + line


def _spot(witness: Witness) -> Text:
    place = Text(f"{witness.line}:{witness.column}", "cyan")
    return place + Text(f" “{shortened(witness.text, _LONGEST)}”")
