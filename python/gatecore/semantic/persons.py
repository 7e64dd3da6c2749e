r"""Who is named in a text: after a title, a label or a greeting, and wherever the name returns.

    cues      where a name may begin: "Mr", "Name:", "Dear", "Yours sincerely"
    persons   the names there, and further mentions of them

A name without title or label that is not mentioned elsewhere with one is not found: "Jo Harper rang
us" looks as "Calder Bridge pays us" does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatecore.gates.units import Span
from gatecore.patterns.columns import Columns
from gatecore.semantic.personal import Found

__all__ = ["CUES", "persons"]

_TITLES: Final = (
    "Mr|Mrs|Ms|Miss|Mx|Messrs|Dr|Prof|Professor|Sir|Dame|Lord|Lady|Rev|Revd|Reverend|Cllr"
    "|Councillor|Capt|Captain|Sgt|Sergeant|Judge"
)
_PEOPLE: Final = (
    "employee|client|customer|patient|applicant|claimant|complainant|policy ?holder|borrower"
    "|tenant|landlord|witness|guarantor|contact|card ?holder|account ?holder|next of kin"
    "|(?:line )?manager|adviser|advisor|author|prepared by|reviewed by|approved by|from|to|cc"
    "|attn|attention|fao|beneficiary|director|trustee|member|employer|donor|data subject"
    "|spouse|partner|wife|husband|daughter|son|child|mother|father|parent|guardian|candidate"
)
CUES: Final = (
    # A title.
    (rf"\b(?:{_TITLES}|{_TITLES.upper()}|mr|mrs)\b\.?[ \t]*(?:\r?\n[ \t]*)?", 0),
    # What asks for a name: whatever stands there is one.
    (
        (
            r"\b(?:names?|surname|forenames?|forename\(s\)|given names?|maiden name"
            r"|name\(s\))[ \t]*(?:[:|=\t]|[ \t]-[ \t])[ \t]*(?:\r?\n[ \t]*)?"
        ),
        re.IGNORECASE,
    ),
    # What is said of a person, and a name may follow.
    (rf"\b(?:{_PEOPLE})(?:s|\(s\)|'s)?(?: names?)?[ \t]*[:|=\t][ \t]*", re.IGNORECASE),
    (r"\bDear[ \t]+", re.IGNORECASE),
    (r"\bsigned(?:[ \t]+by)?[ \t]*:?[ \t]+", re.IGNORECASE),
    (
        (
            r"\b(?:yours (?:sincerely|faithfully|truly|ever)|sincerely"
            r"|(?:(?:kind|best|warm)(?:est)? )?(?:regards|wishes))"
            r"[ \t]*,?[ \t]*(?:\r?\n[ \t]*){1,6}"
        ),
        re.IGNORECASE,
    ),
    # Somebody speaks.
    (r"\b(?:my|his|her|their) (?:full )?name(?: is|'s)[ ]+", re.IGNORECASE),
    (r"\bI,[ ]", 0),
)
"""Where a name may begin: at the end of a match."""

_TITLE, _NAME, _PERSON, _DEAR, _SIGNED, _CLOSING, _IS, _I = range(len(CUES))


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTICLES: Final = _set(
    "van von de der den di da du des del della la le el al bin ibn ap ab ter ten dos do das y zu af"
)
_WORD: Final = re.compile(
    r"[^\W\d_][\w\u0300-\u036f]{0,60}(?:['-][^\W\d_][\w\u0300-\u036f]{0,60}){0,3}"
)
_BLANK: Final = re.compile(r"[ ]{1,2}")
_COMMA: Final = re.compile(r",[ ]{0,2}")
_INITIALS: Final = re.compile(r"(?<![\w'-])(?:[^\W\d_a-z](?:\.[ ]?|[ ])){1,3}\Z")
_TITLE_WORD: Final = re.compile(rf"(?:{_TITLES})\b\.?[ ]*", re.IGNORECASE)
_BEFORE: Final = re.compile(
    rf"(?<![\w'-])(?:(?:{'|'.join(sorted(_PARTICLES))})[ ]){{1,3}}\Z", re.IGNORECASE
)
#: Letters after a name, and the end of its line.
_LINE_END: Final = re.compile(r"(?:,? [A-Z]\w{0,6}[A-Z]\b){0,4}[ \t]*(?:[\r\n,(]|\Z)")
_FIELD_END: Final = re.compile(r"[ ]{2}|[ ]?(?:[,;:|/(\[\t\r\n.]|\Z)")
_BREAK: Final = re.compile(r"[.,;:!?)'\"]?(?:\s|\Z)|[,;:!?)]")
_NEXT: Final = re.compile(r"[ ](&|and|[^\W\d_a-z][\w'-]{0,40})")
_AND: Final = re.compile(r"[ ]?(,|;|/|&|and)[ ]{1,2}(?:and[ ])?")
_MOST_LISTED: Final = 100
_MOST_WORDS: Final = 6


#: What ends a name, or shows that there is none.
_NO_NAME: Final = _set(
    "a an and are as at be been but by can do did does for from had has have he her here his"
    " how if in is it its me my no not of on or our out please re ref she so than thank thanks"
    " that the their them then there these they this those to under us was we were what when"
    " where which who whose with you your yours account address age all amount any applicant"
    " applicants application both branch candidate claim client clients colleague colleagues"
    " complaint complaints contact copy customer customers data date dear department dept desk"
    " details director directors document dob editor email employee employees employer enquiries"
    " everyone executive fao fax finance friend friends head hello helpline homeowner holder"
    " hiring hr human inspector investor investors legal letter madam mailing manager managers"
    " member members mobile name names none number office officer ombudsman operations order"
    " owner parent parents partner partners payroll phone policy policyholder policyholders"
    " position postcode product reader readers reference regards resident residents resources"
    " role sales scheme secretary section senior service services shareholder shareholders"
    " signature signed sir sirs staff student subject subscriber summary support team tel"
    " telephone tenant tenants title unit unknown user users valued whom tbc tba nil chair"
    " chairman chairwoman chairperson chief compliance administrator adviser advisor analyst"
    " assistant associate consultant controller co-ordinator coordinator deputy engineer lead"
    " president solicitor supervisor treasurer trustee trustees underwriter vice witness"
)
#: Other titles, and what stands after a name.
_AROUND_NAMES: Final = _set(
    "mr mrs ms miss mx messrs dr prof professor rev revd reverend cllr fcca acca aca cfa fca"
    " cima acma mba phd dphil obe mbe cbe qc kc bsc msc llb esq frcs mrcp cfp dipfa apfs"
)
#: What a firm is called, and a person is not.
_FIRM: Final = _set(
    "ltd limited plc llp lp inc incorporated llc corp corporation company co group holdings"
    " society association university college school council trust authority institute foundation"
    " charity commission agency ministry government party church insurance assurance investments"
    " capital partnership bank banking building solicitors accountants consulting gmbh ag sa bv"
    " services systems solutions technologies international management fund funds pensions"
    " pension ombudsman"
)
_CALENDAR: Final = _set(
    "january february march april may june july august september october november december"
    " monday tuesday wednesday thursday friday saturday sunday"
)
#: What has a name and is no person.
_THINGS: Final = _set(
    "company product business trading firm scheme fund file domain user bank plan policy brand"
    " trade organisation organization employer provider project system department host service"
    " street road building school course building's programme template module gate field display"
    " site page charity society event property pet"
)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as it stands there: its words, in the order of a name, the last the surname."""

    start: int
    end: int
    words: tuple[str, ...]


