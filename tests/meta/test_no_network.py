"""Nothing leaves the machine: the tests around a language model run where there is no network.

Two judges in one run: a network namespace that has loopback only, where the kernel allows one, and
an audit hook, which sees what Python asks for before the kernel does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.process import environment

ROOT: Final = Path(__file__).parents[2]
#: The tests whose code could ask a service; a folder that is not there yet has none.
WATCHED: Final = [
    str(folder)
    for name in ("semantic", "testing")
    if (folder := ROOT / "tests" / "unit" / name).is_dir()
]
_NAMESPACE: Final = ["unshare", "--net", "--map-root-user"]
#: Sets IFF_UP on `lo` (SIOCGIFFLAGS, SIOCSIFFLAGS), as there may be no `ip`.
_LOOPBACK_UP: Final = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    known = fcntl.ioctl(one, 0x8913, struct.pack("16sh22x", b"lo", 0))
    flags = struct.unpack_from("h", known, 16)[0]
    fcntl.ioctl(one, 0x8914, struct.pack("16sh22x", b"lo", flags | 1))
"""
#: An address for documentation (RFC 5737), which no machine has: nobody is ever reached by it.
_OUTSIDE: Final = """
import errno, socket
with socket.socket() as one:
    one.settimeout(5)
    assert one.connect_ex(("192.0.2.1", 443)) == errno.ENETUNREACH, "there is a way out"
with socket.create_server(("127.0.0.1", 0)) as inside:
    socket.create_connection(inside.getsockname(), timeout=5).close()
"""
_TESTS: Final = """
import sys, pytest
code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", *sys.argv[1:]])
assert len(asked) > 50, "the hook has seen next to nothing"
sys.exit(code)
"""
_HOOK: Final = """
import ipaddress, sys

def is_local(host):
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

asked = []

def watch(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a socket of the file system
        host = address[0]
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    asked.append(event)
    if not is_local(host):
        raise PermissionError(f"{event} of something outside of this machine")

sys.addaudithook(watch)
"""


def _has_namespaces() -> bool:
    try:
        return (
            subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        return False


_HAS_NAMESPACES: Final = _has_namespaces()


def _run(code: str, *arguments: str, is_confined: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(_NAMESPACE if is_confined else ()), sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_there_is_something_to_watch() -> None:
    """The folders have tests."""
    assert sum(len([*Path(folder).glob("test_*.py")]) for folder in WATCHED) >= 5


@pytest.mark.skipif(not _HAS_NAMESPACES, reason="the kernel gives no network namespace")
def test_a_namespace_has_no_way_out() -> None:
    """Loopback has to be set up there; before that, even it is not reached."""
    assert _run(_LOOPBACK_UP + _OUTSIDE, is_confined=True).stderr == ""
    assert "OSError" in _run(_OUTSIDE, is_confined=True).stderr


def test_the_tests_pass_where_there_is_no_network() -> None:
    """Under the hook, and in a namespace where the kernel has any: it holds children as well."""
    confined = _LOOPBACK_UP + _OUTSIDE if _HAS_NAMESPACES else ""
    ran = _run(confined + _HOOK + _TESTS, *WATCHED, is_confined=_HAS_NAMESPACES)
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
    assert " passed" in ran.stdout


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 443), timeout=0.01)",
        "socket.getaddrinfo('api.example.org', 443)",
        "socket.gethostbyname('api.example.org')",
        "socket.socket().connect(('192.0.2.1', 443))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "urllib.request.urlopen('http://api.example.org')",
    ],
)
def test_the_hook_sees_who_tries(attempt: str) -> None:
    """And stops it before the kernel is asked."""
    ran = _run(_HOOK + f"import socket, urllib.request\n{attempt}\n")
    assert "outside of this machine" in ran.stderr


def test_the_hook_lets_loopback_pass() -> None:
    """Otherwise it would prove too much."""
    listening = "import socket\nwith socket.create_server(('127.0.0.1', 0)) as one:\n"
    ran = _run(_HOOK + listening + "    socket.create_connection(one.getsockname()).close()\n")
    assert (ran.returncode, ran.stderr) == (0, "")
