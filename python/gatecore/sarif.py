"""Reports as SARIF 2.1.0, the format in which code hosts and editors take what checkers find.

A gate is a rule, a finding of a `FAIL` or `WARNING` is a result. The same gates and documents give
the same bytes.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import gatecore
from gatecore.gate_spec import GateSpec, Severity
from gatecore.report import Checked, Finding, Lines, Verdict

__all__ = ["SarifLog", "render"]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final[dict[Severity, str]] = {
    "none": "note",
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}
_REPORTED: Final = ("FAIL", "WARNING")

#: A snippet has to be the whole region; a longer one is left to the reader of the document.
_LONGEST_SNIPPET: Final = 2000

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def render(
    gates: Iterable[GateSpec],
    documents: Iterable[Checked],
    unreadable: Iterable[tuple[str, str]] = (),
) -> str:
    """The SARIF log of documents; `unreadable` has names and reasons of those that could not be.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> text = "We keep your personal data for as long as we wish."
    >>> log = json.loads(render(gates, [Checked("a b.txt", text, gates.check(text))]))
    >>> log["version"], log["runs"][0]["artifacts"][0]["location"]["uri"]
    ('2.1.0', 'a%20b.txt')
    """
    log = SarifLog(tuple(gates))
    for checked in documents:
        log.add(checked)
    for name, reason in unreadable:
        log.add_unreadable(name, reason)
    return log.text()


class SarifLog:
    """A log that documents are added to one by one; it keeps the results, not the documents."""

    def __init__(self, gates: Sequence[GateSpec]) -> None:
        self._rules = [_rule(gate) for gate in gates]
        self._numbers: dict[str, int] = {}
        for number, rule in enumerate(self._rules):
            self._numbers.setdefault(rule["id"], number)
        self._artifacts: list[dict[str, Any]] = []
        self._results: list[dict[str, Any]] = []
        self._notifications: list[dict[str, Any]] = []

    def add(self, checked: Checked) -> None:
        """Adds the results of a document."""
        location = {"uri": _uri(checked.name), "index": len(self._artifacts)}
        artifact: dict[str, Any] = {
            "location": {"uri": location["uri"]},
            "roles": ["analysisTarget"],
            "properties": {"overall": checked.report.overall},
        }
        if checked.notes:
            artifact["properties"]["notes"] = [_text(note) for note in checked.notes]
        self._artifacts.append(artifact)
        lines = Lines(checked.text)
        seen: Counter[tuple[str, ...]] = Counter()
        for verdict in checked.report.verdicts:
            if verdict.status == "UNKNOWN":
                self._add_unfinished(checked.name, verdict)
            if verdict.status not in _REPORTED:
                continue
            if not verdict.findings:
                self._results.append(self._result(verdict, None, location, lines, seen))
            for finding in verdict.findings:
                self._results.append(self._result(verdict, finding, location, lines, seen))

    def add_unreadable(self, name: str, reason: str) -> None:
        """Adds a document that could not be read, with the reason."""
        location = {"physicalLocation": {"artifactLocation": {"uri": _uri(name)}}}
        message = {"text": _text(f"{name}: {reason}")}
        self._notifications.append({"level": "error", "message": message, "locations": [location]})

    def _add_unfinished(self, document: str, verdict: Verdict) -> None:
        """A gate without an answer is no result: the run was not successful."""
        name = f"{verdict.module}/{verdict.gate}"
        location = {"physicalLocation": {"artifactLocation": {"uri": _uri(document)}}}
        message = {"text": _text(f"{document}: {name}: {verdict.message}")}
        rule = {"id": name, "index": self._numbers.get(name, -1)}
        self._notifications.append(
            {
                "level": "error",
                "message": message,
                "locations": [location],
                "associatedRule": rule,
            }
        )

    def text(self) -> str:
        """The whole log as JSON in ASCII."""
        driver = {"name": "gatecore", "version": gatecore.__version__, "rules": self._rules}
        invocation: dict[str, Any] = {"executionSuccessful": not self._notifications}
        if self._notifications:
            invocation["toolExecutionNotifications"] = self._notifications
        run = {
            "tool": {"driver": driver},
            "invocations": [invocation],
            "artifacts": self._artifacts,
            "results": self._results,
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\n"],
        }
        return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"

    def _result(
        self,
        verdict: Verdict,
        finding: Finding | None,
        location: dict[str, Any],
        lines: Lines,
        seen: Counter[tuple[str, ...]],
    ) -> dict[str, Any]:
        name = f"{verdict.module}/{verdict.gate}"
        severity = verdict.severity if finding is None else finding.severity
        properties: dict[str, Any] = {"status": verdict.status, "severity": severity}
        if verdict.suggestion:
            properties["suggestion"] = _text(verdict.suggestion)
        if finding is not None:
            properties["type"] = _text(finding.type)
            properties["group"] = finding.group
            properties["pattern"] = _text(finding.pattern)
        region = _region(finding, lines)
        result: dict[str, Any] = {
            "ruleId": name,
            "kind": "fail",
            "level": _LEVELS[severity],
            "message": {"text": _text(" ".join((verdict.message, *verdict.details)))},
            "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
            "partialFingerprints": {"gatecoreFinding/v1": _fingerprint(name, finding, seen)},
            "properties": properties,
        }
        if name in self._numbers:
            result["ruleIndex"] = self._numbers[name]
        return result


def _rule(gate: GateSpec) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": f"{gate.module}/{gate.name}",
        "name": gate.name,
        "shortDescription": {"text": gate.title or gate.name},
        "fullDescription": {"text": gate.summary or gate.title or gate.name},
        "help": {"text": "\n\n".join(filter(None, (gate.source, gate.limits))) or gate.name},
        "defaultConfiguration": {"level": _LEVELS[gate.severity]},
        "properties": {
            "severity": gate.severity,
            "tags": list(gate.tags),
            "version": gate.version,
        },
    }
    if gate.deprecated:
        rule["properties"]["deprecated"] = gate.deprecated
    return rule


def _region(finding: Finding | None, lines: Lines) -> dict[str, Any]:
    """The place of a finding; without one, the document's start."""
    start, end = (0, 0) if finding is None else (finding.start, finding.end)
    (line, column), (end_line, end_column) = lines.place(start), lines.place(end)
    region: dict[str, Any] = {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": start,
        "charLength": end - start,
    }
    if finding is not None and 0 < len(finding.text) <= _LONGEST_SNIPPET:
        region["snippet"] = {"text": _text(finding.text)}
    return region


def _fingerprint(name: str, finding: Finding | None, seen: Counter[tuple[str, ...]]) -> str:
    """What stays the same when the text around a finding moves: rule, words, how many before it."""
    key: tuple[str, ...] = (name,)
    if finding is not None:
        key = (name, finding.group, finding.type, " ".join(finding.text.split()))
    seen[key] += 1
    plain = json.dumps([*key, seen[key]])
    return sha256(plain.encode("ascii")).hexdigest()[:32]


def _uri(name: str) -> str:
    """A file's name as a URI: relative where it lies below the working folder."""
    path = Path(name)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return "file://" + quote(os.fsencode(path.as_posix()))
    return quote(os.fsencode(path.as_posix()))


def _text(text: str) -> str:
    """A text that every JSON reader takes: lone surrogates are no characters."""
    return _LONE_SURROGATE.sub("\ufffd", text)
