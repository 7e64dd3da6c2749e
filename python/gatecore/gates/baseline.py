r"""What was known before: findings that are not new, so that only new ones count.

A baseline is a file of lines, one for each finding, or verdict without any: sorted, so that two
people's changes merge (`merge=union` in `.gitattributes` never conflicts), and read strictly.

    {"gatecore_baseline": 1}
    {"document": "letters/a.txt", "gate": "house/no_risk", "branch": 1, "status": "FAIL", …}

A finding is known again by its fingerprint, in which places take no part, in its document, under
the same branch of its gate, and if it is no worse than it was: what was a WARNING does not excuse a
FAIL. A document is called by its path from the baseline's folder.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from gatecore.errors import GatecoreError
from gatecore.files import FileRefusedError, read_file, writing
from gatecore.gates.excuse import Excuse, Excused, Excuses
from gatecore.gates.fingerprint import Seen, fingerprint
from gatecore.gates.spec import VERDICT_STATUSES
from gatecore.gates.statuses import badness, is_known, is_problem
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.gates.report import Report

__all__ = ["Baseline", "BaselineError", "Known"]

_VERSION: Final = 1
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{32}")
_CONFLICT: Final = ("<<<<<<< ", "=======", ">>>>>>> ", "||||||| ")


class BaselineError(GatecoreError):
    """A baseline that cannot be used: says which line, and what to do."""


@dataclass(frozen=True, slots=True)
class Known:
    """One line of a baseline.

    Attributes:
        document: Its path from the baseline's folder, with slashes.
        gate: As `module/gate`.
        branch: Which of the gate's branches gave the verdict.
        status: "FAIL" or "WARNING".
        type: The finding's type; empty for a verdict without findings.
        fingerprint: That of the finding, or of the verdict.
    """

    document: str
    gate: str
    branch: int | None
    status: str
    type: str
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, int | None, str]:
        """What it is known by."""
        return self.document, self.gate, self.branch, self.fingerprint


class Baseline:
    r"""The findings that are known, and what became of them in this run.

    Args:
        path: The file; documents are called by their paths from its folder.
        known: What it says.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> report = gates.check("We keep your personal data for as long as we wish.")
    >>> baseline = Baseline("baseline.jsonl")
    >>> len(baseline.excuses("a.txt", report, Excuses()).given), baseline.new > 0
    (0, True)
    >>> later = Baseline("baseline.jsonl", baseline.updated())
    >>> again = gates.check("Dear all,\n\\nWe keep your personal data for as long as we wish.")
    >>> _ = later.excuses("a.txt", again, Excuses())
    >>> later.new, later.known == baseline.new, later.gone
    (0, True, 0)
    """

    def __init__(self, path: str, known: Iterable[Known] = ()) -> None:
        self.path = path
        self._folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100,PTH120 - links stay
        self._old: dict[str, dict[tuple[str, str, int | None, str], Known]] = {}
        for each in known:
            of_document = self._old.setdefault(each.document, {})
            before = of_document.get(each.key)
            if before is None or badness(before.status) < badness(each.status):
                of_document[each.key] = each
        self._now: dict[str, set[Known]] = {}
        self._kept: set[Known] = set()
        self.known = 0
        self.new = 0
        self.gone = 0

    @classmethod
    def read(cls, path: str, *, may_be_new: bool = False) -> Baseline:
        """A baseline as it was written; with `may_be_new` an empty one if there is no such file.

        Raises:
            BaselineError: It is not there, not whole, or of another version; with file and line.
        """
        if may_be_new and not os.path.lexists(path):
            return cls(path)
        try:
            data = read_file(path)
        except FileRefusedError as error:
            advice = "; --update-baseline writes it" if "no such file" in error.reason else ""
            raise BaselineError(f"{visible(path)}: {error.reason}{advice}") from None
        return cls(path, _parsed(data, path))

    def excuses(self, name: str, report: Report, before: Excuses) -> Excuses:
        """What of a document's report was known; counts it and what is new or gone.

        `before` excuses by other means, which takes part in nothing here.
        """
        document = self.name_of(name)
        old = self._old.get(document, {})
        excuse = Excuse("baseline", f"known in {visible(os.path.basename(self.path))}")  # noqa: PTH119
        given: dict[Excused, Excuse] = {}
        now: set[Known] = set()
        met: set[tuple[str, str, int | None, str]] = set()
        for at, each in _problems(document, report, before):
            now.add(each)
            was = old.get(each.key)
            if was is not None and badness(was.status) >= badness(each.status):
                given[at] = excuse
                met.add(each.key)
                self.known += 1
            else:
                self.new += 1
        answered = {f"{v.module}/{v.gate}" for v in report.verdicts}
        answered -= {f"{v.module}/{v.gate}" for v in report.verdicts if not is_known(v.status)}
        kept = {each for each in old.values() if each.gate not in answered}
        if document not in self._now:
            self.gone += sum(e.gate in answered and e.key not in met for e in old.values())
        self._now.setdefault(document, set()).update(now)
        self._kept |= kept
        return before.and_also(given)

    def end(self) -> None:
        """Counts as gone what is known of files that are there no more."""
        for document in self._old.keys() - self._now.keys():
            if not self._is_there(document):
                self.gone += len(self._old[document])

    def updated(self) -> list[Known]:
        """What is known now, in order.

        Of documents that were not checked, and of gates that were not asked or not finished, all
        that was known before; of files that are there no more, nothing.
        """
        found = set(self._kept)
        for of_document in self._now.values():
            found |= of_document
        for document in self._old.keys() - self._now.keys():
            if self._is_there(document):
                found.update(self._old[document].values())
        return sorted(found, key=_order)

    def write(self) -> None:
        """Puts what is known now in the file's place, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        with writing(self.path) as file:
            file.write(json.dumps({"gatecore_baseline": _VERSION}) + "\n")
            file.writelines(json.dumps(asdict(each)) + "\n" for each in self.updated())

    def name_of(self, name: str) -> str:
        """What the baseline calls a document."""
        if not self._is_path(name):
            return name
        whole = os.path.abspath(name)  # noqa: PTH100 - links stay
        return os.path.relpath(whole, self._folder).replace(os.sep, "/")

    def _is_there(self, document: str) -> bool:
        path = os.path.join(self._folder, document)  # noqa: PTH118
        return not self._is_path(document) or os.path.lexists(path)

    @staticmethod
    def _is_path(name: str) -> bool:
        return name != "<stdin>"


