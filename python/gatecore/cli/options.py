"""What can be said on a command line: options as typed fields that argparse fills.

A command's options are a frozen dataclass. A field says how it is written and what it is for, its
type what it takes; `option_group` puts options in that several commands share:

    class Options:
        files: tuple[str, ...] = argument("FILE", nargs="+", help="texts")
        why: bool = flag("--why", help="explain each problem")
        format: Literal["table", "json"] = option("--format", default="table", help="how")
        selection: Selection = option_group(Selection)

`add_options` tells argparse, `filled` makes the dataclass of what argparse has read.
"""

from __future__ import annotations

import argparse
import codecs
import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from gatecore.files import MAX_SIZE

_Options = TypeVar("_Options")


@dataclass(frozen=True, slots=True)
class About:
    """What a command's help says, and the JSON it prints, beside its errors, when it cannot run."""

    description: str
    epilog: str
    nothing: Mapping[str, object] = dataclasses.field(default_factory=dict)


_INSTEAD: Final = "{instead}"


def option(*names: str, default: Any = None, heading: str = "", **about: Any) -> Any:
    """A field that an option fills; `about` is what `add_argument` takes beside `choices`.

    A `heading` stands in the help above it and those after it.
    """
    metadata = {"names": names, "about": about, "heading": heading}
    return dataclasses.field(default=default, metadata=metadata)


def switch(name: str, *, help: str) -> Any:  # noqa: A002
    """A field that `--name` makes true and `--no-name` false; `None` where neither is said."""
    return option(name, action=argparse.BooleanOptionalAction, help=help)


def flag(name: str, *, help: str, unless: bool = False) -> Any:  # noqa: A002
    """A field that is true if an option is given, or with `unless` if it is not."""
    action = "store_false" if unless else "store_true"
    return option(name, default=unless, action=action, help=help)


def repeated(name: str, *, action: str = "append", **about: Any) -> Any:
    """A field with the values of an option that may be given several times."""
    return option(name, default=(), action=action, **about)


def argument(metavar: str, *, help: str, nargs: str | None = None) -> Any:  # noqa: A002
    """A field that words without an option's name fill."""
    default = () if nargs == "*" else None
    about = {"metavar": metavar, "nargs": nargs, "help": help}
    return dataclasses.field(default=default, metadata={"names": (), "about": about})


def option_group(
    options: type[_Options], *, instead: str = "", heading: str = "", **defaults: Any
) -> Any:
    """A field with options that several commands share; `instead` begins the help of some."""
    metadata = {"group": options, "instead": instead, "heading": heading}
    return dataclasses.field(default_factory=lambda: options(**defaults), metadata=metadata)


def add_options(parser: argparse._ActionsContainer, options: type, instead: str = "") -> None:
    """Adds the options of a dataclass to a parser, in the order of its fields."""
    whole = parser
    types = get_type_hints(options)
    for field in dataclasses.fields(options):
        if heading := field.metadata.get("heading"):
            parser = whole.add_argument_group(heading)
        if "group" in field.metadata:
            add_options(parser, field.metadata["group"], field.metadata["instead"] or instead)
            continue
        about = {**field.metadata["about"]}
        about["help"] = about["help"].replace(_INSTEAD, instead)
        for kind in (types[field.name], *get_args(types[field.name])):
            if get_origin(kind) is Literal:
                about["choices"] = get_args(kind)
        if field.default == ():
            about["default"] = []  # argparse appends to a copy
        elif field.metadata["names"]:
            about["default"] = field.default
        if field.metadata["names"]:
            parser.add_argument(*field.metadata["names"], dest=field.name, **about)
        else:
            parser.add_argument(field.name, **about)


def filled(options: type[_Options], read: argparse.Namespace) -> _Options:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(options):  # type: ignore[arg-type]
        if "group" in field.metadata:
            values[field.name] = filled(field.metadata["group"], read)
        else:
            value = getattr(read, field.name)
            values[field.name] = tuple(value) if isinstance(value, list) else value
    return options(**values)


# What options take


def seconds(text: str) -> float:
    """A finite time above zero."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds; try 10 or 0.5")
    return number


def encoding_name(name: str) -> str:
    """The name of an encoding of text."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise argparse.ArgumentTypeError(
            f"there is no encoding '{name}'; try utf-8, utf-16 or windows-1252"
        ) from None
    if not getattr(found, "_is_text_encoding", True):
        raise argparse.ArgumentTypeError(f"'{name}' is not an encoding of text; try utf-8")
    return name


