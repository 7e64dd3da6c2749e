"""What commands say beside their results: errors and notes on standard error, JSON in one frame."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gatecore.text import json_text, named, visible

if TYPE_CHECKING:
    from gatecore.documents.reading import DocumentReadError

__all__ = ["JsonDocuments", "print_json", "say_error", "say_note"]


def say_error(message: str) -> None:
    """What went wrong, in one line on standard error."""
    print(f"gatecore: error: {visible(message)}", file=sys.stderr)


def say_note(message: str) -> None:
    """What a reader should know, in one line on standard error."""
    print(f"gatecore: note: {visible(message)}", file=sys.stderr)


def print_json(plain: Mapping[str, object]) -> None:
    """A command's results as one JSON object, after the tool's name and version."""
    from gatecore.output.portable import head

    print(json_text({**head(), **plain}))


class JsonDocuments:
    """One JSON object with a document a line, written as they come.

    ASCII only, so any text survives any terminal. `about` stands before the documents, what could
    not be read after them.
    """

    def __init__(self, about: Mapping[str, object]) -> None:
        from gatecore.output.portable import head

        self._errors: list[dict[str, str]] = []
        self._before = f'{json_text({**head(), **about})[:-1]}, "documents":['

    def add(self, document: Mapping[str, object]) -> None:
        sys.stdout.write(f"{self._before}\n{json_text(document)}")
        self._before = ","

    def unreadable(self, error: DocumentReadError, **more: str) -> None:
        """Remembers a document that could not be read."""
        self._errors.append({**named(error.name), **more, "message": error.reason})

    def end(self, **more: object) -> None:
        """Writes the errors, what else there is, and the end."""
        opened = "" if self._before == "," else self._before
        sys.stdout.write(f'{opened}\n],"errors":{json_text(self._errors)}')
        for name, value in more.items():
            sys.stdout.write(f',\n"{name}":{json_text(value)}')
        sys.stdout.write("}\n")
