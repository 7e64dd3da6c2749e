"""Reports as one HTML page: verdicts with their reasons, and the document with its findings marked.

The page loads nothing from a network and runs only its own script, which its content policy
enforces; every word of a document is escaped, as documents may be hostile. Without the script it
lacks filters and keys, nothing else.

Browsers handle a few megabytes well and a hundred not at all, so of huge documents and of thousands
of findings or explanations the page shows a part, the worst first, and says how much it leaves out.
No verdict is left out.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from gatecore.errors import GatecoreError
from gatecore.gates.excuse import Excuse, Excuses
from gatecore.gates.findings import Finding
from gatecore.gates.report import Checked, Verdict
from gatecore.gates.spec import SEVERITIES
from gatecore.gates.statuses import WORST, badness, is_known, severity_rank, worst_first
from gatecore.gates.why.tree import Why
from gatecore.output.html.marks import Mark, escaped, in_short, left_out, marked
from gatecore.output.html.why import why_html

__all__ = ["HtmlReport", "render"]

_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of one document a page has room for."""

    findings: int
    """Of all its verdicts; each shows `_LISTED` of its own in any case."""
    of_one: int
    """Findings of one verdict."""
    characters: int
    """Of its text, about."""
    explained: int
    """Verdicts."""


_ROOM: Final = _Room(findings=2_000, of_one=500, characters=400_000, explained=300)
_SMALL_ROOM: Final = _Room(findings=100, of_one=_LISTED, characters=20_000, explained=20)
_SPACIOUS: Final = 20_000_000
"""Characters of HTML from which on a document has the small room."""

_EXCUSED: Final = {"ignore": "ignored", "baseline": "known"}
_FOOTER: Final = (
    '<footer class="dim"><p>Made by gatecore. It finds wording, not compliance: '
    "no verdict is legal advice.</p></footer>\n"
)


def render(documents: Iterable[Checked], unreadable: Iterable[tuple[str, str]] = ()) -> str:
    """The page about some documents; `unreadable` has names and reasons of those not read.

    Write it as UTF-8. Verdicts are explained when the report still knows its gates.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> page = render([Checked("a.txt", "<script>", gates.check("<script>"))])
    >>> page.startswith("<!doctype html>"), "<q><script>" in page
    (True, False)
    """
    page = HtmlReport()
    for checked in documents:
        page.add(checked)
    for name, reason in unreadable:
        page.add_unreadable(name, reason)
    return page.text()


class HtmlReport:
    """A page that documents are added to one by one.

    >>> from gatecore import Report
    >>> page = HtmlReport()
    >>> page.add(Checked("a.txt", "Hello.", Report((), characters=6)))
    >>> "a.txt" in page.text()
    True
    """

    def __init__(self) -> None:
        self._sections: list[str] = []
        self._size = 0
        self._overview: list[tuple[Checked, Counter[str]]] = []
        self._gates: dict[str, None] = {}
        self._unreadable: list[tuple[str, str]] = []

    def add(self, checked: Checked) -> None:
        """Adds a document."""
        room = _ROOM if self._size < _SPACIOUS else _SMALL_ROOM
        section = "".join(_document(checked, f"d{len(self._sections) + 1}-", room))
        self._sections.append(section)
        self._size += len(section)
        counts = Counter(str(verdict.status) for verdict in checked.report.verdicts)
        short = Checked(checked.name, "", checked.report, checked.notes, excuses=checked.excuses)
        self._overview.append((short, counts))
        self._gates.update(dict.fromkeys(map(_name, checked.report.verdicts)))

    def add_unreadable(self, name: str, reason: str) -> None:
        """Adds the name of a document that could not be read, and why."""
        self._unreadable.append((name, reason))

    def text(self) -> str:
        """The whole page."""
        one = len(self._overview) == 1 and not self._unreadable
        title = self._overview[0][0].name if one else f"{len(self._overview)} documents"
        style, script = _part("page.css"), _part("page.js")
        policy = (
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
        )
        head = (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{escaped(title)} – gatecore</title>\n<style>{style}</style>\n</head>\n"
        )
        parts = [
            head,
            '<body>\n<a class="skip" href="#main">Skip to the verdicts</a>\n',
            *self._header(title, one),
            *self._bar(),
            f'<main id="main" tabindex="-1"{" class=one" if one else ""}>\n',
            *self._sections,
            f"</main>\n{_FOOTER}<script>{script}</script>\n</body>\n</html>\n",
        ]
        return "".join(parts)

    def _header(self, title: str, one: bool) -> Iterator[str]:
        yield f"<header>\n<h1>{escaped(title)}</h1>\n"
        if one:
            ((checked, counts),) = self._overview
            yield _facts(checked, counts)
        else:
            yield "<table>\n<thead><tr><th scope=col>Document</th><th scope=col>Overall</th>"
            yield "<th scope=col>Verdicts</th></tr></thead>\n<tbody>\n"
            numbered = enumerate(self._overview, 1)
            for number, (checked, counts) in sorted(
                numbered, key=lambda each: _badness(each[1][1])
            ):
                yield f'<tr><td><a href="#d{number}-">{escaped(checked.name)}</a></td>'
                yield f"<td>{_badge(checked.report.overall)}</td>"
                yield f"<td>{_counted(counts)}</td></tr>\n"
            yield "</tbody>\n</table>\n"
        if self._unreadable:
            yield "<h2>Not read</h2>\n<ul>\n"
            for name, reason in self._unreadable:
                yield f"<li>{escaped(name)}: {escaped(reason)}</li>\n"
            yield "</ul>\n"
        yield "</header>\n"

    def _bar(self) -> Iterator[str]:
        yield '<div class="bar" role="toolbar" aria-label="Findings" hidden>\n'
        yield '<label><span>Gate</span> <select name="gate" aria-label="Gate">'
        yield '<option value="">all gates</option>'
        for name in self._gates:
            yield f'<option value="{escaped(name)}">{escaped(name)}</option>'
        yield "</select></label>\n<label><span>Severity</span> "
        yield '<select name="severity" aria-label="Severity">'
        yield '<option value="none">any severity</option>'
        for severity in SEVERITIES[1:]:
            least = "" if severity == "critical" else " or worse"
            yield f'<option value="{severity}">{severity}{least}</option>'
        yield (
            '</select></label>\n<button type="button" name="previous" aria-keyshortcuts="p">'
            'Previous <kbd>p</kbd></button>\n<button type="button" name="next" '
            'aria-keyshortcuts="n">Next <kbd>n</kbd></button>\n'
            '<output aria-live="polite"></output>\n</div>\n'
        )