def persons(text: str, spans: Columns, *, first: int) -> list[Found]:
    """The names in a text, in no order; spans may overlap.

    Args:
        text: The text in its plain form.
        spans: The spans of the patterns of a set.
        first: The number that `CUES` begin with in it.
    """
    names = [
        name
        for cue in range(len(CUES))
        for start, end in spans.of(first + cue)
        for name in _names(text, start, end, cue)
    ]
    if not names:
        return []
    known = _Known(names)
    found = [Found(one.start, one.end, "PERSON", known.who(one.words)) for one in names]
    return found + list(known.mentions(text))


def _names(text: str, start: int, at: int, cue: int) -> Iterator[_Name]:
    """The name that begins at the end of a cue, if one does, and those of a list that follow."""
    name = _name(text, start, at, cue)
    if name is None:
        return
    yield name
    label = text[start:at].casefold()
    if cue not in (_NAME, _PERSON) and not label.startswith("messrs"):
        return
    is_list = re.match(r"\w+s\b|\w+\(s\)|to\b|cc\b", label) is not None
    for _ in range(_MOST_LISTED):
        sign = _AND.match(text, name.end)
        if sign is None or (sign[1] == "," and not is_list):
            return
        title = _TITLE_WORD.match(text, sign.end())
        name, stopped_by = _read(text, title.end() if title else sign.end(), any_case=False)
        if name is None or stopped_by in _FIRM:
            return
        yield name


