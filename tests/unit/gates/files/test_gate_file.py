"""Gate files: what a good one gives, and where each mistake is said to stand."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatecore.errors import GatecoreError, GateFileError
from gatecore.gates.files import gate_file, patterns, yaml_nodes
from gatecore.gates.files.gate_file import load_gate, load_module, parse_gate
from gatecore.gates.files.yaml_nodes import YamlFile
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Average,
    Bounds,
    Count,
    DocumentLength,
    Either,
    Enough,
    Every,
    Evidence,
    Gate,
    NoneOf,
    Not,
    Part,
    PatternRef,
    SentenceLength,
    View,
    Window,
)
from gatecore.places import Place
from tests.support import data

DATA = yaml.safe_load((data.DATA / "gate_file_errors.yaml").read_text("utf-8"))
BASE: str = DATA["base"]
CASES: list[dict[str, Any]] = DATA["cases"]
SHARED_CASES: list[dict[str, Any]] = DATA["shared_cases"]
MARK = "◆"
PATH = "house/risky.yaml"
NOWHERE = Place("elsewhere.yaml", 9, 9)
PROMISE, WARNING = ("promise",), ("warning",)


def parse(text: str) -> Gate:
    return parse_gate(text, path=PATH, module="house")


def marked_text(case: dict[str, Any]) -> tuple[str, int, int]:
    """The case's text without its mark, and the line and column at which the mark stood."""
    if "text" in case:
        text: str = case["text"]
    else:
        text = BASE
        for old, new in {**case.get("also", {}), case["old"]: case["new"]}.items():
            assert text.count(old) == 1, "an edit has to change the base in one place"
            text = text.replace(old, new)
    return unmarked(text)


def unmarked(text: str) -> tuple[str, int, int]:
    assert text.count(MARK) == 1
    before = text.partition(MARK)[0]
    return text.replace(MARK, ""), before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def error_of(text: str) -> GateFileError:
    with pytest.raises(GateFileError) as caught:
        parse(text)
    return caught.value


def test_the_cases_have_different_names() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) >= 150


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_mistake_is_named_with_its_place(
    case: dict[str, Any], loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_loader(loader, monkeypatch)
    text, line, column = marked_text(case)
    error = error_of(text)
    assert error.detail.startswith(case["says"])
    assert error.advice.startswith(case.get("advice", ""))
    assert (error.path, error.gate) == (PATH, "risky")
    if error.detail.startswith("not valid YAML"):
        # The two YAML parsers differ by a column or so in what they call the place.
        assert error.line == line
    else:
        assert (error.line, error.column) == (line, column)
    assert str(error) == (
        f"{PATH}:{error.line}:{error.column}: gate 'risky': {error.detail}; {error.advice}"
    )


@pytest.mark.parametrize("case", SHARED_CASES, ids=lambda case: case["name"])
def test_each_mistake_in_shared_lists_is_named_with_its_place(case: dict[str, Any]) -> None:
    text, line, column = unmarked(case["text"])
    gate = BASE.replace("'capital at risk'", "{shared: words}")
    with pytest.raises(GateFileError) as caught:
        parse_gate(gate, path=PATH, module="house", shared=text)
    error = caught.value
    assert error.detail.startswith(case["says"])
    assert error.advice.startswith(case.get("advice", ""))
    assert (error.path, error.gate) == ("house/_shared.yaml", None)
    assert (error.line, error.column) == (line, column)


def test_a_gate_file_error_survives_pickling() -> None:
    error = error_of("")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.gate, again.line) == (str(error), "risky", 1)
    assert isinstance(again, GatecoreError)


def test_a_good_file_gives_the_whole_gate() -> None:
    gate = parse(BASE)
    assert (gate.name, gate.module, gate.version) == ("risky", "house", 1)
    assert (gate.severity, gate.title, gate.source) == ("high", "A title", "A rule")
    assert [group.name for group in gate.groups] == ["promise", "warning"]
    assert gate.groups[0].patterns == (
        PatternRef(r"\bguaranteed\b", int(re.IGNORECASE), NOWHERE),
        PatternRef("risk.free", int(re.DOTALL), NOWHERE),
    )
    assert gate.groups[0].patterns[1].place == Place(PATH, 11, 17)
    assert gate.relevant == AnyOf(("promise", "warning"))
    assert gate.branches[0].when == Every((AnyOf(PROMISE), NoneOf(WARNING)))
    assert gate.branches[0].evidence == (Evidence(PROMISE, "every", "", "high", None, None),)
    assert gate.branches[1].when is None
    assert gate.examples[0].evidence == ("Guaranteed",)
    assert gate.counter_examples[0].evidence is None
    assert gate.counter_examples[0].place == Place(PATH, 28, 5)


