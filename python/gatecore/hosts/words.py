r"""Whether a pattern that was made at run time is made of the host's own source.

A host makes patterns of its lists of words, and patterns of what it finds in documents: names,
account numbers. The first are worth keeping on disk, the second must never get there. A pattern is
*the host's own* if nothing in it can have come from a document:

- every word of it (`guaranteed`, `s`, `2`) stands as a whole word in the host's source, as it is
  there or in lower or upper case;
- words that stand side by side in it, with nothing but blanks and punctuation between them, stand
  side by side in the source as well: `Mark\ Field` is not made of `mark` here and `field` there.

The bounds of a repeat (`{0,60}`) are not a word, and a letter that may be missing (`risks?`) is not
part of one. So a file that is written holds no word that the source does not hold.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

__all__ = ["HostWords"]

_WORD: Final = re.compile(r"[^\W_]+")
_BOUNDS: Final = re.compile(r"\{\d*,?\d*\}")
_OPTIONAL: Final = re.compile(r"[^\W_]\?")
_BLANKS: Final = re.compile(r"\\s[+*?]*")
#: A class (`\b`, `\w`) is not a letter; whatever else is escaped stands for itself.
_CLASS: Final = re.compile(r"\\[AbBdDSwWZ]")
#: What may stand between words without keeping them apart.
_PLAIN: Final = r"[\s\\,;:'’.&/#@!\"~=<>%_-]+"
_PLAIN_ONLY: Final = re.compile(_PLAIN)


class HostWords:
    """The words of a host's source, read when first asked for: about 0.3 s for 120 files.

    Words that stand side by side are kept as pairs: to look for each in the source took 7 ms, and
    14 s for the 2,099 patterns of proselint 0.13, which one document then waited for.
    """

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._paths = [
            Path(path) for path in (getattr(one, "__file__", None) for one in modules) if path
        ]
        self._is_read = False
        self._words: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()

    def own(self, source: str) -> bool:
        r"""Whether nothing of a pattern can have come from a document.

        >>> import gatecore.hosts.words as module
        >>> words = HostWords([module])
        >>> words.own(r"\bguaranteed\b.{0,777}"), words.own(r"guaranteed\s+" + "MARK"[::-1])
        (True, False)
        """
        read = [*_words(_bare(_BOUNDS.sub("(", source)))]
        if not read:
            return True
        self._read()
        if not all(word in self._words for word, _ in read):
            return False
        return all(
            (before[0], after[0]) in self._pairs
            for before, after in itertools.pairwise(read)
            if before[1]
        )

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        for path in self._paths:
            try:
                plain = path.read_text("utf-8")
            except (OSError, ValueError):
                continue  # `HostPatterns.skipped` names it
            text = _bare(plain)
            self._words.update(_WORD.findall(plain))
            for form in (text, text.lower(), text.upper()):
                words = [*_words(form)]
                self._words.update(word for word, _ in words)
                self._pairs.update(
                    (before[0], after[0])
                    for before, after in itertools.pairwise(words)
                    if before[1]
                )


def _bare(text: str) -> str:
    return _OPTIONAL.sub("", _CLASS.sub("(", _BLANKS.sub(" ", text)))


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether the next one stands right beside it."""
    found = [*_WORD.finditer(text)]
    for number, word in enumerate(found):
        between = text[word.end() : found[number + 1].start()] if number + 1 < len(found) else "("
        yield word.group(), _PLAIN_ONLY.fullmatch(between) is not None
