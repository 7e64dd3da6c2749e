"""Groups of patterns in a gate file, and the lists that the gates of a module share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatecore.gates.files import grammar
from gatecore.gates.files.patterns import USUAL, Patterns, Take, short
from gatecore.gates.files.yaml_nodes import Node, YamlFile, hint, shown
from gatecore.gates.spec import Group, PatternRef
from gatecore.places import Place

__all__ = ["SHARED_FILE", "Groups", "SharedLists"]

SHARED_FILE: Final = "_shared.yaml"
"""The file in a module's folder with the pattern lists that its gates share."""


class SharedLists:
    """The lists of one `_shared.yaml`, and which of them were used."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.captures: dict[PatternRef, tuple[str, ...]] = {}
        self._lists: dict[str, tuple[PatternRef, ...]] = {}
        self._places: dict[str, Place] = {}
        self._uses: dict[str, set[str]] = {}
        self._used: set[str] = set()

    @classmethod
    def of(cls, file: YamlFile, root: Node, module: str) -> SharedLists:
        """The lists of a file, in which each may use those above it."""
        keys = file.mapping(root, "the shared file", grammar.SHARED_FILE)
        if file.name(keys["shared"], "module") != module:
            raise file.error(
                keys["shared"],
                f"the lists are of another module than their folder '{module}'",
                f"write `shared: {module}`",
            )
        lists = cls(file)
        patterns = Patterns(file, lists.captures)
        for name, key_node, value_node in file.pairs(keys["patterns"], "patterns"):
            file.name(key_node, "shared list")
            used = lists._uses.setdefault(name, set())
            take = lists.taker(file, used)
            lists._lists[name] = patterns.read(value_node, f"shared list '{name}'", take)
            lists._places[name] = file.place(key_node)
        return lists

    def taker(self, file: YamlFile, used: set[str] | None = None) -> Take:
        """How a file takes a list by its name; `used` collects the names, else those of gates."""
        names = self._used if used is None else used

        def take(node: Node, what: str) -> tuple[PatternRef, ...]:
            name = file.text(node, what)
            file.known(name, node, "shared list", tuple(self._lists))
            names.add(name)
            return self._lists[name]

        return take

    def refuse_unused(self) -> None:
        """Raises when there is a list that neither a gate nor a used list uses."""
        reached: set[str] = set()
        ahead = set(self._used)
        while ahead:
            name = ahead.pop()
            reached.add(name)
            ahead |= self._uses[name] - reached
        for name, place in self._places.items():
            if name not in reached:
                raise self.file.error(
                    place,
                    f"shared list '{name}' is used by no gate",
                    f"write `shared: {name}` in a group, or remove the list",
                )


class Groups:
    """The groups of one gate, and the questions that its conditions ask of them."""

    def __init__(self, file: YamlFile, shared: Callable[[], SharedLists | None]) -> None:
        self.file = file
        self.used: set[str] = set()
        self._shared = shared
        self._groups: dict[str, Group] = {}
        self._places: dict[str, Place] = {}
        self._captures: dict[PatternRef, tuple[str, ...]] = {}

    def read(self, node: Node) -> tuple[Group, ...]:
        """The groups under `patterns`."""
        file = self.file
        patterns = Patterns(file, self._captures)
        for name, key_node, value_node in file.pairs(node, "patterns"):
            file.name(key_node, "group")
            what = f"group '{name}'"
            defaults, is_masked = USUAL, False
            if file.is_mapping(value_node):
                keys = file.mapping(value_node, what, grammar.GROUP_WITH_DEFAULTS)
                defaults = patterns.defaults(keys, what, defaults)
                is_masked = "masked" in keys and file.truth(keys["masked"], f"masked of {what}")
                value_node = keys["of"]
            listed = patterns.read(value_node, what, self._take, defaults)
            self._groups[name] = Group(name, listed, is_masked)
            self._places[name] = file.place(key_node)
        return tuple(self._groups.values())

    def named(self, node: Node, what: str) -> tuple[str, ...]:
        """The groups that a name or a list of names stands for."""
        return self.file.distinct(
            node, what, lambda item: self.one(item, what), "group '{}'".format
        )

    def one(self, node: Node, what: str) -> str:
        """The group that a name stands for."""
        name = self.file.text(node, f"a group of {what}")
        self.known(name, node)
        return name

    def known(self, name: str, node: Node) -> None:
        """Raises unless there is such a group; remembers that it is used."""
        self.file.known(name, node, "group", tuple(self._groups))
        self.used.add(name)

    def capturing(self, word: str) -> str:
        """The first group of whose patterns one captures `word`; '' if that is a group itself."""
        if word in self._groups:
            return ""
        capturing = (
            name
            for name, group in self._groups.items()
            if any(word in self._captures[pattern] for pattern in group.patterns)
        )
        return next(capturing, "")

    def number_of_patterns(self, names: tuple[str, ...]) -> int:
        """How many different patterns the groups have together."""
        return len({pattern.question for name in names for pattern in self._groups[name].patterns})

    def need_capture(self, names: tuple[str, ...], capture: str, node: Node) -> None:
        """Raises unless every pattern of the groups has a named group `capture`."""
        for name in names:
            for number, pattern in enumerate(self._groups[name].patterns, start=1):
                there = self._captures[pattern]
                if capture not in there:
                    advice = f"write `(?P<{shown(capture)}>…)` in it"
                    if pattern.kind != "pattern":
                        advice = "write it as a `pattern`"
                    elif there:
                        advice = hint(capture, there)
                    raise self.file.error(
                        node,
                        f"pattern {number} of group '{name}' has no capture '{shown(capture)}':"
                        f" '{short(pattern.written)}'",
                        advice,
                    )

    def refuse_unused(self) -> None:
        """Raises when there is a group that nothing names."""
        for name, place in self._places.items():
            if name not in self.used:
                raise self.file.error(
                    place,
                    f"group '{name}' is never used",
                    "name it in a condition or in evidence, or remove it",
                )

    def _take(self, node: Node, what: str) -> tuple[PatternRef, ...]:
        shared = self._shared()
        if shared is None:
            raise self.file.error(
                node,
                f"{what} is a shared list, but there is no {SHARED_FILE}",
                f"add a {SHARED_FILE} to the folder, or write the patterns out",
            )
        patterns = shared.taker(self.file)(node, what)
        self._captures.update((pattern, shared.captures[pattern]) for pattern in patterns)
        return patterns
