"""A Redis of one's own, on a socket in a folder of its own: for tests and for figures."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["RedisServer", "redis_server"]


class RedisServer:
    """A server that can be killed, stopped and begun again.

    Attributes:
        url: Where it is.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"
        self.begin()

    def begin(self) -> None:
        """Begins it, from its file if it saved one, and waits until it answers."""
        command = ["redis-server", "--port", "0", "--unixsocket", str(self._socket)]
        command += ["--save", "", "--dir", str(self._folder), *self._options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 30
        while b"PONG" not in self.say("PING"):
            assert self._process.poll() is None, "redis-server ended"
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.01)

    def say(self, *words: str) -> bytes:
        """What it answers to a command; nothing if it is not there."""
        line = b"*%d\r\n" % len(words)
        for word in words:
            line += b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self._socket))
                connection.sendall(line)
                return connection.recv(65536)
        except OSError:
            return b""

    def kill(self) -> None:
        """Ends it at once; nothing is saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Has it answer nothing, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Ends a pause."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A server for a while."""
    folder = Path(tempfile.mkdtemp(prefix="gatecore-redis-"))  # a short path: sockets need one
    server = RedisServer(folder, *options)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
