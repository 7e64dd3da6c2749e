"""What is wrong with text that is not YAML, for readers who have never heard of tokens.

PyYAML's two parsers describe the same mistake differently, in terms of their own internals ("did
not find expected '-' indicator"). They agree on the place; the text there tells the rest.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import yaml

__all__ = ["WRONG_QUOTES", "Mistake", "explained", "is_in_wrong_quotes"]

WRONG_QUOTES: Final = "use straight quotes; if the mark itself is meant, put them around it"

_TYPOGRAPHIC_PAIRS: Final = {
    "“": "”“",
    "„": "“”",
    "‟": "”",
    "«": "»",
    "»": "«»",
    "‘": "’‘",
    "‚": "‘’",
    "‹": "›",
    "›": "‹›",
    "’": "’",
    "”": "”",
}
"""Opening marks of several languages and word processors, and what closes them."""

_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Of whole contexts: libyaml also speaks of a "flow level", which is neither.
_BRACKETS: Final = {
    "while parsing a flow sequence": ("[", "]"),
    "while parsing a flow mapping": ("{", "}"),
}
_WRONG_QUOTE: Final = re.compile(r"(?:: +|- +)(?P<mark>[“”„‟«»‘’‚‹›])")
_QUOTES_ADVICE: Final = (
    "put the whole text in single quotes; a quote mark inside them is written twice ('')"
)


class Mistake(NamedTuple):
    """What is wrong, at which line and column from 0, and what to do."""

    line: int
    column: int
    detail: str
    advice: str


def explained(error: yaml.MarkedYAMLError, text: str) -> Mistake:
    r"""The mistake for which a parser gave up.

    >>> text = "title: Deposit: protected"
    >>> try:
    ...     yaml.compose(text)
    ... except yaml.MarkedYAMLError as error:
    ...     print(explained(error, text).advice)
    put text with a colon in quotes
    """
    problem = error.problem or ""
    context = error.context or ""
    said = f"{context} {problem}".strip()
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Mistake(0, 0, said, "mend it")
    opened = error.context_mark
    before, after = _around(text, mark.line, mark.column)

    def here(detail: str, advice: str, at: yaml.Mark = mark) -> Mistake:
        return Mistake(at.line, at.column, detail, advice)

    if "\t" in before + after[:1] and not (before + after[:1]).strip():
        return here("a tab stands at the beginning of the line", "use spaces to indent")
    if "escape" in problem:
        return here(said, "write patterns in single quotes, where a backslash is just a backslash")
    if "single document" in context + problem:
        return here(said, "keep one gate per file, without `---` lines")
    brackets = _BRACKETS.get(context)
    if opened is not None and brackets is not None:
        bracket, closing = brackets
        return here(
            f"the `{bracket}` of line {opened.line + 1} is not closed where it ought to be",
            f"close it with `{closing}`, or look for a missing `,` before line {mark.line + 1},"
            f" column {mark.column + 1}",
            opened,
        )
    if "node content" in problem:
        if not after.strip():
            return here("the file ends within brackets", "close them")
        return here(
            f"a value is missing before `{after[0]}`",
            "write one; text that begins with such a sign is put in single quotes",
        )
    if opened is not None and "quoted scalar" in context:
        return here(
            f"the quote mark of line {opened.line + 1} has no partner",
            "close it; a quote mark inside single quotes is written twice ('')",
            opened,
        )
    if opened is not None and "could not find expected ':'" in problem:
        advice = "put a colon and a space after the key"
        return here("the line is not a `key: value`", advice, opened)
    if "mapping values are not allowed" in problem and (wrong := _WRONG_QUOTE.search(before)):
        detail = f"{wrong['mark']} is not a quote mark in YAML"
        return Mistake(mark.line, wrong.start("mark"), detail, "use straight quotes")
    if "mapping values are not allowed" in problem and ": " in before:
        return here("a second colon in the line", "put text with a colon in quotes")
    if "cannot start any token" in problem:
        return here(f"text without quotes cannot begin with '{after[:1]}'", _QUOTES_ADVICE)
    if _ends_a_block(problem) and after[:1] in ("]", "}"):
        return here(f"the `{after[0]}` closes nothing", "remove it")
    if _ends_a_block(problem) and before.strip(" -"):
        return here("the text goes on after the end of its quotes or bracket", _QUOTES_ADVICE)
    if _ends_a_block(problem) or "mapping values are not allowed" in problem:
        return here("the line begins in another column than its neighbours", "align it with them")
    return here(said, "mend the YAML here or just above")


def is_in_wrong_quotes(text: str) -> bool:
    """Whether a text stands in typographic quotes as a whole, or a comment has cut off its end.

    `“Guaranteed” is said` and `‘never’ or ‘none’` begin with a quotation and are left alone.
    """
    closing = _TYPOGRAPHIC_PAIRS.get(text[0])
    if closing is None:
        return False
    inner = text[1:-1]
    if text[0] in inner:
        return False
    if len(text) > 1 and text[-1] in closing:
        return text[0] in "‘‚‹" or not any(mark in inner for mark in closing)
    return text[0] not in "‘‚‹›’" and not any(mark in inner for mark in closing)


def _ends_a_block(problem: str) -> bool:
    """Whether something stands where a list or mapping of lines can only go on or end."""
    return any(
        words in problem for words in ("expected key", "expected '-' indicator", "<block end>")
    )


def _around(text: str, line: int, column: int) -> tuple[str, str]:
    """What stands in the line before a place, and from it on."""
    lines = _LINE_BREAK.split(text)
    said = lines[line] if line < len(lines) else ""
    return said[:column], said[column:]
