"""Other backends on the same patterns and documents, in the same run as gatecore's own figures.

`time_t1_*` answers "which patterns match"; `track_wrong_patterns` says for how many of them a
peer's answer is not `re`'s, so no peer's time should be read without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from benchmarks.engines import (
    Peer,
    PeerMissingError,
    PythonHyperscan,
    Re2Set,
    ReLoop,
    SystemHyperscan,
)
from benchmarks.inputs import corpus
from benchmarks.inputs.common import (
    ENGINES,
    Sets,
    WithSets,
    assert_equal_to_re,
    loaded,
    unseen_document,
)

COUNT = 2_500
SIZES = (10_000, 100_000)

_MAKERS: dict[str, Callable[[list[tuple[str, int]]], Peer]] = {
    "hyperscan ascii": lambda patterns: PythonHyperscan(patterns, mode="ascii"),
    "hyperscan utf8": lambda patterns: PythonHyperscan(patterns, mode="utf8"),
    "libhs ascii": lambda patterns: SystemHyperscan(patterns, mode="ascii"),
    "libhs utf8": lambda patterns: SystemHyperscan(patterns, mode="utf8"),
    "google-re2 Set": Re2Set,
}
_MADE: dict[str, Peer] = {}


def _peer(name: str) -> Peer:
    if name not in _MADE:
        try:
            _MADE[name] = _MAKERS[name](corpus.patterns(COUNT))
            _MADE[name].matching("the first scan allocates what later ones reuse")
        except PeerMissingError as missing:
            raise NotImplementedError(str(missing)) from missing
    return _MADE[name]


class Peers:
    """T1 by raw backends; 2,500 patterns minus those that the engine refuses."""

    params = (SIZES, ("ascii", "natural"), tuple(_MAKERS))
    param_names = ("characters", "kind", "backend")
    number = 1
    timeout = 600.0

    def setup(self, characters: int, kind: corpus.Kind, backend: str) -> None:
        self.peer = _peer(backend)
        self.text = unseen_document(characters, kind)

    def time_t1(self, characters: int, kind: corpus.Kind, backend: str) -> None:
        self.peer.matching(self.text)

    def track_unsupported(self, characters: int, kind: corpus.Kind, backend: str) -> int:
        return len(self.peer.unsupported)

    track_unsupported.unit = "patterns"  # type: ignore[attr-defined]

    def track_wrong_patterns(self, characters: int, kind: corpus.Kind, backend: str) -> int:
        right = set(_re_loop().matching(self.text))
        return len((right ^ set(self.peer.matching(self.text))) - self.peer.unsupported)

    track_wrong_patterns.unit = "patterns"  # type: ignore[attr-defined]


class Ours(WithSets):
    """gatecore on the same documents, after asserting that its answers are `re`'s."""

    params = (SIZES, ("ascii", "natural"), ENGINES)
    param_names = ("characters", "kind", "backend")

    def setup(self, sets: Sets, characters: int, kind: corpus.Kind, backend: str) -> None:
        self.patterns = loaded(sets, COUNT, backend)
        self.text = unseen_document(characters, kind)
        if characters <= 10_000 and (kind, backend) not in _CHECKED:
            assert_equal_to_re(self.patterns, self.text)
            _CHECKED.add((kind, backend))
            self.text = unseen_document(characters, kind)

    def time_t1(self, sets: Sets, characters: int, kind: corpus.Kind, backend: str) -> None:
        self.patterns.scan(self.text).ids()


_CHECKED: set[tuple[str, str]] = set()


@lru_cache(maxsize=1)
def _re_loop() -> ReLoop:
    return ReLoop(corpus.patterns(COUNT))


class PrecompiledRe:
    """The loop that gatecore replaces, on a document that it can still finish."""

    params = ("ascii", "natural")
    param_names = ("kind",)
    number = 1
    rounds = 1
    repeat = (1, 5, 30.0)
    timeout = 600.0

    def setup(self, kind: corpus.Kind) -> None:
        self.loop = _re_loop()
        self.text = unseen_document(10_000, kind)

    def time_t1(self, kind: corpus.Kind) -> None:
        self.loop.matching(self.text)

    def time_t2(self, kind: corpus.Kind) -> None:
        self.loop.first_spans(self.text)

    def time_t3(self, kind: corpus.Kind) -> None:
        self.loop.all_spans(self.text)
