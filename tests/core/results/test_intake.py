"""Intake: every item is accounted for, stored once, and released as its class allows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from core.certificates.authority import create_csca, create_dsc
from core.certificates.certifying import Certifying
from core.certificates.compact import as_compact_text
from core.certificates.issue import as_text
from core.certificates.signing import SigningUnavailable, SoftwareSigner
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verify import verify
from core.messages.templates import Template
from core.ports import CertificateRow, Conflict, Origin, ResultRow
from core.results.facility import Facility, Stage
from core.results.inbox import KeptItem
from core.results.intake import NOT_KEPT, PILOT, Intake, IntakeReport, Reader
from core.results.local_codes import NO_CODES, LocalCodes
from core.results.releasing import Releasing
from core.results.reported import (
    Coding,
    Finding,
    Member,
    NotAResult,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from core.results.result import Outcome
from core.results.versions import Change
from tests.core.results.build import CATALOGUE, NOW, POSITIVE, patient, report
from tests.core.results.fakes import BVA, CutReader, MemoryIntake, PlainIndexer, PreparedReader

CSCA = create_csca("Test", not_before=NOW - timedelta(days=1))
DSC = create_dsc(CSCA, "Test", not_before=NOW - timedelta(days=1))
TRUST = TrustStore([TrustedCertificate.from_der(DSC.der)])
_numbers = count()


def receive(
    store: MemoryIntake,
    *items: ReportedResult | Unreadable | NotAResult,
    signer: bool = True,
    certify: Certifying | None = None,
    codes: LocalCodes = NO_CODES,
    facility: Facility = BVA,
    kept: Sequence[KeptItem] = (),
) -> IntakeReport:
    intake = intake_of(store, PreparedReader(items), signer=signer, certify=certify, codes=codes)
    if kept:
        return intake.replay(kept, facility)
    return intake.receive(b"raw", facility, source="test")


def intake_of(
    store: MemoryIntake,
    read: Reader,
    *,
    signer: bool = True,
    certify: Certifying | None = None,
    codes: LocalCodes = NO_CODES,
) -> Intake:
    releasing = Releasing(
        certifying=certify
        or Certifying(
            DSC.signer if signer else lambda: None,
            "Sở Y tế",
            lambda n: next(_numbers).to_bytes(n),
        ),
        base_url="https://kq.example.vn",
        link_days=10,
        clock=lambda: NOW,
        random=lambda n: next(_numbers).to_bytes(n),
    )
    return Intake(
        store,
        read,
        CATALOGUE,
        lambda _: codes,
        PlainIndexer(),
        releasing,
        store.recall,
        lambda: NOW,
    )


def changes(report_: IntakeReport) -> list[Change]:
    return [item.change for item in report_.items]


def stored(*items: ReportedResult) -> Sequence[ResultRow]:
    store = MemoryIntake()
    receive(store, *items)
    return store.results


def test_a_negative_pcr_is_stored_signed_and_announced() -> None:
    (row,) = stored(report())
    assert row.certificate is not None
    verdict = verify(as_text(row.certificate.cose), TRUST, at=NOW)
    assert verdict.is_valid
    assert row.message is not None
    assert row.message.template is Template.READY
    assert row.short_code in row.message.text
    assert row.link_expires_at == NOW + timedelta(days=10)


def test_each_result_of_a_file_gets_the_certificate_of_its_own_person() -> None:
    rows = stored(
        report(accession="A1", patient=patient(given="Thị Một")),
        report(accession="A2", pooled=True, value=POSITIVE, patient=patient(given="Thị Hai")),
        report(accession="A3", patient=patient(given="Thị Ba")),
    )
    assert [row.certificate is not None for row in rows] == [True, False, True]
    for row in (rows[0], rows[2]):
        assert row.certificate is not None
        verdict = verify(as_text(row.certificate.cose), TRUST, at=NOW)
        assert verdict.claims is not None
        assert verdict.claims.given_name == row.result.person.given
        assert verdict.claims.uvci == row.certificate.uvci


def test_every_item_is_accounted_for_and_kept() -> None:
    store = MemoryIntake()
    unreadable = Unreadable((Finding("truncated_message", "OBR"),))
    admission = NotAResult(Finding("not_a_result", "MSH-9", "ADT^A01"))
    outcome = receive(store, report(), unreadable, admission, report(patient=None))
    assert changes(outcome) == [
        Change.ACCEPTED, Change.QUARANTINED, Change.IGNORED, Change.QUARANTINED,
    ]  # fmt: skip
    assert outcome.counts() == {
        "received": 4, "accepted": 1, "duplicate": 0, "corrected": 0, "withdrawn": 0,
        "quarantined": 2, "ignored": 1,
    }  # fmt: skip
    assert len(store.inbox) == 4
    assert {row.raw for row in store.inbox} == {b"raw"}


def test_the_same_file_again_changes_nothing() -> None:
    store = MemoryIntake()
    first = receive(store, report())
    again = receive(store, report())
    assert changes(again) == [Change.DUPLICATE]
    assert again.items[0].result_id == first.items[0].result_id
    assert len(store.results) == 1


def test_the_same_report_twice_in_one_file_is_stored_once() -> None:
    store = MemoryIntake()
    assert changes(receive(store, report(), report())) == [Change.ACCEPTED, Change.DUPLICATE]
    assert len(store.results) == 1


def test_a_correction_makes_a_new_version_and_says_so() -> None:
    store = MemoryIntake()
    receive(store, report())
    corrected = report(status=ReportStatus.CORRECTED, value=POSITIVE, reported_at=NOW)
    assert changes(receive(store, corrected)) == [Change.CORRECTED]
    old, new = store.results
    assert (new.version, new.supersedes) == (2, old.result_id)
    assert new.message is not None
    assert new.message.template is Template.CORRECTED
    assert new.certificate is not None
    assert new.certificate.uvci != (old.certificate and old.certificate.uvci)


def test_a_withdrawal_revokes_and_tells_the_holder_who_was_told_before() -> None:
    store = MemoryIntake()
    receive(store, report())
    receive(store, report(status=ReportStatus.WITHDRAWN))
    withdrawn = store.results[1]
    assert withdrawn.certificate is None
    assert withdrawn.message is not None
    assert withdrawn.message.template is Template.REVOKED


def test_a_withdrawal_of_what_nobody_heard_of_is_kept_quiet() -> None:
    (row,) = stored(report(status=ReportStatus.WITHDRAWN))
    assert row.message is None


def test_a_pooled_positive_is_not_released_as_ones_own() -> None:
    (row,) = stored(report(value=POSITIVE, pooled=True))
    assert row.certificate is None
    assert row.message is not None
    assert row.message.template is Template.NEW_SAMPLE


@pytest.mark.parametrize(("consent", "told"), [(False, None), (True, Template.SENSITIVE)])
@pytest.mark.parametrize("status", [ReportStatus.FINAL, ReportStatus.CORRECTED])
def test_hiv_gets_the_neutral_text_only_with_consent_and_never_a_certificate(
    consent: bool, told: Template | None, status: ReportStatus
) -> None:
    (row,) = stored(report(test="75622-1", consent_to_contact=consent, status=status))
    assert row.certificate is None
    assert (row.message.template if row.message else None) is told
    assert row.link_hash is None


def test_the_neutral_text_is_the_same_for_every_outcome() -> None:
    negative = report(test="75622-1", consent_to_contact=True)
    texts = set()
    for each in (
        negative,
        replace(negative, members=report(value=POSITIVE, test="75622-1").members),
    ):
        (row,) = stored(each)
        assert row.message is not None
        texts.add(row.message.text.rsplit(":", 1)[0])
    assert len(texts) == 1


def test_a_clinical_result_has_a_full_certificate_only_and_an_sms_without_its_name() -> None:
    (row,) = stored(report(test="75377-2"))
    assert row.certificate is not None
    assert row.certificate.compact is None
    verdict = verify(as_text(row.certificate.cose), TRUST, at=NOW)
    assert verdict.claims is not None
    assert (verdict.is_valid, verdict.claims.test) == (True, "DENGUE-NS1")
    assert row.message is not None
    assert row.message.template is Template.READY
    assert "dengue" not in row.message.text.lower()


def test_a_person_without_a_mobile_gets_a_result_and_no_message() -> None:
    (row,) = stored(report(patient=patient(phones=("02838291234",))))
    assert row.message is None
    assert row.certificate is not None


def test_without_a_signing_key_results_are_stored_all_the_same() -> None:
    store = MemoryIntake()
    receive(store, report(), signer=False)
    assert store.results[0].certificate is None
    assert store.results[0].owes_certificate
    assert store.results[0].message is not None


def test_a_result_that_may_have_no_certificate_owes_none() -> None:
    store = MemoryIntake()
    pooled = report(value=POSITIVE, pooled=True)
    receive(store, pooled, report(accession="A-2", test="75622-1"), signer=False)
    assert [row.owes_certificate for row in store.results] == [False, False]


def test_a_released_result_of_class_a_has_both_profiles_with_one_serial() -> None:
    (row,) = stored(report())
    assert row.certificate is not None
    assert row.certificate.compact is not None
    for text in (as_text(row.certificate.cose), as_compact_text(row.certificate.compact)):
        claims = verify(text, TRUST, at=NOW).claims
        assert claims is not None
        assert claims.uvci == row.certificate.uvci
        assert claims.expires_at == row.certificate.expires_at
    assert row.certificate.compact.endswith(row.certificate.compact_signature or b"-")


def test_a_key_that_fails_while_it_signs_stops_no_intake() -> None:
    store, told = MemoryIntake(), list[str]()

    class Broken(SoftwareSigner):
        def sign(self, data: bytes) -> bytes:
            raise SigningUnavailable("hsm_unavailable")

    broken = Broken(DSC.private_key, DSC.certificate)
    certify = Certifying(lambda: broken, "Sở", bytes, lambda error: told.append(error.code))
    receive(store, report(), certify=certify)
    assert (store.results[0].certificate, store.results[0].owes_certificate) == (None, True)
    assert told == ["hsm_unavailable"]


def test_a_tests_own_life_of_certificates_is_kept() -> None:
    test = replace(CATALOGUE.get("SARSCOV2-PCR"), valid_days=14)
    certify = Certifying(DSC.signer, "Sở", bytes)
    (row,) = stored(report())
    made = certify(replace(row.result, test=test), BVA, NOW)
    assert isinstance(made, CertificateRow)
    assert made.expires_at == NOW + timedelta(days=14)


def test_a_conflict_with_another_writer_is_decided_anew() -> None:
    store = MemoryIntake(conflicts=2)
    assert changes(receive(store, report())) == [Change.ACCEPTED]
    assert len(store.results) == 1


def test_endless_conflicts_end_in_an_error_and_not_in_a_loss() -> None:
    with pytest.raises(Conflict):
        receive(MemoryIntake(conflicts=99), report())


def test_a_withdrawal_without_name_or_known_test_still_kills_the_result() -> None:
    store = MemoryIntake()
    receive(store, report())
    bare = report(status=ReportStatus.WITHDRAWN, patient=None, codes=(), members=())
    outcome = receive(store, bare)
    assert changes(outcome) == [Change.WITHDRAWN]
    assert {finding.code for finding in outcome.items[0].warnings} == {"no_patient", "unknown_test"}
    assert store.results[1].result.person == store.results[0].result.person


def test_a_withdrawal_that_names_another_person_is_told_to_the_holder() -> None:
    store = MemoryIntake()
    receive(store, report())
    stranger = patient(family="Võ", given="Khánh", birth_date="1980-01-01", phones=("0912345678",))
    receive(store, report(status=ReportStatus.WITHDRAWN, patient=stranger))
    message = store.results[1].message
    assert message is not None
    assert message.to == "+84901234567"
    assert store.results[0].short_code in message.text


def test_a_withdrawal_in_another_spelling_of_the_accession_hits_the_result() -> None:
    store = MemoryIntake()
    receive(store, report(accession="ab-100"))
    again = report(accession=" AB-100 ", status=ReportStatus.WITHDRAWN)
    assert changes(receive(store, again)) == [Change.WITHDRAWN]
    assert store.results[1].supersedes == store.results[0].result_id


def test_a_correction_may_not_turn_one_person_into_another() -> None:
    store = MemoryIntake()
    receive(store, report())
    stranger = patient(family="Võ", given="Khánh", birth_date="1980-01-01", phones=("0912345678",))
    outcome = receive(store, report(status=ReportStatus.CORRECTED, patient=stranger))
    assert changes(outcome) == [Change.QUARANTINED]
    assert outcome.items[0].errors == (Finding("accession_reused"),)


def test_a_number_that_a_result_leaves_is_told_that_it_is_void() -> None:
    store = MemoryIntake()
    receive(store, report())
    moved = report(
        status=ReportStatus.CORRECTED, patient=patient(phones=("0912345678",)), reported_at=NOW
    )
    assert changes(receive(store, moved)) == [Change.CORRECTED]
    new = store.results[1]
    assert new.message is not None
    assert new.farewell is not None
    assert (new.message.to, new.farewell.to) == ("+84912345678", "+84901234567")
    assert new.farewell.template is Template.REVOKED
    assert new.short_code == store.results[0].short_code
    assert new.farewell.dedupe_key != new.message.dedupe_key


def test_a_corrected_test_under_the_same_accession_goes_to_people() -> None:
    store = MemoryIntake()
    receive(store, report())
    other = report(test="75377-2", status=ReportStatus.CORRECTED)
    outcome = receive(store, other)
    assert outcome.items[0].errors == (Finding("other_test_of_accession"),)


PILOTS = replace(BVA, stage=Stage.PILOT)
OWN = Coding("", "XN-COVID")


def own_report(said: str = "P1") -> ReportedResult:
    """A report in a laboratory's own codes."""
    return report(codes=(OWN,), members=(Member((OWN,), value=said),))


