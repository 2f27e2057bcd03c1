"""HL7 v2 messages as they come over MLLP: whose they are, into intake, and the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.feeds.feed import Feed, FeedKind
from core.feeds.sender import sender_of
from core.messages.findings import explain
from core.results.reported import Finding
from labs.readers.hl7v2 import sender
from labs.replies.ack import HELD_BACK, REFUSED, acknowledge, reply_to
from labs.sources.mllp import MllpServer, server_context

if TYPE_CHECKING:
    from bot.app import Installation

log = logging.getLogger("ketqua.mllp")


class Hl7Desk:
    """Takes one message at a time from any thread."""

    def __init__(self, installation: Installation, stored: Callable[[], None]) -> None:
        """Store into ``installation``; ``stored`` is called after each message."""
        self._here = installation
        self._stored = stored

    def take(self, message: bytes, peer: str) -> bytes:
        """Store a message; its acknowledgement."""
        feed = self._feed_of(message, peer)
        facility = self._here.facilities.get(feed.facility) if feed else None
        if feed is None or facility is None:
            log.warning("mllp: nobody's message from %s", peer)
            return self._acknowledge(message, REFUSED, Finding("unknown_sender", "MSH-4"))
        report = self._here.intake.receive(
            message, facility, source="MLLP", feed=feed.name, format="hl7v2"
        )
        self._stored()
        now = self._here.clock()
        return reply_to(message, report, self._explain, control_id=self._control_id(), now=now)

    def refuse(self, message: bytes, _peer: str) -> bytes:
        """The answer to what is too large."""
        return self._acknowledge(message, REFUSED, Finding("too_large", "MSH"))

    def failed(self, message: bytes, _peer: str) -> bytes:
        """The answer to what could not be stored now."""
        return self._acknowledge(message, HELD_BACK, Finding("try_again", "MSH"))

    def _feed_of(self, message: bytes, peer: str) -> Feed | None:
        """The feed made for this sender; of a facility without any, one under its code."""
        application, facility = sender(message)
        feeds = [feed for feed, _ in self._here.feeds.all() if feed.kind is FeedKind.MLLP]
        if self._here.facilities.get(facility.upper()):  # nobody else's, whenever it came here
            feeds = [feed for feed in feeds if feed.facility == facility.upper()]
        if all(feed.facility != facility.upper() for feed in feeds):
            networks = tuple(self._here.settings.mllp_peers.replace(",", " ").split())
            feeds.append(Feed(facility.upper(), "mllp", FeedKind.MLLP, facility, peers=networks))
        return sender_of(feeds, application, facility, peer)

    def _acknowledge(self, message: bytes, code: str, finding: Finding) -> bytes:
        return acknowledge(
            message,
            code,
            [("E", finding)],
            self._explain,
            control_id=self._control_id(),
            now=self._here.clock(),
        )

    def _explain(self, finding: Finding) -> tuple[str, str]:
        return explain(self._here.languages, self._here.settings.language, finding)

    def _control_id(self) -> str:
        return self._here.random(10).hex()


def mllp_server(installation: Installation, stored: Callable[[], None]) -> MllpServer:
    """The server that the settings ask for; ``start()`` begins. Raises: OSError."""
    settings, desk = installation.settings, Hl7Desk(installation, stored)
    tls = None
    if settings.mllp_tls_cert:
        tls = server_context(settings.mllp_tls_cert, settings.mllp_tls_key, settings.mllp_client_ca)
    return MllpServer(
        settings.mllp_host,
        settings.mllp_port,
        take=desk.take,
        refuse=desk.refuse,
        failed=desk.failed,
        tls=tls,
    )
