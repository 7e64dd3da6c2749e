"""Hosts that read Markdown, HTML and mail."""

from __future__ import annotations

from typing import Final

from benchmarks.inputs.foreign_hosts import texts
from benchmarks.inputs.foreign_hosts.host import Ask, ForeignHost, imported

__all__ = ["HOSTS"]


def _mistune() -> Ask:
    package = imported("mistune")
    convert = package.create_markdown(plugins=["table", "strikethrough", "url", "footnotes"])
    return lambda text: convert(text)


def _markdown() -> Ask:
    package = imported("markdown")
    converter = package.Markdown(extensions=["tables", "fenced_code", "footnotes", "toc"])
    return lambda text: converter.reset().convert(text)


def _html2text() -> Ask:
    package = imported("html2text")
    return lambda text: package.HTML2Text().handle(text)


def _quotequail() -> Ask:
    package = imported("quotequail")
    return lambda text: (package.quote(text), package.unwrap(text))


HOSTS: Final = (
    ForeignHost("mistune", "mistune", ("mistune",), _mistune, texts.markdown),
    ForeignHost("Python-Markdown", "Markdown", ("markdown",), _markdown, texts.markdown),
    ForeignHost("html2text", "html2text", ("html2text",), _html2text, texts.html),
    ForeignHost("quotequail", "quotequail", ("quotequail",), _quotequail, texts.mail),
)
