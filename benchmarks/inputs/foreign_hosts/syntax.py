"""Hosts that split source code into tokens."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.inputs.foreign_hosts import texts
from benchmarks.inputs.foreign_hosts.host import Ask, ForeignHost, imported

__all__ = ["HOSTS"]


def _pygments(lexer: str) -> Ask:
    made = imported("pygments.lexers").get_lexer_by_name(lexer)
    return lambda text: list(made.get_tokens(text))


def _load_lexers() -> None:
    for module in ("python", "html", "sql"):
        imported(f"pygments.lexers.{module}")


def _sqlparse() -> Ask:
    package = imported("sqlparse")
    return lambda text: (
        package.format(text, reindent=True, keyword_case="upper"),
        [str(statement) for statement in package.parse(text)],
    )


HOSTS: Final = (
    *(
        ForeignHost(
            f"pygments, {lexer}",
            "Pygments",
            ("pygments",),
            partial(_pygments, lexer),
            source,
            load=_load_lexers,
        )
        for lexer, source in (("python", texts.code), ("html", texts.html), ("sql", texts.sql))
    ),
    ForeignHost("sqlparse", "sqlparse", ("sqlparse",), _sqlparse, texts.sql),
)
