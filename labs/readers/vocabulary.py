"""One name for what every sender spells differently: code systems, documents, pools.

Source: HL7 v2 tables 0203 (identifier type) and 0396 (coding system); FHIR R4
terminology systems; draft VN Core identifier systems.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from core.results.reported import DocumentType, ReportedDocument

LOINC = "LN"
SNOMED = "SCT"
INTERPRETATION = "HL70078"

# LOINC codes of questions asked when a test is ordered, not of anything measured.
QUESTIONS = frozenset(
    {
        "95417-2", "95418-0", "95419-8", "95420-6", "95421-4", "95423-0", "77974-4", "82810-3",
        "75617-1", "76691-5", "11368-8", "65222-2", "30525-0", "21612-7", "59284-0", "29553-5",
        "35659-2", "75325-1",
    }
)  # fmt: skip
QUESTION_IDENTIFIER = "81959-9"
# A report of nothing but answers to such questions.
QUESTIONNAIRE = "68991-9"

_SYSTEMS = {
    "ln": LOINC,
    "loinc": LOINC,
    "lnc": LOINC,
    "http://loinc.org": LOINC,
    "https://loinc.org": LOINC,
    "2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "sct": SNOMED,
    "snomed": SNOMED,
    "snomed-ct": SNOMED,
    "snomed ct": SNOMED,
    "http://snomed.info/sct": SNOMED,
    "2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "hl70078": INTERPRETATION,
    "0078": INTERPRETATION,
    "http://terminology.hl7.org/codesystem/v2-0078": INTERPRETATION,
    "http://hl7.org/fhir/v2/0078": INTERPRETATION,
    "http://terminology.hl7.org/codesystem/v3-observationinterpretation": INTERPRETATION,
}

_NATIONAL_DIGITS = 12
_CITIZEN_DIGITS = 9
_DOCUMENT_WORDS = {
    "cccd": DocumentType.NATIONAL_ID,
    "national_id": DocumentType.NATIONAL_ID,
    "cmnd": DocumentType.CITIZEN_ID,
    "citizen_id": DocumentType.CITIZEN_ID,
    "ppn": DocumentType.PASSPORT,
    "passport": DocumentType.PASSPORT,
    "passport_number": DocumentType.PASSPORT,
    "bhyt": DocumentType.INSURANCE,
    "insurance_number": DocumentType.INSURANCE,
    "hc": DocumentType.INSURANCE,
}
_CARD_TYPES = frozenset({"ni", "cz", "nn", "nnvnm"})
_POOL_WORDS = re.compile(r"\bpool(?:ed|ing)?\b|\bmau gop\b|\bgop mau\b")
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@lru_cache(maxsize=512)
def system_name(written: str) -> str:
    """The product's name of a code system; an unknown one keeps the sender's."""
    written = written.strip()
    return _SYSTEMS.get(written.rstrip("/").lower(), written)


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """Lower case without accents, ``đ`` as ``d``, one blank between words."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.split())


@lru_cache(maxsize=1024)
def says_pooled(text: str) -> bool:
    """Whether a specimen's or test's name says that several people's samples are in it."""
    return bool(_POOL_WORDS.search(plain(text)))


def document(type_code: str, authority: str, number: str) -> ReportedDocument | None:
    """The identity document that an identifier is, or None for a hospital's own number.

    Args:
        type_code: HL7 table 0203 code or a local word (``CCCD``).
        authority: Assigning authority or identifier system; its last path part counts.
        number: As sent.
    """
    number = number.strip()
    named, is_card = _document_type(type_code, authority)
    kind = named or (card_type(number) if is_card else None)
    return ReportedDocument(kind, number) if kind and number else None


@lru_cache(maxsize=512)
def _document_type(type_code: str, authority: str) -> tuple[DocumentType | None, bool]:
    """What the words name, and whether they mean some national card; a sender repeats them."""
    code, owner = type_code.strip().lower(), authority.strip().lower()
    named = _DOCUMENT_WORDS.get(owner.rstrip("/").rpartition("/")[2])
    return named or _DOCUMENT_WORDS.get(code), code in _CARD_TYPES


def card_type(number: str) -> DocumentType | None:
    """CCCD or old CMND by the count of digits: both travel as "national identifier"."""
    digits = number.replace(" ", "").replace(".", "")
    if not (digits.isascii() and digits.isdigit()):
        return None
    sizes = {_NATIONAL_DIGITS: DocumentType.NATIONAL_ID, _CITIZEN_DIGITS: DocumentType.CITIZEN_ID}
    return sizes.get(len(digits))


def is_birth_date(text: str) -> bool:
    """Whether ``text`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` and exists in the calendar."""
    match = _PARTIAL_DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def shape(text: str) -> str:
    """``text`` with digits as 9 and letters as A: shows a format without its content."""
    masked = ("9" if c.isdigit() else "A" if c.isalpha() else c for c in text[:24])
    return "".join(masked)
