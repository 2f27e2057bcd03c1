"""One status from many: the report's own and those of its lines.

The stricter wins, because a report that is released too early or not withdrawn harms
somebody, and one that waits only annoys:

* a line reported as wrong (``W``, entered-in-error) withdraws the whole report, whatever
  the report's own field says (senders leave it at "corrected" or "final");
* a line that was removed or could not be obtained (``D``, ``X``, cancelled) falls away;
  when nothing is left the report is withdrawn, when a line was removed it is corrected;
* a line that is pending or not verified holds the report back as preliminary;
* a corrected line makes a final report corrected.

A status that nobody gave, or a code outside the tables, is preliminary: not released.

Source: HL7 v2.5.1 tables 0123 (OBR-25) and 0085 (OBX-11); FHIR R4 DiagnosticReport.status
and Observation.status.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from core.results.reported import ReportStatus


class LineStatus(StrEnum):
    """What a line's status does to its report."""

    FINAL = "final"
    CORRECTED = "corrected"
    PENDING = "pending"
    REMOVED = "removed"
    UNOBTAINABLE = "unobtainable"
    WRONG = "wrong"
    NOT_A_LINE = "not a line"


OBR_25 = {
    "F": ReportStatus.FINAL,
    "C": ReportStatus.CORRECTED,
    # W and D belong to OBX-11, but a sender that puts them here means to withdraw.
    **dict.fromkeys("XWD", ReportStatus.WITHDRAWN),
    **dict.fromkeys("OISAPRMNYZ", ReportStatus.PRELIMINARY),
}
OBX_11 = {
    "F": LineStatus.FINAL,
    "U": LineStatus.FINAL,
    "V": LineStatus.FINAL,
    "C": LineStatus.CORRECTED,
    "A": LineStatus.CORRECTED,
    "B": LineStatus.CORRECTED,
    "D": LineStatus.REMOVED,
    "X": LineStatus.UNOBTAINABLE,
    "W": LineStatus.WRONG,
    "O": LineStatus.NOT_A_LINE,
    "N": LineStatus.NOT_A_LINE,
    **dict.fromkeys("IPRS", LineStatus.PENDING),
}
REPORT = {
    "final": ReportStatus.FINAL,
    "amended": ReportStatus.CORRECTED,
    "corrected": ReportStatus.CORRECTED,
    "appended": ReportStatus.CORRECTED,
    "cancelled": ReportStatus.WITHDRAWN,
    "entered-in-error": ReportStatus.WITHDRAWN,
    **dict.fromkeys(("registered", "partial", "preliminary", "unknown"), ReportStatus.PRELIMINARY),
}
OBSERVATION = {
    "final": LineStatus.FINAL,
    "amended": LineStatus.CORRECTED,
    "corrected": LineStatus.CORRECTED,
    "cancelled": LineStatus.UNOBTAINABLE,
    "entered-in-error": LineStatus.WRONG,
    **dict.fromkeys(("registered", "preliminary", "unknown"), LineStatus.PENDING),
}
# Lines that carry no value any more.
GONE = frozenset({LineStatus.REMOVED, LineStatus.UNOBTAINABLE})


def overall(report: ReportStatus | None, lines: Iterable[LineStatus]) -> ReportStatus:
    """The status of a report.

    Args:
        report: The report's own status; None when the sender left it empty.
        lines: The statuses that its lines gave; lines without one are left out.
    """
    seen = set(lines)
    if report is ReportStatus.WITHDRAWN or LineStatus.WRONG in seen:
        return ReportStatus.WITHDRAWN
    if seen and seen <= GONE:
        return ReportStatus.WITHDRAWN
    if report is ReportStatus.PRELIMINARY or LineStatus.PENDING in seen or _silent(report, seen):
        return ReportStatus.PRELIMINARY
    if report is ReportStatus.CORRECTED or seen & {LineStatus.CORRECTED, LineStatus.REMOVED}:
        return ReportStatus.CORRECTED
    return ReportStatus.FINAL


def _silent(report: ReportStatus | None, seen: set[LineStatus]) -> bool:
    return report is None and not seen