def _problems(document: str, report: Report, before: Excuses) -> Iterator[tuple[Excused, Known]]:
    seen: Seen = {}
    for number, verdict in enumerate(report.verdicts):
        if not is_problem(verdict.status) or not is_known(verdict.status):
            continue
        gate = f"{verdict.module}/{verdict.gate}"
        for at, finding in enumerate(verdict.findings or (None,)):
            print_ = fingerprint(gate, finding, seen)
            which = (number, None if finding is None else at)
            if before.of(*which) is not None:
                continue
            kind = "" if finding is None else finding.type
            yield which, Known(document, gate, verdict.branch, verdict.status, kind, print_)


def _order(each: Known) -> tuple[str, str, int, str, str, str]:
    return (
        each.document, each.gate, each.branch or 0, each.type, each.fingerprint, each.status,
    )  # fmt: skip


def _parsed(data: bytes, path: str) -> Iterator[Known]:
    def wrong(line: int, what: str) -> BaselineError:
        return BaselineError(f"{visible(path)}:{line}: {what}")

    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise wrong(1, "it is not UTF-8; write it anew with --update-baseline") from None
    head: Any = None
    with_head = lines[0].startswith("{")
    if with_head:
        try:
            head = json.loads(lines[0])
        except ValueError:
            head = None
    if not isinstance(head, dict) or list(head) != ["gatecore_baseline"]:
        raise wrong(1, 'it is not a baseline, which begins with {"gatecore_baseline": 1}')
    if head["gatecore_baseline"] != _VERSION:
        raise wrong(1, f"it has version {head['gatecore_baseline']!r}; this gatecore reads 1")
    if lines[-1]:
        raise wrong(len(lines), "the last line has no end; the file is cut off")
    for number, line in enumerate(lines[1:-1], 2):
        if line.startswith(_CONFLICT):
            raise wrong(number, "it has a conflict of git; keep the lines of both sides")
        try:
            plain = json.loads(line)
        except ValueError:
            raise wrong(number, "it is not a line of JSON") from None
        if plain == head:
            continue  # two baselines put together
        known = _entry(plain)
        if known is None:
            raise wrong(
                number,
                "it is not a finding; one has document, gate, branch, status, type and fingerprint",
            )
        yield known


def _entry(plain: Any) -> Known | None:
    if not isinstance(plain, dict) or plain.keys() != set(Known.__slots__):
        return None
    known = Known(**plain)
    texts = (known.document, known.gate, known.status, known.type, known.fingerprint)
    is_right = (
        all(isinstance(text, str) for text in texts)
        and (known.branch is None or (type(known.branch) is int and known.branch > 0))
        and known.status in VERDICT_STATUSES
        and is_known(known.status)
        and is_problem(known.status)
        and _FINGERPRINT.fullmatch(known.fingerprint) is not None
        and "/" in known.gate
        and bool(known.document)
    )
    return known if is_right else None
