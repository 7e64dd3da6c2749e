"""Seeded patterns and documents in the statistical shape of compliance work.

Benchmarks and tests need patterns and documents that behave like a real host's and that may be
published, so everything here is made up: about 600 words of UK finance, privacy and employment
law, joined into phrases by a handful of templates.

    words ── templates ──> phrases ──┬── patterns()   a phrase, loosened: gaps, alternatives, …
                                     └── document()   a phrase, in a sentence, Zipf-distributed

Both sides draw from *one* list of phrases, and documents draw them with Zipf weights.
That is what makes the number of patterns that match grow as slowly as it does in the wild
(about 80, 250 and 570 of 2,700 in documents of 2, 10 and 100 KB), which matters: a corpus where
everything matches measures the output, one where nothing matches measures the prefilter.

The shape follows the host measured in FACTS section 1; `tests/meta/test_corpus.py` holds
the proportions to it.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

__all__ = ["KINDS", "Kind", "document", "fresh", "patterns", "phrases", "vocabulary"]

Kind: TypeAlias = Literal["ascii", "natural", "one_line"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""`ascii` is plain, `natural` has pounds, dashes, bullets, curly quotes and accents; `one_line` is
`natural` without line breaks."""

PHRASES = 1_500
"""Length of the phrase list. Patterns draw from all of it evenly, documents by Zipf weight."""

