"""A sample reads as it would be taken in, stores nothing, and shows little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.ports import ResultRow
from core.results.facility import Stage
from core.results.intake import Intake
from core.results.local_codes import NO_CODES
from core.results.preview import HIDDEN, MaskedPerson, PreviewedItem, Unmade
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    Member,
    NotAResult,
    ReportedDocument,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from core.results.result import Outcome
from core.results.versions import Change
from tests.core.results.build import CATALOGUE, NOW, POSITIVE, patient, report
from tests.core.results.fakes import BVA, MemoryIntake, PlainIndexer, PreparedReader


def desk(store: MemoryIntake, *items: ReportedResult | Unreadable | NotAResult) -> Intake:
    return Intake(
        store, PreparedReader(items), CATALOGUE, lambda _: NO_CODES, PlainIndexer(), Unmade(),
        store.recall, lambda: NOW,
    )  # fmt: skip


def preview(*items: ReportedResult | Unreadable | NotAResult) -> list[PreviewedItem]:
    store = MemoryIntake()
    seen = desk(store, *items).preview(b"raw", BVA)
    assert (store.results, store.inbox, store.origins) == ([], [], [])
    return seen


def test_a_good_item_shows_its_test_and_a_masked_person() -> None:
    card = ReportedDocument(DocumentType.NATIONAL_ID, "079090001234")
    (seen,) = preview(report(patient=patient(documents=(card,), sex="male")))
    assert seen.report.change is Change.ACCEPTED
    assert seen.test
    assert (seen.test.key, seen.outcome) == ("SARSCOV2-PCR", Outcome.NEGATIVE)
    assert seen.person == MaskedPerson(
        "N. V. B.", "1990", "male", "567", ((DocumentType.NATIONAL_ID, "234"),)
    )


def test_it_says_what_would_become_of_each_item_in_turn() -> None:
    admission = NotAResult(Finding("not_a_result", "MSH-9", "ADT^A01"))
    broken = Unreadable((Finding("truncated_message", "OBR"),))
    items = preview(report(), report(), admission, broken, report(accession=""))
    assert [each.report.change for each in items] == [
        Change.ACCEPTED, Change.DUPLICATE, Change.IGNORED, Change.QUARANTINED, Change.QUARANTINED,
    ]  # fmt: skip
    assert items[4].person is not None
    assert items[4].test is not None


def test_nothing_is_signed_and_no_message_is_written_for_a_sample() -> None:
    class Real:
        def __call__(self, *_: Any, **__: Any) -> ResultRow:
            raise AssertionError

        def certify(self, *_: Any) -> list[ResultRow]:
            raise AssertionError

    intake = replace(desk(MemoryIntake(), report()), release=Real())
    assert [each.report.change for each in intake.preview(b"raw", BVA)] == [Change.ACCEPTED]


def test_what_is_stored_already_counts_and_is_left_as_it_is() -> None:
    store = MemoryIntake()
    desk(store, report()).receive(b"raw", BVA, source="x")
    changed = report(status=ReportStatus.CORRECTED, value=POSITIVE, reported_at=NOW)
    (seen,) = desk(store, changed).preview(b"raw", BVA)
    assert (seen.report.change, seen.report.result_id) == (Change.CORRECTED, None)
    assert len(store.results) == len(store.inbox) == 1


def test_a_pilot_learns_what_would_happen_if_it_were_live() -> None:
    seen = desk(MemoryIntake(), report()).preview(b"raw", replace(BVA, stage=Stage.PILOT))
    assert [each.report.change for each in seen] == [Change.ACCEPTED]
    assert seen[0].report.warnings == ()


def test_a_confidential_test_is_not_named_and_its_outcome_not_shown() -> None:
    (seen,) = preview(report(test="75622-1", value=POSITIVE))
    assert (seen.confidential, seen.test, seen.outcome) == (True, None, None)
    assert seen.report.change is Change.ACCEPTED


def test_a_confidential_line_hides_the_report_and_the_details_of_its_findings() -> None:
    hiv = Member((Coding("LN", "75622-1"),), value="LAB-HIV-POS")
    (seen,) = preview(report(members=(hiv,)))
    assert (seen.confidential, seen.test) == (True, None)
    assert seen.report.change is Change.QUARANTINED
    details = {found.detail for found in (*seen.report.errors, *seen.report.warnings)}
    assert details <= {"", HIDDEN}
    assert HIDDEN in details


def test_no_more_than_the_limit_is_read() -> None:
    store = MemoryIntake()
    items = desk(store, *[report(accession=f"A-{n}") for n in range(5)])
    assert len(items.preview(b"raw", BVA, limit=2)) == 2
