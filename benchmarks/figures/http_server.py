"""The host's server in a process, as it is or with the one line; nothing of its files is changed.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.http_server old|new|floor PORT

It runs as the host runs it: `app.run` on 127.0.0.1, which is werkzeug's server of HTTP/1.0. Each
request is a connection, and each connection has a thread of its own, without a limit: a hundred
users are up to a hundred threads of one process. The host's limit of requests a minute is switched
off, as a load test must, on both sides: one attribute of its limiter. Its audit log goes to the
file `AUDIT_DB_PATH`, or else into a temporary folder, on the same disk for both.
"floor" is "new" with an engine that gives one report again and again and judges nothing: HTTP, JSON
and the audit log are left, which no engine can make faster.

    python -m benchmarks.figures.http_server parts old|new

prints what one request is made of instead: milliseconds of this process in each part, one request
after the other and without a network.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import marshal
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.figures.http_load import documents
from benchmarks.inputs import real_host

__all__ = ["load", "main", "parts"]

_ENDPOINT: Final = "/api/validate-document"
#: What a request is made of: names in the server module, or in what it holds.
PARTS: Final = (
    ("engine", "check_document"),
    ("audit_log", "log_validation"),
    ("cache", "get"),
    ("cache", "set"),
    ("", "jsonify"),
)


def load(kind: str) -> Any:
    """The host's server module; "new" and "floor" are accelerated. It writes to one folder only."""
    audit = os.environ.setdefault("AUDIT_DB_PATH", f"{tempfile.mkdtemp()}/audit.db")
    os.chdir(Path(audit).parent)
    sys.path.insert(0, str(real_host.home().resolve() / "backend"))
    with contextlib.redirect_stdout(io.StringIO()):
        import server  # type: ignore[import-not-found, unused-ignore]
    server.rate_limiter.is_allowed = lambda *_: True
    if kind != "old":
        import gatecore

        gatecore.accelerate(server).wait()
    if kind == "floor":
        report = server.engine.check_document(next(documents(1)), "contract", None)
        written = marshal.dumps(report)
        server.engine.check_document = lambda **_: marshal.loads(written)
    return server


def parts(kind: str, count: int = 60) -> dict[str, float]:
    """Median milliseconds of each part of a request for a new document, and of the whole."""
    server = load(kind)
    took: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                took.setdefault(name, []).append((time.perf_counter() - begin) * 1e3)

        return measured

    client = server.app.test_client()
    ask = timed("whole request", lambda text: client.post(_ENDPOINT, json={"text": text}))
    texts = documents(99)
    for text in itertools.islice(texts, 40 if kind == "new" else 3):
        ask(text)
    for holder, name in PARTS:
        owner = getattr(server, holder) if holder else server
        setattr(owner, name, timed(f"{holder}.{name}".strip("."), getattr(owner, name)))
    took.clear()
    for text in itertools.islice(texts, count):
        assert ask(text).status_code == 200
    return {name: statistics.median(values) for name, values in took.items()}


def main() -> int:
    """Serves until it is ended."""
    if sys.argv[1] == "parts":
        kind = sys.argv[2]
        print(json.dumps(parts(kind, 60 if kind == "new" else 10)))
        return 0
    server = load(sys.argv[1])
    server.app.run(host="127.0.0.1", port=int(sys.argv[2]), debug=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