def test_a_verdict_without_severity_has_that_of_the_gate_or_none() -> None:
    gate = parse(BASE)
    assert [(b.status, b.severity) for b in gate.branches] == [("FAIL", "high"), ("PASS", "none")]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("[]", 0),
        ("[ignorecase]", re.IGNORECASE),
        ("[multiline, ascii]", re.MULTILINE | re.ASCII),
        ("[verbose, ignorecase, dotall]", re.VERBOSE | re.IGNORECASE | re.DOTALL),
    ],
)
def test_flags_are_those_listed_and_no_others(flags: str, expected: int) -> None:
    gate = parse(BASE.replace("[dotall]", flags))
    assert gate.groups[0].patterns[1].flags == expected


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("{all: [promise, warning]}", AllOf(("promise", "warning"))),
        ("{at_least: {count: 2, of: promise}}", AtLeast(2, PROMISE)),
        ("{not: {any: warning}}", Not(AnyOf(WARNING))),
        (
            "{either: [{any: promise}, {none: warning, all: promise}]}",
            Either((AnyOf(PROMISE), Every((NoneOf(WARNING), AllOf(PROMISE))))),
        ),
        ("{every: [{any: promise}]}", Every((AnyOf(PROMISE),))),
        (
            "{at_least: {count: 2, conditions: [{any: promise}, {none: warning}]}}",
            Enough(2, (AnyOf(PROMISE), NoneOf(WARNING))),
        ),
        ("{count: {of: [promise], at_least: 3}}", Count(PROMISE, Bounds(3, None))),
        ("{count: {of: promise, at_most: 3}}", Count(PROMISE, Bounds(0, 3))),
        ("{count: {of: promise, exactly: 0}}", Count(PROMISE, Bounds(0, 0))),
        (
            "{near: {of: promise, within: {words: 0}, side: before, any: warning, none: promise}}",
            Around(PROMISE, Window("before", "words", 0), Every((AnyOf(WARNING), NoneOf(PROMISE)))),
        ),
        (
            "{near: {of: promise, any: warning}}",
            Around(PROMISE, Window("both", None, 0), AnyOf(WARNING)),
        ),
        (
            "{inside: {of: promise, none: warning}}",
            Around(PROMISE, Window("inside", None, 0), NoneOf(WARNING)),
        ),
        (
            "{order: {first: promise, then: warning, within: {lines: 2}}}",
            Around(PROMISE, Window("after", "lines", 2), AnyOf(WARNING)),
        ),
        (
            "{in_first: {sentences: 2, near: {of: promise, any: warning}}}",
            Part("first", "sentences", 2, Around(PROMISE, Window("both", None, 0), AnyOf(WARNING))),
        ),
        ("{in_last: {lines: 20, any: promise}}", Part("last", "lines", 20, AnyOf(PROMISE))),
        ("{document: {sentences: {exactly: 3}}}", DocumentLength("sentences", Bounds(3, 3))),
        (
            "{sentences: {words: {at_least: 40}}}",
            SentenceLength("words", Bounds(40, None), Bounds(1, None)),
        ),
        (
            "{sentences: {characters: {at_most: 9}, count: {at_most: 0}}}",
            SentenceLength("characters", Bounds(0, 9), Bounds(0, 0)),
        ),
        ("{average_sentence: {words: {at_most: 9}}}", Average("words", Bounds(0, 9))),
    ],
)
def test_each_condition_is_read(written: str, condition: object) -> None:
    gate = parse(BASE.replace("{any: promise, none: warning}", written))
    assert gate.branches[0].when == condition


def test_the_same_gate_in_another_place_is_equal() -> None:
    assert parse(BASE) == parse("# a comment\n" + BASE)


def test_a_large_file_is_refused_before_it_is_read_as_yaml() -> None:
    error = error_of("#" * (yaml_nodes.MAX_BYTES + 1))
    assert error.detail == "the file is larger than 1,000,000 bytes"


