"""Files that are trusted as code is: who may have written them, and how much is read.

A compiled set holds code of the engine. So a file counts only if nobody but this user and root can
have written it, as ssh has it for its keys: owner and mode of the file that was opened, and of the
folder that it was opened in, so that nothing can be exchanged between the look and the reading.
Links are not followed, and `files.open_handle` refuses what is not a regular file.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatecore.files import FileRefusedError, open_handle

__all__ = ["UnsafeFileError", "append", "check_folder", "read", "remove_stale", "replace"]

#: Largest file that is read: ten times the set of the largest host that we know.
_MOST_BYTES: Final = 1 << 30

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)

#: A writer needs seconds; what is older was left by one that was killed.
_STALE_SECONDS: Final = 3600


class UnsafeFileError(OSError):
    """A file or folder is not used because others could have written it; says which and why."""


def read(path: Path) -> bytes:
    """The content of a file that only this user or root can have written.

    Raises:
        FileNotFoundError: There is none.
        UnsafeFileError: It is a link, no regular file, too large, or others may write it or its
            folder.
        OSError: Whatever else the system says.
    """
    with (
        _opened_folder(path.parent) as folder,
        os.fdopen(_open(path, os.O_RDONLY, folder), "rb") as file,
    ):
        if os.fstat(file.fileno()).st_size > _MOST_BYTES:
            raise UnsafeFileError(f"it is larger than {_MOST_BYTES:,} bytes")
        return file.read(_MOST_BYTES)


def append(path: Path, content: bytes) -> None:
    """Adds to a file in one write, so that lines of several writers are not mixed.

    Raises:
        UnsafeFileError, OSError: As `read`.
    """
    with _opened_folder(path.parent) as folder:
        handle = _open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, folder)
        try:
            written = os.write(handle, content)
        finally:
            os.close(handle)
    if written != len(content):
        raise OSError(f"{written} of {len(content)} bytes could be written")


def replace(path: Path, content: bytes) -> None:
    """Writes a file so that readers see the old one or the new one, never half of it.

    It can be read by this user alone. A link in its place is replaced, not followed.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def check_folder(folder: Path) -> None:
    """Raises `UnsafeFileError` if others may write into a folder, `OSError` if there is none."""
    with _opened_folder(folder):
        pass


def remove_stale(folder: Path) -> None:
    """Removes what writers that were killed have left in a folder."""
    before = time.time() - _STALE_SECONDS
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.name.startswith(".") and path.name.endswith(".part"):
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime < before:
                        path.unlink()


@contextlib.contextmanager
def _opened_folder(folder: Path) -> Iterator[int | None]:
    """A handle of a folder that others cannot write; `None` where the system has none."""
    if os.open not in os.supports_dir_fd:
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
        yield None
        return
    # A folder may be reached by a link: what counts is where it leads.
    flags = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | flags)
    try:
        _check_others(os.fstat(handle), f"the folder {folder}")
        yield handle
    finally:
        os.close(handle)


def _open(path: Path, flags: int, folder: int | None) -> int:
    """A handle of a regular file that others cannot write."""
    where = path if folder is None else path.name
    try:
        handle = open_handle(where, flags | _NO_LINKS, folder=folder)
    except FileRefusedError:
        raise UnsafeFileError("it is not a regular file") from None
    except OSError as error:
        with contextlib.suppress(OSError):
            if stat.S_ISLNK(os.lstat(path).st_mode):
                raise UnsafeFileError("it is a symbolic link; put the file there") from error
        raise
    try:
        _check_others(os.fstat(handle), "the file")
    except OSError:
        os.close(handle)
        raise
    return handle


def _check_others(found: os.stat_result, what: str) -> None:
    """Raises if somebody else but root owns or may write it."""
    if not hasattr(os, "geteuid"):
        return  # Windows: the user's profile is the user's
    user = os.geteuid()
    if found.st_uid not in (user, 0):
        raise UnsafeFileError(
            f"{what} belongs to user {found.st_uid}, who could put code there; it must belong to "
            f"user {user} or root"
        )
    if found.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(found.st_mode)
        raise UnsafeFileError(
            f"others may write to {what} (mode {mode:04o}), and so put code there; chmod go-w"
        )
