"""In-memory stand-ins for what intake needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from core.ports import Conflict, Former, InboxRow, Indexer, IntakeStore, Origin, ResultRow
from core.results.facility import Facility
from core.results.reported import NotAResult, ReadItem, ReportedResult, Unreadable
from core.results.versions import Change, Stored

BVA = Facility("BVA", "Bệnh viện A", "BV A")


class PlainIndexer(Indexer):
    """Hashes without a key."""

    def person(self, full_name: str, birth_date: str) -> bytes:
        return sha256(f"{full_name}|{birth_date}".encode()).digest()

    def raw(self, data: bytes) -> bytes:
        return sha256(data).digest()

    def content(self, data: bytes) -> bytes:
        return sha256(data).digest()


@dataclass
class MemoryIntake(IntakeStore):
    """Keeps everything in lists; ``conflicts`` makes the next stores fail."""

    results: list[ResultRow] = field(default_factory=list)
    inbox: list[InboxRow] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    conflicts: int = 0

    def current(
        self, facility: str, reports: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Stored]:
        wanted = {accession for accession, _ in reports}
        rows = {(row.result.accession, row.result.test.key): row for row in self.results}
        return {key: _stored(row) for key, row in rows.items() if key[0] in wanted}

    def recall(self, result_id: str) -> Former | None:
        row = next((row for row in self.results if row.result_id == result_id), None)
        return Former(row.result, row.short_code) if row else None

    def store(
        self,
        facility: str,
        origin: Origin,
        inbox: Iterable[InboxRow],
        results: Iterable[ResultRow],
        now: datetime,
        *,
        arrived: bool = True,
    ) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict
        self.origins.append(origin)
        self.inbox += inbox
        self.results += results


def _stored(row: ResultRow) -> Stored:
    return Stored(
        result_id=row.result_id,
        version=row.version,
        withdrawn=row.change is Change.WITHDRAWN,
        content_mac=row.content_mac,
        person_index=row.person_index,
        reported_at=row.result.reported_at,
        announced=row.message is not None,
    )


@dataclass
class PreparedReader:
    """Gives the items that a test prepared, whatever the bytes."""

    items: Sequence[ReportedResult | Unreadable | NotAResult]

    def __call__(self, data: bytes, *, format: str, facility: Facility) -> Iterator[ReadItem]:  # noqa: A002
        for index, content in enumerate(self.items):
            yield ReadItem(index, content, data, part=index)


class CutReader(PreparedReader):
    """Each item has bytes of its own, as in a message of several reports."""

    def __call__(self, data: bytes, *, format: str, facility: Facility) -> Iterator[ReadItem]:  # noqa: A002
        for index, content in enumerate(self.items):
            yield ReadItem(index, content, b"%d of " % index + data)
