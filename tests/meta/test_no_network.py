"""Nothing leaves the machine: the tests around a language model run where there is no network.

Twice: in a network namespace that has loopback only, where the kernel is the judge, and with an
audit hook, which sees what a program asks for before the kernel does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.process import environment, run_python

ROOT: Final = Path(__file__).parents[2]
#: The tests whose code could ask a service; a folder that is not there yet has none.
WATCHED: Final = [
    str(folder)
    for name in ("semantic", "testing")
    if (folder := ROOT / "tests" / "unit" / name).is_dir()
]
_NAMESPACE: Final = ["unshare", "--net", "--map-root-user"]
#: Sets IFF_UP on `lo`, as there may be no `ip`; the interface's flags are SIOCGIFFLAGS, SIOCSIFFLAGS.
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
sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *sys.argv[1:]]))
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


def _in_namespace(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_NAMESPACE, sys.executable, "-c", code, *arguments],
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


@pytest.mark.skipif(not _has_namespaces(), reason="the kernel gives no network namespace")
def test_a_namespace_has_no_way_out() -> None:
    """Loopback has to be set up there; before that, even it is not reached."""
    assert _in_namespace(_LOOPBACK_UP + _OUTSIDE).stderr == ""
    assert "OSError" in _in_namespace(_OUTSIDE).stderr


@pytest.mark.skipif(not _has_namespaces(), reason="the kernel gives no network namespace")
def test_the_tests_pass_where_there_is_no_network() -> None:
    """Whatever they use: a library in C would be seen as well."""
    ran = _in_namespace(_LOOPBACK_UP + _OUTSIDE + _TESTS, *WATCHED)
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
    assert " passed" in ran.stdout


def test_no_test_asks_for_an_address_outside() -> None:
    """The same by an audit hook, wherever the tests run; it has seen that they use sockets."""
    code = (
        _HOOK
        + _TESTS.replace("sys.exit(", "code = ").replace("]))", "])")
        + "\nassert len(asked) > 50, asked\nsys.exit(code)\n"
    )
    ran = run_python(code, *WATCHED, cwd=ROOT, seconds=600)
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
    ran = run_python(_HOOK + f"import socket, urllib.request\n{attempt}\n")
    assert "outside of this machine" in ran.stderr


def test_the_hook_lets_loopback_pass() -> None:
    """Otherwise it would prove too much."""
    listening = "import socket\nwith socket.create_server(('127.0.0.1', 0)) as one:\n"
    ran = run_python(
        _HOOK + listening + "    socket.create_connection(one.getsockname()).close()\n"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
