"""The page of a report: whole, safe with hostile documents, its marks those of the findings."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gatecore import GateSet
from gatecore.gates.findings import Finding
from gatecore.gates.report import Checked, Report, Verdict
from gatecore.output import html
from gatecore.output.html.marks import Mark, escaped, marked
from tests.support.steps import Steps

BAD = "We hold personal data for as long as we wish. Guaranteed returns. Act now, don’t miss out!"
VOID = {"meta", "br", "input", "link", "img"}


class Page(HTMLParser):
    """The elements of a page; a tag closed in the wrong order is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag] = self.texts.get(tag, "") + data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]


def page_of(gates: GateSet, text: str) -> str:
    return html.render([Checked("a.txt", text, gates.check(text))])


def test_every_link_has_its_place_and_every_id_is_there_once(gdpr: GateSet) -> None:
    second = "Your personal data is sold. " * 40
    documents = [
        Checked(name, text, gdpr.check(text)) for name, text in (("a", BAD), ("b", second))
    ]
    page = Page(html.render(documents, [("gone.txt", "there is no such file")]))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    links = page.attributes("href")
    assert links
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= set(ids)
    findings = sum(len(v.findings) for checked in documents for v in checked.report.verdicts)
    assert sum("-f" in each for each in ids) == findings
    assert sum("-b" in each for each in ids) == findings
    assert "gone.txt" in page.texts["header"]


def test_the_worst_verdict_comes_first_and_each_is_explained(gdpr: GateSet) -> None:
    page = page_of(gdpr, BAD)
    order = re.findall(r'<article class="verdict (\w+)"', page)
    assert order == sorted(order, key=["FAIL", "WARNING", "PASS", "NA"].index)
    assert page.count('<details class="why">') == len(gdpr)
    assert "no match of ‘" in page


def test_a_branch_that_was_not_taken_is_not_a_verdict_and_limits_are_told(gdpr: GateSet) -> None:
    page = page_of(gdpr, "We delete personal data after six years. Guaranteed returns.")
    assert ": does not apply" in page
    failed = re.findall(r'<li class="failed">[^\n]*<b>(\w+)', page)
    assert set(failed) == {"Relevant"}
    assert page.count("What this gate cannot see: ") == sum(bool(gate.limits) for gate in gdpr)
    for gate in gdpr:
        assert escaped(gate.title) in page


def test_the_overview_has_the_worst_first_and_the_page_the_order_given(gdpr: GateSet) -> None:
    texts = {"none": "Hello.", "bad": BAD, "also none": "Bye."}
    page = html.render([Checked(name, text, gdpr.check(text)) for name, text in texts.items()])
    assert re.findall(r'<td><a href="#d\d-">([^<]+)', page) == ["bad", "none", "also none"]
    assert re.findall(r"<h2>([^<]+)", page) == ["none", "bad", "also none"]


