"""Pattern sets that others published, read from their packages when a benchmark asks for them.

Nothing of theirs is kept in this repository: `requirements/public-sets.txt` names the packages,
`make bench-peers` installs them into an environment of its own without what they depend on, and
this file reads the patterns where they lie. What it reads them as:

    from data       crawler-user-agents, pyWhat, stopwordsiso (JSON), gitleaks (TOML, Go's syntax)
    from the tree   uap-core, Presidio: the calls that hold a pattern, by `ast`, nothing is run
    from a run      detect-secrets, proselint: they put their patterns together when imported or
                    called, so that is done, and `re.compile` is asked or `finditer` listened to

Each set comes as `re` would be handed it by its owner: same sources, same flags, same order,
duplicates left out. What cannot be read is counted in `PublicSet.left_out`, with reasons.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.metadata
import json
import os
import pkgutil
import re
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.inputs import corpus

__all__ = [
    "SETS",
    "PublicSet",
    "SetMissingError",
    "from_go",
    "public_set",
    "words_of_many_scripts",
]

Source = tuple[str, int]

GITLEAKS_COMMIT = "b58d3f102cf3a2c84cb7f923d05c25c9b1aed84b"
GITLEAKS_SHA256 = "e163e53b9e7e8a8511e77271e2b323ed057759542a6d988258afe3a1fa329caf"
GITLEAKS_URL = (
    f"https://raw.githubusercontent.com/gitleaks/gitleaks/{GITLEAKS_COMMIT}/config/gitleaks.toml"
)

WORDS = 2_621
"""As many as the issue that asked for this set had."""

LOOK_AHEADS = 38


class SetMissingError(Exception):
    """The set's package is not installed or cannot be fetched; the message says what to do."""


@dataclass(frozen=True)
class PublicSet:
    """Patterns as their owner hands them to `re`.

    Attributes:
        name: Short, and the name that `--only` takes.
        origin: Package and version, or repository and commit.
        patterns: Source and flags, in their owner's order, each once.
        left_out: Why something in the package is not among the patterns, and how often.
    """

    name: str
    origin: str
    patterns: tuple[Source, ...]
    left_out: Mapping[str, int]


class _Collector:
    """Patterns in order, each once, and what had to be left out."""

    def __init__(self) -> None:
        self._patterns: dict[Source, None] = {}
        self.left_out: dict[str, int] = {}

    def add(self, source: str, flags: int = 0) -> None:
        # `re.compile` adds UNICODE to what it reports; it is the default for text.
        flags &= ~re.UNICODE & ~re.DEBUG
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(source, flags)
        except (re.error, OverflowError, RecursionError) as error:
            self.leave_out(f"re refuses it ({str(error).split(' at position')[0]})")
        else:
            self._patterns.setdefault((source, int(flags)))

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def named(self, name: str, origin: str) -> PublicSet:
        if not self._patterns:
            raise SetMissingError(f"{origin} holds no pattern where this file looks for them")
        return PublicSet(name, origin, tuple(self._patterns), self.left_out)


def public_set(name: str) -> PublicSet:
    """The set of that name, one of `SETS`.

    Raises:
        SetMissingError: Its package is not here.

    >>> len(public_set("look-ahead").patterns)
    38
    """
    return SETS[name](name)


# ------------------------------------------------------------------------------ from data


