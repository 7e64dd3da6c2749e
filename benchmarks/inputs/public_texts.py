"""Texts for the public pattern sets: all made up here, in the shape of what each set is asked of.

    user_agents     a user-agent string a line, some of crawlers
    code_and_logs   configuration, code and log lines, some with what looks like a secret
    personal_data   prose with names, numbers, addresses, dates in many countries' formats
    tokens          one token a line: hashes, addresses of all kinds, numbers
    prose           `corpus.document`
    many_scripts    prose mixed with words handed in

Secrets, numbers and addresses are random characters in a public format; no sentence and no string
is anybody's. The same seed gives the same text.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from benchmarks.inputs import corpus

__all__ = ["TextMaker", "texts_for", "with_odd_characters"]

TextMaker: TypeAlias = Callable[[int, int], str]
"""Takes how many characters and a seed."""

_HEX = "0123456789abcdef"
_ALNUM = string.ascii_letters + string.digits
_BASE64 = _ALNUM + "+/"


def texts_for(set_name: str, words: Callable[[], Sequence[str]]) -> TextMaker:
    """Makes the texts that are natural for a set of `public_sets`.

    `words` gives the words of a set of words, and is called only if the texts are made of them.
    """
    if set_name in ("uap-core", "crawlers"):
        return partial(_lines, _user_agent)
    if set_name in ("detect-secrets", "gitleaks"):
        return partial(_lines, _code_or_log)
    if set_name == "pywhat":
        return partial(_lines, _token)
    if set_name == "presidio":
        return partial(_lines, _personal)
    if set_name in ("words", "alternation"):
        return partial(_many_scripts, words())
    return _prose


_ODD = {
    "s": "\N{LATIN SMALL LETTER LONG S}",
    "k": "\N{KELVIN SIGN}",
    "i": "\N{LATIN SMALL LETTER DOTLESS I}\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "e": "\N{LATIN SMALL LETTER E WITH ACUTE}",
    " ": "\N{NO-BREAK SPACE}\N{EM SPACE}\x1c\x85",
    "-": "\N{EN DASH}\N{HYPHEN}",
    "'": "\N{RIGHT SINGLE QUOTATION MARK}",
    "\n": "\N{LINE SEPARATOR}\r\v",
    **dict.fromkeys(string.digits, "\N{ARABIC-INDIC DIGIT THREE}\N{SUPERSCRIPT TWO}"),
}


def with_odd_characters(text: str, seed: int) -> str:
    """Puts odd relatives in the place of every fifteenth character or so that has any.

    For answers, not for times: where engines and `re` disagree about case, digits, words and
    white space.

    >>> len(with_odd_characters("risks in 3 banks", 1))
    16
    """
    source = random.Random(f"odd {seed}")
    return "".join(
        source.choice(_ODD[character])
        if character in _ODD and source.random() < 1 / 15
        else character
        for character in text
    )


def _lines(line: Callable[[random.Random], str], characters: int, seed: int) -> str:
    source = random.Random(f"{line.__name__} {seed}")
    pieces: list[str] = []
    length = 0
    while length < characters:
        piece = line(source)
        pieces.append(piece)
        length += len(piece) + 1
    return corpus.fresh("\n".join(pieces)[:characters])


def _prose(characters: int, seed: int) -> str:
    return corpus.document(characters, kind="natural", seed=seed)


def _many_scripts(words: Sequence[str], characters: int, seed: int) -> str:
    source = random.Random(f"many scripts {seed}")
    prose = corpus.document(characters, kind="natural", seed=seed).split(" ")
    pieces: list[str] = []
    length = 0
    for word in prose:
        piece = source.choice(words) if source.random() < 0.5 else word
        pieces.append(piece)
        length += len(piece) + 1
        if length > characters:
            break
    text = " ".join(pieces)
    return corpus.fresh((text + " " * characters)[:characters])


def _some(source: random.Random, letters: str, count: int) -> str:
    return "".join(source.choices(letters, k=count))


def _number(source: random.Random, digits: int) -> str:
    return _some(source, string.digits, digits)


def _name(source: random.Random) -> str:
    """A made-up word that may be a product, a variable or a name."""
    return "".join(
        source.choice("bcdfghjklmnprstvw") + source.choice("aeiou")
        for _ in range(source.randint(2, 4))
    )


def _version(source: random.Random) -> str:
    return ".".join(str(source.randint(0, 140)) for _ in range(source.randint(1, 4)))


# ------------------------------------------------------------------------------ user agents

_PLATFORMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_{n}",
    "X11; Linux x86_64",
    "X11; Ubuntu; Linux x86_64; rv:{n}.0",
    "iPhone; CPU iPhone OS {n}_2 like Mac OS X",
    "iPad; CPU OS {n}_1 like Mac OS X",
    "Linux; Android {n}; {name} Build/{name}",
    "Linux; Android {n}; SM-{name}",
    "compatible; MSIE {n}.0; Windows NT 6.1; Trident/5.0",
)
_BOTS = ("bot", "spider", "crawler", "Bot", "-fetcher", "robot", "Spider")


def _user_agent(source: random.Random) -> str:
    platform = source.choice(_PLATFORMS).format(n=source.randint(5, 17), name=_name(source).upper())
    engine = f"Mozilla/5.0 ({platform}) AppleWebKit/537.{source.randint(1, 36)} (KHTML, like Gecko)"
    version = _version(source)
    name = _name(source).capitalize()
    return source.choices(
        [
            f"{engine} Chrome/{version} Safari/537.36",
            f"{engine} Chrome/{version} Mobile Safari/537.36",
            f"{engine} Version/{version} Safari/605.1.15",
            f"{engine} Version/{version} Mobile/15E148 Safari/604.1",
            f"{engine} Chrome/{version} Safari/537.36 Edg/{version}",
            f"{engine} Chrome/{version} Safari/537.36 OPR/{version}",
            f"Mozilla/5.0 ({platform}) Gecko/20100101 Firefox/{version}",
            f"{name}{source.choice(_BOTS)}/{version} (+https://{name.lower()}.example/bot.html)",
            f"Mozilla/5.0 (compatible; {name}{source.choice(_BOTS)}/{version}; +http://{name}.example)",
            f"python-requests/{version}",
            f"curl/{version}",
            f"okhttp/{version}",
            f"{name}/{version} CFNetwork/{version} Darwin/{version}",
            f"Dalvik/2.1.0 (Linux; U; Android {source.randint(5, 14)}; {name} Build/{name})",
        ],
        [20, 18, 9, 12, 5, 2, 9, 6, 6, 2, 2, 3, 3, 3],
    )[0]


# ------------------------------------------------------------------------------ code and logs

_LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR")


def _date(source: random.Random) -> str:
    return f"20{source.randint(10, 29)}-{source.randint(1, 12):02}-{source.randint(1, 28):02}"


def _time(source: random.Random) -> str:
    return f"{source.randint(0, 23):02}:{source.randint(0, 59):02}:{source.randint(0, 59):02}"


def _code_or_log(source: random.Random) -> str:
    if source.random() < 0.04:
        return _with_secret(source)
    one, two, three = _name(source), _name(source), _name(source)
    number = source.randint(0, 9_999)
    return source.choice(
        [
            (
                f"{_date(source)}T{_time(source)}Z {source.choice(_LEVELS)} {one}.{two}: "
                f"{three} took {number} ms, id={_some(source, _HEX, 12)}"
            ),
            f"{_date(source)} {_time(source)},{number} [{one}-{number}] {two} {three}={number}",
            f'{_ip(source)} - - [{_date(source)}] "GET /{one}/{two}?{three}={number} HTTP/1.1" 200',
            f'    def {one}(self, {two}: int, {three}: str = "{one}") -> None:',
            f"        return self.{one}.{two}({three}, {number})",
            f"    if ({one} != null && {two} > {number}) {{",
            f"  {one}: {two}",
            f'  "{one}": "{two} {three}",',
            f"export {one.upper()}_{two.upper()}={three}",
            f"{one}_{two} = {number}",
            f"import {one}.{two} as {three}",
            f"# {' '.join(source.choices(corpus.phrases(), k=1)[0])} {one}",
            f"https://{one}.example.com/{two}/{three}?page={number}",
            "",
            "}",
        ]
    )


def _with_secret(source: random.Random) -> str:
    name = _name(source)
    return source.choice(
        [
            f'aws_access_key_id = "AKIA{_some(source, string.ascii_uppercase + "234567", 16)}"',
            f'aws_secret_access_key = "{_some(source, _BASE64, 40)}"',
            f"GITHUB_TOKEN=ghp_{_some(source, _ALNUM, 36)}",
            f'token: "glpat-{_some(source, _ALNUM, 20)}"',
            f'slack = "xoxb-{_number(source, 12)}-{_number(source, 12)}-{_some(source, _HEX, 24)}"',
            f"STRIPE=sk_live_{_some(source, _ALNUM, 24)}",
            (
                f"Authorization: Bearer ey{_some(source, _ALNUM, 30)}."
                f"ey{_some(source, _ALNUM, 60)}.{_some(source, _ALNUM, 43)}"
            ),
            f"postgres://{name}:{_some(source, _ALNUM, 14)}@{name}.example.com:5432/{name}",
            (
                f"-----BEGIN RSA PRIVATE KEY-----\n{_some(source, _BASE64, 64)}\n"
                "-----END RSA PRIVATE KEY-----"
            ),
            f'password = "{_some(source, _ALNUM, 12)}"',
            f"{name}_api_key: '{_some(source, _HEX, 32)}'",
            f'{name}Secret := "{_some(source, _ALNUM, 32)}"',
            f"npm_{_some(source, _ALNUM, 36)}",
            f"AIza{_some(source, _ALNUM, 35)}",
        ]
    )


# ------------------------------------------------------------------------------ personal data


def _ip(source: random.Random) -> str:
    return ".".join(str(source.randint(0, 255)) for _ in range(4))


def _email(source: random.Random) -> str:
    return f"{_name(source)}.{_name(source)}@{_name(source)}.example.{source.choice(['com', 'de'])}"


def _card(source: random.Random) -> str:
    return (
        source.choice(["4", "5"])
        + _number(source, 3)
        + "".join(source.choice(["-", " "]) + _number(source, 4) for _ in range(3))
    )


def _identifier(source: random.Random) -> str:
    upper = string.ascii_uppercase
    return source.choice(
        [
            _email(source),
            _card(source),
            _ip(source),
            f"+{source.randint(1, 99)} {_number(source, 3)} {_number(source, 7)}",
            f"({_number(source, 3)}) {_number(source, 3)}-{_number(source, 4)}",
            f"{_number(source, 3)}-{_number(source, 2)}-{_number(source, 4)}",
            (
                f"GB{_number(source, 2)} {_some(source, upper, 4)} {_number(source, 4)} "
                f"{_number(source, 4)} {_number(source, 4)} {_number(source, 2)}"
            ),
            f"DE{_number(source, 20)}",
            f"{_some(source, upper, 2)}{_number(source, 6)}{_some(source, upper, 1)}",
            f"{_some(source, upper, 5)}{_number(source, 4)}{_some(source, upper, 1)}",
            f"{_number(source, 11)}",
            f"{_number(source, 3)} {_number(source, 3)} {_number(source, 3)}",
            f"https://www.{_name(source)}.example.com/{_name(source)}",
            f"{source.randint(1, 12)}/{source.randint(1, 28)}/19{source.randint(30, 99)}",
            _date(source),
            f"1{_some(source, _ALNUM.replace('0', '').replace('O', ''), 33)}",
            f"{_name(source).capitalize()} {_name(source).capitalize()}",
        ]
    )


_BEFORE = ("contact", "account", "number", "from", "paid with", "born on", "at", "reference", "id")


def _personal(source: random.Random) -> str:
    words = [*source.choice(corpus.phrases()), *source.choice(corpus.phrases())]
    if source.random() < 0.4:
        words += [source.choice(_BEFORE), _identifier(source)]
    words += [*source.choice(corpus.phrases()), source.choice(["and", "or", "for the", "of a"])]
    words += source.choice(corpus.phrases())
    return " ".join(words).capitalize() + "."


# ------------------------------------------------------------------------------ tokens


def _token(source: random.Random) -> str:
    if source.random() < 0.5:
        return " ".join(source.choices(corpus.phrases(), k=2)[0])
    if source.random() < 0.3:
        return _with_secret(source)
    if source.random() < 0.5:
        return _identifier(source)
    return source.choice(
        [
            _some(source, _HEX, source.choice([32, 40, 64])),
            f"0x{_some(source, _HEX, 40)}",
            ":".join(_some(source, _HEX, 2) for _ in range(6)),
            f"https://{_name(source)}.example.com/{_name(source)}?v={_some(source, _ALNUM, 11)}",
            f"{source.uniform(0, 90):.4f}, -{source.uniform(0, 90):.4f}",
            (
                f"{_some(source, _HEX, 8)}-{_some(source, _HEX, 4)}-4{_some(source, _HEX, 3)}-a"
                f"{_some(source, _HEX, 3)}-{_some(source, _HEX, 12)}"
            ),
            f"10.{_number(source, 4)}/{_name(source)}.{_number(source, 3)}",
            f"{_name(source)}.example.org",
            f"SSH-2.0-{_name(source)}_{_version(source)}",
            f"CTF{{{_name(source)}_{_name(source)}}}",
        ]
    )
