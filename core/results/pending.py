"""Items on their way through intake, and the reports that withdrawals among them take back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from core.results.judge import Judged, Withdrawal
from core.results.reported import Finding, ReadItem, ReportStatus
from core.results.versions import Incoming

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Accession and test (empty: every test) → the newest report that is withdrawn; None: any.
Withheld = Mapping[tuple[str, str], datetime | None]
NOTHING_WITHHELD: Withheld = {}


@dataclass(slots=True)
class Pending:
    """An item on its way: judged or refused, not yet decided."""

    item: ReadItem
    judged: Judged | None = None
    incoming: Incoming | None = None
    withdrawal: Withdrawal | None = None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    ignored: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Accession and test; the test is empty where a withdrawal doesn't tell it."""
        if self.judged is not None:
            return self.judged.result.accession, self.judged.result.test.key
        if self.withdrawal is not None:
            return self.withdrawal.accession, self.withdrawal.test_key
        return "", ""

    @property
    def withdraws(self) -> bool:
        """Whether it takes a report back."""
        gone = self.incoming is not None and self.incoming.status is ReportStatus.WITHDRAWN
        return gone or self.withdrawal is not None

    @property
    def reported_at(self) -> datetime | None:
        """When the laboratory said so; None where it doesn't tell."""
        if self.judged is not None:
            return self.judged.result.reported_at
        return self.withdrawal.reported_at if self.withdrawal else None


def withdrawals(items: Iterable[Pending]) -> Withheld:
    """What the withdrawals among these items name."""
    found: dict[tuple[str, str], datetime | None] = {}
    for each in items:
        if each.withdraws:
            found[each.key] = _later(each.reported_at, found.get(each.key, _LONG_AGO))
    return found


def unless_withdrawn(each: Pending, withheld: Withheld) -> Pending:
    """The item, or that it is ignored where a withdrawal takes it back."""
    if each.judged is None or each.withdraws:
        return each
    result = each.judged.result
    corrects = result.status is ReportStatus.CORRECTED  # of the same moment: it comes after
    for key in (each.key, (each.key[0], "")):
        until, at = withheld.get(key, _LONG_AGO), result.reported_at
        if until is None or at < until or (at == until and not corrects):
            return Pending(each.item, warnings=(Finding("withdrawn_in_pilot"),), ignored=True)
    return each


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