def test_a_laboratorys_own_codes_mean_what_its_mapping_says() -> None:
    codes = LocalCodes({("", "XN-COVID"): "SARSCOV2-PCR"}, {("", "P1"): Outcome.POSITIVE})
    store = MemoryIntake()
    assert changes(receive(store, own_report(), codes=codes)) == [Change.ACCEPTED]
    assert store.results[0].result.outcome is Outcome.POSITIVE


def test_an_international_code_keeps_its_meaning_whatever_a_mapping_says() -> None:
    codes = LocalCodes({("LN", "94500-6"): "DENGUE-NS1"}, {("SCT", "260373001"): Outcome.NEGATIVE})
    store = MemoryIntake()
    receive(store, report(value=POSITIVE), codes=codes)
    assert store.results[0].result.test.key == "SARSCOV2-PCR"
    assert store.results[0].result.outcome is Outcome.POSITIVE


def test_a_pilots_results_are_accounted_for_and_reach_nobody() -> None:
    store = MemoryIntake()
    first, broken = receive(store, report(), report(accession=""), facility=PILOTS).items
    assert (first.change, first.warnings[0].code) == (Change.IGNORED, PILOT)
    assert broken.change is Change.QUARANTINED
    assert store.results == []
    assert len(store.inbox) == 2


