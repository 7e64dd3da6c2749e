"""`/metrics` and `/healthz`, to be mounted in a web application of either kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gatecore.metrics.health import Health
from gatecore.metrics.prometheus import registry_of

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from gatecore.metrics.metrics import Metrics

__all__ = ["asgi_app", "wsgi_app"]

_Message: TypeAlias = "MutableMapping[str, Any]"
_Receive: TypeAlias = "Callable[[], Awaitable[_Message]]"
_Send: TypeAlias = "Callable[[_Message], Awaitable[None]]"
_ASGI: TypeAlias = "Callable[[_Message, _Receive, _Send], Awaitable[None]]"
_WSGI: TypeAlias = "Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]"

_PLAIN: Final = "text/plain; charset=utf-8"
_REASONS: Final = {
    200: "200 OK",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}


class _Pages:
    """Answers both kinds of applications."""

    def __init__(
        self, metrics: Metrics, health: Health | None, registry: CollectorRegistry | None
    ) -> None:
        self._health = health or Health(metrics)
        self._registry = registry or registry_of(metrics)

    def answer(self, method: str, path: str, accept: str) -> tuple[int, str, bytes]:
        """The status, the content's type and the content."""
        pages = {"metrics": self._metrics, "healthz": self._healthz}
        page = pages.get(path.rstrip("/").rpartition("/")[2])
        if page is None:
            return 404, _PLAIN, b"There are /metrics and /healthz.\n"
        if method not in ("GET", "HEAD"):
            return 405, _PLAIN, b"GET and HEAD only.\n"
        try:
            return page(accept)
        except Exception as error:
            return 500, _PLAIN, f"{type(error).__name__}\n".encode()

    def _metrics(self, accept: str) -> tuple[int, str, bytes]:
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        return 200, content_type, encode(self._registry)

    def _healthz(self, _: str) -> tuple[int, str, bytes]:
        said = self._health.to_dict()
        status = 503 if said["status"] == "failing" else 200
        return status, "application/json", json.dumps(said).encode()


def asgi_app(
    metrics: Metrics, *, health: Health | None = None, registry: CollectorRegistry | None = None
) -> _ASGI:
    """An ASGI application with `/metrics` and `/healthz`, for Starlette, FastAPI, Django, uvicorn.

    Args:
        metrics: What is counted and watched.
        health: What is wrong; of what `metrics` watches if not given. The answer is JSON, 503 if
            the process should not be sent documents.
        registry: What `/metrics` shows; if not given, `metrics` and what the process takes.

    Both are read in a thread, so the event loop goes on. Whoever can reach them reads names of
    modules and gates and how often they complain, so do not show them to the world.

    Raises:
        ImportError: `prometheus-client` is not installed: `pip install "gatecore-re[prometheus]"`.

    >>> from gatecore.metrics import Metrics, asgi_app
    >>> app = asgi_app(Metrics())
    >>> # Starlette: routes=[Mount("/monitoring", app)], and Prometheus asks /monitoring/metrics
    """
    pages = _Pages(metrics, health, registry)

    async def app(scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"this application answers HTTP, not {scope['type']}")
        accept = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
        # Mounted as `/metrics` itself there may be nothing left of the path but the mount.
        path = scope["path"] if scope["path"].strip("/") else scope.get("root_path", "")
        asked = scope["method"], path, accept.decode("latin-1")
        status, kind, content = await asyncio.to_thread(pages.answer, *asked)
        headers = [
            (b"content-type", kind.encode("latin-1")),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": body})

    return app


async def _lifespan(receive: _Receive, send: _Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def wsgi_app(
    metrics: Metrics, *, health: Health | None = None, registry: CollectorRegistry | None = None
) -> _WSGI:
    """The same as a WSGI application, for Flask, Django, gunicorn.

    Args:
        metrics: As for `asgi_app`.
        health: Likewise.
        registry: Likewise.

    Raises:
        ImportError: Likewise.

    >>> from gatecore.metrics import Metrics, wsgi_app
    >>> app = wsgi_app(Metrics())
    >>> said = []
    >>> asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz"}
    >>> app(asked, lambda status, headers: said.append(status)), said
    ([b'{"status": "ok", "problems": []}'], ['200 OK'])
    """
    pages = _Pages(metrics, health, registry)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        status, kind, content = pages.answer(method, path, environ.get("HTTP_ACCEPT", ""))
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
        ]
        start_response(_REASONS[status], headers)
        return [] if method == "HEAD" else [content]

    return app
