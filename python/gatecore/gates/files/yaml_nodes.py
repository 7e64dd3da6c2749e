"""YAML as nodes with places: the typed questions that the readers of gate files ask of a text.

`yaml.safe_load` forgets where things stood, keeps the last of two equal keys and expands aliases.
So the text is composed to nodes within limits, and each question (`mapping`, `text`, …) answers or
raises a `GateFileError` with the place. Nothing here knows about gates.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypeVar

import yaml
from yaml.nodes import MappingNode

from gatecore.errors import GateFileError
from gatecore.gates.files.shapes import MAX_LINE, MAX_NAME, MAX_NUMBER, NAME_PATTERN, Keys
from gatecore.gates.files.yaml_errors import WRONG_QUOTES, explained, is_in_wrong_quotes
from gatecore.places import Place

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "MappingNode",
    "Node",
    "YamlFile",
    "hint",
    "shown",
]

MAX_BYTES: Final = 1_000_000
MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 50
MAX_TAG_DIRECTIVES: Final = 100

Node: TypeAlias = yaml.Node
_T = TypeVar("_T")

# libyaml is about ten times as fast; both give the same nodes and, for valid text, the same marks.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _LimitsError(Exception):
    """A text may have too many nodes, or nest them too deeply."""


class _Counting:
    """Makes a loader give up where the limits of a file may be passed, before it goes deeper."""

    yaml_path_resolvers: ClassVar[dict[object, object]] = {}
    nodes = 0
    depth = 0

    # The two are called around each node, by the composer in C as well.
    def descend_resolver(self, parent: Node | None, index: object) -> None:
        self.nodes += 1
        self.depth += 1
        if self.depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise _LimitsError

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _CountingLoader(_Counting, _Loader):  # type: ignore[misc]
    pass


# What YAML calls printable; the two loaders report a violation at different places, so look first.
_NOT_PRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

# The parser compares each with all before it, in quadratic time, before its first event.
_TAG_DIRECTIVE: Final = re.compile("(?:(?<=[\n\r\x85\u2028\u2029])|\\A)%TAG")

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NAME: Final = re.compile(NAME_PATTERN)
_WHOLE_NUMBER: Final = re.compile("0|[1-9][0-9]{0,8}")  # up to MAX_NUMBER
_SHOWN: Final = 200
_ALL_SHOWN: Final = 30
"""Of more known words than these an error names only those that are near."""

_KINDS: Final = {
    "tag:yaml.org,2002:bool": "a yes/no value",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:null": "empty",
    "tag:yaml.org,2002:timestamp": "a date",
}
_STR: Final = "tag:yaml.org,2002:str"
_INT: Final = "tag:yaml.org,2002:int"
_BOOL: Final = "tag:yaml.org,2002:bool"
_TRUTHS: Final = {"true": True, "false": False}
_LITERALS: Final = (_STR, _INT, "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")


class YamlFile:
    r"""One YAML file that is being read: every complaint it raises has a place in it.

    >>> file = YamlFile("fees.yaml", gate="fees")
    >>> root = file.compose("gate: fees\nversion: 1\n")
    >>> keys = file.mapping(root, "the gate", Keys("", {"gate": "name", "version": "positive"}))
    >>> file.text(keys["gate"], "gate"), file.whole_number(keys["version"], "version")
    ('fees', 1)
    """

    __slots__ = ("begins", "gate", "path")

    def __init__(self, path: str, *, gate: str | None, begins: str = "gate: <its name>") -> None:
        self.path = path
        self.gate = gate
        self.begins = begins  # as such a file does

    def place(self, node: Node) -> Place:
        return self._place_of_mark(node.start_mark)

    def error(self, where: Node | Place, detail: str, advice: str) -> GateFileError:
        """The error to raise for what stands at a node or place."""
        place = where if isinstance(where, Place) else self.place(where)
        return GateFileError(
            detail,
            path=self.path,
            line=place.line,
            column=place.column,
            gate=self.gate,
            advice=advice,
        )

    def decode(self, data: bytes) -> str:
        """The file's text, or an error at the first byte that is not UTF-8."""
        if len(data) > MAX_BYTES:
            raise self._too_large()
        data = data.removeprefix(BOM_UTF8)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            good = data[: error.start].decode("utf-8")
            raise self.error(
                self._place_after(good),
                f"byte 0x{data[error.start]:02x} is not UTF-8",
                "save the file as UTF-8",
            ) from None

    def compose(self, text: str) -> Node:
        """The root node of the text, within the limits and without aliases."""
        if len(text) > MAX_BYTES:
            raise self._too_large()
        bad = _NOT_PRINTABLE.search(text)
        if bad:
            raise self.error(
                self._place_after(text[: bad.start()]),
                f"character U+{ord(bad[0]):04X} may not stand in YAML",
                "remove it, or write it as an escape in double quotes",
            )
        tags = islice(_TAG_DIRECTIVE.finditer(text), MAX_TAG_DIRECTIVES, None)
        if (tag := next(tags, None)) is not None:
            raise self.error(
                self._place_after(text[: tag.start()]),
                f"more than {MAX_TAG_DIRECTIVES} %TAG lines",
                "remove them",
            )
        try:
            root = self._compose(text)
        except yaml.MarkedYAMLError as error:
            raise self._refused(error, text) from None
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # An escape beyond Unicode, or a directive whose number has thousands of digits; the
            # parser does not say where.
            raise self._at_start(
                f"not valid YAML: {shown(str(error))}", "mend its escapes and `%` lines"
            ) from None
        if root is None:
            raise self._at_start("the file is empty", f"start it with `{self.begins}`")
        return root

    def pairs(
        self, node: Node, what: str, *, example: str = "key: value"
    ) -> list[tuple[str, Node, Node]]:
        """The (key, key node, value node) of a mapping, in order; keys are words, none twice.

        `example` is what the error advises to write for what is not a mapping, `…` in it being what
        was written instead.
        """
        if not isinstance(node, MappingNode):
            example = example.replace("…", self.scalar(node) or "…")
            raise self.error(
                node, f"{what} must be a mapping, not {_kind(node)}", f"write `{example}`"
            )
        if not node.value:
            raise self.error(node, f"{what} is empty", "add a key or leave it out")
        pairs: dict[str, tuple[str, Node, Node]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != _STR:
                raise self.error(
                    key_node,
                    f"a key of {what} must be a word, not {_kind(key_node)}",
                    "quote it or choose another name",
                )
            key = key_node.value
            if key in pairs:
                first = self.place(pairs[key][1])
                raise self.error(
                    key_node,
                    f"{what} has the key '{shown(key)}' twice (first in line {first.line})",
                    "keep one of them",
                )
            pairs[key] = (key, key_node, value_node)
        return list(pairs.values())

    def mapping(self, node: Node, what: str, shape: Keys) -> dict[str, Node]:
        """The values of a mapping by key: all required keys, no unknown ones."""
        values: dict[str, Node] = {}
        for key, key_node, value_node in self.pairs(node, what, example=shape.example):
            self.known_key(key, key_node, what, shape.names)
            values[key] = value_node
        self.need(node, what, values, shape)
        return values

    def need(self, node: Node, what: str, values: Collection[str], shape: Keys) -> None:
        """Raises unless a mapping has all required keys."""
        for key in shape.required:
            if key not in values:
                raise self.error(node, f"{what} has no '{key}'", f"add `{key}: …`")

    def one_of(
        self, node: Node, what: str, values: Collection[str], shape: Keys, called: str
    ) -> str:
        """The one key that a mapping has of those of which it must have one."""
        found = [key for key in values if key in shape.one_of]
        if len(found) != 1:
            listed = " and ".join(f"'{key}'" for key in found) or "none"
            raise self.error(
                node,
                f"{what} must have one {called}, not {listed}",
                f"write one of {', '.join(shape.one_of)}",
            )
        return found[0]

    def items(
        self,
        node: Node,
        what: str,
        *,
        may_be_empty: bool = False,
        advice: str = "write `- item` lines",
    ) -> list[Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{what} must be a list, not {_kind(node)}", advice)
        if not node.value and not may_be_empty:
            raise self.error(node, f"{what} is an empty list", "add an item or remove it")
        return list(node.value)

    def items_or_one(self, node: Node, what: str) -> list[Node]:
        """The nodes of a list, or a scalar as a list of one."""
        return [node] if isinstance(node, yaml.ScalarNode) else self.items(node, what)

    def distinct(
        self, node: Node, what: str, read: Callable[[Node], _T], told: Callable[[_T], str]
    ) -> tuple[_T, ...]:
        """What is read from the nodes of a list, or from a scalar alone; nothing twice."""
        found: dict[_T, None] = {}
        for item in self.items_or_one(node, what):
            one = read(item)
            if one in found:
                raise self.error(item, f"{what} has the {told(one)} twice", "keep one of them")
            found[one] = None
        return tuple(found)

    def scalar(self, node: Node) -> str:
        """What stands at the node if it is neither a list nor a mapping, as written; else ''."""
        return shown(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def is_bare(self, node: Node) -> bool:
        """Whether text stands at the node without quotes around it."""
        return isinstance(node, yaml.ScalarNode) and not node.style

    def is_mapping(self, node: Node) -> bool:
        """Whether a mapping stands at the node."""
        return isinstance(node, MappingNode)

    def text(self, node: Node, what: str) -> str:
        """A text that is not blank, exactly as written."""
        if not isinstance(node, yaml.ScalarNode) or node.tag != _STR:
            raise self.error(
                node, f"{what} must be text, not {_kind(node)}", "put it in single quotes"
            )
        if not node.value.strip():
            raise self.error(node, f"{what} is blank", "write something or remove the key")
        if self.is_bare(node) and is_in_wrong_quotes(node.value):
            raise self.error(
                node,
                f"{what} begins with {node.value[0]}, which is not a quote mark in YAML",
                WRONG_QUOTES,
            )
        surrogate = _SURROGATE.search(node.value)
        if surrogate:
            raise self.error(
                node,
                f"{what} has U+{ord(surrogate[0]):04X}, half of a character",
                "write the character itself",
            )
        return str(node.value)

    def line(self, node: Node, what: str) -> str:
        """A text without white space around it, of at most `MAX_LINE` characters."""
        line = self.text(node, what).strip()
        if len(line) > MAX_LINE:
            raise self.error(
                node, f"{what} has {len(line):,} characters, more than {MAX_LINE:,}", "shorten it"
            )
        return line

    def literal(self, node: Node, what: str) -> str:
        """A text, a number or a date, as written."""
        if isinstance(node, yaml.ScalarNode) and node.tag in _LITERALS and node.tag != _STR:
            return str(node.value)
        return self.text(node, what)

    def name(self, node: Node, what: str) -> str:
        """A text that can name a gate or a group: lower case, digits and underscores."""
        name = self.text(node, what)
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise self.error(
                node,
                f"{what} '{shown(name)}' is not a name",
                "use a lower-case letter, then lower-case letters, digits or underscores",
            )
        return name

    def whole_number(self, node: Node, what: str, *, at_least: Literal[0, 1] = 1) -> int:
        """A whole number from 1 (or 0) to 999,999,999, in plain digits."""
        if (
            isinstance(node, yaml.ScalarNode)
            and node.tag == _INT
            and _WHOLE_NUMBER.fullmatch(node.value)
            and int(node.value) >= at_least
        ):
            return int(node.value)
        found = f"'{shown(node.value)}'" if isinstance(node, yaml.ScalarNode) else _kind(node)
        raise self.error(
            node,
            f"{what} must be a whole number from {at_least}, not {found}",
            f"write plain digits, such as 1, and at most {MAX_NUMBER}",
        )

    def truth(self, node: Node, what: str) -> bool:
        """`true` or `false`."""
        if isinstance(node, yaml.ScalarNode) and node.tag == _BOOL and node.value in _TRUTHS:
            return _TRUTHS[node.value]
        found = f"'{shown(node.value)}'" if isinstance(node, yaml.ScalarNode) else _kind(node)
        raise self.error(node, f"{what} must be true or false, not {found}", "write `true`")

    def word(self, node: Node, what: str, known: Collection[str], *, called: str = "") -> str:
        """One of the known words, which an error about another one calls `called`."""
        word = self.text(node, what)
        self.known(word, node, called or what, known)
        return word

    def known(self, word: str, node: Node, what: str, known: Collection[str]) -> None:
        """Raises unless the word is one of the known ones; says which it may have been."""
        if word not in known:
            raise self.error(node, f"unknown {what} '{shown(word)}'", hint(word, known))

    def known_key(self, key: str, node: Node, what: str, known: Collection[str]) -> None:
        """Raises unless the key is one that `what` may have."""
        if key not in known:
            raise self.error(node, f"unknown key '{shown(key)}' in {what}", hint(key, known))

    def _compose(self, text: str) -> Node | None:
        """The root node; what has a mistake or may be beyond the limits is read twice."""
        # An alias needs an anchor somewhere. Once composed it looks like what it stands for, and an
        # error needs its place.
        if "&" not in text or "*" not in text:
            try:
                return yaml.compose(text, Loader=_CountingLoader)
            except (_LimitsError, yaml.YAMLError, ValueError, OverflowError):
                pass  # the events tell which limit or mistake comes first, and where
        self._check_limits(text, _Loader)
        return yaml.compose(text, Loader=_Loader)

    def _check_limits(self, text: str, loader: Any) -> None:
        # The parser of events does not recurse, and an alias is one event however much it stands
        # for, so neither depth nor a "billion laughs" does harm before it is refused.
        nodes = depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise self._at_mark(
                    event,
                    f"the alias *{shown(str(event.anchor))} is not allowed",
                    "write the text out",
                )
            if isinstance(event, yaml.NodeEvent):
                nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if nodes > MAX_NODES:
                raise self._at_mark(event, f"more than {MAX_NODES:,} YAML nodes", "split the gate")
            if depth > MAX_DEPTH:
                raise self._at_mark(event, f"nested more than {MAX_DEPTH} deep", "flatten it")

    def _refused(self, error: yaml.MarkedYAMLError, text: str) -> GateFileError:
        """The error for text that a parser refuses: ours if it is beyond our limits, else its own.

        libyaml reads up to 1,024 characters ahead of the events it gives, to see whether a bracket
        begins a key, and since 0.2.6 gives up there at a depth of its own.  So what it refuses
        after many brackets is put to the parser in Python, which has no limits.
        """
        mark = error.problem_mark or error.context_mark
        read = text if mark is None else text[: mark.index + 1]
        if read.count("[") + read.count("{") > MAX_DEPTH:
            try:
                self._check_limits(text, yaml.SafeLoader)
            except GateFileError as beyond:
                return beyond
            except yaml.MarkedYAMLError as same:
                error = same
            except (yaml.YAMLError, ValueError, OverflowError):
                pass  # other errors of the parser in Python have no place
        mistake = explained(error, text)
        place = Place(self.path, mistake.line + 1, mistake.column + 1)
        return self.error(place, f"not valid YAML: {shown(mistake.detail)}", mistake.advice)

    def _at_mark(self, event: yaml.Event, detail: str, advice: str) -> GateFileError:
        return self.error(self._place_of_mark(event.start_mark), detail, advice)

    def _at_start(self, detail: str, advice: str) -> GateFileError:
        return self.error(Place(self.path, 1, 1), detail, advice)

    def _too_large(self) -> GateFileError:
        return self._at_start(
            f"the file is larger than {MAX_BYTES:,} bytes", "split it into several gates"
        )

    def _place_of_mark(self, mark: Any) -> Place:
        return Place(self.path, mark.line + 1, mark.column + 1)

    def _place_after(self, text: str) -> Place:
        line_start = text.rfind("\n") + 1
        return Place(self.path, text.count("\n") + 1, len(text) - line_start + 1)


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if node.tag == _STR:
        return "text"
    return _KINDS.get(node.tag, f"a value with the tag {shown(node.tag)}")


def shown(text: str) -> str:
    r"""What an error shows of a text: one line, and not endless.

    >>> shown("two\nlines"), len(shown("x" * 1_000))
    ('two lines', 200)
    """
    line = " ".join(text[: _SHOWN + 1].splitlines())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def hint(word: str, known: Collection[str]) -> str:
    """The end of an error about a word that is none of the known ones.

    >>> hint("nine", ("any", "all", "none")), hint("risk", ("any", "all", "none"))
    ("did you mean 'none'?", 'expected one of any, all, none')
    """
    if not known:
        return "there are none here; remove it"
    close = get_close_matches(word[:MAX_NAME], known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    listed: Sequence[str] = list(known)
    if len(listed) > _ALL_SHOWN:
        listed = [*listed[:_ALL_SHOWN], f"… ({len(known):,} in all)"]
    return f"expected one of {', '.join(listed)}"
