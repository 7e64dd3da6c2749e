"""A service as a target, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from gatecore.errors import LoadError
from gatecore.loadtest import HTTPTarget, LoadPlan, Stage, constant, load
from gatecore.testing.http_server import HTTPServer, Request, Response


class Service:
    """Counts what it is sent, and answers as its documents ask."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.server = HTTPServer(self._answer, largest=1_000_000)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/validate"

    async def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        if b"slow" in request.body:
            await asyncio.sleep(10)
        if b"refused" in request.body:
            return Response(503, b"{}")
        if b"broken" in request.body:
            return Response(0)
        return Response(200, b'{"risk": "LOW"}')


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.stop()


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_documents_are_posted(service: Service, mode: str) -> None:
    """With the headers and the body that were asked for, each its own document."""
    target = HTTPTarget(
        service.url,
        body={"text": "{document}", "options": {"type": "letter"}},
        headers={"Authorization": "Bearer t"},
    )
    level = 100 if mode == "open" else 4
    result = load(target, ['say "é"'], LoadPlan(mode=mode, stages=(Stage(level, 0.5),)))  # type: ignore[arg-type]
    assert result.errors == {}
    assert result.sent == result.answered == len(service.requests) > 10
    bodies = [json.loads(request.body) for request in service.requests]
    assert all(body["options"] == {"type": "letter"} for body in bodies)
    assert len({body["text"] for body in bodies}) == len(bodies)
    assert all(body["text"].startswith('say "é"\n') for body in bodies)
    first = service.requests[0]
    assert (first.method, first.path) == ("POST", "/validate")
    assert first.headers["authorization"] == "Bearer t"
    assert first.headers["content-type"] == "application/json"
    assert result.memory == ()
    assert "Bearer" not in str(result.to_dict())


@pytest.mark.parametrize(
    ("text", "error"),
    [("refused", "HTTP 503"), ("broken", "RemoteDisconnected"), ("slow", "TimeoutError")],
)
def test_what_is_no_answer_is_an_error(service: Service, text: str, error: str) -> None:
    target = HTTPTarget(service.url, timeout=0.1)
    result = load(target, [text], constant("closed", 2, 0.3))
    assert set(result.errors) == {error}
    assert result.answered == 0
    assert result.sent == sum(result.errors.values()) > 0


def test_a_service_that_is_not_there_is_an_error(service: Service) -> None:
    url = service.url
    service.server.stop()
    result = load(HTTPTarget(url), ["text"], constant("closed", 1, 0.1))
    assert set(result.errors) == {"ConnectionRefusedError"}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (None, {"text": "a"}),
        ({"document": "{document}"}, {"document": "a"}),
        (["{document}", 1], ["a", 1]),
        ("{document}", "a"),
        ({"a": {"b": ["{document}"]}, "c": None}, {"a": {"b": ["a"]}, "c": None}),
    ],
)
def test_the_document_stands_where_the_body_says(body: object, sent: object) -> None:
    target = HTTPTarget("http://127.0.0.1/", body=body)
    assert json.loads(target.content("a")) == sent


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(LoadError, match="written as http"):
        HTTPTarget("ftp://127.0.0.1/")
    with pytest.raises(LoadError, match="stands for the document"):
        HTTPTarget("http://127.0.0.1/", body={"text": "document"})
    with pytest.raises(LoadError, match="0 connections"):
        HTTPTarget("http://127.0.0.1/", connections=0)
