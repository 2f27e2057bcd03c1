"""Which of a laboratory's codes mean something, and giving the others a meaning."""

from __future__ import annotations

import pytest

from core.onboarding.code_list import ListedCode
from core.onboarding.codes import Via
from core.onboarding.mistake import Mistakes
from core.results.local_codes import CodeKind
from core.results.result import Outcome
from tests.core.onboarding.conftest import Office

OWN = ("LIS", "XN1")


def told(office: Office, kind: CodeKind, *listed: ListedCode) -> list[tuple[str, Via]]:
    return [(each.meaning, each.via) for each in office.codes.known("BVA", kind, listed)]


def test_a_list_tells_what_is_known_and_by_what(office: Office) -> None:
    office.codes.map("BVA", CodeKind.TEST, OWN, "DENGUE-NS1", by="van")
    listed = [
        ListedCode("LOINC", "94500-6"),
        ListedCode("", "94500-6"),
        ListedCode("LIS", "94500-6"),
        ListedCode(*OWN),
        ListedCode("", "XN1"),
    ]
    assert told(office, CodeKind.TEST, *listed) == [
        ("SARSCOV2-PCR", Via.LOINC),
        ("SARSCOV2-PCR", Via.LOINC),
        ("", Via.NOTHING),
        ("DENGUE-NS1", Via.OWN),
        ("", Via.NOTHING),
    ]


def test_values_are_known_by_code_by_word_and_by_mapping(office: Office) -> None:
    office.codes.map("BVA", CodeKind.VALUE, ("", "P1"), "positive", by="van")
    listed = [
        ListedCode("SCT", "260373001"),
        ListedCode("", "Âm tính"),
        ListedCode("", "P1"),
        ListedCode("", "P2"),
    ]
    assert told(office, CodeKind.VALUE, *listed) == [
        ("positive", Via.CATALOGUE),
        ("negative", Via.CATALOGUE),
        ("positive", Via.OWN),
        ("", Via.NOTHING),
    ]


def test_a_meaning_is_given_and_taken_away(office: Office) -> None:
    assert office.codes.map("BVA", CodeKind.VALUE, OWN, "negative", by="van") is None
    assert office.codes.mapped("BVA").values == {OWN: Outcome.NEGATIVE}
    office.codes.map("BVA", CodeKind.VALUE, OWN, None, by="van")
    assert office.codes.mapped("BVA").values == {}
    assert [action for _, action, _ in office.audit.said()] == ["code_mapped", "code_unmapped"]


@pytest.mark.parametrize(
    ("code", "meaning", "refused"),
    [
        (("LOINC", "94500-6"), "DENGUE-NS1", "code_system_fixed"),
        (("SCT", "1"), "DENGUE-NS1", "code_system_fixed"),
        (("", "A"), "NO-SUCH-TEST", "choice_unknown"),
        (("", "A"), "", "choice_unknown"),
        (("", " "), "DENGUE-NS1", "code_unusable"),
        (("x" * 101, "A"), "DENGUE-NS1", "code_unusable"),
    ],
)
def test_a_mapping_that_would_mean_nothing_is_refused(
    office: Office, code: tuple[str, str], meaning: str, refused: str
) -> None:
    answer = office.codes.map("BVA", CodeKind.TEST, code, meaning, by="van")
    assert isinstance(answer, Mistakes)
    assert [each.code for each in answer.found] == [refused]
    assert office.kept_facilities.mapped == {}
    assert office.audit.entries == []
