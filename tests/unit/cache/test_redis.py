"""Redis that is shared, slow, full, flushed, killed or lied to: slower, never wrong."""

from __future__ import annotations

import asyncio
import enum
import os
import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.connection

from gatecore.cache import AsyncRedisCache, Codec, RedisCache, key
from gatecore.cache.codec import PLAIN
from gatecore.errors import CacheValueError
from tests.support.process import in_threads, run_python
from tests.support.redis_server import RedisServer, redis_server


class Level(enum.IntEnum):
    LOW = 1


KEY, OTHER = key(b"t", "one"), key(b"t", "two")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """One that a test may kill."""
    with redis_server() as one:
        yield one


def _until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.005)


def _of(value: Any) -> Callable[[], Any]:
    return lambda: value


def _count(file: Path) -> int:
    return len(file.read_text("utf-8")) if file.exists() else 0


ASKS = """
    import sys, threading, time
    from gatecore.cache import RedisCache

    url, name, file = sys.argv[1:]
    cache = RedisCache(url, name=name)

    def compute():
        with open(file, "a") as made:
            made.write("x")
        time.sleep(0.3)
        return "made"

    begin, found = threading.Barrier(25), []

    def ask():
        begin.wait()
        found.append(cache.get_or_compute(b"cold", compute))

    threads = [threading.Thread(target=ask) for _ in range(25)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(set(found), len(found))
"""


