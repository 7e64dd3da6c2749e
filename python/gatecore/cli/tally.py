"""The sum of a run: what was checked, what was not, and what was found that does not count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gatecore.documents.walking import LeftOut
from gatecore.gates.statuses import worst_first
from gatecore.text import named, plural, visible

if TYPE_CHECKING:
    from gatecore.cli.assessing import Assessed
    from gatecore.gates.baseline import Baseline

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Grows with each document.

    Attributes:
        left_out: What the walk through folders went past.
        settings: The file that settings are from.
        seconds: How long all of it took; None where nobody is to know.
        in_all: How many documents there are to check, where some may be missing at the end.
    """

    left_out: LeftOut = field(default_factory=LeftOut)
    settings: str = ""
    seconds: float | None = None
    in_all: int | None = None
    overall: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    ignored: int = 0
    useless_ignores: int = 0
    not_obeyed: int = 0
    below: int = 0
    least: str = ""
    baseline: Baseline | None = None
    is_written: bool = False

    @property
    def documents(self) -> int:
        """Those that were checked or could not be read."""
        return self.overall.total() + self.unreadable

    def add(self, assessed: Assessed) -> None:
        """Counts a document."""
        self.overall[assessed.report.overall] += 1
        self.ignored += sum(each.by == "ignore" for each in assessed.excuses.given.values())
        self.not_obeyed += assessed.not_obeyed
        self.useless_ignores += sum(bool(c.problem) for c in assessed.ignores)
        self.useless_ignores -= assessed.not_obeyed
        below = [why for _, why in assessed.verdicts if why.startswith("below ")]
        self.below += len(below)
        self.least = assessed.least

    def parts(self) -> list[tuple[str, str]]:
        """How many documents came out how, each with its status; '' for those not read."""
        listed = worst_first(self.overall)
        parts = [(f"{self.overall[status]:,} {status}", status) for status in listed]
        if self.unreadable:
            parts.append((f"{self.unreadable:,} could not be read", ""))
        return parts

    def time(self) -> str:
        """How long it took, if it is to be said."""
        return "" if self.seconds is None else f" in {self.seconds:,.1f} s"

    def remarks(self) -> list[str]:
        """What else a reader has to know, in lines."""
        lines = []
        if self.in_all is not None and self.documents < self.in_all:
            lines.append(f"interrupted after {self.documents:,} of {self.in_all:,} documents")
        if said := str(self.left_out):
            lines.append(f"left out: {said}")
        not_counted = []
        if self.baseline is not None and self.baseline.known:
            not_counted.append(f"{self.baseline.known:,} known")
        if self.ignored:
            not_counted.append(f"{self.ignored:,} ignored")
        if not_counted:
            lines.append(f"findings that do not count: {', '.join(not_counted)}")
        if self.below:
            verdicts = plural(self.below, "verdict does", "verdicts do")
            lines.append(f"{verdicts} not count, as less severe than {self.least}")
        if self.baseline is not None:
            new, gone = self.baseline.new, self.baseline.gone
            path = visible(self.baseline.path)
            wrote = "written: " if self.is_written else ""
            lines.append(f"baseline {path}: {wrote}{new:,} new, {gone:,} gone")
        if self.useless_ignores:
            comments = plural(self.useless_ignores, "ignore comment does", "ignore comments do")
            lines.append(f"{comments} nothing")
        if self.not_obeyed:
            comments = plural(self.not_obeyed, "ignore comment was", "ignore comments were")
            lines.append(f"{comments} not obeyed; --ignores obeys them")
        if self.settings:
            lines.append(f"settings from {visible(self.settings)}")
        return lines

    def line(self) -> str:
        """The first line, without colours."""
        said = ", ".join(text for text, _ in self.parts())
        return f"{plural(self.documents, 'document')}: {said or 'none'}{self.time()}"

    def to_dict(self) -> dict[str, object]:
        """The sum as plain data; times are left out, so the same run gives the same bytes."""
        plain: dict[str, object] = {
            "documents": self.documents,
            "overall": {status: self.overall[status] for status in worst_first(self.overall)},
            "unreadable": self.unreadable,
            "left_out": {
                "excluded": self.left_out.excluded,
                "gitignored": self.left_out.gitignored,
                "others": dict(sorted(self.left_out.others.items())),
            },
            "ignored": self.ignored,
            "ignores_without_effect": self.useless_ignores,
            "ignores_not_obeyed": self.not_obeyed,
            "below_severity": self.below,
        }
        if self.baseline is not None:
            path = {f"file{key[4:]}": text for key, text in named(self.baseline.path).items()}
            counts = {"known": self.baseline.known, "new": self.baseline.new}
            plain["baseline"] = {**path, **counts, "gone": self.baseline.gone}
        if self.settings:
            plain["settings"] = named(self.settings)["name"]
        return plain
