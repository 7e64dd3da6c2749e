"""A client for HTTP/1.1 that posts bodies over kept connections and costs little.

Whatever the client takes is a processor that the service does not have, and holds up what is due
next: httpx2 2.16 took 850 to 980 µs a request and 750 requests/s at most on a shared core, of which
a run at 300/s was late by 57 ms (p99). So answers are read as far as their end, and no further.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from http.client import BadStatusLine, RemoteDisconnected
from typing import Final
from urllib.parse import urlsplit

from gatecore.errors import LoadError

__all__ = ["Connection", "Connections"]

_LARGEST_HEAD: Final = 65_536
_END: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"


class Connections:
    """Posts to one URL over as many connections as are needed, up to a number.

    Args:
        url: Where to, `http` or `https`.
        headers: What is sent beside the length.
        most: Connections at once; a request that finds none waits.
        timeout: Seconds for an answer, from when its request is sent, and for a connection.

    Raises:
        LoadError: The URL or a header cannot be sent.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, most: int, timeout: float) -> None:
        parts = urlsplit(url)
        try:
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise LoadError("the address of the service has a port that is none") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LoadError("the address of a service is written as http://host:port/path")
        if parts.username is not None:
            raise LoadError("write no password into an address; send a token as a header")
        self._host = parts.hostname
        self._is_secure = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        for line in lines:
            if not line.isprintable() or not line.isascii():
                raise LoadError("an address or header has characters that HTTP cannot send")
        if " " in target:
            raise LoadError("the address has a blank; write %20")
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode("ascii")
        self._timeout = timeout
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._secure = ssl.create_default_context() if self._is_secure else None

    async def post(self, body: bytes) -> int:
        """Sends a body and waits for the whole answer; its status.

        Raises:
            OSError, TimeoutError: There is no answer.
            BadStatusLine: It is not HTTP.
        """
        async with self._free:
            connection = self._waiting() or await self._new()
            status = await connection.post(
                b"%b%d\r\n\r\n%b" % (self._head, len(body), body), self._timeout
            )
            if connection.is_open:
                self._idle.append(connection)
            return status

    async def close(self) -> None:
        """Closes all connections."""
        for connection in tuple(self._all):
            connection.abort()
        await asyncio.sleep(0)

    def _waiting(self) -> Connection | None:
        """The connection that was used last, so that those that are not needed stay idle."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _new(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await asyncio.wait_for(
            loop.create_connection(
                lambda: Connection(self._all), self._host, self._port, ssl=self._secure
            ),
            self._timeout,
        )
        return connection


class Connection(asyncio.Protocol):
    """One connection: a request and its answer, one after another."""

    def __init__(self, known: set[Connection]) -> None:
        self._known = known
        self._transport: asyncio.Transport
        self._answer: asyncio.Future[int] | None = None
        self._read = bytearray()
        self._step = self._take_head
        self._left = self._status = 0
        self._keeps = True
        self.is_open = False

    async def post(self, request: bytes, timeout: float) -> int:
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        ends = loop.call_later(timeout, self._fail, TimeoutError())
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            ends.cancel()
            if not self._answer.done() or self._answer.cancelled():
                self.abort()
            self._answer = None

    def abort(self) -> None:
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._known.add(self)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._known.discard(self)
        self._fail(exc or RemoteDisconnected(""))

    def eof_received(self) -> None:
        self.is_open = False
        if self._step == self._take_to_the_end:
            self._end()

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # nobody asked
            return
        self._read += data
        try:
            while self._step():
                pass
        except ValueError:
            self._fail(BadStatusLine(""))

    # Each takes what it can of what was read, and says whether the next step may go on.

    def _take_head(self) -> bool:
        end = self._read.find(_HEAD_END)
        if end < 0:
            if len(self._read) > _LARGEST_HEAD:
                raise ValueError("no end of the headers")
            return False
        first, *lines = bytes(self._read[:end]).split(_END)
        del self._read[: end + len(_HEAD_END)]
        version, status = first.split(b" ", 2)[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError("no HTTP/1")
        self._status = int(status)
        if 100 <= self._status < 200:
            return True
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        kept = headers.get(b"connection", b"keep-alive" if version == b"HTTP/1.1" else b"close")
        self._keeps = b"close" not in kept
        if self._status in (204, 304):
            self._end()
            return False
        if b"chunked" in headers.get(b"transfer-encoding", b""):
            self._step = self._take_size
        elif b"content-length" in headers:
            self._left = int(headers[b"content-length"])
            self._step = self._take_body
        else:
            self._step = self._take_to_the_end
        return True

    def _take_body(self) -> bool:
        if self._skip():
            self._end()
        return False

    def _take_to_the_end(self) -> bool:
        self._read.clear()
        self._keeps = False
        return False

    def _take_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = int(line.partition(b";")[0], 16)
        self._left = size + len(_END)
        self._step = self._take_chunk if size else self._take_trailer
        return True

    def _take_chunk(self) -> bool:
        if not self._skip():
            return False
        self._step = self._take_size
        return True

    def _take_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._end()
        return bool(line)

    def _skip(self) -> bool:
        """Whether all that is left of a part was there."""
        taken = min(self._left, len(self._read))
        del self._read[:taken]
        self._left -= taken
        return not self._left

    def _line(self) -> bytes | None:
        end = self._read.find(_END)
        if end < 0:
            if len(self._read) > _LARGEST_HEAD:
                raise ValueError("no end of a line")
            return None
        line = bytes(self._read[:end])
        del self._read[: end + len(_END)]
        return line

    def _end(self) -> None:
        self._step = self._take_head
        if not self._keeps or self._read:
            self.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(self._status)

    def _fail(self, problem: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(problem)
        if self.is_open:
            self.abort()
