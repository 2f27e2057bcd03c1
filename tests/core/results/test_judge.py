"""The judge: what is accepted, what is accepted with a warning, what is refused and why."""

from datetime import timedelta

import pytest

from core.results.judge import Judged, Refused, Withdrawal, judge
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    Member,
    ReportedDocument,
    ReportStatus,
)
from core.results.result import Outcome
from tests.core.results.build import CATALOGUE, NEGATIVE, NOW, patient, report


def accepted(**changes: object) -> Judged:
    verdict = judge(report(**changes), CATALOGUE, now=NOW)  # type: ignore[arg-type]
    assert isinstance(verdict, Judged), verdict
    return verdict


def reasons(**changes: object) -> set[str]:
    verdict = judge(report(**changes), CATALOGUE, now=NOW)  # type: ignore[arg-type]
    assert isinstance(verdict, Refused), verdict
    return {finding.code for finding in verdict.errors}


def warnings(**changes: object) -> set[str]:
    return {finding.code for finding in accepted(**changes).warnings}


def test_a_complete_report_is_accepted_without_a_word() -> None:
    judged = accepted()
    assert judged.warnings == ()
    assert judged.result.outcome is Outcome.NEGATIVE
    assert judged.result.person.phone == "+84901234567"
    assert judged.result.person.full_name == "Nguyễn Văn Bình"


def test_a_report_without_a_patient_or_name_or_accession_is_refused() -> None:
    assert reasons(patient=None) == {"no_patient"}
    assert reasons(patient=patient(family="", given=" ")) == {"no_name"}
    assert reasons(accession="  ") == {"no_accession"}


@pytest.mark.parametrize("accession", ["A" * 101, "A\x00B", "\x1b[31mA"])
def test_an_accession_that_cannot_be_kept_or_shown_is_refused(accession: str) -> None:
    assert reasons(accession=accession) == {"accession_unusable"}


def test_every_reason_is_told_at_once() -> None:
    unknown = (Coding("LAB", "XYZ"),)
    assert reasons(patient=None, accession="", codes=unknown, members=()) == {
        "no_patient", "no_accession", "unknown_test",
    }  # fmt: skip


def test_an_unknown_test_names_its_code() -> None:
    verdict = judge(report(codes=(Coding("LAB", "XYZ"),), members=()), CATALOGUE, now=NOW)
    assert isinstance(verdict, Refused)
    assert Finding("unknown_test", "test", "LAB|XYZ") in verdict.errors


def test_a_local_order_code_is_understood_by_its_only_members_code() -> None:
    assert accepted(codes=(Coding("LAB", "COVID"),)).result.test.key == "SARSCOV2-PCR"


def test_a_member_nobody_knows_keeps_an_unknown_report_out() -> None:
    members = (
        Member((Coding("LN", "94500-6"),), value_codes=(NEGATIVE,)),
        Member((Coding("LAB", "FLU"),), value_codes=(NEGATIVE,)),
    )
    assert reasons(codes=(Coding("LAB", "COMBO"),), members=members) == {"unknown_test"}


def test_an_hiv_value_inside_a_panel_is_not_shown_as_a_panel() -> None:
    members = (Member((Coding("LN", "75622-1"),), value="x"),)
    assert reasons(test="58410-2", members=members) == {"stricter_member"}


@pytest.mark.parametrize(
    ("phones", "warning"),
    [((), "no_phone"), (("028 3829 1234",), "phone_not_mobile"), (("12",), "phone_unreadable")],
)
def test_a_person_without_a_mobile_is_accepted_with_a_warning(
    phones: tuple[str, ...], warning: str
) -> None:
    assert warnings(patient=patient(phones=phones)) == {warning}


def test_the_first_mobile_counts_even_behind_a_landline() -> None:
    judged = accepted(patient=patient(phones=("028 3829 1234", "0901234567")))
    assert (judged.result.person.phone, judged.warnings) == ("+84901234567", ())


@pytest.mark.parametrize("partial", ["1950", "1950-03"])
def test_a_partial_birth_date_is_legal(partial: str) -> None:
    assert accepted(patient=patient(birth_date=partial)).result.person.birth_date == partial


@pytest.mark.parametrize(
    ("birth_date", "reason"),
    [
        ("2027-01-01", "birth_date_implausible"),
        ("1850-01-01", "birth_date_implausible"),
        ("1990-13-01", "birth_date_unreadable"),
        ("5/3/1990", "birth_date_unreadable"),
    ],
)
def test_an_impossible_birth_date_is_refused(birth_date: str, reason: str) -> None:
    assert reasons(patient=patient(birth_date=birth_date)) == {reason}


def test_a_missing_birth_date_is_a_warning() -> None:
    assert warnings(patient=patient(birth_date="")) == {"no_birth_date"}


def test_a_national_id_that_lost_its_zero_is_flagged_and_not_padded() -> None:
    document = ReportedDocument(DocumentType.NATIONAL_ID, "79090001234")
    judged = accepted(patient=patient(documents=(document,)))
    assert [w.code for w in judged.warnings] == ["national_id_not_12_digits"]
    assert judged.result.person.documents[0].number == "79090001234"


def test_a_certified_test_needs_its_collection_time() -> None:
    assert reasons(collected_at=None) == {"no_collection_time"}
    assert warnings(collected_at=None, test="75377-2") == {"no_collection_time"}


def test_collection_in_the_future_or_long_ago_is_refused() -> None:
    assert reasons(collected_at=NOW + timedelta(minutes=11)) == {"collected_in_future"}
    accepted(collected_at=NOW + timedelta(minutes=9))
    assert reasons(collected_at=NOW.replace(year=1999)) == {"collected_too_early"}


def test_an_unreadable_value_is_refused_but_not_in_a_withdrawal() -> None:
    odd = Coding("SCT", "1234")
    assert len(reasons(value=odd)) == 1
    accepted(value=odd, status=ReportStatus.WITHDRAWN)


def test_spellings_of_one_accession_are_one_accession() -> None:
    spellings = ("ab-100", " AB-100 ", "\uff21\uff22-100")
    assert {accepted(accession=each).result.accession for each in spellings} == {"AB-100"}


def test_a_time_of_report_in_the_future_is_refused() -> None:
    assert reasons(reported_at=NOW + timedelta(minutes=11)) == {"reported_in_future"}


def test_without_a_time_of_report_the_collection_stands_in() -> None:
    collected = NOW - timedelta(hours=5)
    assert accepted(reported_at=None, collected_at=collected).result.reported_at == collected


def test_free_text_where_a_code_belongs_is_not_repeated() -> None:
    sentence = Coding("LAB", "HIV duong tinh Tran Thi Bich 0901234567")
    verdict = judge(report(codes=(sentence,), members=()), CATALOGUE, now=NOW)
    assert isinstance(verdict, Refused)
    assert [f.detail for f in verdict.errors if f.code == "unknown_test"] == [""]


def test_a_withdrawal_needs_no_more_than_its_accession() -> None:
    bare = report(
        status=ReportStatus.WITHDRAWN, patient=None, codes=(Coding("LAB", "XYZ"),), members=()
    )
    verdict = judge(bare, CATALOGUE, now=NOW)
    assert isinstance(verdict, Withdrawal)
    assert (verdict.accession, verdict.test_key) == ("A-1", "")
