"""Personal data out and positions back: nothing is lost, nothing leaks, what matters stays."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore import PatternSet
from gatecore.errors import DocumentTypeError, SemanticGateError
from gatecore.semantic.personal import plain, sources
from gatecore.semantic.persons import CUES
from gatecore.semantic.redaction import Redactor, unredacted

_REDACTOR = Redactor()

#: What texts are made of: what is taken out, what looks like a placeholder, and odd characters.
_PIECES = st.sampled_from(
    [
        "jo@example.com", "JO@example.com", "07700 900123", "Mr J. Harper", "Harper", "Dear Jo,",
        "Name: ", "AB 12 34 56 C", "4111 1111 1111 1111", "born 3 May 1980", "HD1 2AB",
        "41 Larch Avenue", "https://a:b@c.example/?t=1", "Sort code 20-00-00", "10.20.30.40",
        "[EMAIL_1]", "[EMAIL_", "_1]", "[PERSON_1.2]", "[PERSON_1]", "[", "]", "\n", " ", ", ",
        "\u0130", "e\u0301", "\ud800", "\udc00", "\xad", "\u200b", "\U0001f600", "fee", "’s", "１",
    ]
)  # fmt: skip
_STREET = "41 Larch Avenue, Huddersfield HD1 2AB"
_FLAT = "Flat 2\n41 LARCH AVENUE\nLEEDS\nLS1 2AB"
_COTTAGE = "Rose Cottage, Mill Lane, Stoke upon Trent, ST1 1AB"
_TEXTS = st.one_of(st.lists(_PIECES, max_size=12).map("".join), st.text(max_size=40))


@given(_TEXTS)
def test_nothing_is_lost(text: str) -> None:
    redacted = _REDACTOR.redact(text)
    assert redacted.restore(redacted.text) == text


@given(_TEXTS, st.data())
def test_a_span_comes_back_with_all_of_what_it_touches(text: str, data: st.DataObject) -> None:
    redacted = _REDACTOR.redact(text)
    length = len(redacted.text)
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start, length))
    low, high = redacted.to_original(start, end)
    assert 0 <= low <= high <= len(text)
    # The oracle: what was cut, with its ends moved out of placeholders, restored.
    again = redacted.from_original(low, high)
    assert again[0] <= start <= end <= again[1]
    assert redacted.restore(redacted.text[slice(*again)]) == text[low:high]
    if redacted.text[start:end] == text[low:high]:
        assert (again[1] - again[0]) == high - low
    assert redacted.to_original(*again) == (low, high)


def test_a_placeholder_of_the_document_is_not_taken_for_ours() -> None:
    text = (
        "[EMAIL_1] and [EMAIL_2.2] are words here; jo@example.com, al@example.com, AL@example.com"
    )
    redacted = _REDACTOR.redact(text)
    assert redacted.text == (
        "[EMAIL_1] and [EMAIL_2.2] are words here; [EMAIL_2], [EMAIL_3], [EMAIL_3.2]"
    )
    assert redacted.restore(redacted.text) == text
    assert redacted.restore("[EMAIL_1] is not [EMAIL_2]") == "[EMAIL_1] is not jo@example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.example, A@B.example, a@b.example", "[EMAIL_1], [EMAIL_1.2], [EMAIL_1]"),
        ("Tel 07700 900123 or 07700900123", "Tel [PHONE_1] or [PHONE_1.2]"),
        ("Mr John Harper. Harper paid.", "Mr [PERSON_1]. [PERSON_1.2] paid."),
        ("Mr J Harper, Mrs K Harper; Harper", "Mr [PERSON_1], Mrs [PERSON_2]; [PERSON_3]"),
        ("Mr John Harper and Ms Ito: John", "Mr [PERSON_1] and Ms [PERSON_2]: [PERSON_1.2]"),
        ("Dr Özil’s view; ÖZIL agrees", "Dr [PERSON_1]’s view; [PERSON_1.2] agrees"),
        ("Mr van der Berg. Van der Berg", "Mr [PERSON_1]. [PERSON_1.2]"),
        ("Name: Harper, Jo\nJo Harper", "Name: [PERSON_1]\n[PERSON_1.2]"),
        ("name: jo harper; J. Harper", "name: [PERSON_1]; [PERSON_1.2]"),
    ],
)
def test_the_same_value_has_the_same_number(text: str, expected: str) -> None:
    assert _REDACTOR.redact(text).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Applicants: Jo Harper, Al Ito and Dr X. Lee", "Applicants: #, # and Dr #"),
        ("Employee: Jo Harper, Tax Planner", "Employee: #, Tax Planner"),
        ("Tenant: Jo Harper & Al Ito", "Tenant: # & #"),
        ("Messrs Smith and Jones wrote", "Messrs # and # wrote"),
        ("Name:\nJo Harper\nDate:", "Name:\n#\nDate:"),
        ("Name:\n\nThe rest", "Name:\n\nThe rest"),
        ("Name: Jo Harper Address: none", "Name: # Address: none"),
        ("Name: Jo Harper\tDate: none", "Name: #\tDate: none"),
        ("| Name | Jo Harper | Role | Clerk |", "| Name | # | Role | Clerk |"),
        ("My name is Jo Harper and I ask", "My name is # and I ask"),
        ("I, Jo Harper, say; I, Jo, ask", "I, #, say; I, #, ask"),
        ("Mr D. & Mrs A. Pemberton", "Mr # & Mrs #"),
        ("From: Jo Harper <jo@example.com>", "From: # <#>"),
        ("A name is what it is. Names matter.", "A name is what it is. Names matter."),
    ],
)
def test_forms_and_lists_of_names(text: str, expected: str) -> None:
    assert re.sub(r"\[[A-Z]+_[0-9.]+\]", "#", _REDACTOR.redact(text).text) == expected


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("EMAIL", "Mail jo.harper+x@mail.example.co.uk.", "jo.harper+x@mail.example.co.uk"),
        ("EMAIL", "o'brien@example.com", "o'brien@example.com"),
        ("EMAIL", "ünal@bücher.example", "ünal@bücher.example"),
        ("EMAIL", "jo (at) example (dot) com", "jo (at) example (dot) com"),
        ("EMAIL", "jo\xad.ha\u200brper@example.com", "jo\xad.ha\u200brper@example.com"),
        ("PHONE", "on 020 7946 0018.", "020 7946 0018"),
        ("PHONE", "(0161) 496 0234", "(0161) 496 0234"),
        ("PHONE", "07700‑900‑123", "07700‑900‑123"),
        ("PHONE", "０７７００ ９００１２３", "０７７００ ９００１２３"),
        ("PHONE", "+44 (0)20 7946 0018", "+44 (0)20 7946 0018"),
        ("PHONE", "call +33 1 23 45 67 89 now", "+33 1 23 45 67 89"),
        ("PHONE", "0044 7700 900123", "0044 7700 900123"),
        ("PHONE", "Tel: 496 0234", "496 0234"),
        ("NI_NUMBER", "NI AB 12 34 56 C", "AB 12 34 56 C"),
        ("NI_NUMBER", "ab\xa012\xa034\xa056\xa0c", "ab\xa012\xa034\xa056\xa0c"),
        ("NI_NUMBER", "National Insurance number: AB123456", "AB123456"),
        ("NHS_NUMBER", "943 476 5919", "943 476 5919"),
        ("NHS_NUMBER", "patient 9434765919", "9434765919"),
        ("NHS_NUMBER", "NHS no. 9434765918, mistyped", "9434765918"),
        ("UTR", "UTR: 12345 67890", "12345 67890"),
        ("UTR", "Unique Taxpayer Reference 1234567890", "1234567890"),
        ("BANK_ACCOUNT", "Sort code: 20-00-00", "20-00-00"),
        ("BANK_ACCOUNT", "account number 12345678", "12345678"),
        ("BANK_ACCOUNT", "pay 20-00-00 12345678", "20-00-00 12345678"),
        ("IBAN", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("IBAN", "IBAN: GB83WEST12345698765432, mistyped", "GB83WEST12345698765432"),
        ("CARD", "4111-1111-1111-1111", "4111-1111-1111-1111"),
        ("CARD", "card number 4111111111111112, mistyped", "4111111111111112"),
        ("PASSPORT", "Passport No. 123456789", "123456789"),
        ("DRIVING_LICENCE", "MORGA657054SM9IJ", "MORGA657054SM9IJ"),
        ("DRIVING_LICENCE", "MORGA 657054 SM9IJ", "MORGA 657054 SM9IJ"),
        ("POSTCODE", "in SW1A 1AA today", "SW1A 1AA"),
        ("POSTCODE", "at ec1a 1bb", "ec1a 1bb"),
        ("ADDRESS", f"at {_STREET}.", _STREET),
        ("ADDRESS", f"{_FLAT}\n", _FLAT),
        ("ADDRESS", f"at {_COTTAGE}", _COTTAGE),
        ("BIRTH_DATE", "DOB: 12/05/1980", "12/05/1980"),
        ("BIRTH_DATE", "born on 3rd of March 1975", "3rd of March 1975"),
        ("BIRTH_DATE", "1980-05-12 (date of birth)", "1980-05-12"),
        ("IP_ADDRESS", "from 192.168.1.20", "192.168.1.20"),
        ("IP_ADDRESS", "from 2001:db8::1", "2001:db8::1"),
        ("VEHICLE", "Reg. AB12 CDE", "AB12 CDE"),
        ("VEHICLE", "AB12 CDE (his car)", "AB12 CDE"),
        ("URL_QUERY", "https://a.example/b?token=abc#x.", "token=abc#x"),
        ("URL_USER", "ftp://jo:pw@host/a", "jo:pw"),
        ("PERSON", "Mr Okafor", "Okafor"),
        ("PERSON", "Mrs\nOkafor", "Okafor"),
        ("PERSON", "PROF. J. OKAFOR", "J. OKAFOR"),
        ("PERSON", "mr okafor", "okafor"),
        ("PERSON", "Prof. Łukasz Żak spoke", "Łukasz Żak"),
        ("PERSON", "Dr İlhan Öz", "İlhan Öz"),
        ("PERSON", "Ms O’Brien-Smith", "O’Brien-Smith"),
        ("PERSON", "Employee: Jane A. Price, Analyst", "Jane A. Price"),
        ("PERSON", "Dear Jo,", "Jo"),
        ("PERSON", "Signed by Helen Marsh on behalf", "Helen Marsh"),
        ("PERSON", "Yours sincerely,\r\n\r\nGareth Lomax FCCA\r\nPartner", "Gareth Lomax"),
    ],
)  # fmt: skip
def test_each_kind_is_taken_out(kind: str, text: str, value: str) -> None:
    redacted = _REDACTOR.redact(text)
    assert redacted.counts == {kind: 1}
    assert redacted.restore(f"[{kind}_1]") == value
    assert value not in redacted.text


@pytest.mark.parametrize(
    "text",
    [
        "£1,234,567.89, £25000000 and 5.25% on 14 March 2025, 01/02/2024 or 2024-02-01",
        "FCA COBS 4.2.1R, COBS 4.2.1.3, section 12(3), paragraph 1.2.3.4, Article 6(1)(f)",
        "Calder Bridge Building Society and Acme Widgets Ltd charge £5 a month",
        "Client: Acme Widgets Ltd\nCompany name: Acme Widgets\nFund name: Global Growth",
        "Dear Customer\nDear Sir or Madam\nDear Policyholder\nTo: The Directors",
        "Version 1.2.3.4 at 10:20:30 on 12:00 14 03 2025 100",
        "Our reference: CB/24/118203; order 9434765918; invoice 20250314",
        "The account opened in 2024 and its fee is £12345678.",
        "Helpline 0800 123 4567, switchboard 0300 123 4567",
        "https://www.example.com/terms",
        "Form AB12 CDE; born in 1980 was the firm, on 1 May 2001 it grew.",
        "12 months; 30 days' notice; 5 Star service; page 4 of 12",
        "Yours faithfully\n\nThe Complaints Team\nCalder Bridge Building Society",
        "Dr Martens Ltd sells shoes.",
        "Write to complaints@example.com or data.protection@example.com.",
        "From: May 2025\nParent: Friday",
    ],
)  # fmt: skip
def test_what_compliance_needs_stays(text: str) -> None:
    redacted = _REDACTOR.redact(text)
    assert redacted.text == text
    assert redacted.counts == {}


def test_a_surname_that_is_a_word_counts_where_it_can_only_be_a_name() -> None:
    text = "Mrs Price asked: is the price fixed? Price includes tax. Mrs May wrote in May 2025."
    assert _REDACTOR.redact(text).text == (
        "Mrs [PERSON_1] asked: is the price fixed? Price includes tax. "
        "Mrs [PERSON_2] wrote in May 2025."
    )


def test_a_name_in_an_address_does_not_make_it_a_word() -> None:
    text = "Mr Harper (jo.harper@example.com, example.com/harper): Harper paid."
    assert "Harper" not in _REDACTOR.redact(text).text


def test_a_firm_that_has_somebodys_name_keeps_it() -> None:
    text = "Mr Lomax of Pryce Lomax & Co and Lomax Homes Ltd: Lomax signed."
    assert _REDACTOR.redact(text).text == (
        "Mr [PERSON_1] of Pryce Lomax & Co and Lomax Homes Ltd: [PERSON_1] signed."
    )


def test_names_without_title_or_label_are_not_seen() -> None:
    # What the docstring says it cannot do.
    assert _REDACTOR.redact("Jo Harper rang us.").text == "Jo Harper rang us."


def test_terms_go_and_what_is_to_be_kept_stays() -> None:
    redactor = Redactor(
        terms=["Project  Heron", "don't tell"], keep=["0113 496 0000", "Mr Kipling"]
    )
    text = "PROJECT\nHERON, don’t tell: 0113 496 0000, 0113 496 0001. Mr Kipling. Heronry"
    assert redactor.redact(text).text == (
        "[TERM_1], [TERM_2]: 0113 496 0000, [PHONE_1]. Mr Kipling. Heronry"
    )


@pytest.mark.parametrize("bad", ["Heron", [""], [" \xad"], [1]])
def test_terms_that_make_no_sense(bad: list[str]) -> None:
    with pytest.raises(SemanticGateError, match="terms"):
        Redactor(terms=bad)


def test_a_version_says_what_is_taken_out_and_not_which_words() -> None:
    some = [
        Redactor(), Redactor(["Heron"]), Redactor(["Heron", "Crane"]), Redactor((), ["Heron"]),
        Redactor(["\ud800"]),
    ]  # fmt: skip
    assert len({one.version for one in some}) == len(some)
    assert Redactor(["Crane", "Heron"]).version == some[2].version
    assert all(one.version in repr(one) and "eron" not in repr(one) for one in some)


def test_what_overlaps_is_one_and_no_part_of_it_is_left() -> None:
    redacted = _REDACTOR.redact("See https://a.example/?mail=jo@example.com&name=x now")
    assert redacted.text == "See https://a.example/?[URL_QUERY_1] now"


def test_a_text_that_is_none() -> None:
    with pytest.raises(DocumentTypeError):
        _REDACTOR.redact(b"Mr Harper")  # type: ignore[arg-type]


def test_what_was_taken_out_stays_in_the_object() -> None:
    redacted = _REDACTOR.redact("Dear Ms Harper, jo@example.com")
    assert repr(redacted) == "<Redacted, 29 characters, EMAIL: 1, PERSON: 1>"
    assert "Harper" not in repr(_REDACTOR)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled"):
            act(redacted)


def test_a_text_that_is_not_redacted() -> None:
    redacted = unredacted("Mr Harper [PERSON_1]")
    assert redacted.text == redacted.restore(redacted.text) == "Mr Harper [PERSON_1]"
    assert redacted.to_original(3, 9) == redacted.from_original(3, 9) == (3, 9)


def test_all_patterns_take_linear_time() -> None:
    patterns = PatternSet([*sources(), *CUES], backend="portable")
    assert len(patterns) > 50
    assert {patterns.explain(number).route for number in range(len(patterns))} <= {
        "exact", "candidate",
    }  # fmt: skip


@given(st.text())
def test_the_plain_form_has_the_texts_length(text: str) -> None:
    assert len(plain(text)) == len(text)
