"""Polling: due feeds are claimed, fetched and stored, each by one process at a time.

The clock asks every second; a pool of threads works. A piece is stored, then put aside, then
the watermark moves: a process that dies in between fetches the piece again, and intake knows
it. One feed in trouble stops no other and comes back by itself.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from core.feeds.feed import Feed, FeedKind, FeedState
from core.feeds.schedule import LEASE, failed, succeeded
from core.feeds.source import FeedTrouble, Fetched, Limits, PolledSource
from core.results.facility import Facility
from core.results.intake import IntakeReport
from core.results.versions import Change

if TYPE_CHECKING:
    from bot.app import Installation

log = logging.getLogger("ketqua.feeds")
_AT_ONCE = 16


class FeedPolling:
    """Polls the feeds of an installation."""

    def __init__(
        self, installation: Installation, stored: Callable[[], None], at_once: int = _AT_ONCE
    ) -> None:
        """Work with up to ``at_once`` threads; ``stored`` is called after each piece."""
        self._here = installation
        self._stored = stored
        self._at_once = at_once
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="feed")
        self._busy: set[Future[None]] = set()
        self._lock = threading.Lock()
        self.limits = Limits(largest=installation.settings.max_file_mib * 1024 * 1024)

    def round(self) -> int:
        """Begin to poll what is due, as far as there are free threads; how many that were."""
        with self._lock:
            self._busy = {future for future in self._busy if not future.done()}
            free = self._at_once - len(self._busy)
            if free <= 0:
                return 0
            due = self._here.feeds.claim_due(free, self._here.clock(), LEASE)
            self._busy |= {self._pool.submit(self.poll, feed, state) for feed, state in due}
            return len(due)

    def stop(self) -> None:
        """Let what has begun finish, and begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def poll(self, feed: Feed, state: FeedState) -> None:
        """Fetch a claimed feed to its end, and say when it is due again."""
        chance = random.random()  # noqa: S311  (spreads polls; no secret)
        try:
            more = self._fetch_all(feed, state)
        except FeedTrouble as trouble:
            log.warning("feed %s: %s", feed.id, trouble.code)
            after = failed(feed, state, trouble.code, self._here.clock(), chance)
        except Exception:
            log.exception("feed %s failed", feed.id)
            after = failed(feed, state, "feed_failed", self._here.clock(), chance)
        else:
            after = succeeded(feed, state, self._here.clock(), chance, more=more)
        self._here.feeds.release(feed, after)

    def _fetch_all(self, feed: Feed, state: FeedState) -> bool:
        """Whether the poll stopped at its limit."""
        facility = self._here.facilities.get(feed.facility)
        if facility is None:
            raise FeedTrouble("feed_address_unusable", feed.facility)
        pieces = 0
        for piece in source_of(feed, self.limits).fetch(state.watermark, self._here.clock()):
            self._take_in(piece, feed, facility)
            pieces += 1
        return pieces >= self.limits.pages

    def _take_in(self, piece: Fetched, feed: Feed, facility: Facility) -> None:
        intake = self._here.intake
        if piece.refused is not None:
            intake.refuse(piece.refused, facility, source=piece.name, feed=feed.name)
            piece.settle(True)  # noqa: FBT003
        elif piece.data:
            report = intake.receive(
                piece.data, facility, source=piece.name, feed=feed.name, format=piece.format
            )
            self._stored()
            piece.settle(report.counts()[Change.QUARANTINED] > 0)
            _tell(feed, report)
        if piece.watermark is not None:
            self._here.feeds.progress(feed, piece.watermark)


def source_of(feed: Feed, limits: Limits) -> PolledSource:
    """The source of a polled feed.

    Raises:
        FeedTrouble: ``feed_address_unusable``.
    """
    if feed.kind is FeedKind.FOLDER:
        from labs.sources.local_folder import LocalFolderSource

        return LocalFolderSource(feed.address, limits)
    if feed.kind is FeedKind.FHIR:
        from labs.sources.fhir_server import FhirServerSource

        return FhirServerSource(feed.address, feed.secret, limits, feed.overlap)
    if feed.kind is FeedKind.SFTP:
        from labs.sources.sftp import SftpSource

        return SftpSource(
            address=feed.address, secret=feed.secret, host_key=feed.host_key, limits=limits
        )
    raise FeedTrouble("feed_address_unusable", feed.kind)


def _tell(feed: Feed, report: IntakeReport) -> None:
    told = ", ".join(f"{word} {count}" for word, count in report.counts().items() if count)
    log.info("feed %s: %s", feed.id, told)


def freshness_round(installation: Installation, stored: Callable[[], None]) -> int:
    """Look at every feed; tell the officers of those that are too quiet, or well again.

    Returns:
        How many were told of.
    """
    from core.feeds.freshness import HISTORY, assess

    here, now = installation, installation.clock()
    hours, latest = here.feed_hours.since(now - HISTORY), here.feed_hours.latest()
    zones = {facility.code: facility for facility in here.facilities.all()}
    told = 0
    for feed, state in here.feeds.all():
        facility = zones.get(feed.facility)
        if facility is None or facility.is_pilot:
            continue
        key = (feed.facility, feed.name)
        notice = assess(
            feed,
            state,
            hours.get(key, ()),
            last_item_at=latest.get(key),
            now=now,
            zone=facility.timezone,
        )
        if notice is not None and here.tell_officers(notice, state, facility, now):
            told += 1
    if told:
        stored()
    return told
