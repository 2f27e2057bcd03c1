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


def test_a_first_report_that_means_to_change_another_says_that_it_found_none() -> None:
    corrected = replace(SAME, status=ReportStatus.CORRECTED)
    withdrawn = replace(SAME, status=ReportStatus.WITHDRAWN)
    assert decide(None, corrected) == (Change.ACCEPTED, Finding("nothing_to_correct"))
    assert decide(None, withdrawn) == (Change.WITHDRAWN, Finding("nothing_to_withdraw"))


def test_a_correction_of_another_test_of_the_accession_goes_to_people() -> None:
    for status in (ReportStatus.CORRECTED, ReportStatus.WITHDRAWN):
        changed = replace(SAME, status=status)
        assert decide(None, changed, has_siblings=True) == (
            Change.QUARANTINED,
            Finding("other_test_of_accession"),
        )
    assert decide(None, SAME, has_siblings=True) == (Change.ACCEPTED, None)


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
    late = replace(OTHER, reported_at=NOON - timedelta(hours=1))
    assert decide(STORED, late) == (Change.IGNORED, Finding("older_version"))


def test_an_older_correction_or_withdrawal_is_never_dropped_in_silence() -> None:
    for status in (ReportStatus.CORRECTED, ReportStatus.WITHDRAWN):
        late = replace(OTHER, reported_at=NOON - timedelta(hours=1), status=status)
        assert decide(STORED, late) == (Change.QUARANTINED, Finding("older_than_stored"))


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


def test_a_plain_resend_never_revives_a_withdrawn_result() -> None:
    withdrawn = replace(STORED, withdrawn=True)
    for resent in (SAME, OTHER, replace(SAME, reported_at=NOON + timedelta(days=1))):
        assert decide(withdrawn, resent) == (Change.QUARANTINED, Finding("withdrawn_before"))


def test_a_correction_after_a_withdrawal_counts_again() -> None:
    withdrawn = replace(STORED, withdrawn=True)
    corrected = replace(SAME, status=ReportStatus.CORRECTED, reported_at=NOON + timedelta(hours=1))
    assert decide(withdrawn, corrected)[0] is Change.CORRECTED
