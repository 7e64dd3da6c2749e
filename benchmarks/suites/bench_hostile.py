"""Hostile (pattern, text) families: a text of twice the length may take twice the time.

One figure each for a family, a question and a length; `python -m benchmarks.figures.ratios
--hostile` shows the same side by side, as ratios.
"""

from __future__ import annotations

from benchmarks.inputs import corpus, hostile
from benchmarks.inputs.common import ENGINES, require

LINEAR = [f.name for f in hostile.families() if all(f.is_linear(backend) for backend in ENGINES)]


class Hostile:
    """A new scan and all answers to one question, off the fallback route."""

    params = (LINEAR, (1, 2, 4), hostile.QUESTIONS, ENGINES)
    param_names = ("family", "times", "question", "backend")
    number = 1
    timeout = 600.0

    def setup(self, name: str, times: int, question: str, backend: str) -> None:
        require(backend)
        family = next(family for family in hostile.families() if family.name == name)
        self.patterns = hostile.loaded(name, backend)
        self.text = corpus.fresh(family.text(times * family.large))
        hostile.ask(self.patterns, question, family.text(family.small))  # builds what is put off

    def time_answers(self, name: str, times: int, question: str, backend: str) -> None:
        hostile.ask(self.patterns, question, self.text)