def _document(checked: Checked, prefix: str, room: _Room) -> Iterator[str]:
    verdicts, text = checked.report.verdicts, checked.report.shown(checked.text)
    order = sorted(range(len(verdicts)), key=lambda at: _rank(verdicts[at]))
    numbers, marks = _marks(verdicts, order, room)
    gaps = left_out(text, marks, room.characters)
    counts = Counter(str(verdict.status) for verdict in verdicts)
    yield f'<section class="document" id="{prefix}" aria-label="{escaped(checked.name)}">\n'
    yield f"<h2>{escaped(checked.name)}</h2>\n" + _facts(checked, counts)
    yield '<div class="columns">\n<section aria-label="Verdicts">\n'
    yield _cut_of(verdicts, numbers, room)
    for place, at in enumerate(order):
        yield from _verdict(checked, at, numbers[at], prefix, explained=place < room.explained)
    yield '</section>\n<section class="original" aria-label="Document">\n'
    if gaps:
        missing = sum(end - start for start, end in gaps)
        yield _cut(f"{missing:,} of {len(text):,} characters of this document are left out.")
    yield '<pre class="text" tabindex="0" role="region" aria-label="Text of the document">\n'
    yield from marked(text, marks, prefix, gaps)
    yield "</pre>\n</section>\n</div>\n</section>\n"


def _cut_of(verdicts: Sequence[Verdict], numbers: Sequence[list[int]], room: _Room) -> str:
    said = ""
    findings, shown = sum(len(v.findings) for v in verdicts), sum(map(len, numbers))
    if shown < findings:
        said += f"{findings - shown:,} of {findings:,} findings are left out; the JSON has all. "
    if len(verdicts) > room.explained:
        said += (
            f"{len(verdicts) - room.explained:,} of {len(verdicts):,} verdicts are not explained; "
            "ask for one with --why-gate."
        )
    return _cut(said) if said else ""


def _cut(said: str) -> str:
    return f'<p class="cut">To keep this page usable, {said.strip()}</p>\n'


def _marks(
    verdicts: Sequence[Verdict], order: Sequence[int], room: _Room
) -> tuple[list[list[int]], list[Mark]]:
    """The numbers of each verdict's findings in the order of the document, and their marks.

    Of many findings each verdict has its first; the worst verdicts choose first.
    """
    numbers: list[list[int]] = [[] for _ in verdicts]
    left = room.findings
    for at in order:
        shown = min(len(verdicts[at].findings), room.of_one, max(left, _LISTED))
        numbers[at] = [0] * shown
        left -= shown
    places = sorted(
        (finding.start, finding.end, at, which)
        for at, verdict in enumerate(verdicts)
        for which, finding in enumerate(verdict.findings[: len(numbers[at])])
    )
    marks = []
    for number, (start, end, at, which) in enumerate(places, 1):
        verdict = verdicts[at]
        finding = verdict.findings[which]
        numbers[at][which] = number
        label = f"{_name(verdict)}: {finding.type}"
        marks.append(Mark(number, start, end, _name(verdict), finding.severity, label))
    return numbers, marks


