r"""Text that others wrote, made safe to show: names of files, words of documents, messages.

A terminal acts on what it is sent, and a file may be called anything: `\x1b[2J` clears the screen,
U+202E reverses a name, a newline starts a line that looks like ours. A name that is not UTF-8 holds
lone surrogates, which JSON cannot express.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

__all__ = ["cut", "json_text", "listed", "named", "plural", "shortened", "visible", "visible_page"]

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u(?P<half>[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_STYLED: Final = re.compile(r"(\x1b\[[0-9;]*m|\n)")


def visible(text: str) -> str:
    r"""A text in one line with everything that a terminal would act on made visible.

    >>> visible("a\r\nb\tc\x1b[2J\u202e"), visible("caf\udce9.txt")
    ('a⏎b c\\x1b[2J\\u202e', 'caf\\xe9.txt')
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text.replace("\r\n", "\n")))


def visible_page(text: str, *, styled: bool) -> str:
    r"""Lines that are about to be written: what is in them besides text and, if `styled`, colours.

    A safety net for what did not go through `visible`.

    >>> visible_page("\x1b[1ma\x1b[0m\x1b]8;;x\n", styled=True)
    '\x1b[1ma\x1b[0m\\x1b]8;;x\n'
    """
    if text.replace("\n", "").isprintable():
        return text
    pieces = _STYLED.split(text)
    kept = [piece == "\n" or (styled and at % 2 == 1) for at, piece in enumerate(pieces)]
    return "".join(
        piece if keep else visible(piece) for piece, keep in zip(pieces, kept, strict=True)
    )


def shortened(text: str, length: int = 80) -> str:
    """A text as `visible` shows it, with its middle left out when it is long.

    >>> shortened("risk-free returns", 10)
    'risk-…urns'
    """
    if len(text) > 4 * length:
        text = f"{text[: 2 * length]}{text[-2 * length :]}"  # the middle is left out anyway
    line = visible(text)
    if len(line) <= length:
        return line
    head = length // 2
    return f"{line[:head]}…{line[-(length - head - 1) :]}"


def cut(text: str, length: int = 60) -> str:
    r"""A text on one line, its end left out when it is long; the cost depends on `length` alone.

    >>> cut("  capital\n at risk "), cut("x" * 1_000, 5)
    ('capital at risk', 'xxxx…')
    """
    # Each word is at least one character, so those after are not shown; a text may be megabytes.
    line = " ".join(text.split(None, length))
    return line if len(line) <= length else f"{line[: length - 1]}…"


def plural(number: int, one: str, many: str = "") -> str:
    """A number of things, in one of two words.

    >>> plural(1, "gate"), plural(1_234, "gate"), plural(2, "match", "matches")
    ('1 gate', '1,234 gates', '2 matches')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str], *, most: int = 5, in_all: int | None = None) -> str:
    """A list in words: its first few, of as many as are given or are said to be there.

    >>> listed(["a", "b", "c"], most=2), listed(["a", "b"])
    ('a, b and 1 more', 'a, b')
    """
    more = (len(items) if in_all is None else in_all) - most
    return ", ".join(items[:most]) + (f" and {more:,} more" if more > 0 else "")


def named(name: str) -> dict[str, str]:
    r"""A file's name for JSON: as it is shown, and its bytes in base64 where they are not UTF-8.

    >>> named("a.txt"), named("caf\udce9.txt")
    ({'name': 'a.txt'}, {'name': 'caf\\xe9.txt', 'name_bytes': 'Y2Fm6S50eHQ='})
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        import base64

        octets = name.encode("utf-8", "surrogateescape" if _from_system(name) else "surrogatepass")
        shown = "".join(_shown(c) if "\ud800" <= c <= "\udfff" else c for c in name)
        return {"name": shown, "name_bytes": base64.b64encode(octets).decode("ascii")}
    return {"name": name}


def json_text(value: object) -> str:
    r"""A value as JSON in ASCII that every reader takes: halves of characters come out escaped.

    >>> import json
    >>> json_text("caf\udce9 \U0001f600"), json.loads(json_text("\ud800"))
    ('"caf\\\\xe9 \\ud83d\\ude00"', '\\ud800')
    """
    import json

    text = json.dumps(value)
    return _ESCAPE.sub(_whole, text) if "\\ud" in text else text


def _whole(escape: re.Match[str]) -> str:
    import json

    half = escape["half"]
    return escape[0] if half is None else json.dumps(_shown(chr(int(half, 16))))[1:-1]


def _from_system(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\n\r\u2028\u2029\x85":
        return "⏎"
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    if "\udc80" <= character <= "\udcff":  # a byte of a name that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
