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
from bot.publishing import publish_round
from core.feeds.linking import TRIES_WITHIN
from core.feeds.push import REPEATABLE
from labs.sources.folder import PROCESSED, QUARANTINE

if TYPE_CHECKING:
    from bot.app import Installation
    from core.messages.sending import Postroom

log = logging.getLogger("ketqua.jobs")
_SWEEP_SECONDS = 1.0
_AFTER_TROUBLE_SECONDS = 5.0
_REISSUED_A_MINUTE = 5_000


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


def make_clock(installation: Installation, stored: Callable[[], None]) -> BackgroundScheduler:
    """The clock: polls, looks for silence, and forgets what is old. ``start()`` begins."""
    clock = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    feeds, every = FeedPolling(installation, stored), installation.settings.watch_seconds
    look, jitter = feeds.look_into_watched_folder, min(5, every // 10)
    clock.add_job(look, "interval", seconds=every, jitter=jitter, id="folders")
    clock.add_job(feeds.round, "interval", seconds=1, id="feeds")
    clock.add_listener(lambda _: feeds.stop(), EVENT_SCHEDULER_SHUTDOWN)
    clock.add_job(
        freshness_round,
        "interval",
        seconds=installation.settings.freshness_seconds,
        args=[installation, stored],
        id="freshness",
    )
    clock.add_job(
        publish_round,
        "interval",
        seconds=installation.settings.publish_seconds,
        args=[installation],
        next_run_time=datetime.now(UTC),
        id="publish",
    )
    clock.add_job(_reissue, "interval", minutes=1, args=[installation], id="reissue")
    clock.add_job(_forget, "interval", hours=1, args=[installation], id="forget")
    return clock


def _reissue(installation: Installation) -> None:
    """Certificates for results released without a key; a bounded number, the rest next time."""
    made = installation.reissuing.round(_REISSUED_A_MINUTE) if installation.can_sign() else 0
    if made:
        log.info("reissued %d certificates", made)


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
    installation.chat_guesses.forget(installation.clock() - TRIES_WITHIN)
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
