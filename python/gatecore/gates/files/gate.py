"""One gate from the nodes of its file: its keys, verdicts, evidence and examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final, cast

from gatecore.gates.files import grammar
from gatecore.gates.files.conditions import Conditions
from gatecore.gates.files.groups import Groups, SharedLists
from gatecore.gates.files.yaml_nodes import Node, YamlFile
from gatecore.gates.placeholders import TemplateError, placeholders
from gatecore.gates.spec import (
    Branch,
    Detail,
    Evidence,
    Example,
    Gate,
    Severity,
    Status,
    Take,
    limiting_evidence,
)

__all__ = ["gate_of"]

_LOOKS_LIKE_A_PLACEHOLDER: Final = re.compile(r"\{[a-z][a-z0-9_]*(?:\.\w+)?\}")


def gate_of(
    file: YamlFile, root: Node, *, module: str, shared: Callable[[], SharedLists | None]
) -> Gate:
    """The gate under a file's root node; `shared` is asked when the first list is used."""
    return _GateReader(file, module, shared).gate(root)


class _GateReader:
    def __init__(
        self, file: YamlFile, module: str, shared: Callable[[], SharedLists | None]
    ) -> None:
        self.file = file
        self.module = module
        self.groups = Groups(file, shared)
        self.conditions = Conditions(file, self.groups)

    def gate(self, root: Node) -> Gate:
        file = self.file
        keys = file.mapping(root, "the gate", grammar.GATE)
        name = file.name(keys["gate"], "gate")
        if name != file.gate:
            raise file.error(
                keys["gate"],
                f"the gate is named '{name}' but its file '{PurePath(file.path).name}'",
                "rename one of them",
            )
        severity = self.severity(keys["severity"])
        groups = self.groups.read(keys["patterns"])
        relevant = self.conditions.optional(keys, "relevant", "relevant")
        gate = Gate(
            name=name,
            module=self.module,
            version=file.whole_number(keys["version"], "version"),
            title=self.line(keys, "title"),
            severity=severity,
            source=self.line(keys, "source"),
            summary=self.line(keys, "summary"),
            limits=self.line(keys, "limits"),
            groups=groups,
            relevant=relevant,
            not_relevant=self.not_relevant(keys),
            branches=self.branches(keys["verdicts"], severity),
            examples=self.examples(keys, "examples", grammar.FINDING_STATUS.words),
            counter_examples=self.examples(keys, "counter_examples", grammar.SILENT_STATUS.words),
            place=file.place(root),
            tags=self.tags(keys["tags"]) if "tags" in keys else (),
            deprecated=self.line(keys, "deprecated") if "deprecated" in keys else "",
        )
        self.groups.refuse_unused()
        return gate

    def line(self, keys: Mapping[str, Node], key: str) -> str:
        return self.file.line(keys[key], key)

    def severity(self, node: Node) -> Severity:
        return cast(Severity, self.file.word(node, "severity", grammar.SEVERITY.words))

    def status(self, node: Node) -> Status:
        return cast(Status, self.file.word(node, "status", grammar.STATUS.words))

    def not_relevant(self, keys: Mapping[str, Node]) -> str:
        if "not_relevant" not in keys:
            if "relevant" in keys:
                raise self.file.error(
                    keys["relevant"],
                    "'relevant' has no message for when it does not hold",
                    "add `not_relevant: …`",
                )
            return ""
        if "relevant" not in keys:
            raise self.file.error(
                keys["not_relevant"],
                "'not_relevant' is never said, as the gate has no 'relevant'",
                "add `relevant: …` or remove it",
            )
        line = self.line(keys, "not_relevant")
        placeholder = _LOOKS_LIKE_A_PLACEHOLDER.search(line)
        if placeholder:
            raise self.file.error(
                keys["not_relevant"],
                f"not_relevant has the placeholder {placeholder[0]}, which is never filled",
                "say it without",
            )
        return line

    def tags(self, node: Node) -> tuple[str, ...]:
        return self.file.distinct(
            node, "tags", lambda item: self.file.name(item, "tag"), "tag '{}'".format
        )

    def template(self, node: Node, what: str) -> str:
        """A line whose placeholders name groups, and captures of all of their patterns."""
        line = self.file.line(node, what)
        try:
            found = placeholders(line)
        except TemplateError as error:
            raise self.file.error(
                node,
                f"{what}: {error}",
                "write {group}, {group.count} or {group.capture}; a brace itself is written twice",
            ) from None
        for placeholder in found:
            captured = self.groups.capturing(placeholder.group)
            if captured and not placeholder.capture:
                raise self.file.error(
                    node,
                    f"{what}: there is no group '{placeholder.group}'",
                    f"it is a capture of {captured}: write {{{captured}.{placeholder.group}}}",
                )
            self.groups.known(placeholder.group, node)
            if placeholder.capture:
                self.groups.need_capture((placeholder.group,), placeholder.capture, node)
        return line

    # Verdicts

    def branches(self, node: Node, severity: Severity) -> tuple[Branch, ...]:
        items = self.file.items(node, "verdicts")
        branches = []
        for number, item in enumerate(items, start=1):
            branch = self.branch(item, f"verdict {number}", severity)
            if branch.when is None and number < len(items):
                raise self.file.error(
                    item,
                    f"verdict {number} has no 'when', so those after it are never reached",
                    "give it a `when: …` or move it to the end",
                )
            branches.append(branch)
        if branches[-1].when is not None:
            raise self.file.error(
                items[-1],
                "no verdict holds when all conditions fail",
                "end the verdicts with one that has no 'when'",
            )
        return tuple(branches)

    def branch(self, node: Node, what: str, severity: Severity) -> Branch:
        keys = self.file.mapping(node, what, grammar.VERDICT)
        when = self.conditions.optional(keys, "when", f"'when' of {what}")
        status = self.status(keys["status"])
        if "severity" in keys:
            severity = self.severity(keys["severity"])
        elif status in ("PASS", "N/A"):
            severity = "none"
        branch = Branch(  # in this order, as the first mistake is the one reported
            when=when,
            status=status,
            severity=severity,
            suggestion=self.template(keys["suggestion"], f"suggestion of {what}")
            if "suggestion" in keys
            else "",
            evidence=self.evidence(keys["evidence"], f"'evidence' of {what}", severity)
            if "evidence" in keys
            else (),
            message=self.template(keys["message"], f"message of {what}"),
            details=self.details(keys["details"], what) if "details" in keys else (),
            place=self.file.place(node),
        )
        for text in (branch.message, branch.suggestion, *(each.text for each in branch.details)):
            for asked in placeholders(text):
                if asked.field == "left_out" and limiting_evidence(branch, asked.group) is None:
                    raise self.file.error(
                        node,
                        f"{what} says {asked}, but its evidence leaves nothing out",
                        f"write `{{of: {asked.group}, at_most: …}}` in `evidence`",
                    )
        return branch

    def details(self, node: Node, what: str) -> tuple[Detail, ...]:
        details = []
        for number, item in enumerate(self.file.items(node, f"'details' of {what}"), start=1):
            detail = f"detail {number} of {what}"
            when = None
            text = item
            if self.file.is_mapping(item):
                keys = self.file.mapping(item, detail, grammar.DETAIL_WITH_CONDITION)
                text = keys["text"]
                when = self.conditions.optional(keys, "when", f"'when' of {detail}")
            details.append(Detail(self.template(text, detail), when))
        return tuple(details)

    def evidence(self, node: Node, what: str, severity: Severity) -> tuple[Evidence, ...]:
        def read(item: Node) -> Evidence:
            if self.file.is_mapping(item):
                return self.selection(item, what, severity)
            return Evidence((self.groups.one(item, what),), "every", "", severity, None, None)

        return self.file.distinct(
            node, what, read, lambda evidence: "group '" + "', '".join(evidence.groups) + "'"
        )

    def selection(self, node: Node, what: str, severity: Severity) -> Evidence:
        """Evidence that is a mapping: groups, and which of their matches are shown how."""
        file = self.file
        keys = file.mapping(node, f"an item of {what}", grammar.SELECTION)
        take = grammar.SELECTION.default("take")
        if "take" in keys:
            take = file.word(keys["take"], "take", grammar.TAKE.words)
        choices = [key for key in grammar.SELECTION.at_most_one_of if key in keys]
        if len(choices) > 1:
            raise file.error(
                node,
                f"an item of {what} has " + " and ".join(f"'{key}'" for key in choices),
                "keep one of them",
            )
        groups = self.groups.named(keys["of"], what)
        window = when = None
        for key in choices:
            inner = f"'{key}' of {what}"
            if key == "compare":
                window, when = self.conditions.own_capture(groups, keys[key], inner)
            else:
                window, when = self.conditions.surroundings(key, keys[key], inner)
        return Evidence(
            groups=groups,
            take=cast(Take, take),
            type=file.line(keys["type"], f"type of {what}") if "type" in keys else "",
            severity=self.severity(keys["severity"]) if "severity" in keys else severity,
            window=window,
            when=when,
            at_most=file.whole_number(keys["at_most"], f"at_most of {what}")
            if "at_most" in keys
            else None,
        )

    # Examples

    def examples(
        self, keys: Mapping[str, Node], key: str, allowed: tuple[str, ...]
    ) -> tuple[Example, ...]:
        if key not in keys:
            return ()
        items = self.file.items(keys[key], key)
        most = grammar.MAX_EXAMPLES
        if len(items) > most:
            raise self.file.error(items[most], f"more than {most:,} {key}", "keep the telling ones")
        return tuple(
            self.example(item, f"number {number} of {key}", key, allowed)
            for number, item in enumerate(items, start=1)
        )

    def example(self, node: Node, what: str, key: str, allowed: tuple[str, ...]) -> Example:
        parts = self.file.mapping(node, what, grammar.EXAMPLE)
        status = self.status(parts["status"])
        if status not in allowed:
            raise self.file.error(
                parts["status"],
                f"the status of {what} is {status}, but {key} have {' or '.join(allowed)}",
                "move it to the other list or correct its status",
            )
        evidence = None
        if "evidence" in parts:
            shown = f"evidence of {what}"
            written = self.file.scalar(parts["evidence"]) or "text"
            nodes = self.file.items(
                parts["evidence"], shown, may_be_empty=True, advice=f'write `["{written}"]`'
            )
            evidence = tuple(self.file.text(item, f"an item of {shown}") for item in nodes)
        text = self.file.text(parts["text"], f"text of {what}")
        return Example(text, status, evidence, self.file.place(node))
