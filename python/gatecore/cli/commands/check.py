"""`gatecore check`: documents and folders in; verdicts out as a table, JSON, SARIF or a page."""

from __future__ import annotations

from typing import Final

from gatecore.cli import options as opt
from gatecore.cli.check_options import Options
from gatecore.cli.exit_codes import EXIT_CODES, FINE
from gatecore.errors import GatecoreError

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks each document with all gates and shows what was found and where. "
    "Of a folder all documents in it are checked. "
    "Without --module and --gates, the modules fca_uk and gdpr_uk are asked; "
    "--module universal looks for personal data, claims, bias and harm. "
    "What a gatecore.toml, or [tool.gatecore] in a pyproject.toml, says from the working folder "
    "upwards is in force unless the command line says otherwise.",
    epilog="examples:\n"
    "  gatecore check letter.txt\n"
    "  gatecore check letters/ --exclude drafts/ --jobs 4\n"
    "  gatecore check --gates house/ --fail-on warning *.txt\n"
    "  gatecore check letters/ --baseline known.jsonl --update-baseline\n"
    "  pdftotext -layout letter.pdf - | gatecore check -\n"
    "  gatecore check --format json letter.txt | jq .documents[0].overall\n"
    "  gatecore check --why letter.txt\n"
    "  gatecore check letters/ --format html --output report.html\n\n"
    + EXIT_CODES.format(
        fine="no verdict at or above --fail-on that counts",
        found="a verdict at or above --fail-on",
    ),
    nothing={"documents": []},
)


def run(options: Options) -> int:
    """Checks all documents; one that cannot be read does not keep the others back."""
    from gatecore.cli.checking import Run
    from gatecore.cli.settings import settings_of

    settings = settings_of(options)
    if options.show_config:
        print("\n".join(settings.shown()))
        return FINE
    if not options.files:
        raise GatecoreError("name a document or a folder; see gatecore check --help")
    if options.update_baseline and settings["baseline"] is None:
        raise GatecoreError("--update-baseline needs a file; name it with --baseline FILE")
    return Run(options, settings).code()
