"""What `gatecore check` shows of a document: what is wrong, where, and what to do about it.

What is in order is counted, and shown when asked for. Rows are plain lines of text, with colours
only where there is a terminal: tables of rich took 13 s for 500 documents, these take 0.2 s.

    letter.txt · 1,234 characters · FAIL
                                                       under 72 columns:
    gate       status   severity  found  message
    ───────────────────────────────────────────        house
    house                                                no_risk · FAIL · high · 7 found
      no_risk  FAIL     high          7  It promises…      It promises safety.
           1:1  “risk-free”                                1:1  “risk-free”
        advice  Remove it.                              advice  Remove it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from gatecore.cli.output.console import STYLES, console, show, show_lines
from gatecore.errors import UnansweredError
from gatecore.gates.statuses import is_problem
from gatecore.text import shortened, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.cli.assessing import Assessed
    from gatecore.cli.tally import Tally
    from gatecore.cli.wanted import Wanted
    from gatecore.documents.reading import DocumentReadError, InputDocument
    from gatecore.gates.findings import Finding
    from gatecore.gates.report import Report, Verdict

__all__ = ["MOST_FINDINGS", "TableOutput"]

MOST_FINDINGS: Final = 5
"""Findings that are shown of one verdict; JSON has all."""

Line: TypeAlias = "list[tuple[str, str]]"
"""Texts, each with its style."""

_WIDEST_NAME: Final = 30
_NARROW: Final = 72
_LEAST: Final = 20


class TableOutput:
    """A heading and the problems of each document as it comes, and a sum of several at the end."""

    def __init__(
        self, wanted: Wanted | None = None, *, everything: bool = False, quiet: bool = False
    ) -> None:
        self._console = console()
        self._wanted = wanted
        self._everything = everything
        self._quiet = quiet
        self._gap = False
        self._is_first = True

    def checked(self, assessed: Assessed) -> None:
        document, report = assessed.document, assessed.report
        width = self._console.width
        shown: list[Verdict] = []
        hidden: Counter[str] = Counter()
        for number, (verdict, why) in enumerate(assessed.verdicts):
            if self._everything:
                shown.append(_discounted(assessed, number) if why else verdict)
            elif is_problem(verdict.status) and not why:
                counting = assessed.excuses.counting(number, verdict.findings)
                shown.append(replace(verdict, findings=counting))
            else:
                hidden[f"{verdict.status} {why}".rstrip()] += 1
        trees = list(self._trees(assessed))
        if self._quiet and not (shown or trees):
            return
        ignored = [] if self._quiet else list(_ignored(assessed, width))
        lines: list[Line] = [[]] if self._gap or (shown and not self._is_first) else []
        lines += _heading(document, report, width, "" if shown else _counted(hidden))
        lines += [[(f"note: {visible(note)}", "yellow")] for note in document.notes]
        if shown:
            lines.append([])
            rows = _narrow if width < _NARROW else _wide
            lines += rows(shown, width)
        if ignored:
            lines += [[], *ignored]
        if shown and hidden.total() and not self._quiet:
            lines += [[], [(f"{_counted(hidden)} (--all shows them)", "dim")]]
        show_lines(self._console, lines)
        show(self._console, *trees)
        self._gap = bool(shown or trees or ignored)
        self._is_first = False

    def _trees(self, assessed: Assessed) -> Iterator[RenderableType]:
        report = assessed.report
        problems = {v.status for v in report.verdicts if is_problem(v.status)}
        explained = [
            verdict
            for verdict, why in assessed.verdicts
            if self._wanted is not None
            and self._wanted.explains(verdict, problems if self._everything or not why else ())
        ]
        if explained:
            from gatecore.cli.output.why_tree import why_tree

            for verdict in explained:
                yield ""
                try:
                    yield why_tree(report.why(f"{verdict.module}/{verdict.gate}"))
                except UnansweredError as error:
                    yield Text(visible(f"not explained: {error}"), "bold red")

    def unreadable(self, error: DocumentReadError) -> None:
        """It was said on standard error when it came."""

    def end(self, tally: Tally) -> None:
        if self._quiet:
            return
        lines: list[Line] = []
        if tally.documents > 1:
            line: Line = [(f"{tally.documents:,} documents: ", "bold")]
            for number, (text, status) in enumerate(tally.parts()):
                part = (text, STYLES.get(status, "bold red"))
                line += [(", ", ""), part] if number else [part]
            line.append((tally.time() if self._console.is_terminal else "", "dim"))
            lines.append(line)
        for remark in tally.remarks():
            lines += [[(part, "")] for part in _wrapped(remark, self._console.width, indent="  ")]
        if lines:
            show_lines(self._console, [[], *lines] if tally.overall else lines)


def _discounted(assessed: Assessed, number: int) -> Verdict:
    """A verdict that does not count, with why."""
    verdict = assessed.report.verdicts[number]
    excuse = assessed.excuses.of_verdict(number, len(verdict.findings))
    why = f"it is less severe than {assessed.least}" if excuse is None else excuse.reason
    return replace(verdict, details=(*verdict.details, f"does not count: {why}"))


def _ignored(assessed: Assessed, width: int) -> Iterator[Line]:
    """What the document's comments excuse, each with the reason."""
    for (number, at), excuse in sorted(assessed.excuses.given.items(), key=lambda each: each[0][0]):
        if excuse.by != "ignore":
            continue
        verdict = assessed.report.verdicts[number]
        said = f"ignored  {visible(verdict.module)}/{visible(verdict.gate)}"
        if at is not None:
            finding = verdict.findings[at]
            said += f" {_place(finding)} “{shortened(finding.text, 40)}”"
        said += f": {visible(excuse.reason)} (line {excuse.line})"
        for line in _wrapped(said, max(width, _LEAST), indent="         "):
            yield [(line, "dim")]