def _distribution(package: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise SetMissingError(f"{package} is not installed: `make bench-peers` does it") from error


def _file(package: str, path: str) -> tuple[Path, str]:
    """Where a file of an installed package lies, and the package with its version."""
    distribution = _distribution(package)
    return Path(str(distribution.locate_file(path))), f"{package} {distribution.version}"


def _crawler_user_agents(name: str) -> PublicSet:
    path, origin = _file("crawler-user-agents", "crawleruseragents/crawler-user-agents.json")
    found = _Collector()
    for entry in json.loads(path.read_text("utf-8")):
        found.add(entry["pattern"])
    return found.named(name, origin)


def _pywhat(name: str) -> PublicSet:
    path, origin = _file("pywhat", "pywhat/Data/regex.json")
    found = _Collector()
    for entry in json.loads(path.read_text("utf-8")):
        found.add(entry["Regex"], re.MULTILINE)  # a token a line: its default
    return found.named(name, origin)


def _words(package: str = "stopwordsiso") -> tuple[list[str], str]:
    path, origin = _file(package, "stopwordsiso/stopwords-iso.json")
    languages = json.loads(path.read_text("utf-8"))
    columns = [
        iter([word for word in languages[language] if re.fullmatch(r"\w+", word)])
        for language in sorted(languages)
    ]
    words: dict[str, None] = {}
    while columns and len(words) < WORDS:  # one word of each language, again and again
        for column in list(columns):
            word = next(column, None)
            if word is None:
                columns.remove(column)
            elif len(words) < WORDS:
                words.setdefault(word)
    return list(words), origin


def words_of_many_scripts() -> list[str]:
    """The words of the set `words`: for texts in which they occur."""
    return _words()[0]


def _each_word(name: str) -> PublicSet:
    words, origin = _words()
    found = _Collector()
    for word in words:
        found.add(rf"\b{word}\b", re.IGNORECASE)
    return found.named(name, origin)


def _one_alternation(name: str) -> PublicSet:
    words, origin = _words()
    found = _Collector()
    found.add(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return found.named(name, origin)


def _gitleaks(name: str) -> PublicSet:
    try:
        tomllib = importlib.import_module("tomllib")
    except ImportError:
        tomllib = importlib.import_module("tomli")  # CPython 3.10
    config = tomllib.loads(_gitleaks_file().decode("utf-8"))
    found = _Collector()
    for rule in config["rules"]:
        for key in ("regex", "path"):
            if key in rule:
                found.add(from_go(rule[key]))
    return found.named(name, f"gitleaks {GITLEAKS_COMMIT[:8]}")


def _gitleaks_file() -> bytes:
    """The configuration at the pinned commit: named by the environment, kept, or fetched once."""
    named = os.environ.get("GATECORE_BENCH_GITLEAKS")
    path = Path(named or ".venvs/peers/gitleaks.toml")
    if path.is_file():
        return _checked(path.read_bytes(), str(path))
    if named:
        raise SetMissingError(f"GATECORE_BENCH_GITLEAKS names {named}, which is not a file")
    try:
        with urllib.request.urlopen(GITLEAKS_URL, timeout=30) as answer:
            content = _checked(answer.read(), GITLEAKS_URL)
    except OSError as error:
        raise SetMissingError(
            f"{GITLEAKS_URL} cannot be fetched ({error}): name a copy in GATECORE_BENCH_GITLEAKS"
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def _checked(content: bytes, where: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != GITLEAKS_SHA256:
        raise SetMissingError(f"{where} is not gitleaks' configuration at {GITLEAKS_COMMIT}")
    return content


_POSIX = {"[:alnum:]": "0-9A-Za-z", "[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:word:]": r"\w"}


def from_go(source: str) -> str:
    r"""A pattern in Go's syntax as Python's `re` writes it.

    Flags that begin inside hold up to the end of the group; Python wants them to be a group:
    `a(?i)b|c` becomes `a(?i:b)|(?i:c)`, as the flags outlast the bar.

    >>> from_go(r"(?i)x(?:a(?i)b|c)\z")
    '(?i)x(?:a(?i:b)|(?i:c))\\Z'
    """
    for theirs, ours in _POSIX.items():
        source = source.replace(theirs, ours)
    token = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[a-zA-Z-]+\)|[()|]|.", re.DOTALL)
    pieces: list[str] = []
    opened: list[list[str]] = [[]]  # for each group, the flags that were switched on in it
    for position, piece in ((m.start(), m[0]) for m in token.finditer(source)):
        if piece == r"\z":
            pieces.append(r"\Z")
        elif re.fullmatch(r"\(\?[a-zA-Z-]+\)", piece) and position > 0:
            opened[-1].append(piece[:-1] + ":")
            pieces.append(opened[-1][-1])
        elif piece == "|" and opened[-1]:
            pieces.append(")" * len(opened[-1]) + "|" + "".join(opened[-1]))
        elif piece == "(":
            opened.append([])
            pieces.append(piece)
        elif piece == ")":
            pieces.append(")" * len(opened.pop()) + piece)
        else:
            pieces.append(piece)
    return "".join(pieces) + ")" * len(opened[-1])


# ------------------------------------------------------------------------------ from the tree


def _uap_core(name: str) -> PublicSet:
    path, origin = _file("ua-parser-builtins", "ua_parser_builtins/regexes.py")
    found = _Collector()
    for call in _calls(ast.parse(path.read_text("utf-8"))):
        if call.func.id in ("UserAgentParser", "OSParser", "DeviceParser"):  # type: ignore[attr-defined]
            values = [ast.literal_eval(argument) for argument in call.args[:2]]
            caseless = call.func.id == "DeviceParser" and values[1:] == ["i"]  # type: ignore[attr-defined]
            found.add(values[0], re.IGNORECASE if caseless else 0)
    return found.named(name, f"uap-core by {origin}")


def _presidio(name: str) -> PublicSet:
    """The patterns of its recognisers, with the flags that `PatternRecognizer` uses."""
    folder, origin = _file("presidio-analyzer", "presidio_analyzer/predefined_recognizers")
    found = _Collector()
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = dict(_constants(tree))
        for call in _calls(tree):
            if call.func.id != "Pattern":  # type: ignore[attr-defined]
                continue
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            node = call.args[1] if len(call.args) > 1 else keywords.get("regex")
            source = None if node is None else _string(node, names)
            if source is None:
                found.leave_out("its source is put together when it runs")
            else:
                found.add(source, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return found.named(name, origin)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of a module and its classes that are strings, in the order in which they are set."""
    names: dict[str, str] = {}
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for statement in (statement for body in bodies for statement in body):
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        else:
            continue
        assert statement.value is not None
        value = _string(statement.value, names)
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                names[target.id] = value
                yield target.id, value


def _string(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """What a string expression gives, if it is put together from constants."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.FormattedValue):
        return _string(node.value, names)
    parts: list[str | None]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_string(node.left, names), _string(node.right, names)]
    elif isinstance(node, ast.JoinedStr):
        parts = [_string(value, names) for value in node.values]
    else:
        return None
    return None if None in parts else "".join(part or "" for part in parts)


# ------------------------------------------------------------------------------ from a run


def _modules(package: str, found: _Collector) -> Iterator[Any]:
    top = _imported(package)
    for module in pkgutil.walk_packages(top.__path__, f"{package}."):
        try:
            yield _imported(module.name)
        except SetMissingError:
            found.leave_out("a module needs more than the package")


def _imported(module: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that newer interpreters warn about
            return importlib.import_module(module)
    except ImportError as error:
        raise SetMissingError(f"{module} cannot be imported: {error}") from error


def _detect_secrets(name: str) -> PublicSet:
    origin = f"detect-secrets {_distribution('detect-secrets').version}"
    found = _Collector()
    for module in _modules("detect_secrets.plugins", found):
        for pattern in _compiled(vars(module)):
            found.add(pattern.pattern, pattern.flags)
    return found.named(name, origin)


def _compiled(values: Mapping[str, Any]) -> Iterator[re.Pattern[str]]:
    """Compiled patterns among values, in lists, as keys, and in classes of detectors."""
    for value in values.values():
        items: Iterable[Any] = [value]
        if isinstance(value, (list, tuple, dict)):
            items = value
        elif isinstance(value, type) and value.__module__.startswith("detect_secrets.plugins"):
            yield from _compiled(vars(value))
            continue
        for item in items:
            if isinstance(item, re.Pattern) and isinstance(item.pattern, str):
                yield item


class _Listening:
    """In the place of the module `re`: notes what is looked for, and finds as `re` does."""

    def __init__(self, found: _Collector) -> None:
        self._found = found

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    def compile(self, pattern: Any, flags: int = 0) -> Any:
        self._note(pattern, flags)
        return re.compile(pattern, flags)

    def finditer(self, pattern: Any, string: str, flags: int = 0) -> Any:
        self._note(pattern, flags)
        return re.finditer(pattern, string, flags)

    def search(self, pattern: Any, string: str, flags: int = 0) -> Any:
        self._note(pattern, flags)
        return re.search(pattern, string, flags)

    def findall(self, pattern: Any, string: str, flags: int = 0) -> Any:
        self._note(pattern, flags)
        return re.findall(pattern, string, flags)

    def _note(self, pattern: Any, flags: int) -> None:
        if isinstance(pattern, re.Pattern):
            self._found.add(pattern.pattern, pattern.flags)
        else:
            self._found.add(pattern, int(flags))


def _proselint(name: str) -> PublicSet:
    """What its checks look for in one text; those that look only after a find are not met."""
    origin = f"proselint {_distribution('proselint').version}"
    found = _Collector()
    listening = _Listening(found)
    checks: list[Callable[[str], object]] = []
    tools = _imported("proselint.tools")
    tools.re = listening
    for module in _modules("proselint.checks", found):
        if getattr(module, "re", None) is re:
            module.re = listening
        checks += [
            # Behind its cache on disk, which would answer for a text that it has seen.
            getattr(value, "__wrapped__", value)
            for key, value in vars(module).items()
            if key.startswith("check") and getattr(value, "__module__", "") == module.__name__
        ]
    text = corpus.document(600)
    for check in checks:
        try:
            check(text)
        except Exception as error:
            found.leave_out(f"a check ends with {type(error).__name__}")
    return found.named(name, origin)


# ------------------------------------------------------------------------------ our own


def _look_ahead(name: str) -> PublicSet:
    r"""`\bA\b(?=\s+B)` for phrases of the corpus, so documents of the corpus have matches."""
    found = _Collector()
    for first, second, *_ in corpus.phrases()[:LOOK_AHEADS]:
        found.add(rf"\b{first}\b(?=\s+{second})", re.IGNORECASE)
    return found.named(name, "benchmarks.inputs.corpus")


def _compliance(name: str) -> PublicSet:
    found = _Collector()
    for source, flags in corpus.patterns(2_500):
        found.add(source, flags)
    return found.named(name, "benchmarks.inputs.corpus")


SETS: Mapping[str, Callable[[str], PublicSet]] = {
    "compliance": _compliance,
    "detect-secrets": _detect_secrets,
    "gitleaks": _gitleaks,
    "uap-core": _uap_core,
    "crawlers": _crawler_user_agents,
    "presidio": _presidio,
    "pywhat": _pywhat,
    "look-ahead": _look_ahead,
    "words": _each_word,
    "alternation": _one_alternation,
    "proselint": _proselint,
}
"""In the order of the table: what takes longest comes last."""
