"""What became of a host's own audit log when it was brought into an audit store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Left", "Migration", "Progress"]

#: Is told what is done at the moment, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Left:
    """A row that was left out.

    Attributes:
        table: Its table.
        id: Its number there.
        why: What about it is not as the host writes it.

    >>> Left("audit_log", 7, "its counts are not numbers").id
    7
    """

    table: str
    id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What was brought over, what was not, and whether the answers are the same.

    Attributes:
        validations: Validations of the old file.
        there: How many of them were in the store before: an earlier run was cut short, or the
            host has written since.
        added: How many this run brought over.
        outcomes: What was said of these: rows of gates, detectors and rules.
        ids_kept: Whether each validation has the number that it had.
        left_out: How many rows were left out, by reason. They remain in the old file.
        left: The first of them.
        changed: Texts that are not kept as they were: those of more than 1,000 characters, of which
            the rest is cut, and those with a NUL.
        compared: How many questions were put to both.
        differences: The answers that were not the same.

    >>> Migration(validations=2, there=0, added=2, outcomes=222, ids_kept=True, left_out={},
    ...           left=(), changed=0, compared=64, differences=()).is_whole
    True
    """

    validations: int
    there: int
    added: int
    outcomes: int
    ids_kept: bool
    left_out: Mapping[str, int]
    left: tuple[Left, ...]
    changed: int
    compared: int
    differences: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out or changed, and no answer differs."""
        return not (self.left_out or self.changed or self.differences)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data of the caller's own."""
        plain = asdict(self)
        return {**plain, "left_out": dict(self.left_out), "is_whole": self.is_whole}
