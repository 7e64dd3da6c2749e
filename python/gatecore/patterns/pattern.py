"""`Pattern`: one expression with its flags, and what may be given in its place."""

from __future__ import annotations

import operator
import re
import sys
import warnings
from typing import Final, NamedTuple, TypeAlias

from gatecore.errors import PatternSetError

__all__ = ["DEBUG", "Pattern", "PatternLike", "compile_quietly", "note", "parse_pattern"]

#: As numbers: arithmetic on an enum takes 5 microseconds, and a start asks for thousands of keys.
DEBUG: Final = int(re.DEBUG)
_ASCII, _UNICODE = int(re.ASCII), int(re.UNICODE)


class _SourceAndFlags(NamedTuple):
    source: str
    flags: int


class Pattern(_SourceAndFlags):
    r"""One expression with its flags, exactly as `re.compile(source, flags)` takes it.

    Args:
        source: The expression, in the syntax of the running interpreter's `re`.
        flags: `re.IGNORECASE` and such, or their sum.

    Raises:
        PatternSetError: The source is not a `str`, or the flags are not a number such as
            `re.IGNORECASE`. Whether the expression is a good one is seen when a set is made.

    >>> Pattern(r"no\s+risk", re.IGNORECASE)
    Pattern(source='no\\s+risk', flags=re.IGNORECASE)
    """

    __slots__ = ()

    def __new__(cls, source: str, flags: int = 0) -> Pattern:
        _check(source, flags, "a pattern")
        return super().__new__(cls, source, flags)

    def __repr__(self) -> str:
        flags = re.RegexFlag(self.flags) if isinstance(self.flags, int) else self.flags
        return f"Pattern(source={self.source!r}, flags={flags!r})"

    @property
    def key(self) -> tuple[str, int]:
        """What makes two patterns the same: UNICODE is the default of text, DEBUG only prints."""
        flags = int(self.flags) & ~DEBUG
        return self.source, flags if flags & _ASCII else flags & ~_UNICODE


#: What a set may be made of.
PatternLike: TypeAlias = Pattern | tuple[str, int] | str | re.Pattern[str]


def parse_pattern(item: PatternLike, number: int) -> Pattern:
    """An item of the list of which a set is made."""
    if isinstance(item, Pattern):
        source, flags = item.source, item.flags
    elif isinstance(item, str):
        source, flags = item, 0
    elif isinstance(item, re.Pattern):
        source, flags = item.pattern, item.flags
    elif isinstance(item, tuple) and len(item) == 2:
        source, flags = item
    else:
        raise PatternSetError(
            f"pattern {number} of the set is {item!r}: expected a Pattern, (source, flags) or a str"
        )
    number_of_flags = _check(source, flags, f"pattern {number} of the set")
    # `str(source)` would ask a subclass, such as an Enum, for its own idea of its text.
    return Pattern(str.__str__(source), number_of_flags)


def _check(source: object, flags: object, which: str) -> int:
    """Refuses what is not source and flags of a pattern; gives the flags as a number."""
    if not isinstance(source, str):
        raise PatternSetError(
            f"{which} has the source {source!r}: documents are str, so patterns are str as well"
        )
    if isinstance(flags, str):
        raise PatternSetError(
            f"{which} has the flags {flags!r}: expected re.IGNORECASE and such, not letters"
        )
    try:
        return operator.index(flags)  # type: ignore[arg-type]
    except TypeError:
        raise PatternSetError(
            f"{which} has the flags {flags!r}: expected re.IGNORECASE and such"
        ) from None


def compile_quietly(source: str, flags: int) -> re.Pattern[str]:
    """As `re.compile`, without its warnings about the pattern, which others have seen already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(source, int(flags) & ~DEBUG)


def note(error: BaseException, text: str) -> None:
    """Adds where it happened to an error of `re`, without changing what it is or says."""
    if sys.version_info >= (3, 11):
        error.add_note(text)
    else:
        vars(error)["__notes__"] = [text]
        error.__cause__ = PatternSetError(text)  # 3.10 shows causes, not notes