ZIPF, ZIPF_SHIFT = 3.0, 110
"""Weight of the phrase at `rank` is (rank + shift) ** -exponent.

A larger exponent makes long documents repeat themselves more; the shift flattens the head, so
that short documents already differ from each other.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Actors can stand before a verb, things after it; the rest is glue for sentences.
_ACTORS = _words("""
adviser agent applicant appellant arranger auditor bank beneficiary borrower broker buyer carer
charity claimant client colleague commissioner committee company consumer contractor controller
court creditor customer debtor director discloser donor employee employer executor firm guarantor
guardian insurer intermediary inspector investor landlord lender manager member merchant minister
mortgagee nominee officer ombudsman operator parent partner payee payer policyholder principal
processor promoter provider purchaser recipient regulator reinsurer representative respondent
reviewer seller shareholder sheriff solicitor subcontractor subscriber supervisor supplier
taxpayer tenant trader tribunal trustee underwriter vendor volunteer witness worker
""")

_THINGS = _words("""
absence account accountability acquisition advance adjustment advert agreement allegation
allocation allowance amendment annuity appeal appendix application appointment appraisal approval
arbitration arrangement arrears assessment asset assignment assurance audit authority award
balance ballot bargaining basis benchmark benefit bereavement bond bonus breach briefing budget
capability capacity capital cashback category caveat certificate charge checklist claim clause
collateral commission communication compensation competence complaint compliance concern
conduct confidentiality conflict consent consideration consultation contact contract contribution
cookie correspondence cost counselling counterparty covenant coverage credit custody damages
database deadline debt decision declaration deduction default deferral delay delegation deletion
deposit detriment disability discipline disclosure discount discrimination dismissal dispute
distribution dividend document duty earnings eligibility employment encryption endorsement
enforcement enquiry entitlement equality equity erasure evaluation evidence exclusion exemption
expense explanation exposure facility fairness fee finding flexibility forecast forfeiture fraud
fund gain gift goodwill governance grievance growth guarantee guidance handbook harassment hardship
hearing holiday identity illness incentive incident income indemnity index inducement inflation
information insolvency instalment instruction instrument insurance interest interview
investigation investment invoice jurisdiction lapse lease legislation levy liability licence
limitation liquidity litigation loan loss loyalty maintenance mandate margin marketing maternity
maturity measure mediation meeting merger minutes misconduct mitigation monitoring mortgage
negligence negotiation notice notification objection obligation occupation offer opinion
option outcome overdraft overtime ownership password paternity payment payroll penalty pension
performance period permission policy portability portfolio practice premium premises privacy
probation procedure proceeds product profiling profit prohibition projection promise promotion
proof property proposal prospectus protection provision purpose quotation rate rating rebate
receipt reconciliation record recovery recruitment rectification redress redundancy reference
referral refund register registration reimbursement relief remedy remuneration renewal rent
repayment report reputation request requirement resignation resolution restriction retention
retirement return revenue review reward risk salary sanction saving schedule scheme secondment
secrecy security selection sentence settlement severance share shortfall sickness signature
solvency staffing standard statement statute storage submission subsidy suitability summary
surcharge surrender suspension target tariff tax tenancy term testimonial threshold timetable
title tracking training transaction transfer transparency treatment trial turnover undertaking
valuation variation verification victimisation violation volatility voucher vulnerability wage
waiver warning warranty whistleblowing withdrawal withholding yield
""")

_QUALITIES = _words("""
absolute accurate additional adequate adverse annual anonymous applicable appropriate automated
balanced binding biometric capped clear commercial comparative complete compulsory conditional
confidential contractual covered criminal critical cumulative current deferred detailed direct
disciplinary discretionary effective electronic eligible equal essential estimated exclusive
existing explicit express external fair final financial fixed flexible formal full gross
guaranteed hidden high historic honest hypothetical immediate implied improper independent
indicative indirect individual informal initial intended internal joint lawful legal legitimate
liable limited lump mandatory material maximum medical minimum misleading mutual negligible net
nominal objective occupational ongoing optional oral original outstanding personal physical
potential preliminary private professional prominent proportionate proposed protected prudent
public qualifying reasonable regular regulatory relevant residual secure senior sensitive separate
serious short significant specific statutory strict substantial sufficient suitable temporary
third total undue unfair unlimited unregulated unlawful unsecured valid variable verbal voluntary
vulnerable wholesale written wrongful zero
""")

_VERBS = _words("""
accept access acknowledge acquire adjust agree allow amend appeal apply appoint approve assess
assign attend authorise avoid breach calculate cancel charge check claim collect complete confirm
consider consult contact deduct defer delete deliver demonstrate deny disclose dismiss distribute
document encrypt enforce ensure erase establish evaluate exceed exclude exercise explain extend
follow forfeit guarantee hold identify ignore inform inspect invest investigate issue keep limit
maintain monitor negotiate notify obtain offer opt override pay permit process prohibit promise
promote protect provide publish receive recommend record recover redeem reduce refer refund refuse
register reject release rely remove renew repay report represent request restrict retain return
reveal review revoke sell share sign store submit suspend terminate transfer update verify waive
warn withdraw withhold
""")

_MODALS = ["must", "may", "shall", "should", "will", "cannot", "may not", "must not", "agrees to"]
_UNITS = ["days", "weeks", "months", "years", "hours", "working days", "calendar days"]
_OPENERS = ["No", "Any", "Each", "Every", "Without", "Subject to", "Under", "Following", "Despite"]
# Filler is what most of a real document is: words that no pattern cares for.
_FILLER = _words("""
the a of and to in is for on that by this with it as be are was were from at or an which their its
has have had been not also these those when where while then before after during between within
about above below into over under through other such more some most all both few many much own same
here there today often usually again however therefore moreover further instead page section table
figure please see note example copy letter team office street town city morning week year people
place thing way time part case point number group side end start line list set name form day
""")


def vocabulary() -> list[str]:
    """The domain words, without filler, in a fixed order.

    >>> len(vocabulary()) > 600
    True
    """
    return sorted({*_ACTORS, *_THINGS, *_QUALITIES, *_VERBS})


def fresh(text: str) -> str:
    """A new string object equal to `text`, with nothing cached on it.

    CPython keeps a string's UTF-8 form and its hash, so scanning one object twice measures the
    second scan without its conversion.

    >>> text = document(100)
    >>> fresh(text) == text and fresh(text) is not text
    True
    """
    if len(text) < 2:
        return text  # CPython shares these whatever we do
    return "".join((text[:-1], text[-1]))


_TEMPLATES: list[tuple[Callable[[random.Random], tuple[str, ...]], int]] = [
    (lambda r: (r.choice(_QUALITIES), r.choice(_THINGS)), 34),
    (lambda r: (r.choice(_THINGS), r.choice(_THINGS)), 18),
    (lambda r: (r.choice(_VERBS), "the", r.choice(_THINGS)), 9),
    (lambda r: (r.choice(_VERBS), r.choice(_QUALITIES), r.choice(_THINGS)), 11),
    (lambda r: (r.choice(_THINGS), "of", r.choice(_THINGS)), 9),
    (lambda r: ("no", r.choice(_QUALITIES), r.choice(_THINGS)), 4),
    (lambda r: (r.choice(_ACTORS), *r.choice(_MODALS).split(), r.choice(_VERBS)), 8),
    (lambda r: (r.choice(_THINGS),), 5),
    (lambda r: ("right", "to", r.choice(_VERBS), r.choice(_THINGS)), 2),
]


@lru_cache(maxsize=1)
def phrases() -> tuple[tuple[str, ...], ...]:
    """Every phrase, each a tuple of words, most frequent in documents first.

    >>> len(phrases()) == PHRASES == len(set(phrases()))
    True
    """
    source = random.Random("phrases")
    makers = [make for make, _ in _TEMPLATES]
    weights = [weight for _, weight in _TEMPLATES]
    found: dict[tuple[str, ...], None] = {}
    while len(found) < PHRASES:
        make = source.choices(makers, weights)[0]
        found[make(source)] = None
    return tuple(found)


# ---------------------------------------------------------------------------------- patterns


def patterns(count: int, *, seed: int = 2025) -> list[tuple[str, int]]:
    """`count` distinct (source, flags) as a host's gates hold them.

    A shorter list is a prefix of a longer one of the same seed, so "100 patterns" and "2,500
    patterns" are the same kind of thing.

    >>> patterns(3, seed=1) == patterns(9, seed=1)[:3]
    True
    """
    return list(itertools.islice(_pattern_stream(random.Random(f"patterns {seed}")), count))


def _pattern_stream(source: random.Random) -> Iterator[tuple[str, int]]:
    seen: set[tuple[str, int]] = set()
    while True:
        # Hosts search `text` with IGNORECASE or `text.lower()` without a flag.
        flags = int(re.IGNORECASE) if source.random() < 0.81 else 0
        pattern = _pattern(source), flags
        if pattern not in seen:
            seen.add(pattern)
            yield pattern


def _pattern(source: random.Random) -> str:
    shapes: list[tuple[Callable[[random.Random], str], float]] = [
        (_loose_phrase, 49.0),
        (_plain_words, 23.5),
        (_distant_phrases, 16.5),
        (_amount, 3.2),
        (_money, 1.2),
        (_long_list, 3.6),
        (_negated, 0.35),
        (_lazy, 0.5),
        (_captured_reference, 0.9),
    ]
    make = source.choices([shape for shape, _ in shapes], [weight for _, weight in shapes])[0]
    pattern = make(source)
    # A branch that is already bare alternatives would change its meaning under `\b`.
    if source.random() < 0.10 and make is not _plain_words:
        pattern = rf"\b{pattern}\b"
    return pattern


def _phrase(source: random.Random) -> tuple[str, ...]:
    return source.choice(phrases())


def _siblings(source: random.Random, word: str) -> list[str]:
    """Up to four other words that could stand in `word`'s place."""
    for family in (_ACTORS, _THINGS, _QUALITIES, _VERBS):
        if word in family:
            chosen = source.sample(family, source.choices([1, 2, 3, 4], [7, 5, 1, 1])[0])
            return [other for other in chosen if other != word]
    return []


