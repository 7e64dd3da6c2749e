"""The grammar of gate files, in one table: what each mapping, list and text of one may hold.

The readers (`gate`, `conditions`, `groups`, `patterns`) take the keys and words they know, and what
their errors suggest, from here; `schema` writes the JSON Schemas from it (`make schema`). Only the
readers check what a table cannot say: that a group exists, that a condition can hold.

A constant is a shape, and its name in lower case is how other shapes refer to it.
"""

from __future__ import annotations

from typing import Final, get_args

from gatecore.gates.files.shapes import (
    MAX_LINE,
    MAX_NAME,
    NAME_PATTERN,
    Choice,
    Items,
    Key,
    Keys,
    Names,
    Number,
    Shape,
    Text,
    Truth,
    Words,
)
from gatecore.gates.spec import (
    SEVERITIES,
    STATUSES,
    TAKES,
    UNITS,
    Relation,
    Validity,
    ValueKind,
    View,
)

MAX_EXAMPLES: Final = 1_000
"""The examples of one gate, counter-examples counted apart."""
MAX_PATTERN: Final = 10_000
"""The characters of one pattern."""
MAX_PATTERNS: Final = 2_000
"""The patterns of one gate, or of all lists of a `_shared.yaml` together."""

# White space around a line is not counted, but a schema cannot leave it out.
_LONGEST_LINE: Final = MAX_LINE + 100

# Words, texts and numbers

NAME: Final = Text(
    "A lower-case letter, then lower-case letters, digits or underscores.",
    f"^{NAME_PATTERN}$",
    MAX_NAME,
)
LINE: Final = Text("One or more lines of plain text.", longest=_LONGEST_LINE)
TEXT: Final = Text()
TEMPLATE: Final = Text(
    "Text that may say what was found: {group} is the earliest match, {group.count} the number of"
    " matches, {group.left_out} the number of those that the evidence leaves out, {group.capture}"
    " what the earliest match captured. A brace itself is written twice.",
    rf"^(?=[\s\S]*\S)(?:[^{{}}]|\{{\{{|\}}\}}|\{{{NAME_PATTERN}(?:\.\w+)?\}})*$",
    _LONGEST_LINE,
)
SOURCE: Final = Text(
    "A regular expression of Python's re. Put it in single quotes.", longest=MAX_PATTERN
)
POSITIVE: Final = Number("A whole number from 1.", 1)
WHOLE: Final = Number("A whole number from 0.", 0)
STATUS: Final = Words("The answer.", STATUSES)
FINDING_STATUS: Final = Words("", ("WARNING", "FAIL"))
SILENT_STATUS: Final = Words("", ("PASS", "N/A"))
SEVERITY: Final = Words("How much it matters.", SEVERITIES)
SIDE: Final = Words("Where the other match stands.", ("both", "before", "after"))
VIEW: Final = Words("Where it is looked for: the text, or the text in lower case.", get_args(View))
TAKE: Final = Words(
    "Every match, the first of each pattern, the first of all patterns, or the earliest in the"
    " document.",
    TAKES,
)
KIND: Final = Words("What the texts are read as.", get_args(ValueKind))
VALID: Final = Words(
    "Only numbers of this kind count, those with a right check digit or structure.",
    get_args(Validity),
)
MASKED: Final = Truth(
    "Whether what is found must not be shown as it is, by this gate or by one beside it."
)
FLAG: Final = Words("", ("ignorecase", "multiline", "dotall", "ascii", "verbose"))

# Patterns

