"""A service as a target: a document in, an answer out, over connections that are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gatecore.errors import LoadError
from gatecore.loadtest.connections import Connections

__all__ = ["HTTPTarget"]

#: What stands for the document in a body.
_DOCUMENT: Final = "{document}"


class HTTPTarget:
    """A service that takes documents by POST, over HTTP/1.1 and connections that are kept.

    A status of 400 or more is an error ("HTTP 503"), as is what is not answered in time
    ("TimeoutError") or cut off ("RemoteDisconnected"); nothing is sent again. No proxy or password
    of the environment is used. The client takes some 0.1 ms of a processor for each request:
    lateness tells when that is too much.

    Args:
        url: Where to.
        body: The JSON to send; each text in it that is `{document}` becomes the document.
        headers: More headers, such as a token's.
        connections: At once, at most; a request that finds none waits, and that counts.
        timeout: Seconds for an answer.

    Raises:
        LoadError: The URL, a header or the body makes no sense.

    >>> target = HTTPTarget("http://127.0.0.1:8000/validate", body={"text": "{document}"})
    >>> target.content("Guaranteed!")
    b'{"text": "Guaranteed!"}'
    """

    def __init__(
        self,
        url: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        connections: int = 100,
        timeout: float = 30.0,
    ) -> None:
        body = {"text": _DOCUMENT} if body is None else body
        if not _places(body):
            raise LoadError(f'nothing in the body stands for the document; write "{_DOCUMENT}"')
        if connections < 1:
            raise LoadError(f"{connections} connections; write 1 or more")
        self.url: Final = url
        self.connections: Final = connections
        self._body = body
        self._headers = {"content-type": "application/json", **(headers or {})}
        self._timeout = timeout
        self._client: Connections | None = None
        self._made()
        if isinstance(body, dict) and list(body.values()) == [_DOCUMENT]:
            self._key: str | None = json.dumps(next(iter(body)))
        else:
            self._key = None

    def content(self, text: str) -> bytes:
        """The body of a request."""
        if self._key is not None:
            return f"{{{self._key}: {json.dumps(text)}}}".encode("ascii")
        return json.dumps(_filled(self._body, text)).encode("ascii")

    async def open(self) -> None:
        """Makes the client, on the event loop that runs."""
        self._client = self._made()

    def _made(self) -> Connections:
        return Connections(self.url, self._headers, most=self.connections, timeout=self._timeout)

    async def send(self, text: str) -> str:
        """Sends a document and reads the answer; what went wrong, or ''."""
        assert self._client is not None, "it is open"
        status = await self._client.post(self.content(text))
        return f"HTTP {status}" if status >= 400 else ""

    async def close(self) -> None:
        """Closes the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _places(body: object) -> int:
    """How often the document stands in a body."""
    if isinstance(body, Mapping):
        return sum(map(_places, body.values()))
    if isinstance(body, list | tuple):
        return sum(map(_places, body))
    return body == _DOCUMENT


def _filled(body: Any, text: str) -> Any:
    if isinstance(body, Mapping):
        return {name: _filled(value, text) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [_filled(value, text) for value in body]
    return text if body == _DOCUMENT else body
