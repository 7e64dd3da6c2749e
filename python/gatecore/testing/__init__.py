"""What tests of gatecore's users need: a service with a language model that is not there."""

from __future__ import annotations

__all__: list[str] = []
