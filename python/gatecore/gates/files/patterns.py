"""The patterns of a gate file: single ones, keywords and phrases, in lists.

Each pattern is compiled once by `re`, to refuse what `re` refuses and to learn its captures. The
work that a file may ask for is bounded (`_MAX_WORK`), so a hostile one cannot keep a reader busy.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from gatecore.gates.files import grammar
from gatecore.gates.files.grammar import MAX_PATTERN, MAX_PATTERNS
from gatecore.gates.files.yaml_errors import WRONG_QUOTES
from gatecore.gates.files.yaml_nodes import Node, YamlFile, shown
from gatecore.gates.spec import PatternRef, Validity, View
from gatecore.gates.typography import is_letter, pattern_of, without_invisible

__all__ = ["USUAL", "Defaults", "Patterns", "Take", "short"]

_TYPOGRAPHIC_QUOTES: Final = "‘’‚‛“”„‟«»‹›"

# What `re` takes to compile, in units of about 0.2 µs, measured on the worst of each kind.
_MAX_WORK: Final = 20_000_000
_WORK_OF_A_CHARACTER: Final = 20
_WORK_OF_A_CLASS: Final = 1_500
_WORK_OF_A_WIDE_CLASS: Final = 3_500  # one with a character beyond Latin-1 is made a bit map
_WIDE: Final = re.compile(r"[^\x00-\xff]|\\[uUN]")
_WIDE_RANGE: Final = re.compile(r"-(?:[^\x00-\xff]|\\[uUN])")
_WORK_OF_A_WIDE_RANGE: Final = 65_536


class Defaults(NamedTuple):
    """What the patterns of a group have unless they say otherwise."""

    flags: int
    view: View
    valid: Validity | None = None


def _flags(words: Iterable[str]) -> int:
    flags = 0
    for word in words:
        flags |= int(re.RegexFlag[word.upper()])
    return flags


_OF_GROUPS: Final = grammar.GROUP_WITH_DEFAULTS
USUAL: Final = Defaults(_flags(_OF_GROUPS.default("flags")), cast(View, _OF_GROUPS.default("view")))
_VIEW_OF_KEYWORDS: Final = cast(View, grammar.KEYWORD.default("view"))


Take: TypeAlias = Callable[[Node, str], tuple[PatternRef, ...]]
"""Gives the patterns of the shared list that a node names."""


class Patterns:
    """Reads the lists of patterns of one file, within the limits of a file."""

    def __init__(self, file: YamlFile, captures: dict[PatternRef, tuple[str, ...]]) -> None:
        self.file = file
        self.captures = captures
        self.count = 0
        self.work = 0

    def read(
        self, node: Node, what: str, take: Take, defaults: Defaults = USUAL
    ) -> tuple[PatternRef, ...]:
        numbers: dict[tuple[str, int, View], int] = {}
        patterns: list[PatternRef] = []
        for number, item in enumerate(self.file.items(node, what), start=1):
            for found in self.item(item, f"pattern {number} of {what}", take, defaults):
                pattern = found
                if defaults.valid is not None:
                    pattern = replace(found, valid=defaults.valid)
                    self.captures[pattern] = self.captures.get(found, ())
                first = numbers.setdefault(pattern.question[:3], number)
                if len(numbers) == len(patterns):
                    detail = f"pattern {number} of {what} repeats pattern {first}"
                    if pattern.place.path != self.file.path or self.file.is_mapping(item):
                        detail += f", '{shown(pattern.written)}'"
                    raise self.file.error(item, detail, "remove one of them")
                patterns.append(pattern)
                self.count += 1
                if self.count > MAX_PATTERNS:
                    raise self.file.error(
                        item, f"more than {MAX_PATTERNS:,} patterns", "split the file"
                    )
        return tuple(patterns)

    def item(self, node: Node, what: str, take: Take, defaults: Defaults) -> tuple[PatternRef, ...]:
        file = self.file
        if not file.is_mapping(node):
            return (self.pattern(node, what, defaults),)
        pairs = file.pairs(node, what)
        kinds = grammar.PATTERN_KINDS
        for key, key_node, _ in pairs:
            file.known_key(key, key_node, what, grammar.PATTERN_KEYS)
        keys = {key: value for key, _, value in pairs}
        found = [key for key in keys if key in kinds]
        if len(found) != 1:
            listed = " and ".join(f"'{kind}'" for kind in found) or "none"
            raise file.error(
                node,
                f"{what} must have one of {', '.join(kinds)}, not {listed}",
                "write one of them" if found else "add `pattern: …`",
            )
        (kind,) = found
        for key, key_node, _ in pairs:
            if key not in kinds[kind].names:
                raise file.error(
                    key_node,
                    f"{what} is a {kind}, which has no '{key}'"
                    if kind != "shared"
                    else f"{what} is a shared list, whose patterns have their own '{key}'",
                    "remove it, or write a `pattern`",
                )
        match kind:
            case "shared":
                return take(keys["shared"], what)
            case "keyword":
                view = self.view(keys["view"], what) if "view" in keys else _VIEW_OF_KEYWORDS
                return (self.keyword(keys["keyword"], what, view),)
            case "phrase":
                return (self.phrase(keys["phrase"], what),)
        own = self.defaults(keys, what, defaults)
        return (self.pattern(keys["pattern"], what, own),)

    def defaults(self, keys: Mapping[str, Node], what: str, defaults: Defaults) -> Defaults:
        """The flags and the view that a mapping states."""
        flags, view, valid = defaults
        if "flags" in keys:
            flags = self.flags(keys["flags"], what)
        if "view" in keys:
            view = self.view(keys["view"], what)
        if "valid" in keys:
            valid = self.valid(keys["valid"], what)
        return Defaults(flags, view, valid)

    def flags(self, node: Node, what: str) -> int:
        items = self.file.items(node, f"flags of {what}", may_be_empty=True)
        known = grammar.FLAG.words
        return _flags(
            self.file.word(each, f"a flag of {what}", known, called="flag") for each in items
        )

    def view(self, node: Node, what: str) -> View:
        word = self.file.word(node, f"view of {what}", grammar.VIEW.words, called="view")
        return cast(View, word)

    def valid(self, node: Node, what: str) -> Validity:
        word = self.file.word(
            node, f"valid of {what}", grammar.VALID.words, called="kind of number"
        )
        return cast(Validity, word)

    def pattern(self, node: Node, what: str, defaults: Defaults) -> PatternRef:
        file = self.file
        source = self.source(node, what, verbose=bool(defaults.flags & re.VERBOSE))
        self.charge(node, source)
        try:
            with warnings.catch_warnings():
                # What a later Python may read differently, as `[[:alpha:]]`, is a mistake already.
                warnings.simplefilter("error", FutureWarning)
                compiled = re.compile(source, defaults.flags)
        except FutureWarning as warning:
            raise file.error(
                node,
                f"{what}: {str(warning).lower()} in '{short(source)}'",
                r"escape the bracket or sign, as `\[`; Python knows no classes as [:alpha:]",
            ) from None
        except (re.error, ValueError, OverflowError, RecursionError, MemoryError, Warning) as error:
            raise file.error(
                node, f"{what}: {shown(str(error))} in '{short(source)}'", "mend the pattern"
            ) from None
        pattern = PatternRef(source, defaults.flags, file.place(node), view=defaults.view)
        self.captures[pattern] = tuple(compiled.groupindex)
        return pattern

    def keyword(self, node: Node, what: str, view: View) -> PatternRef:
        words = self.source(node, what, verbose=False)
        if view == "lowercase" and words != words.lower():
            raise self.file.error(
                node,
                f"{what} can never match: '{short(words)}' has capitals but is looked for in the"
                " document's lower-case form",
                "write it in lower case, or add `view: text`",
            )
        self.need_visible(node, what, words)
        return self.written(pattern_of(words), 0, node, view, "keyword", words)

    def phrase(self, node: Node, what: str) -> PatternRef:
        written = self.source(node, what, verbose=True)
        self.need_visible(node, what, written)
        words = without_invisible(written).split()
        source = r"\s+".join(map(pattern_of, words))
        before = r"\b" if is_letter(words[0][0]) else ""
        after = r"\b" if is_letter(words[-1][-1]) else ""
        flags = int(re.IGNORECASE)
        return self.written(
            f"{before}{source}{after}", flags, node, "text", "phrase", " ".join(written.split())
        )

    def need_visible(self, node: Node, what: str, words: str) -> None:
        """Refuses words of which nothing can be seen."""
        if not without_invisible(words).strip():
            raise self.file.error(
                node, f"{what} has no character that can be seen", "write the words"
            )

    def written(
        self,
        source: str,
        flags: int,
        node: Node,
        view: View,
        kind: Literal["keyword", "phrase"],
        words: str,
    ) -> PatternRef:
        pattern = PatternRef(source, flags, self.file.place(node), view, kind, words)
        self.captures[pattern] = ()
        return pattern

    def source(self, node: Node, what: str, *, verbose: bool) -> str:
        """The text of a pattern, keyword or phrase, without the usual traps of YAML."""
        file = self.file
        source = file.text(node, what)
        if len(source) > MAX_PATTERN:
            raise file.error(
                node,
                f"{what} has {len(source):,} characters, more than {MAX_PATTERN:,}",
                "split it into several patterns",
            )
        if source[0] in _TYPOGRAPHIC_QUOTES and file.is_bare(node):
            raise file.error(
                node,
                f"{what} begins with {source[0]}, which is not a quote mark in YAML",
                WRONG_QUOTES,
            )
        if "\x08" in source:
            raise file.error(
                node,
                rf"{what} holds a backspace, which is what \b means in double quotes",
                "put the pattern in single quotes",
            )
        if source.endswith("\n") and not verbose:
            raise file.error(
                node,
                f"{what} ends with a line break that has to match",
                "put the pattern in single quotes, or use `|-` instead of `|`",
            )
        return source

    def charge(self, node: Node, source: str) -> None:
        """Refuses patterns that `re` would compile for many seconds."""
        of_a_class = _WORK_OF_A_WIDE_CLASS if _WIDE.search(source) else _WORK_OF_A_CLASS
        self.work += len(source) * _WORK_OF_A_CHARACTER
        self.work += source.count("[") * of_a_class
        self.work += len(_WIDE_RANGE.findall(source)) * _WORK_OF_A_WIDE_RANGE
        if self.work > _MAX_WORK:
            raise self.file.error(
                node,
                "the patterns up to here take too long to compile",
                "split the file, or write fewer and smaller character classes",
            )


def short(source: str) -> str:
    """A pattern as an error shows it: in one line, and not endless."""
    line = " ".join(source.splitlines())
    return line if len(line) <= 80 else f"{line[:79]}…"
