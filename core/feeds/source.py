"""What a polled source gives, and how it says that it can't.

``labs.sources`` implements these; ``bot.polling`` drives them. Whatever a peer or a library
does wrong becomes a ``FeedTrouble`` with one of the codes below, never another exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.errors import KetquaError
from core.results.reported import Finding


class FeedTrouble(KetquaError):
    """A source that can't be read now.

    Codes: ``feed_unreachable``, ``feed_timed_out``, ``feed_not_authorised``,
    ``feed_unexpected_answer``, ``feed_too_large``, ``feed_address_unusable``,
    ``feed_host_key_unknown``, ``feed_host_key_changed`` (detail: the key that was shown),
    ``feed_leads_elsewhere`` (a page that lies on another host), ``feed_folder_missing``.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """What one poll may cost.

    Args:
        connect_seconds: Until there is a connection.
        read_seconds: Silence within a connection.
        total_seconds: The whole poll, however much keeps trickling in.
        largest: Bytes of one file or page.
        pages: Files or pages of one poll; the rest comes with the next.
    """

    connect_seconds: float = 10
    read_seconds: float = 30
    total_seconds: float = 600
    largest: int = 64 * 1024 * 1024
    pages: int = 1000


def _nothing(_held_back: bool) -> None:  # noqa: FBT001
    return None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file or page of a source.

    The consumer stores ``data`` and then calls ``settle``; asking the iterator for the next
    piece means that this one is safe.

    Args:
        name: Shown in the inbox; no secret and no person in it.
        watermark: What to remember once this piece is stored; None: nothing new.
        refused: Why it could not even be read into memory; ``data`` is empty then.
        settle: Put the file aside; True where something of it was held back.
    """

    name: str
    data: bytes = field(repr=False)
    format: str = "auto"
    watermark: str | None = None
    refused: Finding | None = None
    settle: Callable[[bool], None] = _nothing


@dataclass(frozen=True, slots=True)
class Probe:
    """What a test of a feed found.

    Args:
        found: How many files or reports wait there (of FHIR: the server's total, if it says).
        newest: When the newest of them changed.
        host_key: SFTP: the key that the server shows.
    """

    found: int | None
    newest: datetime | None = None
    host_key: str = ""


class PolledSource(Protocol):
    """A source that is fetched by us."""

    def fetch(self, watermark: str, now: datetime) -> Iterator[Fetched]:
        """Everything since ``watermark``, and what may have been late before it.

        Nothing that was there at the time of a poll is missed by all later polls, however
        late it was written and whatever time it bears.

        Args:
            watermark: As ``Fetched.watermark`` last said; empty: from the beginning.
            now: Aware UTC time of this poll.

        Raises:
            FeedTrouble: see there; what was yielded before stays good.
        """

    def probe(self, now: datetime) -> Probe:
        """Look, and take nothing. Raises: FeedTrouble."""
