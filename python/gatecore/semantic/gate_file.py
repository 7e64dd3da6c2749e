"""Reads semantic gates from YAML; every mistake is named with its place.

One file holds the questions of one or several modules. `docs/semantic.md` shows it by example.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn, cast

from gatecore.errors import SemanticGateError
from gatecore.gates.files.gate_file import load_nodes
from gatecore.gates.files.patterns import Patterns
from gatecore.gates.files.shapes import Items, Key, Keys, Text, Truth, Words
from gatecore.gates.files.yaml_nodes import Node, YamlFile
from gatecore.gates.spec import SEVERITIES, PatternRef
from gatecore.patterns.pattern import Pattern
from gatecore.semantic.gates import Choice, ChoiceStatus, Passages, SemanticGate

__all__ = ["load_semantic_gates", "parse_semantic_gates"]

_STATUS: Final = Words("The verdict.", ("PASS", "WARNING", "FAIL", "N/A"))
_SILENT: Final = ("PASS", "N/A")
_CHOICE: Final = Keys(
    "A verdict that the model may give.",
    {"status": _STATUS, "when": Text(), "message": Text()},
    {"severity": Words("", SEVERITIES), "quote": Truth("Whether it must quote the document.")},
)
_EVIDENCE: Final = Keys(
    "What the question may see.", {}, {"patterns": Items(Text()), "context": Text()}
)
_QUESTION: Final = Keys(
    "A question beside a gate's rules.",
    {"gate": Text(), "version": Text(), "question": Text(), "choices": Items(_CHOICE, least=2)},
    {"evidence": Key(_EVIDENCE), "open_on": Key(Items(_STATUS), default=("FAIL", "WARNING"))},
)
_FILE: Final = Keys("A file of questions.", {"questions": Items(_QUESTION)})


def parse_semantic_gates(text: str, *, path: str) -> tuple[SemanticGate, ...]:
    r"""The semantic gates in a text; `path` names it in errors.

    Raises:
        GateFileError: The first mistake.

    >>> (gate,) = parse_semantic_gates('''
    ... questions:
    ...   - gate: gdpr_uk/consent
    ...     version: 1
    ...     question: Does the text take silence or mere use for consent?
    ...     evidence: {patterns: ['\\bconsent\\w*'], context: 200}
    ...     choices:
    ...       - {status: PASS, when: Consent needs a deliberate act., message: Consent is active.}
    ...       - status: FAIL
    ...         severity: critical
    ...         when: Use of the site alone counts as consent.
    ...         message: Use is taken for consent.
    ...         quote: true
    ... ''', path="questions.yaml")
    >>> gate.evidence.context, [choice.status for choice in gate.choices]
    (200, ['PASS', 'FAIL'])
    """
    file = YamlFile(path, gate=None, begins="questions:")
    return _gates(file, file.compose(text))


def load_semantic_gates(path: str | Path) -> tuple[SemanticGate, ...]:
    """The semantic gates in a file.

    Raises:
        GateFileError: The first mistake, or the file cannot be read.

    >>> from gatecore.errors import GateFileError
    >>> try:
    ...     load_semantic_gates("not/there.yaml")
    ... except GateFileError as error:
    ...     print(error)
    not/there.yaml: cannot be read: No such file or directory; check the path
    """
    file = YamlFile(str(path), gate=None, begins="questions:")
    return _gates(file, load_nodes(file, Path(path)))


def _gates(file: YamlFile, root: Node) -> tuple[SemanticGate, ...]:
    keys = file.mapping(root, "the file", _FILE)
    gates: dict[str, SemanticGate] = {}
    for number, item in enumerate(file.items(keys["questions"], "questions"), start=1):
        gate = _gate(file, item, f"question {number}")
        if gate.gate in gates:
            raise file.error(item, f"gate {gate.gate} has two questions", "keep one of them")
        gates[gate.gate] = gate
    return tuple(gates.values())


def _gate(file: YamlFile, node: Node, what: str) -> SemanticGate:
    keys = file.mapping(node, what, _QUESTION)
    name = file.line(keys["gate"], f"gate of {what}")
    open_on = _QUESTION.default("open_on")
    if "open_on" in keys:
        open_on = file.distinct(
            keys["open_on"],
            f"open_on of {what}",
            lambda item: file.word(item, "status", _STATUS.words),
            "status {}".format,
        )
    try:
        return SemanticGate(
            name,
            file.line(keys["question"], f"question of {what}"),
            tuple(
                _choice(file, item, what)
                for item in file.items(keys["choices"], f"choices of {what}")
            ),
            _evidence(file, keys["evidence"], what) if "evidence" in keys else None,
            tuple(open_on),
            str(file.whole_number(keys["version"], f"version of {what}")),
        )
    except SemanticGateError as error:
        raise file.error(node, f"{what}: {error}", "mend it") from None


def _choice(file: YamlFile, node: Node, what: str) -> Choice:
    keys = file.mapping(node, f"a choice of {what}", _CHOICE)
    status = file.word(keys["status"], "status", _STATUS.words)
    if "severity" in keys:
        severity = file.word(keys["severity"], "severity", SEVERITIES)
    elif status in _SILENT:
        severity = "none"
    else:
        raise file.error(node, f"choice {status} of {what} has no 'severity'", "add `severity: …`")
    return Choice(
        cast(ChoiceStatus, status),
        file.line(keys["when"], f"when of choice {status}"),
        severity,
        file.line(keys["message"], f"message of choice {status}"),
        "quote" in keys and file.truth(keys["quote"], "quote"),
    )


def _evidence(file: YamlFile, node: Node, what: str) -> Passages:
    keys = file.mapping(node, f"evidence of {what}", _EVIDENCE)
    patterns: tuple[PatternRef, ...] = ()
    if "patterns" in keys:
        reader = Patterns(file, {})

        def no_lists(where: Node, which: str) -> NoReturn:
            raise file.error(where, f"{which} is a shared list", "write its patterns out")

        patterns = reader.read(keys["patterns"], f"patterns of {what}", no_lists)
        for pattern in patterns:
            if pattern.view != "text":
                raise file.error(
                    keys["patterns"],
                    f"evidence of {what}: '{pattern.written}' is looked for in lower case",
                    "write a `phrase` or a pattern: what is shown is the text itself",
                )
    found = tuple(Pattern(pattern.source, pattern.flags) for pattern in patterns)
    if "context" not in keys:
        return Passages(found)
    return Passages(found, file.whole_number(keys["context"], "context", at_least=0))
