"""Hosts that take short strings apart: names, telephone numbers, user agents."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.inputs.foreign_hosts import texts
from benchmarks.inputs.foreign_hosts.host import Ask, ForeignHost, imported

__all__ = ["HOSTS"]


def _nameparser() -> Ask:
    human = imported("nameparser").HumanName
    return lambda text: [human(line).as_dict() for line in text.split("\n")]


def _phonenumbers() -> Ask:
    package = imported("phonenumbers")
    return lambda text: [
        (found.start, found.raw_string, package.format_number(found.number, 0))
        for region in ("GB", "US")
        for found in package.PhoneNumberMatcher(text, region, package.Leniency.POSSIBLE)
    ]


def _crawlerdetect() -> Ask:
    detector = imported("crawlerdetect").CrawlerDetect

    def ask(text: str) -> list[Any]:
        one = detector()  # a new one knows no agent yet
        return [one.isCrawler(line) for line in text.split("\n")]

    return ask


def _ua_parser() -> Ask:
    basic = imported("ua_parser.basic")
    loaders = imported("ua_parser.loaders")
    domain = imported("ua_parser.core").Domain.ALL
    resolver = basic.Resolver(loaders.load_lazy_builtins())
    return lambda text: [resolver(line, domain) for line in text.split("\n")]


HOSTS: Final = (
    ForeignHost("nameparser", "nameparser", ("nameparser",), _nameparser, texts.names),
    ForeignHost("phonenumbers", "phonenumbers", ("phonenumbers",), _phonenumbers, texts.personal),
    ForeignHost(
        "crawlerdetect", "crawlerdetect", ("crawlerdetect",), _crawlerdetect, texts.crawlers
    ),
    ForeignHost(
        "ua-parser, pure Python",
        "ua-parser",
        ("ua_parser", "ua_parser_builtins"),
        _ua_parser,
        texts.agents,
        load=lambda: imported("ua_parser.loaders").load_lazy_builtins(),
    ),
)