def _name(text: str, start: int, at: int, cue: int) -> _Name | None:
    """The name that begins at the end of a cue, if one does."""
    if cue == _NAME:
        before = _WORD.findall(text, max(0, start - 25), start)
        if before and before[-1].casefold() in _THINGS:
            return None
    if cue != _TITLE:
        title = _TITLE_WORD.match(text, at)
        if title is not None:
            at = title.end()
    written = text[start:at].rstrip()
    small = (cue == _NAME and written[-1] != "=") or written in ("mr", "mrs")
    name, stopped_by = _read(text, at, any_case=small)
    if cue == _NAME and name is not None and _FIELD_END.match(text, name.end) is None:
        name, stopped_by = _read(text, at, any_case=False)  # a sentence, not a field of a form
    if name is None or stopped_by in _FIRM:
        return None
    if cue != _TITLE and all(len(word) == 1 or word.casefold() in _CALENDAR for word in name.words):
        return None
    if cue == _NAME and len(name.words) == 1:
        comma = _COMMA.match(text, name.end)
        given = _read(text, comma.end(), any_case=False)[0] if comma else None
        if given is not None:
            return _Name(name.start, given.end, (*given.words, *name.words))
    if cue == _I and (len(name.words) < 2 or not text.startswith(",", name.end)):
        return None
    if cue == _CLOSING and not _ends_line(text, name.end):
        return None
    return name


def _ends_line(text: str, at: int) -> bool:
    return _LINE_END.match(text[at : at + 40]) is not None


def _read(text: str, at: int, *, any_case: bool) -> tuple[_Name | None, str]:
    """The words of a name from here on, and the word that ended it."""
    words: list[str] = []
    start, ends = at, [at]
    waiting: list[str] = []  # particles, which belong to a name only if it goes on
    for _ in range(_MOST_WORDS):
        match = _WORD.match(text, at)
        if match is None:
            break
        word, at = match[0], match.end()
        is_owner = word[-2:] in ("'s", "'S") and len(word) > 3
        if is_owner:
            word, at = word[:-2], at - 2
        low = word.casefold()
        is_initial = len(word) == 1 and not word.islower()
        if not is_initial and (low in _NO_NAME or low in _FIRM or low in _AROUND_NAMES):
            return _made(text, start, ends, words), low
        if low in _PARTICLES and word[0].islower():
            waiting.append(word)
        elif word[0].islower() and not any_case:
            break
        else:
            if text[at : at + 1] == "." and (len(word) == 1 or (len(word) < 4 and word.isupper())):
                at += 1
            words += (*waiting, word)
            ends += [at] * (len(waiting) + 1)
            waiting.clear()
        blank = _BLANK.match(text, at)
        if is_owner or (blank is None and text[at - 1] != "."):
            break
        at = at if blank is None else blank.end()
    return _made(text, start, ends, words), ""


def _made(text: str, start: int, ends: list[int], words: list[str]) -> _Name | None:
    """The name of these words, each of which has its end."""
    while len(words) > 1 and words[-1] in ("I", "A") and text[ends[-1] - 1] != ".":
        words.pop()  # the next sentence begins
        ends.pop()
    return _Name(start, ends[-1], tuple(words)) if words else None


