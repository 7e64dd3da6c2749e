"""A real Prometheus that scrapes this process while it validates: what both counted.

`python -m tests.unit.metrics.scraping 60` does it for a minute.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Final
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from gatecore import ComplianceEngine
from gatecore.cache import MemoryCache
from gatecore.metrics import Metrics, rules, wsgi_app

__all__ = ["figures"]

_INTERVAL: Final = 1  # seconds between scrapes, the least that Prometheus suggests
_WORKING: Final = 0.5  # of the time, so that the scraper has its processor

_QUERIES: Final = {
    "gatecore_validations": "sum(gatecore_validations_total)",
    "gatecore_cached": 'sum(gatecore_validations_total{cached="true"})',
    "gatecore_validation_seconds_count": "sum(gatecore_validation_seconds_count)",
    "gatecore_document_characters": "gatecore_document_characters_total",
    "gatecore_verdicts": 'sum(gatecore_gate_verdicts_total{module="gdpr_uk"})',
    "gatecore_in_flight": "gatecore_validations_in_flight",
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _serving(metrics: Metrics) -> Iterator[int]:
    app: Any = wsgi_app(metrics)
    with make_server("127.0.0.1", 0, app, _Threaded, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def _prometheus(folder: Path, target: int) -> Iterator[int]:
    (folder / "rules.yaml").write_text(rules(), "utf-8")
    config = {
        "global": {"scrape_interval": f"{_INTERVAL}s", "evaluation_interval": f"{_INTERVAL}s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {"job_name": "gatecore", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        ],
    }
    (folder / "prometheus.yaml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
    port = _free_port()
    with (folder / "log").open("w") as log:
        program = subprocess.Popen(
            [
                *("prometheus", f"--config.file={folder / 'prometheus.yaml'}"),
                *(f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            yield port
        finally:
            program.terminate()
            program.wait(30)


def _asked(port: int, path: str, **question: str) -> Any:
    address = f"http://127.0.0.1:{port}/api/v1/{path}?{urlencode(question)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)["data"]


def _until_ready(port: int) -> None:
    """Waits until it has scraped once."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if _asked(port, "query", query="up == 1")["result"]:
                return
        time.sleep(0.1)
    raise TimeoutError("Prometheus did not scrape within a minute")


def _number(port: int, query: str) -> float:
    (found,) = _asked(port, "query", query=query)["result"] or [{"value": (0, "nan")}]
    return float(found["value"][1])


def figures(folder: Path, seconds: float) -> tuple[dict[str, float], dict[str, float], set[str]]:
    """Validates for some seconds under the eyes of Prometheus.

    Returns:
        What this process counted, what Prometheus has of it at the end, and the health of its
        rules.
    """
    metrics, cache = Metrics(), MemoryCache()
    engine = ComplianceEngine(["gdpr_uk"], cache=cache, observers=[metrics])
    gates = len(engine.validate_document("warm").modules["gdpr_uk"].gates)
    before = engine.counters().gates["gdpr_uk/consent"].judged - 1
    metrics.watch_engine(engine)
    metrics.watch_cache("reports", cache)
    characters, asked, known = len("warm"), 1, {"warm"}
    with _serving(metrics) as target, _prometheus(folder, target) as port:
        _until_ready(port)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            text = f"By using this site you consent to cookies. {asked % 997}"
            known.add(text)
            engine.validate_document(text)
            asked, characters = asked + 1, characters + len(text)
            time.sleep((time.monotonic() - begun) / _WORKING * (1 - _WORKING))
        own = {
            "gatecore_validations": asked,
            "gatecore_cached": asked - len(known),
            "gatecore_validation_seconds_count": asked,
            "gatecore_document_characters": characters,
            "gatecore_verdicts": (before + len(known)) * gates,
            "gatecore_in_flight": 0,
        }
        seen: dict[str, float] = {}
        end = time.monotonic() + 20
        while seen != own and time.monotonic() < end:
            time.sleep(_INTERVAL / 2)
            seen = {name: _number(port, query) for name, query in _QUERIES.items()}
        groups = _asked(port, "rules")["groups"]
        health = {rule["health"] for group in groups for rule in group["rules"]}
    return {name: float(number) for name, number in own.items()}, seen, health


if __name__ == "__main__":
    if shutil.which("prometheus") is None:
        sys.exit("prometheus is not here")
    with tempfile.TemporaryDirectory() as place:
        print(*figures(Path(place), float(sys.argv[1])), sep="\n")
