"""Which column of a laboratory's table holds what: headings in several languages.

Headings are compared without case, accents and punctuation. Of several columns that may hold
one fact the heading that stands first in the list here counts (an accession before a barcode);
the same heading twice says nothing, so that no result is read from the wrong column.
Headings that mean nothing here are skipped.

Source: our template (docs/template.csv); CDC SimpleReport bulk upload template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from labs.readers.vocabulary import plain

_HEADINGS = {
    "accession": "ma phieu|so phieu|ma phieu xet nghiem|accession|accession number|sid|ma mau|"
    "ma benh pham|specimen id|result id|barcode|ma vach",
    "full_name": "ho va ten|ho ten|ten benh nhan|ho ten benh nhan|ho va ten benh nhan|full name|"
    "patient name|name",
    "family": "ho|family name|last name|patient last name|surname",
    "middle": "ten dem|ten lot|chu dem|middle name|patient middle name",
    "given": "ten|first name|given name|patient first name",
    "birth_date": "ngay sinh|ngay thang nam sinh|date of birth|birth date|dob|patient dob|"
    "nam sinh|year of birth",
    "sex": "gioi tinh|gioi|sex|gender|patient gender|patient sex",
    "phone": "so dien thoai|dien thoai|so dien thoai di dong|dien thoai di dong|sdt|so dt|"
    "di dong|mobile|mobile phone|phone|phone number|patient phone number|patient phone",
    "national_id": "cccd|so cccd|can cuoc cong dan|so can cuoc|so can cuoc cong dan|"
    "so dinh danh|so dinh danh ca nhan|ma dinh danh|national id",
    "citizen_id": "cmnd|so cmnd|chung minh nhan dan",
    "passport": "ho chieu|so ho chieu|passport|passport number",
    "insurance": "bhyt|so bhyt|the bhyt|ma the bhyt|so the bhyt|insurance number",
    "test_code": "ma xet nghiem|ma xn|ma dich vu|ma dv|loinc|test code|test performed code|"
    "ordered test code|test ordered code",
    "test_name": "ten xet nghiem|xet nghiem|ten xn|loai xet nghiem|ten dich vu|test name|test|"
    "ordered test",
    "value": "ket qua|ket qua xet nghiem|ket qua xn|result|test result|test result code",
    "unit": "don vi do|don vi tinh|dvt|unit|units",
    "reference_range": "khoang tham chieu|gia tri tham chieu|chi so binh thuong|reference range",
    "status": "trang thai|trang thai ket qua|status|test result status|result status",
    "collected_at": "thoi gian lay mau|ngay gio lay mau|ngay lay mau|collected at|"
    "collection time|collection date|specimen collection date|"
    "specimen collection date time|date collected",
    "reported_at": "thoi gian tra ket qua|ngay gio tra ket qua|ngay tra ket qua|"
    "thoi gian co ket qua|ngay ket qua|reported at|result date|test result date|"
    "date result released",
    "pooled": "mau gop|gop mau|pooled|pool",
    "consent": "dong y nhan tin|dong y lien he|consent|consent to contact",
    "device": "thiet bi|sinh pham|kit|kit thiet bi|ten kit|device|equipment model name|device id",
}
_BY_HEADING = {
    word: (fact, rank)
    for fact, words in _HEADINGS.items()
    for rank, word in enumerate(words.split("|"))
}
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LONGEST = 200
REQUIRED = (
    ("accession",), ("full_name", "family", "given"), ("test_code", "test_name"), ("value",),
)  # fmt: skip


def fact_of(heading: str) -> str:
    """What a column with this heading holds; empty for what nobody needs."""
    return _meaning(heading)[0]


def places_of(headings: Sequence[str]) -> dict[str, int]:
    """The column of each fact."""
    best: dict[str, tuple[int, int]] = {}
    for column, heading in enumerate(headings):
        fact, rank = _meaning(heading)
        if fact and (fact not in best or rank < best[fact][0]):
            best[fact] = (rank, column)
    return {fact: column for fact, (_, column) in best.items()}


def repeated_in(headings: Sequence[str]) -> str:
    """A heading that means a fact and stands there twice; empty if none does."""
    seen: set[tuple[str, int]] = set()
    for heading in headings:
        meaning = _meaning(heading)
        if meaning[0] and meaning in seen:
            return heading
        seen.add(meaning)
    return ""


def missing_from(places: dict[str, int]) -> list[str]:
    """The facts without which no row can be read; of several that would do, the first."""
    return [facts[0] for facts in REQUIRED if not any(fact in places for fact in facts)]


def _meaning(heading: str) -> tuple[str, int]:
    return _known(heading) if len(heading) <= _LONGEST else ("", 0)


@lru_cache(maxsize=4096)
def _known(heading: str) -> tuple[str, int]:
    """The fact of a heading and the heading's place among those that mean it."""
    return _BY_HEADING.get(_SEPARATORS.sub(" ", plain(heading)).strip(), ("", 0))
