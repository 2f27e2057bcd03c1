"""What runs by itself: the sending loop, and the clock with its jobs.

The database is the truth: every job may die at any line and be run again. The clock polls
folders, sweeps what a dead worker left, and forgets what has been kept long enough.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_SCHEDULER_SHUTDOWN
from apscheduler.schedulers.background import BackgroundScheduler

from bot.polling import FeedPolling, freshness_round
from core.feeds.push import REPEATABLE
from core.results.facility import Facility
from core.results.intake import IntakeReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.sources.folder import PROCESSED, QUARANTINE, FolderSource, FolderTrouble

if TYPE_CHECKING:
    from bot.app import Installation
    from core.messages.sending import Postroom

log = logging.getLogger("ketqua.jobs")
_SWEEP_SECONDS = 1.0
_AFTER_TROUBLE_SECONDS = 5.0
_SETTLE = timedelta(seconds=1)


class SendingLoop:
    """Sends what is due: at once when poked, and every second for what others stored."""

    def __init__(self, postroom: Postroom) -> None:
        """Wrap ``postroom``; ``start`` begins."""
        self._postroom = postroom
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sending", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def poke(self) -> None:
        """Something was stored: look now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the message at hand and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            if not self._send():
                self._wake.wait(_SWEEP_SECONDS)

    def _send(self) -> int:
        try:
            return self._postroom.send_due()
        except Exception:
            # A database that went away comes back; what was claimed is swept later.
            log.exception("sending failed, trying again")
            self._stopping.wait(_AFTER_TROUBLE_SECONDS)
            return 0


class FolderIntake:
    """Takes in what laboratories drop into the watched folder."""

    def __init__(self, installation: Installation, stored: Callable[[], None]) -> None:
        """Watch ``installation``'s folder; ``stored`` is called after each file."""
        self._installation = installation
        self._stored = stored
        self._root = installation.settings.watch_folder
        self._limit = installation.settings.max_file_mib * 1024 * 1024
        self._strangers: set[str] = set()

    def poll(self) -> None:
        """Take in every finished file of every facility; one in trouble stops no other."""
        known = {facility.code: facility for facility in self._installation.facilities.all()}
        for code in known:
            (self._root / code).mkdir(parents=True, exist_ok=True)
        for source in FolderSource(self._root, _SETTLE).facilities():
            facility = known.get(source.path.name)
            if facility is None:
                self._warn_of_stranger(source.path.name)
                continue
            try:
                self._empty(source, facility)
            except Exception:
                # The files stay where they are: the next poll tries again.
                log.exception("intake of %s failed", facility.code)

    def _empty(self, source: FolderSource, facility: Facility) -> None:
        for path in source.ready(self._installation.clock()):
            try:
                self._take_in(source, path, facility)
            except FolderTrouble as trouble:
                log.warning("a file of %s stays where it is: %s", facility.code, trouble.code)
            except FileNotFoundError:
                log.info("a file of %s was taken in by another process", facility.code)

    def _take_in(self, source: FolderSource, path: Path, facility: Facility) -> None:
        try:
            data = source.read(path, self._limit)
        except FolderTrouble as trouble:
            finding = Finding(trouble.code, detail=trouble.detail)
            self._installation.intake.refuse(finding, facility, source=path.name, feed="folder")
            source.failed(path)
            return
        report = self._installation.intake.receive(data, facility, source=path.name, feed="folder")
        self._stored()
        put_aside = source.failed if report.counts()[Change.QUARANTINED] else source.done
        put_aside(path)
        log.info("intake %s: %s", facility.code, _told(report))

    def _warn_of_stranger(self, name: str) -> None:
        if name not in self._strangers:
            self._strangers.add(name)
            log.warning("folder %s belongs to no facility: ketqua facility add %s", name, name)


def _told(report: IntakeReport) -> str:
    return ", ".join(f"{word} {count}" for word, count in report.counts().items() if count)


def make_clock(installation: Installation, stored: Callable[[], None]) -> BackgroundScheduler:
    """The clock: polls folders and forgets what is old. ``start()`` begins."""
    clock = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    folders = FolderIntake(installation, stored)
    every = installation.settings.watch_seconds
    clock.add_job(folders.poll, "interval", seconds=every, jitter=min(5, every // 10), id="folders")
    feeds = FeedPolling(installation, stored)
    clock.add_job(feeds.round, "interval", seconds=1, id="feeds")
    clock.add_listener(lambda _: feeds.stop(), EVENT_SCHEDULER_SHUTDOWN)
    clock.add_job(
        freshness_round,
        "interval",
        seconds=installation.settings.freshness_seconds,
        args=[installation, stored],
        id="freshness",
    )
    clock.add_job(_forget, "interval", hours=1, args=[installation], id="forget")
    return clock


def _forget(installation: Installation) -> None:
    from storage.housekeeping import expire

    settings = installation.settings
    raw_days = timedelta(days=settings.keep_raw_days)
    expire(
        installation.engine,
        installation.clock(),
        challenge_days=settings.keep_challenges_days,
        raw_days=raw_days.days,
        text_days=settings.keep_texts_days,
        audit_days=settings.keep_audit_days,
    )
    installation.pushes.forget(installation.clock() - REPEATABLE)
    largest = settings.max_file_mib * 1024 * 1024
    forget_files(settings.watch_folder, installation.clock() - raw_days, largest=largest)


def forget_files(root: Path, before: datetime, *, largest: int) -> None:
    """Remove files put aside before then: what they held is in the inbox, encrypted.

    Args:
        largest: Larger ones were never taken in: they are the only copy, and stay.
    """
    for aside in (PROCESSED, QUARANTINE):
        for path in root.glob(f"*/{aside}/*"):
            found = path.lstat()
            put_aside = datetime.fromtimestamp(found.st_ctime, UTC)  # when it was moved here
            if put_aside < before and found.st_size <= largest and not path.is_dir():
                path.unlink(missing_ok=True)
