"""The real host says the same accelerated; asked for with `LOKI_HOME` (`make test-host`).

Each comparison is a process of its own: the host's packages have names such as `core`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.host


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_reports_of_the_real_host_are_the_same(kind: str, tmp_path: Path) -> None:
    """On the host's documents, mutated ones and odd texts: every key, order, span and text."""
    documents = os.environ.get("GATECORE_HOST_DOCUMENTS", "300")
    command = ["-W", "ignore", "-m", "tests.host.real_loki", "--engine", kind]
    done = subprocess.run(
        [sys.executable, *command, "--documents", documents],
        cwd=ROOT,
        env={**os.environ, "GATECORE_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 documents differ" in done.stdout


def test_the_hosts_own_tests_end_as_before(tmp_path: Path) -> None:
    """Test by test, with every engine that they make accelerated; needs the host's requirements."""
    for name in ("flask", "pytest_cov", "pytest_timeout"):
        pytest.importorskip(name, reason="the host's own tests need its requirements")
    program = [sys.executable, "-m", "tests.host.own_tests", str(tmp_path)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
