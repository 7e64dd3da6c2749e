"""A pytest plugin for the host's own tests: every engine that they make is accelerated.

So is every server that they import, whose calls to a language model lead to a semantic client.
"""

from __future__ import annotations

import gc
import sys
from decimal import Decimal
from typing import Any

import gatecore
from gatecore.semantic import AnthropicProvider, Model, Prices, SemanticClient, SemanticOptions

__all__ = ["pytest_collection_finish"]

_ENGINES = {"engine": "LOKIEngine", "async_engine": "AsyncLOKIEngine"}
_SERVERS = ("server", "backend.server")


def pytest_collection_finish() -> None:
    """Once all is imported: the engines that are there, and those that will be made."""
    prices = Prices(input=Decimal(1), output=Decimal(5))
    options = SemanticOptions(model=Model(name="a-model", prices=prices), deadline_seconds=5.0)
    provider = AnthropicProvider("no key", "http://127.0.0.1:9")
    for name in _SERVERS:
        if name in sys.modules:
            client = SemanticClient((), options, provider=provider)
            gatecore.accelerate(sys.modules[name], semantic=client)
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
