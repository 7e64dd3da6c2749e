"""When a server that failed is asked again."""

from __future__ import annotations

from gatecore.breaker import Breaker
from tests.unit.cache.caches import Clock


def test_it_opens_longer_each_time_and_closes_at_once() -> None:
    clock = Clock()
    breaker = Breaker(1.0, clock)
    for pause in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0):
        assert breaker.allows()
        breaker.failed()
        assert breaker.is_open
        clock.now += pause - 0.001
        assert not breaker.allows()
        clock.now += 0.002
    assert (breaker.failures, breaker.bypassed) == (6, 6)
    assert breaker.allows()
    assert not breaker.allows(), "one tries, the others go on without"
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.is_open
    breaker.failed()
    clock.now += 0.101
    assert breaker.allows(), "the pause begins small again"
    clock.now += 0.3
    assert breaker.allows(), "who tried never told"


def test_it_tolerates_as_many_failures_in_a_row_as_it_is_told() -> None:
    clock = Clock()
    breaker = Breaker(8.0, clock, first=2.0, tolerated=2)
    for _ in range(4):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
        assert not breaker.is_open, "a success between them begins the count anew"
    for _ in range(3):
        breaker.failed()
    assert breaker.is_open
    assert breaker.closed_in == 2.0
    clock.now += 1.5
    assert breaker.closed_in == 0.5
    clock.now += 1.0
    assert breaker.closed_in == 0.0
    assert breaker.allows()
    breaker.failed()
    assert breaker.closed_in == 4.0, "one failure of who tries is enough"