def test_threads_of_four_processes_compute_once(
    shared_redis: RedisServer, cache_name: str, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    done: list[Any] = []

    def process() -> None:
        done.append(run_python(ASKS, shared_redis.url, cache_name, str(made)))

    in_threads(*[process] * 4)
    assert [one.stdout for one in done] == ["{'made'} 25\n"] * 4, done[0].stderr
    assert _count(made) == 1


def test_a_process_that_dies_is_followed_by_another(
    shared_redis: RedisServer, cache_name: str
) -> None:
    done = run_python(
        """
        import os, sys
        from gatecore.cache import RedisCache

        cache = RedisCache(sys.argv[1], name=sys.argv[2], lock_seconds=0.5)
        cache.get_or_compute(b"k", lambda: os._exit(7))
        """,
        shared_redis.url,
        cache_name,
    )
    assert done.returncode == 7
    cache = RedisCache(shared_redis.url, name=cache_name, lock_seconds=0.5)
    assert cache.get_or_compute(b"k", lambda: "made") == "made"
    assert cache.get(b"k") == "made"


def test_an_error_does_not_keep_others_waiting(shared_redis: RedisServer, cache_name: str) -> None:
    one, other = (RedisCache(shared_redis.url, name=cache_name, lock_seconds=60) for _ in range(2))
    with pytest.raises(ZeroDivisionError):
        one.get_or_compute(KEY, lambda: 1 // 0)
    assert other.get_or_compute(KEY, lambda: 1) == 1
    assert one.get_or_compute(OTHER, lambda: 2, keep=lambda _: False) == 2
    assert other.get_or_compute(OTHER, lambda: 3) == 3
    with pytest.raises(StopIteration):
        one.get_or_compute(b"stop", lambda: next(iter(())))


def test_an_interrupted_computation_does_not_keep_others_waiting(
    shared_redis: RedisServer, cache_name: str
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    one, other = (RedisCache(shared_redis.url, name=cache_name, lock_seconds=60) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        one.get_or_compute(KEY, interrupted)
    assert other.get_or_compute(KEY, lambda: "made") == "made"


def test_a_cancelled_task_does_not_keep_others_waiting(
    shared_redis: RedisServer, cache_name: str
) -> None:
    async def main() -> None:
        cache = AsyncRedisCache(shared_redis.url, name=cache_name, lock_seconds=60)
        begun = asyncio.Event()

        async def compute() -> str:
            begun.set()
            await asyncio.sleep(60)
            return "never"

        task = asyncio.create_task(cache.get_or_compute(KEY, compute))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async def made() -> str:
            return "made"

        assert await asyncio.wait_for(cache.get_or_compute(KEY, made), 30) == "made"
        await cache.close()

    asyncio.run(main())


def test_tasks_and_threads_share_entries(shared_redis: RedisServer, cache_name: str) -> None:
    threads = RedisCache(shared_redis.url, name=cache_name)

    async def main() -> None:
        tasks = AsyncRedisCache(shared_redis.url, name=cache_name)
        made: list[int] = []

        async def compute() -> list[int]:
            made.append(1)
            await asyncio.sleep(0.05)
            return [1]

        asked = [tasks.get_or_compute(KEY, compute, tags=["t"]) for _ in range(100)]
        found = await asyncio.gather(*asked)
        assert found == [[1]] * 100
        assert len(set(map(id, found))) == 100, "what one does to it reaches another"
        assert made == [1]
        assert threads.get(KEY) == [1]
        await tasks.invalidate("t")
        assert threads.get(KEY) is None
        await tasks.close()

    asyncio.run(main())


def test_who_asks_after_an_invalidation_elsewhere_gets_no_older_value(
    shared_redis: RedisServer, cache_name: str
) -> None:
    one, other = (RedisCache(shared_redis.url, name=cache_name) for _ in range(2))
    begun, release = threading.Event(), threading.Event()
    found: dict[str, str] = {}

    def compute() -> str:
        if begun.is_set():
            return "new"
        begun.set()
        assert release.wait(30)
        return "old"

    def first() -> None:
        found["first"] = one.get_or_compute(KEY, compute, tags=["t"])

    def second() -> None:
        begun.wait()
        other.invalidate("t")
        found["second"] = one.get_or_compute(KEY, compute, tags=["t"])

    def releases() -> None:
        _until(lambda: one.stats().waits)
        release.set()

    in_threads(first, second, releases)
    assert found == {"first": "old", "second": "new"}
    assert one.get(KEY) == "new"


@pytest.mark.parametrize("why", ["not wanted", "error"])
@pytest.mark.parametrize("how", ["invalidate", "delete", "clear"])
def test_what_is_not_kept_is_not_told_to_who_asks_later(
    shared_redis: RedisServer, cache_name: str, why: str, how: str
) -> None:
    one, other = (RedisCache(shared_redis.url, name=cache_name) for _ in range(2))
    begun, release = threading.Event(), threading.Event()
    found: dict[str, object] = {}
    change: dict[str, Callable[[], object]] = {
        "invalidate": lambda: other.invalidate("t"),
        "delete": lambda: other.delete(KEY),
        "clear": other.clear,
    }

    def compute() -> str:
        if begun.is_set():
            return "new"
        begun.set()
        assert release.wait(30)
        if why == "error":
            raise LookupError("old")
        return "old"

    def ask(name: str) -> None:
        try:
            found[name] = one.get_or_compute(KEY, compute, tags=["t"], keep=lambda _: False)
        except LookupError as error:
            found[name] = str(error)

    def second() -> None:
        begun.wait()
        change[how]()
        ask("second")

    def releases() -> None:
        _until(lambda: one.stats().waits)
        release.set()

    in_threads(lambda: ask("first"), second, releases)
    assert found == {"first": "old", "second": "new"}


def test_an_error_reaches_all_who_wait(shared_redis: RedisServer, cache_name: str) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)
    errors: list[str] = []

    def fails() -> str:
        _until(lambda: cache.stats().waits >= 9)
        raise LookupError("no")

    def ask() -> None:
        try:
            cache.get_or_compute(KEY, fails)
        except LookupError as error:
            errors.append(str(error))

    in_threads(*[ask] * 10)
    assert errors == ["no"] * 10
    assert cache.stats().computations == 1


def test_values_are_what_they_were_or_refused(shared_redis: RedisServer, cache_name: str) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)
    values: tuple[Any, ...] = (b"\x00\xff", {"a": [1, None, "\ud800"]}, 1.5, [], "")
    for value in values:
        cache.set(KEY, value)
        assert cache.get(KEY) == value
        assert cache.get_or_compute(key(b"v", repr(value)), _of(value)) == value
    without: tuple[Any, ...] = (
        Level.LOW,
        OrderedDict(a=1),
        Counter("a"),
        (1, 2),
        {1: "a"},
        {"s": {1}},
        object(),
        float("nan"),
        [(1,)],
    )
    for refused in without:
        with pytest.raises(CacheValueError):
            cache.set(KEY, refused)
        with pytest.raises(CacheValueError):
            cache.get_or_compute(OTHER, _of(refused))
    text = cache.with_codec(Codec(str.encode, bytes.decode, name="text"))
    text.set(KEY, "x")
    assert (text.get(KEY), cache.get(KEY)) == ("x", None), "a codec reads what another one wrote"


def test_lifetimes(shared_redis: RedisServer, cache_name: str) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name, seconds=0.05, jitter=0)
    cache.set(KEY, "a", tags=["t"])
    _until(lambda: cache.get(KEY) is None)
    for_ever = RedisCache(shared_redis.url, name=cache_name, seconds=None)
    for_ever.set(KEY, "a", tags=["t"])
    prefix = f"{{gatecore:{cache_name}}}:"
    assert shared_redis.say("PTTL", f"{prefix}v:{KEY.hex()}") == b":-1\r\n"
    assert shared_redis.say("PTTL", f"{prefix}t:t") == b":-1\r\n"


@pytest.mark.parametrize("lost", ["e", "t:t"])
def test_an_epoch_that_redis_lost_makes_a_miss(
    shared_redis: RedisServer, cache_name: str, lost: str
) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)
    cache.set(KEY, "a", tags=["t"])
    assert cache.get(KEY) == "a"
    assert shared_redis.say("DEL", f"{{gatecore:{cache_name}}}:{lost}") == b":1\r\n"
    assert cache.get(KEY) is None


