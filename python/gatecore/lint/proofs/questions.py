"""What `lint` asks about the patterns of gates, each question answered once.

An answer of `None` is "not known": the pattern is too large, or uses what no automaton can express.
Every "yes" is proved over all texts (`languages`), then tried on short texts and near matches with
`re` itself, because `re` has a few habits of which theory knows nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Final

from gatecore.gates.spec import PatternRef, Validity, View
from gatecore.lint.proofs.languages import LanguageTooLargeError, text_between
from gatecore.lint.proofs.program import Program, ProgramTooLargeError, program
from gatecore.lint.proofs.source_tree import (
    Branch,
    UnreadableSourceError,
    branches_of,
    every_item,
    joined,
)
from gatecore.lint.proofs.trial import LONGEST_TEXT, is_quick, likely_matches, trial_texts
from gatecore.lint.proofs.work import TooMuchWorkError, Work
from gatecore.patterns.pattern import compile_quietly

__all__ = ["Questions"]

#: `re` compiles a mode that holds only in a part in a way of its own, so nothing is claimed.
_SCOPED_MODE: Final = re.compile(r"\(\?[a-zA-Z]*[aLu]")
_SKIPPABLE: Final = re.compile(r"(?:[?*]|\{0?,\d*\})\??")
_MOST_TRIALS: Final = 1_500
_MOST_CAREFUL_TRIALS: Final = 300
#: Steps that may be counted of one pattern with loops in loops: a second.
_MOST_STEPS: Final = 1_000_000

_Key = tuple[str, int, View, Validity | None]
_Search = Callable[[str], object]


class Questions:
    """Asks about patterns by source, flags, view and `valid`; the rest does not matter."""

    def __init__(self) -> None:
        self._programs: dict[_Key, Program | None] = {}
        self._searches: dict[_Key, _Search] = {}
        self._texts: dict[_Key, list[str]] = {}
        self._never: dict[_Key, bool | None] = {}
        self._within: dict[tuple[_Key, _Key], bool | None] = {}

    def never_matches(self, pattern: PatternRef) -> bool | None:
        """Whether no text has a match."""
        key = _key(pattern)
        if key not in self._never:
            self._never[key] = self._found_never(pattern)
        return self._never[key]

    def always_matches(self, pattern: PatternRef) -> bool | None:
        """Whether every text has a match."""
        return self.within(PatternRef("", 0, pattern.place, pattern.view), pattern)

    def within(self, narrow: PatternRef, wide: PatternRef) -> bool | None:
        """Whether each text with a match of the one has a match of the other as well."""
        if narrow.view != wide.view:
            return None
        key = (_key(narrow), _key(wide))
        if key not in self._within:
            same = key[0] == key[1]
            # Which matches have a right check digit is beyond a proof about texts.
            self._within[key] = same or (
                None if wide.valid is not None else self._found_within(narrow, wide)
            )
        return self._within[key]

    def dead_branches(self, pattern: PatternRef) -> tuple[str, ...]:
        """The alternatives of the whole pattern that can never match, when others can."""
        branches = _branches(pattern)
        if branches is None or len(branches) < 2 or self.never_matches(pattern):
            return ()
        sources = [joined((branch,)) for branch in branches]
        return tuple(
            source
            for source in sources
            if self.never_matches(PatternRef(source, pattern.flags, pattern.place, pattern.view))
        )

    def trimmed(self, pattern: PatternRef) -> str | None:
        r"""The source without optional parts at its ends; the same texts have a match.

        >>> from gatecore.places import Place
        >>> Questions().trimmed(PatternRef(r"\s*fees?(?:\s+apply)?", 0, Place("a.yaml", 1, 1)))
        'fee'
        """
        branches = _branches(pattern)
        if branches is None:
            return None
        source = joined(tuple(_without_ends(branch) for branch in branches))
        if source == joined(branches):
            return None
        flags = pattern.flags & ~int(re.VERBOSE)
        shorter = PatternRef(source, flags, pattern.place, pattern.view)
        return source if self.within(shorter, pattern) else None

    def _program(self, pattern: PatternRef) -> Program | None:
        key = _key(pattern)
        if key not in self._programs:
            try:
                known = None if _SCOPED_MODE.search(pattern.source) else program(*key[:2])
            except ProgramTooLargeError:
                known = None
            self._programs[key] = known
        return self._programs[key]

    def _found_never(self, pattern: PatternRef) -> bool | None:
        written = self._program(pattern)
        if written is None:
            return None
        try:
            if self._matched(pattern, written):
                return False
            text = text_between(written, lowered=pattern.view == "lowercase")
            if text is None:
                return True
            return False if self._search(pattern)(text) else None
        except (LanguageTooLargeError, TooMuchWorkError):
            return None

    def _found_within(self, narrow: PatternRef, wide: PatternRef) -> bool | None:
        ours, theirs = self._program(narrow), self._program(wide)
        if ours is None or theirs is None:
            return None
        try:
            # Nearly all pairs are told apart by a text, at no cost; for the others it is the trial.
            if not all(map(self._search(wide), self._matched(narrow, ours))):
                return False
            text = text_between(ours, theirs, lowered=narrow.view == "lowercase")
            if text is None:
                return True
            if not self._search(narrow)(text) or self._search(wide)(text):
                return None  # it is one only for what the automaton cannot express
            self._matched(narrow, ours).append(text)  # it may tell others apart too
            return False
        except (LanguageTooLargeError, TooMuchWorkError):
            return None

    def _search(self, pattern: PatternRef) -> _Search:
        """As `re` does, which itself remembers no more than a few hundred patterns.

        Of a pattern with loops in loops each text's steps are counted first, for `re` could take
        hours; the search raises `TooMuchWorkError` then.
        """
        key = _key(pattern)
        if key not in self._searches:
            search = compile_quietly(pattern.source, pattern.flags).search
            written = self._program(pattern)
            self._searches[key] = (
                _Careful(search, written) if written is not None and written.nests else search
            )
        return self._searches[key]

    def _matched(self, pattern: PatternRef, written: Program) -> list[str]:
        """Some of the trial texts that a pattern matches, without those that take too long."""
        key = _key(pattern)
        if key not in self._texts:
            search = self._search(pattern)
            texts = list(trial_texts(written, longest=LONGEST_TEXT))
            most = _MOST_CAREFUL_TRIALS if written.nests else _MOST_TRIALS
            texts = texts[:: len(texts) // most + 1]
            texts = [*likely_matches(written, longest=LONGEST_TEXT), *texts]
            if pattern.view == "lowercase":
                texts = [text.lower() for text in texts]
            found = self._texts[key] = []
            for text in dict.fromkeys(texts):
                with contextlib.suppress(TooMuchWorkError):
                    if search(text):
                        found.append(text)
        return self._texts[key]


class _Careful:
    """A search that does not begin what it might not end."""

    def __init__(self, search: _Search, written: Program) -> None:
        self._search = search
        self._written = written
        self._work = Work(_MOST_STEPS, "steps")

    def __call__(self, text: str) -> object:
        if not is_quick(self._written, text, self._work):
            raise TooMuchWorkError(f"more than {_MOST_STEPS:,} steps")
        return self._search(text)


def _key(pattern: PatternRef) -> _Key:
    return pattern.source, pattern.flags, pattern.view, pattern.valid


def _branches(pattern: PatternRef) -> tuple[Branch, ...] | None:
    """The alternatives as written; `None` where one cannot stand alone."""
    verbose = bool(pattern.flags & re.VERBOSE)
    try:
        branches = branches_of(pattern.source, verbose=verbose)
    except (UnreadableSourceError, RecursionError):
        return None
    # Flags, and what a group captured, tie a branch to the others.
    bound = any(item.opening == "flags" or item.refers_back for item in every_item(branches))
    return None if bound else branches


def _without_ends(branch: Branch) -> Branch:
    items = list(branch)
    while len(items) > 1 and _SKIPPABLE.fullmatch(items[-1].quantifier):
        items.pop()
    while len(items) > 1 and _SKIPPABLE.fullmatch(items[0].quantifier):
        items.pop(0)
    if len(items) == 1 and items[0].opening in ("(?:", "(") and not items[0].quantifier:
        return (items[0].with_branches(*map(_without_ends, items[0].branches)),)
    return tuple(items)
