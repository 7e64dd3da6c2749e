"""What a call did, in a form that compares: its value with exact types, its error, its warnings.

`re` on a plain str is called beside the drop-in on a Document, and the two observations must be
equal. Matches and compiled patterns are taken apart, since those of the drop-in have other types.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["MATCH_CALLS", "Observation", "error_facts", "facts", "observe"]


class Observation(NamedTuple):
    """What a call did."""

    kind: str
    """"gave" or "raised"."""
    value: object
    warnings: tuple[tuple[str, str, str], ...]
    """Category, text and file of each."""


def observe(call: Callable[[], Any]) -> Observation:
    """Make the call and tell what it did. A SystemError is a bug of `re` itself and is let out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            kind, value = "gave", facts(call())
        except SystemError:
            raise
        except Exception as error:
            kind, value = "raised", error_facts(error)
    told = tuple((w.category.__name__, str(w.message), w.filename) for w in caught)
    return Observation(kind, value, told)


def error_facts(error: BaseException) -> tuple[object, ...]:
    """Type, text and what `re.error` knows besides."""
    names = ("msg", "pattern", "pos", "lineno", "colno")
    return (type(error).__name__, str(error), *(getattr(error, name, None) for name in names))


def facts(value: Any) -> object:
    """A value with the exact types of its parts; matches and patterns by all that they tell."""
    if isinstance(value, re.Match):
        return _of_match(value)
    if isinstance(value, re.Pattern):
        return ("Pattern", value.pattern, value.flags, value.groups, dict(value.groupindex))
    if isinstance(value, Mapping):
        return (type(value).__name__, [(facts(key), facts(value[key])) for key in value])
    if isinstance(value, list | tuple):
        return (type(value).__name__, [facts(item) for item in value])
    return (type(value).__name__, value)


def _of_match(match: Any) -> object:
    groups = range(len(match.regs))
    return (
        "Match",
        bool(match),
        facts(match.regs),
        _plain(match.string),
        facts([match[group] for group in groups]),
        facts([match.pos, match.endpos, match.lastindex, match.lastgroup]),
        facts(match.groups()),
        facts(match.groupdict()),
        facts(match.re),
        repr(match),
    )


def _plain(subject: Any) -> object:
    return str.__str__(subject) if isinstance(subject, str) else subject


def _refuses(match: Any, name: str, value: object) -> bool:
    """Whether an attribute cannot be set; the text of the error tells members from properties."""
    try:
        setattr(match, name, value)
    except AttributeError:
        return True
    return False


def _asking(code: str) -> Callable[[Any], Any]:
    call: Callable[[Any], Any] = eval(f"lambda m: m{'' if code.startswith('[') else '.'}{code}")
    return call


_ASKED = (
    *("group()", "group(0)", "group(1)", "group(2)", "group(-1)", "group(99)", "group(2**70)"),
    *("group(True)", "group(1.0)", "group(None)", "group('n')", "group('absent')"),
    *("group(b'n')", "group([])", "group(0, 1)", "group(0, 1, 'n')", "group(0, 99)", "[0]"),
    *("[1]", "[-1]", "['n']", "['absent']", "[0:1]", "[0, 1]", "groups()", "groups('')"),
    *("groups(default=7)", "groups(1, 2)", "groupdict()", "groupdict('')"),
    *("groupdict(default=7)", "span()", "span(0)", "span(1)", "span(2)", "span('n')"),
    *("span('absent')", "span(-1)", "span(0, 1)", "start()", "start(1)", "start('n')"),
    *("start(99)", "start(1.5)", "end()", "end(1)", "end('n')", "end(99)", "end(None)", "regs"),
    *("pos", "endpos", "lastindex", "lastgroup", "re", "expand('')", "expand(b'')"),
    *("expand(1)", "expand()", "absent"),
)
MATCH_CALLS: dict[str, Callable[[Any], Any]] = {code: _asking(code) for code in _ASKED} | {
    "string": lambda m: _plain(m.string),
    r"expand(\0)": lambda m: m.expand(r"\0"),
    r"expand(\1)": lambda m: m.expand(r"<\1>"),
    r"expand(\2)": lambda m: m.expand(r"<\2>"),
    r"expand(\g<0>)": lambda m: m.expand(r"<\g<0>>\n"),
    r"expand(\g<n>)": lambda m: m.expand(r"\g<n>"),
    r"expand(\g<absent>)": lambda m: m.expand(r"\g<absent>"),
    r"expand(\99)": lambda m: m.expand(r"\99"),
    r"expand(\q)": lambda m: m.expand(r"\q"),
    "expand(template=)": lambda m: m.expand(template=r"\g<0>"),
    "bool": bool,
    "repr": repr,
    "str": str,
    "format": lambda m: f"{m}",
    "len": len,
    "iter": iter,
    "<": lambda m: m < m,
    "==itself": lambda m: m == m,
    "!=itself": lambda m: m != m,
    "==None": lambda m: m == None,  # noqa: E711
    "is hashable": lambda m: hash(m) == hash(m),
    "isinstance": lambda m: isinstance(m, re.Match),
    "class": lambda m: m.__class__ is re.Match,
    "call": lambda m: m(),
    "set pos": lambda m: _refuses(m, "pos", 1),
    "set string": lambda m: _refuses(m, "string", ""),
    "set re": lambda m: _refuses(m, "re", None),
    "set regs": lambda m: _refuses(m, "regs", ()),
    "set other": lambda m: _refuses(m, "other", 1),
    "set item": lambda m: m.__class__.__setitem__,
}
"""Calls on a match by name: every method and attribute, asked rightly and wrongly."""
