"""CPython's own `test.test_re`, run with another module in the place of `re`.

The file is the running interpreter's; it is read, never copied::

    test/test_re.py ──► syntax tree ──► `import re` becomes a replacement ──► unittest tests
                                                     │
              mode "plain"     gatecore.re ──────────┤
              mode "document"  Shim(gatecore.re) ────┘  each str subject becomes a Document

The `Shim` changes subjects on their way in and nothing on its way out, so that a test judges what
gatecore gave back. Only compiled patterns are wrapped, to reach the subjects of their methods;
what a pattern itself is (its type, `repr`, pickle) is judged in mode "plain".
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib.util
import re
import sys
import traceback
import unittest
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple

from tests.support.data import rows

__all__ = ["Outcome", "Shim", "Skip", "Suite", "read_skips", "source_path"]

Status = Literal["passed", "failed", "skipped"]


# --- loading -----------------------------------------------------------------------------------


def source_path() -> Path | None:
    """The interpreter's own test_re.py; None where CPython's test package is not installed."""
    if importlib.util.find_spec("test") is None:
        return None
    spec = importlib.util.find_spec("test.test_re")
    return Path(spec.origin) if spec is not None and spec.origin else None


class _Replacing(ast.NodeTransformer):
    """Makes assignments of all imports of `re`; submodules such as `re._constants` are left."""

    NAME: Final = "__replaced_re__"

    def __init__(self) -> None:
        self.replaced = 0

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        """`import re` and `import re as other`."""
        kept = [alias for alias in node.names if alias.name != "re"]
        made: list[ast.stmt] = [
            self._assignment(alias.asname or "re", self.NAME, node)
            for alias in node.names
            if alias.name == "re"
        ]
        return [*([ast.copy_location(ast.Import(kept), node)] if kept else []), *made]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        """`from re import name`."""
        if node.module != "re" or node.level:
            return node
        return [
            self._assignment(alias.asname or alias.name, f"{self.NAME}.{alias.name}", node)
            for alias in node.names
        ]

    def _assignment(self, name: str, value: str, place: ast.stmt) -> ast.stmt:
        self.replaced += 1
        made = ast.parse(f"{name} = {value}").body[0]
        for node in ast.walk(made):
            ast.copy_location(node, place)
        return made


def _load(path: Path, replacement: Any) -> ModuleType:
    replacing = _Replacing()
    tree = replacing.visit(ast.parse(path.read_bytes(), str(path)))
    if replacing.replaced < 2:
        raise AssertionError(f"{path} no longer imports re as expected")
    module = ModuleType("test.test_re")
    module.__file__ = str(path)
    vars(module)[_Replacing.NAME] = replacement
    exec(compile(tree, str(path), "exec"), vars(module))
    return module


# --- subjects as documents -----------------------------------------------------------------------

Subject = Callable[[Any, int, str], Any]
"""Makes of a pattern (a source or something compiled), its flags and a text what is searched."""


class _Places(NamedTuple):
    """Where the arguments of a function of `re` stand."""

    string: int
    flags: int


_FUNCTIONS: Final = {
    **dict.fromkeys(("search", "match", "fullmatch", "findall", "finditer"), _Places(1, 2)),
    "split": _Places(1, 3),
    **dict.fromkeys(("sub", "subn"), _Places(2, 4)),
}
_METHODS: Final = {
    **dict.fromkeys(("search", "match", "fullmatch", "findall", "finditer", "split", "scanner"), 0),
    **dict.fromkeys(("sub", "subn"), 1),
}

# A warning names the file of the caller, and some tests look at it: the one frame that the shim
# adds to a call claims to be of the test file.
_FORWARDING: Final = """
def forwarding(function, prepare, finish):
    def forward(*args, **kwargs):
        positional, named = prepare(args, kwargs)
        return finish(args, kwargs, function(*positional, **named))
    return forward
