"""Intake: bytes of a laboratory in, stored results and an account of every item out.

An item is acknowledged only after the one transaction that stores its raw bytes, its
result, its certificate and its message. Nothing is dropped: what can't be read or used is
kept with its reasons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Protocol

from core.citizens.names import normalise
from core.ports import Clock, Conflict, Former, InboxRow, Indexer, IntakeStore, Origin, ResultRow
from core.results.catalogue import Catalogue
from core.results.content import canonical
from core.results.facility import Facility, Stage
from core.results.inbox import KeptItem
from core.results.item_report import ItemReport
from core.results.judge import Judged, Refused, Withdrawal, judge
from core.results.local_codes import LocalCodes
from core.results.pending import (
    NOTHING_WITHHELD,
    Pending,
    Withheld,
    unless_withdrawn,
    withdrawals,
)
from core.results.preview import MOST_PREVIEWED, PreviewedItem, Unmade, previewed
from core.results.reported import Finding, NotAResult, ReadItem, ReportStatus, Unreadable
from core.results.result import Person, Result
from core.results.versions import Change, Incoming, Stored, decide

__all__ = ["BATCH", "NOT_KEPT", "PILOT", "Intake", "IntakeReport", "ItemReport"]

BATCH = 500
PILOT = "pilot"
NOT_KEPT = "none"  # the format of what was too large to keep: its bytes are not here
_CREATING = frozenset({Change.ACCEPTED, Change.CORRECTED, Change.WITHDRAWN})
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
    """Makes the rows of new versions: codes, link and message, then the certificates."""

    def __call__(
        self,
        judged: Judged,
        change: Change,
        stored: Stored | None,
        incoming: Incoming,
        former: Former | None,
    ) -> ResultRow:
        """Everything that is stored with the new version, but for its certificate.

        Args:
            former: The version that is corrected or withdrawn, where there is one.
        """

    def certify(self, rows: list[ResultRow], facility: Facility) -> list[ResultRow]:
        """The rows of a transaction with their certificates, signed in one loop."""


@dataclass(slots=True)
class IntakeReport:
    """The account of one or several files."""

    items: list[ItemReport] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """``received`` and the number of items per outcome, every outcome present."""
        seen = Counter(item.change for item in self.items)
        return {"received": len(self.items)} | {str(change): seen[change] for change in Change}


@dataclass(frozen=True, slots=True)
class _Judging:
    """By what a facility's items are judged."""

    catalogue: Catalogue
    codes: LocalCodes
    now: datetime


