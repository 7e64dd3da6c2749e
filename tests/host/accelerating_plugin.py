"""A pytest plugin for the host's own tests: every engine that they make is accelerated."""

from __future__ import annotations

import gc
import sys
from typing import Any

import gatecore

__all__ = ["pytest_collection_finish"]

_ENGINES = {"engine": "LOKIEngine", "async_engine": "AsyncLOKIEngine"}


def pytest_collection_finish() -> None:
    """Once all is imported: the engines that are there, and those that will be made."""
    for module_name, class_name in _ENGINES.items():
        for package in ("core", "backend.core"):
            module = sys.modules.get(f"{package}.{module_name}")
            if module is not None:
                _accelerate_all(getattr(module, class_name))


def _accelerate_all(engine: Any) -> None:
    make = engine.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        gatecore.accelerate(self)

    engine.__init__ = init
    for one in gc.get_objects():
        if type(one) is engine:
            gatecore.accelerate(one)
