"""Logs say what happened, and no byte of them is a document's."""

from __future__ import annotations

import ast
import json
import logging
import shutil
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import gatecore
from gatecore import errors
from gatecore.cache import MemoryCache
from gatecore.metrics import JsonFormatter, ValidationLog
from tests.support.process import run_python
from tests.unit.engine.engines import engine_of, word_of


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Gives the lines of JSON that were logged until it is called."""
    caplog.handler.setFormatter(JsonFormatter())
    caplog.set_level(logging.DEBUG)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in caplog.text.splitlines()]

    return read


def test_a_record_is_a_line_of_json(lines: Any) -> None:
    before = datetime.now(timezone.utc)
    logging.getLogger("gatecore.cache").warning("two\nlines é %s", "£")
    (line,) = lines()
    assert before <= datetime.fromisoformat(line.pop("timestamp")) <= datetime.now(timezone.utc)
    assert line == {
        "level": "WARNING",
        "logger": "gatecore.cache",
        "message": "two\nlines é £",
        "thread": "MainThread",
    }


def test_half_a_character_is_no_obstacle() -> None:
    """Formatted here, not logged: pytest cannot send such a message to its other processes."""
    record = logging.makeLogRecord({"msg": "a %s", "args": ("\ud800",)})
    assert json.loads(JsonFormatter().format(record))["message"] == "a \ud800"


def test_of_an_exception_types_and_places_are_told_and_the_message_if_asked() -> None:
    try:
        raise ValueError("quotes a document")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    plain = JsonFormatter().format(record)
    line = json.loads(plain)
    assert line["exception"] == "ValueError"
    assert "test_logs.py" in line["places"][0]
    assert "quotes" not in plain
    whole = JsonFormatter(exception_messages=True).format(record)
    assert "quotes a document" in json.loads(whole)["exception"]


def test_what_json_cannot_say_is_named_by_its_type() -> None:
    record = logging.makeLogRecord({"msg": "m", "gatecore": {"odd": object(), "level": "mine"}})
    line = json.loads(JsonFormatter().format(record))
    assert line["odd"] == "a object"
    assert line["level"] != "mine"


def test_each_validation_is_a_line(lines: Any) -> None:
    gates = [word_of("a", "apple"), word_of("b", "pear")]
    observers = [ValidationLog()]
    with engine_of(*gates, cache=MemoryCache(), observers=observers) as engine:
        for _ in range(2):
            report = engine.validate_document("An apple.", document_type="note")
        with pytest.raises(errors.UnknownModuleError):
            engine.validate_document("x", modules="hose")
    made, cached, failed = lines()
    assert made["logger"] == "gatecore.engine"
    assert made["failed_gates"] == ["house/a"]
    assert made["seconds"] > 0
    for line, is_cached in ((made, False), (cached, True)):
        expected = {
            "event": "validated",
            "risk": report.overall_risk,
            "characters": 9,
            "cached": is_cached,
            "document_type": "note",
            "modules": ["house"],
            "incomplete": 0,
            "level": "INFO",
        }
        assert {name: line[name] for name in expected} == expected
    assert (failed["event"], failed["error"]) == ("failed", "UnknownModuleError")
    assert failed["level"] == "WARNING"


def test_slow_ones_are_warnings(lines: Any) -> None:
    with engine_of(word_of("a", "apple"), observers=[ValidationLog(slow_seconds=0.0)]) as engine:
        engine.validate_document("x")
    assert lines()[0]["level"] == "WARNING"


def test_what_is_not_logged_costs_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with engine_of(word_of("a", "apple"), observers=[ValidationLog()]) as engine:
        engine.validate_document("x")
    assert caplog.records == []


def test_every_logger_is_one_of_ours_with_no_handler_that_writes() -> None:
    """All come from `gatecore.loggers`, and a program that says nothing hears nothing."""
    root = Path(gatecore.__file__).parent
    own = [path for path in root.rglob("*.py") if "getLogger" in path.read_text("utf-8")]
    assert [path.relative_to(root).as_posix() for path in own] == ["loggers.py"]
    program = """
        import logging
        from gatecore import ComplianceEngine
        class Broken:
            def started(self, asked): raise ValueError("x")
            def finished(self, begun, validation): pass
            def failed(self, begun, error): pass
        engine = ComplianceEngine(["gdpr_uk"], observers=[Broken()])
        engine.validate_document("x")
        print(engine.observer_errors, logging.getLogger("gatecore").handlers)
    """
    ran = run_python(program)
    assert (ran.stdout, ran.stderr) == ("1 [<NullHandler (NOTSET)>]\n", "")


def test_nobody_prints() -> None:
    """Outside the command line, and but for the report of a benchmark, which is asked for."""
    root = Path(gatecore.__file__).parent
    rooms = [root / name for name in ("audit", "cache", "engine", "metrics", "profiling")]
    paths = [
        path
        for room in rooms
        for path in room.rglob("*.py")
        if path.name not in ("__main__.py", "benchmark.py")
    ]
    assert len(paths) > 40
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            assert not (is_print and node.func.id == "print"), path  # type: ignore[attr-defined]


PROGRAM = """
import asyncio, contextlib, logging, sys, threading
from pathlib import Path

from gatecore import AsyncComplianceEngine, ComplianceEngine, EngineOptions, GatecoreError
from gatecore import PatternStore
from gatecore.cache import AsyncRedisCache, MemoryCache, RedisCache, TieredCache
from gatecore.metrics import Health, JsonFormatter, Metrics, Tracing, ValidationLog, wsgi_app
from tests.support.redis_server import redis_server

