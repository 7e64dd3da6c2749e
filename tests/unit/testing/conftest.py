"""The real SDK, sync and async, in front of the fake.

Clients take no certificates, as there is no TLS on this machine: reading them takes 20 ms each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from gatecore.testing import FakeMessagesAPI

#: Does `path(**arguments)` with a client of an API: `ask(api, "messages.create", …)`.
Ask: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="session")
def anthropic() -> Any:
    return pytest.importorskip("anthropic")


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, anthropic: Any) -> Ask:
    """The same call by either client; it has no retries of its own."""
    return _ask_async(anthropic) if request.param == "async" else _ask_sync(anthropic)


def _ask_sync(anthropic: Any) -> Ask:
    def ask(api: FakeMessagesAPI, path: str, *, seconds: float = 20.0, **arguments: Any) -> Any:
        with anthropic.Anthropic(
            base_url=api.url,
            api_key=api.key,
            max_retries=0,
            timeout=seconds,
            http_client=anthropic.DefaultHttpxClient(verify=False),
        ) as client:
            given = _found(client, path)(**arguments)
            return list(given) if path.endswith((".list", ".results")) else given

    return ask


def _ask_async(anthropic: Any) -> Ask:
    async def asking(api: FakeMessagesAPI, path: str, seconds: float, arguments: Any) -> Any:
        async with anthropic.AsyncAnthropic(
            base_url=api.url,
            api_key=api.key,
            max_retries=0,
            timeout=seconds,
            http_client=anthropic.DefaultAsyncHttpxClient(verify=False),
        ) as client:
            given = _found(client, path)(**arguments)
            if path.endswith(".list"):
                return [one async for one in given]
            got = await given
            return [one async for one in got] if path.endswith(".results") else got

    def ask(api: FakeMessagesAPI, path: str, *, seconds: float = 20.0, **arguments: Any) -> Any:
        return asyncio.run(asking(api, path, seconds, arguments))

    return ask


def _found(client: Any, path: str) -> Any:
    for step in path.split("."):
        client = getattr(client, step)
    return client