def _alternatives(source: random.Random, word: str) -> str:
    branches = [word, *_siblings(source, word)]
    if len(branches) == 1:
        return word
    source.shuffle(branches)
    if source.random() < 0.015:
        return f"({'|'.join(branches)})"
    return f"(?:{'|'.join(branches)})"


def _inflected(source: random.Random, word: str) -> str:
    chance = source.random()
    if chance < 0.07:
        return word + "s?"
    if chance < 0.09 and word.endswith("e"):
        return word[:-1] + "(?:e|ing)"
    if chance < 0.11 and "is" in word[2:]:
        return word[:2] + word[2:].replace("is", "i[sz]", 1)
    return word


def _loosen(source: random.Random, words: tuple[str, ...], *, branching: float = 0.74) -> str:
    """`words` with gaps instead of blanks and some of them made optional or alternatives."""
    branched = source.randrange(len(words)) if source.random() < branching else -1
    pieces: list[str] = []
    for place, word in enumerate(words):
        last = place == len(words) - 1
        gap = "" if last else source.choices([r"\s+", r"\s*", "[- ]?"], [94, 2, 4])[0]
        if word in ("the", "of") and not last and source.random() < 0.5:
            pieces.append(rf"(?:{word}{gap})?")
        elif place == branched:
            pieces.append(_alternatives(source, word) + gap)
        else:
            pieces.append(_inflected(source, word) + gap)
        if not last and source.random() < 0.05:
            pieces.append(rf"(?:{source.choice(_QUALITIES)}\s+)?")
    return "".join(pieces)


