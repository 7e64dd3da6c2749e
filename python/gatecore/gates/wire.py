"""Gates as the core reads them: JSON that `rust/gatecore/src/gate/spec.rs` describes.

A value of `gates.spec` is an object with the names of its fields, and a condition is such an
object under the name of its class:

    Around(("fee",), Window("after", "words", 5), AnyOf(("exit",)))

    {"Around": {"groups": [0, 1],
                "window": {"side": "after", "unit": "words", "distance": 5},
                "when": {"AnyOf": {"groups": [7]}}}}

There are three differences. Groups are the numbers of their patterns (`gates.patterns`), captures
are pairs of pattern and group, and a text is its placeholders. Messages and names stay in Python:
the core refers to branches and patterns by number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, get_args

from gatecore.gates import spec
from gatecore.gates.patterns import GatePatterns
from gatecore.gates.placeholders import Placeholder, placeholders
from gatecore.gates.spec import Branch, Captured, Condition, Evidence, Gate, Question

__all__ = ["branch_texts", "to_json"]

_CONDITIONS: Final = frozenset(get_args(Condition))
#: The fields of each class that are written.
_FIELDS: Final = {
    kind: [field.name for field in fields(kind)]
    for kind in (*_CONDITIONS, spec.Bounds, spec.Window)
} | {Evidence: ["groups", "take", "window", "when", "at_most"]}

_encoded: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def to_json(gates: Sequence[Gate], patterns: GatePatterns) -> str:
    """Gates for the core, one a line, so that an error's line is a gate's.

    Compiles by `re` the patterns of which captures are asked. A gate takes 130 µs.
    """
    written = ",\n".join(_encoded(_Writer(gate, patterns.numbers).gate()) for gate in gates)
    head = _encoded(
        {"patterns": patterns.asked, "marks": patterns.marks, "masked": patterns.masked}
    )
    return f'{head[:-1]},"gates":[\n{written}\n]}}'


def branch_texts(branch: Branch) -> list[tuple[str, Condition | None]]:
    """All texts of a branch, each with its condition: message, suggestion, then details."""
    details = ((detail.text, detail.when) for detail in branch.details)
    return [(branch.message, None), (branch.suggestion, None), *details]


class _Writer:
    def __init__(self, gate: Gate, numbers: Mapping[Question, int]) -> None:
        self._gate = gate
        self._numbers = numbers
        #: The patterns of each group, after their number among all that the gate lists.
        self._listed: dict[str, list[tuple[int, int]]] = {}
        self._distinct: dict[tuple[str, ...], list[int]] = {}
        count = 0
        for group in gate.groups:
            listed = [numbers[pattern.question] for pattern in group.patterns]
            self._listed[group.name] = list(enumerate(listed, count))
            count += len(listed)

    def gate(self) -> dict[str, Any]:
        branches = [self.branch(branch) for branch in self._gate.branches]
        return {"relevant": self.plain(self._gate.relevant), "branches": branches}

    def branch(self, branch: Branch) -> dict[str, Any]:
        texts = [
            {
                "when": self.plain(when),
                "holes": [self.hole(branch, hole) for hole in placeholders(text)],
            }
            for text, when in branch_texts(branch)
        ]
        if not any(text["when"] or text["holes"] for text in texts):
            texts = []  # always the same: nothing to ask
        evidence = self.plain(branch.evidence)
        return {"when": self.plain(branch.when), "evidence": evidence, "texts": texts}

    def hole(self, branch: Branch, hole: Placeholder) -> dict[str, Any]:
        filling: dict[str, Any]
        if hole.field == "left_out":
            return {"filling": {"LeftOut": spec.limiting_evidence(branch, hole.group)}}
        if hole.capture:
            filling = {"Captured": self.captured(Captured((hole.group,), hole.capture))}
        else:
            filling = {"Count" if hole.field else "Earliest": self.patterns((hole.group,))}
        if (selecting := spec.selecting_evidence(branch, hole.group)) is None:
            return {"filling": filling}
        window, when = self.plain(selecting.window), self.plain(selecting.when)
        return {"filling": filling, "window": window, "when": when}

    def plain(self, value: Any) -> Any:
        """A value of `gates.spec` as what `json` takes."""
        kind = type(value)
        if kind is tuple:
            return [self.plain(each) for each in value]
        if kind is Captured:
            return self.captured(value)
        if kind not in _FIELDS:
            return value
        written = {}
        for name in _FIELDS[kind]:
            part = getattr(value, name)
            if name != "groups":
                written[name] = part if part is None else self.plain(part)
            elif kind is Evidence:
                written[name] = [pair for group in part for pair in self._listed[group]]
            else:
                written[name] = self.patterns(part)
        return {kind.__name__: written} if kind in _CONDITIONS else written

    def patterns(self, groups: tuple[str, ...]) -> list[int]:
        known = self._distinct.get(groups)
        if known is None:
            listed = (number for group in groups for _, number in self._listed[group])
            known = self._distinct[groups] = list(dict.fromkeys(listed))
        return known

    def captured(self, captured: Captured) -> list[dict[str, int]]:
        """Patterns without such a group capture nothing, so they are left out."""
        pairs: dict[int, int] = {}
        for pattern in self._gate.patterns(captured.groups):
            group = re.compile(pattern.source, pattern.flags).groupindex.get(captured.capture)
            if group is not None:
                pairs[self._numbers[pattern.question]] = group
        return [{"pattern": pattern, "group": group} for pattern, group in pairs.items()]
