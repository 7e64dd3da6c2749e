"""What is sent: blocks of text, each of which may end a prefix that the service keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["Block", "Keep", "Prompt"]

#: How long the service keeps what stands up to here: not at all, five minutes, an hour.
Keep: TypeAlias = Literal["", "5m", "1h"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a prompt.

    Attributes:
        text: The piece.
        keep: Whether a cache breakpoint stands after it, and for how long.

    >>> Block("The rules.", "1h").keep
    '1h'
    """

    text: str = field(repr=False)
    keep: Keep = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request.

    Attributes:
        model: The model's name.
        system: What holds for every document.
        content: The user's turn.
        max_tokens: Output tokens at most.
        schema: The JSON schema that the answer has to fit; free text if None.
        effort: What the model is told of the effort it should make; nothing if empty.

    >>> Prompt("a-model", (), (Block("Is it fair?"),), max_tokens=50).characters
    11
    """

    model: str
    system: tuple[Block, ...]
    content: tuple[Block, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    effort: str = ""

    @property
    def characters(self) -> int:
        """How long all is that is sent, the schema in JSON included."""
        return self.schema_characters + sum(
            len(block.text) for block in (*self.system, *self.content)
        )

    @property
    def schema_characters(self) -> int:
        """How long the schema is as JSON."""
        return 0 if self.schema is None else len(json.dumps(self.schema, separators=(",", ":")))
