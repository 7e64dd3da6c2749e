"""The documents that a command is given, read as its options say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gatecore.cli.messages import say_error, say_note
from gatecore.documents.reading import STDIN, DocumentReadError, read
from gatecore.documents.walking import names_of
from gatecore.errors import GatecoreError
from gatecore.text import named

if TYPE_CHECKING:
    from gatecore.cli.options import Reading
    from gatecore.documents.reading import InputDocument

__all__ = ["read_all", "read_document", "read_named", "refuse_stdin_twice", "say_notes"]


def refuse_stdin_twice(names: Sequence[str]) -> None:
    """Raises if standard input is named more often than it can be read."""
    if names.count(STDIN) > 1:
        raise GatecoreError("- is named twice, but standard input can be read once; name it once")


def read_document(name: str, reading: Reading, encoding: str | None = None) -> InputDocument:
    """One document. Raises as `documents.reading.read`."""
    return read(
        name,
        encoding=encoding,
        read_as=reading.read_as,
        max_size=reading.max_size,
        special=reading.special,
    )


def read_all(
    names: Iterable[str], reading: Reading, encoding: str | None = None
) -> Iterator[InputDocument | DocumentReadError]:
    """Files and what is in folders; one that cannot be read is named on standard error."""
    for name in names_of(names):
        try:
            yield read_document(name, reading, encoding)
        except DocumentReadError as error:
            say_error(str(error))
            yield error


def read_named(
    names: Iterable[str], reading: Reading, encoding: str | None = None
) -> tuple[list[tuple[str, str]], list[dict[str, str]]]:
    """Names and texts of what `read_all` gives, with notes said, and errors as JSON has them."""
    texts, errors = [], []
    for document in read_all(names, reading, encoding):
        if isinstance(document, DocumentReadError):
            errors.append({**named(document.name), "message": document.reason})
        else:
            texts.append((document.name, document.text))
            say_notes(document)
    return texts, errors


def say_notes(document: InputDocument) -> None:
    """Says on standard error how a document was read, for commands whose output has no room."""
    for note in document.notes:
        say_note(f"{document.name}: {note}")
