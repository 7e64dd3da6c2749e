"""Many threads on one cache: one computation, nothing stale, nothing stuck."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gatecore.cache import MemoryCache
from gatecore.errors import CacheReentryError
from tests.support.process import run_python


def _all_at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of the threads gave, or raised."""
    begin = threading.Barrier(count)
    outcomes: list[Any] = [None] * count

    def run(number: int) -> None:
        begin.wait()
        try:
            outcomes[number] = work(number)
        except BaseException as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread is stuck"
    return outcomes


def test_a_hundred_ask_and_one_computes() -> None:
    cache = MemoryCache()
    made: list[int] = []

    def compute() -> str:
        made.append(1)
        time.sleep(0.05)
        return "made"

    assert _all_at_once(100, lambda _: cache.get_or_compute(b"k", compute)) == ["made"] * 100
    assert len(made) == cache.stats().computations == 1


def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    cache = MemoryCache()
    made: list[int] = []
    begun = threading.Event()

    def compute() -> str:
        made.append(1)
        begun.set()
        while cache.stats().waits < 30:
            time.sleep(0.001)
        raise LookupError("no")

    def ask(number: int) -> Any:
        if number:
            begun.wait()
        return cache.get_or_compute(b"k", compute)

    outcomes = _all_at_once(31, ask)
    assert [type(one) for one in outcomes] == [LookupError] * 31
    assert len(made) == 1
    assert cache.get_or_compute(b"k", lambda: "well") == "well"


def test_eight_threads_never_see_what_was_invalidated() -> None:
    """Values are the version that they were made of; what was invalidated is never given after."""
    cache = MemoryCache(max_bytes=200_000, seconds=None)
    versions = [0] * 16
    lock = threading.Lock()
    hits = [0]

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(4_000):
            number = chance.randrange(16)
            tag, key = f"document:{number}", str(number).encode()
            kind = chance.random()
            if kind < 0.03:
                with lock:
                    versions[number] += 1
                    cache.invalidate(tag)
            elif kind < 0.04:
                cache.delete(key)
            elif kind < 0.045:
                cache.clear()
            elif kind < 0.5:
                before = versions[number]
                found = cache.get(key)
                # The lock of the writer is released only after both of its steps.
                if found is not None:
                    hits[0] += 1
                    with lock:
                        pass
                    assert found >= before - 1
            else:
                with lock:
                    before = versions[number]
                found = cache.get_or_compute(key, partial(versions.__getitem__, number), tags=[tag])
                assert found >= before, f"{found} was given, {before} is the oldest"

    assert _all_at_once(8, work) == [None] * 8
    assert hits[0] > 1000
    assert cache.stats().entries <= 16


def test_two_that_would_wait_for_each_other() -> None:
    cache = MemoryCache()
    both = threading.Barrier(2)

    def one_of(mine: bytes, other: bytes) -> str:
        def compute() -> str:
            both.wait(10)
            return mine.decode() + str(cache.get_or_compute(other, lambda: "x"))

        return cache.get_or_compute(mine, compute)

    # a waits for b and b for a: one of them makes the other's value itself.
    outcomes = _all_at_once(2, lambda n: one_of(*((b"a", b"b") if n else (b"b", b"a"))))
    assert all(isinstance(one, str) for one in outcomes), outcomes


def test_reentry_of_a_thread_is_an_error() -> None:
    cache = MemoryCache()

    def compute() -> str:
        return cache.get_or_compute(b"k", compute)

    with pytest.raises(CacheReentryError):
        cache.get_or_compute(b"k", compute)
    assert cache.get(b"k") is None


def test_a_leader_who_is_interrupted_is_followed_by_another() -> None:
    cache = MemoryCache()
    begun = threading.Event()
    made: list[str] = []

    def interrupted() -> str:
        begun.set()
        while not cache.stats().waits:
            time.sleep(0.001)
        raise KeyboardInterrupt

    def compute() -> str:
        made.append("made")
        return "made"

    def ask(number: int) -> str:
        if number == 0:
            return cache.get_or_compute(b"k", interrupted)
        begun.wait()
        return cache.get_or_compute(b"k", compute)

    first, second = _all_at_once(2, ask)
    assert isinstance(first, KeyboardInterrupt)
    assert (second, made) == ("made", ["made"])


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are sent to a thread")
def test_who_waits_can_be_interrupted() -> None:
    done = run_python("""
        import os, signal, threading, time
        from gatecore.cache import MemoryCache

        cache, release, begun = MemoryCache(), threading.Event(), threading.Event()

        def compute():
            begun.set()
            release.wait(60)
            return "made"

        leader = threading.Thread(target=lambda: cache.get_or_compute(b"k", compute))
        leader.start()
        begun.wait()

        def interrupt():
            while not cache.stats().waits:
                time.sleep(0.001)
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        try:
            cache.get_or_compute(b"k", compute)
        except KeyboardInterrupt:
            print("interrupted")
        release.set()
        leader.join()
        print(cache.get(b"k"))
    """)
    assert (done.stdout, done.returncode) == ("interrupted\nmade\n", 0), done.stderr


def test_what_giving_a_value_back_runs_may_ask_the_cache() -> None:
    cache = MemoryCache(weigh=lambda _: 1, max_bytes=10)
    ended: list[object] = []

    class Asks(tuple[()]):
        def __del__(self) -> None:
            cache.set(b"ended", "x")
            ended.append(cache.get(b"nothing"))

    for number in range(100):
        cache.set(str(number).encode(), Asks())
        cache.get(b"0")
    cache.clear()
    assert cache.get(b"0") is None
    cache.stats()
    assert ended


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on() -> None:
    done = run_python("""
        import os, threading, time
        from gatecore.cache import MemoryCache

        cache, release, begun = MemoryCache(), threading.Event(), threading.Event()
        cache.set(b"kept", "kept", tags=["t"])

        def compute():
            begun.set()
            release.wait(60)
            return "by the parent"

        leader = threading.Thread(target=lambda: cache.get_or_compute(b"k", compute))
        leader.start()
        begun.wait()
        over = threading.Event()

        def invalidates():
            while not over.is_set():
                for number in range(200):
                    cache.set(str(number).encode(), "x", tags=["many"])
                cache.invalidate("many")

        busy = threading.Thread(target=invalidates)
        busy.start()
        for _ in range(20):
            child = os.fork()
            if not child:
                import signal
                signal.alarm(20)
                right = cache.get(b"kept") == "kept"
                right &= cache.get_or_compute(b"k", lambda: "by the child") == "by the child"
                right &= cache.invalidate("t") == 1 and cache.get(b"kept") is None
                cache.clear()
                os._exit(0 if right else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        over.set()
        release.set()
        leader.join()
        busy.join()
        print(cache.get(b"k"), cache.get(b"kept"))
    """)
    assert (done.stdout, done.returncode) == ("by the parent kept\n", 0), done.stderr