def _loose_phrase(source: random.Random) -> str:
    pattern = _loosen(source, _phrase(source))
    if source.random() < 0.12:
        pattern += rf"\s+(?:for|of|to|in|by)\s+{_loosen(source, _phrase(source)[-1:])}"
    return pattern


def _plain_words(source: random.Random) -> str:
    """Alternatives without any gap: single words, or words with a blank between them."""
    chosen = [" ".join(_phrase(source)) for _ in range(source.choice([1, 1, 1, 2, 2, 3]))]
    return "|".join(chosen)


def _distant_phrases(source: random.Random) -> str:
    return f"{_loosen(source, _phrase(source), branching=0.5)}.*{_loosen(source, _phrase(source))}"


def _lazy(source: random.Random) -> str:
    return f"{_loosen(source, _phrase(source))}.*?{_loosen(source, _phrase(source))}"


def _amount(source: random.Random) -> str:
    unit = source.choice(_UNITS).replace(" ", r"\s+").removesuffix("s")
    number = source.choice([r"\d+", r"\d{1,2}", r"\d{2,4}", r"(\d+)"])
    lead = source.choice(["within", "up to", "at least", "a maximum of", "not less than"])
    lead = lead.replace(" ", r"\s+")
    return source.choice(
        [
            rf"{lead}\s+{number}\s*(?:{unit}s?|%)",
            rf"{number}\s*{unit}s?\s+(?:{source.choice(_THINGS)}|{source.choice(_THINGS)})",
            rf"{source.choice(_THINGS)}\s+(?:rate\s+)?of\s+{number}(?:\.\d+)?\s*(?:%|per\s+cent)",
        ]
    )


def _money(source: random.Random) -> str:
    return source.choice(
        [
            rf"(?:£|GBP)\s*\d[\d,]*\s+(?:{source.choice(_THINGS)}|{source.choice(_THINGS)})",
            rf"{source.choice(_THINGS)}\s+of\s+£\s*[0-9,]+(?:\.[0-9]{{2}})?",
            rf"£\d+(?:,\d{{3}})*\s+(?:per\s+(?:month|year)|{source.choice(_QUALITIES)})",
        ]
    )


def _long_list(source: random.Random) -> str:
    branches = [_phrase(source)[-1] for _ in range(source.randint(6, 16))]
    return rf"(?:{'|'.join(dict.fromkeys(branches))})\s+{source.choice(_VERBS)}(?:s|ed)?"


def _negated(source: random.Random) -> str:
    first, second = source.sample(_THINGS, 2)
    return rf"{source.choice(_QUALITIES)}\s+{first}(?!\s+(?:{second}|{source.choice(_THINGS)}))"