FLAGS: Final = Items(
    "flag",
    "The flags of re, and no others: [] is none, so upper and lower case differ. Left out:"
    " [ignorecase].",
    least=0,
)
REGEX: Final = Keys(
    "A regular expression with flags or a view of its own.",
    {"pattern": "source"},
    {"flags": "flags", "view": "view"},
)
KEYWORD: Final = Keys(
    "Characters that stand somewhere in the lower-case text, as `'risk free' in text.lower()`.",
    {"keyword": "source"},
    {"view": Key("view", default="lowercase")},
)
PHRASE: Final = Keys(
    "Whole words with any white space between them, in upper or lower case.", {"phrase": "source"}
)
SHARED_LIST: Final = Keys(
    "All patterns of a list of the module's _shared.yaml.", {"shared": "name"}
)
PATTERN_KINDS: Final = {shape.required[0]: shape for shape in (REGEX, KEYWORD, PHRASE, SHARED_LIST)}
"""The mappings that stand for patterns, by the key that says which of them it is."""
PATTERN_KEYS: Final = tuple(dict.fromkeys((*PATTERN_KINDS, *REGEX.names)))
"""All keys of patterns that are mappings, in the order in which errors list them."""
PATTERN: Final = Choice(
    "A regular expression, or a mapping with a pattern, a keyword, a phrase or a shared list.",
    ("source", "regex", "keyword", "phrase", "shared_list"),
)
PATTERNS: Final = Items(
    "pattern",
    "Patterns that mean the same thing; their order is the order of evidence.",
    most=MAX_PATTERNS,
)
GROUP_WITH_DEFAULTS: Final = Keys(
    "Patterns with flags or view for those that have none of their own, and what holds for all.",
    {"of": "patterns"},
    {
        "flags": Key("flags", default=("ignorecase",)),
        "view": Key("view", default="text"),
        "valid": "valid",
        "masked": "masked",
    },
)
GROUP: Final = Choice(
    "A list of patterns, or a mapping with what holds for all of them.",
    ("patterns", "group_with_defaults"),
)
GROUPS: Final = Choice(
    "The name of a group, or a list of names.", ("name", Items("name", distinct=True))
)

# How many, how far, how long

_BOUNDS: Final = {"at_least": "whole", "at_most": "whole", "exactly": "whole"}
BOUNDS: Final = Keys(
    "How many: at_least, at_most or both, or exactly.",
    allows=_BOUNDS,
    some_of=tuple(_BOUNDS),
    alone="exactly",
    example="{at_least: …}",
)
COUNT: Final = Keys(
    "Matches of groups, at_least, at_most or exactly this many.",
    {"of": "groups"},
    _BOUNDS,
    some_of=tuple(_BOUNDS),
    alone="exactly",
)
WITHIN: Final = Keys(
    "How much may stand between: a number of one unit.",
    allows=dict.fromkeys(UNITS, "whole"),
    one_of=UNITS,
    example="{characters: …}",
)
DOCUMENT: Final = Keys(
    "Bounds on one unit.",
    allows=dict.fromkeys(UNITS, "bounds"),
    one_of=UNITS,
    example="{words: {at_least: …}}",
)
_SENTENCE_UNITS: Final = {"words": "bounds", "characters": "bounds"}
SENTENCES: Final = Keys(
    "Bounds on the words or characters of a sentence, and on how many such sentences there are.",
    allows={**_SENTENCE_UNITS, "count": "bounds"},
    one_of=tuple(_SENTENCE_UNITS),
)
AVERAGE_SENTENCE: Final = Keys(
    "Bounds on the mean words or characters.", {}, _SENTENCE_UNITS, one_of=tuple(_SENTENCE_UNITS)
)

# Captured values

CAPTURED: Final = Keys(
    "What the named group `capture` of the patterns captured.", {"of": "groups", "capture": "text"}
)
VALUE: Final = Choice(
    "A value, or the captures to compare with.", (Text(pattern="", or_number=True), "captured")
)
_RELATIONS: Final = dict.fromkeys(get_args(Relation), "value")
COMPARE: Final = Keys(
    "`of` and `capture` name what is compared, `as` says how it is read, one relation says with"
    " what.",
    {"of": "groups", "capture": "text", "as": "kind"},
    _RELATIONS,
    one_of=tuple(_RELATIONS),
)
OWN_COMPARE: Final = Keys(
    "Only matches whose own capture stands in this relation to the value.",
    {"capture": "text", "as": "kind"},
    _RELATIONS,
    one_of=tuple(_RELATIONS),
)

