"""Gate files: YAML in, `GateSpec` out, and every mistake in them named with its place.

One file holds one gate and has its name; a folder of them is a module.
`docs/gates.md` shows the format by example.  What can be known to be wrong without a document is
refused here: bad patterns, groups that are unknown or never used, verdicts that cannot be reached.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from gatecore._yaml_nodes import MAX_BYTES, MappingNode, Node, YamlFile
from gatecore.gate_spec import (
    SEVERITIES,
    STATUSES,
    AllOf,
    AnyOf,
    AtLeast,
    Branch,
    Condition,
    Either,
    Every,
    Evidence,
    Example,
    GateSpec,
    Group,
    Module,
    NoneOf,
    Not,
    PatternRef,
    Place,
    Severity,
    Status,
    groups_named,
)

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable

__all__ = ["MODULE_FILE", "load_gate", "load_module", "parse_gate"]

MODULE_FILE: Final = "_module.yaml"
"""The file in a module's folder that gives its title; a gate's name cannot start with `_`."""

_FLAGS: Final = {
    "ignorecase": re.IGNORECASE,
    "multiline": re.MULTILINE,
    "dotall": re.DOTALL,
    "ascii": re.ASCII,
    "verbose": re.VERBOSE,
}
_DEFAULT_FLAGS: Final = int(re.IGNORECASE)

_GATE_KEYS: Final = (
    "gate",
    "version",
    "title",
    "severity",
    "source",
    "summary",
    "limits",
    "patterns",
    "verdicts",
)
_OPTIONAL_GATE_KEYS: Final = ("relevant", "not_relevant", "examples", "counter_examples")


def parse_gate(text: str, *, path: str, module: str) -> GateSpec:
    r"""The gate in a text; `path` names it in errors and its stem must be the gate's name.

    >>> gate = parse_gate(r'''
    ... gate: no_risk
    ... version: 1
    ... title: No promise of safety
    ... severity: high
    ... source: FCA COBS 4.2.1R
    ... summary: Looks for promises that nothing can be lost.
    ... limits: It does not see pictures.
    ... patterns: {promise: ['\brisk[- ]free\b']}
    ... verdicts:
    ...   - {when: {any: promise}, status: FAIL, message: Promises safety., evidence: promise}
    ...   - {status: PASS, message: Promises nothing.}
    ... ''', path="no_risk.yaml", module="house")
    >>> gate.name, gate.branches[0].when
    ('no_risk', AnyOf(groups=('promise',)))

    Raises `GateFileError` for the first mistake.
    """
    file = YamlFile(path, gate=PurePath(path).stem)
    return _GateReader(file, module).gate(file.compose(text))


def load_gate(path: Path | Traversable | str, *, module: str) -> GateSpec:
    """The gate in a file.  Raises `GateFileError` for the first mistake."""
    source = Path(path) if isinstance(path, str) else path
    file = YamlFile(str(source), gate=PurePath(source.name).stem)
    return _GateReader(file, module).gate(_compose_file(file, source))


def load_module(folder: Path | Traversable | str) -> Module:
    """The gates of a folder, by file name; the folder's name is the module's.

    `_module.yaml`, if there is one, gives the title.  Other files than `*.yaml` are left alone.
    Raises `GateFileError` for the first mistake, and for a folder without gates.
    """
    source = Path(folder) if isinstance(folder, str) else folder
    whole = YamlFile(str(source), gate=None)
    start = Place(str(source), 1, 1)
    try:
        files = sorted((f for f in source.iterdir() if f.is_file()), key=lambda f: f.name)
    except OSError as error:
        raise whole.error(
            start, f"cannot be read: {error.strerror}", advice="give a folder with gate files"
        ) from None
    title = source.name
    gates = []
    for file in files:
        if file.name.endswith(".yml"):
            raise whole.error(
                start, f"'{file.name}' would be left out", advice="rename it to end in .yaml"
            )
        if file.name == MODULE_FILE:
            title = _module_title(file, source.name)
        elif file.name.endswith(".yaml") and not file.name.startswith("."):
            gates.append(load_gate(file, module=source.name))
    if not gates:
        raise whole.error(start, "has no gate files", advice="add a `<gate name>.yaml`")
    return Module(source.name, title, tuple(gates))


def _module_title(source: Path | Traversable, name: str) -> str:
    file = YamlFile(str(source), gate=None)
    root = _compose_file(file, source)
    keys = file.mapping(root, "the module", required=("module", "title"))
    if file.name(keys["module"], "module") != name:
        raise file.error(
            keys["module"],
            f"the module is not named as its folder '{name}'",
            advice="rename one of them",
        )
    return file.text(keys["title"], "title").strip()


def _compose_file(file: YamlFile, source: Path | Traversable) -> Node:
    try:
        with source.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise file.error(
            Place(file.path, 1, 1), f"cannot be read: {error.strerror}", advice="check the path"
        ) from None
    return file.compose(file.decode(data))


def _shown(source: str) -> str:
    """A pattern as an error shows it: in one line, and not endless."""
    line = " ".join(source.splitlines())
    return line if len(line) <= 80 else f"{line[:79]}…"


class _GateReader:
    """Reads one gate; knows the groups once their patterns are read."""

    def __init__(self, file: YamlFile, module: str) -> None:
        self.file = file
        self.module = module
        self.groups: dict[str, Group] = {}

    def gate(self, root: Node) -> GateSpec:
        file = self.file
        keys = file.mapping(root, "the gate", required=_GATE_KEYS, optional=_OPTIONAL_GATE_KEYS)
        name = file.name(keys["gate"], "gate")
        if name != file.gate:
            raise file.error(
                keys["gate"],
                f"the gate is named '{name}' but its file '{PurePath(file.path).name}'",
                advice="rename one of them",
            )
        severity = self.severity(keys["severity"])
        group_places = self.read_groups(keys["patterns"])
        relevant = None
        if "relevant" in keys:
            relevant = self.condition(keys["relevant"], "relevant")
        spec = GateSpec(
            name=name,
            module=self.module,
            version=file.whole_number(keys["version"], "version"),
            title=self.line(keys, "title"),
            severity=severity,
            source=self.line(keys, "source"),
            summary=self.line(keys, "summary"),
            limits=self.line(keys, "limits"),
            groups=tuple(self.groups.values()),
            relevant=relevant,
            not_relevant=self.not_relevant(keys),
            branches=self.branches(keys["verdicts"], severity),
            examples=self.examples(keys, "examples", ("WARNING", "FAIL")),
            counter_examples=self.examples(keys, "counter_examples", ("PASS", "N/A")),
            place=file.place(root),
        )
        self.refuse_unused_groups(spec, group_places)
        return spec

    def line(self, keys: Mapping[str, Node], key: str) -> str:
        return self.file.text(keys[key], key).strip()

    def severity(self, node: Node) -> Severity:
        word = self.file.text(node, "severity")
        self.file.known(word, node, "severity", SEVERITIES)
        return cast(Severity, word)

    def status(self, node: Node) -> Status:
        word = self.file.text(node, "status")
        self.file.known(word, node, "status", STATUSES)
        return cast(Status, word)

    def not_relevant(self, keys: Mapping[str, Node]) -> str:
        if "not_relevant" not in keys:
            if "relevant" in keys:
                raise self.file.error(
                    keys["relevant"],
                    "'relevant' has no message for when it does not hold",
                    advice="add `not_relevant: …`",
                )
            return ""
        if "relevant" not in keys:
            raise self.file.error(
                keys["not_relevant"],
                "'not_relevant' is never said, as the gate has no 'relevant'",
                advice="add `relevant: …` or remove it",
            )
        return self.line(keys, "not_relevant")

    # Patterns

    def read_groups(self, node: Node) -> dict[str, Place]:
        """Fills `groups`; gives the place of each group's name."""
        places = {}
        for name, key_node, value_node in self.file.pairs(node, "patterns"):
            self.file.name(key_node, "group")
            what = f"group '{name}'"
            patterns: dict[PatternRef, int] = {}
            for number, item in enumerate(self.file.items(value_node, what), start=1):
                pattern = self.pattern(item, f"pattern {number} of {what}")
                if pattern in patterns:
                    raise self.file.error(
                        item,
                        f"pattern {number} of {what} repeats pattern {patterns[pattern]}",
                        advice="remove one of them",
                    )
                patterns[pattern] = number
            self.groups[name] = Group(name, tuple(patterns))
            places[name] = self.file.place(key_node)
        return places

    def pattern(self, node: Node, what: str) -> PatternRef:
        flags = _DEFAULT_FLAGS
        if isinstance(node, MappingNode):
            keys = self.file.mapping(node, what, required=("pattern",), optional=("flags",))
            node = keys["pattern"]
            if "flags" in keys:
                flags = self.flags(keys["flags"], what)
        source = self.file.text(node, what)
        if "\x08" in source:
            raise self.file.error(
                node,
                rf"{what} holds a backspace, which is what \b means in double quotes",
                advice="put the pattern in single quotes",
            )
        if source.endswith("\n") and not flags & re.VERBOSE:
            raise self.file.error(
                node,
                f"{what} ends with a line break that has to match",
                advice="put the pattern in single quotes, or use `|-` instead of `|`",
            )
        try:
            re.compile(source, flags)
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            raise self.file.error(
                node, f"{what}: {error} in '{_shown(source)}'", advice="mend the pattern"
            ) from None
        return PatternRef(source, flags, self.file.place(node))

    def flags(self, node: Node, what: str) -> int:
        flags = 0
        for item in self.file.items(node, f"flags of {what}", may_be_empty=True):
            word = self.file.text(item, f"a flag of {what}")
            self.file.known(word, item, "flag", tuple(_FLAGS))
            flags |= int(_FLAGS[word])
        return flags

    # Conditions

    def condition(self, node: Node, what: str) -> Condition:
        """A mapping of one or more conditions; several must all hold."""
        conditions = []
        for key, key_node, value_node in self.file.pairs(node, what):
            self.file.known(key, key_node, f"key of {what}", tuple(_CONDITIONS))
            conditions.append(_CONDITIONS[key](self, value_node, f"'{key}' of {what}"))
        return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))

    def conditions(self, node: Node, what: str) -> tuple[Condition, ...]:
        return tuple(self.condition(item, what) for item in self.file.items(node, what))

    def group_names(self, node: Node, what: str) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for item in self.file.items_or_one(node, what):
            name = self.file.text(item, f"a group of {what}")
            self.file.known(name, item, "group", tuple(self.groups))
            if name in names:
                raise self.file.error(
                    item, f"{what} has the group '{name}' twice", advice="keep one of them"
                )
            names[name] = None
        return tuple(names)

    def at_least(self, node: Node, what: str) -> AtLeast:
        keys = self.file.mapping(node, what, required=("count", "of"))
        count = self.file.whole_number(keys["count"], f"count of {what}")
        groups = self.group_names(keys["of"], what)
        distinct = {pattern for name in groups for pattern in self.groups[name].patterns}
        if count > len(distinct):
            raise self.file.error(
                keys["count"],
                f"{what} can never hold: it asks for {count} of {len(distinct)} patterns",
                advice="lower the count or add patterns",
            )
        return AtLeast(count, groups)

    # Verdicts and examples

    def branches(self, node: Node, severity: Severity) -> tuple[Branch, ...]:
        items = self.file.items(node, "verdicts")
        branches = []
        for number, item in enumerate(items, start=1):
            branch = self.branch(item, f"verdict {number}", severity)
            if branch.when is None and number < len(items):
                raise self.file.error(
                    item,
                    f"verdict {number} has no 'when', so those after it are never reached",
                    advice="give it a `when: …` or move it to the end",
                )
            branches.append(branch)
        if branches[-1].when is not None:
            raise self.file.error(
                items[-1],
                "no verdict holds when all conditions fail",
                advice="end the verdicts with one that has no 'when'",
            )
        return tuple(branches)

    def branch(self, node: Node, what: str, severity: Severity) -> Branch:
        keys = self.file.mapping(
            node,
            what,
            required=("status", "message"),
            optional=("when", "severity", "suggestion", "evidence"),
        )
        when = self.condition(keys["when"], f"'when' of {what}") if "when" in keys else None
        status = self.status(keys["status"])
        if "severity" in keys:
            severity = self.severity(keys["severity"])
        elif status in ("PASS", "N/A"):
            severity = "none"
        evidence: tuple[Evidence, ...] = ()
        if "evidence" in keys:
            names = self.group_names(keys["evidence"], f"'evidence' of {what}")
            evidence = tuple(Evidence((n,), "every", "", severity, None, None) for n in names)
        return Branch(
            when=when,
            status=status,
            severity=severity,
            message=self.line(keys, "message"),
            suggestion=self.line(keys, "suggestion") if "suggestion" in keys else "",
            details=(),
            evidence=evidence,
            place=self.file.place(node),
        )

    def examples(
        self, keys: Mapping[str, Node], key: str, allowed: tuple[Status, ...]
    ) -> tuple[Example, ...]:
        if key not in keys:
            return ()
        examples = []
        for number, item in enumerate(self.file.items(keys[key], key), start=1):
            what = f"number {number} of {key}"
            parts = self.file.mapping(
                item, what, required=("text", "status"), optional=("evidence",)
            )
            status = self.status(parts["status"])
            if status not in allowed:
                raise self.file.error(
                    parts["status"],
                    f"the status of {what} is {status}, but {key} have {' or '.join(allowed)}",
                    advice="move it to the other list or correct its status",
                )
            evidence = None
            if "evidence" in parts:
                what = f"evidence of {what}"
                nodes = self.file.items(parts["evidence"], what, may_be_empty=True)
                evidence = tuple(self.file.text(node, f"an item of {what}") for node in nodes)
            text = self.file.text(parts["text"], f"text of {what}")
            examples.append(Example(text, status, evidence, self.file.place(item)))
        return tuple(examples)

    def refuse_unused_groups(self, spec: GateSpec, places: Mapping[str, Place]) -> None:
        used = set(groups_named(spec.relevant))
        for branch in spec.branches:
            used.update(groups_named(branch.when))
            used.update(name for shown in branch.evidence for name in shown.groups)
        for name, place in places.items():
            if name not in used:
                raise self.file.error(
                    place,
                    f"group '{name}' is never used",
                    advice="name it in a condition or in evidence, or remove it",
                )


_ReadCondition: TypeAlias = Callable[[_GateReader, Node, str], Condition]

_CONDITIONS: Final[Mapping[str, _ReadCondition]] = {
    "any": lambda reader, node, what: AnyOf(reader.group_names(node, what)),
    "all": lambda reader, node, what: AllOf(reader.group_names(node, what)),
    "none": lambda reader, node, what: NoneOf(reader.group_names(node, what)),
    "at_least": _GateReader.at_least,
    "every": lambda reader, node, what: Every(reader.conditions(node, what)),
    "either": lambda reader, node, what: Either(reader.conditions(node, what)),
    "not": lambda reader, node, what: Not(reader.condition(node, what)),
}
