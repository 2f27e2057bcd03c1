"""Which column of a laboratory's table holds what: headings in several languages.

Headings are compared without case, accents and punctuation. The first heading that means a
fact counts; headings that mean nothing here are skipped.

Source: our template (docs/template.csv); CDC SimpleReport bulk upload template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from labs.readers.vocabulary import plain

_HEADINGS = {
    "accession": "ma phieu|so phieu|ma mau|sid|accession|accession number|specimen id|"
    "result id|barcode",
    "full_name": "ho va ten|ho ten|ten benh nhan|ho ten benh nhan|full name|patient name|name",
    "family": "ho|family name|last name|patient last name|surname",
    "middle": "ten dem|ten lot|middle name|patient middle name",
    "given": "ten|first name|given name|patient first name",
    "birth_date": "ngay sinh|nam sinh|ngay thang nam sinh|date of birth|birth date|dob|"
    "patient dob|year of birth",
    "sex": "gioi tinh|gioi|sex|gender|patient gender|patient sex",
    "phone": "so dien thoai|dien thoai|sdt|di dong|phone|phone number|mobile|patient phone number",
    "national_id": "cccd|so cccd|can cuoc cong dan|so can cuoc|ma dinh danh|national id",
    "citizen_id": "cmnd|so cmnd|chung minh nhan dan",
    "passport": "ho chieu|so ho chieu|passport|passport number",
    "insurance": "bhyt|so bhyt|the bhyt|ma the bhyt|insurance number",
    "test_code": "ma xet nghiem|ma xn|ma dich vu|loinc|test code|test performed code|"
    "ordered test code",
    "test_name": "ten xet nghiem|xet nghiem|ten xn|loai xet nghiem|test|test name|ordered test",
    "value": "ket qua|ket qua xet nghiem|result|test result|test result code",
    "unit": "don vi do|don vi tinh|unit|units",
    "reference_range": "khoang tham chieu|chi so binh thuong|reference range",
    "status": "trang thai|status|test result status|result status",
    "collected_at": "thoi gian lay mau|ngay lay mau|ngay gio lay mau|collected at|"
    "collection date|specimen collection date|specimen collection date time|date collected",
    "ordered_at": "order test date",
    "reported_at": "thoi gian tra ket qua|ngay tra ket qua|thoi gian co ket qua|ngay ket qua|"
    "reported at|result date|test result date|date result released",
    "pooled": "mau gop|gop mau|pooled|pool",
    "consent": "dong y nhan tin|dong y lien he|consent|consent to contact",
    "device": "thiet bi|sinh pham|kit|kit thiet bi|device|equipment model name|device id",
}
_BY_HEADING = {word: fact for fact, words in _HEADINGS.items() for word in words.split("|")}
_SEPARATORS = re.compile(r"[^a-z0-9]+")
REQUIRED = (
    ("accession",), ("full_name", "family", "given"), ("test_code", "test_name"), ("value",),
)  # fmt: skip


@lru_cache(maxsize=4096)
def fact_of(heading: str) -> str:
    """What a column with this heading holds; empty for what nobody needs."""
    return _BY_HEADING.get(_SEPARATORS.sub(" ", plain(heading)).strip(), "")


def places_of(headings: Sequence[str]) -> dict[str, int]:
    """The column of each fact."""
    places: dict[str, int] = {}
    for column, heading in enumerate(headings):
        fact = fact_of(heading)
        if fact:
            places.setdefault(fact, column)
    return places


def missing_from(places: dict[str, int]) -> list[str]:
    """The facts without which no row can be read; of several that would do, the first."""
    return [facts[0] for facts in REQUIRED if not any(fact in places for fact in facts)]