@pytest.mark.parametrize(
    "words",
    [
        ("HSET", "{}", "v", "garbage"),
        ("HSET", "{}", "g", "garbage"),
        ("HDEL", "{}", "g"),
        ("SET", "{}", "garbage"),
    ],
)
def test_what_somebody_else_put_there_is_not_given(
    shared_redis: RedisServer, cache_name: str, words: tuple[str, ...]
) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)
    place = f"{{gatecore:{cache_name}}}:v:{KEY.hex()}"
    damage = [word.replace("{}", place) for word in words]
    cache.set(KEY, "a", tags=["t"])
    assert shared_redis.say(*damage)[:1] in b":+"
    assert cache.get(KEY) is None
    cache.set(KEY, "a", tags=["t"])
    assert shared_redis.say(*damage)[:1] in b":+"
    assert cache.get_or_compute(KEY, lambda: "made") == "made"
    assert cache.get(KEY) == "made"
    assert cache.stats().corrupt == 2


def test_a_server_that_is_killed_and_comes_back(server: RedisServer) -> None:
    cache = RedisCache(server.url)
    cache.set(KEY, "a")
    server.kill()
    assert cache.get(KEY) is None
    for number in range(50):
        assert cache.get_or_compute(KEY, _of(number)) == number
    stats = cache.stats()
    assert stats.is_open
    assert stats.failures >= 1
    assert stats.bypassed >= 1
    server.begin()
    _until(lambda: not cache.stats().is_open or cache.get(KEY))
    cache.set(KEY, "b")
    assert cache.get(KEY) == "b"


def test_a_server_that_does_not_answer_costs_one_timeout(server: RedisServer) -> None:
    cache = RedisCache(server.url, timeout=0.1, pause_seconds=30)
    cache.set(KEY, "a")
    server.pause()
    try:
        for number in range(200):
            assert cache.get_or_compute(OTHER, _of(number)) == number
    finally:
        server.go_on()
    stats = cache.stats()
    assert stats.failures + stats.bypassed >= 200
    assert stats.failures <= 20


@pytest.mark.parametrize("how", ["invalidate", "clear", "delete", "set"])
def test_what_could_not_be_forgotten_is_forgotten_first(server: RedisServer, how: str) -> None:
    cache = RedisCache(server.url, timeout=0.05)
    cache.set(KEY, "old", tags=["t"])
    server.pause()
    change: dict[str, Callable[[], object]] = {
        "invalidate": lambda: cache.invalidate("t", "other"),
        "clear": cache.clear,
        "delete": lambda: cache.delete(KEY),
        "set": lambda: cache.set(KEY, "new"),
    }
    # Not the question itself, whose bytes a paused server finds when it goes on.
    cache.tier.did_not_answer(TimeoutError())
    change[how]()
    assert cache.stats().pending >= 1
    server.go_on()
    _until(lambda: not cache.stats().pending or cache.get(KEY) == "old")
    assert cache.get(KEY) != "old"
    assert not cache.stats().pending
    cache.set(KEY, "again", tags=["t"])
    assert cache.get(KEY) == "again"


def test_too_much_to_remember_is_everything(server: RedisServer) -> None:
    cache = RedisCache(server.url, timeout=0.05, pause_seconds=60)
    cache.set(KEY, "old")
    server.pause()
    try:
        cache.invalidate(*(f"tag {number}" for number in range(10_001)))
    finally:
        server.go_on()
    assert cache.stats().pending == 1
    _until(lambda: cache.get(KEY) is None and not cache.stats().pending)


