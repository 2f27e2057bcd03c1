"""What the lines of a report say, in every language that laboratories speak."""

from __future__ import annotations

import unicodedata

import pytest

from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.reported import Coding, Finding, Member
from core.results.result import Outcome, Value
from core.results.values import read_outcome

PCR = ("LN", "94500-6")


def a_test(kind: TestKind = TestKind.PCR) -> TestDefinition:
    names = {"vi": "X", "en": "X"}
    return TestDefinition("X", names, kind, Confidentiality.A, "", frozenset({PCR}))


def said(value: str = "", *codes: tuple[str, str], of: tuple[str, str] = PCR) -> Member:
    return Member((Coding(*of),), value, tuple(Coding(*code) for code in codes))


def outcome(*members: Member) -> Outcome | Finding:
    read = read_outcome(a_test(), members)
    return read if isinstance(read, Finding) else read[0]


@pytest.mark.parametrize(
    ("system", "code", "meant"),
    [
        ("SCT", "260373001", Outcome.POSITIVE),
        ("SCT", "10828004", Outcome.POSITIVE),
        ("SCT", "260415000", Outcome.NEGATIVE),
        ("SCT", "260385009", Outcome.NEGATIVE),
        ("SCT", "419984006", Outcome.INDETERMINATE),
        ("SCT", "82334004", Outcome.INDETERMINATE),
        ("SCT", "455371000124106", Outcome.INVALID),
        ("SCT", "125154007", Outcome.INVALID),
        ("LN", "LA6576-8", Outcome.POSITIVE),
        ("LN", "LA6577-6", Outcome.NEGATIVE),
        ("LN", "LA11882-0", Outcome.POSITIVE),
        ("LN", "LA11883-8", Outcome.NEGATIVE),
        ("LN", "LA9663-1", Outcome.INDETERMINATE),
        ("HL70078", "POS", Outcome.POSITIVE),
        ("HL70078", "ND", Outcome.NEGATIVE),
        ("LIS", "NEG", Outcome.NEGATIVE),
    ],
)
def test_codes_mean_what_their_system_says(system: str, code: str, meant: Outcome) -> None:
    assert outcome(said("", (system, code))) is meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Âm tính", Outcome.NEGATIVE),
        ("ÂM TÍNH.", Outcome.NEGATIVE),
        ("am tinh", Outcome.NEGATIVE),
        ("AT", Outcome.NEGATIVE),
        ("Không phát hiện", Outcome.NEGATIVE),
        ("not  detected", Outcome.NEGATIVE),
        ("Non-Reactive", Outcome.NEGATIVE),
        ("(-)", Outcome.NEGATIVE),
        ("(−)", Outcome.NEGATIVE),
        ("Dương tính", Outcome.POSITIVE),
        ("DUONG TINH", Outcome.POSITIVE),
        ("Phát hiện", Outcome.POSITIVE),
        ("(+)", Outcome.POSITIVE),
        ("Nghi ngờ", Outcome.INDETERMINATE),
        ("Không xác định", Outcome.INDETERMINATE),
        ("+/-", Outcome.INDETERMINATE),
        ("Mẫu không đạt", Outcome.INVALID),
        ("Không hợp lệ", Outcome.INVALID),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_count_with_and_without_accents_in_any_case(
    word: str, meant: Outcome, form: str
) -> None:
    normal = unicodedata.normalize(form, word)  # type: ignore[arg-type]
    assert outcome(said(normal)) is meant


@pytest.mark.parametrize(
    "text",
    ["không âm tính", "DT?", "a + b", "1+", "positive for nothing", "see report", "dương tính giả"],
)
def test_a_word_inside_a_sentence_decides_nothing_and_is_not_repeated(text: str) -> None:
    assert outcome(said(text)) == Finding("unknown_value", "value", "")


@pytest.mark.parametrize("sign", ["-", "–", "−", "+", "＋", " - ", "-."])
def test_a_lone_sign_may_stand_for_nothing_entered_and_decides_nothing(sign: str) -> None:
    assert outcome(said(sign)) == Finding("unknown_value", "value", "")
    assert outcome(said("", ("LIS", sign))) == Finding("unknown_value", "value", _named(sign))


def _named(sign: str) -> str:
    return f"LIS|{sign}" if sign.isascii() and sign in ("-", "-.") else ""


def test_an_unknown_code_is_named_whatever_its_text_says() -> None:
    member = Member((Coding(*PCR),), "", (Coding("SCT", "1234", "Not detected"),))
    assert outcome(member) == Finding("unknown_value", "value", "SCT|1234")


def test_a_sentence_in_place_of_a_code_is_not_repeated() -> None:
    told = outcome(said("", ("LIS", "Nguyễn Văn Ân positive")))
    assert told == Finding("unknown_value", "value", "")


def test_lines_that_contradict_each_other_decide_nothing() -> None:
    told = outcome(said("negative"), said("positive"))
    assert told == Finding("contradicting_values", "value")