class _Batch:
    """The items of one transaction: what is known of their reports, and what they make."""

    def __init__(self, known: dict[tuple[str, str], Stored]) -> None:
        self.known: dict[tuple[str, str], Stored] = {}
        self._tests: defaultdict[str, list[str]] = defaultdict(list)
        for key, stored in known.items():
            self._know(key, stored)
        self.inbox: list[InboxRow] = []
        self.results: list[ResultRow] = []
        self.reports: list[ItemReport] = []
        self.made: dict[str, Former] = {}

    def add(self, row: ResultRow, incoming: Incoming) -> None:
        """A new version: later items of the batch meet it as stored."""
        self.results.append(row)
        self.made[row.result_id] = Former(row.result, row.short_code)
        stored = Stored(
            result_id=row.result_id,
            version=row.version,
            withdrawn=row.change is Change.WITHDRAWN,
            content_mac=row.content_mac,
            person_index=row.person_index,
            reported_at=incoming.reported_at,
            announced=row.message is not None,
        )
        self._know((row.result.accession, row.result.test.key), stored)

    def _know(self, key: tuple[str, str], stored: Stored) -> None:
        if key not in self.known:
            self._tests[key[0]].append(key[1])
        self.known[key] = stored

    def tests_of(self, accession: str) -> list[str]:
        """Tests of this accession that are stored; asked for every item of the batch."""
        return self._tests.get(accession, [])


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what laboratories send.

    Args:
        codes: Gives a facility's own codes, by its code.
        recall: Gives the version with this result id.
    """

    store: IntakeStore
    read: Reader
    catalogue: Catalogue
    codes: Callable[[str], LocalCodes]
    indexer: Indexer
    release: Release
    recall: Callable[[str], Former | None]
    clock: Clock

    def receive(
        self,
        data: bytes,
        facility: Facility,
        *,
        source: str,
        feed: str = "cli",
        format: str = "auto",  # noqa: A002
        progress: Callable[[int], None] = lambda _: None,
    ) -> IntakeReport:
        """Take in one file or message.

        Args:
            source: Where it came from (a file name), shown in reports and the inbox.
            feed: Name of the feed through which it came.
            progress: Told how many items are stored so far.

        Returns:
            One entry per item, in the order of the file.
        """
        report = IntakeReport()
        judging, origin = self._judging(facility), Origin(source, feed, format)
        for batch in _batches(self.read(data, format=format, facility=facility), BATCH):
            pending = [self._judge(item, judging) for item in batch]
            report.items += self._settle(pending, facility, origin)
            progress(len(report.items))
        return report

    def replay(
        self, kept: Iterable[KeptItem], facility: Facility, *, withheld: Withheld = NOTHING_WITHHELD
    ) -> IntakeReport:
        """Take in again what was kept back, each item by itself: its row tells the outcome.

        Args:
            withheld: Reports that were withdrawn meanwhile: ignored, so that nobody sees them.
        """
        report = IntakeReport()
        judging = self._judging(facility)
        for each in kept:
            if each.origin.format != NOT_KEPT:
                pending = self._judge(self._read_again(each, facility), judging)
                settled = [unless_withdrawn(pending, withheld)]
                report.items += self._settle(settled, facility, each.origin, arrived=False)
        return report

    def withdrawn(self, kept: Iterable[KeptItem], facility: Facility) -> Withheld:
        """What the withdrawals among ``kept`` name: accession and test, and until when."""
        judging = self._judging(facility)
        again = (
            self._read_again(each, facility) for each in kept if each.origin.format != NOT_KEPT
        )
        return withdrawals(self._judge(item, judging) for item in again)

    def _read_again(self, kept: KeptItem, facility: Facility) -> ReadItem:
        """The one item of ``kept`` among those that its bytes hold, or that there is none.

        Rows of before messages were cut hold several.
        """
        for item in self.read(kept.raw, format=kept.origin.format, facility=facility):
            if item.index == kept.part:
                return replace(item, raw=kept.raw, part=kept.part, row=kept.row)
        gone = Finding("unreadable_item", "part", str(kept.part))
        return ReadItem(0, Unreadable((gone,)), kept.raw, kept.part, kept.row)

    def preview(
        self,
        data: bytes,
        facility: Facility,
        *,
        format: str = "auto",  # noqa: A002
        limit: int = MOST_PREVIEWED,
    ) -> list[PreviewedItem]:
        """Read and judge a sample as ``receive`` would if the facility were live; store nothing.

        Args:
            limit: Items; what comes after them isn't read.
        """
        judging, live = self._judging(facility), replace(facility, stage=Stage.LIVE)
        items = islice(self.read(data, format=format, facility=facility), limit)
        pending = [self._judge(item, judging) for item in items]
        keys = [each.key for each in pending if each.key[0]]
        batch = _Batch(self.store.current(facility.code, keys))
        dry = replace(self, release=Unmade())
        return [
            previewed(each.item, dry._decide(each, batch, live, ""), each.judged, judging.catalogue)  # noqa: SLF001
            for each in pending
        ]

    def refuse(
        self, finding: Finding, facility: Facility, *, source: str, feed: str = "cli"
    ) -> None:
        """Write down in the inbox what came and could not even be read into memory."""
        item = ReadItem(0, Unreadable((finding,)), source.encode())
        pending = [Pending(item, errors=(finding,))]
        self._settle(pending, facility, Origin(source, feed, NOT_KEPT))

    def _judging(self, facility: Facility) -> _Judging:
        codes = self.codes(facility.code)
        return _Judging(self.catalogue.with_codes(codes.tests), codes, self.clock())

    def _judge(self, item: ReadItem, judging: _Judging) -> Pending:
        content = item.content
        if isinstance(content, Unreadable):
            return Pending(item, errors=content.findings)
        if isinstance(content, NotAResult):
            return Pending(item, warnings=(content.finding,), ignored=True)
        verdict = judge(content, judging.catalogue, now=judging.now, local=judging.codes)
        if isinstance(verdict, Withdrawal):
            refused = verdict.refused
            return Pending(
                item, withdrawal=verdict, errors=refused.errors, warnings=refused.warnings
            )
        if isinstance(verdict, Refused):
            return Pending(item, errors=verdict.errors, warnings=verdict.warnings)
        incoming = self._incoming(verdict.result)
        return Pending(item, verdict, incoming, warnings=verdict.warnings)

    def _incoming(self, result: Result) -> Incoming:
        return Incoming(
            status=result.status,
            content_mac=self.indexer.content(canonical(result)),
            person_index=self.indexer.person(result.person.full_name, result.person.birth_date),
            reported_at=result.reported_at,
        )

    def _settle(
        self,
        pending: list[Pending],
        facility: Facility,
        origin: Origin,
        *,
        arrived: bool = True,
    ) -> list[ItemReport]:
        for _ in range(_TRIES):
            keys = [key for each in pending if (key := each.key)[0]]
            batch = _Batch(self.store.current(facility.code, keys))
            for each in pending:
                report = self._decide(each, batch, facility, origin.source)
                batch.reports.append(report)
                batch.inbox.append(self._inbox_row(each, report))
            results = self.release.certify(batch.results, facility)
            try:
                self.store.store(
                    facility.code, origin, batch.inbox, results, self.clock(), arrived=arrived
                )
            except Conflict:
                continue
            return batch.reports
        raise Conflict

    def _decide(self, each: Pending, batch: _Batch, facility: Facility, source: str) -> ItemReport:
        index, row = each.item.index, each.item.row
        each = self._meeting_what_is_stored(each, batch)
        if each.judged is None or each.incoming is None:
            change = Change.IGNORED if each.ignored else Change.QUARANTINED
            return ItemReport(source, index, change, None, each.errors, each.warnings, row)
        accession, test = key = each.key
        stored = batch.known.get(key)
        siblings = any(other != test for other in batch.tests_of(accession))
        change, reason = decide(stored, each.incoming, has_siblings=siblings)
        replaces = change in (Change.CORRECTED, Change.WITHDRAWN)
        former = self._former(stored, batch) if replaces else None
        if former is not None and _strangers(former.result.person, each.judged.result.person):
            change, reason = Change.QUARANTINED, Finding("accession_reused")
        errors = (reason,) if reason and change is Change.QUARANTINED else ()
        warnings = each.warnings if errors or not reason else (*each.warnings, reason)
        result_id = stored.result_id if stored else None
        if change in _CREATING and facility.stage is Stage.PILOT:
            change, warnings = Change.IGNORED, (Finding(PILOT), *warnings)
        if change in _CREATING:
            version = self.release(each.judged, change, stored, each.incoming, former)
            batch.add(version, each.incoming)
            result_id = version.result_id
        return ItemReport(source, index, change, result_id, errors, warnings, row)

    def _meeting_what_is_stored(self, each: Pending, batch: _Batch) -> Pending:
        """A withdrawal acts on the stored result and its person, whatever else it says."""
        accession, test = each.key
        if not each.withdraws:
            return each
        tests = batch.tests_of(accession)
        meant = test or (tests[0] if len(tests) == 1 else "")
        former = self._former(batch.known.get((accession, meant)), batch)
        if former is None:
            return each
        kept, at = former.result, each.reported_at
        result = replace(kept, status=ReportStatus.WITHDRAWN, reported_at=at or kept.reported_at)
        return replace(
            each,
            judged=Judged(result, ()),
            incoming=self._incoming(result),
            errors=(),
            warnings=(*each.warnings, *each.errors),
        )

    def _former(self, stored: Stored | None, batch: _Batch) -> Former | None:
        """The stored result itself; asked for only when one is corrected or withdrawn."""
        if stored is None:
            return None
        return batch.made.get(stored.result_id) or self.recall(stored.result_id)

    def _inbox_row(self, each: Pending, report: ItemReport) -> InboxRow:
        raw = each.item.raw
        return InboxRow(
            index=each.item.index,
            part=each.item.part,
            row=each.item.row,
            raw=raw,
            raw_index=self.indexer.raw(b"%d:" % each.item.part + raw),
            change=report.change,
            errors=report.errors,
            warnings=report.warnings,
            result_id=report.result_id,
        )


def _strangers(one: Person, other: Person) -> bool:
    """Nothing that identifies a person is the same in both."""
    same_document = set(one.documents) & set(other.documents)
    same_phone = one.phone and one.phone == other.phone
    same_birth = one.birth_date and one.birth_date == other.birth_date
    same_name = normalise(one.full_name) == normalise(other.full_name)
    return not (same_document or same_phone or same_birth or same_name)


def _batches(items: Iterable[ReadItem], size: int) -> Iterator[list[ReadItem]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
