"""Which string literals of Python source reach `re`, with which flags and from where."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from gatecore.hosts.source_patterns import SourceFiles, SourcePatterns, patterns_in


def _read(text: str) -> SourcePatterns:
    return patterns_in(dedent(text), "rules.py")


def _found(text: str) -> list[tuple[str, int]]:
    return [(pattern.source, pattern.flags) for pattern in _read(text).patterns]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("re.compile('a')", [("a", 0)]),
        ("re.compile('a', re.I | re.M)", [("a", re.I | re.M)]),
        ("re.compile('a', flags=re.IGNORECASE)", [("a", re.I)]),
        ("re.compile(pattern='a', flags=2)", [("a", 2)]),
        ("re.search('a', text, re.I)", [("a", re.I)]),
        ("re.sub('a', 'b', text, 0, re.S)", [("a", re.S)]),
        ("re.sub('a', 'b', text)", [("a", 0)]),
        ("re.split('a', text, 0, re.X)", [("a", re.X)]),
        ("re.search('a' 'b' + 'c', text)", [("abc", 0)]),
        ("re.search('a' if text else 'b', text)", [("a", 0), ("b", 0)]),
        ("re.escape('a')", []),
        ("other.search('a', text)", []),
    ],
)
def test_calls_of_re_have_their_patterns_and_flags(
    code: str, expected: list[tuple[str, int]]
) -> None:
    assert _found(f"import re\n{code}") == expected


@pytest.mark.parametrize(
    ("start", "call"),
    [
        ("import re as r", "r.search('a', text, r.I)"),
        ("from re import search, I", "search('a', text, I)"),
        ("from re import search as find, IGNORECASE as CI", "find('a', text, CI)"),
    ],
)
def test_re_may_have_other_names(start: str, call: str) -> None:
    assert _found(f"{start}\n{call}") == [("a", re.I)]


@pytest.mark.parametrize(
    "code",
    [
        "P = ['a', 'b']\nany(re.search(p, text) for p in P)",
        "P = ('a', 'b')\n[p for p in P if re.search(p, text)]",
        "for p in ['a', 'b']:\n    re.search(p, text)",
        "P = [('a', 1), ('b', 2)]\nfor p, score in P:\n    re.search(p, text)",
        "P = {'x': 'a', 'y': 'b'}\nfor name, p in P.items():\n    re.search(p, text)",
        "P = {'a': 1, 'b': 2}\nfor p in P:\n    re.search(p, text)",
        "P = {'x': ['a'], 'y': ['b']}\n[re.compile(p) for ps in P.values() for p in ps]",
        "P = ['a'] + ['b']\nfor n, p in enumerate(P):\n    re.search(p, text)",
        "A = ['a']\nfor p in [*A, 'b']:\n    re.search(p, text)",
        "P = [{'p': 'a'}, {'p': 'b', 'other': 'c'}]\nfor d in P:\n    re.search(d['p'], text)",
        "class C:\n    P = ['a', 'b']\n    def f(self):\n        [re.compile(p) for p in self.P]",
        "class C:\n  def f(self):\n    self.p = ['a', 'b']\n    [re.compile(p) for p in self.p]",
        "def f():\n    P = ['a', 'b']\n    for p in P:\n        q = p\n        re.search(q, text)",
    ],
)
def test_names_stand_for_what_is_assigned_to_them(code: str) -> None:
    """Lists, tuples, dicts, loops over them, comprehensions, attributes."""
    assert sorted(_found(f"import re\n{code}")) == [("a", 0), ("b", 0)]


def test_a_loop_variable_is_that_of_its_own_loop() -> None:
    """The same name in two loops: each call has its own patterns and flags."""
    code = """
        import re
        def f(text):
            for p in ["a"]:
                re.search(p, text, re.I)
            for p in ["b"]:
                re.search(p, text)
    """
    assert _found(code) == [("a", re.I), ("b", 0)]


@pytest.mark.parametrize(
    "call",
    [
        "re.search(given, text)",
        "re.search(f'{given}x', text)",
        "re.search('a', text, given)",
        "re.search('a' + re.escape(given), text)",
        "re.search(*given)",
    ],
)
def test_what_is_not_constant_is_counted_and_not_guessed_at(call: str) -> None:
    found = _read(f"import re\ndef f(given):\n    {call}\n")
    assert found.patterns == ()
    assert [str(place) for place in found.unread] == ["rules.py:3:5"]


def test_the_place_is_that_of_the_literal() -> None:
    found = _read(
        """
        import re
        P = [
            "a",
            "b",
        ]
        any(re.search(p, text) for p in P)
        """
    )
    assert [str(pattern.place) for pattern in found.patterns] == ["rules.py:4:5", "rules.py:5:5"]


@pytest.mark.parametrize(
    "code",
    ["p = p\nre.search(p, t)", "a = b\nb = a\nre.search(a, t)", "for p in p:\n re.match(p, t)"],
)
def test_names_that_go_in_circles_end(code: str) -> None:
    assert _found(f"import re\n{code}") == []


def test_what_is_not_python_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        _read("def")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("for w in ['a.', 'b']:\n    re.search(rf'\\b{re.escape(w)}', t)", [r"\ba\.", r"\bb"]),
        ("A = ['a', 'b']\nB = ['x']\n[re.compile(f'{a}{b}') for a in A for b in B]", ["ax", "bx"]),
        ("from re import escape as e\nw = 'a.'\nre.search(e(w) + 'x', t)", [r"a\.x"]),
        ("w = 'a'\nre.search(f'{w!r}', t)", []),
        ("n = 3\nre.search(f'{n:02}', t)", []),
    ],
)
def test_texts_that_are_made_of_known_ones_are_made(code: str, expected: list[str]) -> None:
    """f-strings, sums and `re.escape`."""
    assert [pattern.source for pattern in _read(f"import re\n{code}").patterns] == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("'a' in text.lower()", ["a"]),
        ("'a' not in text", ["a"]),
        ("[w for w in ['a', 'b'] if w in lowered]", ["a", "b"]),
        ("KNOWN = ['x']\n'a' in KNOWN", []),
        ("'a' in {'x': 1}", []),
        ("text.find('a') + text.count('b')", ["a", "b"]),
        ("given in text", []),
        ("'' in text", []),
    ],
)
def test_keywords_are_texts_looked_for_without_re(code: str, expected: list[str]) -> None:
    assert list(_read(code).keywords) == expected


FILES = {
    "house/rules.py": "LATE = ['a', 'b']\nFLAGS = 2\nBY_NAME = {'x': 'c'}\n",
    "house/sub/__init__.py": "from ..rules import LATE as WORDS\n",
    "house/sub/deep.py": "WORDS = ['d']\n",
    "other/rules.py": "LATE = ['z']\n",
    "house/broken.py": "def\n",
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from .rules import LATE\n[re.compile(p) for p in LATE]", ["a", "b"]),
        ("from . import rules\n[re.compile(p) for p in rules.LATE]", ["a", "b"]),
        ("from house.rules import LATE as L\n[re.compile(p) for p in L]", ["a", "b"]),
        ("import house.rules as r\n[re.compile(p) for p in r.LATE]", ["a", "b"]),
        ("import rules\n[re.compile(p) for p in rules.LATE]", ["a", "b"]),
        ("from rules import *\n[re.compile(v) for v in BY_NAME.values()]", ["c"]),
        ("from .sub import WORDS\n[re.compile(p) for p in WORDS]", ["a", "b"]),
        ("from .sub.deep import WORDS\n[re.compile(p) for p in WORDS]", ["d"]),
        ("from .rules import BY_NAME\nre.search(f\"{BY_NAME['x']}!\", t)", ["c!"]),
    ],
)
def test_a_name_may_come_from_another_file(code: str, expected: list[str]) -> None:
    """By relative and absolute imports, of the file that is nearest; nothing is unread then."""
    files = SourceFiles({**FILES, "house/check.py": f"import re\n{code}\n"})
    found = files.patterns_in("house/check.py")
    assert [pattern.source for pattern in found.patterns] == expected
    assert found.unread == ()


def test_a_pattern_of_another_file_has_its_place_there() -> None:
    code = "import re\nfrom .rules import LATE, FLAGS\n[re.compile(p, FLAGS) for p in LATE]\n"
    found = SourceFiles({**FILES, "house/check.py": code}).patterns_in("house/check.py")
    assert [(str(p.place), p.flags) for p in found.patterns] == [
        ("house/rules.py:1:9", 2),
        ("house/rules.py:1:14", 2),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "from .gone import LATE\n[re.compile(p) for p in LATE]",
        "from .rules import GONE\nre.compile(GONE)",
        "from .broken import LATE\n[re.compile(p) for p in LATE]",
        "from .check import P\nP = P\nre.compile(P)",
        "import gone\n[re.compile(p) for p in gone.LATE]",
    ],
)
def test_what_no_file_says_is_unread(code: str) -> None:
    found = SourceFiles({**FILES, "house/check.py": f"import re\n{code}\n"}).patterns_in(
        "house/check.py"
    )
    assert found.patterns == ()
    assert len(found.unread) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("for p in ['a', given]:\n    re.search(p, t)", ["a"]),
        ("p = 'a'\nif t:\n    p = given()\nre.search(p, t)", ["a"]),
        ("P = ['a']\nP.append(given())\n[re.compile(p) for p in P]", ["a"]),
        ("P = ['a']\nP += given()\n[re.compile(p) for p in P]", ["a"]),
        ("P = {'x': 'a', **given()}\n[re.compile(p) for p in P.values()]", ["a"]),
        ("P = given() or ['a']\n[re.compile(p) for p in P]", ["a"]),
        ("for x in ['a', given()]:\n    re.search(f'{x}!', t)", ["a!"]),
        ("P = ['a']\nlist(map(re.compile, [*P, given()]))", ["a"]),
        ("find = re.search\nfind('a', t)", []),
        ("sorted(t, key=re.compile)", []),
    ],
)
def test_a_call_that_may_get_something_else_is_unread_as_well(
    code: str, expected: list[str]
) -> None:
    """Some of its patterns known does not mean that all are."""
    found = _read(f"import re\n{code}\n")
    assert [pattern.source for pattern in found.patterns] == expected
    assert len(found.unread) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("P = ['a']\nP.append('b')\n[re.compile(p) for p in P]", ["a", "b"]),
        ("P = ['a']\nP += ['b']\n[re.compile(p) for p in P]", ["a", "b"]),
        ("P = ['a']\nP.extend(['b'])\n[re.compile(p) for p in P]", ["a", "b"]),
        ("P = [re.compile('a')]\nfor p in P:\n    re.search(p, t)", ["a"]),
        ("p = None\np = 'a'\nre.search(p, t)", ["a"]),
        ("list(map(re.compile, ['a', 'b']))", ["a", "b"]),
        ("W = ['a', 'b']\nP = [f'{w}!' for w in W]\n[re.compile(p) for p in P]", ["a!", "b!"]),
    ],
)
def test_lists_that_grow_are_known(code: str, expected: list[str]) -> None:
    found = _read(f"import re\n{code}\n")
    assert [pattern.source for pattern in found.patterns] == expected
    assert found.unread == ()


@pytest.mark.parametrize("start", ["from gatecore import re", "import gatecore.re as re"])
def test_the_drop_in_is_re(start: str) -> None:
    assert _found(f"{start}\nre.search('a', t, re.I)") == [("a", 2)]