def test_a_server_that_restarts_from_an_old_file(server: RedisServer) -> None:
    cache = RedisCache(server.url)
    cache.set(KEY, "old", tags=["t"])
    assert server.say("SAVE") == b"+OK\r\n"
    cache.invalidate("t")
    server.kill()
    server.begin()
    assert server.say("EXISTS", f"{{gatecore:gatecore}}:v:{KEY.hex()}") == b":1\r\n"
    _until(lambda: not cache.stats().failures or cache.get(KEY) or not cache.stats().is_open)
    assert cache.get(KEY) is None
    assert RedisCache(server.url).get(KEY) is None


def test_a_flushed_server_is_an_empty_one(server: RedisServer) -> None:
    cache = RedisCache(server.url)
    cache.set(KEY, "a", tags=["t"])
    assert server.say("FLUSHALL") == b"+OK\r\n"
    assert server.say("SCRIPT", "FLUSH") == b"+OK\r\n"
    assert cache.get(KEY) is None
    assert cache.get_or_compute(KEY, lambda: "b") == "b"
    assert cache.get(KEY) == "b"


def test_a_full_server_keeps_nothing_and_breaks_nothing() -> None:
    with redis_server("--maxmemory", "2mb", "--maxmemory-policy", "noeviction") as server:
        cache = RedisCache(server.url)
        for number in range(300):
            name = key(b"", str(number))
            assert cache.get_or_compute(name, _of("x" * 20_000 + str(number)))
        stats = cache.stats()
        assert stats.failures
        assert not stats.is_open


def test_an_evicting_server_makes_misses_only() -> None:
    with redis_server("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lfu") as server:
        cache = RedisCache(server.url)
        found = 0
        for _ in range(2):
            for number in range(300):
                name, value = key(b"", str(number)), "x" * 20_000 + str(number)
                found += cache.get(name) is not None
                given = cache.get_or_compute(name, _of(value), tags=[str(number)])
                assert given == value
        stats = cache.stats()
        assert stats.computations > 300
        assert stats.failures == 0


