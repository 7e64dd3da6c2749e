"""Hosts that look for secrets and personal data."""

from __future__ import annotations

import inspect
from typing import Any, Final

from benchmarks.inputs.foreign_hosts import texts
from benchmarks.inputs.foreign_hosts.host import Ask, ForeignHost, imported

__all__ = ["HOSTS"]


def _load_secret_plugins() -> Any:
    util = imported("detect_secrets.core.plugins.util")
    return util.get_mapping_from_secret_type_to_class()  # which imports them


def _secret_plugins() -> list[Any]:
    initialize = imported("detect_secrets.core.plugins.initialize")
    return [
        initialize.from_plugin_classname(plugin.__name__)
        for _, plugin in sorted(_load_secret_plugins().items())
    ]


def _secrets_in_whole_text() -> Ask:
    plugins = _secret_plugins()
    return lambda text: [sorted(map(str, plugin.analyze_string(text))) for plugin in plugins]


def _secrets_in_lines() -> Ask:
    plugins = _secret_plugins()

    def ask(text: str) -> list[str]:
        return sorted(
            f"{number} {secret.type} {secret.secret_hash}"
            for number, line in enumerate(text.splitlines(), 1)
            for plugin in plugins
            for secret in plugin.analyze_line(filename="a.py", line=line, line_number=number)
        )

    return ask


def _scrubadub() -> Ask:
    scrubber = imported("scrubadub").Scrubber()

    def ask(text: str) -> tuple[str, list[str]]:
        found = scrubber.iter_filth(text)
        return scrubber.clean(text), [
            f"{one.beg} {one.end} {one.text!r} {one.type}" for one in found
        ]

    return ask


def _presidio() -> Ask:
    domains = imported("tldextract.tldextract")
    domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=())  # ask no network for its list
    package = imported("presidio_analyzer.predefined_recognizers")
    base = imported("presidio_analyzer").PatternRecognizer
    made: list[tuple[str, Any]] = []
    for name, class_ in sorted(vars(package).items()):
        if inspect.isclass(class_) and issubclass(class_, base) and class_ is not base:
            try:
                made.append((name, class_()))
            except (TypeError, ImportError, ValueError):
                continue  # it wants arguments or a model
    assert len(made) > 20, made

    def ask(text: str) -> list[str]:
        return [
            f"{name} {one.start} {one.end} {one.score}"
            for name, recognizer in made
            for one in recognizer.analyze(text, recognizer.supported_entities) or ()
        ]

    return ask


HOSTS: Final = (
    ForeignHost(
        "detect-secrets, whole text",
        "detect-secrets",
        ("detect_secrets",),
        _secrets_in_whole_text,
        texts.code,
        load=_load_secret_plugins,
    ),
    ForeignHost(
        "detect-secrets, line by line",
        "detect-secrets",
        ("detect_secrets",),
        _secrets_in_lines,
        texts.code,
        load=_load_secret_plugins,
    ),
    ForeignHost("scrubadub", "scrubadub", ("scrubadub",), _scrubadub, texts.personal),
    ForeignHost(
        "presidio, pattern recognizers",
        "presidio-analyzer",
        ("presidio_analyzer",),
        _presidio,
        texts.personal,
        load=lambda: imported("presidio_analyzer.predefined_recognizers"),
    ),
)