class _Known:
    """All that is known of who is in a text, from the names that cues gave."""

    def __init__(self, names: Sequence[_Name]) -> None:
        #: Of each surname the initials of those who have it.
        self._initials: defaultdict[str, set[str]] = defaultdict(set)
        #: Of each first name those who have it.
        self._given: defaultdict[str, set[str]] = defaultdict(set)
        #: Surnames that begin with a particle.
        self._particled: set[str] = set()
        self._places = sorted((one.start, one.end) for one in names)
        alone = []
        for one in names:
            words = [word.casefold() for word in one.words]
            if len(words) == 1:
                alone.append(words[0])
                continue
            self._initials[words[-1]].add("" if words[0] in _PARTICLES else words[0][0])
            if words[-2] in _PARTICLES:
                self._particled.add(words[-1])
            for word in words[:-1]:
                if len(word) > 1 and word not in _PARTICLES:
                    self._given[word].add(_key(words[-1], words[0][0]))
        for word in alone:
            if word not in self._given and len(word) > 1:
                self._initials[word].add("")

    def who(self, words: Sequence[str]) -> str:
        """What all names of a person have in common, as far as it is clear."""
        low = [word.casefold() for word in words]
        if len(low) > 1 and low[0] not in _PARTICLES:
            return _key(low[-1], low[0][0])
        return self._alone(low[-1])

    def _alone(self, word: str) -> str:
        initials = self._initials.get(word, set()) - {""}
        if word in self._initials:
            return _key(word, next(iter(initials)) if len(initials) == 1 else "")
        given = self._given.get(word, set())
        return next(iter(given)) if len(given) == 1 else _key(word, "")

    def mentions(self, text: str) -> Iterator[Found]:
        """Where a surname or a first name returns.

        A word that the text has in small letters as well is one of its language: it counts only
        beside another of the names.
        """
        seen: list[tuple[int, int, str]] = []
        small: set[str] = set()
        for match in _WORD.finditer(text):
            word = match[0]
            end = match.end()
            if word[-2:] in ("'s", "'S") and len(word) > 3:
                word, end = word[:-2], end - 2
            low = word.casefold()
            if word[0].islower():
                if _is_plain_word(text, match.start(), end) and not self._is_in_name(match.start()):
                    small.add(low)
            elif low in self._initials or low in self._given:
                seen.append((match.start(), end, low))
            elif "-" in word:
                seen += self._parts(word, match.start())
        at = 0
        while at < len(seen):
            run = [seen[at]]
            while at + len(run) < len(seen) and self._go_on(text, run[-1], seen[at + len(run)]):
                run.append(seen[at + len(run)])
            at += len(run)
            start, end, low = run[0]
            words = [one[2] for one in run]
            if low in self._particled:
                before = _BEFORE.search(text, max(0, start - 24), start)
                start = start if before is None else before.start()
            initials = _INITIALS.search(text, max(0, start - 10), start)
            if _is_of_firm(text, run[-1][1]):
                continue
            if len(run) > 1:
                yield Found(start, run[-1][1], "PERSON", self.who(words))
            elif initials is not None and low in self._initials:
                who = self.who([initials[0][0], low])
                yield Found(initials.start(), end, "PERSON", who)
            elif low not in small and low not in _CALENDAR and low not in _NO_NAME:
                yield Found(start, end, "PERSON", self._alone(low))

    def _is_in_name(self, at: int) -> bool:
        number = bisect_right(self._places, at, key=lambda place: place[0]) - 1
        return number >= 0 and at < self._places[number][1]

    def _parts(self, word: str, start: int) -> Iterator[tuple[int, int, str]]:
        """Of a word with hyphens the parts that are names: "Harper-led"."""
        for match in re.finditer(r"[^-]+", word):
            low = match[0].casefold()
            if (low in self._initials or low in self._given) and not match[0][0].islower():
                yield start + match.start(), start + match.end(), low

    @staticmethod
    def _go_on(text: str, one: Span | tuple[int, int, str], other: tuple[int, int, str]) -> bool:
        return other[0] - one[1] <= 2 and text[one[1] : other[0]].strip(" ") == ""


def _is_plain_word(text: str, start: int, end: int) -> bool:
    """Whether a word is one of a sentence, and not of an address such as jo.harper@example.com."""
    before, after = text[start - 1 : start], text[end : end + 2]
    return (not before or before in "('\"" or before.isspace()) and _BREAK.match(after) is not None


def _is_of_firm(text: str, at: int) -> bool:
    """Whether words from here on make a firm of what stands before: "Homes Ltd", "& Co"."""
    for _ in range(4):
        word = _NEXT.match(text, at)
        if word is None:
            return False
        if word[1].casefold() in _FIRM:
            return True
        at = word.end()
    return False


def _key(surname: str, initial: str) -> str:
    return f"{surname} {initial}"