def use_loader(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = getattr(yaml, name, yaml.SafeLoader)
    counting = type(name, (yaml_nodes._Counting, loader), {})
    monkeypatch.setattr(yaml_nodes, "_Loader", loader)
    monkeypatch.setattr(yaml_nodes, "_CountingLoader", counting)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_a_good_file_is_read_once(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what has a mistake, or both marks of an alias, is looked at a second time."""
    use_loader(loader, monkeypatch)
    good = parse(BASE.replace("A title", "Fees & charges"))
    looks: list[str] = []
    monkeypatch.setattr(YamlFile, "_check_limits", lambda self, text, loader: looks.append(text))
    assert parse(BASE.replace("A title", "Fees & charges")) == good
    assert looks == []
    parse(BASE.replace("A title", "Fees & charges*"))
    assert len(looks) == 1


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_as_deep_as_allowed_is_allowed(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_loader(loader, monkeypatch)
    file = YamlFile(PATH, gate="risky")
    file.compose("[" * 50 + "x" + "]" * 50)
    with pytest.raises(GateFileError, match="nested more than 50 deep"):
        file.compose("[" * 51 + "]" * 51)
    file.compose("[" + "x," * 19_999 + "]")
    with pytest.raises(GateFileError, match="more than 20,000 YAML nodes"):
        file.compose("[" + "x," * 20_000 + "]")


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_too_many_nodes_and_too_deep_nesting_are_refused(
    loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_loader(loader, monkeypatch)
    many = error_of("[" + "x, " * 30_000 + "]")
    assert many.detail == "more than 20,000 YAML nodes"
    deep = error_of("a: " + "[" * 900_000)
    assert deep.detail == "nested more than 50 deep"
    assert (deep.line, deep.column) == (1, 4 + 49)
    tags = error_of("".join(f"%TAG !a{number}! b\n" for number in range(60_000)) + "--- a")
    assert (tags.line, tags.detail) == (101, "more than 100 %TAG lines")


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("opened", ["[", "{", "[{", "{a: [", "{a: {b: ", "[[x], ", "- ", "? "])
def test_the_limit_of_depth_is_ours_whichever_parser_runs(
    opened: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libyaml of PyYAML 6.0.4 refuses 1,000 brackets before it tells of the first."""
    use_loader(loader, monkeypatch)
    in_lines = opened[0] in "-?"
    for start in ("", "a:\n  ", "a: '[[['\nb:\n " if in_lines else "a: "):
        for depth in (51, 1_000, 5_000):
            for end in ("", "]" * 5_000):
                error = error_of(start + opened * depth + end)
                assert error.detail == "nested more than 50 deep", (start, depth, end)
                assert error.advice == "flatten it"


def test_a_mistake_after_many_brackets_is_still_a_mistake() -> None:
    for end in ("]", ", }", "} x", ": y: z"):
        error = error_of("a: '" + "[" * 2_000 + "'" + end)
        assert error.detail.startswith("not valid YAML: ")


def test_a_billion_laughs_is_refused_at_its_first_alias() -> None:
    text = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    error = error_of(text)
    assert (error.detail, error.line, error.column) == ("the alias *a is not allowed", 2, 8)


def test_bytes_that_are_not_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "risky.yaml"
    path.write_bytes(b"gate: risky\nsource: \xc2\xa3 5 and \xa3 6\n")
    with pytest.raises(GateFileError, match="byte 0xa3 is not UTF-8; save the file") as caught:
        load_gate(path, module="house")
    assert (caught.value.line, caught.value.column) == (2, 17)


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "risky.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert load_gate(str(path), module="house") == parse(BASE)
    path.write_bytes(b"\xef\xbb\xbfgate: \xff")
    with pytest.raises(GateFileError, match=":1:7: "):
        load_gate(path, module="house")


def test_a_file_that_cannot_be_read_is_a_gate_file_error(tmp_path: Path) -> None:
    path = tmp_path / "risky.yaml"
    with pytest.raises(GateFileError) as caught:
        load_gate(path, module="house")
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory; check the path"


def test_windows_line_ends_make_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "risky.yaml"
    path.write_bytes(BASE.replace("\n", "\r\n").encode())
    assert load_gate(path, module="house") == parse(BASE)


def write_module(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        text = BASE.replace("gate: risky", f"gate: {name}")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_module_has_its_gates_by_file_name(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "house", "zeta", "alpha", "mid")
    (folder / "README.md").write_text("not a gate", encoding="utf-8")
    (folder / ".#alpha.yaml").write_text("an editor's lock", encoding="utf-8")
    module = load_module(folder)
    assert (module.name, module.title) == ("house", "house")
    assert [(gate.name, gate.module) for gate in module.gates] == [
        ("alpha", "house"),
        ("mid", "house"),
        ("zeta", "house"),
    ]


def test_a_module_file_gives_the_title(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "house", "alpha")
    (folder / "_module.yaml").write_text("module: house\ntitle: House rules\n", encoding="utf-8")
    assert load_module(str(folder)).title == "House rules"
    (folder / "_module.yaml").write_text("module: home\ntitle: House rules\n", encoding="utf-8")
    with pytest.raises(GateFileError, match=r"_module.yaml:1:9: the module is not named as its"):
        load_module(folder)


def test_a_folder_that_would_lose_a_gate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateFileError, match="cannot be read"):
        load_module(tmp_path / "nowhere")
    folder = write_module(tmp_path / "house")
    with pytest.raises(GateFileError, match="has no gate files"):
        load_module(folder)
    (folder / "risky.yml").write_text(BASE, encoding="utf-8")
    with pytest.raises(GateFileError, match=r"'risky.yml' would be left out; rename it"):
        load_module(folder)


@pytest.mark.parametrize(
    ("written", "source", "flags", "view", "shown"),
    [
        ("{keyword: 'risk'}", "risk", 0, "lowercase", "risk"),
        ("{keyword: 'F.C.A', view: text}", r"F\.C\.A", 0, "text", "F.C.A"),
        (
            "{phrase: ' capital  at risk '}",
            r"\bcapital\s+at\s+risk\b",
            2,
            "text",
            "capital at risk",
        ),
        ("{phrase: '£5 (net)'}", r"£5\s+\(net\)", 2, "text", "£5 (net)"),
        ("{pattern: fee, view: lowercase}", "fee", 2, "lowercase", "fee"),
    ],
)
def test_keywords_and_phrases_become_patterns(
    written: str, source: str, flags: int, view: View, shown: str
) -> None:
    gate = parse(BASE.replace("'capital at risk'", written))
    (pattern,) = gate.groups[1].patterns
    assert (pattern.source, pattern.flags, pattern.view) == (source, flags, view)
    assert pattern.written == shown


def test_a_group_says_flags_and_view_for_its_patterns_only() -> None:
    group = "{flags: [], view: lowercase, of: [a, {pattern: b, flags: [ascii]}, {phrase: c}]}"
    gate = parse(BASE.replace("warning:\n    - 'capital at risk'", f"warning: {group}"))
    flags_and_views = [(p.flags, p.view) for p in gate.groups[1].patterns]
    assert flags_and_views == [(0, "lowercase"), (int(re.ASCII), "lowercase"), (2, "text")]


def write_shared(folder: Path, lists: str) -> None:
    gate = BASE.replace("'capital at risk'", "{shared: all}")
    (folder / "risky.yaml").write_text(gate, "utf-8")
    (folder / "_shared.yaml").write_text(f"shared: house\npatterns: {lists}\n", "utf-8")


def test_shared_lists_are_read_for_a_module_and_beside_a_single_gate(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "house")
    write_shared(folder, "{some: [a], all: [{shared: some}, b]}")
    (gate,) = load_module(folder).gates
    assert [pattern.source for pattern in gate.groups[1].patterns] == ["a", "b"]
    assert gate.groups[1].patterns[0].place == Place(str(folder / "_shared.yaml"), 2, 19)
    assert load_gate(folder / "risky.yaml", module="house") == gate


def test_a_shared_list_that_no_gate_uses_is_refused_with_the_module(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "house")
    write_shared(folder, "{all: [a], spare: [b]}")
    load_gate(folder / "risky.yaml", module="house")
    with pytest.raises(GateFileError, match=r"_shared.yaml:2:22: shared list 'spare' is used by"):
        load_module(folder)


def test_what_a_file_may_ask_for_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = error_of(BASE.replace("'capital at risk'", "'" + "x" * 10_001 + "'"))
    assert long.detail == "pattern 1 of group 'warning' has 10,001 characters, more than 10,000"
    line = error_of(BASE.replace("Balanced.", "x" * 5_001))
    assert line.detail == "message of verdict 2 has 5,001 characters, more than 5,000"
    wide = "".join(f"    - '{'[é-中]' * 60}{number}'\n" for number in range(9))
    work = error_of(BASE.replace("    - 'capital at risk'\n", wide))
    assert work.detail == "the patterns up to here take too long to compile"
    monkeypatch.setattr(patterns, "MAX_PATTERNS", 2)
    assert error_of(BASE).detail == "more than 2 patterns"
    monkeypatch.setattr(patterns, "MAX_PATTERNS", 3)
    monkeypatch.setattr(gate_file, "MAX_MODULE_PATTERNS", 5)
    folder = write_module(tmp_path / "house", "alpha", "beta")
    with pytest.raises(GateFileError, match=r"beta.yaml:1:1: .* more than 5 patterns"):
        load_module(folder)


def test_half_a_character_is_refused_by_either_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    text = BASE.replace("A rule", '"A \\ud800"')
    assert error_of(text).line == 5
    monkeypatch.setattr(yaml_nodes, "_Loader", yaml.SafeLoader)
    assert error_of(text).detail == "source has U+D800, half of a character"
    assert error_of(BASE.replace("A rule", '"\\UFFFFFFFF"')).detail.startswith("not valid YAML: ")


@pytest.mark.parametrize(
    "title",
    ["“Best” is said", "‘never’ or ‘none’", "’tis so", "'“Quoted” itself'", '"“so”"', "a “b”"],
)
def test_quotations_are_not_wrong_quotes(title: str) -> None:
    """Only what stands in typographic quotes as a whole is taken for a mistake."""
    text = BASE.replace("title: A title", f"title: {title}")
    assert text != BASE
    parse_gate(text, path="risky.yaml", module="house")
