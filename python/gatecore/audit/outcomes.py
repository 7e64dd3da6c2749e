"""The dictionaries of a store: each thing that gates say is written once and has a number.

A hundred gates say some hundreds of different things in all, so that a validation is a few hundred
bytes of numbers instead of a hundred rows.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import apsw

from gatecore.audit.chain import Chain
from gatecore.errors import AuditWriteError

__all__ = [
    "ERASED",
    "ERASED_WORD",
    "NEW_OUTCOMES",
    "NEW_WORDS",
    "OUTCOME_COLUMNS",
    "Dictionary",
    "Outcome",
    "modules_word",
    "pack",
    "storable",
    "unpack",
]

#: The number of the word that stands for what was erased, and that word: one that nobody can say.
ERASED: Final = 0
ERASED_WORD: Final = "\x00"
#: Numbers of two bytes end here.
_NARROW: Final = 1 << 16
#: Words are cut here, in characters: they are names.
_LONGEST: Final = 1_000
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class Outcome(NamedTuple):
    """One thing that a gate can say.

    Attributes:
        scope: "module": a gate of a module. "universal": a detector. "detector": a gate of one.
            "analyzer": what a host lists as such. "cross": a rule over all results.
        module: The module's name; empty for all but the first and third.
        gate: The gate's name, the detector's, or the rule's.
        version: The gate's version, as text; empty if it has none.
        status: As it was said, "FAIL" for example; None where a host's gate said none.
        severity: Likewise.
        branch: The branch that decided, from 1; 0 where there is none.

    >>> Outcome("module", "gdpr_uk", "consent", "2", "FAIL", "critical", 1).status
    'FAIL'
    """

    scope: str
    module: str
    gate: str
    version: str
    status: str | None
    severity: str | None
    branch: int


def storable(text: str) -> str:
    r"""A text without what SQLite cannot keep, NUL and halves of characters, and not too long.

    >>> storable("a\x00b\ud800")
    'a\ufffdb\ufffd'
    """
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST:
        return text
    return _UNSTORABLE.sub("\ufffd", text[:_LONGEST])


def pack(numbers: Sequence[int]) -> tuple[bytes, bool]:
    r"""Numbers side by side, little-endian, and whether they take four bytes each instead of two.

    >>> pack([3, 258])
    (b'\x03\x00\x02\x01', False)
    """
    is_wide = bool(numbers) and max(numbers) >= _NARROW
    packed = array("I" if is_wide else "H", numbers)
    if _IS_BIG_ENDIAN:
        packed.byteswap()
    return packed.tobytes(), is_wide


def unpack(packed: bytes, is_wide: bool) -> list[int]:
    r"""What `pack` put together.

    >>> unpack(b"\x03\x00\x02\x01", False)
    [3, 258]
    """
    numbers = array("I" if is_wide else "H", packed)
    if _IS_BIG_ENDIAN:
        numbers.byteswap()
    return numbers.tolist()


_IS_BIG_ENDIAN: Final = array("H", b"\x00\x01")[0] == 1


#: The columns of an `Outcome`, and what is new in a file since so many numbers.
OUTCOME_COLUMNS: Final = ", ".join(Outcome._fields)
NEW_WORDS: Final = "SELECT id, word FROM word WHERE id >= ? ORDER BY id"
NEW_OUTCOMES: Final = f"SELECT id, {OUTCOME_COLUMNS} FROM outcome WHERE id >= ? ORDER BY id"


class Dictionary:
    """The words and outcomes of a file, as far as they are known here; for one thread.

    Other processes add to the file: `learn` reads what they added. Numbers are never given anew.

    Attributes:
        words: Number of each word.
        outcomes: Number of each outcome.
        word_of: The word of each number.
        outcome_of: The outcome of each number.
    """

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        self.outcomes: dict[tuple[Any, ...], int] = {}
        self.word_of: list[str] = []
        self.outcome_of: list[Outcome] = []
        self._fresh: tuple[int, int] = (0, 0)

    def learn(self, connection: apsw.Connection) -> None:
        """Reads what the file has and this does not.

        Raises:
            AuditWriteError: The numbers have a gap.
        """
        words = connection.execute(NEW_WORDS, (len(self.word_of),))
        for number, word in words:
            self._check(number == len(self.word_of))
            self.words[word] = number
            self.word_of.append(word)
        outcomes = connection.execute(NEW_OUTCOMES, (len(self.outcome_of),))
        for number, *parts in outcomes:
            self._check(number == len(self.outcome_of))
            outcome = Outcome(*parts)
            self.outcomes[outcome] = number
            self.outcome_of.append(outcome)
        self._fresh = len(self.word_of), len(self.outcome_of)

    def word(self, word: str, *, is_list: bool = False) -> int:
        """The number of a word, which is new to the file if it was not known; lists are not cut."""
        number = self.words.get(word)
        if (
            number is None
            and (number := self.words.get(kept := word if is_list else storable(word))) is None
        ):
            number = self.words[kept] = len(self.word_of)
            self.word_of.append(kept)
        return number

    def numbers(self, outcomes: Sequence[tuple[Any, ...]]) -> list[int]:
        """The numbers of outcomes, which are new to the file if they were not known."""
        known = self.outcomes
        numbers = list(map(known.get, outcomes))
        if None in numbers:
            return [self._new(outcome) for outcome in outcomes]
        return numbers  # type: ignore[return-value]

    def _new(self, outcome: tuple[Any, ...]) -> int:
        if (number := self.outcomes.get(outcome)) is not None:
            return number
        kept = Outcome._make(storable(one) if isinstance(one, str) else one for one in outcome)
        number = self.outcomes.get(kept)
        if number is None:
            number = self.outcomes[kept] = len(self.outcome_of)
            self.outcome_of.append(kept)
        return number

    def fold(self, since: int, words: bytes, chain: Chain) -> tuple[bytes, list[Any], list[Any]]:
        """What is new: the dictionaries' digest with it, and its rows, brought by one validation.

        Those rows are to be written before the next call.
        """
        first_word, first_outcome = self._fresh
        if first_word == len(self.word_of) and first_outcome == len(self.outcome_of):
            return words, [], []
        new_words = [
            (number, since, self.word_of[number]) for number in range(first_word, len(self.word_of))
        ]
        new_outcomes = [
            (number, since, *self.outcome_of[number])
            for number in range(first_outcome, len(self.outcome_of))
        ]
        for row in (*new_words, *new_outcomes):
            words = chain.fold(words, row)
        self._fresh = len(self.word_of), len(self.outcome_of)
        return words, new_words, new_outcomes

    def forget(self, words: int, outcomes: int) -> None:
        """Takes back what was new since there were so many: its transaction failed."""
        for word in self.word_of[words:]:
            del self.words[word]
        for outcome in self.outcome_of[outcomes:]:
            del self.outcomes[outcome]
        del self.word_of[words:], self.outcome_of[outcomes:]
        self._fresh = words, outcomes

    @staticmethod
    def _check(is_next: bool) -> None:
        if not is_next:
            raise AuditWriteError("the store's dictionary has a gap: run `gatecore audit verify`")


def modules_word(modules: Iterable[str]) -> str:
    r"""A list of modules as one word, in ASCII: so there is nothing in it that cannot be stored.

    >>> modules_word(("gdpr_uk", "\ud800"))
    '["gdpr_uk","\\ud800"]'
    """
    return json.dumps(list(modules), separators=(",", ":"))