def test_a_late_store_undoes_nothing(shared_redis: RedisServer, cache_name: str) -> None:
    """Made side by side with others, because something failed just before."""
    one, other = (RedisCache(shared_redis.url, name=cache_name) for _ in range(2))
    begun, release = threading.Event(), threading.Event()
    with pytest.raises(ZeroDivisionError):
        other.get_or_compute(KEY, lambda: 1 // 0)

    def slow() -> str:
        begun.set()
        assert release.wait(30)
        return "old"

    def changes() -> None:
        begun.wait()
        other.delete(KEY)
        assert other.get_or_compute(KEY, lambda: "new") == "new"
        release.set()

    in_threads(lambda: one.get_or_compute(KEY, slow), changes)
    assert one.get(KEY) == other.get(KEY) == "new"


def test_what_is_put_off_anew_while_it_is_told_is_told_again(server: RedisServer) -> None:
    tier = RedisCache(server.url).tier
    steps = tier.invalidate(["t"])
    next(steps)
    with pytest.raises(StopIteration):
        steps.send(None)  # no answer: it is put off
    telling = tier.get(KEY, PLAIN)
    next(telling)  # tells it
    again = tier.invalidate(["t"])
    with pytest.raises(StopIteration):
        next(again)  # somebody else is telling: it is put off once more
    telling.send(0)
    assert tier.stats().pending == 1
    telling.close()
    telling = tier.get(KEY, PLAIN)
    next(telling)
    telling.send(0)
    assert tier.stats().pending == 0
    telling.close()


def test_an_interrupted_question_leaves_no_reply_to_the_next(
    shared_redis: RedisServer, cache_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)
    cache.set(KEY, "one")
    cache.set(OTHER, "other")
    read = redis.connection.UnixDomainSocketConnection.read_response

    def interrupted(*args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    for change in (lambda: cache.get(KEY), lambda: cache.invalidate("t")):
        with monkeypatch.context() as patched:
            patched.setattr(
                redis.connection.UnixDomainSocketConnection, "read_response", interrupted
            )
            with pytest.raises(KeyboardInterrupt):
                change()
        assert redis.connection.UnixDomainSocketConnection.read_response is read
        assert cache.get(OTHER) == "other"
    assert cache.stats().pending == 0, "what was interrupted was told again"


def test_a_damaged_entry_of_which_redis_does_not_let_go(server: RedisServer) -> None:
    cache = RedisCache(server.url)
    cache.set(KEY, "a")
    server.say("HSET", f"{{gatecore:gatecore}}:v:{KEY.hex()}", "v", "garbage")
    assert server.say("REPLICAOF", "127.0.0.1", "1") == b"+OK\r\n"  # read-only now
    assert cache.get_or_compute(KEY, lambda: "made") == "made"
    assert cache.stats().failures


def test_a_full_server_forgets_and_stays_within_its_memory() -> None:
    with redis_server("--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server:
        one, other = RedisCache(server.url), RedisCache(server.url)
        one.set(KEY, "a", tags=["t"])
        one.set(OTHER, "b", tags=["t"])
        for number in range(100):
            one.set(key(b"", str(number)), "x" * 50_000)
        assert one.stats().failures
        assert one.delete(KEY) is True
        one.invalidate("t")
        assert (other.get(KEY), other.get(OTHER)) == (None, None)
        memory = server.say("INFO", "memory")
        used = int(re.search(rb"used_memory:(\d+)", memory)[1])  # type: ignore[index]
        assert used < 4 << 20


def test_asyncio_asks_again_after_a_failure(server: RedisServer) -> None:
    async def main() -> None:
        cache = AsyncRedisCache(server.url)
        await cache.set(KEY, "a")
        server.kill()
        assert await cache.get(KEY) is None
        await cache.invalidate("t")
        assert cache.stats().pending == 1
        server.begin()
        until = time.monotonic() + 30
        while cache.stats().pending or cache.stats().is_open:
            await cache.get(KEY)
            assert time.monotonic() < until
            await asyncio.sleep(0.01)
        await cache.set(KEY, "b")
        assert await cache.get(KEY) == "b"
        await cache.close()

    asyncio.run(main())


def test_loops_that_come_and_go_leave_nothing(shared_redis: RedisServer, cache_name: str) -> None:
    cache = AsyncRedisCache(shared_redis.url, name=cache_name)

    async def main() -> None:
        await cache.set(KEY, "a")
        assert await cache.get(KEY) == "a"
        await cache.close()

    descriptors = Path("/proc/self/fd")
    asyncio.run(main())
    before = len(list(descriptors.iterdir()))
    for _ in range(10):
        asyncio.run(main())
    assert len(list(descriptors.iterdir())) <= before


def test_many_who_wait_for_another_process_look_at_once(
    shared_redis: RedisServer, cache_name: str
) -> None:
    one, other = (RedisCache(shared_redis.url, name=cache_name, timeout=30) for _ in range(2))

    begun = threading.Event()

    def slow() -> str:
        begun.set()
        _until(lambda: other.stats().waits >= 199)
        return "made"

    found: list[str] = []

    def ask() -> None:
        begun.wait()
        found.append(other.get_or_compute(KEY, lambda: "twice"))

    in_threads(lambda: one.get_or_compute(KEY, slow), *[ask] * 200)
    assert found == ["made"] * 200
    assert other.stats().computations == 0
    assert other.stats().misses + other.stats().hits < 1000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_connections_of_its_own(
    shared_redis: RedisServer, cache_name: str
) -> None:
    done = run_python(
        """
        import os, sys
        from gatecore.cache import RedisCache

        cache = RedisCache(sys.argv[1], name=sys.argv[2])
        cache.set(b"k", "parent")
        children = []
        for number in range(4):
            child = os.fork()
            if not child:
                for turn in range(200):
                    name = f"{number} {turn}".encode()
                    cache.set(name, name.decode())
                    if cache.get(name) != name.decode() or cache.get(b"k") != "parent":
                        os._exit(1)
                os._exit(0)
            children.append(child)
        for turn in range(200):
            name = f"parent {turn}".encode()
            cache.set(name, name.decode())
            assert cache.get(name) == name.decode()
        print([os.waitpid(child, 0)[1] for child in children])
        """,
        shared_redis.url,
        cache_name,
    )
    assert (done.stdout, done.returncode) == ("[0, 0, 0, 0]\n", 0), done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a}b"}, "without braces"),
        ({"name": ""}, "without braces"),
        ({"timeout": 0}, "timeout"),
        ({"lock_seconds": 0}, "lock_seconds"),
        ({"seconds": 0}, "seconds"),
        ({"decode_responses": True}, "decode_responses"),
    ],
)
@pytest.mark.parametrize("kind", [RedisCache, AsyncRedisCache])
def test_options_that_are_none(kind: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind("redis://localhost", **options)


def test_a_url_that_is_none() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisCache("localhost:6379")
    cache = RedisCache("redis://127.0.0.1:1", timeout=0.05)
    assert cache.get_or_compute(KEY, lambda: "made") == "made"
    with pytest.raises(TypeError, match="bytes"):
        cache.get("text")  # type: ignore[arg-type]