# Conditions, of three kinds: what holds of the surroundings of a match has no surroundings again,
# and what holds of a part of the document speaks of no other part.

LENGTHS: Final = ("document", "sentences", "average_sentence")
PARTS: Final = ("in_first", "in_last")
WINDOWS: Final = ("near", "inside", "order")


def _at_least(kind: str) -> Keys:
    return Keys(
        "`of` counts different patterns, `conditions` counts those that hold.",
        {"count": "positive"},
        {"of": "groups", "conditions": Items(f"condition{kind}")},
        one_of=("of", "conditions"),
    )


def _condition(kind: str, description: str, *left_out: str) -> Keys:
    same = f"condition{kind}"
    keys = {
        "any": Key("groups", "Some pattern of the groups matches."),
        "all": Key("groups", "Every pattern of the groups matches."),
        "none": Key("groups", "No pattern of the groups matches."),
        "at_least": Key(
            f"at_least{kind}",
            "At least `count` different patterns match, or `count` conditions hold.",
        ),
        "every": Key(Items(same), "All of the conditions hold."),
        "either": Key(Items(same), "At least one of the conditions holds."),
        "not": Key(same, "The condition does not hold."),
        "count": Key("count", "The number of matches of all patterns of the groups is in bounds."),
        "near": Key(
            "near",
            "Some match of the groups has surroundings for which the conditions beside hold.",
        ),
        "inside": Key(
            "inside",
            "For some match of the groups the conditions beside hold of what lies within it.",
        ),
        "order": Key("order", "A match of `then` follows a match of `first`."),
        "in_first": Key("part", "The conditions beside hold of the beginning of the document."),
        "in_last": Key("part", "The conditions beside hold of the end of the document."),
        "document": Key("document", "The length of the document is in bounds."),
        "sentences": Key(
            "sentences",
            "Enough sentences have a length in bounds; `count` says how many, 1 if left out.",
        ),
        "average_sentence": Key(
            "average_sentence", "The mean length of the sentences is in bounds."
        ),
        "compare": Key("compare", "Some captured value stands in a relation to another value."),
    }
    allowed = {name: key for name, key in keys.items() if name not in left_out}
    return Keys(description, {}, allowed, some_of=tuple(allowed), example="{any: …}")


AT_LEAST: Final = _at_least("")
AT_LEAST_NEAR: Final = _at_least("_near")
AT_LEAST_PART: Final = _at_least("_part")
CONDITION: Final = _condition("", "One or more conditions, all of which must hold.")
CONDITION_NEAR: Final = _condition(
    "_near", "Conditions on the surroundings of a match.", *WINDOWS, *PARTS, *LENGTHS
)
CONDITION_PART: Final = _condition(
    "_part", "Conditions on a part of the document.", *PARTS, *LENGTHS
)
_WITHIN_AND_SIDE: Final[dict[str, Key | str]] = {
    "within": "within",
    "side": Key("side", default="both"),
}
NEAR: Final = Keys(
    "`of` names the groups, `within` and `side` say what is near, the other keys are conditions on"
    " what is near.",
    {"of": "groups"},
    _WITHIN_AND_SIDE,
    beside="condition_near",
)
NEAR_EVIDENCE: Final = Keys(
    "Only matches with such surroundings are shown.",
    allows=_WITHIN_AND_SIDE,
    beside="condition_near",
)
INSIDE: Final = Keys(
    "`of` names the groups, the other keys are conditions on what lies within a match.",
    {"of": "groups"},
    beside="condition_near",
)
ORDER: Final = Keys(
    "A match of `first`, then one of `then`, with at most `within` between them.",
    {"first": "groups", "then": "groups"},
    {"within": "within"},
)
PART: Final = Keys(
    "How much of the document, in one unit; the other keys are conditions on that part.",
    allows=dict.fromkeys(UNITS, "positive"),
    one_of=UNITS,
    beside="condition_part",
)

# Verdicts and their evidence