def count(text: str) -> int:
    """A number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,6}", text) or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 999,999")
    return int(text)


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15})([kMG]?)B?", text, re.IGNORECASE)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write e.g. 500k, 20M or 1G")
    return int(found[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[found[2].lower()]


def _flags(letters: str) -> int:
    known = {"a": re.A, "i": re.I, "m": re.M, "s": re.S, "x": re.X}
    flags = 0
    for letter in letters.lower().replace(",", "").replace(" ", ""):
        if letter not in known:
            raise argparse.ArgumentTypeError(
                f"there is no flag '{letter}'; expected some of {','.join(known)}"
            )
        flags |= int(known[letter])
    return flags


# Options that several commands have


def format_option(heading: str = "") -> Any:
    what = "for people or for programs (default: table)"
    return option("--format", default="table", heading=heading, help=what)


def documents_argument() -> Any:
    """The documents of a command that reads folders as well."""
    return argument(
        "FILE_OR_FOLDER",
        nargs="+",
        help="a text, an e-mail or an HTML page, or a folder of which all .txt, .md, .eml, .mht "
        "and .html files are read",
    )


def encoding_option(default: str = "as in gatecore check") -> Any:
    what = f"how the documents are encoded (default: {default})"
    return option("--encoding", type=encoding_name, metavar="NAME", help=what)


def document_type_option() -> Any:
    what = "the document type to give to the host (default: unknown)"
    return option("--type", default="unknown", metavar="NAME", help=what)


def flags_option(what: str) -> Any:
    """A pattern's flags, as one number."""
    return option("--flags", type=_flags, default=0, metavar="LETTERS", help=what)


def module_option() -> Any:
    what = "{instead}a shipped module, such as fca_uk; may be repeated"
    return repeated("--module", metavar="NAME", help=what)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSources:
    modules: tuple[str, ...] = module_option()
    gates: tuple[str, ...] = repeated(
        "--gates",
        metavar="FILE_OR_FOLDER",
        help="{instead}a gate file of your own, or a folder of them; may be repeated",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFiles:
    """Where gates come from, where a command is about nothing else."""

    gates: tuple[str, ...] = argument(
        "FILE_OR_FOLDER", nargs="*", help="a gate file, or a folder of them"
    )
    modules: tuple[str, ...] = module_option()


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which of those gates count."""

    tags: tuple[str, ...] = repeated(
        "--tag", metavar="TAG", help="only gates with this tag; repeated: with any of them"
    )
    names: tuple[str, ...] = repeated(
        "--gate", metavar="NAME", help="only this gate, as gate or module/gate; may be repeated"
    )
    skip: tuple[str, ...] = repeated(
        "--skip-gate", metavar="NAME", help="not this gate, as gate or module/gate; may be repeated"
    )


Backend = Literal["auto", "simd", "portable"]  # that of `patterns.set` would cost help 20 ms


def backend_option() -> Any:
    what = "which pass to use (default: the best that is there)"
    return option("--backend", default="auto", help=what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    backend: Backend = backend_option()
    cache: bool = flag(
        "--no-cache",
        unless=True,
        help="neither read nor keep compiled patterns ($GATECORE_CACHE_DIR)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which gates, and how they are compiled."""

    sources: GateSources = option_group(GateSources)
    narrowing: Narrowing = option_group(Narrowing)
    engine: Engine = option_group(Engine)

    @property
    def names_gates(self) -> bool:
        """Whether it says anything about gates; if not, all that are shipped are meant."""
        sources, narrowing = self.sources, self.narrowing
        return bool(
            sources.modules or sources.gates or narrowing.tags or narrowing.names or narrowing.skip
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    read_as: Literal["text", "email", "html"] | None = option(
        "--as",
        help="what the documents are (default: found out from name and content): of an e-mail the "
        "subject and the text parts are read, of a page what a reader sees",
    )
    max_size: int = option(
        "--max-size",
        type=_size,
        default=MAX_SIZE,
        metavar="SIZE",
        help=f"refuse larger documents, e.g. 500k, 20M, 1G (default: {MAX_SIZE // 10**6}M)",
    )
    special: bool = flag(
        "--special",
        help="read pipes and devices that are named too, such as those of <(command)",
    )
