"""Which version counts: every pair of what is stored and what comes in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.results.reported import Finding, ReportStatus
from core.results.versions import Change, Incoming, Stored, decide

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STORED = Stored("r1", 1, withdrawn=False, content_mac=b"same", person_index=b"an", reported_at=NOON)
SAME = Incoming(ReportStatus.FINAL, b"same", b"an", NOON)
OTHER = replace(SAME, content_mac=b"other", reported_at=NOON + timedelta(hours=1))


def test_a_first_final_report_is_accepted() -> None:
    assert decide(None, SAME) == (Change.ACCEPTED, None)


def test_a_first_report_that_says_corrected_is_accepted() -> None:
    assert decide(None, replace(SAME, status=ReportStatus.CORRECTED)) == (Change.ACCEPTED, None)


def test_a_preliminary_report_changes_nothing() -> None:
    preliminary = replace(OTHER, status=ReportStatus.PRELIMINARY)
    assert decide(STORED, preliminary) == (Change.IGNORED, Finding("preliminary"))
    assert decide(None, preliminary) == (Change.IGNORED, Finding("preliminary"))


def test_the_same_content_again_is_a_duplicate_whatever_it_calls_itself() -> None:
    again = replace(SAME, reported_at=NOON + timedelta(days=1))
    assert decide(STORED, again)[0] is Change.DUPLICATE
    assert decide(STORED, replace(again, status=ReportStatus.CORRECTED))[0] is Change.DUPLICATE


def test_other_content_that_says_corrected_is_a_correction() -> None:
    assert decide(STORED, replace(OTHER, status=ReportStatus.CORRECTED)) == (Change.CORRECTED, None)


def test_other_content_that_says_final_is_a_correction_with_a_warning() -> None:
    assert decide(STORED, OTHER) == (Change.CORRECTED, Finding("changed_without_saying"))


def test_an_older_report_never_replaces_a_newer_one() -> None:
    late = replace(OTHER, reported_at=NOON - timedelta(hours=1), status=ReportStatus.CORRECTED)
    assert decide(STORED, late) == (Change.IGNORED, Finding("older_version"))


def test_another_person_under_the_same_accession_is_quarantined_unless_corrected() -> None:
    stranger = replace(OTHER, person_index=b"binh")
    assert decide(STORED, stranger) == (Change.QUARANTINED, Finding("accession_reused"))
    renamed = replace(stranger, status=ReportStatus.CORRECTED)
    assert decide(STORED, renamed) == (Change.CORRECTED, None)


def test_two_reports_of_one_moment_under_one_accession_never_replace_each_other() -> None:
    twin = replace(OTHER, reported_at=NOON)
    assert decide(STORED, twin) == (Change.QUARANTINED, Finding("two_reports_one_accession"))
    assert decide(STORED, replace(twin, status=ReportStatus.CORRECTED))[0] is Change.CORRECTED


def test_a_withdrawal_counts_once_and_also_before_the_result() -> None:
    withdrawal = replace(SAME, status=ReportStatus.WITHDRAWN)
    withdrawn = replace(STORED, withdrawn=True)
    assert decide(STORED, withdrawal)[0] is Change.WITHDRAWN
    assert decide(None, withdrawal)[0] is Change.WITHDRAWN
    assert decide(withdrawn, withdrawal)[0] is Change.DUPLICATE


def test_a_result_that_arrives_after_its_withdrawal_stays_withdrawn() -> None:
    withdrawn = replace(STORED, withdrawn=True)
    late = replace(SAME, reported_at=NOON - timedelta(minutes=1), content_mac=b"other")
    assert decide(withdrawn, late)[0] is Change.IGNORED
    assert decide(withdrawn, SAME)[0] is Change.IGNORED


def test_a_newer_result_after_a_withdrawal_counts_again() -> None:
    withdrawn = replace(STORED, withdrawn=True)
    newer = replace(SAME, reported_at=NOON + timedelta(hours=1))
    assert decide(withdrawn, newer)[0] is Change.CORRECTED
