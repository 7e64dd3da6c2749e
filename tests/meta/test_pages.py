"""What the pages say is so: their examples run, and the paths and names in them exist.

All of `docs/` and the README, by their place: a new page cannot be left out.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import itertools
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.host.copies import copied_host

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
FOR_DEVELOPERS: Final = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md")]
HISTORY: Final = "changelog.md"  # what was true then

BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: The first line of a block that is a file: `# rules.py`, or `gate: no_risk` of a gate file.
FILE: Final = re.compile(r"# ([a-z_]+\.py)\n|gate: (\w+)\n")
TICKED: Final = re.compile(r"`([^`\n]+)`")
PATH: Final = re.compile(
    r"(?:benchmarks|docs|examples|python|requirements|rust|tests|tools)/[\w./-]*"
)
NAME: Final = re.compile(r"\b(?:gatecore(?!\.toml\b)|benchmarks|tests)(?:\.[A-Za-z_]\w*)+")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    return [block for kind, block in BLOCK.findall(text) if kind == language]


WITH_EXAMPLES: Final = [page for page in PAGES if "```py" in page.read_text("utf-8")]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what the pages take for granted: examples, gate files, a host."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(tmp_path / "cache"))
    write_files((DOCS / "gates.md").read_text("utf-8"))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").is_file():
            del sys.modules[name]


def write_files(text: str) -> None:
    for _, block in BLOCK.findall(text):
        if found := FILE.match(block):
            path = Path(found[1] or f"rules/house/{found[2]}.yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, "utf-8")


def statements(block: str) -> Iterator[tuple[ast.stmt, Any]]:
    """Each statement of an example with the value that the comment on its line shows.

    `expression   # value   remark`; the value is a literal, and `...` where there is none.
    """
    lines = block.splitlines()
    for statement in ast.parse(block).body:
        comment = lines[(statement.end_lineno or 1) - 1].partition("  # ")[2]
        yield statement, _value(comment) if isinstance(statement, ast.Expr) else ...


def _value(comment: str) -> Any:
    for end in range(len(comment), 0, -1):
        if comment[end : end + 2] not in ("", ":", ": ", "  "):
            continue  # the value goes on, or it is the first word of a sentence
        try:
            return ast.literal_eval(comment[:end].strip())
        except (ValueError, SyntaxError):
            continue
    return ...


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_run_and_give_what_they_show(
    page: Path,
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In order, in one namespace; what they print is not looked at."""
    text = page.read_text("utf-8")
    write_files(text)
    with ExitStack() as stack:

        def make_engine() -> Any:
            return stack.enter_context(copied_host(workplace)).engine()

        if "import server" in text:
            server = stack.enter_context(copied_host(workplace)).load("server")
            vars(server)["app"] = SimpleNamespace(run=lambda **_: None)
            monkeypatch.setitem(sys.modules, "server", server)
        scope: dict[str, Any] = {"make_engine": make_engine}
        for block in blocks(text, "python"):
            if FILE.match(block):
                continue
            for statement, shown in statements(block):
                if shown is ...:
                    exec(compile(ast.Module([statement], []), name_of(page), "exec"), scope)
                else:
                    assert isinstance(statement, ast.Expr)
                    expression = compile(ast.Expression(statement.value), name_of(page), "eval")
                    assert eval(expression, scope) == shown, ast.unparse(statement)
        session = "\n".join(blocks(text, "pycon"))
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(doctest.DocTestParser().get_doctest(session, scope, name_of(page), None, 0))
        assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def test_values_are_compared() -> None:
    """So that a change of `statements` cannot make the test above look at nothing."""
    shown = [
        (ast.unparse(statement), value)
        for page in WITH_EXAMPLES
        for block in blocks(page.read_text("utf-8"), "python")
        for statement, value in statements(block)
        if value is not ...
    ]
    assert len(shown) > 25
    assert ("scan.ids()", [0, 1, 2]) in shown


SAYING: Final = [
    page for page in [*PAGES, *FOR_DEVELOPERS, ROOT / "ARCHITECTURE.md"] if page.name != HISTORY
]


@pytest.mark.parametrize("page", SAYING, ids=name_of)
def test_paths_in_a_page_exist(page: Path) -> None:
    """Every path in backticks that begins with a folder of ours, and every source file's name."""
    text = page.read_text("utf-8")
    sources = tuple(f"/{path.relative_to(ROOT)}" for path in (ROOT / "rust").rglob("*.rs"))
    missing = []
    for ticked in TICKED.findall(text):
        is_missing = PATH.fullmatch(ticked) and not (ROOT / ticked).exists()
        is_file = re.fullmatch(r"[\w/]+\.rs", ticked)
        if is_missing or (is_file and not any(path.endswith(f"/{ticked}") for path in sources)):
            missing.append(ticked)
    links = re.findall(r"\]\(([^)\s#]+\.md)(?:#[\w-]+)?\)", text)
    known = {ROOT / "docs" / name for name in ("changelog.md", "reference/command-line.md")}
    missing += [
        link
        for link in links
        if "://" not in link
        and not (page.parent / link).exists()
        and (page.parent / link).resolve() not in known  # `make docs` writes them
    ]
    assert missing == []


@pytest.mark.parametrize("page", SAYING, ids=name_of)
def test_names_in_a_page_exist(page: Path) -> None:
    """Every dotted name of the package, of the benchmarks and of the tests."""
    names = set(NAME.findall(page.read_text("utf-8")))
    assert [name for name in sorted(names) if not _exists(name)] == []


def test_paths_and_names_are_found() -> None:
    """So that the two tests above look at something."""
    texts = [page.read_text("utf-8") for page in SAYING]
    ticked = [each for text in texts for each in TICKED.findall(text)]
    assert sum(PATH.fullmatch(each) is not None for each in ticked) > 20
    assert sum(len(NAME.findall(text)) for text in texts) > 20


def _exists(name: str) -> bool:
    parts = name.split(".")
    if parts[0] != "gatecore":  # the other two are files of the repository, not of an installation
        at = next(n for n in range(len(parts), 0, -1) if ROOT.joinpath(*parts[:n]).is_dir())
        return at == len(parts) or ROOT.joinpath(*parts[:at], f"{parts[at]}.py").is_file()
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in itertools.islice(parts, length, None):
            if not hasattr(value, part):
                return part in getattr(value, "__dataclass_fields__", {})
            value = getattr(value, part)
        return True
    return False