"""
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Shim:
    """A module like `re` whose functions and compiled patterns turn str subjects into others.

    Only subjects whose type is exactly `str` are changed: bytes, other subclasses of str, and what
    is not text at all pass through untouched, and so does everything that comes back.
    """

    def __init__(self, module: Any, subject: Subject, path: Path) -> None:
        names: dict[str, Any] = {}
        exec(compile(_FORWARDING, str(path), "exec"), names)
        self._module = module
        self._subject = subject
        self._forwarding: Callable[..., Callable[..., Any]] = names["forwarding"]
        for name, places in _FUNCTIONS.items():
            function = getattr(module, name)
            prepare = functools.partial(self._of_function, places)
            forward = self._forwarding(function, prepare, _as_it_is)
            setattr(self, name, functools.wraps(function)(forward))
        for name in ("compile", "template"):
            if hasattr(module, name):
                function = getattr(module, name)
                forward = self._forwarding(function, _unwrapped_arguments, self._wrap)
                setattr(self, name, functools.wraps(function)(forward))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def _wrap(self, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> Any:
        given = _argument(args, kwargs, 0, "pattern", None)
        if type(given) is _Compiled and made is given.pattern_itself:
            return given
        return _Compiled(made, _argument(args, kwargs, 1, "flags", 0), self)

    def _of_function(
        self, places: _Places, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Arguments:
        pattern = _argument(args, kwargs, 0, "pattern", None)
        flags = _argument(args, kwargs, places.flags, "flags", 0)
        if type(pattern) is _Compiled:
            pattern, flags = pattern.pattern_itself, pattern.given_flags
        return _unwrapped_arguments(*self.replace(args, kwargs, places.string, pattern, flags))

    def replace(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], place: int, pattern: Any, flags: int
    ) -> Arguments:
        """The arguments with the subject, if it is a str, made into what `subject` makes of it."""
        if len(args) > place and type(args[place]) is str:
            changed = self._subject(pattern, flags, args[place])
            args = (*args[:place], changed, *args[place + 1 :])
        elif type(kwargs.get("string")) is str:
            kwargs = {**kwargs, "string": self._subject(pattern, flags, kwargs["string"])}
        return args, kwargs

    def method(self, compiled: _Compiled, name: str) -> Any:
        """A method of a compiled pattern, with its subject replaced."""

        def prepare(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
            pattern, flags = compiled.pattern_itself, compiled.given_flags
            return self.replace(args, kwargs, _METHODS[name], pattern, flags)

        return self._forwarding(getattr(compiled.pattern_itself, name), prepare, _as_it_is)


class _Compiled:
    """A compiled pattern whose methods replace their subjects; all else is the pattern's own."""

    def __init__(self, pattern: Any, flags: int, shim: Shim) -> None:
        self.pattern_itself = pattern
        self.given_flags = flags
        self._shim = shim

    @property  # type: ignore[misc]  # the point: isinstance(compiled, re.Pattern)
    def __class__(self) -> Any:
        return self.pattern_itself.__class__

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return self._shim.method(self, name)
        return getattr(self.pattern_itself, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.pattern_itself == _unwrapped(other))

    def __hash__(self) -> int:
        return hash(self.pattern_itself)

    def __repr__(self) -> str:
        return repr(self.pattern_itself)

    def __copy__(self) -> Any:
        copied = copy.copy(self.pattern_itself)
        return self if copied is self.pattern_itself else copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = copy.deepcopy(self.pattern_itself, memo)
        return self if copied is self.pattern_itself else copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _unwrapped, (self.pattern_itself,)


def _unwrapped(value: Any) -> Any:
    return value.pattern_itself if type(value) is _Compiled else value


def _unwrapped_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    return tuple(map(_unwrapped, args)), {name: _unwrapped(kwargs[name]) for name in kwargs}


def _as_it_is(args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> Any:
    return made


def _argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any
) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


