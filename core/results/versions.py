"""Which version of a report counts: the rule by which an incoming report changes ours.

Reports are identified by facility, accession and test. Content decides, not the sender's
word: the same content again is a duplicate even when it says "corrected", and different
content is a correction even when it says "final". What might kill or revive a certificate
and is not clear goes to people, never away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.quick import quick_init
from core.results.reported import Finding, ReportStatus


class Change(StrEnum):
    """What became of an item (the words of ``ketqua ingest``)."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


@quick_init
@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of the current version of a report.

    Args:
        content_mac: Keyed hash of everything whose change makes a correction.
        person_index: Blind index of name and date of birth.
    """

    result_id: str
    version: int
    withdrawn: bool
    content_mac: bytes
    person_index: bytes
    reported_at: datetime
    announced: bool = False


@quick_init
@dataclass(frozen=True, slots=True)
class Incoming:
    """What decides about an incoming report."""

    status: ReportStatus
    content_mac: bytes
    person_index: bytes
    reported_at: datetime


Decision = tuple[Change, Finding | None]


def decide(stored: Stored | None, incoming: Incoming, *, has_siblings: bool = False) -> Decision:
    """What ``incoming`` does to what is stored, with the reason or a warning.

    Args:
        has_siblings: The accession has results of other tests.
    """
    if incoming.status is ReportStatus.PRELIMINARY:
        return Change.IGNORED, Finding("preliminary")
    if stored is None:
        return _first(incoming, has_siblings=has_siblings)
    if incoming.status is ReportStatus.WITHDRAWN:
        return _withdraw(stored, incoming)
    if stored.withdrawn:
        return _after_withdrawal(stored, incoming)
    if incoming.content_mac == stored.content_mac:
        return Change.DUPLICATE, None
    return _replace(stored, incoming)


def _first(incoming: Incoming, *, has_siblings: bool) -> Decision:
    """A first report; one that means to change another must not pass in silence."""
    if incoming.status is ReportStatus.FINAL:
        return Change.ACCEPTED, None
    if has_siblings:
        return Change.QUARANTINED, Finding("other_test_of_accession")
    if incoming.status is ReportStatus.WITHDRAWN:
        return Change.WITHDRAWN, Finding("nothing_to_withdraw")
    return Change.ACCEPTED, Finding("nothing_to_correct")


def _withdraw(stored: Stored, incoming: Incoming) -> Decision:
    if stored.withdrawn:
        return Change.DUPLICATE, None
    if incoming.reported_at < stored.reported_at:
        return Change.QUARANTINED, Finding("older_than_stored")
    return Change.WITHDRAWN, None


def _after_withdrawal(stored: Stored, incoming: Incoming) -> Decision:
    """Only a correction brings a withdrawn result back; a plain resend must not."""
    if incoming.status is ReportStatus.CORRECTED and incoming.reported_at >= stored.reported_at:
        return Change.CORRECTED, None
    return Change.QUARANTINED, Finding("withdrawn_before")


def _replace(stored: Stored, incoming: Incoming) -> Decision:
    said_so = incoming.status is ReportStatus.CORRECTED
    if incoming.reported_at < stored.reported_at:
        if said_so:
            return Change.QUARANTINED, Finding("older_than_stored")
        return Change.IGNORED, Finding("older_version")
    if said_so:
        return Change.CORRECTED, None
    if incoming.person_index != stored.person_index:
        return Change.QUARANTINED, Finding("accession_reused")
    if incoming.reported_at == stored.reported_at:
        return Change.QUARANTINED, Finding("two_reports_one_accession")
    return Change.CORRECTED, Finding("changed_without_saying")
