"""Python gates and accelerated hosts as profiles see them, and asking a gate."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["AcceleratedHost", "PythonGate", "asked"]


class PythonGate(Protocol):
    """A gate as hosts write it."""

    def check(self, text: str, document_type: str, /) -> Any:
        """A mapping with a `status`, or whatever."""


class AcceleratedHost(Protocol):
    """What makes documents for an accelerated host's gates: `Acceleration` is one."""

    def document(self, text: str, /) -> str:
        """The text as the gates are given it."""

    def finish(self, document: Any, /) -> None:
        """Called when all gates were asked about it."""


def asked(gate: PythonGate, text: str, document_type: str) -> Any:
    """What a gate answers; an `Exception` is an answer as well."""
    try:
        return gate.check(text, document_type)
    except Exception as error:
        return error