class Documents:
    """Makes Documents whose set holds the pattern that is asked about, one set for each pattern."""

    def __init__(self, backend: str) -> None:
        self._backend: Any = backend
        self._sets: dict[tuple[str, int, int], Any] = {}
        self.made = 0
        self.refused: list[tuple[str, int, str]] = []
        """Patterns that `re` takes and of which no set could be made, with the error."""

    def __call__(self, pattern: Any, flags: Any, text: str) -> Any:
        from tests.support.drop_in import Document

        patterns = self._set(pattern, flags)
        if patterns is None:
            return text
        self.made += 1
        return Document(text, patterns)

    def _set(self, pattern: Any, flags: Any) -> Any:
        """The set for a pattern; None if it is a bad one, or one of bytes."""
        import gatecore

        source = getattr(pattern, "pattern", pattern)
        if not isinstance(source, str) or not isinstance(flags, int):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                whole = re.compile(source, flags & ~int(re.DEBUG)).flags
        except (re.error, ValueError, OverflowError, RecursionError):
            return None
        key = (str(source), int(flags), whole)
        if key not in self._sets:
            # A pattern may be known by the flags given, or by these and those written in it.
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._sets[key] = gatecore.PatternSet(
                        [(source, int(flags)), (source, whole)], backend=self._backend
                    )
            except Exception as error:
                self.refused.append((source, int(flags), repr(error)))
                self._sets[key] = None
            re.purge()  # what is compiled for the first time may warn, and tests wait for that
        return self._sets[key]


# --- running -------------------------------------------------------------------------------------


def _purge() -> None:
    from gatecore import re as routed_re

    routed_re.purge()


@dataclass(frozen=True)
class Outcome:
    """What became of one unittest test."""

    status: Status
    detail: str
    served: int = 0
    """Calls that were answered from a document's pass meanwhile."""


class _Recording(unittest.TestResult):
    """Keeps everything that goes wrong, subtests included, with its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.details: list[str] = []

    def _keep(self, test: unittest.TestCase, error: Any) -> None:
        text = "".join(traceback.format_exception(*error))
        self.details.append(f"{test}\n{text}")

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        self._keep(test, err)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._keep(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        if err is not None:
            self._keep(subtest, err)

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        self.details.append(f"{test}: unexpected success")


class Suite:
    """The tests of test_re.py with one module in the place of `re`; each is run at most once."""

    def __init__(self, path: Path, replacement: Any) -> None:
        module = _load(path, replacement)
        loaded = unittest.defaultTestLoader.loadTestsFromModule(module)
        self._tests = {".".join(test.id().split(".")[-2:]): test for test in _flat(loaded)}
        self._outcomes: dict[str, Outcome] = {}

    @property
    def names(self) -> list[str]:
        """The tests, as "ReTests.test_weakref"."""
        return list(self._tests)

    def run(self, name: str, stats: Callable[[], int] = int) -> Outcome:
        """Run one test; `stats` counts the calls that were served so far."""
        if name not in self._outcomes:
            recording = _Recording()
            _purge()  # a pattern that another test compiled would not warn again
            before = stats()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                unittest.TestSuite([self._tests[name]]).run(recording)
            served = stats() - before
            if recording.details:
                outcome = Outcome("failed", "\n".join(recording.details), served)
            elif recording.skipped:
                outcome = Outcome("skipped", recording.skipped[0][1], served)
            else:
                outcome = Outcome("passed", "", served)
            self._outcomes[name] = outcome
        return self._outcomes[name]


def _flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _flat(item)
        else:
            yield item


# --- skips ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Skip:
    """A test that is left out, where and why."""

    test: str
    mode: str
    versions: tuple[str, ...]
    reason: str

    def covers(self, test: str, mode: str) -> bool:
        """Whether it leaves out this test on the running interpreter."""
        return (test, mode) == (self.test, self.mode) and self.is_for_this_interpreter

    @property
    def is_for_this_interpreter(self) -> bool:
        """Whether the running interpreter is among the versions."""
        return f"{sys.version_info[0]}.{sys.version_info[1]}" in self.versions


def read_skips() -> list[Skip]:
    """The tests that are left out."""
    return [
        Skip(r["test"], r["mode"], tuple(r["versions"]), r["reason"])
        for r in rows("test_re_skips.jsonl")
    ]