SELECTION: Final = Keys(
    "Which matches of the groups are shown, and how they are labelled.",
    {"of": "groups"},
    {
        "take": Key("take", default="every"),
        "at_most": Key("positive", "Only so many, the first; {group.left_out} counts the others."),
        "type": Key("line", "What each finding is called; the group's name if left out."),
        "severity": "severity",
        "near": "near_evidence",
        "inside": Key("condition_near", "Only matches within which the conditions hold."),
        "compare": "own_compare",
    },
    at_most_one_of=("near", "inside", "compare"),
)
EVIDENCE: Final = Choice(
    "A group whose matches are shown, or a mapping that selects among them.", ("name", "selection")
)
EVIDENCE_LIST: Final = Choice("What the verdict shows, in this order.", ("name", Items("evidence")))
DETAIL_WITH_CONDITION: Final = Keys(
    "A line with its condition.", {"text": "template"}, {"when": "condition"}
)
DETAIL: Final = Choice(
    "A line that the verdict adds, always or when a condition holds.",
    ("template", "detail_with_condition"),
)
VERDICT: Final = Keys(
    "One possible answer; the first whose `when` holds is given.",
    {"status": "status", "message": Key("template", "What the reader is told.")},
    {
        "when": Key("condition", "The condition; only the last verdict has none."),
        "severity": Key(
            "severity", "If left out: the gate's for WARNING and FAIL, none for the others."
        ),
        "suggestion": Key("template", "What the author of the document should do."),
        "details": Key(Items("detail"), "Further lines."),
        "evidence": "evidence_list",
    },
)

# Gates and their folders


def _example(description: str, status: str) -> Keys:
    return Keys(
        description,
        {"text": Key("text", "A document."), "status": Key(status, "What the gate has to answer.")},
        {
            "evidence": Key(
                Items("text", least=0),
                "The texts of all findings, in order; left out, they are not checked.",
            )
        },
    )


EXAMPLE: Final = _example("A text in which the gate must find something.", "finding_status")
COUNTER_EXAMPLE: Final = _example("A text on which the gate must stay silent.", "silent_status")
TAGS: Final = Choice("Words by which gates are selected.", ("name", Items("name", distinct=True)))
GATE: Final = Keys(
    "A check written as data: what it looks for, what it answers, which rule it serves.",
    {
        "gate": Key("name", "The gate's name, which is the file's."),
        "version": Key("positive", "Raise it whenever an answer may change."),
        "title": Key("line", "The gate in one line."),
        "severity": "severity",
        "source": Key("line", "The rule that it serves, as a lawyer cites it."),
        "summary": Key("line", "What it looks for."),
        "limits": Key("line", "What it cannot see."),
        "patterns": Key(Names("group"), "The groups of patterns by name."),
        "verdicts": Key(Items("verdict"), "Tried in order; the last has no `when`."),
    },
    {
        "relevant": Key("condition", "When it does not hold, the answer is N/A."),
        "not_relevant": Key("line", "The message then."),
        "examples": Key(
            Items("example", most=MAX_EXAMPLES), "Texts in which it must find something."
        ),
        "counter_examples": Key(
            Items("counter_example", most=MAX_EXAMPLES), "Texts on which it must stay silent."
        ),
        "tags": "tags",
        "deprecated": Key("line", "What to use instead; the gate still answers."),
    },
    together=("relevant", "not_relevant"),
)
SHARED_FILE: Final = Keys(
    "The lists of patterns that the gates of a module share.",
    {
        "shared": Key("name", "The module's name, which is the folder's."),
        "patterns": Key(Names("patterns"), "A list by name; each may use those above it."),
    },
)
MODULE_FILE: Final = Keys(
    "What a module is called.",
    {
        "module": Key("name", "The module's name, which is the folder's."),
        "title": Key("line", "The module in one line."),
    },
)

SHAPES: Final[dict[str, Shape]] = {
    name.lower(): value
    for name, value in list(globals().items())
    if isinstance(value, Shape) and not name.startswith("_")
}
"""Every shape by the name that others refer to it by."""
