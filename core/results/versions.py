"""Which version of a report counts: the rule by which an incoming report changes ours.

Reports are identified by facility, accession and test. Content decides, not the sender's
word: the same content again is a duplicate even when it says "corrected", and different
content is a correction even when it says "final".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.results.reported import Finding, ReportStatus


class Change(StrEnum):
    """What became of an item (the words of ``ketqua ingest``)."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


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


@dataclass(frozen=True, slots=True)
class Incoming:
    """What decides about an incoming report."""

    status: ReportStatus
    content_mac: bytes
    person_index: bytes
    reported_at: datetime


def decide(stored: Stored | None, incoming: Incoming) -> tuple[Change, Finding | None]:
    """What ``incoming`` does to what is stored, with the reason where it does nothing."""
    if incoming.status is ReportStatus.PRELIMINARY:
        return Change.IGNORED, Finding("preliminary")
    if stored is None:
        withdrawn = incoming.status is ReportStatus.WITHDRAWN
        return (Change.WITHDRAWN if withdrawn else Change.ACCEPTED), None
    if incoming.status is ReportStatus.WITHDRAWN:
        return (Change.DUPLICATE if stored.withdrawn else Change.WITHDRAWN), None
    if not stored.withdrawn and incoming.content_mac == stored.content_mac:
        return Change.DUPLICATE, None
    return _replace(stored, incoming)


def _replace(stored: Stored, incoming: Incoming) -> tuple[Change, Finding | None]:
    if incoming.reported_at < stored.reported_at:
        return Change.IGNORED, Finding("older_version")
    if stored.withdrawn and incoming.content_mac == stored.content_mac:
        if incoming.reported_at == stored.reported_at:
            return Change.IGNORED, Finding("older_version")
        return Change.CORRECTED, None
    said_so = incoming.status is ReportStatus.CORRECTED
    if not said_so and incoming.person_index != stored.person_index:
        return Change.QUARANTINED, Finding("accession_reused")
    if not said_so and incoming.reported_at == stored.reported_at:
        return Change.QUARANTINED, Finding("two_reports_one_accession")
    return Change.CORRECTED, None if said_so else Finding("changed_without_saying")
