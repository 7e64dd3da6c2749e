"""One Redis for all tests of a process that only need it to be there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def cache_name() -> str:
    """A name that no other test's cache has."""
    return uuid.uuid4().hex
