# ruff: noqa: E501, ISC004 - made-up texts stand on one line
"""What foreign hosts read: made up, seeded, a new text for each number."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from benchmarks.inputs import corpus

__all__ = [
    "Texts",
    "agents",
    "code",
    "crawlers",
    "html",
    "mail",
    "markdown",
    "names",
    "personal",
    "prose",
    "sql",
    "words",
]

#: The text of a number.
Texts: TypeAlias = Callable[[int], str]

_GIVEN: Final = ("Ada", "Bram", "Chloé", "Dmitri", "Eilidh", "Farid", "Grace", "Idris", "Joan")
_FAMILY: Final = ("Abbott", "Baker", "de la Cruz", "Doyle", "MacLeod", "Novák", "Okafor", "Patel")
_TITLES: Final = ("Dr.", "Mr.", "Mrs.", "Prof.", "Sir", "", "", "")
_SUFFIXES: Final = ("", "", "", "Jr.", "III", "PhD")
_TABLES: Final = ("accounts", "claims", "orders", "payments", "policies", "refunds")
_COLUMNS: Final = ("amount", "customer_id", "created_at", "note", "reference", "status")
_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_{}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Pixel {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
)
_ROBOTS: Final = (
    "ExampleCrawler/{}.0 (+https://example.org/crawler)",
    "curl/8.{}.0",
    "python-requests/2.{}.0",
    "Mozilla/5.0 (compatible; SampleBot/{}.1; +http://example.com/bot.html)",
)


def _source(kind: str, number: int) -> random.Random:
    return random.Random(f"{kind} {number}")


def prose(number: int, *, characters: int = 4_000) -> str:
    """Sentences of a business letter."""
    return corpus.document(characters, kind="natural", seed=number)


def personal(number: int, *, characters: int = 4_000) -> str:
    """The same with names, addresses, numbers and dates of persons, none of them anybody's."""
    source = _source("personal", number)
    made = []
    for line in prose(number, characters=characters).split("\n"):
        made.append(line)
        if line and source.random() < 0.4:
            made.append(source.choice(_PERSONAL)(source))
    return "\n".join(made)


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choices("0123456789", k=count))


_PERSONAL: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda s: f"Write to {s.choice(_GIVEN).lower()}.{_digits(s, 3)}@example.com or call.",
    lambda s: f"Call +44 20 7946 0{_digits(s, 3)} or (555) 555-0{_digits(s, 3)} today.",
    lambda s: (
        f"The card 4111 1111 1111 1111 was refused on {s.randint(1, 28)}/0{s.randint(1, 9)}/2024."
    ),
    lambda s: f"See https://www.example.org/{s.choice(_TABLES)}?id={_digits(s, 6)} for details.",
    lambda s: (
        f"IP 192.0.2.{s.randint(1, 254)}, SSN 078-05-{_digits(s, 4)}, IBAN GB82WEST12345698765432."
    ),
    lambda s: f"Dear {s.choice(_TITLES)} {s.choice(_GIVEN)} {s.choice(_FAMILY)}, @{_digits(s, 5)}x",
)


def code(number: int, *, lines: int = 120) -> str:
    """A Python file with assignments, comments and a few things that look like secrets."""
    source = _source("code", number)
    names = corpus.vocabulary()
    made = ["import os", "", ""]
    while len(made) < lines:
        one, two = source.sample(names, 2)
        value = "".join(source.choices("0123456789abcdefABCDEF", k=source.choice((6, 16, 40))))
        made += source.choice(
            (
                [
                    f"def {one}_{two}(self, {two}: str = 'none') -> int:",
                    f"    return len({two})",
                    "",
                ],
                [f"{one.upper()}_TOKEN = '{value}'  # the {two}"],
                [f"{one} = os.environ.get('{two.upper()}', {source.randint(0, 999)})"],
                [
                    f"if {one} != {two} and not {one}:",
                    f"    raise ValueError(f'{{{two}}} is late')",
                ],
                [f"# {one.capitalize()} of the {two}: see section {source.randint(1, 40)}."],
                [f'password_{one} = "{value}"', f"url = 'https://user:{value}@example.com/{two}'"],
            )
        )
    return "\n".join(made) + "\n"


