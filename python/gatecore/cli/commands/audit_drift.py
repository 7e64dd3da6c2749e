"""`gatecore audit drift`: how a gate's verdicts changed between its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, Window, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json
from gatecore.errors import UnknownGateError
from gatecore.text import visible

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Shows what each version of a gate said, and whether the share of FAIL changed "
    "from the last version but one to the last, over whole days of the last year unless asked "
    "otherwise.",
    epilog="examples:\n"
    "  gatecore audit drift audit.db gdpr_uk/consent\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    gate: str = opt.argument("MODULE/GATE", help="the gate")
    window: Window = opt.option_group(Window)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Answers from the counts of days."""
    module, slash, gate = options.gate.partition("/")
    if not slash:
        raise UnknownGateError(f"{visible(options.gate)}: say which module it is of: MODULE/GATE")
    since, until = options.window.ends(days=365)
    with opened(options.file) as store:
        drift = store.drift(module, gate, since, until)
    change = drift.change()
    if options.format == "json":
        print_json({**drift.to_dict(), "change_of_fail": change, "errors": []})
    else:
        from gatecore.cli.output.audit_tables import show_drift

        show_drift(drift, change)
    return FINE
