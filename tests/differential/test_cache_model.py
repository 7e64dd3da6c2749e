"""A cache does what a dict would, and a fault in one is found (see `cache_model`)."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest

from gatecore.cache import MemoryCache
from tests.differential import cache_model
from tests.differential.cache_kinds import KINDS, Kind, kind_of
from tests.differential.cache_threads import check_threads


@pytest.mark.parametrize("name", KINDS)
def test_a_cache_does_what_a_dict_would(name: str) -> None:
    out = io.StringIO()
    # Each of them takes a hundred times as long where Redis is asked.
    operations, in_threads = (1500, 100) if "redis" in name or "tiered" in name else (6000, 2000)
    asked = [f"--cache={name}", f"--operations={operations}", "--clients=1"]
    asked += [f"--thread-operations={in_threads}", "--seed=3"]
    assert cache_model.main(asked, out) == 0, out.getvalue()


class _ForgetsATag(MemoryCache):
    def invalidate(self, *tags: str) -> int:
        return super().invalidate(*tags[:1])


class _KeepsWhatIsNotWanted(MemoryCache):
    def get_or_compute(self, key: bytes, compute: Callable[[], Any], **options: Any) -> Any:
        options["keep"] = None
        return super().get_or_compute(key, compute, **options)


class _MixesKeysUp(MemoryCache):
    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        super().set(key[:7], value, tags=tags)


class _SetsTooLate(MemoryCache):
    def get_or_compute(self, key: bytes, compute: Callable[[], Any], **options: Any) -> Any:
        value = self.get(key)
        if value is None:
            value = compute()
            self.set(key, value, tags=options["tags"])
        return value


class _LivesTooLong(MemoryCache):
    def __init__(self, **options: Any) -> None:
        seconds = options["seconds"]
        super().__init__(**{**options, "seconds": seconds and seconds + 0.25})


class _LosesEntries(MemoryCache):
    def sweep(self) -> int:
        self.clear()
        return 0


BROKEN = [
    _ForgetsATag,
    _KeepsWhatIsNotWanted,
    _MixesKeysUp,
    _SetsTooLate,
    _LivesTooLong,
    _LosesEntries,
]


def _of(broken: type[MemoryCache]) -> Kind:
    with kind_of("memory") as kind:
        return replace(kind, make=lambda options, clock: broken(**vars(options), clock=clock))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__.strip("_"))
def test_a_fault_is_found_and_cut_short(broken: type[MemoryCache]) -> None:
    kind = _of(broken)
    found = cache_model.check(kind, 20_000, 1)
    assert found.difference
    short = cache_model.shortest(found, kind, seconds=10)
    assert short.difference
    assert len(short.operations) <= 8
    with kind_of("memory") as sound:
        assert not cache_model.run(short.operations, sound).difference


def test_a_race_is_found() -> None:
    """What was invalidated while it was made is kept: only threads can see it."""
    kind = replace(_of(_SetsTooLate), has_clock=False)
    assert any(check_threads(kind, 8, 2_000, seed).difference for seed in range(20))
