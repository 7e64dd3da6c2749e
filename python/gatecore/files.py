"""Files that somebody names: read no further than asked for, and written whole or not at all.

A path may name a pipe that nobody writes to, an endless device or a broken link. What is not a
regular file is refused before it is opened, as opening a device may have effects, and checked again
once open, as it may have been replaced. The limit holds while reading, since files in `/proc` have
no size. Without `pathlib`, whose import costs a host 5 ms.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import IO, BinaryIO, Final, TextIO

from gatecore.errors import GatecoreError
from gatecore.text import visible

__all__ = [
    "MAX_SIZE",
    "FileRefusedError",
    "in_words",
    "kind_of_special",
    "open_file",
    "open_handle",
    "read_file",
    "read_stream",
    "what_else",
    "writing",
]

MAX_SIZE: Final = 100_000_000
"""Bytes of a document unless asked otherwise: a check takes about ten times that in memory."""

_AT_A_TIME: Final = 1 << 20
_CAREFULLY: Final = (
    getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
)


class FileRefusedError(GatecoreError):
    """A file that is not read, with the reason and what to do."""

    def __init__(self, path: str, reason: str, advice: str, *, kind: str = "") -> None:
        self.path = path
        self.reason = reason
        self.advice = advice
        self.is_folder = kind == "folder"
        self.is_special = kind == "special"
        self.is_large = kind == "large"
        super().__init__(f"{visible(path)}: {reason}; {advice}")

    @classmethod
    def of(cls, path: str, error: OSError) -> FileRefusedError:
        """The refusal for what the system says about a path."""
        if isinstance(error, FileNotFoundError):
            if os.path.islink(path):  # noqa: PTH114
                return cls(path, "it is a link to nothing", "mend the link")
            return cls(path, "there is no such file", "check the path")
        if isinstance(error, IsADirectoryError):
            return cls(path, "it is a folder", "name a file", kind="folder")
        if isinstance(error, PermissionError):
            return cls(path, "it may not be read", "check its permissions")
        if error.errno == errno.ELOOP:
            return cls(path, "its links lead round in a circle", "mend the links")
        return cls(path, f"it cannot be read: {error.strerror}", "check the path")


def open_handle(
    path: str | os.PathLike[str],
    flags: int = os.O_RDONLY,
    *,
    folder: int | None = None,
    special: bool = False,
) -> int:
    """A handle of a regular file, or with `special` of a pipe or device.

    `folder` is the handle of the folder in which a name is looked up. What is created with
    `O_CREAT` is its owner's alone.

    Raises:
        FileRefusedError: It is something else.
        OSError: The system cannot open it.
        ValueError: The path has a NUL.
    """
    # Without waiting for a pipe's writer or a modem's carrier.
    flags |= 0 if special else getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | _CAREFULLY, 0o600, dir_fd=folder)
    try:
        _refuse_special(os.fspath(path), os.fstat(handle).st_mode, special)
    except (OSError, FileRefusedError):
        os.close(handle)
        raise
    return handle


def open_file(path: str | os.PathLike[str], *, special: bool = False) -> BinaryIO:
    """A regular file, opened to be read; with `special` a pipe or device too.

    Raises as `open_handle`.
    """
    name = os.fspath(path)
    _refuse_special(name, os.stat(name).st_mode, special)  # noqa: PTH116
    return os.fdopen(open_handle(name, special=special), "rb")


def read_file(
    path: str | os.PathLike[str], *, max_size: int = MAX_SIZE, special: bool = False
) -> bytes:
    """The bytes of a regular file; with `special` of a pipe or device too, up to the limit.

    Raises:
        FileRefusedError: It is something else, cannot be read, or is larger than `max_size`.
        ValueError: The path has a NUL.
    """
    name = os.fspath(path)
    try:
        with open_file(name, special=special) as stream:
            status = os.fstat(stream.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > max_size:
                raise _too_large(name, max_size, status.st_size)
            return read_stream(stream, name, max_size=max_size)
    except OSError as error:
        raise FileRefusedError.of(name, error) from None


def what_else(path: str | os.PathLike[str]) -> str:
    """What stands at a path where a file was looked for; '' for a file or a folder."""
    name = os.fspath(path)
    try:
        return kind_of_special(os.stat(name).st_mode)  # noqa: PTH116
    except OSError as error:
        return FileRefusedError.of(name, error).reason.removeprefix("it is ")


def kind_of_special(mode: int) -> str:
    """What a mode says of a path that is neither a file nor a folder; '' for those two.

    >>> kind_of_special(stat.S_IFIFO), kind_of_special(stat.S_IFREG)
    ('a pipe', '')
    """
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def in_words(size: int) -> str:
    """A number of bytes as people say it.

    >>> in_words(100_000_000), in_words(1_234)
    ('100 MB', '1.2 kB')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"


def _refuse_special(name: str, mode: int, special: bool) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not special and (kind := kind_of_special(mode)):
        raise FileRefusedError(name, f"it is {kind}, not a file", "name a file", kind="special")


def read_stream(stream: IO[bytes], name: str = "<stdin>", *, max_size: int = MAX_SIZE) -> bytes:
    """What is left of a stream, up to the limit; errors call it by the name.

    Raises:
        FileRefusedError: There is more.
        OSError: It cannot be read.
    """
    parts: list[bytes] = []
    size = 0
    while size <= max_size:
        part = stream.read(min(_AT_A_TIME, max_size + 1 - size))
        if part is None:  # nothing there yet, and it was not to be waited for
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), name)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise _too_large(name, max_size, None)


def _too_large(name: str, max_size: int, size: int | None) -> FileRefusedError:
    has = "more than" if size is None else f"{in_words(size)}, more than"
    reason = f"it has {has} the {in_words(max_size)} that are read"
    return FileRefusedError(name, reason, "split it", kind="large")


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A text in UTF-8 that takes a file's place once it is whole, and leaves it alone otherwise.

    Whoever is killed leaves a hidden file ending in `.part` behind, never half of the file itself.
    Of a link the file that it leads to is replaced; a pipe or a device is written to as it is.

    Raises:
        OSError: It cannot be written.
    """
    name = os.path.realpath(path)
    if os.path.exists(name) and not os.path.isfile(name):  # noqa: PTH110,PTH113
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as stream:  # noqa: PTH123
            yield stream
        return
    import tempfile

    folder, last = os.path.split(name)
    handle, part = tempfile.mkstemp(prefix=f".{last[:100]}.", suffix=".part", dir=folder)
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:  # noqa: PTH123
            yield stream
            stream.flush()
            os.fchmod(handle, _mode_of(name))
            os.fsync(handle)
        os.replace(part, name)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108
        raise


def _mode_of(name: str) -> int:
    """The mode of the file that is there, else that of any new file."""
    try:
        return stat.S_IMODE(os.stat(name).st_mode)  # noqa: PTH116
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
