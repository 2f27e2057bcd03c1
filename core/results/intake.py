"""Intake: bytes of a laboratory in, stored results and an account of every item out.

An item is acknowledged only after the one transaction that stores its raw bytes, its
result, its certificate and its message. Nothing is dropped: what can't be read or used is
kept with its reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from core.ports import Clock, Conflict, InboxRow, Indexer, IntakeStore, ResultRow
from core.results.catalogue import Catalogue
from core.results.content import canonical
from core.results.facility import Facility
from core.results.judge import Judged, Refused, judge
from core.results.reported import Finding, NotAResult, ReadItem, Unreadable
from core.results.versions import Change, Incoming, Stored, decide

BATCH = 500
_TRIES = 5


class Reader(Protocol):
    """Cuts a file into items (``labs.readers.detect.read``)."""

    def __call__(
        self,
        data: bytes,
        *,
        format: str,  # noqa: A002  (the word of the command line)
        facility: Facility,
    ) -> Iterator[ReadItem]:
        """Read ``data``; never raises for what is in it."""


class Release(Protocol):
    """Makes the row of a new version: certificate, codes, link and message."""

    def __call__(
        self,
        judged: Judged,
        change: Change,
        stored: Stored | None,
        facility: Facility,
        incoming: Incoming,
    ) -> ResultRow:
        """Everything that is stored with the new version."""


@dataclass(frozen=True, slots=True)
class ItemReport:
    """What became of one item (an entry of ``items`` in ``ketqua ingest --json``)."""

    source: str
    index: int
    change: Change
    result_id: str | None = None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class IntakeReport:
    """The account of one or several files."""

    items: list[ItemReport] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """``received`` and the number of items per outcome, every outcome present."""
        seen = Counter(item.change for item in self.items)
        return {"received": len(self.items)} | {str(change): seen[change] for change in Change}


@dataclass(slots=True)
class _Pending:
    """An item on its way: judged or refused, not yet decided."""

    item: ReadItem
    judged: Judged | None
    incoming: Incoming | None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    ignored: bool = False

    @property
    def key(self) -> tuple[str, str]:
        assert self.judged is not None  # noqa: S101  (callers ask only for judged items)
        return self.judged.result.accession, self.judged.result.test.key


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what laboratories send."""

    store: IntakeStore
    read: Reader
    catalogue: Catalogue
    indexer: Indexer
    release: Release
    clock: Clock

    def receive(
        self,
        data: bytes,
        facility: Facility,
        *,
        source: str,
        format: str = "auto",  # noqa: A002
        progress: Callable[[int], None] = lambda _: None,
    ) -> IntakeReport:
        """Take in one file or message.

        Args:
            source: Where it came from (a file name), shown in reports and the inbox.
            progress: Told how many items are stored so far.

        Returns:
            One entry per item, in the order of the file.
        """
        report = IntakeReport()
        for batch in _batches(self.read(data, format=format, facility=facility), BATCH):
            pending = [self._judge(item) for item in batch]
            report.items += self._settle(pending, facility, source)
            progress(len(report.items))
        return report

    def _judge(self, item: ReadItem) -> _Pending:
        content = item.content
        if isinstance(content, Unreadable):
            return _Pending(item, None, None, errors=content.findings)
        if isinstance(content, NotAResult):
            return _Pending(item, None, None, warnings=(content.finding,), ignored=True)
        verdict = judge(content, self.catalogue, now=self.clock())
        if isinstance(verdict, Refused):
            return _Pending(item, None, None, verdict.errors, verdict.warnings)
        return _Pending(item, verdict, self._incoming(verdict), warnings=verdict.warnings)

    def _incoming(self, judged: Judged) -> Incoming:
        result = judged.result
        return Incoming(
            status=result.status,
            content_mac=self.indexer.content(canonical(result)),
            person_index=self.indexer.person(result.person.full_name, result.person.birth_date),
            reported_at=result.reported_at,
        )

    def _settle(self, pending: list[_Pending], facility: Facility, source: str) -> list[ItemReport]:
        for _ in range(_TRIES):
            inbox, results, reports = self._decide_all(pending, facility, source)
            try:
                self.store.store(facility.code, source, inbox, results, self.clock())
            except Conflict:
                continue
            return reports
        raise Conflict

    def _decide_all(
        self, pending: list[_Pending], facility: Facility, source: str
    ) -> tuple[list[InboxRow], list[ResultRow], list[ItemReport]]:
        known = self.store.current(facility.code, [p.key for p in pending if p.judged])
        inbox: list[InboxRow] = []
        results: list[ResultRow] = []
        reports: list[ItemReport] = []
        for each in pending:
            report, row = self._decide(each, known, facility, source)
            if row is not None:
                results.append(row)
                known[each.key] = _as_stored(row, each)
            reports.append(report)
            inbox.append(self._inbox_row(each, report))
        return inbox, results, reports

    def _decide(
        self,
        each: _Pending,
        known: dict[tuple[str, str], Stored],
        facility: Facility,
        source: str,
    ) -> tuple[ItemReport, ResultRow | None]:
        index = each.item.index
        if each.judged is None or each.incoming is None:
            change = Change.IGNORED if each.ignored else Change.QUARANTINED
            return ItemReport(source, index, change, None, each.errors, each.warnings), None
        stored = known.get(each.key)
        change, reason = decide(stored, each.incoming)
        errors = (reason,) if reason and change is Change.QUARANTINED else ()
        warnings = each.warnings if errors or not reason else (*each.warnings, reason)
        row = None
        if change in (Change.ACCEPTED, Change.CORRECTED, Change.WITHDRAWN):
            row = self.release(each.judged, change, stored, facility, each.incoming)
        result_id = row.result_id if row else (stored.result_id if stored else None)
        return ItemReport(source, index, change, result_id, errors, warnings), row

    def _inbox_row(self, each: _Pending, report: ItemReport) -> InboxRow:
        raw = each.item.raw
        return InboxRow(
            index=each.item.index,
            raw=raw,
            raw_index=self.indexer.raw(b"%d:" % each.item.index + raw),
            change=report.change,
            errors=report.errors,
            warnings=report.warnings,
            result_id=report.result_id,
        )


def _as_stored(row: ResultRow, each: _Pending) -> Stored:
    return Stored(
        result_id=row.result_id,
        version=row.version,
        withdrawn=row.change is Change.WITHDRAWN,
        content_mac=row.content_mac,
        person_index=row.person_index,
        reported_at=each.judged.result.reported_at if each.judged else row.result.reported_at,
        announced=row.message is not None,
    )


def _batches(items: Iterable[ReadItem], size: int) -> Iterator[list[ReadItem]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