STORE = PatternStore(sys.argv[1])
MARKED = "zebrafinch"
PERSON = "Jane Quillfeather, QQ 12 34 56 C, jane.quillfeather@example.org, 4111 1111 1111 1111"
TEXT = f"By using this site you consent to cookies. {MARKED} {PERSON} Guaranteed {MARKED} returns!"

plain, as_json = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stderr)
as_json.setFormatter(JsonFormatter())
logging.basicConfig(level=logging.DEBUG, handlers=[plain, as_json])
for name in ("redis", "redis.cache"):
    logging.getLogger(name).setLevel(logging.DEBUG)

class Raises:
    def check(self, text, document_type):
        raise ValueError(text)

class Odd:
    def check(self, text, document_type):
        return {"status": text, "message": text, "matched": object()}

class Hangs:
    def check(self, text, document_type):
        threading.Event().wait(0.1)
        raise RuntimeError(text)

class Broken:
    def started(self, asked): raise KeyError(asked.document_type)
    def finished(self, begun, validation): raise KeyError(TEXT)
    def failed(self, begun, error): raise KeyError(str(error))

class Breaks:
    waits = True
    def started(self, asked): return asked
    def finished(self, begun, validation):
        raise ValueError(validation.report.to_json(), TEXT)
    def failed(self, begun, error): raise ValueError(str(error), TEXT)

def rule(results):
    raise ValueError(TEXT)

class Ill:
    def measurements(self): raise ValueError(TEXT)
    def problems(self): raise ValueError(TEXT)

def all_ways(cache, served_cache=None):
    metrics = Metrics()
    observers = [Tracing(), metrics, ValidationLog(level=logging.DEBUG, slow_seconds=0.001)]
    python = {"m": {"raises": Raises(), "odd": Odd(), "hangs": Hangs()}}
    options = EngineOptions(max_document_characters=10_000, max_abandoned_threads=2)
    engine = ComplianceEngine(
        ["gdpr_uk"], python_modules=python, cache=cache, cross=[rule], options=options, store=STORE,
        observers=[*observers, Broken(), Breaks()],
    )
    metrics.watch_engine(engine)
    metrics.watch("ill", Ill())
    if cache is not None:
        metrics.watch_cache("reports", cache)
    wrong = [{"modules": MARKED}, {"document_type": 3}, {"text": TEXT * 1_000}, {"deadline": -1.0}]
    for question in [{}, {}, {"deadline": 0.03}, {"document_type": PERSON}, *wrong]:
        with contextlib.suppress(GatecoreError, ValueError):
            engine.validate_document(**{"text": TEXT, **question})
    for one in engine.validate_many([TEXT, TEXT.encode(), Path(MARKED)], jobs=2):
        pass

    async def main():
        async with AsyncComplianceEngine(engine, cache=served_cache) as served:
            asked = [served.validate_document_async(TEXT + str(n % 2)) for n in range(4)]
            await asyncio.gather(*asked, return_exceptions=True)
            task = asyncio.ensure_future(served.validate_document_async(TEXT, deadline=0.2))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main(), debug=True)
    said = []
    app = wsgi_app(metrics, health=Health(metrics))
    for page in ("/metrics", "/healthz"):
        body = app({"REQUEST_METHOD": "GET", "PATH_INFO": page}, lambda *s: said.append(s))
        sys.stderr.write(b"".join(body).decode())
    sys.stderr.write(f"{said} observer errors: {engine.observer_errors}\\n")
    engine.close()

def data_only(cache):
    # Without Python gates answers are kept, so Redis gets them.
    observers = [ValidationLog(level=logging.DEBUG)]
    engine = ComplianceEngine(["gdpr_uk"], cache=cache, observers=observers, store=STORE)
    for _ in range(2):
        engine.validate_document(TEXT)

all_ways(MemoryCache())
if "redis" in sys.argv:
    with redis_server("--maxmemory", "1mb") as server:
        data_only(RedisCache(server.url))
        data_only(TieredCache(MemoryCache(), RedisCache(server.url)))
        all_ways(RedisCache(server.url), AsyncRedisCache(server.url))
        server.kill()
        data_only(RedisCache(server.url))
sys.stderr.write("done\\n")
"""


def test_no_byte_of_a_document_is_in_what_is_logged(compiled_sets: Path) -> None:
    """All loggers of the process at DEBUG, in every way that a document can go; and /metrics."""
    with_redis = ["redis"] if shutil.which("redis-server") else []
    ran = run_python(PROGRAM, str(compiled_sets), *with_redis)
    assert (ran.stdout, ran.stderr.splitlines()[-1:]) == ("", ["done"]), ran.stderr[-2_000:]
    written = ran.stderr.lower()
    for seen in ("validated", "broken", "breaks", "keyerror", '"event": "failed"', "cancelled"):
        assert seen in written, seen
    assert "observer errors: 0" not in written
    if with_redis:
        assert "redis does not answer" in written
    # Words of the document and pieces of its numbers, as they stand or escaped.
    # Four digits alone stand in many a duration.
    marked = ["zebrafinch", "quillfeather", "4111 1111", "41111111", "qq 12"]
    marked += ["consent to cookies", "guaranteed"]
    assert [word for word in marked if word in written] == []
