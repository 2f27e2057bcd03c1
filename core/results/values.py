"""Read what the lines of a report say: an outcome, or a finding that names the code.

Codes decide before words, words count only whole ("Âm tính", never "không âm tính"), a lone
``-`` or ``+`` says nothing, and two lines that contradict each other decide nothing. Lines
that the catalogue lists under the test's own codes speak for it; the others (a target gene,
an internal control with the sender's own code) speak only when none of those came.

Source: SNOMED CT qualifier values, LOINC answer codes, HL7 v2 table 0078.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from core.results.catalogue import TestDefinition, TestKind
from core.results.reported import Coding, Finding, Member
from core.results.result import Outcome, Value

_POSITIVE, _NEGATIVE = Outcome.POSITIVE, Outcome.NEGATIVE
_UNCLEAR, _INVALID = Outcome.INDETERMINATE, Outcome.INVALID

_SNOMED = {
    "260373001": _POSITIVE,  # Detected
    "10828004": _POSITIVE,  # Positive
    "11214006": _POSITIVE,  # Reactive
    "52101004": _POSITIVE,  # Present
    "260415000": _NEGATIVE,  # Not detected
    "260385009": _NEGATIVE,  # Negative
    "131194007": _NEGATIVE,  # Non-reactive
    "2667000": _NEGATIVE,  # Absent
    "419984006": _UNCLEAR,  # Inconclusive
    "82334004": _UNCLEAR,  # Indeterminate
    "42425007": _UNCLEAR,  # Equivocal
    "280416009": _UNCLEAR,  # Indeterminate result
    "455371000124106": _INVALID,  # Invalid result
    "125154007": _INVALID,  # Specimen unsatisfactory for evaluation
    "123840003": _INVALID,  # Sample inadequate
    "281268007": _INVALID,  # Insufficient sample
    "373121007": _INVALID,  # Test not done
}
_LOINC_ANSWERS = {
    "LA6576-8": _POSITIVE,
    "LA11882-0": _POSITIVE,  # Detected
    "LA15255-5": _POSITIVE,  # Reactive
    "LA6577-6": _NEGATIVE,
    "LA11883-8": _NEGATIVE,  # Not detected
    "LA15256-3": _NEGATIVE,  # Nonreactive
    "LA9663-1": _UNCLEAR,  # Inconclusive
    "LA11884-6": _UNCLEAR,  # Indeterminate
    "LA4489-6": _UNCLEAR,  # Unknown
    "LA15841-2": _INVALID,
}
_TABLE_0078 = {
    "POS": _POSITIVE,
    "DET": _POSITIVE,
    "RR": _POSITIVE,
    "NEG": _NEGATIVE,
    "ND": _NEGATIVE,
    "NR": _NEGATIVE,
    "IND": _UNCLEAR,
    "E": _UNCLEAR,
    "WR": _UNCLEAR,
}
_CODES: Mapping[str, Mapping[str, Outcome]] = {
    "SCT": _SNOMED,
    "LN": _LOINC_ANSWERS,
    "HL70078": _TABLE_0078,
}

# Compared without case, accents, and punctuation at the ends. A lone sign is no word: many
# systems print "-" where nothing was entered.
_WORDS: Mapping[Outcome, str] = {
    _NEGATIVE: (
        "am tinh|am|at|negative|neg|not detected|nd|undetected|nondetected|non detected|"
        "none detected|khong phat hien|khong phat hien thay|non reactive|nonreactive|"
        "khong phan ung|absent|khong co|ag am tinh|am tinh virus|(-)"
    ),
    _POSITIVE: (
        "duong tinh|dt|positive|pos|detected|phat hien|co phat hien|reactive|co phan ung|"
        "present|(+)"
    ),
    _UNCLEAR: (
        "khong xac dinh|chua xac dinh|nghi ngo|nghi ngo duong tinh|indeterminate|inconclusive|"
        "equivocal|borderline|presumptive|presumptive positive|suspected|undetermined|"
        "khong ro|khong ket luan|(+/-)|+/-"
    ),
    _INVALID: (
        "khong dat|mau khong dat|khong hop le|invalid|invalid result|unsatisfactory|"
        "inadequate|insufficient|rejected|test not performed|loi|error|khong thuc hien duoc"
    ),
}
_BY_WORD = {word: outcome for outcome, words in _WORDS.items() for word in words.split("|")}
_CODE_LIKE = re.compile(r"[A-Za-z0-9._-]{1,20}")
_ENDS = re.compile(r"^[\s\"'.,;:!]+|[\s\"'.,;:!]+$")
_SIGNS = {"−": "-", "–": "-", "＋": "+", "±": "+/-"}

# A number as instruments print it: "<0,5", "1:80", "1,2 x 10^5 copies/mL", "Ct 34.2".
_NUMBER = re.compile(
    r"(?:c[tqp][\s:=]*)?[<>≤≥=~]{0,2}\s*[+-]?\d+(?:[.,]\d+)*(?:\s?[:/]\s?\d+)?"
    r"(?:e[+-]?\d+|\s?[x×*]\s?10\^?\d+)?"
    r"\s?(?:%|c[tq]|s/co|coi|index|iu|log10|copies|[a-zµμ]{1,8}/[a-zµμ]{1,4})?",
    re.ASCII | re.IGNORECASE,
)

Reading = tuple[Outcome, tuple[Value, ...]]
Local = Mapping[tuple[str, str], Outcome]
_NOTHING_LOCAL: Local = MappingProxyType({})


def read_outcome(
    test: TestDefinition,
    members: Sequence[Member],
    local: Local = _NOTHING_LOCAL,
) -> Reading | Finding:
    """What ``members`` say about ``test``.

    Args:
        local: The laboratory's own result codes; a plain text has the system ``""``.

    Returns:
        The outcome with the lines to show (panels and typing only), or ``no_value``,
        ``unknown_value`` (its detail is the sender's code, never free text) or
        ``contradicting_values``.
    """
    said = [member for member in members if member.value.strip() or member.value_codes]
    if not said:
        return Finding("no_value", "value")
    if test.kind in (TestKind.PANEL, TestKind.TYPING):
        return Outcome.REPORTED, tuple(_value(member) for member in said)
    return _qualitative(_speaking_for(test, said), local)


def outcome_of(coding: Coding, local: Local = _NOTHING_LOCAL) -> Outcome | None:
    """What one code or word of a result means by itself; without a system it is a plain text."""
    if not coding.system:
        return local.get(("", coding.code.strip())) or _of_text(coding.code)
    return _of_code(coding, local)


def _speaking_for(test: TestDefinition, members: Sequence[Member]) -> Sequence[Member]:
    own = [member for member in members if _is_of(test, member)]
    return own or members


def _is_of(test: TestDefinition, member: Member) -> bool:
    return any((code.system, code.code) in test.codes for code in member.codes)


def _qualitative(members: Sequence[Member], local: Local) -> Reading | Finding:
    """One outcome of all lines; a bare number beside a conclusive line (a Ct) is no conclusion."""
    outcomes: set[Outcome] = set()
    if len(members) > 1:
        members = [each for each in members if not _is_bare_number(each, local)] or members
    for member in members:
        outcome = _outcome_of(member, local)
        if isinstance(outcome, Finding):
            return outcome
        outcomes.add(outcome)
    if len(outcomes) > 1:
        return Finding("contradicting_values", "value")
    return outcomes.pop(), ()


def _is_bare_number(member: Member, local: Local) -> bool:
    """A number without an interpretation: no positive or negative can be read from it."""
    if member.value_codes or ("", member.value.strip()) in local:
        return False
    return _NUMBER.fullmatch(member.value.strip()) is not None and not _interpreted(member)


def _interpreted(member: Member) -> Outcome | None:
    """What the flag beside a value concludes (``POS``); ``A`` and ``N`` conclude nothing."""
    return _TABLE_0078.get(member.abnormal.strip().upper())


def _outcome_of(member: Member, local: Local) -> Outcome | Finding:
    """One line's outcome; several codes of one value must agree."""
    known = {outcome for code in member.value_codes if (outcome := _of_code(code, local))}
    if not known and member.value:
        value = member.value.strip()
        spoken = local.get(("", value)) or _of_text(value)
        if spoken is None and _NUMBER.fullmatch(value):
            spoken = _interpreted(member)
        known = {spoken} if spoken else set()
    if len(known) == 1:
        return known.pop()
    if known:
        return Finding("contradicting_values", "value")
    return Finding("unknown_value", "value", _detail(member))


def _of_code(coding: Coding, local: Local) -> Outcome | None:
    """By its code system; a local code that is itself a word (``NEG``) by that word.

    A known system with an unknown code stays unknown, whatever text stands beside it.
    """
    table = _CODES.get(coding.system)
    if table is not None:
        return table.get(coding.code.upper() if table is _TABLE_0078 else coding.code)
    mapped = local.get((coding.system, coding.code)) if local else None
    return mapped or _of_text(coding.code) or _of_text(coding.display)


def _detail(member: Member) -> str:
    """The code, unless somebody wrote a sentence where a code belongs."""
    codes = member.value_codes
    if not codes and _NUMBER.fullmatch(member.value.strip()):
        return "numeric"
    if not codes or not _CODE_LIKE.fullmatch(codes[0].code):
        return ""
    return f"{codes[0].system[:32]}|{codes[0].code}"


@lru_cache(maxsize=1024)
def _of_text(text: str) -> Outcome | None:
    for sign, ascii_sign in _SIGNS.items():
        text = text.replace(sign, ascii_sign)
    words = _without_accents(_ENDS.sub("", text))
    return _BY_WORD.get(words) or _BY_WORD.get(words.replace("-", " "))


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.replace("_", " ").split())


def _value(member: Member) -> Value:
    """A line to show; composed (NFC), so that it looks and compares the same everywhere."""
    name = next((code.display for code in member.codes if code.display), "")
    coded = next((code.display or code.code for code in member.value_codes), "")
    return Value(
        name=_composed(name or next((code.code for code in member.codes), "")),
        value=_composed(member.value or coded),
        unit=_composed(member.unit),
        reference_range=_composed(member.reference_range),
        abnormal=member.abnormal,
    )


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
