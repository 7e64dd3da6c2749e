"""`gatecore semantic audit`: where a host calls a language model, or what questions say twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json, say_error
from gatecore.errors import DocumentTooLargeError, GatecoreError
from gatecore.text import named

if TYPE_CHECKING:
    from gatecore.semantic.prompt_audit import PromptAudit

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Of Python files and folders: lists each call of a language model (Anthropic, "
    "OpenAI, Google, and a host's own functions with such a call in them), what it passes and what "
    "it lacks, how long the constant parts of its prompt are, and whether they come first, where a "
    "service could keep them. With --questions and --config: writes the prompts for documents, and "
    "says what they repeat, and what grouping and caching save. Nothing is run and nothing sent.",
    epilog="examples:\n"
    "  gatecore semantic audit src/\n"
    "  gatecore semantic audit letters/ --config semantic.toml --questions semantic.yaml\n\n"
    "exit codes:\n  0    answered\n  2    the command line or a file cannot be used\n"
    "  3    a document or Python file could not be read (the others are there)\n",
    nothing={"calls": [], "prompts": None},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    targets: tuple[str, ...] = opt.argument(
        "TARGET",
        nargs="+",
        help="Python files, or folders of them; with --questions the documents: texts, e-mails, "
        "HTML pages, or folders of them",
    )
    levels: int = opt.option(
        "--levels",
        type=opt.count,
        default=5,
        metavar="N",
        help="how far functions that call such functions are followed (default: 5)",
    )
    config: str | None = opt.option(
        "--config",
        heading="prompts of a set of questions",
        metavar="FILE",
        help="model, prices, limits and budgets, as TOML",
    )
    questions: str | None = opt.option(
        "--questions", metavar="FILE", help="the questions, as YAML; needs --config"
    )
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    engine: opt.Engine = opt.option_group(opt.Engine)
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    if options.questions is None and options.config is None:
        return _of_sources(options)
    if options.questions is None or options.config is None:
        raise GatecoreError("--questions and --config belong together; name both")
    return _of_questions(options, options.config, options.questions)


def _of_sources(options: Options) -> int:
    from gatecore.cli.semantic import model_note
    from gatecore.hosts.source_listing import read_sources
    from gatecore.semantic.call_finding import call_sites

    texts, problems = read_sources(options.targets)
    found = call_sites(texts, levels=options.levels)
    wrong = {**problems, **found.unreadable}
    for place, message in wrong.items():
        say_error(f"{place}: {message}")
    named_there = {site.model_name for site in found.sites if site.service == "anthropic"}
    notes = {name: model_note(name) for name in sorted(named_there - {""})}
    if options.format == "json":
        print_json(
            {
                "calls": [
                    {**site.to_dict(), "model_note": notes.get(site.model_name, "")}
                    for site in found.sites
                ],
                "repeated": [{"tokens": n, "places": list(at)} for n, at in found.repeated],
                "files": found.files,
                "prompts": None,
                "errors": [{**named(place), "message": said} for place, said in wrong.items()],
            }
        )
    else:
        from gatecore.cli.output.semantic_audit_tables import show_call_sites

        show_call_sites(found, notes)
    return UNREADABLE if wrong else FINE


def _of_questions(options: Options, config: str, questions: str) -> int:
    from gatecore.cli.reading import read_named

    texts, errors = read_named(options.targets, options.reading, options.encoding)
    if not texts:
        raise GatecoreError("no document could be read, so there are no prompts")
    audit, about = _audited(options, config, questions, texts, errors)
    if options.format == "json":
        print_json({"calls": [], "prompts": {**audit.to_dict(), **about}, "errors": errors})
    else:
        from gatecore.cli.output.semantic_audit_tables import show_prompt_audit

        show_prompt_audit(audit, about)
    return UNREADABLE if errors else FINE


def _audited(
    options: Options,
    config: str,
    questions: str,
    texts: list[tuple[str, str]],
    errors: list[dict[str, str]],
) -> tuple[PromptAudit, dict[str, Any]]:
    from gatecore.cli.semantic import ClientFiles, read_client_files, rules_of
    from gatecore.semantic import SemanticClient
    from gatecore.semantic.offline import OfflineProvider
    from gatecore.semantic.prompt_audit import audit_prompts

    settings, gates = read_client_files(ClientFiles(config=config, questions=questions))
    with (
        SemanticClient(gates, settings, provider=OfflineProvider()) as client,
        rules_of(client, options.sources, options.engine) as rules,
    ):
        asked = []
        for name, text in texts:
            try:
                asked.append((text, rules.open(text)))
            except DocumentTooLargeError as error:
                say_error(f"{name}: {error}")
                errors.append({**named(name), "message": str(error)})
        about = {
            "model": settings.model.name,
            "cache_minimum": settings.model.cache_minimum,
            "rules_are_kept": client.writer.rules_are_kept,
        }
        return audit_prompts(client, asked), about