HOSTILE = [
    "<script>alert(1)</script></pre></main>",
    "</style><style>*{display:none}",
    "\"'><img src=x onerror=alert(1)>",
    "\0\x1b[2J\ud800\udc00\udfff\x85",
    "\u202egnirts\u202c \u2066x\u2069 \u200b \ufeff",
    "&lt;b&gt; &amp; <!-- ]]> -->",
    "\n\r\n\r \r\n",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_document_gets_out_of_its_text(hostile: str, gdpr: GateSet) -> None:
    """Not from the text, its findings or names, nor from what a verdict says about it."""
    text = f"{BAD}{hostile}Act now {hostile}"
    found = Finding("g", hostile, len(BAD), len(text), text[len(BAD) :], 1, 1, hostile, "high")
    said = (hostile,)
    verdict = Verdict("g", "m", "FAIL", "high", hostile, hostile, hostile, (found,), said)
    made = Checked(hostile, text, Report((verdict,), characters=1), said)
    source = html.render([made, Checked("b", text, gdpr.check(text))], [(hostile, hostile)])
    source.encode()
    assert not re.search("[\0\x1b\x85\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff]", source)
    tags = {tag for tag, _ in Page(source).elements}
    assert "img" not in tags
    assert source.count("<script>") == source.count("<style>") == 1


def test_nothing_comes_from_elsewhere_and_only_our_script_runs(gdpr: GateSet) -> None:
    page = page_of(gdpr, BAD)
    assert not re.search(r"(?:src|action)=|url\(|@import|https?:|\son\w+=", page)
    (policy,) = [content for content in Page(page).attributes("content") if "default" in content]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        match = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert match is not None
        digest = base64.b64encode(sha256(match[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_overlapping_findings_are_cut_into_segments() -> None:
    """The text is the document's, each piece names its gates, each finding begins somewhere."""
    text = "0123456789"
    spans = [(0, 6), (2, 4), (2, 8), (5, 5), (8, 10)]
    marks = [
        Mark(number, start, end, f"m/{number}", "critical" if number == 2 else "low", "x")
        for number, (start, end) in enumerate(spans, 1)
    ]
    pieces = Page("".join(marked(text, marks, "d-")))
    assert pieces.texts["a"] == text
    links = [attrs for tag, attrs in pieces.elements if tag == "a"]
    assert [attrs["data-gates"] for attrs in links] == [
        "m/1",
        "m/1 m/2 m/3",
        "m/1 m/3",
        "m/4",
        "m/1 m/3",
        "m/3",
        "m/5",
    ]
    assert links[1]["href"] == "#d-b2"
    assert sorted(pieces.attributes("id")) == [f"d-f{number}" for number in range(1, 6)]


def test_a_report_that_lost_its_gates_has_a_page_without_trees(gdpr: GateSet) -> None:
    report = gdpr.check(BAD)
    bare = Report(report.verdicts, characters=report.characters)
    assert "Why?" in html.render([Checked("a", BAD, report)])
    assert "Why?" not in html.render([Checked("a", BAD, bare)])


def test_a_large_document_takes_work_in_proportion() -> None:
    """Findings that overlap their neighbours, four times as many on four times the text."""

    def steps(number: int) -> int:
        text = "word " * (10 * number)
        marks = [Mark(n + 1, 50 * n, 50 * n + 120, f"m/{n % 7}", "low", "x") for n in range(number)]
        with Steps.counted() as counted:
            assert sum(map(len, marked(text, marks, "d-"))) < 1_000 * number
        return counted.count

    assert steps(1_200) < 5 * steps(300)


def many(number: int, *, status: str = "FAIL", gate: str = "fee") -> tuple[str, Verdict]:
    """A text of which every other word is a finding, and the verdict about it."""
    text = "fee word " * number
    found = tuple(
        Finding("g", "fee", 9 * at, 9 * at + 3, "fee", 1, 9 * at + 1, "t", "high")
        for at in range(number)
    )
    return text, Verdict(gate, "m", status, "high", "said", "", "rule", found)  # type: ignore[arg-type]


def test_a_huge_document_is_cut_and_the_page_says_by_how_much() -> None:
    """Every link still leads somewhere, and what is shown and what is left out add up."""
    text, verdict = many(100_000)
    other = replace(verdict, gate="other", status="WARNING")
    source = html.render([Checked("a", text, Report((other, verdict), characters=len(text)))])
    assert len(source) < 2_000_000
    page = Page(source)
    ids = page.attributes("id")
    assert {link[1:] for link in page.attributes("href")} <= set(ids)
    shown = [sum(f"-{kind}" in each for each in ids) for kind in "fb"]
    assert shown == [1_000, 1_000]
    assert "199,000 of 200,000 findings are left out" in source
    assert source.count("99,500 of 100,000 findings are left out") == 2
    gaps = [int(found.replace(",", "")) for found in re.findall(r">… ([\d,]+) char", source)]
    assert f"{sum(gaps):,} of 900,000 characters of this document are left out" in source
    (kept,) = re.findall(r"<pre[^>]*>\n(.*?)</pre>", source, re.DOTALL)
    kept = re.sub(r'<span class="gap">.*?</span>', "", kept)
    assert len(re.sub("<[^>]*>", "", kept)) == 900_000 - sum(gaps)


def test_the_worst_verdicts_are_the_ones_that_are_shown_in_full() -> None:
    text, verdict = many(600, status="WARNING")
    worst = replace(verdict, gate="last", status="FAIL")
    verdicts = (*(replace(verdict, gate=f"g{at}") for at in range(8)), worst)
    source = html.render([Checked("a", text, Report(verdicts, characters=len(text)))])
    items = re.findall(r"<article.*?</article>", source, re.DOTALL)
    assert [item.count("<q>fee</q>") for item in items] == [500, 500, 500, 500, *[20] * 5]
    assert "last" in items[0]


def test_both_ends_of_a_long_finding_stay() -> None:
    text = "a" * 3_000_000
    found = Finding("g", "a+", 10, 2_000_000, text[10:2_000_000], 1, 11, "t", "high")
    verdict = Verdict("g", "m", "FAIL", "high", "said", "", "rule", (found,))
    source = html.render([Checked("a", text, Report((verdict,), characters=len(text)))])
    assert len(source) < 450_000
    assert source.count('class="gap"') == 2
    assert 'id="d1-f1"' in source


def test_of_thousands_of_gates_all_verdicts_are_shown_and_some_explained(gdpr: GateSet) -> None:
    gates = GateSet(replace(gate, name=f"{gate.name}_{at}") for at in range(30) for gate in gdpr)
    source = html.render([Checked("a.txt", BAD, gates.check(BAD))])
    assert source.count("<article") == len(gates)
    assert source.count('<details class="why">') == 300
    assert f"{len(gates) - 300:,} of {len(gates):,} verdicts are not explained" in source


def test_a_page_of_many_huge_documents_stays_a_page() -> None:
    text, verdict = many(50_000)
    report = Report((verdict,), characters=len(text))
    page = html.HtmlReport()
    for number in range(60):
        page.add(Checked(f"{number}.txt", text, report))
    assert len(page.text()) < 40_000_000
    assert page.text().count("<article") == 60


def test_an_unknown_status_is_a_problem_and_passes_every_filter() -> None:
    """Such as one not finished: it stands above all others, in a warning colour, unexplained."""
    _, fine = many(0, status="PASS")
    odd = replace(fine, gate="odd", status='TIME"OUT', severity="none")  # type: ignore[arg-type]
    source = html.render([Checked("a", "", Report((fine, odd), characters=0))])
    first, _ = re.findall("<article[^>]*>", source)
    assert 'class="verdict UNKNOWN"' in first
    assert 'data-gate="m/odd"' in first
    assert 'data-severity="critical"' in first
    assert "1 TIME&quot;OUT, 1 PASS" in source
    assert 'TIME"OUT' not in source


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.slow
def test_a_browser_runs_the_script_and_nothing_of_the_document(
    tmp_path: Path, gdpr: GateSet
) -> None:
    text = f"{BAD}<script>document.title='owned'</script>"
    path = tmp_path / "page.html"
    path.write_text(page_of(gdpr, text), "utf-8")
    assert BROWSER is not None
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/u")
    ran = subprocess.run(
        [BROWSER, *options, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<title>a.txt" in ran.stdout
    assert re.search(r'<output aria-live="polite">\d+ findings?</output>', ran.stdout)
