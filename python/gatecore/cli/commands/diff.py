"""`gatecore diff`: the verdicts that change between two versions of gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks each document with the gates of OLD and of NEW and shows the verdicts "
    "that differ: in status, severity, words or findings. OLD and NEW are each a gate file, a "
    "folder of them, a folder of such folders, a shipped module, or REVISION:PATH of the git "
    "repository in which the command runs.",
    epilog="examples:\n"
    "  gatecore diff rules/ new_rules/ letters/\n"
    "  gatecore diff main:rules/house rules/house letters/*.txt\n"
    "  gatecore diff --tag advice --format json fca_uk my_fca_uk/ ad.txt\n\n"
    "exit codes:\n  0    no verdict changes, and no gate comes or goes\n"
    "  1    a verdict changes, or a gate comes or goes\n"
    "  2    the command line or a gate file cannot be used\n"
    "  3    a document could not be read (the others are still compared)\n",
    nothing={"gates": [], "documents": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    old: str = opt.argument("OLD", help="the gates as they were")
    new: str = opt.argument("NEW", help="the gates as they are to be")
    files: tuple[str, ...] = opt.documents_argument()
    narrowing: opt.Narrowing = opt.option_group(opt.Narrowing)
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    engine: opt.Engine = opt.option_group(opt.Engine)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Compares the gates, then document by document their verdicts."""
    from gatecore.cli.output.diff_results import results_as
    from gatecore.cli.reading import read_all, refuse_stdin_twice
    from gatecore.cli.selection import compiled, note_deprecated
    from gatecore.documents.reading import DocumentReadError
    from gatecore.gates.diff import differences, gates_of, pair_versions

    refuse_stdin_twice(options.files)
    versions = pair_versions(
        gates_of(options.old),
        gates_of(options.new),
        tags=options.narrowing.tags,
        names=options.narrowing.names,
        skip=options.narrowing.skip,
    )
    olds = compiled(versions.old, options.engine)
    news = compiled(versions.new, options.engine)
    note_deprecated(news)
    output = results_as(options.format)
    output.gates(versions)
    code = FOUND if any(change.kind != "changed" for change in versions.changes) else FINE
    for document in read_all(options.files, options.reading, options.encoding):
        if isinstance(document, DocumentReadError):
            output.unreadable(document)
            code = UNREADABLE
            continue
        found = list(differences(olds.check(document.text), news.check(document.text)))
        output.compared(document, found)
        if found and code == FINE:
            code = FOUND
    output.end()
    return code
