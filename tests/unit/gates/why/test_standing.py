"""Which values stand in a relation: the same as comparing each with each."""

from __future__ import annotations

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.gates import values
from gatecore.gates.spec import Relation
from gatecore.gates.values import Value
from gatecore.gates.why.standing import Others, Pairs, Values
from tests.support.gates import RELATIONS

TEXTS: Final = (None, "no money", "£5", "5", "$5", "5.0", "£6", "€1", "7", "$0.5k", "500", "-£1")

texts = st.lists(st.sampled_from(TEXTS), max_size=40)
relations = st.sampled_from(RELATIONS)


def some(given_texts: list[str | None]) -> Values:
    return Values(
        given_texts, [None if text is None else values.parse(text, "money") for text in given_texts]
    )


def stands(value: Value | None, relation: Relation, others: list[Value]) -> bool:
    return value is not None and any(values.compare(value, relation, each) for each in others)


def known(of: Values, numbers: range) -> list[Value]:
    return [value for number in numbers if (value := of.all[number]) is not None]


@settings(max_examples=400)
@given(texts, texts, relations, st.data())
def test_neighbours_stand_as_each_with_each(
    left: list[str | None], right: list[str | None], relation: Relation, data: st.DataObject
) -> None:
    """Of any stretch on either side, those that decide say what all say."""
    one, other = some(left), some(right)
    for _ in range(4):  # the tree and what it said before are kept between questions
        ranges = []
        for of in (one, other):
            first = data.draw(st.integers(0, len(of.all)))
            ranges.append(range(first, data.draw(st.integers(first, len(of.all)))))
        others = known(other, ranges[1])
        expected = [n for n in ranges[0] if stands(one.all[n], relation, others)]
        standing, rest = one.divided(ranges[0], Others(others, relation))
        assert standing == expected
        assert sorted([*standing, *rest]) == [n for n in ranges[0] if left[n] is not None]
        compared = Others(other.that_decide(relation, ranges[1]), relation)
        deciding = one.that_decide(relation, ranges[0])
        assert any(map(compared.some, deciding)) == bool(expected)


@settings(max_examples=400)
@given(texts, texts, st.data())
def test_pairs_are_counted_while_stretches_move(
    left: list[str | None], right: list[str | None], data: st.DataObject
) -> None:
    """Forth and back, with a gap where a match is not in its own window."""
    sides, pairs = (some(left), some(right)), Pairs()
    for _ in range(6):
        stretches = []
        for of in sides:
            length = len(of.all)
            a, b, c, d = sorted(data.draw(st.integers(0, length)) for _ in range(4))
            stretches.append((range(a, b), range(c, d)))
        seen = [
            [value for each in two for value in known(of, each)]
            for of, two in zip(sides, stretches, strict=True)
        ]
        expected = any(stands(value, "equals", seen[1]) for value in seen[0])
        asked = [[(of, two)] for of, two in zip(sides, stretches, strict=True)]
        assert pairs.any(*asked) == expected


@given(texts, relations, st.sampled_from(["£5", "5", "$6", "7 euros"]), st.data())
def test_a_split_by_a_literal_is_cut_to_any_two_stretches(
    captured: list[str | None], relation: Relation, literal: str, data: st.DataObject
) -> None:
    of = some(captured)
    value = values.parse(literal, "money")
    assert value is not None
    cuts = sorted(data.draw(st.integers(0, len(captured))) for _ in range(4))
    stretches = range(cuts[0], cuts[1]), range(cuts[2], cuts[3])
    split = of.split(relation, literal, Others([value], relation)).among(stretches)
    wanted = [number for stretch in stretches for number in stretch]
    assert split.standing == [n for n in wanted if stands(of.all[n], relation, [value])]
    assert sorted([*split.standing, *split.rest]) == [n for n in wanted if captured[n] is not None]