def test_a_replay_takes_in_one_item_of_its_bytes_under_the_same_row() -> None:
    store, origin = MemoryIntake(), Origin("old.hl7", "mllp", "hl7v2")
    before = receive(store, report(), own_report())
    assert changes(before) == [Change.ACCEPTED, Change.QUARANTINED]
    kept = KeptItem("BVA:00", origin, 1, 7, b"raw")
    codes = LocalCodes({("", "XN-COVID"): "DENGUE-NS1"}, {("", "P1"): Outcome.NEGATIVE})
    (again,) = receive(store, report(), own_report(), kept=[kept], codes=codes).items
    assert (again.change, again.row) == (Change.ACCEPTED, 7)
    assert store.inbox[-1].raw_index == store.inbox[1].raw_index
    assert store.origins[-1] == origin


def test_an_item_that_its_bytes_no_longer_hold_waits_on_and_says_so() -> None:
    """It was touched, so that a limited replay comes to the others."""
    kept = KeptItem("BVA:00", Origin("old.hl7"), 3, None, b"raw")
    store = MemoryIntake()
    (item,) = receive(store, report(), kept=[kept]).items
    assert (item.change, item.errors[0].code) == (Change.QUARANTINED, "unreadable_item")
    assert len(store.inbox) == 1


def test_a_row_that_still_holds_a_whole_message_is_replayed_in_its_place() -> None:
    store, origin = MemoryIntake(), Origin("old.hl7", "mllp", "hl7v2")
    kept = KeptItem("BVA:00", origin, 1, None, b"raw")
    both = [report(), report(accession="A-OTHER")]
    intake = intake_of(store, CutReader(both))
    (again,) = intake.replay([kept], BVA).items
    assert again.change is Change.ACCEPTED
    assert [row.result.accession for row in store.results] == ["A-OTHER"]
    assert store.inbox[-1].raw_index == PlainIndexer().raw(b"1:raw")


def test_what_was_never_kept_is_not_replayed() -> None:
    kept = KeptItem("BVA:00", Origin("big.csv", "folder", NOT_KEPT), 0, None, b"big.csv")
    store = MemoryIntake()
    assert receive(store, report(), kept=[kept]).items == []
    assert store.inbox == []