def _verdict(
    checked: Checked, at: int, numbers: list[int], prefix: str, *, explained: bool
) -> Iterator[str]:
    verdict = checked.report.verdicts[at]
    why = _why_of(checked, verdict) if explained else None
    yield (
        f'<article class="verdict {_css(verdict.status)}" id="{prefix}v{at + 1}" '
        f'data-doc="{prefix[:-1]}" data-gate="{escaped(_name(verdict))}" '
        f'data-severity="{_filtered_as(verdict)}">\n'
        f'<div class="body">\n<h3>{_badge(verdict.status)} '
    )
    excuse = checked.excuses.of_verdict(at, len(verdict.findings))
    if excuse is not None:
        yield f'<span class="badge NA">{_EXCUSED[excuse.by]}</span> '
    facts = f"{escaped(verdict.module)} · version {verdict.version}"
    if verdict.severity != "none":
        facts += f" · {escaped(verdict.severity)}"
    if why is not None and why.title:
        yield f'<span class="gate">{escaped(why.title)}</span> '
        facts = f"{escaped(verdict.gate)} · {facts}"
    else:
        yield f'<span class="gate">{escaped(verdict.gate)}</span> '
    yield f'<span class="dim">{facts}</span></h3>\n<p>{escaped(verdict.message)}</p>\n'
    if verdict.details:
        yield "<ul>" + "".join(f"<li>{escaped(line)}</li>" for line in verdict.details) + "</ul>\n"
    if verdict.suggestion:
        yield f'<p class="advice">{escaped(verdict.suggestion)}</p>\n'
    if excuse is not None:
        yield f'<p class="cut">It does not count: {escaped(excuse.reason)}</p>\n'
    yield from _findings(verdict.findings, numbers, prefix, checked.excuses, at)
    yield f'<p class="dim">{escaped(verdict.source)}</p>\n'
    if why is not None:
        yield from why_html(why)
    yield "</div>\n</article>\n"


def _why_of(checked: Checked, verdict: Verdict) -> Why | None:
    """None for a report that has lost its gates, or where two of them share the whole name.

    Neither is asked why a check was not finished: the answer might take as long.
    """
    if not is_known(verdict.status):
        return None
    try:
        return checked.report.why(_name(verdict))
    except GatecoreError:
        return None


def _findings(
    findings: Sequence[Finding], numbers: list[int], prefix: str, excuses: Excuses, verdict: int
) -> Iterator[str]:
    items = [
        f'<li id="{prefix}b{number}"><a href="#{prefix}f{number}">'
        f'<span class="said">line </span>{finding.line}:{finding.column}</a> '
        f"<span><q>{in_short(finding.text)}</q> "
        f'<span class="dim">{escaped(finding.type)}{_excused(excuses.of(verdict, which))}</span>'
        "</span></li>\n"
        for which, (finding, number) in enumerate(zip(findings, numbers, strict=False))
    ]
    missing = len(findings) - len(items)
    if items:
        yield f'<ol class="findings">\n{"".join(items[:_LISTED])}</ol>\n'
    if len(items) > _LISTED:
        yield f"<details><summary>{len(items) - _LISTED:,} more findings</summary>\n"
        yield f'<ol class="findings">\n{"".join(items[_LISTED:])}</ol></details>\n'
    if missing > 0:
        yield f'<p class="cut">{missing:,} of {len(findings):,} findings are left out.</p>\n'


def _excused(excuse: Excuse | None) -> str:
    if excuse is None:
        return ""
    label = "ignored: " if excuse.by == "ignore" else ""
    return f" · {label}{escaped(excuse.reason)}"


def _facts(checked: Checked, counts: Counter[str]) -> str:
    notes = "".join(f"<li>note: {escaped(note)}</li>" for note in checked.notes)
    report = checked.report
    return (
        f'<ul class="facts"><li>{_badge(report.overall)}</li>'
        f"<li>{report.characters:,} characters</li><li>{_counted(counts)}</li>{notes}</ul>\n"
    )


def _counted(counts: Counter[str]) -> str:
    listed = [f"{counts[status]:,} {escaped(status)}" for status in worst_first(counts)]
    return ", ".join(listed) or "no verdicts"


def _badge(status: str) -> str:
    return f'<span class="badge {_css(status)}">{escaped(status)}</span>'


def _css(status: str) -> str:
    return status.replace("/", "") if is_known(status) else "UNKNOWN"


def _filtered_as(verdict: Verdict) -> str:
    """The severity by which the filter goes; what is unknown passes every filter."""
    if not is_known(verdict.status):
        return SEVERITIES[-1]
    return SEVERITIES[severity_rank(verdict.severity)]


def _name(verdict: Verdict) -> str:
    return f"{verdict.module}/{verdict.gate}"


def _rank(verdict: Verdict) -> tuple[int, int]:
    return -badness(verdict.status), -severity_rank(verdict.severity)


def _badness(counts: Counter[str]) -> tuple[int, ...]:
    """By the worst status and how often it is there; documents that are alike stay as given."""
    by_badness: Counter[int] = Counter()
    for status, count in counts.items():
        by_badness[badness(status)] += count
    return tuple(-by_badness[bad] for bad in range(WORST, -1, -1))


@cache
def _part(name: str) -> str:
    """Style or script. ASCII only, so that its hash in the content policy holds in any encoding."""
    return "\n" + files("gatecore.output.html").joinpath(name).read_text("ascii")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(sha256(content.encode("ascii")).digest()).decode("ascii")
