"""What `benchmarks.figures.peers` measures: times by engine, question and size, set by set."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["OURS", "OURS_ON_THEIRS", "RE", "Cell", "Question", "SetFigures"]

Question: TypeAlias = Literal["T1", "T2", "T3"]
OURS, OURS_ON_THEIRS, RE = "gatecore", "gatecore, hyperscan's", "re"


@dataclass
class Cell:
    """One engine's times for one question on texts of one size, in µs per text.

    Attributes:
        samples: A time for each round, in the order of the rounds.
        wrong: Patterns whose answer differed from `re`'s on any text that was compared.
        compared: Texts on which answers were compared.
        stopped: Why it was not asked in every round.
    """

    engine: str
    question: Question
    characters: int
    samples: list[float] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)
    compared: int = 0
    stopped: str | None = None

    @property
    def median(self) -> float | None:
        """Of the samples, in µs."""
        return statistics.median(self.samples) if self.samples else None

    def ratio_to(self, other: Cell | None) -> float | None:
        """The median ratio over the rounds that both have."""
        if other is None or not self.samples or not other.samples:
            return None
        both = [pair for pair in zip(self.samples, other.samples, strict=False) if all(pair)]
        return statistics.median(mine / theirs for mine, theirs in both) if both else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**dataclasses.asdict(self), "wrong": sorted(self.wrong), "median": self.median}


@dataclass
class SetFigures:
    """What was measured on one set.

    Attributes:
        cold: Each engine's milliseconds for its first T2 (or T1), on 10,000 characters: what is
            built when first asked is in it, and in none of the cells.
        odd: The patterns that an engine answers otherwise than `re` where characters are odd.
    """

    name: str
    origin: str
    patterns: int
    left_out: Mapping[str, int]
    routes: Mapping[str, int]
    reasons: Mapping[str, int]
    compile_seconds: dict[str, float]
    versions: dict[str, str]
    unsupported: dict[str, int]
    missing: dict[str, str]
    cold: dict[str, float] = field(default_factory=dict)
    odd: dict[str, list[int]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)

    def cell(self, engine: str, question: Question, characters: int) -> Cell | None:
        """That cell, if the engine answers the question."""
        wanted = (engine, question, characters)
        return next((c for c in self.cells if (c.engine, c.question, c.characters) == wanted), None)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> SetFigures:
        """What `to_dict` gave."""
        cells = []
        for cell in plain["cells"]:
            known = {key: value for key, value in cell.items() if key != "median"}
            cells.append(Cell(**{**known, "wrong": set(cell["wrong"])}))
        return cls(**{**plain, "cells": cells})

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**plain, "cells": [cell.to_dict() for cell in self.cells]}
