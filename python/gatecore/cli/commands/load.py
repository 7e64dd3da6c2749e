"""`gatecore load`: an engine, a host, a function or a service under load, with honest latencies."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.messages import print_json, say_error, say_note
from gatecore.errors import GatecoreError

if TYPE_CHECKING:
    from gatecore.loadtest import DocumentMix, LoadPlan, LoadResult
    from gatecore.loadtest.plans import Mode

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Sends documents to a target and says how long answers take. With --rate requests "
    "come as those of users do who do not know of each other, and a latency begins when a request "
    "was due, so a target that stands still is seen. With --users each waits for an answer before "
    "asking again, which hides such waits. Without --url, --host and --function the gates are "
    "asked in this process.",
    epilog="examples:\n"
    "  gatecore load letters/ --module fca_uk --rate 500 --seconds 30\n"
    "  gatecore load letters/ --url http://127.0.0.1:8000/validate --rate 100,200,400 \\\n"
    "      --seconds 90 --expect 'p99<25ms' --expect 'errors<0.1%'\n"
    "  gatecore load letters/ --host myapp.checks:make_engine --users 4\n"
    "  gatecore load letters/ --size 2k:80 --size 20k:20 --repeated 30 --memory-cache --rate 500\n"
    "  gatecore load letters/ --rate 50% --seconds 1800 --warm-up 300 --expect 'memory<=1MB/h' \\\n"
    "      --format html > soak.html\n\n"
    "exit codes:\n  0    all that is expected holds\n  1    something that is expected does not\n"
    "  2    the command line or the target cannot be used\n"
    "  3    the run is invalid, as its generator was late, or a document could not be read\n",
    nothing={"result": None},
)

_CAPACITY: Final = 10.0
"""Seconds in which capacity is measured, at most."""
_USERS: Final = 16
"""Who measure it on a service."""


def _levels(text: str) -> tuple[float, ...]:
    if not re.fullmatch(r"\d+(\.\d+)?(,\d+(\.\d+)?)*", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no level; write e.g. 100 or 100,200,400")
    return tuple(float(level) for level in text.split(","))


def _rates(text: str) -> tuple[float, ...] | str:
    """A share stays a text until capacity is known."""
    if re.fullmatch(r"\d+(\.\d+)?%", text):
        return text
    return _levels(text)


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)%?", text)
    if not found or float(found[1]) > 100:
        raise argparse.ArgumentTypeError(f"'{text}' is no share; write 0 to 100")
    return float(found[1]) / 100


def _sized(text: str) -> tuple[int, float]:
    found = re.fullmatch(r"(\d{1,9})(k?)(?::(\d+(?:\.\d+)?))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no size; write e.g. 2k or 2k:80")
    return int(found[1]) * (1000 if found[2] else 1), float(found[3] or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    files: tuple[str, ...] = opt.documents_argument()
    url: str | None = opt.option(
        "--url",
        metavar="URL",
        heading="what is put under load",
        help="a service that takes documents by POST",
    )
    host: str | None = opt.option(
        "--host",
        metavar="MODULE:NAME",
        help="an engine with check_document(text, document_type, modules), or what makes one; "
        "accelerated",
    )
    plain: bool = opt.flag("--plain", help="with --host: the engine as it is, not accelerated")
    function: str | None = opt.option(
        "--function", metavar="MODULE:NAME", help="a function, or coroutine function, of a text"
    )
    memory_cache: bool = opt.flag(
        "--memory-cache", help="of gates: with a cache of 64 MB, which --repeated documents hit"
    )
    document_type: str = opt.document_type_option()
    selection: opt.Selection = opt.option_group(opt.Selection)
    rate: tuple[float, ...] | str | None = opt.option(
        "--rate",
        type=_rates,
        metavar="RATES",
        heading="how much",
        help="requests a second; several with commas are held one after another, 50%% is half of "
        "what 2 users a processor reach in 10 seconds before",
    )
    users: tuple[float, ...] | None = opt.option(
        "--users",
        type=_levels,
        metavar="NUMBERS",
        help="users who wait for their answers; several with commas one after another "
        "(default: 2, if there is no --rate)",
    )
    peak: float | None = opt.option(
        "--peak",
        type=opt.seconds,
        metavar="LEVEL",
        help="a spike to this rate, or so many users, in the middle fifth of the time",
    )
    seconds: float = opt.option(
        "--seconds",
        type=opt.seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long in all (default: 10)",
    )
    warm_up: float | None = opt.option(
        "--warm-up",
        type=opt.seconds,
        metavar="SECONDS",
        help="what is sent at the beginning and not counted (default: a tenth, 10 at most)",
    )
    workers: int = opt.option(
        "--workers",
        type=opt.count,
        default=32,
        metavar="N",
        help="with --rate: threads that call what blocks (default: 32)",
    )
    seed: int = opt.option(
        "--seed", type=opt.count, default=1, metavar="N", help="of arrivals and documents"
    )
    sizes: tuple[tuple[int, float], ...] = opt.repeated(
        "--size",
        type=_sized,
        metavar="SIZE[:WEIGHT]",
        heading="which documents",
        help="documents of so many characters, made of the words of those that are named; may be "
        "repeated, with how often each is sent",
    )
    repeated: float = opt.option(
        "--repeated",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="the share of requests, in per cent, whose document was sent before (default: 0)",
    )
    body: str | None = opt.option(
        "--body",
        metavar="JSON",
        heading="of a service",
        help='what is sent, with {document} for the text (default: {"text": "{document}"})',
    )
    headers: tuple[str, ...] = opt.repeated(
        "--header",
        metavar="NAME:VALUE",
        help="a header more; $NAME in its value is taken from the environment",
    )
    connections: int = opt.option(
        "--connections",
        type=opt.count,
        default=100,
        metavar="N",
        help="connections at once, at most (default: 100)",
    )
    timeout: float = opt.option(
        "--timeout",
        type=opt.seconds,
        default=30.0,
        metavar="SECONDS",
        help="seconds for an answer (default: 30)",
    )
    process: int | None = opt.option(
        "--process",
        type=opt.count,
        metavar="PID",
        help="the number of the process whose memory is told (default: this one, without --url)",
    )
    expect: tuple[str, ...] = opt.repeated(
        "--expect",
        metavar="WHAT",
        heading="what comes out",
        help="what must hold: p50, p90, p95, p99, p99.9, mean or max (also service.p99), errors, "
        "throughput, memory or drift, as in 'p99<25ms', 'errors<0.1%%', 'throughput>1000/s', "
        "'memory<=1MB/h'; may be repeated",
    )
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json", "html"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.reading import read_named
    from gatecore.loadtest import Expectation, load

    _check(options)
    expected = [Expectation.parse(text) for text in options.expect]
    documents, errors = read_named(options.files, options.reading, options.encoding)
    texts = [text for _, text in documents]
    if not texts:
        raise GatecoreError("no document could be read, so there is nothing to send")
    with contextlib.redirect_stdout(sys.stderr), _target(options) as target:  # hosts print
        mix = _mix(options, texts)  # one for all: a second would send what caches know
        plan = _plan(options, target, mix)
        result = load(
            target,
            mix,
            plan,
            document_type=options.document_type,
            process=options.process,
        )
    missed = [one for one in expected if not one.holds(result)]
    if options.format == "json":
        held = [{"text": one.text, "holds": one not in missed} for one in expected]
        print_json({"result": result.to_dict(), "expected": held, "errors": errors})
    elif options.format == "html":
        from gatecore.loadtest import render_load

        sys.stdout.write(render_load(result, expected))
    else:
        from gatecore.cli.output.load_tables import show_load

        show_load(result, expected)
    if result.invalid:
        say_error(f"the run is invalid: {result.invalid}")
    return _code(result, errors, missed)


def _code(result: LoadResult, errors: Sequence[object], missed: Sequence[object]) -> int:
    if errors or not result.is_valid:
        return UNREADABLE
    return FOUND if missed else FINE


def _check(options: Options) -> None:
    targets = [("--url", options.url), ("--host", options.host), ("--function", options.function)]
    named = [name for name, value in targets if value is not None]
    if len(named) > 1:
        raise GatecoreError(f"{' and '.join(named)} are two targets; give one")
    if named and (options.selection.names_gates or options.memory_cache):
        raise GatecoreError(f"{named[0]} has gates of its own; leave out what chooses gates")
    if options.plain and options.host is None:
        raise GatecoreError("--plain is for --host")
    if options.url is None and (options.body is not None or options.headers):
        raise GatecoreError("--body and --header are for --url")
    if options.rate is not None and options.users is not None:
        raise GatecoreError("--rate is an open run and --users a closed one; give one of them")


@contextlib.contextmanager
def _target(options: Options) -> Iterator[Any]:
    if options.url is not None:
        yield _service(options, options.url)
    elif options.function is not None:
        from gatecore.cli.host import function

        yield function(options.function)
    elif options.host is not None:
        from gatecore.cli.host import host
        from gatecore.hosts.acceleration import accelerate

        engine = host(options.host)
        with contextlib.nullcontext() if options.plain else accelerate(engine):
            yield engine
    else:
        from gatecore.cache import MemoryCache
        from gatecore.cli.selection import gate_set
        from gatecore.engine.engine import ComplianceEngine

        cache = MemoryCache(max_bytes=64_000_000) if options.memory_cache else None
        with ComplianceEngine(gates=gate_set(options.selection), cache=cache) as made:
            yield made


def _service(options: Options, url: str) -> Any:
    from gatecore.loadtest import HTTPTarget

    body = None
    if options.body is not None:
        try:
            body = json.loads(options.body)
        except ValueError as error:
            raise GatecoreError(f"--body is no JSON: {error}") from None
    headers = {}
    for header in options.headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise GatecoreError("a --header is written as NAME:VALUE")
        headers[name.strip()] = os.path.expandvars(value.strip())
    return HTTPTarget(
        url,
        body=body,
        headers=headers,
        connections=options.connections,
        timeout=options.timeout,
    )


def _mix(options: Options, texts: Sequence[str]) -> DocumentMix:
    from gatecore.loadtest import DocumentMix

    about: dict[str, Any] = {"repeated": options.repeated, "seed": options.seed}
    if options.sizes:
        return DocumentMix.of_sizes(texts, options.sizes, **about)
    return DocumentMix(texts, **about)


def _plan(options: Options, target: Any, mix: DocumentMix) -> LoadPlan:
    from gatecore.loadtest import spike, steps

    mode: Mode = "closed" if options.rate is None else "open"
    if isinstance(options.rate, str):
        levels: tuple[float, ...] = (_part(options, target, mix, options.rate),)
    else:
        levels = options.rate or options.users or (2.0,)
    warm_up = options.warm_up
    if warm_up is None:
        warm_up = min(options.seconds / 10, 10.0)
    if options.peak is not None:
        if len(levels) > 1:
            raise GatecoreError("a spike starts from one level; give one with --peak")
        plan = spike(mode, levels[0], options.peak, options.seconds, warm_up=warm_up)
    else:
        plan = steps(mode, levels, options.seconds, warm_up=warm_up)
    return replace(plan, workers=options.workers, seed=options.seed)


def _part(options: Options, target: Any, mix: DocumentMix, part: str) -> float:
    """A share of what users who wait for answers reach together, as a rate."""
    from gatecore.loadtest import constant, load

    seconds = min(options.seconds, _CAPACITY)
    users = _USERS if options.url is not None else 2 * (os.cpu_count() or 1)
    plan = constant("closed", users, seconds, warm_up=seconds / 5)
    found = load(target, mix, plan, document_type=options.document_type)
    rate = found.throughput * float(part[:-1]) / 100
    if rate <= 0.0:
        raise GatecoreError("nothing was answered while capacity was measured")
    say_note(f"capacity: {found.throughput:,.0f} answers/s of {users} users; {part} is {rate:,.0f}")
    return rate