def _heading(document: InputDocument, report: Report, width: int, rest: str) -> list[Line]:
    name: Line = [(visible(document.name), "bold")]
    facts: Line = [(f"{report.characters:,} characters · ", ""), _status(report.overall)]
    if rest:
        facts.append((f" · {rest}", "dim"))
    if _length(name) + 3 + _length(facts) <= width:
        return [[*name, (" · ", ""), *facts]]
    return [*([(line, "bold")] for line in _wrapped(name[0][0], max(width, _LEAST))), facts]


def _status(status: str) -> tuple[str, str]:
    return visible(status), STYLES.get(status, "bold red")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[status]:,} {status}" for status in sorted(counts) if counts[status])


def _length(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def _severity(verdict: Verdict) -> str:
    return "–" if verdict.severity == "none" else verdict.severity


def _wide(verdicts: Sequence[Verdict], width: int) -> Iterator[Line]:
    names = [f"  {visible(verdict.gate)}" for verdict in verdicts]
    found = [f"{len(verdict.findings):,}" if verdict.findings else "–" for verdict in verdicts]
    name_width = min(max(map(cell_len, names)), _WIDEST_NAME)
    status_width = max(7, *(cell_len(visible(verdict.status)) for verdict in verdicts))
    widths = (name_width, status_width, 8, max(map(len, [*found, "found"])))
    before = sum(widths) + 2 * len(widths)
    head = _cells(("gate", "status", "severity"), widths) + f"{'found':>{widths[3]}}  message"
    yield [(head, "bold")]
    yield [("─" * width, "dim")]
    for number, verdict in enumerate(verdicts):
        if number and _has_block(verdicts[number - 1]):
            yield []
        if not number or verdicts[number - 1].module != verdict.module:
            yield [(visible(verdict.module), "bold cyan")]
        first, *more = _wrapped(names[number], name_width, indent="  ")
        message, *rest = _wrapped(visible(verdict.message), max(width - before, _LEAST))
        text, style = _status(verdict.status)
        yield [
            (set_cell_size(first, name_width) + "  ", ""),
            (set_cell_size(text, status_width), style),
            (f"  {_severity(verdict):<8}  {found[number]:>{widths[3]}}  {message}", ""),
        ]
        for at in range(max(len(more), len(rest))):
            name = set_cell_size(more[at] if at < len(more) else "", before)
            yield [(name + (rest[at] if at < len(rest) else ""), "")]
        yield from _block(verdict, width)


def _cells(texts: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(texts, widths, strict=False)
    return "".join(set_cell_size(text, width) + "  " for text, width in pairs)


def _narrow(verdicts: Sequence[Verdict], width: int) -> Iterator[Line]:
    for number, verdict in enumerate(verdicts):
        if number:
            yield []
        if not number or verdicts[number - 1].module != verdict.module:
            yield [(visible(verdict.module), "bold cyan")]
        rest = [_severity(verdict)] if verdict.severity != "none" else []
        rest += [f"{len(verdict.findings):,} found"] if verdict.findings else []
        for line in _wrapped(f"  {visible(verdict.gate)}", max(width, _LEAST), indent="  "):
            yield [(line, "bold")]
        yield [("  ", ""), _status(verdict.status), ("".join(f" · {fact}" for fact in rest), "")]
        for line in _wrapped(visible(verdict.message), max(width - 4, _LEAST)):
            yield [(f"    {line}", "")]
        yield from _block(verdict, width)


def _has_block(verdict: Verdict) -> bool:
    return is_problem(verdict.status) or bool(verdict.details)


def _block(verdict: Verdict, width: int) -> Iterator[Line]:
    """What a verdict adds to its message; of a problem, what it rests on and what to do."""
    rows: list[tuple[str, str, str, str]] = []  # label and text, each with its style
    for number, detail in enumerate(verdict.details):
        rows.append(("" if number else "detail", "bold", visible(detail), ""))
    if is_problem(verdict.status):
        shown = verdict.findings[:MOST_FINDINGS]
        rows += [(_place(one), "cyan", f"“{shortened(one.text)}”", "") for one in shown]
        if len(verdict.findings) > len(shown):
            more = f"… and {len(verdict.findings) - len(shown):,} more"
            rows.append(("", "", more, "dim"))
        if verdict.suggestion:
            rows.append(("advice", "bold", visible(verdict.suggestion), ""))
        rows.append(("source", "dim", visible(verdict.source), "dim"))
    margin = max((len(label) for label, *_ in rows), default=0)
    margin = max(margin, 6)
    for label, label_style, text, style in rows:
        for number, line in enumerate(_wrapped(text, max(width - margin - 6, _LEAST))):
            left = "" if number else label
            yield [(f"    {left:>{margin}}", label_style), (f"  {line}", style)]


def _place(finding: Finding) -> str:
    return f"{finding.line}:{finding.column}"


def _wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    """A text in lines of at most that many cells, cut between words where there are any."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in _words(text, width - len(indent)):
        joined = f"{lines[-1]}{word}"
        if cell_len(joined.rstrip()) <= width:
            lines[-1] = joined
        else:
            lines.append(indent + word.lstrip())
    return [line.rstrip() for line in lines if line.strip()]


def _words(text: str, width: int) -> Iterable[str]:
    """Words, each with the blank after it; one that is wider is cut."""
    for word in text.split(" "):
        *pieces, last = chop_cells(word, width) if cell_len(word) > width else [word]
        yield from pieces
        yield f"{last} "
