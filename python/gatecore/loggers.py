"""The loggers of gatecore: `gatecore.engine`, `gatecore.cache` and so on, below `gatecore`.

The program decides where they write: `gatecore` has a `NullHandler` and no other, so a program that
says nothing hears nothing. No message holds the text of a document, or of an exception that may
quote it: types, places and numbers only.
"""

from __future__ import annotations

import logging

__all__ = ["foreign_logger", "logger"]


def logger(name: str) -> logging.Logger:
    """The logger `gatecore.<name>`.

    >>> logger("engine").name, logging.getLogger("gatecore").handlers
    ('gatecore.engine', [<NullHandler (NOTSET)>])
    """
    top = logging.getLogger("gatecore")
    if not any(isinstance(handler, logging.NullHandler) for handler in top.handlers):
        top.addHandler(logging.NullHandler())
    return top.getChild(name)


def foreign_logger(name: str) -> logging.Logger:
    """A logger of a library that we use, to keep texts of documents out of what it writes."""
    return logging.getLogger(name)
