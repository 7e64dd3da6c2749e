"""Where an accelerated host's time goes, and what no answer machine can spare it.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.host_floor [--rounds 7]

CPU time of this process (`time.process_time`), which a loaded machine stretches less than the
clock's; medians over texts that no row has seen, in a warm process. For the gates at each size:

    fresh   the accelerated host on a new text
    pass    the scans alone: the views and alphabets that the host asks for, a question each
    again   the same gates on the same text: all scans are done, all spans are known
    floor   the host's own Python: each of its calls of `re` is `next` of a list of the answers that
            it got before, and what else it asks is asked of the same text, all known. A host that
            calls Python functions cannot be faster than this, whatever answers it.
    old     the host without gatecore, in a process of its own
    bound   old / (pass + floor): the ratio if answers beyond the pass cost nothing
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

from benchmarks.figures.host import WARM, Old, gates, texts
from benchmarks.inputs import real_host

__all__ = ["main"]

SIZES: Final = (2_000, 10_000, 50_000)
_ASKED: Final = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")
#: One question for each alphabet of a view.
_PROBES: Final = ((r"guaranteed", 0), (r"\bguaranteed\b", 2))


def cpu(call: Callable[[], Any]) -> float:
    """Milliseconds of this process."""
    gc.collect()
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3


class Recorded:
    """Stands in for `re` in the host's modules: notes each answer, then gives them in order."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.answers: list[Any] = []
        self._next: Iterator[Any] = iter(())

    def recording(self) -> SimpleNamespace:
        """What asks and notes."""

        def noting(name: str) -> Callable[..., Any]:
            function = getattr(self._real, name)

            def call(*args: Any, **kwargs: Any) -> Any:
                found = function(*args, **kwargs)
                if name == "finditer":
                    found = list(found)
                self.answers.append(found)
                return iter(found) if name == "finditer" else found

            return call

        return self._instead({name: noting(name) for name in _ASKED})

    def given(self) -> SimpleNamespace:
        """What gives what was noted, and asks nobody."""
        self._next = iter(self.answers)
        following = self._next.__next__

        def answer(*_: Any, **__: Any) -> Any:
            return following()

        def iterated(*_: Any, **__: Any) -> Any:
            return iter(following())

        return self._instead({**dict.fromkeys(_ASKED, answer), "finditer": iterated})

    def is_used_up(self) -> bool:
        """Whether all were given."""
        return next(self._next, self) is self

    def _instead(self, functions: dict[str, Any]) -> SimpleNamespace:
        rest = {name: getattr(self._real, name) for name in dir(self._real) if name[0] != "_"}
        return SimpleNamespace(**{**rest, **functions})


class Names:
    """The host's global names for `re`."""

    def __init__(self, handle: Any) -> None:
        self.modules = [m for m in handle.host.modules if hasattr(vars(m).get("re"), "search")]
        self.real = vars(self.modules[0])["re"]

    def lead_to(self, value: Any) -> None:
        """Rebinds them all."""
        for module in self.modules:
            vars(module)["re"] = value


def floor(engine: Any, names: Names, document: Any) -> tuple[float, int]:
    """Milliseconds of the host's own Python, and how often it asked `re`."""
    recorded = Recorded(names.real)
    try:
        names.lead_to(recorded.recording())
        gates(engine, document)
        took = []
        for _ in range(3):
            names.lead_to(recorded.given())
            took.append(cpu(lambda: gates(engine, document)))
            if not recorded.is_used_up():
                raise AssertionError("the host asked something else the second time")
    finally:
        names.lead_to(names.real)
    return statistics.median(took), len(recorded.answers)


def scans(handle: Any, text: str) -> None:
    """The scans that gates share: both views, both alphabets."""
    from gatecore import re

    document = handle.document(text)
    for view in (document, document.lower()):
        for source, flags in _PROBES:
            re.search(source, view, flags)


def row(engine: Any, handle: Any, old: Old, size: int, rounds: int) -> None:
    """One line of the table."""
    names = Names(handle)
    columns: list[tuple[float, ...]] = []
    for text in texts(size, rounds):
        document = handle.document(text)
        on_it = partial(gates, engine, document)
        fresh = cpu(on_it)
        again = min(cpu(on_it) for _ in range(3))
        scanned = cpu(partial(scans, handle, text))
        least, calls = floor(engine, names, document)
        before = old("gates", text).cpu
        columns.append((fresh, scanned, again, least, calls, before))
    middle = [statistics.median(column) for column in zip(*columns, strict=True)]
    fresh, scanned, again, least, calls, before = middle
    bound = before / (scanned + least)
    print(
        f"{size:8,}{before:10.1f}{fresh:8.2f}{before / fresh:7.0f}x{scanned:8.2f}{again:8.2f}"
        f"{least:8.2f}{calls:8.0f}{bound:7.0f}x",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.host_floor")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    import gatecore
    from gatecore import PatternStore

    engine = real_host.engine("sync")
    folder = os.environ.get("GATECORE_CACHE_DIR") or tempfile.mkdtemp()
    handle = gatecore.accelerate(engine, store=PatternStore(folder))
    handle.wait()
    old = Old()
    for size in SIZES:
        for text in texts(size + 7, WARM):
            gates(engine, text)
    print("gates; ms of CPU")
    print(
        f"{'size':>8}{'old':>10}{'fresh':>8}{'ratio':>8}{'pass':>8}{'again':>8}{'floor':>8}"
        f"{'calls':>8}{'bound':>8}"
    )
    for size in SIZES:
        row(engine, handle, old, size, options.rounds)
    old.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
