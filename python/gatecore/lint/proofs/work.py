"""A budget of work: how an analysis ends on every pattern, on every machine at the same place.

A clock would make the answer depend on the machine, so searches count what they do and give up at a
number. The caller then reports that it is not known; nothing is guessed.
"""

from __future__ import annotations

__all__ = ["TooMuchWorkError", "Work"]


class TooMuchWorkError(Exception):
    """The budget is spent."""


class Work:
    """Counts down.

    >>> work = Work(3, "places")
    >>> work.spend(), work.spend(2), work.left
    (None, None, 0)
    >>> work.spend()
    Traceback (most recent call last):
    gatecore.lint.proofs.work.TooMuchWorkError: more than 3 places
    """

    __slots__ = ("_most", "_what", "left")

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        #: What may still be done.
        self.left = most

    def spend(self, amount: int = 1) -> None:
        """Takes some of it.

        Raises:
            TooMuchWorkError: There is not that much left.
        """
        self.left -= amount
        if self.left < 0:
            raise TooMuchWorkError(f"more than {self._most:,} {self._what}")
