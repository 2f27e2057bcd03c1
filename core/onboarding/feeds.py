"""Feeds are connected, tested, paused and removed; pushing gets its keys.

A secret is written and never shown. It stays with the server that it was made for: whoever
changes the address to another server gives it again, or it could be sent to a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePosixPath

from core.feeds.feed import POLLED, Feed, FeedKind
from core.feeds.ports import Feeds, Pushes
from core.feeds.push import OVERLAP, PushKey, new_key
from core.feeds.source import FeedTrouble, Probe
from core.onboarding.feed_draft import FeedDraft, drawn
from core.onboarding.feed_owners import taken
from core.onboarding.journal import Journal
from core.onboarding.mistake import Mistakes, mistaken
from core.ports import Clock, Facilities, Randomness

ANYWHERE = "/"


@dataclass(frozen=True, slots=True)
class FeedDesk:
    """Where the ways in which a facility sends are set up.

    Args:
        check: Raises ``FeedTrouble`` for an address that no source of its kind can use.
        probe: Looks at a polled feed and takes nothing, within a bounded time; raises
            ``FeedTrouble``.
        roots: Folders below which pages may connect a folder.
    """

    facilities: Facilities
    feeds: Feeds
    pushes: Pushes
    check: Callable[[Feed], None]
    probe: Callable[[Feed], Probe]
    journal: Journal
    clock: Clock
    random: Randomness
    roots: tuple[str, ...] = ()

    def get(self, facility: str, name: str) -> Feed | None:
        """The feed with this name."""
        found = self.feeds.get(facility, name)
        return found[0] if found else None

    def add(self, facility: str, name: str, draft: FeedDraft, *, by: str) -> Feed | Mistakes:
        """Connect a feed that isn't here yet."""
        if self.feeds.get(facility, name) is not None:
            return mistaken("name", "feed_exists", name)
        return self.save(facility, name, draft, by=by)

    def save(
        self,
        facility: str,
        name: str,
        draft: FeedDraft,
        *,
        by: str,
        roots: tuple[str, ...] | None = None,
    ) -> Feed | Mistakes:
        """Connect a feed, or change the one with this name; a paused one stays paused.

        Args:
            roots: Others than the desk's: who has a shell reads every folder anyway.
        """
        feed = drawn(facility, name, draft, self.get(facility, name))
        if isinstance(feed, Mistakes):
            return feed
        wrong = self._misplaced(feed, self.roots if roots is None else roots)
        if wrong is not None:
            return wrong
        self.feeds.add(feed, self.clock())
        self.journal.note(by, "feed_added", feed.id)
        return feed

    def _misplaced(self, feed: Feed, roots: Iterable[str]) -> Mistakes | None:
        """Why the feed can't lie where it is said to."""
        if feed.kind is FeedKind.FOLDER and not _below(feed.address, roots):
            return mistaken("address", "feed_folder_elsewhere", ", ".join(roots))
        if wrong := self._taken(feed):
            return wrong
        try:
            self.check(feed)
        except FeedTrouble as trouble:
            return mistaken("address", trouble.code, trouble.detail)
        return None

    def _taken(self, feed: Feed) -> Mistakes | None:
        feeds = (other for other, _ in self.feeds.all())
        return taken(feed, feeds, (each.code for each in self.facilities.all()))

    def test(self, feed: Feed, *, by: str) -> Probe | None:
        """Look at a feed and take nothing; None for one that sends by itself.

        Raises:
            FeedTrouble: it can't be read.
        """
        if feed.kind not in POLLED:
            return None
        self.journal.note(by, "feed_tested", feed.id)
        return self.probe(feed)

    def activate(self, feed: Feed, *, active: bool, by: str) -> None:
        """Pause a feed, or go on with it."""
        self.feeds.add(replace(feed, active=active), self.clock())
        self.journal.note(by, "feed_resumed" if active else "feed_paused", feed.id)

    def remove(self, feed: Feed, *, by: str) -> None:
        """Forget a feed; what came through it stays. Its keys end with it."""
        for key in self.keys(feed.facility, feed.name):
            self.pushes.revoke_key(feed.facility, key.hint, self.clock())
        self.feeds.remove(feed.facility, feed.name)
        self.journal.note(by, "feed_removed", feed.id)

    def keys(self, facility: str, name: str) -> list[PushKey]:
        """The keys of a feed that still count, newest first."""
        now = self.clock()
        return [
            key
            for key in self.pushes.keys(facility)
            if key.feed == name and (key.expires_at is None or key.expires_at > now)
        ]

    def make_key(self, facility: str, name: str, *, by: str, overlap: timedelta = OVERLAP) -> str:
        """A new key for pushing, to be shown once; earlier ones count for ``overlap`` yet."""
        now = self.clock()
        text, made = new_key(facility, name, random=self.random, now=now)
        self.pushes.add_key(made, now + overlap)
        self.journal.note(by, "push_key_made", f"{facility}/{name}")
        return text

    def end_key(self, facility: str, name: str, hint: str, *, by: str) -> int:
        """End the facility's keys with this hint at once; how many there were."""
        ended = self.pushes.revoke_key(facility, hint, self.clock())
        self.journal.note(by, "push_key_revoked", f"{facility}/{name}")
        return ended


def _below(address: str, roots: Iterable[str]) -> bool:
    path = PurePosixPath(address)
    if not path.is_absolute() or ".." in path.parts:
        return ANYWHERE in roots and ".." not in path.parts
    return any(path.is_relative_to(root) for root in roots)
