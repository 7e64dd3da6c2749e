"""What all tests share: surroundings, Hypothesis profiles, slow tests, the `backend` fixture.

Profile `ci` is the default and repeats the same examples in every run;
`HYPOTHESIS_PROFILE=dev` looks for new ones.
Tests marked `slow` run with `--run-slow`, those marked `host` where LOKI_HOME is set;
`-m` overrules both.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import gatecore
from gatecore import GateSet, PatternStore, modules

_NOT_OURS = (
    "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "GATECORE_CACHE_DIR", "LANGUAGE",
    "LINES", "NO_COLOR", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
)  # fmt: skip


def _same_surroundings() -> None:
    """Tests and what they start find the same, whoever runs them: a person, `&`, `nohup`, CI."""
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    os.environ |= {"LC_ALL": "C.UTF-8", "TERM": "dumb", "TZ": "UTC"}
    os.umask(0o022)
    if hasattr(time, "tzset"):
        time.tzset()
    # A signal that is ignored stays so in children; one with a handler is back to its default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


_same_surroundings()

_SHARED = settings(
    deadline=None,  # the first example loads tables and compiles sets; times are asv's business
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", _SHARED, derandomize=True, print_blob=True)
settings.register_profile("dev", _SHARED, max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="run the tests marked slow as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is not asked for: `slow`, and `host` where there is no LOKI."""
    left_out = set()
    if not config.getoption("--run-slow"):
        left_out.add("slow")
    if not os.environ.get("LOKI_HOME"):
        left_out.add("host")
    if config.option.markexpr or not left_out:
        return
    deselected = [item for item in items if any(map(item.get_closest_marker, left_out))]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]


@pytest.fixture(scope="session")
def compiled_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for all tests of a run, whatever process they run in.

    Compiling the shipped gates takes seconds. Tests about the cache have folders of their own.
    """
    mine = tmp_path_factory.getbasetemp()
    return (mine.parent if os.environ.get("PYTEST_XDIST_WORKER") else mine) / "compiled sets"


@pytest.fixture(scope="session")
def shipped(compiled_sets: Path) -> GateSet:
    """All gates that are shipped."""
    specs = [gate for name in modules.names() for gate in modules.load(name).gates]
    return GateSet(specs, store=PatternStore(compiled_sets))


@pytest.fixture(scope="session")
def gdpr(compiled_sets: Path) -> GateSet:
    """The gates of one shipped module."""
    return GateSet(modules.load("gdpr_uk").gates, store=PatternStore(compiled_sets))


@pytest.fixture(scope="session", params=gatecore.backends())
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend that this build has: the same test runs on all of them."""
    name: str = request.param
    return name
