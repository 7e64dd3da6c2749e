"""A call of a language model in a Python source: what it passes, how its prompt is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatecore.semantic.prefixes import tokens_of
from gatecore.semantic.source_texts import Piece

__all__ = ["CallSite", "CallSites", "PromptShape", "named_function"]


@dataclass(frozen=True, slots=True)
class PromptShape:
    """How constant and variable text follow each other in a prompt.

    Attributes:
        pieces: The parts, in the order in which a service reads them.
    """

    pieces: tuple[Piece, ...] = ()

    @property
    def constant(self) -> int:
        """Characters that are the same in each call, as far as the source tells."""
        return sum(len(piece.text) for piece in self.pieces)

    @property
    def constant_tokens(self) -> int:
        """Likewise in tokens, four characters each."""
        return sum(tokens_of(piece.text) for piece in self.pieces)

    @property
    def prefix_tokens(self) -> int:
        """Tokens before the first variable piece: what a service could keep."""
        if not self.pieces or self.pieces[0].variable:
            return 0
        return tokens_of(self.pieces[0].text)

    @property
    def late_tokens(self) -> int:
        """Constant tokens after a variable piece, which no service can keep."""
        return self.constant_tokens - self.prefix_tokens

    @property
    def variables(self) -> tuple[str, ...]:
        """The variable pieces."""
        return tuple(piece.variable for piece in self.pieces if piece.variable)

    @property
    def order(self) -> str:
        """In words."""
        if not self.constant:
            return "variable" if self.pieces else "not known"
        if not self.variables:
            return "constant"
        if not self.late_tokens:
            return "constant first"
        return "variable between" if self.prefix_tokens else "variable first"

    def to_dict(self) -> dict[str, Any]:
        """Lengths and names, no text."""
        return {
            "order": self.order,
            "constant_characters": self.constant,
            "constant_tokens": self.constant_tokens,
            "prefix_tokens": self.prefix_tokens,
            "late_tokens": self.late_tokens,
            "variables": list(self.variables),
        }


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call of a language model, or of a function that makes one.

    Attributes:
        path: The file.
        line: The line.
        function: The function that it stands in.
        service: "anthropic", "openai" or "google".
        call: What is called.
        level: 0 for a call of the service, 1 for one of a wrapper, and so on.
        via: The wrapper, with its place; empty at level 0.
        is_likely: Whether only the wrapper's name tells that it is meant.
        model: What is given as the model, as it is written.
        model_name: The model's name if the source has it; empty if it is set elsewhere.
        max_tokens: What is given, as it is written; empty if nothing is.
        cached: Whether anything is marked for the prompt cache.
        system: Whether there is a system prompt.
        retries: Who tries again: as it is written; empty if the SDK alone does, as by default.
        timeout: Likewise.
        is_batch: Whether it is a message batch.
        in_loop: Whether it stands in a loop: a call for each item.
        is_open: Whether arguments are passed on that the source does not tell (`**more`).
        prompt: The prompt.
    """

    path: str
    line: int
    function: str
    service: str
    call: str
    level: int = 0
    via: str = ""
    is_likely: bool = False
    model: str = ""
    model_name: str = ""
    max_tokens: str = ""
    cached: bool = False
    system: bool = False
    retries: str = ""
    timeout: str = ""
    is_batch: bool = False
    in_loop: bool = False
    is_open: bool = False
    prompt: PromptShape = field(default_factory=PromptShape)

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path}:{self.line}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What could be better, in words."""
        said = []
        if not self.level and not self.is_batch:
            if self.model_name:
                said.append(f"the model's name is in the code: {self.model_name}")
            absent = [
                what
                for what, there in (
                    ("max_tokens", self.max_tokens),
                    ("system prompt", self.system),
                    ("timeout", self.timeout),
                    ("retries of its own", self.retries),
                    *([("cache_control", self.cached)] if self.service == "anthropic" else []),
                )
                if not there
            ]
            if absent:
                unless = ", unless passed on" if self.is_open else ""
                said.append(f"without {', '.join(absent)}{unless}")
        if self.prompt.late_tokens and self.prompt.variables:
            said.append(
                f"{self.prompt.late_tokens:,} constant tokens stand behind variable text: no "
                "prompt cache can keep them there"
            )
        if self.in_loop and not self.is_batch:
            said.append("a call for each item of a loop: group the questions, or send a batch")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, without the prompt's text."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**plain, "prompt": self.prompt.to_dict(), "remarks": list(self.remarks)}


@dataclass(frozen=True, slots=True)
class CallSites:
    """What sources call.

    Attributes:
        sites: In the order of files and lines.
        files: How many were read.
        unreadable: Why the others could not be read.
        repeated: Constant texts of at least 20 tokens that several prompts share: the tokens, and
            the places of the prompts.
    """

    sites: tuple[CallSite, ...]
    files: int
    unreadable: Mapping[str, str]
    repeated: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def entries(self) -> tuple[CallSite, ...]:
        """Those that no other of them is made through: where prompts begin."""
        inner = {site.via for site in self.sites}
        return tuple(
            site for site in self.sites if named_function(site.function, site.path) not in inner
        )


def named_function(function: str, path: str) -> str:
    """A function as `CallSite.via` has it."""
    return f"{function} ({path})"
