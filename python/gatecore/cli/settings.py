"""What is in force for `gatecore check`: the command line, else the project's file, else defaults.

A key that the command line says replaces the file's, lists as a whole. `--module` and `--gates` are
one thing, where gates come from: who says either has said both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gatecore.cli import config as files
from gatecore.cli import options as opt
from gatecore.cli.judging import usable_cpus
from gatecore.documents.gitignore import Rules
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.cli.check_options import Options

__all__ = ["Settings", "settings_of"]

_DEFAULTS: Final[Mapping[str, Any]] = {
    "modules": (), "gates": (), "only": (), "skip": (), "tags": (), "severity": "none",
    "fail-on": "fail", "include": (), "exclude": (), "gitignore": True, "ignores": False,
    "baseline": None, "encoding": None, "timeout": None, "jobs": None,
}  # fmt: skip
_SAID: Final = "the command line"
_BY_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """Values by key, each with where it is from."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    config: files.Config = field(default_factory=files.Config)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def selection(self, engine: opt.Engine) -> opt.Selection:
        """Which gates are asked."""
        return opt.Selection(
            sources=opt.GateSources(modules=self["modules"], gates=self["gates"]),
            narrowing=opt.Narrowing(tags=self["tags"], names=self["only"], skip=self["skip"]),
            engine=engine,
        )

    def rules(self, key: str) -> list[Rules]:
        """Patterns of files; those of a file are about what is in its folder.

        Raises:
            GatecoreError: One cannot be used.
        """
        folder = os.getcwd()  # noqa: PTH109
        if self.origins[key] not in (_SAID, _BY_DEFAULT):
            folder = os.path.abspath(self.config.folder)  # noqa: PTH100
        return [Rules.given(self[key], folder=folder)] if self[key] else []

    def jobs(self, documents: int) -> int:
        """How many threads check so many documents."""
        return min(self["jobs"] or usable_cpus(), max(documents, 1))

    def shown(self) -> Iterator[str]:
        """As a `gatecore.toml` that says the same, with where each is from as a remark."""
        width = 0
        rows = []
        for key, value in self.values.items():
            if value is None:
                rows.append((f"# {key} is not set", self.origins[key]))
            else:
                rows.append((f"{key} = {_toml(value)}", self.origins[key]))
            width = max(width, min(len(rows[-1][0]), 48))
        for said, origin in rows:
            yield f"{visible(said):<{width}}  # {visible(origin)}"


def settings_of(options: Options) -> Settings:
    """What is in force.

    Raises:
        ConfigError: The file cannot be used.
    """
    config = files.Config()
    if options.config is not None:
        config = files.read(options.config) or config
    elif not options.isolated:
        config = files.find()
    sources, narrowing = options.selection.sources, options.selection.narrowing
    said: dict[str, Any] = {
        "modules": sources.modules,
        "gates": sources.gates,
        "only": narrowing.names,
        "skip": narrowing.skip,
        "tags": narrowing.tags,
        "severity": options.severity,
        "fail-on": options.fail_on,
        "include": options.include,
        "exclude": options.exclude,
        "gitignore": options.gitignore,
        "ignores": options.ignores,
        "baseline": options.baseline,
        "encoding": options.encoding,
        "timeout": options.timeout,
        "jobs": options.jobs,
    }
    said = {key: value for key, value in said.items() if value is not None and value != ()}
    if "modules" in said or "gates" in said:
        said = {"modules": (), "gates": (), **said}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, default in _DEFAULTS.items():
        if key in said:
            values[key], origins[key] = said[key], _SAID
        elif key in config.values:
            values[key], origins[key] = config.values[key], config.place(key)
        else:
            values[key], origins[key] = default, _BY_DEFAULT
    return Settings(values, origins, config)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)  # a basic string of TOML is one of JSON
    return repr(value)
