"""What all tests share: Hypothesis profiles, markers and the `engine` fixture.

Profile `ci` is the default and repeats the same examples in every run;
`HYPOTHESIS_PROFILE=dev` looks for new ones.
Tests marked `slow` or `host` run when asked for: `pytest -m slow`, `pytest -m "slow or not slow"`.
"""

from __future__ import annotations

import os

import gatecore
import pytest
from hypothesis import HealthCheck, settings

_SHARED = settings(
    deadline=None,  # the first example loads tables and compiles sets; times are asv's business
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", _SHARED, derandomize=True, print_blob=True)
settings.register_profile("dev", _SHARED, max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

MARKERS = {
    "slow": "takes more than a few seconds; run with -m slow",
    "host": "needs a checkout of LOKI; run with -m host",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave `slow` and `host` tests out, visibly (as deselected), unless -m says what to run."""
    if config.option.markexpr:
        return
    asked_for = [item for item in items if any(map(item.get_closest_marker, MARKERS))]
    if asked_for:
        config.hook.pytest_deselected(items=asked_for)
        items[:] = [item for item in items if item not in asked_for]


@pytest.fixture(scope="session", params=gatecore.engines())
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that this build has: the same test runs on all of them."""
    name: str = request.param
    return name