def test_codes_of_one_value_that_contradict_each_other_decide_nothing() -> None:
    told = outcome(said("", ("SCT", "260373001"), ("LN", "LA6577-6")))
    assert told == Finding("contradicting_values", "value")


def test_the_test_s_own_line_speaks_before_lines_of_other_codes() -> None:
    control = said("positive", of=("LIS", "INTERNAL-CONTROL"))
    assert outcome(control, said("negative")) is Outcome.NEGATIVE


def test_a_report_without_values_says_so() -> None:
    assert outcome(said("")) == Finding("no_value", "value")
    assert outcome() == Finding("no_value", "value")


@pytest.mark.parametrize("kind", [TestKind.PANEL, TestKind.TYPING])
def test_panels_and_typings_show_their_lines_as_sent_and_composed(kind: TestKind) -> None:
    name = unicodedata.normalize("NFD", "Huyết sắc tố")
    line = Member((Coding("LN", "718-7", name),), "98.00", (), "g/L", "120 - 160", "L")
    typed = Member((Coding("LN", "883-9"),), "", (Coding("SCT", "112144000", "Nhóm A"),))
    read = read_outcome(a_test(kind), [line, typed])
    assert read == (
        Outcome.REPORTED,
        (Value("Huyết sắc tố", "98.00", "g/L", "120 - 160", "L"), Value("883-9", "Nhóm A")),
    )


NUMBERS = [
    "34.2", "34,2", "<0.5", "< 0,5", ">100", "≥ 1.0", "-0.3", "1:80", "1 : 80", "1/80", "1.2e5",
    "1,2 x 10^5 copies/mL", "1200 copies/mL", "0.12 S/CO", "15 IU/mL", "Ct 34.2", "ct=21", "98 %",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_a_bare_number_says_nothing_of_a_qualitative_test(number: str) -> None:
    assert outcome(said(number)) == Finding("unknown_value", "value", "numeric")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_spoils_no_conclusion_before_or_after_it(number: str) -> None:
    assert outcome(said("Âm tính"), said(number)) is Outcome.NEGATIVE
    assert outcome(said(number), said("", ("SCT", "260373001"))) is Outcome.POSITIVE


@pytest.mark.parametrize("text", ["1+", "2 positive", "34.2 dương tính", "1.", "Ct", "1-2", "x"])
def test_what_only_begins_like_a_number_still_stops_a_report(text: str) -> None:
    assert outcome(said(text)) == Finding("unknown_value", "value", "")
    assert outcome(said("Âm tính"), said(text)) == Finding("unknown_value", "value", "")


def test_a_number_that_was_interpreted_may_contradict_a_conclusion() -> None:
    line = Member((Coding(*PCR),), "21.4", abnormal="POS")
    assert outcome(said("Âm tính"), line) == Finding("contradicting_values", "value")


@pytest.mark.parametrize("flag", ["N", "A", "AA", "H", "L", "HH", "<", "", "S"])
def test_how_far_a_number_lies_from_its_range_concludes_nothing(flag: str) -> None:
    line = Member((Coding(*PCR),), "34.2", reference_range="< 40", abnormal=flag)
    assert outcome(line) == Finding("unknown_value", "value", "numeric")


def test_a_number_under_another_code_says_nothing_for_the_test() -> None:
    assert outcome(said("Âm tính", of=("LIS", "KQ")), said("21.4")) == Finding(
        "unknown_value", "value", "numeric"
    )


@pytest.mark.parametrize(
    ("flag", "meant"),
    [
        *((flag, Outcome.POSITIVE) for flag in ("POS", "DET", "RR")),
        *((flag, Outcome.NEGATIVE) for flag in ("NEG", "ND", "nd", "NR")),
        *((flag, Outcome.INDETERMINATE) for flag in ("IND", "E", "WR")),
    ],
)
def test_a_number_lands_by_the_interpretation_beside_it(flag: str, meant: Outcome) -> None:
    line = Member((Coding(*PCR),), "<0.5", unit="S/CO", abnormal=flag)
    assert outcome(line) is meant


def test_a_ct_value_beside_a_conclusion_does_not_spoil_it() -> None:
    assert outcome(said("Dương tính"), said("21.4")) is Outcome.POSITIVE
    assert outcome(said("21.4"), said("22.0")) == Finding("unknown_value", "value", "numeric")


def test_a_laboratorys_own_values_mean_what_its_mapping_says() -> None:
    local = {("", "1"): Outcome.POSITIVE, ("LIS", "K"): Outcome.INVALID}
    for line, meant in ((said("1"), Outcome.POSITIVE), (said("", ("LIS", "K")), Outcome.INVALID)):
        read = read_outcome(a_test(), [line], local)
        assert not isinstance(read, Finding)
        assert read[0] is meant
    fixed = read_outcome(
        a_test(), [said("", ("SCT", "260373001"))], {("SCT", "260373001"): Outcome.NEGATIVE}
    )
    assert not isinstance(fixed, Finding)
    assert fixed[0] is Outcome.POSITIVE