def _captured_reference(source: random.Random) -> str:
    head = source.choice(["clause", "article", "section", "schedule", "regulation"])
    return rf"{head}\s+([0-9]{{1,3}}[a-z]?)\s+(?:of|in)\s+(?:the\s+)?{source.choice(_THINGS)}"


# --------------------------------------------------------------------------------- documents


def document(characters: int, *, kind: Kind = "ascii", seed: int = 2025) -> str:
    r"""A made-up document of exactly `characters` characters; a new string object on each call.

    The same seed gives the same words in every kind, so kinds can be compared.

    >>> len(document(500)), document(500).isascii()
    (500, True)
    >>> "\n" in document(5_000, kind="one_line")
    False
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of document {kind!r}: use one of {', '.join(KINDS)}")
    source = random.Random(f"document {seed}")
    pieces: list[str] = []
    length = 0
    while length < characters:
        paragraph = _paragraph(source, plain=kind == "ascii")
        pieces.append(paragraph)
        length += len(paragraph)
    text = "".join(pieces)
    if kind == "one_line":
        text = " ".join(text.split("\n"))
    # The join makes a new object even where the slice would give back the same one.
    return fresh(text[:characters])


@lru_cache(maxsize=1)
def _cumulative_weights() -> list[float]:
    return list(itertools.accumulate((rank + ZIPF_SHIFT) ** -ZIPF for rank in range(PHRASES)))


def _paragraph(source: random.Random, *, plain: bool) -> str:
    """Some sentences, a heading or a bullet list, ended by a blank line.

    Both kinds take the same random numbers, which keeps their words in step.
    """
    shape = source.random()
    if shape < 0.10:
        heading = " ".join(source.choices(phrases(), cum_weights=_cumulative_weights())[0])
        return f"{source.randint(1, 40)}. {heading.upper()}\n\n"
    if shape < 0.25:
        bullet = "-" if plain else "\N{BULLET}"
        return "".join(
            f"{bullet} {_sentence(source, plain=plain)}\n" for _ in range(source.randint(2, 5))
        )
    sentences = [_sentence(source, plain=plain) for _ in range(source.randint(2, 6))]
    wrapped = "\n" if source.random() < 0.3 else " "
    return wrapped.join(sentences) + "\n\n"


def _sentence(source: random.Random, *, plain: bool) -> str:
    words: list[str] = []
    if source.random() < 0.3:
        words.append(source.choice(_OPENERS))
    for _ in range(source.randint(2, 4)):
        words.extend(source.choices(_FILLER, k=source.randint(2, 7)))
        chance = source.random()
        if chance < 0.75:
            words.extend(source.choices(phrases(), cum_weights=_cumulative_weights())[0])
        elif chance < 0.80:
            words.append(_aside(source, plain=plain))
    text = " ".join(words)
    return text[:1].upper() + text[1:] + "."


def _aside(source: random.Random, *, plain: bool) -> str:
    """What makes real text untidy: sums, dates, quotations, dashes, doubled blanks."""
    number, choice = source.randint(1, 900), source.randrange(8)
    thing = source.choice(_THINGS)
    dash, opening, closing, apostrophe, pound, accent = _PLAIN if plain else _TYPESET
    asides = [
        f"{pound}{number},000 {thing}",
        f"{dash} {thing} {dash}",
        f"{opening}{thing}{closing}",
        f"the {thing}{apostrophe}s",
        f"caf{accent}",
        f"{thing} of {number % 30}.5%",
        f"within {number % 90} {source.choice(_UNITS)}",
        f"clause {number % 60}  of the {thing}",
    ]
    return asides[choice]


_PLAIN = ("-", '"', '"', "'", "GBP ", "e")
_TYPESET = (
    "\N{EN DASH}",
    "\N{LEFT DOUBLE QUOTATION MARK}",
    "\N{RIGHT DOUBLE QUOTATION MARK}",
    "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{POUND SIGN}",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
)
