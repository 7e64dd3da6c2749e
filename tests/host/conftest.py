"""Copies of the host for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatecore import PatternStore
from tests.host.copies import Copy, copied_host


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Sets compiled by one test are loaded by the next; the user's cache is left alone."""
    folder = tmp_path_factory.mktemp("sets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATECORE_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture
def cache(cache_folder: Path) -> PatternStore:
    return PatternStore(cache_folder)


@pytest.fixture
def new_copy(tmp_path: Path) -> Iterator[Callable[[], Copy]]:
    """Makes independent copies of the host that live as long as the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(copied_host(tmp_path))
