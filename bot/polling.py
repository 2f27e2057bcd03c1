"""Polling: due feeds are claimed, fetched and stored, each by one process at a time.

The clock asks every second; a pool of threads works, and a thread that is done with a feed
goes on with the one that is due longest, so that a thousand feeds need no thousand seconds'
worth of clock. A piece is stored, then put aside, then
the watermark moves: a process that dies in between fetches the piece again, and intake knows
it. One feed in trouble stops no other and comes back by itself. The watched folder is a feed
that every facility has, without a row.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from core.feeds.feed import Feed, FeedKind, FeedState
from core.feeds.schedule import LEASE, RENEW_EVERY, failed, succeeded
from core.feeds.source import FeedTrouble, Fetched, Limits, PolledSource, Probe
from core.ports import Clock
from core.results.facility import Facility
from core.results.intake import IntakeReport
from core.results.versions import Change
from labs.sources.folder import PROCESSED, QUARANTINE
from labs.sources.local_folder import LocalFolderSource
from labs.sources.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from bot.app import Installation

log = logging.getLogger("ketqua.feeds")
WATCHED = "folder"  # the name under which the watched folder's items come
_AT_ONCE = 16
_TEST_LIMITS = Limits(connect_seconds=5, read_seconds=10, total_seconds=15)
_TEST_SECONDS = 20  # also for what no limit of a source reaches: names, a share that hangs


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
        self._polled: dict[tuple[str, str], Feed] = {}  # by claim and id: what may be renewed
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self._renewed_at: datetime | None = None
        self._strangers: set[str] = set()
        self._tokens = Tokens()
        self.limits = Limits(largest=installation.settings.max_file_mib * 1024 * 1024)

    def round(self) -> int:
        """Begin to poll what is due, as far as there are free threads; how many that were.

        The threads go on by themselves until nothing is due.
        """
        with self._lock:
            self._busy = {future for future in self._busy if not future.done()}
            self._renew()
            free = self._at_once - len(self._busy)
            if free <= 0:
                return 0
            due = self._claim(free)
            self._busy |= {self._pool.submit(self._work, *claimed) for claimed in due}
            return len(due)

    def _claim(self, most: int) -> list[tuple[Feed, FeedState]]:
        if self.stopped.is_set():
            return []
        claim = self._here.random(8).hex()
        return self._here.feeds.claim_due(claim, most, self._here.clock(), LEASE)

    def _work(self, feed: Feed, state: FeedState) -> None:
        """Poll a claimed feed, then one after the other whatever is due."""
        claimed = [(feed, state)]
        try:
            while claimed:
                self._hold_and_poll(*claimed[0])
                claimed = self._claim(1)
        except Exception as error:  # noqa: BLE001  (the database; the clock asks again)
            log.error("feeds: %s", type(error).__name__)  # noqa: TRY400

    def _hold_and_poll(self, feed: Feed, state: FeedState) -> None:
        """Renew its claim only meanwhile: one that could not be given back must run out."""
        self._polled[state.claim, feed.id] = feed
        try:
            self.poll(feed, state)
        finally:
            del self._polled[state.claim, feed.id]

    def _renew(self) -> None:
        now = self._here.clock()
        due = self._renewed_at is None or now - self._renewed_at >= RENEW_EVERY
        if self._busy and due:
            for (claim, _), feed in list(self._polled.items()):
                self._here.feeds.renew([feed], claim, now, LEASE)
            self._renewed_at = now

    def stop(self) -> None:
        """Let what has begun finish, and begin nothing more."""
        self.stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def poll(self, feed: Feed, state: FeedState) -> None:
        """Fetch a claimed feed to its end, and say when it is due again."""
        chance = random.random()  # noqa: S311  (spreads polls; no secret)
        try:
            more = self._fetch_all(feed, state)
        except FeedTrouble as trouble:
            log.warning("feed %s: %s", feed.id, trouble.code)
            after = failed(feed, state, trouble.code, self._here.clock(), chance)
        except Exception as error:  # noqa: BLE001  (its text may quote what was sent)
            log.error("feed %s: %s", feed.id, type(error).__name__)  # noqa: TRY400
            after = failed(feed, state, "feed_failed", self._here.clock(), chance)
        else:
            after = succeeded(feed, state, self._here.clock(), chance, more=more)
        self._here.feeds.release(feed, state.claim, after)

    def _fetch_all(self, feed: Feed, state: FeedState) -> bool:
        """Whether the poll stopped at its limit, or was paused."""
        pieces = failed = 0
        source = source_of(feed, self.limits, self._tokens)
        for piece in source.fetch(state.watermark, self._here.clock()):
            if not self._goes_on(feed, state):
                return True
            facility = self._facility_of(feed)
            failed += not self._taken_in(piece, facility, feed.name)
            pieces += 1
            if piece.watermark is not None and not self._here.feeds.progress(
                feed, state.claim, piece.watermark
            ):
                raise FeedTrouble("feed_taken_over")
        _tell_of_failed(failed)
        return pieces >= self.limits.pages

    def _goes_on(self, feed: Feed, state: FeedState) -> bool:
        """Whether the feed still is to be read; asked before each piece, for a poll is long.

        Raises:
            FeedTrouble: ``feed_taken_over``: it was moved, removed, or claimed by another.
        """
        found = self._here.feeds.get(feed.facility, feed.name)
        if found is None or found[1].claim != state.claim:
            raise FeedTrouble("feed_taken_over")
        return found[0].active

    def _facility_of(self, feed: Feed) -> Facility:
        """The facility as it is now: it may have gone back to a pilot during the poll."""
        facility = self._here.facilities.get(feed.facility)
        if facility is None:
            raise FeedTrouble("feed_address_unusable", feed.facility)
        return facility

    def look_into_watched_folder(self) -> None:
        """Take in every finished file of every facility; one in trouble stops no other."""
        root = self._here.settings.watch_folder
        known = {facility.code: facility for facility in self._here.facilities.all()}
        for facility in known.values():
            try:
                self._look_into(root / facility.code, facility)
            except FeedTrouble as trouble:
                log.warning("the folder of %s: %s", facility.code, trouble.code)
            except Exception as error:  # noqa: BLE001  (the files stay for the next look)
                log.error("the folder of %s: %s", facility.code, type(error).__name__)  # noqa: TRY400
        for folder in root.iterdir():
            if folder.is_dir() and folder.name not in {*known, PROCESSED, QUARANTINE}:
                self._warn_of_stranger(folder.name)

    def _look_into(self, folder: Path, facility: Facility) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        source = LocalFolderSource(str(folder), self.limits)
        pieces = source.fetch("", self._here.clock())
        failed = 0
        for piece in pieces:
            now = self._here.facilities.get(facility.code) or facility  # perhaps a pilot again
            failed += not self._taken_in(piece, now, WATCHED)
        _tell_of_failed(failed)

    def _taken_in(self, piece: Fetched, facility: Facility, feed: str) -> bool:
        """Take in a piece; whether that went well.

        A file that can't be stored stays in its folder and stops no other. A piece that a
        watermark would pass over ends the poll instead, and so does a database that is away.
        """
        try:
            self._take_in(piece, facility, feed)
        except Exception as error:
            if piece.watermark is not None or _is_outage(error):
                raise
            # Its text may quote what was sent.
            log.error("feed %s/%s: %s", facility.code, feed, type(error).__name__)  # noqa: TRY400
            return False
        return True

    def _take_in(self, piece: Fetched, facility: Facility, feed: str) -> None:
        intake = self._here.intake
        if piece.refused is not None:
            intake.refuse(piece.refused, facility, source=piece.name, feed=feed)
            piece.settle(True)  # noqa: FBT003
        elif piece.data:
            report = intake.receive(
                piece.data, facility, source=piece.name, feed=feed, format=piece.format
            )
            self._stored()
            piece.settle(report.counts()[Change.QUARANTINED] > 0)
            log.info("feed %s/%s: %s", facility.code, feed, _told(report))

    def _warn_of_stranger(self, name: str) -> None:
        if name not in self._strangers:
            self._strangers.add(name)
            log.warning("folder %s belongs to no facility: ketqua facility add %s", name, name)


def _is_outage(error: Exception) -> bool:
    from sqlalchemy.exc import OperationalError

    return isinstance(error, OperationalError)


def _tell_of_failed(pieces: int) -> None:
    """Say at the end of a poll how many files could not be taken in."""
    if pieces:
        raise FeedTrouble("feed_failed", str(pieces))


def source_of(feed: Feed, limits: Limits, tokens: Tokens | None = None) -> PolledSource:
    """The source of a polled feed.

    Args:
        tokens: What was granted before; FHIR servers with OAuth 2.0 only.

    Raises:
        FeedTrouble: ``feed_address_unusable``.
    """
    if feed.kind is FeedKind.FOLDER:
        return LocalFolderSource(feed.address, limits)
    if feed.kind is FeedKind.FHIR:
        from labs.sources.fhir_server import FhirServerSource

        return FhirServerSource(
            feed.address, feed.secret, limits, feed.overlap, tokens=tokens or Tokens()
        )
    if feed.kind is FeedKind.SFTP:
        from labs.sources.sftp import SftpSource

        return SftpSource(
            address=feed.address, secret=feed.secret, host_key=feed.host_key, limits=limits
        )
    raise FeedTrouble("feed_address_unusable", feed.kind)


def check_address(feed: Feed) -> None:
    """Refuse an address that no source of the feed's kind can use, without going there.

    Raises:
        FeedTrouble: ``feed_address_unusable``.
    """
    if feed.kind is FeedKind.FHIR:
        from labs.sources.fhir_rest import check_base

        check_base(feed.address)
    elif feed.kind is FeedKind.SFTP:
        from labs.sources.ssh import Address

        Address.of(feed.address)


def probe(feed: Feed, clock: Clock) -> Probe:
    """Look at a polled feed and take nothing; somebody waits for the answer.

    Raises:
        FeedTrouble: it can't be read, or not in time.
    """
    answers: queue.SimpleQueue[Probe | FeedTrouble] = queue.SimpleQueue()

    def look() -> None:
        try:
            answers.put(source_of(feed, _TEST_LIMITS).probe(clock()))
        except FeedTrouble as trouble:
            answers.put(trouble)
        except Exception as error:  # noqa: BLE001  (its text may quote what was sent)
            answers.put(FeedTrouble("feed_unexpected_answer", type(error).__name__))

    threading.Thread(target=look, name="feed-test", daemon=True).start()
    try:
        answer = answers.get(timeout=_TEST_SECONDS)
    except queue.Empty:
        raise FeedTrouble("feed_timed_out", f"{_TEST_SECONDS} s") from None
    if isinstance(answer, FeedTrouble):
        raise answer
    return answer


def _told(report: IntakeReport) -> str:
    return ", ".join(f"{word} {count}" for word, count in report.counts().items() if count)


def freshness_round(installation: Installation, stored: Callable[[], None]) -> int:
    """Look at every feed; tell the officers of those that are too quiet, or well again.

    Returns:
        How many were told of.
    """
    from core.feeds.freshness import HISTORY, assess
    from core.feeds.officer import letters

    here, now = installation, installation.clock()
    hours, latest = here.feed_hours.since(now - HISTORY), here.feed_hours.latest()
    live = {each.code: each for each in here.facilities.all() if not each.is_pilot}
    say = partial(here.languages.say, here.settings.language)
    told = 0
    for feed, state in here.feeds.all():
        facility = live.get(feed.facility)
        if facility is None:
            continue
        key, zone = (feed.facility, feed.name), facility.timezone
        notice = assess(
            feed, state, hours.get(key, ()), last_item_at=latest.get(key), now=now, zone=zone
        )
        if notice is not None:
            drafts = letters(notice, here.officers.of(facility.code), now=now, zone=zone, say=say)
            told += here.feeds.alerted(feed, notice.alert, now, state.alert, drafts)
    if told:
        stored()
    return told
