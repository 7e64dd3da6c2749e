"""`gatecore gates check`: each gate against its own examples, and against the slow reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Runs each gate's examples and counter-examples, and asks the slow reference "
    "evaluator as well. Precision is the share of examples among the texts with a finding, "
    "recall the share of the examples in which something was found; `never given` counts the "
    "verdicts that no text leads to. "
    "Without files and --module, all shipped modules are run.",
    epilog="examples:\n"
    "  gatecore gates check house/no_risk.yaml\n"
    "  gatecore gates check --module fca_uk --tag advice --format json\n\n"
    "exit codes:\n  0    every example holds\n"
    "  1    an example does not hold, or no document can get a verdict\n"
    "  2    the command line or a gate file cannot be used\n",
    nothing={"gates": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    sources: opt.GateFiles = opt.option_group(opt.GateFiles)
    narrowing: opt.Narrowing = opt.option_group(opt.Narrowing)
    engine: opt.Engine = opt.option_group(opt.Engine)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Runs all examples; every one that does not hold is shown, and every verdict nobody gets."""
    from gatecore.cli.selection import compiled, note_deprecated, selected
    from gatecore.gates.examples import check_examples
    from gatecore.lint.gates import lint_gates

    gates = selected(options.sources, options.narrowing, every_module=True)
    note_deprecated(gates)
    results = list(check_examples(compiled(gates, options.engine)))
    shadowed = lint_gates((result.gate for result in results), only=["shadowed-verdict"])
    failed = bool(shadowed) or any(result.failed for result in results)
    if options.format == "json":
        dead = [issue.to_dict() for issue in shadowed]
        plain = [result.to_dict() for result in results]
        print_json({"gates": plain, "shadowed": dead, "errors": []})
    else:
        from gatecore.cli.output.examples_table import show_results

        show_results(results, shadowed)
    return FOUND if failed else FINE
