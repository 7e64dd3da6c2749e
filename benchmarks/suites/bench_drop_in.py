"""One call of `gatecore.re`: served from the pass, or left to `re`, each with its floor beside it.

`python -m benchmarks.figures.drop_in` prints the same cases as ratios measured in turn.
"""

from __future__ import annotations

from benchmarks.figures.drop_in import FELL_THROUGH, SERVED, Case, memory, names

_CASES = {case.name: case for case in (*SERVED, *FELL_THROUGH)}


class Calls:
    """A thousand calls, and a thousand of what they are held against."""

    params = (list(_CASES),)
    param_names = ("call",)

    def setup(self, name: str) -> None:
        case: Case = _CASES[name]
        scope = dict(names())
        for kind in ("call", "floor"):
            body = f"def {kind}():\n for _ in range(1000): {getattr(case, kind)}\n"
            exec(body, scope)
        self.call, self.floor = scope["call"], scope["floor"]

    def time_call(self, name: str) -> None:
        self.call()

    def time_floor(self, name: str) -> None:
        self.floor()


class Memory:
    """Megabytes beside a text of a million characters."""

    params = (["ascii", "natural"],)
    param_names = ("kind",)
    unit = "MB"

    def track_beside_the_text(self, kind: str) -> float:
        return memory(kind, "")  # type: ignore[arg-type]
