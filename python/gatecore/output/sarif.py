"""Reports as SARIF 2.1.0, the format in which code hosts and editors take what checkers find.

A gate is a rule, a finding of a `FAIL` or `WARNING` is a result. Level and exit code go by the
status: `FAIL` is an error, `WARNING` a warning; `rank` and properties have the severity.
The same gates and documents give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

from gatecore._gatecore import __version__
from gatecore.gates.excuse import Excuse
from gatecore.gates.findings import Finding, Lines
from gatecore.gates.fingerprint import Seen, fingerprint
from gatecore.gates.report import Checked, Verdict
from gatecore.gates.spec import SEVERITIES, Gate, VerdictStatus
from gatecore.gates.statuses import badness, is_known, is_problem, severity_rank
from gatecore.output.portable import characters, uri

__all__ = ["MOST_RESULTS", "SarifLog", "render"]

MOST_RESULTS: Final = 25_000
"""Results of one log: code hosts refuse those that have more."""

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final[dict[str, str]] = {"N/A": "none", "PASS": "none", "WARNING": "warning"}

#: A snippet has to be the whole region; a longer one is left to the reader of the document.
_LONGEST_SNIPPET: Final = 2000

_BRACE: Final = re.compile(r"[{}]")
_IN_LINKS: Final = re.compile(r"[\\\[\]]")


def render(
    gates: Iterable[Gate],
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


class _Document:
    """What a log remembers of a document, so that it may come twice."""

    def __init__(self, number: int, name: str) -> None:
        self.location = {"uri": uri(name), "index": number}
        self.artifact: dict[str, Any] = {
            "location": {"uri": self.location["uri"]},
            "roles": ["analysisTarget"],
            "properties": {},
        }
        self.overall: VerdictStatus = "N/A"
        self.texts: set[bytes] = set()
        self.seen: Seen = {}

    def is_new(self, checked: Checked) -> bool:
        """Whether the text was not added before; what is known of the document is put together."""
        overall, properties = checked.report.overall, self.artifact["properties"]
        if not self.texts or badness(overall) > badness(self.overall):
            self.overall = overall
        properties["overall"] = characters(self.overall)
        if checked.notes:
            notes = [*properties.get("notes", ()), *map(characters, checked.notes)]
            properties["notes"] = list(dict.fromkeys(notes))
        if checked.read_as != "text":
            properties["readAs"] = checked.read_as
        digest = sha256(checked.text.encode("utf-8", "surrogatepass")).digest()
        if digest in self.texts:
            return False
        self.texts.add(digest)
        return True


class SarifLog:
    """A log that documents are added to one by one; it keeps the results, not the documents.

    A document that is added twice is there once. Of more than `most_results` results the worst are
    kept, and a notification says how many were left out.

    Args:
        gates: The gates that are asked, in order; each is a rule of the log.
        most_results: How many results are kept.

    >>> from gatecore import Report, modules
    >>> log = SarifLog(modules.load("gdpr_uk").gates)
    >>> log.add(Checked("a.txt", "Hello.", Report((), characters=6)))
    >>> json.loads(log.text())["runs"][0]["results"]
    []
    """

    def __init__(self, gates: Sequence[Gate], *, most_results: int = MOST_RESULTS) -> None:
        self._rules = [_rule(gate) for gate in gates]
        self._numbers: dict[str, int] = {}
        for number, rule in enumerate(self._rules):
            self._numbers.setdefault(rule["id"], number)
        self._documents: dict[str, _Document] = {}
        self._results: list[tuple[tuple[int, int], dict[str, Any]]] = []
        self._most_results = most_results
        self._left_out = 0
        self._errors: dict[str, dict[str, Any]] = {}

    def add(self, checked: Checked) -> None:
        """Adds the results of a document."""
        place = uri(checked.name)
        document = self._documents.get(place)
        if document is None:
            document = self._documents[place] = _Document(len(self._documents), checked.name)
        if not document.is_new(checked):
            return
        lines = Lines(checked.text)
        for number, verdict in enumerate(checked.report.verdicts):
            if not is_known(verdict.status):
                self._add_unfinished(checked.name, verdict)
            if is_problem(verdict.status):
                for at, finding in enumerate(verdict.findings or (None,)):
                    result = self._result(verdict, finding, document, lines)
                    excuse = checked.excuses.of(number, None if finding is None else at)
                    if excuse is not None:
                        result["suppressions"] = [_suppression(excuse)]
                    if checked.read_as != "text":
                        _place_in_extract(result)
                    self._keep(verdict, result)
        self._cut()

    def add_unreadable(self, name: str, reason: str) -> None:
        """Adds a document that could not be read, with the reason."""
        self._add_error(name, reason)

    def _add_unfinished(self, document: str, verdict: Verdict) -> None:
        """The run was not successful, whatever else it has found."""
        name = f"{verdict.module}/{verdict.gate}"
        rule = {"id": characters(name), "index": self._numbers.get(name, -1)}
        said = f"{name} is {verdict.status}: {verdict.message}"
        self._add_error(document, said, associatedRule=rule)

    def _add_error(self, document: str, said: str, **more: Any) -> None:
        place = {"physicalLocation": {"artifactLocation": {"uri": uri(document)}}}
        message = _message(f"{document}: {said}")
        error = {"level": "error", "message": message, "locations": [place], **more}
        self._errors.setdefault(message["text"], error)

    def text(self) -> str:
        """The whole log as JSON in ASCII."""
        self._cut()
        driver = {"name": "gatecore", "version": __version__, "rules": self._rules}
        invocation: dict[str, Any] = {"executionSuccessful": not self._errors}
        if notifications := [*self._errors.values(), *self._cut_note()]:
            invocation["toolExecutionNotifications"] = notifications
        if any("suppressions" in result for _, result in self._results):
            for _, result in self._results:  # all have them or none, as the standard asks
                result.setdefault("suppressions", [])
        run = {
            "tool": {"driver": driver},
            "invocations": [invocation],
            "artifacts": [document.artifact for document in self._documents.values()],
            "results": [result for _, result in self._results],
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n", "\r"],
        }
        return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"

    def _keep(self, verdict: Verdict, result: dict[str, Any]) -> None:
        severity = result["properties"]["severity"]
        self._results.append(((-badness(verdict.status), -severity_rank(severity)), result))
        if len(self._results) >= 2 * self._most_results:
            self._cut()

    def _cut(self) -> None:
        """Keeps the worst, in the order in which they came."""
        surplus = len(self._results) - self._most_results
        if surplus <= 0:
            return
        self._left_out += surplus
        order = sorted(range(len(self._results)), key=lambda at: self._results[at][0])
        self._results = [self._results[at] for at in sorted(order[: self._most_results])]

    def _cut_note(self) -> Iterator[dict[str, Any]]:
        if self._left_out:
            in_all = self._left_out + len(self._results)
            yield {
                "level": "warning",
                "message": _message(
                    f"{self._left_out:,} of {in_all:,} results are left out, the least severe: "
                    f"code hosts refuse more than {self._most_results:,}. "
                    "The JSON of gatecore check has all of them."
                ),
            }

    def _result(
        self, verdict: Verdict, finding: Finding | None, document: _Document, lines: Lines
    ) -> dict[str, Any]:
        name = f"{verdict.module}/{verdict.gate}"
        severity = verdict.severity if finding is None else finding.severity
        properties: dict[str, Any] = {
            "status": characters(verdict.status),
            "severity": characters(severity),
        }
        if verdict.suggestion:
            properties["suggestion"] = characters(verdict.suggestion)
        if finding is not None:
            properties["type"] = characters(finding.type)
            properties["group"] = characters(finding.group)
            properties["pattern"] = characters(finding.pattern)
        place = {"artifactLocation": document.location, "region": _region(finding, lines)}
        prints = {"gatecoreFinding/v1": fingerprint(name, finding, document.seen)}
        result: dict[str, Any] = {
            "ruleId": characters(name),
            "kind": "fail",
            "level": _level(verdict.status),
            "rank": 100.0 * severity_rank(severity) / (len(SEVERITIES) - 1),
            "message": _message(" ".join((verdict.message, *verdict.details)).strip() or name),
            "locations": [{"physicalLocation": place}],
            "partialFingerprints": prints,
            "properties": properties,
        }
        if name in self._numbers:
            result["ruleIndex"] = self._numbers[name]
        return result


def _place_in_extract(result: dict[str, Any]) -> None:
    """Keeps a place that is one of the text read from a file, not of the file itself.

    Opening the file at that place would mislead, so the result points to the start of the file.
    """
    physical = result["locations"][0]["physicalLocation"]
    result["properties"]["placeInTextRead"] = physical["region"]
    physical["region"] = {"startLine": 1}


def _suppression(excuse: Excuse) -> dict[str, Any]:
    """Why a result does not count: the document says so, or a baseline, which is outside of it."""
    return {
        "kind": "inSource" if excuse.by == "ignore" else "external",
        "status": "accepted",
        "justification": characters(excuse.reason),
    }


def _level(status: str) -> str:
    """A FAIL, or a status unknown to this version, is an error: `gatecore check` ends with 1."""
    return _LEVELS.get(status, "error")


def _rule(gate: Gate) -> dict[str, Any]:
    worst = max((branch.status for branch in gate.branches), key=badness, default="N/A")
    return {
        "id": f"{gate.module}/{gate.name}",
        "name": gate.name,
        "shortDescription": _message(gate.title or gate.name),
        "fullDescription": _message(gate.summary or gate.title or gate.name),
        "help": _message("\n\n".join(filter(None, (gate.source, gate.limits))) or gate.name),
        "defaultConfiguration": {"level": _level(worst)},
        "properties": {
            "severity": gate.severity,
            "tags": list(gate.tags),
            "version": gate.version,
            **({"deprecated": gate.deprecated} if gate.deprecated else {}),
        },
    }


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
        region["snippet"] = {"text": characters(finding.text)}
    return region


def _message(text: str) -> dict[str, str]:
    """A message that says the text as it is.

    Braces would begin a placeholder, so they are doubled. In a plain text `[words](place)` is a
    link, whoever wrote it: where a text has one, its brackets and backslashes are escaped, and
    elsewhere they stay, as not every reader takes an escape away. See 3.11.5 and 3.11.6 of the
    standard.
    """
    text = _BRACE.sub(lambda brace: 2 * brace[0], characters(text))
    if "](" in text:
        text = _IN_LINKS.sub(lambda bracket: "\\" + bracket[0], text)
    return {"text": text}
