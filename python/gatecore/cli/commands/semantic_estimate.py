"""`gatecore semantic estimate`: what asking about documents would cost, before it is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json, say_error, say_note
from gatecore.cli.semantic import KEY, ClientFiles
from gatecore.errors import DocumentTooLargeError, GatecoreError
from gatecore.text import named

if TYPE_CHECKING:
    from gatecore.cli.semantic import Rules
    from gatecore.semantic import SemanticClient
    from gatecore.semantic.foreseeing import Foreseen, Foresight

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Judges the documents by their rules, and says which questions these leave open, "
    "and what asking them would take: calls, tokens, money. Without --count nothing is sent, and "
    "four characters count as a token. Without --module and --gates, the modules fca_uk and "
    "gdpr_uk are asked.",
    epilog="examples:\n"
    "  gatecore semantic estimate letters/ --config semantic.toml --questions semantic.yaml\n"
    "  gatecore semantic estimate letters/ --config semantic.toml --questions semantic.yaml \\\n"
    "      --store audit.db --format json\n\n"
    "exit codes:\n  0    answered\n  2    the command line or a file cannot be used, or the "
    "service did not count\n  3    a document could not be read (the others are there)\n",
    nothing={"documents": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    documents: tuple[str, ...] = opt.documents_argument()
    files: ClientFiles = opt.option_group(ClientFiles)
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    store: str | None = opt.option(
        "--store",
        metavar="FILE",
        help="an audit store with answers of earlier runs: what they save is shown",
    )
    count: bool = opt.flag(
        "--count",
        help=f"have the service count the tokens, which is free but sends the documents, redacted "
        f"as the settings say; needs ${KEY}",
    )
    engine: opt.Engine = opt.option_group(opt.Engine)
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.reading import read_named

    texts, errors = read_named(options.documents, options.reading, options.encoding)
    if not texts:
        raise GatecoreError("no document could be read, so there is nothing to ask about")
    counts = options.count and bool(os.environ.get(KEY))
    if options.count and not counts:
        say_note(f"${KEY} is not set: nothing is sent, and four characters count as a token")
    with ExitStack() as stack:
        client, without = _clients(options, stack, counts=counts)
        rows, foresight, whole = _foreseen(options, client, without, texts, counts, stack, errors)
    model = client.options.model.name
    about = {
        "model": model,
        "model_ends": _end(model),
        "sent": counts,
        "tokens": "counted by the service"
        if foresight.is_counted
        else "four characters are a token",
        "prices": _prices(client),
    }
    if options.format == "json":
        print_json(
            {
                **about,
                "documents": [
                    {**named(name), "open": list(row.open), **row.to_dict()} for name, row in rows
                ],
                "total": foresight.total.to_dict(),
                "without_answers": None if whole is None else whole.to_dict(),
                "errors": errors,
            }
        )
    else:
        from gatecore.cli.output.semantic_tables import show_estimate

        show_estimate(rows, foresight.total, whole, about)
    return UNREADABLE if errors else FINE


def _clients(
    options: Options, stack: ExitStack, *, counts: bool
) -> tuple[SemanticClient, SemanticClient | None]:
    """The client, with the answers of a store if there is one, and then one without them."""
    from gatecore.cli.audit import StoreFile, opened
    from gatecore.cli.semantic import read_client_files
    from gatecore.semantic import AnthropicProvider, SemanticClient
    from gatecore.semantic.offline import OfflineProvider

    settings, gates = read_client_files(options.files)
    provider = AnthropicProvider() if counts else OfflineProvider()
    store = None
    if options.store is not None:
        store = stack.enter_context(opened(StoreFile(store=options.store))).semantic
    client = stack.enter_context(SemanticClient(gates, settings, provider=provider, store=store))
    if store is None:
        return client, None
    without = SemanticClient(gates, settings, provider=OfflineProvider())
    return client, stack.enter_context(without)


def _foreseen(
    options: Options,
    client: SemanticClient,
    without: SemanticClient | None,
    texts: list[tuple[str, str]],
    counts: bool,
    stack: ExitStack,
    errors: list[dict[str, str]],
) -> tuple[list[tuple[str, Foreseen]], Foresight, Foreseen | None]:
    """Each document's, the sum, and what the sum would be without the answers of a store."""
    from gatecore.cli.semantic import rules_of
    from gatecore.semantic.foreseeing import Foresight

    rules: Rules = stack.enter_context(rules_of(client, options.sources, options.engine))
    foresight = Foresight(client, counts)
    whole = None if without is None else Foresight(without)
    rows = []
    for name, text in texts:
        try:
            questions = rules.open(text)
        except DocumentTooLargeError as error:
            say_error(f"{name}: {error}")
            errors.append({**named(name), "message": str(error)})
            continue
        rows.append((name, foresight.of(text, questions)))
        if whole is not None:
            whole.of(text, questions)
    return rows, foresight, None if whole is None else whole.total


def _end(model: str) -> str:
    from gatecore.cli.semantic import model_end

    return model_end(model)


def _prices(client: SemanticClient) -> Mapping[str, Any]:
    from dataclasses import asdict

    return {name: format(price, "f") for name, price in asdict(client.options.model.prices).items()}
