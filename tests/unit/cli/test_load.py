"""`gatecore load`, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatecore.cli import main
from gatecore.testing.http_server import HTTPServer, Request, Response
from tests.support.command import Output, printed_json

QUICK = ["a.txt", "--seconds", "0.4", "--warm-up", "0.1"]
GATE = """
gate: cookies
version: 1
title: Cookies are named
severity: high
source: "House rule"
summary: "It looks for words."
limits: "None."
patterns:
  found: [cookies]
verdicts:
  - {when: {any: found}, status: FAIL, message: "There.", evidence: found}
  - {status: PASS, message: "Not there."}
"""
MODULE = """
import time

def quick(text):
    print("targets print")

async def awaited(text):
    pass

def failing(text):
    raise KeyError(text)

number = 5

class Engine:
    modules = {}
    def check_document(self, text, document_type, modules):
        assert document_type == "letter"
"""


@pytest.fixture(autouse=True)
def _files(own_folder: None) -> None:
    Path("a.txt").write_text("By using this site you consent to cookies. " * 20, "utf-8")
    Path("loaded_module.py").write_text(MODULE, "utf-8")


def test_gates_are_put_under_load(capsys: Output) -> None:
    """What was asked for stands in the JSON, with what came out and what was expected."""
    Path("cookies.yaml").write_text(GATE, "utf-8")
    argv = [*QUICK, "--gates", "cookies.yaml", "--memory-cache", "--repeated", "50%"]
    argv += ["--size", "2k:3", "--size", "500", "--rate", "50,100", "--seed", "7"]
    code = main(["load", *argv, "--expect", "p99<100s", "--format", "json"])
    told = printed_json(capsys)
    result = told["result"]
    assert code == (0 if result["is_valid"] else 3)
    assert [stage["level"] for stage in result["plan"]["stages"]] == [50, 100]
    assert (result["plan"]["mode"], result["plan"]["seed"]) == ("open", 7)
    assert result["mix"] == {"sizes": [2000, 500], "shares": [0.75, 0.25], "repeated": 0.5}
    assert result["target"] == "ComplianceEngine"
    assert result["answered"] == result["sent"] > 5
    assert told["expected"] == [{"text": "p99<100s", "holds": True}]
    assert told["errors"] == []


def test_the_exit_code_says_whether_it_holds(capsys: Output) -> None:
    argv = ["load", *QUICK, "--function", "loaded_module:quick", "--users", "1"]
    assert main([*argv, "--expect", "errors<=0%"]) == 0
    out = capsys.readouterr().out
    assert "errors<=0%  holds" in out
    assert "targets print" not in out
    assert "hides waits" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    assert main([*argv, "--expect", "errors<=0%", "--expect", "throughput<1/s"]) == 1
    assert "throughput<1/s  does not hold" in capsys.readouterr().out


def test_errors_have_no_words_of_documents(capsys: Output) -> None:
    argv = ["load", *QUICK, "--function", "loaded_module:failing", "--users", "1"]
    assert main([*argv, "--expect", "errors<1%", "--format", "json"]) == 1
    out = capsys.readouterr().out
    assert list(json.loads(out)["result"]["errors"]) == ["KeyError"]
    assert "cookies" not in out


@pytest.mark.parametrize(
    "target",
    [
        ["--function", "loaded_module:awaited"],
        ["--host", "loaded_module:Engine", "--plain", "--type", "letter"],
    ],
)
def test_a_page_comes_out(target: list[str], capsys: Output) -> None:
    assert main(["load", *QUICK, *target, "--users", "2", "--format", "html"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("<!doctype html>")
    assert out.rstrip().endswith("</html>")


def test_a_service_is_put_under_load(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """A token comes from the environment, and is nowhere in the output."""
    monkeypatch.setenv("LOADED_TOKEN", "t0ken")
    seen: list[Request] = []

    async def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200, b"{}")

    server = HTTPServer(answer, largest=100_000)
    server.start()
    try:
        argv = ["--url", f"http://127.0.0.1:{server.port}/", "--header", "X-Token: $LOADED_TOKEN"]
        argv += ["--body", '{"document": "{document}"}', "--users", "2", "--format", "json"]
        assert main(["load", *QUICK, *argv]) == 0
    finally:
        server.stop()
    out = capsys.readouterr().out
    assert seen[0].headers["x-token"] == "t0ken"
    assert "t0ken" not in out
    assert "cookies" in json.loads(seen[0].body)["document"]
    assert json.loads(out)["result"]["answered"] > 0


def test_a_share_of_capacity_is_a_rate(capsys: Output) -> None:
    """The short form of `make soak`."""
    argv = ["load", *QUICK, "--function", "loaded_module:quick", "--rate", "1%", "--format", "json"]
    argv += ["--seconds", "1.5"]
    for expected in ("memory<=100000MB/h", "drift<=100000%", "errors<=0%"):
        argv += ["--expect", expected]
    assert main(argv) in (0, 3)  # 3 where the machine is too busy to be on time
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["result"]["plan"]["stages"][0]["level"] > 1
    assert all(one["holds"] for one in told["expected"])
    assert "capacity: " in printed.err


def test_a_spike_is_a_plan(capsys: Output) -> None:
    argv = ["load", *QUICK, "--function", "loaded_module:quick", "--users", "1", "--peak", "3"]
    assert main([*argv, "--format", "json"]) == 0
    stages = printed_json(capsys)["result"]["plan"]["stages"]
    assert [stage["level"] for stage in stages] == [1, 3, 1]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--url", "http://a", "--host", "b:c"], "two targets"),
        (["--url", "http://a", "--module", "gdpr_uk"], "gates of its own"),
        (["--function", "loaded_module:quick", "--memory-cache"], "gates of its own"),
        (["--plain"], "--plain is for --host"),
        (["--body", "{}"], "are for --url"),
        (["--rate", "5", "--users", "5"], "give one of them"),
        (["--url", "http://a", "--body", "{"], "no JSON"),
        (["--url", "http://a", "--header", "none"], "NAME:VALUE"),
        (["--url", "http://a", "--body", "{}"], "stands for the document"),
        (["--function", "loaded_module"], "write it as"),
        (["--function", "loaded_module:number"], "cannot be called"),
        (["--function", "loaded_module:nothing"], "AttributeError"),
        (["--rate", "5,6", "--peak", "9", "--function", "loaded_module:quick"], "one level"),
        (["--users", "1.5", "--function", "loaded_module:quick"], "whole number"),
        (["--expect", "p98<1ms"], "there is no 'p98'"),
        (["--warm-up", "5", "--function", "loaded_module:quick"], "warm-up"),
        (["--rate", "many"], "no level"),
        (["--size", "x"], "no size"),
        (["--repeated", "101"], "no share"),
    ],
)
def test_what_makes_no_sense_is_one_line(argv: list[str], said: str, capsys: Output) -> None:
    assert main(["load", "a.txt", "--seconds", "1", *argv]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_without_documents_there_is_nothing_to_send(capsys: Output) -> None:
    assert main(["load", "missing.txt"]) == 2
    assert "nothing to send" in capsys.readouterr().err
