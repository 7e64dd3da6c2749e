"""Many documents in one call answer as each of them alone does."""

import re
from collections.abc import Iterator

import pytest

from gatecore import PatternSet, Scan
from gatecore.errors import DeadlineError, DocumentTypeError

PATTERNS: list[tuple[str, int]] = [
    (r"\bno\s+risk\b", re.IGNORECASE),
    (r"\d+ ms", 0),
    (r"(\w)\1", 0),
    (r"£\d+", 0),
    ("İ|ı", 0),
    (r"(?=x)", 0),
    (r"\d+ ms", 0),
    (r"[^\x00-\x7f]", 0),
    (r"a{3,}b|c.*d$", 0),
]
TEXTS = [
    "",
    "no   risk took 12 ms",
    "a letter twice: aa",
    "£5 and İ",
    "\ud800 lone, x",
    "aaaab\ncd\n",
    "nothing",
]
#: Longer than what goes together in one round.
LONG = "no risk " * 150_000


@pytest.fixture(scope="module", params=["simd", "portable"])
def patterns(request: pytest.FixtureRequest) -> PatternSet:
    return PatternSet(PATTERNS, backend=request.param)


def by_re(text: str) -> list[int]:
    found = [re.search(source, text, flags) for source, flags in PATTERNS]
    return [number for number, match in enumerate(found) if match]


def test_the_answers_are_those_of_re(patterns: PatternSet) -> None:
    expected = [by_re(text) for text in TEXTS]
    assert len({number for found in expected for number in found}) == len(PATTERNS)
    assert patterns.ids_many(TEXTS) == expected
    assert [scan.ids() for scan in patterns.scan_many(TEXTS)] == expected


def test_spans_of_scans_are_those_of_re(patterns: PatternSet) -> None:
    asked = 0
    for text, scan in zip(TEXTS, patterns.scan_many(TEXTS), strict=True):
        assert scan.text == text
        for number, pattern in enumerate(patterns):
            compiled = re.compile(pattern.source, pattern.flags)
            assert scan.spans(number) == [match.span() for match in compiled.finditer(text)]
            asked += len(scan.spans(number))
    assert asked > 10


def test_order_and_number_are_kept_over_many_rounds(patterns: PatternSet) -> None:
    texts = [TEXTS[number % len(TEXTS)] for number in range(40_000)]
    expected = [by_re(text) for text in TEXTS]
    found = patterns.ids_many(texts)
    assert len(found) == len(texts)
    assert all(ids == expected[number % len(TEXTS)] for number, ids in enumerate(found))


def test_long_documents_may_stand_among_short_ones(patterns: PatternSet) -> None:
    texts = ["12 ms", LONG, "", LONG + "é", "xx"]
    assert patterns.ids_many(texts) == [patterns.scan(text).ids() for text in texts]
    assert [scan.text for scan in patterns.scan_many(texts)] == texts


def test_any_iterable_and_an_arrow_array_are_taken(patterns: PatternSet) -> None:
    class Array:
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("an Arrow array iterates over scalars, not over text")

        def to_pylist(self) -> list[str]:
            return TEXTS

    expected = patterns.ids_many(TEXTS)
    assert patterns.ids_many(iter(TEXTS)) == expected
    assert patterns.ids_many(Array()) == expected
    assert patterns.ids_many([]) == []
    assert patterns.scan_many([]) == []


def test_what_is_not_a_document_is_named_by_its_place(patterns: PatternSet) -> None:
    for ask in (patterns.ids_many, patterns.scan_many):
        with pytest.raises(DocumentTypeError, match=r"^document 1 is a str, not NoneType$"):
            ask(["fine", None])  # type: ignore[list-item]
        with pytest.raises(DocumentTypeError, match="a list of them"):
            ask("text")


def test_a_deadline_ends_the_whole(patterns: PatternSet) -> None:
    for ask in (patterns.ids_many, patterns.scan_many):
        with pytest.raises(DeadlineError):
            ask(["text"] * 100, deadline=0.0)
    assert patterns.ids_many(TEXTS, deadline=60.0) == patterns.ids_many(TEXTS)


def test_an_error_of_re_names_the_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = PatternSet(["fine", r"(\w)\1"])

    def broken(*_: object) -> None:
        raise SystemError("error return without exception set")

    # The set asks first, then a scan of the text that was not answered.
    monkeypatch.setattr(PatternSet, "compiled", broken)
    monkeypatch.setattr(Scan, "_first_by_re", broken)
    with pytest.raises(SystemError) as raised:
        patterns.ids_many(["fine", "aa"])
    # Notes came with 3.11.
    assert "pattern 1 " in "".join(getattr(raised.value, "__notes__", ["pattern 1 "]))


def test_columns_are_what_re_finds(patterns: PatternSet) -> None:
    found = 0
    for text in [*TEXTS, "no risk £5 xx " * 40_000]:
        scan = patterns.scan(text)
        expected = [
            [match.span() for match in re.finditer(pattern.source, text, pattern.flags)]
            for pattern in patterns
        ]
        columns, first = scan.all_spans(), scan.first_spans()
        assert [columns.of(number) for number in range(len(patterns))] == expected
        assert [first.of(number) for number in range(len(patterns))] == [s[:1] for s in expected]
        assert list(columns) == [(n, *span) for n, spans in enumerate(expected) for span in spans]
        found += len(columns)
    assert found > 100_000


def test_columns_under_a_deadline(patterns: PatternSet) -> None:
    scan = patterns.scan("aa xx 12 ms")
    assert scan.all_spans(deadline=60.0) == scan.all_spans()
    assert scan.first_spans(deadline=60.0) == scan.first_spans()
    for ask in (scan.all_spans, scan.first_spans):
        with pytest.raises(DeadlineError):
            ask(deadline=0.0)
