"""`gatecore semantic eval`: how right answers are on a labelled set, asked in one way or in two."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json, say_error, say_note
from gatecore.cli.semantic import KEY, ClientFiles
from gatecore.errors import GatecoreError
from gatecore.text import named, visible

if TYPE_CHECKING:
    from gatecore.cli.evaluating import Row, Way

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Asks the questions about documents whose verdicts are known, and says how often "
    "the answers are right, with precision and recall, each with its 95 % interval. With --compare "
    "the same rows are asked in a second way: one question a call, or with other questions; how "
    "far both agree, and whether one is better than chance would have it. NEEDS_REVIEW is never "
    f"right. Without ${KEY}, or with --fake, the answers are made up: that shows that the set can "
    "be read and what would be asked, and measures no model. Budgets for a single validation do "
    "not hold here, those for a day do.",
    epilog="examples:\n"
    "  gatecore semantic eval set.jsonl --config semantic.toml --questions semantic.yaml\n"
    "  gatecore semantic eval set.jsonl --config semantic.toml --questions semantic.yaml \\\n"
    "      --compare single\n\n"
    'a row of the set:\n  {"path": "letters/a.txt", "gate": "gdpr_uk/consent", "status": "FAIL"}\n'
    '  or with "text" instead of "path"\n\n'
    "exit codes:\n  0    answered\n  2    the command line or a file cannot be used\n"
    "  3    a document could not be read (the other rows are asked)\n",
    nothing={"ways": [], "gates": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    labelled: str = opt.argument("LABELLED", help="the labelled set, a JSON object a line")
    files: ClientFiles = opt.option_group(ClientFiles)
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    compare: str | None = opt.option(
        "--compare",
        metavar="HOW",
        help="ask a second time: `single`, one question a call, or a file with other questions",
    )
    positive: Literal["FAIL", "WARNING", "PASS", "N/A"] = opt.option(
        "--positive",
        default="FAIL",
        help="the status whose precision and recall are told (default: FAIL)",
    )
    samples: int = opt.option(
        "--samples",
        type=opt.count,
        default=0,
        metavar="N",
        help="show so many rows that were answered wrongly or differently, by their lines in the "
        "set; JSON has all rows",
    )
    fake: bool = opt.flag("--fake", help="make answers up, even if there is a key")
    jobs: int = opt.option(
        "--jobs",
        type=opt.count,
        default=4,
        metavar="N",
        help="how many documents are asked about at once (default: 4)",
    )
    engine: opt.Engine = opt.option_group(opt.Engine)
    encoding: str | None = opt.encoding_option()
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.cli.evaluating import NO_MEASUREMENT, answers_of
    from gatecore.semantic import AnthropicProvider

    ways = _ways(options)
    rows, errors = _rows(options, ways)
    is_fake = options.fake or not os.environ.get(KEY)
    if is_fake:
        why = "" if options.fake else f", as ${KEY} is not set"
        say_note(f"{NO_MEASUREMENT}: the answers are made up{why}")
    answered = [
        answers_of(
            way,
            rows,
            None if is_fake else AnthropicProvider(),
            options.sources,
            options.engine,
            options.jobs,
        )
        for way in ways
    ]
    answers = [each for each, _ in answered]
    plain: dict[str, Any] = {
        "measurement": NO_MEASUREMENT if is_fake else "of the model",
        "is_fake": is_fake,
        "model": ways[0].options.model.name,
        "positive": options.positive,
        "rows": len(rows),
        "documents": len({row.text for row in rows}),
        "ways": [
            {"name": way.name, "group": way.options.group, **spent.to_dict()}
            for way, (_, spent) in zip(ways, answered, strict=True)
        ],
        "all": _scored(rows, answers, options.positive),
        "gates": [
            {"gate": gate, **_scored(*_only(rows, answers, gate), options.positive)}
            for gate in sorted({row.labelled.gate for row in rows})
        ],
        "answers": [
            {
                "line": row.labelled.line,
                "gate": row.labelled.gate,
                "label": row.labelled.status,
                "answers": [each[place] for each in answers],
            }
            for place, row in enumerate(rows)
        ],
        "errors": errors,
    }
    if options.format == "json":
        print_json(plain)
    else:
        from gatecore.cli.output.semantic_eval_tables import show_evaluation

        show_evaluation(plain, options.samples)
    return UNREADABLE if errors else FINE


def _ways(options: Options) -> list[Way]:
    """One way to ask, or two."""
    from gatecore.cli.evaluating import Way
    from gatecore.cli.semantic import read_client_files
    from gatecore.semantic import load_semantic_gates

    settings, gates = read_client_files(options.files)
    first = Way("grouped", settings, gates)
    if options.compare is None:
        return [first]
    if options.compare == "single":
        return [first, Way("single", replace(settings, group=1), gates)]
    if not Path(options.compare).is_file():
        raise GatecoreError(
            f"--compare {visible(options.compare)}: there is no such file; give one with "
            "questions, or single"
        )
    first = replace(first, name=options.files.questions)
    return [first, Way(options.compare, settings, load_semantic_gates(options.compare))]


def _rows(options: Options, ways: list[Way]) -> tuple[list[Row], list[dict[str, str]]]:
    """The rows with their documents, and what could not be read."""
    from gatecore.cli.evaluating import Row
    from gatecore.cli.reading import read_document, say_notes
    from gatecore.documents.reading import DocumentReadError
    from gatecore.documents.reading import read as read_text
    from gatecore.semantic.labelled import parse_labelled

    choices: dict[str, set[str]] = {}
    for number, way in enumerate(ways):
        known = {gate.gate: {str(choice.status) for choice in gate.choices} for gate in way.gates}
        if number == 0:
            choices = known
        else:
            choices = {
                gate: statuses & known[gate] for gate, statuses in choices.items() if gate in known
            }
    content = read_text(options.labelled, read_as="text").text
    ordered = {gate: sorted(statuses) for gate, statuses in choices.items()}
    labelled = parse_labelled(content, path=options.labelled, choices=ordered)
    texts: dict[str, str | None] = {}
    rows: list[Row] = []
    errors = []
    for one in labelled:
        if one.text is not None:
            rows.append(Row(one, one.text))
            continue
        if one.path not in texts:
            name = str(Path(options.labelled).parent / one.path)
            try:
                document = read_document(name, options.reading, options.encoding)
                say_notes(document)
                texts[one.path] = document.text
            except DocumentReadError as error:
                say_error(f"{visible(options.labelled)}:{one.line}: {error}")
                errors.append({**named(error.name), "message": error.reason})
                texts[one.path] = None
        if (text := texts[one.path]) is not None:
            rows.append(Row(one, text))
    if not rows:
        raise GatecoreError("no document of the labelled set could be read")
    return rows, errors


def _only(
    rows: list[Row], answers: list[list[str]], gate: str
) -> tuple[list[Row], list[list[str]]]:
    places = [place for place, row in enumerate(rows) if row.labelled.gate == gate]
    return [rows[p] for p in places], [[each[p] for p in places] for each in answers]


def _scored(rows: list[Row], answers: list[list[str]], positive: str) -> dict[str, Any]:
    from gatecore.semantic.agreement import compare, scores

    labels = [row.labelled.status for row in rows]
    return {
        "rows": len(rows),
        "scores": [scores(labels, each, positive=positive).to_dict() for each in answers],
        "comparison": compare(labels, *answers).to_dict() if len(answers) == 2 else None,
    }
