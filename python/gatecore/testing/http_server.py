"""HTTP/1.1 on 127.0.0.1, and the ways in which an answer can fail to arrive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

__all__ = ["HTTPServer", "Handler", "Request", "Response"]

_Value = TypeVar("_Value")
_HEAD: Final = b"\r\n\r\n"
_LARGEST_HEAD: Final = 65_536
_BACKLOG: Final = 1_024


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        method: "GET", "POST", "DELETE".
        path: Without what is asked after it.
        query: What is asked after the path.
        headers: By their names in small letters.
        body: The body; empty where it is `too_large`.
        is_too_large: The body is larger than the server takes, and was not read.
        gone: Is done once the client has closed the connection.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    is_too_large: bool
    gone: asyncio.Future[None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent.

    Attributes:
        status: The status; 0: nothing is sent, the connection is closed.
        body: The body.
        headers: More headers.
        sent: How many bytes of the body are sent before the connection is closed for sending;
            None: all, and the connection is kept.
        pieces: In how many pieces the body is sent.
        between: Awaited between two of them.
        ended: Called once, with whether all of it was sent.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    pieces: int = 1
    between: Callable[[], Awaitable[None]] | None = None
    ended: Callable[[bool], None] = lambda _: None


#: Gives the response to a request.
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class HTTPServer:
    """A server on a thread of its own, with one event loop for hundreds of connections.

    Args:
        handle: Answers a request, on the loop.
        largest: Bytes of a body at most.
    """

    def __init__(self, handle: Handler, *, largest: int) -> None:
        self._handle = handle
        self._largest = largest
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def start(self) -> None:
        """Listens on a port that is free."""
        started = threading.Event()
        problems: list[BaseException] = []

        def run() -> None:
            loop = asyncio.new_event_loop()
            try:
                server = loop.run_until_complete(
                    loop.create_server(self._connection, "127.0.0.1", 0, backlog=_BACKLOG)
                )
                self.port = server.sockets[0].getsockname()[1]
                self._loop = loop
                started.set()
                loop.run_forever()
                server.close()
                loop.run_until_complete(self._end())
            except BaseException as error:
                problems.append(error)
                started.set()
            finally:
                loop.close()

        self._thread = threading.Thread(target=run, name="gatecore-fake-api", daemon=True)
        self._thread.start()
        started.wait()
        if problems:
            raise problems[0]

    def stop(self) -> None:
        """Closes all connections at once and waits for the thread."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def soon(self, do: Callable[[], object]) -> None:
        """Does something on the loop, from any thread; nothing if there is none any more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(do)

    def run(self, do: Callable[[], _Value]) -> _Value:
        """Does something on the loop, from another thread, and waits for what it gives."""
        if self._loop is None:
            return do()

        async def doing() -> _Value:
            return do()

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result()

    def _connection(self) -> _Connection:
        return _Connection(self._handle, self._largest, self._connections)

    async def _end(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Connection(asyncio.Protocol):
    """One connection: requests one after another."""

    def __init__(self, handle: Handler, largest: int, connections: set[_Connection]) -> None:
        self._handle = handle
        self._largest = largest
        self._connections = connections
        self._read = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushed = asyncio.Event()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(0)
        self._flushed.set()
        self._transport = transport
        self._connections.add(self)

    def pause_writing(self) -> None:
        self._flushed.clear()

    def resume_writing(self) -> None:
        self._flushed.set()

    def data_received(self, data: bytes) -> None:
        self._read += data
        self._next()

    def eof_received(self) -> None:
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._connections.discard(self)

    def abort(self) -> None:
        self._transport.abort()

    def _leave(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        self._flushed.set()

    def _next(self) -> None:
        """Begins to answer if a whole request is there and none is being answered."""
        if self._task is not None or self._gone.done():
            return
        try:
            request = self._request()
        except (ValueError, UnicodeDecodeError):
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            self._transport.close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._answer(request))
            self._task.add_done_callback(self._answered)

    def _request(self) -> Request | None:
        end = self._read.find(_HEAD)
        if end < 0:
            if len(self._read) > _LARGEST_HEAD:
                raise ValueError("no end of the headers")
            return None
        first, *lines = self._read[:end].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if "transfer-encoding" in headers:
            raise ValueError("only bodies of a known length")
        length = int(headers.get("content-length", 0))
        is_too_large = length > self._largest
        begin = end + len(_HEAD)
        if not is_too_large and len(self._read) < begin + length:
            return None
        body = b"" if is_too_large else bytes(self._read[begin : begin + length])
        del self._read[: len(self._read) if is_too_large else begin + length]
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        return Request(method, url.path, query, headers, body, is_too_large, self._gone)

    async def _answer(self, request: Request) -> None:
        response = await self._handle(request)
        is_whole = False
        try:
            is_whole = await self._send(request, response)
        finally:
            response.ended(is_whole)

    async def _send(self, request: Request, response: Response) -> bool:
        """Whether all of it was sent."""
        if not response.status or self._gone.done():
            self._transport.abort() if self._gone.done() else self._transport.close()
            return False
        keeps = (
            response.sent is None
            and not request.is_too_large
            and request.headers.get("connection", "").lower() != "close"
        )
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = "Overloaded"  # 529
        headers = {
            **response.headers,
            "content-length": str(len(response.body)),
            "connection": "keep-alive" if keeps else "close",
        }
        head = [f"HTTP/1.1 {response.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        self._transport.write("\r\n".join(head).encode("latin-1") + _HEAD)
        body = response.body[: response.sent]
        length = max(1, -(-len(body) // response.pieces))
        for begin in range(0, len(body), length):
            if begin and response.between is not None:
                await response.between()
            if not self._transport.is_closing():
                self._transport.write(body[begin : begin + length])
        await self._flushed.wait()
        # A write that fails closes the transport at once, and says that it is lost only later.
        is_whole = response.sent is None and not self._transport.is_closing()
        if response.sent is not None:
            self._transport.write_eof()  # what was sent arrives; the other side closes
        elif not keeps:
            self._transport.close()
        return is_whole

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()
            self._next()
