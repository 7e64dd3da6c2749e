"""Hosts that read prose: sentences, tokens, style, readability."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from typing import Any, Final

from benchmarks.inputs.foreign_hosts import texts
from benchmarks.inputs.foreign_hosts.host import Ask, ForeignHost, imported

__all__ = ["HOSTS"]


def _load_proselint() -> list[Any]:
    os.environ["XDG_CACHE_HOME"] = tempfile.gettempdir()
    tools = imported("proselint.tools")
    tools.memoize = lambda function: function  # on disk, which is not what is measured
    options = imported("proselint.config").default
    checks = []
    for name in sorted(name for name, wanted in options["checks"].items() if wanted):
        module = imported(f"proselint.checks.{name}")
        checks += [(module, check) for check in sorted(dir(module)) if check.startswith("check")]
    assert len(checks) > 50, checks
    return checks


def _proselint() -> Ask:
    checks = _load_proselint()
    return lambda text: [getattr(module, check)(text) for module, check in checks]


def _pysbd() -> Ask:
    segmenter = imported("pysbd").Segmenter(language="en", clean=False)
    return lambda text: segmenter.segment(text)


def _sacremoses() -> Ask:
    package = imported("sacremoses")
    normalizer, tokenizer = package.MosesPunctNormalizer(), package.MosesTokenizer(lang="en")

    def ask(text: str) -> list[Any]:
        return [tokenizer.tokenize(normalizer.normalize(line)) for line in text.split("\n") if line]

    return ask


def _ftfy() -> Ask:
    package = imported("ftfy")
    return lambda text: package.fix_text(text)


def _mojibake(number: int) -> str:
    lines = texts.prose(number, characters=6_000).split("\n")
    return "\n".join(
        line.encode().decode("windows-1252", "replace") if place % 3 == 0 else line
        for place, line in enumerate(lines)
    )


def _textstat() -> Ask:
    stat = imported("textstat").textstat
    asked = (  # what needs no word list from the network
        "char_count",
        "letter_count",
        "lexicon_count",
        "sentence_count",
        "miniword_count",
        "long_word_count",
        "coleman_liau_index",
        "automated_readability_index",
        "lix",
        "rix",
    )
    return lambda text: [getattr(stat, name)(text) for name in asked]


def _inflect() -> Ask:
    engine = imported("inflect").engine()

    def ask(text: str) -> list[Any]:
        return [
            (engine.plural(line), engine.a(line), engine.singular_noun(line))
            for line in text.split("\n")
        ]

    return ask


HOSTS: Final = (
    ForeignHost(
        "proselint 0.13",
        "proselint",
        ("proselint",),
        _proselint,
        texts.prose,
        load=_load_proselint,
    ),
    ForeignHost("pysbd", "pysbd", ("pysbd",), _pysbd, partial(texts.prose, characters=8_000)),
    ForeignHost(
        "sacremoses",
        "sacremoses",
        ("sacremoses",),
        _sacremoses,
        partial(texts.prose, characters=8_000),
    ),
    ForeignHost("ftfy", "ftfy", ("ftfy",), _ftfy, _mojibake),
    ForeignHost("textstat", "textstat", ("textstat",), _textstat, texts.prose),
    ForeignHost("inflect", "inflect", ("inflect",), _inflect, texts.words),
)
