"""The results of `gatecore check` for programs: one JSON object, or one a line as they come."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatecore.cli.messages import JsonDocuments
from gatecore.errors import UnansweredError
from gatecore.gates.spec import STATUSES
from gatecore.output.portable import uri
from gatecore.text import json_text, named

if TYPE_CHECKING:
    from gatecore.cli.assessing import Assessed
    from gatecore.cli.tally import Tally
    from gatecore.cli.wanted import Wanted
    from gatecore.documents.reading import DocumentReadError

__all__ = ["JsonLines", "JsonOutput"]


class JsonOutput:
    """One object, with a document a line and the sum at its end."""

    def __init__(self, wanted: Wanted) -> None:
        self._documents = JsonDocuments({})
        self._wanted = wanted

    def checked(self, assessed: Assessed) -> None:
        self._documents.add(_plain(assessed, self._wanted))

    def unreadable(self, error: DocumentReadError) -> None:
        self._documents.unreadable(error, uri=uri(error.name))

    def end(self, tally: Tally) -> None:
        self._documents.end(summary=tally.to_dict())


class JsonLines:
    """A line for each document as soon as it and those before it are judged.

    Documents are those of `JsonOutput`; what could not be read is `{"error": …}`. The last line is
    `{"summary": …}`: without it, the run was not whole.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def checked(self, assessed: Assessed) -> None:
        self._line(_plain(assessed, self._wanted))

    def unreadable(self, error: DocumentReadError) -> None:
        about = {**named(error.name), "uri": uri(error.name), "message": error.reason}
        self._line({"error": about})

    def end(self, tally: Tally) -> None:
        self._line({"summary": tally.to_dict()})

    def _line(self, plain: Mapping[str, object]) -> None:
        sys.stdout.write(f"{json_text(plain)}\n")
        sys.stdout.flush()


def _plain(assessed: Assessed, wanted: Wanted) -> dict[str, Any]:
    document, report = assessed.document, assessed.report
    plain: dict[str, Any] = {
        **named(document.name),
        "uri": uri(document.name),
        "read_as": document.read_as,
        "encoding": document.encoding,
        "notes": document.notes,
        **report.to_dict(with_timing=True),
    }
    if assessed.ignores:
        plain["ignores"] = [comment.to_dict() for comment in assessed.ignores]
    for number, (verdict, told) in enumerate(zip(report.verdicts, plain["verdicts"], strict=True)):
        if assessed.excuses.given:
            excuse = assessed.excuses.of_verdict(number, len(verdict.findings))
            if excuse is not None:
                told["excused"] = excuse.to_dict()
            for at, finding in enumerate(told["findings"]):
                excuse = assessed.excuses.of(number, at)
                if excuse is not None:
                    finding["excused"] = excuse.to_dict()
        if wanted.explains(verdict, STATUSES):
            try:
                told["why"] = report.why(f"{verdict.module}/{verdict.gate}").to_dict()
            except UnansweredError as error:
                told["why"] = {"errors": [{"message": str(error)}]}
    return plain