def markdown(number: int, *, blocks: int = 40) -> str:
    """Headings, lists, tables, code, links and emphasis."""
    source = _source("markdown", number)
    sentences = [s.strip() for s in prose(number, characters=6_000).split(".") if s.strip()]
    made = []
    for _ in range(blocks):
        one, two, three = (source.choice(sentences).replace("\n", " ") for _ in range(3))
        made.append(
            source.choice(
                (
                    f"{'#' * source.randint(1, 4)} {one[:40]}",
                    f"{one}. **{two[:20]}** and *{three[:15]}*, `{one[:8]}`.",
                    f"- {one}\n- {two}\n    - {three}",
                    f'1. {one}\n2. [{two[:20]}](https://example.com/{_digits(source, 4)} "t")',
                    f"> {one}\n> {two}",
                    f"```python\nx = '{one[:20]}'\n```",
                    f"| a | b |\n|---|---|\n| {one[:20]} | {two[:20]} |",
                    f"{one} <b>{two[:10]}</b> &amp; ![{three[:8]}](a.png)",
                )
            )
        )
    return "\n\n".join(made) + "\n"


def html(number: int, *, blocks: int = 60) -> str:
    """A page."""
    source = _source("html", number)
    sentences = [s.strip() for s in prose(number, characters=6_000).split(".") if s.strip()]
    made = []
    for _ in range(blocks):
        one, two = source.choice(sentences), source.choice(sentences)
        made.append(
            source.choice(
                (
                    f"<h2>{one[:40]}</h2>",
                    f"<p>{one} <a href='https://example.com/{_digits(source, 4)}'>{two[:20]}</a>.</p>",
                    f"<ul><li>{one}</li><li><b>{two}</b></li></ul>",
                    f"<table><tr><td>{one[:20]}</td><td>{two[:20]}</td></tr></table>",
                    f"<pre>{one}\n   {two}</pre>",
                )
            )
        )
    return f"<html><body>{''.join(made)}</body></html>"


def sql(number: int, *, statements: int = 12) -> str:
    """Statements of several lines."""
    source = _source("sql", number)
    made = []
    for _ in range(statements):
        table, other = source.sample(_TABLES, 2)
        one, two, three = source.sample(_COLUMNS, 3)
        made.append(
            source.choice(
                (
                    f"select t.{one}, sum(t.{two}) as total from {table} t left join {other} o on "
                    f"t.{three} = o.{three} where t.{one} > {_digits(source, 3)} and o.{two} like "
                    f"'%{_digits(source, 2)}%' group by t.{one} having count(*) > 1 order by 2 desc;",
                    f"insert into {table} ({one}, {two}) values ({_digits(source, 2)}, 'a ''b'' c'), (1, null);",
                    f"-- {one} of the {table}\nupdate {table} set {one} = coalesce({two}, 0) where {three} in "
                    f"(select {three} from {other} where {one} is not null);",
                    f"create table {table}_{_digits(source, 2)} (id integer primary key, {one} varchar(40));",
                )
            )
        )
    return "\n".join(made)


def mail(number: int, *, depth: int = 4) -> str:
    """An answer to an answer to a mail."""
    source = _source("mail", number)
    body = prose(number, characters=1_200)
    for level in range(depth):
        quoted = "\n".join(f"> {line}" for line in body.split("\n"))
        name = f"{source.choice(_GIVEN)} {source.choice(_FAMILY)}"
        day = source.randint(1, 28)
        body = (
            f"{prose(number + level + 1, characters=400)}\n\n"
            f"On Mon, Nov {day}, 2024 at 9:{_digits(source, 2)} AM, {name} <a{level}@example.com> wrote:\n\n"
            f"{quoted}\n\n-- \n{name}\nSent from my phone\n"
        )
    return body


def names(number: int, *, lines: int = 40) -> str:
    """A name of a person a line."""
    source = _source("names", number)
    return "\n".join(
        " ".join(
            part
            for part in (
                source.choice(_TITLES),
                source.choice(_GIVEN),
                source.choice("ABCDEFG") + "." if source.random() < 0.5 else "",
                f'"{source.choice(_GIVEN)}"' if source.random() < 0.2 else "",
                source.choice(_FAMILY),
                source.choice(_SUFFIXES),
            )
            if part
        )
        for _ in range(lines)
    )


def agents(number: int, *, lines: int = 20) -> str:
    """A user agent of a browser or a robot a line."""
    source = _source("agents", number)
    patterns = [*_BROWSERS, *_ROBOTS]
    return "\n".join(source.choice(patterns).format(source.randint(1, 130)) for _ in range(lines))


def crawlers(number: int) -> str:
    """Many of them."""
    return agents(number, lines=60)


def words(number: int, *, lines: int = 60) -> str:
    """A word or two a line."""
    source = _source("words", number)
    vocabulary = corpus.vocabulary()
    return "\n".join(
        " ".join(source.sample(vocabulary, source.randint(1, 2))) for _ in range(lines)
    )


long_prose: Final[Texts] = partial(prose, characters=20_000)
