"""Documents in, validated documents out, one or thousands; with a manifest each is done once.

A document is a text, a file's path or a `Submission`, which says more. What is wrong with one of
them is that one's `error` and keeps nothing else back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from gatecore.cache.keys import key
from gatecore.engine.batches import run_many
from gatecore.engine.manifest import Manifest
from gatecore.engine.report import ValidationReport
from gatecore.errors import DocumentTypeError

__all__ = [
    "DocumentLike",
    "Submission",
    "Validated",
    "kept_modules",
    "validated",
    "validated_many",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A document with what is said about it.

    Attributes:
        text: The text; or `path`, a file that is read when its turn comes.
        path: Likewise.
        name: What it is called in answers, errors and manifests; the path if there is one.
        document_type: Instead of the batch's.
        modules: Likewise.

    >>> Submission(text="No risk.", name="ad", modules=("fca_uk",)).modules
    ('fca_uk',)
    """

    text: str | None = None
    path: str | os.PathLike[str] | None = None
    name: str = ""
    document_type: str | None = None
    modules: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Raises `DocumentTypeError` unless there is one of text and path."""
        if (self.text is None) == (self.path is None):
            raise DocumentTypeError("a submission has a text or a path; give one of them")
        if self.text is not None and not isinstance(self.text, str):
            raise DocumentTypeError(f"a text is a str, not {type(self.text).__name__}")


DocumentLike: TypeAlias = "str | os.PathLike[str] | Submission"

#: A text, its type and its modules to their report.
_Validate: TypeAlias = "Callable[[str, str | None, tuple[str, ...] | None], ValidationReport]"


@dataclass(frozen=True, slots=True)
class Validated:
    """One document of a batch.

    Attributes:
        number: Its place in the batch, from 0.
        name: What it is called; empty for a text without a name.
        report: Its report; None if there was an error, or if it was finished before.
        error: Why it has no report.
        is_finished_before: Whether the manifest had it, so that it was not judged again.

    >>> from gatecore import ComplianceEngine
    >>> one, other = ComplianceEngine(["gdpr_uk"]).validate_many(["Invoice 17.", b"bytes"])
    >>> one.number, one.report.overall_risk, str(other.error)
    (0, 'LOW', 'a document is a str, a path or a Submission, not bytes')
    """

    number: int
    name: str
    report: ValidationReport | None
    error: Exception | None = None
    is_finished_before: bool = False


@dataclass(frozen=True, slots=True)
class _Outcome:
    report: ValidationReport | None
    digest: str | None


_FILE_WEIGHT: Final = 16_384


def kept_modules(modules: object) -> object:
    """The names of modules, which may come from an iterator, for more than one document."""
    if modules is None or isinstance(modules, str) or not isinstance(modules, Iterable):
        return modules
    return tuple(modules)


def submission_of(document: DocumentLike) -> Submission:
    """What is meant by a document.

    Raises:
        DocumentTypeError: It is neither a text, nor a path, nor a submission.
    """
    if isinstance(document, Submission):
        return document
    if isinstance(document, str):
        return Submission(text=document)
    if isinstance(document, os.PathLike):
        return Submission(path=document)
    raise DocumentTypeError(
        f"a document is a str, a path or a Submission, not {type(document).__name__}"
    )


def name_of(submission: Submission) -> str:
    """What a document is called."""
    if submission.name or submission.path is None:
        return submission.name
    return os.fsdecode(submission.path)


def read(submission: Submission) -> str:
    """The document's text; of a mail or a page what a reader sees.

    Raises:
        DocumentReadError: The file cannot be read.
    """
    if submission.text is not None:
        return submission.text
    from gatecore.documents.reading import read as read_document

    assert submission.path is not None
    return read_document(os.fsdecode(submission.path)).text


def digest(submission: Submission, text: str, context: str) -> str:
    """The key, in hexadecimal, of all that a document's answer depends on."""
    modules = submission.modules
    parts = [context, name_of(submission), text, submission.document_type or ""]
    parts += ["all"] if modules is None else ["some", *modules]
    return key(b"manifest", *parts).hex()


def validated(number: int, document: DocumentLike, validate: _Validate) -> Validated:
    """One document validated; an error is part of the answer."""
    name = ""
    try:
        submission = submission_of(document)
        name = name_of(submission)
        report = validate(read(submission), submission.document_type, submission.modules)
    except Exception as error:
        return Validated(number, name, None, error)
    return Validated(number, name, report)


def validated_many(
    documents: Iterable[DocumentLike],
    validate: _Validate,
    *,
    context: str,
    jobs: int | None,
    ordered: bool,
    manifest: str | os.PathLike[str] | None,
) -> Iterator[Validated]:
    """As `ComplianceEngine.validate_many`; `context` is a digest of what else answers depend on."""
    if isinstance(documents, str | os.PathLike):
        raise DocumentTypeError(
            "a batch is a list of documents; for one document there is validate_document"
        )
    finished = None if manifest is None else Manifest(manifest)

    def work(numbered: tuple[int, DocumentLike]) -> _Outcome:
        _, document = numbered
        submission = submission_of(document)
        text = read(submission)
        known = None
        if finished is not None:
            known = digest(submission, text, context)
            if known in finished:
                return _Outcome(None, known)
        return _Outcome(validate(text, submission.document_type, submission.modules), known)

    def answers() -> Iterator[Validated]:
        batch = run_many(enumerate(documents), work, jobs=jobs, ordered=ordered, weight=_weight)
        for done in batch:
            number, document = done.item
            name = _name_if_any(document)
            if done.value is None:
                yield Validated(number, name, None, done.error)
                continue
            report = done.value.report
            yield Validated(number, name, report, None, is_finished_before=report is None)
            # Whoever reads the answers has come back for more, so this one was dealt with.
            if finished is not None and report is not None and report.is_finished:
                assert done.value.digest is not None
                finished.add(name, done.value.digest, report.overall_risk)

    if finished is None:
        return answers()
    return _closing(answers(), finished)


def _closing(answers: Iterator[Validated], manifest: Manifest) -> Iterator[Validated]:
    with manifest:
        yield from answers


def _name_if_any(document: DocumentLike) -> str:
    try:
        return name_of(submission_of(document))
    except DocumentTypeError:
        return ""


def _weight(numbered: tuple[int, DocumentLike]) -> int:
    document = numbered[1]
    if isinstance(document, Submission):
        document = document.text if document.text is not None else Path()
    return len(document) + 256 if isinstance(document, str) else _FILE_WEIGHT
