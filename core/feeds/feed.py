"""A feed: one way in which a facility sends.

Polled feeds are fetched by us; the others are heard. A feed's secret never shows in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.feeds.weekdays import EVERY_DAY

DEFAULT_INTERVAL = timedelta(minutes=15)
LONGEST_INTERVAL = timedelta(minutes=60)
DEFAULT_OVERLAP = timedelta(minutes=10)


class FeedKind(StrEnum):
    """How a feed's bytes reach us."""

    FOLDER = "folder"
    SFTP = "sftp"
    FHIR = "fhir"
    MLLP = "mllp"
    PUSH = "push"


POLLED = frozenset({FeedKind.FOLDER, FeedKind.SFTP, FeedKind.FHIR})


@dataclass(frozen=True, slots=True)
class Feed:
    """One way in which a facility sends.

    Args:
        name: Lower-case word, unique within the facility.
        address: Folder: a path; SFTP: ``sftp://user@host:port/folder``; FHIR: the base URL;
            MLLP: the sender's name as in MSH-3 and MSH-4 (``LIS|BVX``); push: empty.
        secret: Password, private key (PEM) or bearer token; empty where none is needed.
        host_key: SFTP only: the server's key, ``SHA256:…`` as OpenSSH prints it.
        peers: MLLP only: networks (CIDR) from which it may come.
        interval: How often it is polled.
        overlap: How far a poll reaches back before what it has read (late writers).
        expected_every: It is silent when nothing new came for longer than this; None: never.
        opens, closes: Local hours between which it is expected to send (0 to 24).
        days: Weekdays on which it is: 0, Monday, to 6; at least one.
    """

    facility: str
    name: str
    kind: FeedKind
    address: str = ""
    secret: str = field(default="", repr=False)
    host_key: str = ""
    peers: tuple[str, ...] = ()
    interval: timedelta = DEFAULT_INTERVAL
    overlap: timedelta = DEFAULT_OVERLAP
    expected_every: timedelta | None = None
    opens: int = 0
    closes: int = 24
    days: frozenset[int] = EVERY_DAY
    active: bool = True

    @property
    def id(self) -> str:
        """``FACILITY/name``, as commands and pages write it."""
        return f"{self.facility}/{self.name}"


@dataclass(frozen=True, slots=True)
class FeedState:
    """How a feed is doing.

    Args:
        watched_from: Since when something could be expected of it: made, resumed, or live.
        watermark: How far it has been read, in the source's own words; empty: not at all.
        failures: Polls that failed in a row.
        error: Code of the last failure; empty after a success.
        alerted_at: When the officers were told that it is too quiet; None while it is not.
        alert: What they were told: ``silent`` or ``low_volume``; empty while nothing.
        claim: Which claim holds it just now; empty: none.
    """

    watched_from: datetime
    due_at: datetime
    watermark: str = ""
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    error: str = ""
    alerted_at: datetime | None = None
    alert: str = ""
    claim: str = ""
