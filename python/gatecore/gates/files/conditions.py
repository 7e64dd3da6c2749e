"""Conditions in a gate file: a method for each word, refusing what could never or always hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, cast

from gatecore.gates import spec
from gatecore.gates.files import grammar
from gatecore.gates.files.groups import Groups
from gatecore.gates.files.shapes import Keys
from gatecore.gates.files.yaml_nodes import Node, YamlFile, shown
from gatecore.gates.spec import Condition, Unit, Window

__all__ = ["Conditions"]

_Pairs = Sequence[tuple[str, Node, Node]]


class _Scope(NamedTuple):
    """The key that a condition stands in, and the conditions that may stand there."""

    key: str
    shape: Keys


_OF_GROUPS: Final[Mapping[str, Callable[[tuple[str, ...]], Condition]]] = {
    "any": spec.AnyOf,
    "all": spec.AllOf,
    "none": spec.NoneOf,
}
_WHOLE_DOCUMENT: Final = _Scope("", grammar.CONDITION)
_SURROUNDINGS: Final = {key: _Scope(key, grammar.CONDITION_NEAR) for key in ("near", "inside")}


class Conditions:
    """Reads the conditions of one gate, whose groups are known."""

    def __init__(self, file: YamlFile, groups: Groups) -> None:
        self.file = file
        self.groups = groups

    def read(self, node: Node, what: str, scope: _Scope = _WHOLE_DOCUMENT) -> Condition:
        """A mapping of one or more conditions; several must all hold."""
        pairs = self.file.pairs(node, what, example=scope.shape.example)
        return self._all_of(node, pairs, what, scope)

    def optional(self, keys: Mapping[str, Node], key: str, what: str) -> Condition | None:
        """The condition under a key; None without it."""
        return self.read(keys[key], what) if key in keys else None

    def surroundings(self, key: str, node: Node, what: str) -> tuple[Window, Condition]:
        """What `near` or `inside` of evidence asks of a match, which is not named there."""
        if key == "inside":
            return Window("inside", None, 0), self.read(node, what, _SURROUNDINGS[key])
        own, rest = self._own(node, what, grammar.NEAR_EVIDENCE)
        window = self._window(own, what)
        when = self._all_of(node, rest, what, _SURROUNDINGS[key])
        self._refuse_endless_equals(window, when, node, what)
        return window, when

    def _own(
        self, node: Node, what: str, shape: Keys
    ) -> tuple[dict[str, Node], list[tuple[str, Node, Node]]]:
        """The keys of a mapping that are its own, and the conditions beside them."""
        pairs = self.file.pairs(node, what)
        for key, key_node, _ in pairs:
            self.file.known_key(key, key_node, what, (*shape.names, *grammar.CONDITION.names))
        own = {key: value for key, _, value in pairs if key in shape.names}
        return own, [pair for pair in pairs if pair[0] not in own]

    def _all_of(self, node: Node, pairs: _Pairs, what: str, scope: _Scope) -> Condition:
        if not pairs:
            raise self.file.error(
                node, f"{what} has no condition", "add one, such as `any: …` or `none: …`"
            )
        conditions = []
        for key, key_node, value_node in pairs:
            self.file.known_key(key, key_node, what, grammar.CONDITION.names)
            if key not in scope.shape.names:
                raise self.file.error(
                    key_node, f"'{key}' cannot stand in '{scope.key}'", _why_not(key, scope)
                )
            conditions.append(self._one(key, value_node, f"'{key}' of {what}", scope))
        return conditions[0] if len(conditions) == 1 else spec.Every(tuple(conditions))

    def _one(self, key: str, node: Node, what: str, scope: _Scope) -> Condition:
        if key in _OF_GROUPS:
            return _OF_GROUPS[key](self.groups.named(node, what))
        match key:
            case "every":
                return spec.Every(self._several(node, what, scope))
            case "either":
                return spec.Either(self._several(node, what, scope))
            case "not":
                return spec.Not(self.read(node, what, scope))
            case "at_least":
                return self._at_least(node, what, scope)
            case "count":
                return self._count(node, what)
            case "near" | "inside":
                return self._around(key, node, what)
            case "order":
                return self._order(node, what)
            case "in_first" | "in_last":
                return self._part(key, node, what)
            case "document":
                return self._document(node, what)
            case "sentences":
                return self._sentences(node, what)
            case "average_sentence":
                return self._average(node, what)
            case _:
                return self._compare(node, what)

    def _several(self, node: Node, what: str, scope: _Scope) -> tuple[Condition, ...]:
        return tuple(self.read(item, what, scope) for item in self.file.items(node, what))

    # How many

    def _at_least(self, node: Node, what: str, scope: _Scope) -> spec.AtLeast | spec.Enough:
        keys = self.file.mapping(node, what, grammar.AT_LEAST)
        if len(keys) != 2:
            found = "both" if len(keys) == 3 else "neither"
            raise self.file.error(
                node,
                f"{what} must have 'of' or 'conditions', not {found}",
                "write `of: <groups>` to count patterns, `conditions: […]` to count those",
            )
        count = self.file.whole_number(keys["count"], f"count of {what}")
        made: spec.AtLeast | spec.Enough
        if "of" in keys:
            groups = self.groups.named(keys["of"], what)
            most, things = self.groups.number_of_patterns(groups), "patterns"
            made = spec.AtLeast(count, groups)
        else:
            conditions = self._several(keys["conditions"], what, scope)
            most, things = len(conditions), "conditions"
            made = spec.Enough(count, conditions)
        if count > most:
            raise self.file.error(
                keys["count"],
                f"{what} can never hold: it asks for {count} of {most} {things}",
                f"lower the count or add {things}",
            )
        return made

    def _count(self, node: Node, what: str) -> spec.Count:
        keys = self.file.mapping(node, what, grammar.COUNT)
        return spec.Count(self.groups.named(keys["of"], what), self._bounds(node, keys, what))

    def _range(self, node: Node, what: str, *, least: int = 0) -> spec.Bounds:
        """The bounds of a mapping that has nothing else."""
        keys = self.file.mapping(node, what, grammar.BOUNDS)
        return self._bounds(node, keys, what, least=least)

    def _bounds(
        self, node: Node, keys: Mapping[str, Node], what: str, *, least: int = 0
    ) -> spec.Bounds:
        """The range that a mapping states; what is counted is never less than `least`."""
        file = self.file
        stated = {
            key: file.whole_number(keys[key], f"{key} of {what}", at_least=0)
            for key in grammar.BOUNDS.names
            if key in keys
        }
        if "exactly" in stated and len(stated) > 1:
            raise file.error(
                keys["exactly"], f"{what} has 'exactly' and another bound", "keep one of them"
            )
        if not stated:
            raise file.error(
                node, f"{what} has no bound", "add `at_least: …`, `at_most: …` or `exactly: …`"
            )
        low = stated.get("exactly", stated.get("at_least", 0))
        high = stated.get("exactly", stated.get("at_most"))
        if low == 0 and high is None:
            raise file.error(
                keys["at_least"], f"{what} always holds: nothing is below 0", "raise at_least"
            )
        if high is not None and high < max(low, least):
            which = keys.get("exactly", keys.get("at_most", node))
            floor = f"{low:,}" if low > least else f"{least:,}, which is the least there is"
            raise file.error(
                which, f"{what} can never hold: {high:,} is below {floor}", "correct the bounds"
            )
        return spec.Bounds(low, high)

    # Where

    def _around(self, key: Literal["near", "inside"], node: Node, what: str) -> spec.Around:
        shape = grammar.NEAR if key == "near" else grammar.INSIDE
        own, rest = self._own(node, what, shape)
        self.file.need(node, what, own, shape)
        groups = self.groups.named(own["of"], what)
        window = self._window(own, what) if key == "near" else Window("inside", None, 0)
        when = self._all_of(node, rest, what, _SURROUNDINGS[key])
        self._refuse_endless_equals(window, when, node, what)
        return spec.Around(groups, window, when)

    def _refuse_endless_equals(
        self, window: Window, when: Condition, node: Node, what: str
    ) -> None:
        """Finding a value common to two lists reads all of their values again for each match."""
        if window.side == "inside" or window.unit is not None:
            return
        for each in spec.within(when):
            match each:
                case spec.Compare(relation="equals", right=spec.Captured()):
                    raise self.file.error(
                        node,
                        f"{what} compares captures for being equal at any distance",
                        "say how near: `within: {characters: 500}`",
                    )

    def _order(self, node: Node, what: str) -> spec.Around:
        keys = self.file.mapping(node, what, grammar.ORDER)
        first = self.groups.named(keys["first"], f"'first' of {what}")
        unit, distance = self._distance(keys, what)
        then = self.groups.named(keys["then"], f"'then' of {what}")
        return spec.Around(first, Window("after", unit, distance), spec.AnyOf(then))

    def _window(self, keys: Mapping[str, Node], what: str) -> Window:
        side = grammar.NEAR.default("side")
        if "side" in keys:
            side = self.file.word(
                keys["side"], f"side of {what}", grammar.SIDE.words, called="side"
            )
        return Window(cast(spec.Side, side), *self._distance(keys, what))

    def _distance(self, keys: Mapping[str, Node], what: str) -> tuple[Unit | None, int]:
        if "within" not in keys:
            return None, 0
        what = f"'within' of {what}"
        unit, node = self._unit(keys["within"], what, grammar.WITHIN)
        return unit, self.file.whole_number(node, f"{unit} of {what}", at_least=0)

    def _unit(self, node: Node, what: str, shape: Keys) -> tuple[Unit, Node]:
        """The one key of a mapping, which is a unit, and its value."""
        return self._only_unit(node, self.file.mapping(node, what, shape), what, shape)

    def _only_unit(
        self, node: Node, keys: Mapping[str, Node], what: str, shape: Keys
    ) -> tuple[Unit, Node]:
        unit = self.file.one_of(node, what, keys, shape, "unit")
        return cast(Unit, unit), keys[unit]

    def _part(self, key: Literal["in_first", "in_last"], node: Node, what: str) -> spec.Part:
        own, rest = self._own(node, what, grammar.PART)
        unit, amount = self._only_unit(node, own, what, grammar.PART)
        edge: Literal["first", "last"] = "first" if key == "in_first" else "last"
        number = self.file.whole_number(amount, f"{unit} of {what}")
        when = self._all_of(node, rest, what, _Scope(key, grammar.CONDITION_PART))
        return spec.Part(edge, unit, number, when)

    # How long

    def _document(self, node: Node, what: str) -> spec.DocumentLength:
        unit, bounds = self._unit(node, what, grammar.DOCUMENT)
        return spec.DocumentLength(unit, self._range(bounds, f"{unit} of {what}"))

    def _sentences(self, node: Node, what: str) -> spec.SentenceLength:
        keys = self.file.mapping(node, what, grammar.SENTENCES)
        unit, bounds = self._sentence_bounds(node, keys, what)
        count = spec.Bounds(1, None)
        if "count" in keys:
            count = self._range(keys["count"], f"count of {what}")
        return spec.SentenceLength(unit, bounds, count)

    def _average(self, node: Node, what: str) -> spec.Average:
        keys = self.file.mapping(node, what, grammar.AVERAGE_SENTENCE)
        return spec.Average(*self._sentence_bounds(node, keys, what))

    def _sentence_bounds(
        self, node: Node, keys: Mapping[str, Node], what: str
    ) -> tuple[Literal["characters", "words"], spec.Bounds]:
        unit, bounds = self._only_unit(node, keys, what, grammar.SENTENCES)
        # A sentence that is counted has a word in it.
        made = self._range(bounds, f"{unit} of {what}", least=1)
        return cast(Literal["characters", "words"], unit), made

    # Captured values

    def own_capture(
        self, groups: tuple[str, ...], node: Node, what: str
    ) -> tuple[Window, Condition]:
        """What `compare` of evidence asks of what a match of its groups captured itself."""
        keys = self.file.mapping(node, what, grammar.OWN_COMPARE)
        capture = self.file.text(keys["capture"], f"capture of {what}")
        self.groups.need_capture(groups, capture, keys["capture"])
        compare = self._relation(spec.Captured(groups, capture), keys, node, what)
        if not isinstance(compare.right, str):
            raise self.file.error(
                keys[compare.relation],
                f"'{compare.relation}' of {what} must be a value",
                "write what each match is compared with, such as '£100'",
            )
        return Window("itself", None, 0), compare

    def _compare(self, node: Node, what: str) -> spec.Compare:
        keys = self.file.mapping(node, what, grammar.COMPARE)
        return self._relation(self._captured(keys, what), keys, node, what)

    def _relation(
        self, left: spec.Captured, keys: Mapping[str, Node], node: Node, what: str
    ) -> spec.Compare:
        file = self.file
        word = file.word(keys["as"], f"as of {what}", grammar.KIND.words, called="kind of value")
        kind = cast(spec.ValueKind, word)
        relation = file.one_of(node, what, keys, grammar.COMPARE, "relation")
        value = keys[relation]
        if kind == "words" and relation not in ("equals", "differs_from"):
            raise file.error(
                keys["as"],
                f"{what} compares words, which are neither above nor below others",
                "write `equals` or `differs_from`",
            )
        right: str | spec.Captured
        if file.is_mapping(value):
            inner = f"'{relation}' of {what}"
            right = self._captured(file.mapping(value, inner, grammar.CAPTURED), inner)
        else:
            right = self._value(value, kind, f"'{relation}' of {what}")
        return spec.Compare(left, kind, cast(spec.Relation, relation), right)

    def _captured(self, keys: Mapping[str, Node], what: str) -> spec.Captured:
        groups = self.groups.named(keys["of"], what)
        capture = self.file.text(keys["capture"], f"capture of {what}")
        self.groups.need_capture(groups, capture, keys["capture"])
        return spec.Captured(groups, capture)

    def _value(self, node: Node, kind: spec.ValueKind, what: str) -> str:
        # Values have a grammar of their own, which few gates need.
        from gatecore.gates.values import parse

        text = self.file.literal(node, what)
        if len(text) > _LONGEST_VALUE or parse(text, kind) is None:
            raise self.file.error(
                node,
                f"{what} is not {_A_KIND[kind]}: '{shown(text)}'",
                f"write it as {_SUCH_AS[kind]}",
            )
        return text


_LONGEST_VALUE: Final = 200
_A_KIND: Final[Mapping[spec.ValueKind, str]] = {
    "number": "a number",
    "money": "an amount of money",
    "date": "a date",
    "words": "a text",
}
_SUCH_AS: Final[Mapping[spec.ValueKind, str]] = {
    "number": "12, 1,250.5, 7.5% or twenty-one",
    "money": "'£1,250', '€3.5m', '30p' or 100",
    "date": "2025-01-31, '31/1/2025' or '31 January 2025'",
    "words": "words in quotes",
}


def _why_not(key: str, scope: _Scope) -> str:
    if key in grammar.LENGTHS:
        return "it speaks of the whole document; write it beside, in `every`"
    if scope.key in grammar.PARTS:
        return "write both parts beside each other, in `every`"
    if key in grammar.PARTS:
        return f"write `{scope.key}` inside `{key}`, the other way round"
    return "surroundings have no surroundings; write both beside each other, in `every`"
