r"""What of a text is personal data, by its form: numbers, addresses, dates of birth.

    detectors     kind · patterns · what a match has to be · words that have to stand beside it
    personal      all of them in a text, from the one scan that all patterns share

E-mail addresses, numbers with a check digit and UK telephone numbers are those that the shipped
gates of `universal` mask, and some forms more: what leaves the machine is judged more strictly than
what a report shows. A text is looked at in its plain form (`plain`), which has the text's length.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple

from gatecore.gates.spec import Gate, PatternRef, Validity
from gatecore.gates.typography import plain_signs
from gatecore.gates.units import Span
from gatecore.gates.validity import is_valid
from gatecore.patterns.columns import Columns

__all__ = ["Found", "personal", "plain", "sources"]


class Found(NamedTuple):
    """A span that must not leave.

    Attributes:
        start: Its first character.
        end: One past its last.
        kind: What it is, such as "EMAIL".
        who: What two spans have in common that mean the same; empty: their letters and digits.
    """

    start: int
    end: int
    kind: str
    who: str = ""


#: Forms of ASCII that are as wide as a Chinese character.
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def plain(text: str) -> str:
    """A text of the same length in which signs and digits have their plain form.

    >>> plain("０７７００ 900‑123")
    '07700 900-123'
    """
    return plain_signs(text if text.isascii() else text.translate(_WIDE))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detector:
    """One kind of personal data.

    Attributes:
        kind: The kind.
        patterns: Sources with flags.
        is_one: What a match has to be, from the text and its span; any if None.
        beside: Words of which one has to stand near, as patterns that ignore case; none if empty.
        before: How many characters may lie between such a word and the match, no digit among them.
        after: Likewise where the word follows.
        over_digits: Whether digits may lie between all the same.
    """

    kind: str
    patterns: tuple[tuple[str, int], ...]
    is_one: Callable[[str, int, int], bool] | None = None
    beside: tuple[tuple[str, int], ...] = ()
    before: int = 30
    after: int = 0
    over_digits: bool = False


def _own(*sources: str, flags: int = 0) -> tuple[tuple[str, int], ...]:
    return tuple((source, flags) for source in sources)


def _words(*sources: str) -> tuple[tuple[str, int], ...]:
    return _own(*(rf"\b(?:{source})" for source in sources), flags=re.IGNORECASE)


def _number(validity: Validity) -> Callable[[str, int, int], bool]:
    return lambda text, start, end: is_valid(text[start:end], validity)


def _is_no_amount(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] not in tuple("£$€.,") and not re.match(
        r"[.,]?\d|%", text[end : end + 2]
    )


def _is_abroad(text: str, start: int, end: int) -> bool:
    """`00` may be the minutes of a time."""
    return text[start] == "+" or text[start - 1 : start] not in tuple(":.,£$€-/")


def _is_own_phone(text: str, start: int, end: int) -> bool:
    """03, 08 and 09 belong to organisations, as `universal/pii_uk_phone` has it."""
    digits = re.sub(r"\D", "", text[start:end])
    return 6 <= len(digits) <= 15 and digits[:2] not in ("03", "08", "09")


def _is_postcode(text: str, start: int, end: int) -> bool:
    code = text[start:end]
    if code.isupper():
        return True
    return " " in code and code[-2:].lower() not in ("st", "nd", "rd", "th")


_LAW: Final = re.compile(
    r"\b(?:(?i:sections?|para(?:graph)?s?|clauses?|rules?|articles?|chapters?|versions?|schedules?"
    r"|v|s|r|part|regulation|appendix|annex)|[A-Z]{3,6})\.? ?$"
)


def _is_ip(text: str, start: int, end: int) -> bool:
    """Rules and versions have four parts as well."""
    near = text[max(0, start - 20) : start]
    if re.search(r"\bip(?:v4)?\b", near, re.IGNORECASE):
        return True
    return not (
        _LAW.search(near)
        or text[start - 1 : start] in (".", "v", "V")
        or re.match(r"\.\d|[A-Z]|\(", text[end : end + 2])
    )


def _is_ipv6(text: str, start: int, end: int) -> bool:
    if end - start < 6 or text[start - 1 : start].isalnum() or text[end : end + 1].isalnum():
        return False
    try:
        IPv6Address(text[start:end])
    except AddressValueError:
        return False
    return True


_MONTH: Final = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    "|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_AREA: Final = (
    "(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]"
    "|JE|K[ATWY]|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?"
    "|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE)"
)
_PLATES: Final = (
    (r"\b[A-Z]{2}[0-9]{2} ?[A-Z]{3}\b", re.IGNORECASE),
    (r"\b[A-Z][0-9]{1,3} ?[A-Z]{3}\b", 0),
    (r"\b[A-Z]{3} ?[0-9]{1,3}[A-Z]\b", 0),
    (r"\b(?:[A-Z]{1,2}Z|[A-Z]I[A-Z]) ?[0-9]{1,4}\b", 0),
)

_DETECTORS: Final = (
    _Detector(
        kind="EMAIL",
        patterns=_own(
            r"\w[\w.+%'&-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b",
            r"\b\w[\w.+-]{0,63} ?[\[(] ?(?:at|@) ?[\])] ?[\w-]{1,63}"
            r"(?: ?(?:[\[(] ?(?:dot|\.) ?[\])]|\.) ?[\w-]{2,63}){1,4}\b",
        ),
    ),
    _Detector(
        kind="PHONE",
        patterns=_own(r"\(?\b0[1257](?:[ .()-]{0,3}[0-9]){8,9}\b"),
        is_one=_number("uk_phone"),
    ),
    _Detector(
        kind="PHONE",
        patterns=_own(
            r"\+ ?[1-9][0-9]{0,2}(?:[ .()-]{0,3}[0-9]){6,13}\b",
            r"\b00[ -]?[1-9][0-9]{0,2}(?:[ .()-]{0,3}[0-9]){7,12}\b",
        ),
        is_one=_is_abroad,
    ),
    _Detector(
        kind="PHONE",
        patterns=_own(r"[0-9+(][0-9 ()-]{4,18}[0-9]\b"),
        is_one=_is_own_phone,
        beside=_words(r"tel(?:ephone)?s?\b", r"(?:tele)?phones?\b", r"mob(?:ile)?\b", r"fax\b"),
        before=14,
    ),
    _Detector(
        kind="NI_NUMBER",
        patterns=_own(
            r"\b[A-Z]{2}[ -]{0,2}[0-9]{2}[ -]{0,2}[0-9]{2}[ -]{0,2}[0-9]{2}[ -]{0,2}[A-D]\b",
            flags=re.IGNORECASE,
        ),
        is_one=_number("nino"),
    ),
    _Detector(
        kind="NI_NUMBER",
        patterns=_own(
            r"\b[A-Z]{2}(?:[ -]?[0-9]{2}){3}(?:[ -]?[A-Z])?\b",
            flags=re.IGNORECASE,
        ),
        beside=_words(r"national insurance\b", r"NI(?:NO)?\b"),
    ),
    _Detector(
        kind="NHS_NUMBER",
        patterns=_own(r"\b[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}\b"),
        beside=_words(r"NHS\b", r"CHI\b"),
        before=20,
    ),
    _Detector(
        kind="UTR",
        patterns=_own(r"\b[0-9]{5} ?[0-9]{5}[kK]?\b", r"\b[0-9]{3} ?[0-9]{3} ?[0-9]{4}[kK]?\b"),
        beside=_words(r"UTR\b", r"(?:unique )?tax(?:payer)?(?:'?s)? ref(?:erence)?\b"),
    ),
    _Detector(
        kind="BANK_ACCOUNT",
        patterns=_own(
            r"\b[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[\s,;|/]{1,5}[0-9]{8}\b",
        ),
    ),
    _Detector(
        kind="BANK_ACCOUNT",
        patterns=_own(r"\b[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}\b"),
        is_one=_is_no_amount,
        beside=_words(r"sort(?:ing)?[ -]?codes?\b"),
    ),
    _Detector(
        kind="BANK_ACCOUNT",
        patterns=_own(r"\b[0-9]{6,10}\b", r"\b[0-9]{4}[ -][0-9]{4}\b"),
        is_one=_is_no_amount,
        beside=_words(r"(?:bank )?acc(?:oun)?t\b", r"a/c\b"),
        before=25,
    ),
    _Detector(
        kind="IBAN",
        patterns=_own(
            r"\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b",
            flags=re.IGNORECASE,
        ),
        beside=_words(r"IBAN\b"),
        before=15,
    ),
    _Detector(
        kind="CARD",
        patterns=_own(r"\b[0-9](?:[ -]?[0-9]){11,18}\b"),
        beside=_words(r"(?:card|PAN|visa|mastercard|maestro|amex|american express)\b"),
        before=25,
    ),
    _Detector(
        kind="PASSPORT",
        patterns=_own(r"\b[A-Z]{0,3}[0-9]{6,9}[A-Z]?\b", flags=re.IGNORECASE),
        is_one=_is_no_amount,
        beside=_words(r"passports?\b"),
        before=35,
    ),
    _Detector(
        kind="DRIVING_LICENCE",
        patterns=_own(
            r"\b[A-Z9]{5} ?[0-9][0156][0-9][0-3][0-9]{2} ?[A-Z9]{2}[A-Z0-9] ?[A-Z]{2}\b",
            flags=re.IGNORECASE,
        ),
    ),
    _Detector(
        kind="DRIVING_LICENCE",
        patterns=_own(r"\b[0-9]{8}\b", r"\b[A-Z0-9]{16}\b", flags=re.IGNORECASE),
        is_one=_is_no_amount,
        beside=_words(r"(?:driving|driver'?s?) licen[cs]e\b"),
    ),
    _Detector(
        kind="POSTCODE",
        patterns=_own(
            rf"\b{_AREA}[0-9][A-Z0-9]?[ ]{{0,2}}[0-9][ABD-HJLNP-UW-Z]{{2}}\b",
            r"\bGIR ?0AA\b",
            flags=re.IGNORECASE,
        ),
        is_one=_is_postcode,
    ),
    _Detector(
        kind="BIRTH_DATE",
        patterns=_own(
            r"\b[0-9]{1,2}[./ -][0-9]{1,2}[./ -](?:[0-9]{4}|[0-9]{2})\b",
            r"\b[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}\b",
            rf"\b[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}\.?,?[ -]'?[0-9]{{2}}\b",
            rf"\b[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}\.?,?[ -][0-9]{{4}}\b",
            rf"\b{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}\b",
            flags=re.IGNORECASE,
        ),
        beside=_words(
            r"born\b", r"d\.?o\.?b\b", r"date(?:s)? of birth\b", r"birth ?(?:day|date)s?\b"
        ),
        before=25,
        after=8,
    ),
    _Detector(
        kind="IP_ADDRESS",
        patterns=_own(
            r"\b(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}"
            r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\b"
        ),
        is_one=_is_ip,
    ),
    _Detector(
        kind="IP_ADDRESS",
        patterns=_own(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"),
        is_one=_is_ipv6,
    ),
    _Detector(
        kind="VEHICLE",
        patterns=_PLATES,
        beside=_words(
            r"(?:registration|reg|vrm|vehicle|car|van)\b",
            r"(?:licen[cs]e|number) ?plate\b",
            r"motor(?:bike|cycle)\b",
        ),
        before=30,
        after=10,
    ),
)

#: The gates of `universal` that mask what they find.
_SHIPPED: Final = {
    "pii_email": "EMAIL",
    "pii_uk_phone": "PHONE",
    "pii_national_insurance": "NI_NUMBER",
    "pii_nhs_number": "NHS_NUMBER",
    "pii_iban": "IBAN",
    "pii_payment_card": "CARD",
}
#: Addresses of a function, such as complaints@, are nobody's, as the gate has it.
_FUNCTION: Final = ("pii_email", "function")
#: Of these gates the group whose matches count only near those of another.
_NEAR: Final = {("pii_nhs_number", "plain"): "care"}
_NEAR_BY: Final = 200


def _is_valid(patterns: Sequence[PatternRef]) -> Callable[[str, int, int], bool] | None:
    validity = patterns[0].valid
    return None if validity is None else _number(validity)


@cache
def _universal() -> tuple[Gate, ...]:
    from gatecore.modules import load

    return tuple(load("universal").gates)


@cache
def _functions() -> tuple[tuple[str, int], ...]:
    return tuple(
        (pattern.source, pattern.flags)
        for gate in _universal()
        for group in gate.groups
        if (gate.name, group.name) == _FUNCTION
        for pattern in group.patterns
    )


def _shipped() -> Iterator[_Detector]:
    for gate in _universal():
        groups = {group.name: group for group in gate.groups}
        for group in gate.groups:
            if not group.masked:
                continue
            near = _NEAR.get((gate.name, group.name))
            beside = groups[near].patterns if near else ()
            yield _Detector(
                kind=_SHIPPED.get(gate.name, "PERSONAL"),
                patterns=tuple((one.source, one.flags) for one in group.patterns),
                is_one=_is_valid(group.patterns),
                beside=tuple((one.source, one.flags) for one in beside),
                before=_NEAR_BY,
                after=_NEAR_BY,
                over_digits=True,
            )


@cache
def _detectors() -> tuple[_Detector, ...]:
    return (*_shipped(), *_DETECTORS)


@cache
def sources() -> tuple[tuple[str, int], ...]:
    """The distinct patterns of all kinds, with flags; `personal` is told where they are in a set.

    Reads the module `universal` the first time: about 60 ms.
    """
    every = (pattern for one in _detectors() for pattern in (*one.patterns, *one.beside))
    listed = (*every, *_functions(), *_STREETS, _URL)
    return tuple(dict.fromkeys(listed))


def personal(text: str, spans: Columns) -> list[Found]:
    """All that is personal data by its form, in no order; spans may overlap.

    Args:
        text: The text in its plain form.
        spans: The spans of the patterns of a set that begins with `sources`.
    """
    numbers = {source: number for number, source in enumerate(sources())}

    def of(patterns: Iterable[tuple[str, int]]) -> list[Span]:
        return [span for pattern in patterns for span in spans.of(numbers[pattern])]

    functions = sorted(end for _, end in of(_functions()))
    found: list[Found] = []
    for one in _detectors():
        places = sorted(set(of(one.patterns)))
        if one.is_one is not None:
            places = [place for place in places if one.is_one(text, *place)]
        if one.kind == "EMAIL":
            places = [place for place in places if not _overlaps(place, functions)]
        if one.beside and places:
            places = list(_beside(text, places, sorted(of(one.beside)), one))
        found += (Found(start, end, one.kind) for start, end in places)
    postcodes = sorted({(one.start, one.end) for one in found if one.kind == "POSTCODE"})
    streets, weak = of(_STREETS[:1]), of(_STREETS[1:])
    found += _addresses(text, postcodes, streets, weak)
    for start, end in of((_URL,)):
        found += _secrets(text, start, end)
    return found


def _overlaps(place: Span, ends: Sequence[int]) -> bool:
    """Whether one of the ends, in order, lies in a place."""
    at = bisect_right(ends, place[0])
    return at < len(ends) and ends[at] <= place[1]


def _beside(
    text: str, places: Sequence[Span], words: Sequence[Span], one: _Detector
) -> Iterator[Span]:
    """Those of the places that stand beside one of the words, or in a list that begins there."""
    starts = sorted(start for start, _ in words)
    ends = sorted(end for _, end in words)
    last = -1
    for start, end in places:
        is_near = 0 <= start - last <= 12 and last >= 0
        is_near = is_near and _LISTED.fullmatch(text, last, start) is not None
        at = bisect_right(ends, start) - 1
        if not is_near and at >= 0 and start - ends[at] <= one.before:
            is_near = one.over_digits or not _DIGIT.search(text, ends[at], start)
        at = bisect_left(starts, end)
        if not is_near and at < len(starts) and starts[at] - end <= one.after:
            is_near = one.over_digits or not _APART.search(text, end, starts[at])
        if is_near:
            last = end
            yield start, end


_DIGIT: Final = re.compile(r"[0-9]")
_APART: Final = re.compile(r"[0-9\n.!?]")
_LISTED: Final = re.compile(r"[\s,;/&]{0,4}(?:and|or)?[\s]{0,4}")

_TYPES: Final = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Crescent|Cres|Court|Ct|Gardens|Gdns|Grove"
    "|Hill|Place|Square|Sq|Terrace|Tce|Way|Walk|Row|Mews|Park|Parade|Rise|Green|Wharf|Quay"
    "|Yard|Embankment|Broadway|Boulevard|Esplanade|Croft|Fold|Mount|Meadows?|Chase|Circus|Dale"
)
_BUILDINGS: Final = (
    "House|Cottage|Farm|Lodge|Barn|Villa|Bungalow|Manor|Hall|Rectory|Vicarage|Mill|Court|Mansions"
)
_ANY_TYPE: Final = f"(?:{_TYPES}|{_TYPES.upper()})"
_STREETS: Final = (
    (
        (
            r"\b(?:(?:Flat|Apartment|Apt|Unit|Suite|Room|FLAT|APARTMENT) [0-9A-Za-z]{1,5},?\s)?"
            r"[0-9]{1,4}[A-Za-z]?(?:-[0-9]{1,4}[A-Za-z]?)?,? (?:[A-Z][\w'.-]{0,24} ){1,4}"
            rf"{_ANY_TYPE}\b"
        ),
        0,
    ),
    (rf"\b(?:[A-Z][\w'.-]{{0,24}} ){{1,3}}{_ANY_TYPE}\b", 0),
    (rf"\b(?:[A-Z][\w'.-]{{0,24}} ){{1,3}}(?:{_BUILDINGS}|{_BUILDINGS.upper()})\b", 0),
    (r"\b(?:Flat|Apartment|Apt|Unit|Suite|FLAT|APARTMENT) [0-9A-Za-z]{1,5}\b", 0),
)
"""Streets with a number; and what is part of an address only if a postcode or one of these follows:
streets without one, houses with a name, flats."""

#: What may lie between the parts of an address: names of towns.
_TOWNS: Final = re.compile(
    r"[\s,.]*(?:(?:[^\W\d_a-z][\w'-]{0,24}|upon|on|le|the|of|in|by|under|next)[\s,.]+){0,7}"
)
_MOST_BETWEEN: Final = 80


def _addresses(
    text: str, postcodes: Sequence[Span], streets: Sequence[Span], weak: Sequence[Span]
) -> Iterator[Found]:
    """Each street with what follows up to its postcode, and what stands before as part of it."""
    ends = [(start, end, True) for start, end in postcodes]
    parts = [(start, end, True) for start, end in streets]
    parts += ((start, end, False) for start, end in weak)
    alone = set(postcodes)
    reached: Span | None = None  # the address that the next part to the left may belong to
    for start, end, counts in sorted({*ends, *parts}, reverse=True):
        if reached is not None:
            gap = reached[0] - end
            if gap <= 0 or (
                gap <= _MOST_BETWEEN and _TOWNS.fullmatch(text, end, reached[0]) is not None
            ):
                reached = start, max(end, reached[1])
                continue
            if reached not in alone:
                yield Found(*reached, "ADDRESS")
            reached = None
        if counts:
            reached = start, end
    if reached is not None and reached not in alone:
        yield Found(*reached, "ADDRESS")


_URL: Final = (r"\b(?:https?://|ftp://|www\.)[^\s<>\"]+", re.IGNORECASE)
_PARTS: Final = re.compile(r"(?:[a-z]+://)?([^/?#]*@)?[^?#]*", re.IGNORECASE)


def _secrets(text: str, start: int, end: int) -> Iterator[Found]:
    """Who signs in, and what is asked or handed over; the rest of an address stays."""
    while end > start and text[end - 1] in ".,;:!?)]}'":
        end -= 1
    parts = _PARTS.match(text, start, end)
    if parts is None:
        return
    if parts.start(1) >= 0:
        yield Found(parts.start(1), parts.end(1) - 1, "URL_USER")
    if parts.end() + 1 < end:
        yield Found(parts.end() + 1, end, "URL_QUERY")
