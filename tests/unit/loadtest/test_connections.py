"""The client for HTTP: where an answer ends, whatever its form and wherever it is cut."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import Sequence
from http.client import BadStatusLine, HTTPResponse, RemoteDisconnected
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.errors import LoadError
from gatecore.loadtest.connections import Connection, Connections

BODIES = st.binary(max_size=60)
STATUSES = st.sampled_from([200, 204, 304, 404, 503])
HEADERS = st.sampled_from([[], ["X-A: b"], ["Connection: keep-alive", "Server: s"]])


class Silent(asyncio.Transport):
    """Takes everything and says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.is_aborted = True


class Socket:
    """What `http.client` reads an answer from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _status_by_oracle(answer: bytes) -> int:
    """As the standard library reads it, to the end."""
    response = HTTPResponse(Socket(answer), method="POST")  # type: ignore[arg-type]
    response.begin()
    response.read()
    return response.status


async def _fed(pieces: Sequence[bytes], *, is_closed: bool = False) -> tuple[int, Connection, int]:
    """The status, the connection, and after how many pieces it was there."""
    connection = Connection(set())
    connection.connection_made(Silent())
    asked = asyncio.ensure_future(connection.post(b"request", 60.0))
    await asyncio.sleep(0)
    fed = 0
    for piece in pieces:
        connection.data_received(piece)
        fed += 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if asked.done():
            break
    if is_closed:
        connection.eof_received()
    return await asked, connection, fed


def _cut(answer: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(answer) + 1) for place in places} | {0, len(answer)})
    return [answer[begin:end] for begin, end in itertools.pairwise(ends)]


def _head(status: int, headers: list[str]) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Because", *headers, "", ""]).encode()


@settings(deadline=None)
@given(STATUSES, HEADERS, st.lists(BODIES, max_size=4), st.booleans(), st.lists(st.integers(0)))
def test_an_answer_ends_where_it_ends(
    status: int, headers: list[str], parts: list[bytes], is_chunked: bool, places: list[int]
) -> None:
    """With a length or in chunks, in any pieces: not before the last byte, and no later."""
    if status in (204, 304):
        body, headers = b"", [*headers]
    elif is_chunked:
        headers = [*headers, "Transfer-Encoding: chunked"]
        chunks = [b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in parts if part]
        body = b"".join(chunks) + b"0\r\nTrailer: t\r\n\r\n"
    else:
        body = b"".join(parts)
        headers = [*headers, f"Content-Length: {len(body)}"]
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + _head(status, headers) + body
    pieces = _cut(answer, places)
    found, connection, fed = asyncio.run(_fed(pieces))
    assert found == status == _status_by_oracle(answer)
    assert fed == len(pieces)
    assert connection.is_open


def test_without_a_length_it_ends_with_the_connection() -> None:
    answer = _head(200, []) + b"some text"
    found, connection, _ = asyncio.run(_fed([answer[:20], answer[20:]], is_closed=True))
    assert (found, connection.is_open) == (200, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd",
    ],
)
def test_a_connection_is_not_kept(answer: bytes) -> None:
    """If the server says so, or has sent more than an answer."""
    found, connection, _ = asyncio.run(_fed([answer]))
    assert (found, connection.is_open) == (200, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 many OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: few\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
    ],
)
def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    with pytest.raises(BadStatusLine):
        asyncio.run(_fed([answer]))


def test_an_answer_that_is_cut_off_is_an_error() -> None:
    async def cut() -> None:
        connection = Connection(set())
        connection.connection_made(Silent())
        asked = asyncio.ensure_future(connection.post(b"request", 60.0))
        await asyncio.sleep(0)
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
        connection.connection_lost(None)
        await asked

    with pytest.raises(RemoteDisconnected):
        asyncio.run(cut())


def test_who_is_cancelled_leaves_no_answer_for_the_next() -> None:
    async def cancelled() -> tuple[bool, bool]:
        connection, transport = Connection(set()), Silent()
        connection.connection_made(transport)
        asked = asyncio.ensure_future(connection.post(b"request", 60.0))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return connection.is_open, transport.is_aborted

    assert asyncio.run(cancelled()) == (False, True)


async def _counted(requests: int, at_once: int, most: int) -> tuple[int, int]:
    """Connections that a server has seen in all, and at once."""
    seen = [0, 0, 0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen[0] += 1
        seen[1] += 1
        seen[2] = max(seen[1:])
        try:
            while await reader.readuntil(b"\r\n\r\nbody"):
                await asyncio.sleep(0.001)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except asyncio.IncompleteReadError:
            writer.close()
        seen[1] -= 1

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = Connections(f"http://127.0.0.1:{port}/a?b=c", {}, most=most, timeout=10.0)
        for _ in range(requests):
            found = await asyncio.gather(*(client.post(b"body") for _ in range(at_once)))
            assert found == [200] * at_once
        await client.close()
        await asyncio.sleep(0.01)
    return seen[0], seen[2]


@pytest.mark.parametrize(("at_once", "most", "expected"), [(1, 9, 1), (5, 9, 5), (9, 2, 2)])
def test_connections_are_kept_and_no_more_than_allowed(
    at_once: int, most: int, expected: int
) -> None:
    assert asyncio.run(_counted(4, at_once, most)) == (expected, expected)


@pytest.mark.parametrize(
    ("url", "headers", "said"),
    [
        ("http://127.0.0.1:99999/", {}, "a port that is none"),
        ("http:///validate", {}, "http://host"),
        ("http://a:b@127.0.0.1/", {}, "no password"),
        ("http://127.0.0.1/é", {}, "HTTP cannot send"),
        ("http://127.0.0.1/a b", {}, "%20"),
        ("http://127.0.0.1/", {"X": "a\r\nY: b"}, "HTTP cannot send"),
    ],
)
def test_what_cannot_be_sent_is_refused(url: str, headers: Any, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        Connections(url, headers, most=1, timeout=1.0)
