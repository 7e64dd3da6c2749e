"""`/metrics` and `/healthz` as ASGI and as WSGI: the same answers, wherever they are mounted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from wsgiref.validate import validator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from gatecore.metrics import Health, Metrics, asgi_app, wsgi_app

Answer = tuple[int, Mapping[str, str], bytes]


def ask_wsgi(app: Any, method: str, path: str, mount: str = "", accept: str = "") -> Answer:
    said: list[Any] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": mount,
        "PATH_INFO": path,
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "QUERY_STRING": "",
    }
    if accept:
        environ["HTTP_ACCEPT"] = accept
    from wsgiref.util import setup_testing_defaults

    setup_testing_defaults(environ)

    def start(status: str, headers: Any, error: Any = None, /) -> Any:
        said.extend((status, headers))

    body = validator(app)(environ, start)
    content = b"".join(body)
    body.close()  # type: ignore[attr-defined]
    headers = {name.lower(): value for name, value in said[1]}
    return int(said[0].split()[0]), headers, content


def ask_asgi(app: Any, method: str, path: str, mount: str = "", accept: str = "") -> Answer:
    """As Starlette mounts it: the path is whole, `root_path` is the mount."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"accept", accept.encode())] if accept else []
    scope = {"type": "http", "method": method, "headers": headers}
    asyncio.run(app({**scope, "path": f"{mount}{path}", "root_path": mount}, receive, send))
    start, body = sent
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    plain = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], plain, body["body"]


@pytest.fixture(params=["wsgi", "asgi"])
def served(request: pytest.FixtureRequest) -> Iterator[Callable[..., Answer]]:
    """Asks an application that is made of the same arguments, of either kind."""
    if request.param == "wsgi":
        yield lambda made, *asked, **more: ask_wsgi(wsgi_app(*made[0], **made[1]), *asked, **more)
    else:
        yield lambda made, *asked, **more: ask_asgi(asgi_app(*made[0], **made[1]), *asked, **more)


def of(*arguments: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return arguments, named


@pytest.mark.parametrize("mount", ["", "/monitoring", "/a/b"])
def test_metrics_are_text_that_prometheus_reads(served: Any, mount: str) -> None:
    status, headers, body = served(of(Metrics()), "GET", "/metrics", mount)
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert headers["content-length"] == str(len(body))
    families = text_string_to_metric_families(body.decode())
    names = {family.name for family in families}
    assert {"gatecore_validations", "process_cpu_seconds", "python_info"} <= names


def test_open_metrics_are_given_to_who_accepts_them(served: Any) -> None:
    accept = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    status, headers, body = served(of(Metrics()), "GET", "/metrics", accept=accept)
    assert status == 200
    assert headers["content-type"].startswith("application/openmetrics-text")
    families = open_families(body.decode())  # type: ignore[no-untyped-call]
    assert any(family.name == "gatecore_validations" for family in families)


def test_a_registry_of_the_hosts_is_what_is_shown(served: Any) -> None:
    status, _, body = served(of(Metrics(), registry=CollectorRegistry()), "GET", "/metrics")
    assert (status, body) == (200, b"")


def test_health_is_json_and_503_if_something_fails(served: Any) -> None:
    metrics = Metrics()
    status, headers, body = served(of(metrics), "GET", "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok", "problems": []})
    assert headers["content-type"] == "application/json"
    health = Health(metrics)
    health.check("disk", lambda: "full")
    status, _, body = served(of(metrics, health=health), "GET", "/healthz")
    assert status == 503
    problem = {"part": "disk", "what": "full", "is_failing": True}
    assert json.loads(body) == {"status": "failing", "problems": [problem]}


def test_other_paths_and_methods_are_refused(served: Any) -> None:
    for path in ("/", "/other", "/metrics/other", "/metricsx"):
        status, _, body = served(of(Metrics()), "GET", path)
        assert (status, body) == (404, b"There are /metrics and /healthz.\n"), path
    assert served(of(Metrics()), "POST", "/metrics")[0] == 405
    status, headers, body = served(of(Metrics()), "HEAD", "/healthz")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


def test_mounted_as_a_page_itself_it_is_that_page(served: Any) -> None:
    assert served(of(Metrics()), "GET", "", "/healthz")[0] == 200
    assert served(of(Metrics()), "GET", "", "/other")[0] == 404


def test_what_breaks_is_500_by_its_type_alone(served: Any) -> None:
    class Broken(CollectorRegistry):
        def collect(self) -> Any:
            raise OSError("a secret")

    status, _, body = served(of(Metrics(), registry=Broken()), "GET", "/metrics")
    assert (status, body) == (500, b"OSError\n")


def test_asgi_begins_and_ends_with_its_server() -> None:
    said: list[str] = []
    coming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(coming)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    app: Any = asgi_app(Metrics())
    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(app({"type": "websocket"}, receive, send))
