"""What an installation remembers: its settings, its database and every store over it.

Each part is built when it is first asked for, and imported then.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings
from core.errors import NotFound, SetupRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.messages.language import Catalogues
    from core.ports import Clock, ShelfItem
    from core.results.catalogue import Catalogue
    from core.results.facility import Facility
    from storage.audit import AuditStore
    from storage.chat_guesses import ChatGuessStore
    from storage.conversations import ConversationStore
    from storage.delays import DelayStore
    from storage.documents import DocumentStore
    from storage.encryption import Keyring
    from storage.facilities import FacilityStore
    from storage.feed_hours import FeedHourStore
    from storage.feeds import FeedStore
    from storage.foreign_lists import ForeignListStore
    from storage.inbox import InboxStore
    from storage.officers import OfficerStore
    from storage.pushes import PushStore
    from storage.revocations import RevocationStore
    from storage.shelf import ShelfStore
    from storage.staff import StaffStore
    from storage.visits import VisitStore


def utc_now() -> datetime:
    """The clock of the house."""
    return datetime.now(UTC)


class Stores:
    """One installation's settings and stores."""

    def __init__(self, settings: Settings) -> None:
        """Remember ``settings``; nothing is opened yet."""
        self.settings = settings
        self.clock: Clock = utc_now
        self.random = os.urandom

    @cached_property
    def keyring(self) -> Keyring:
        """Keys of the fields and indexes. Raises: SetupRefused."""
        from storage.encryption import Keyring

        return Keyring.parse(self.settings.master_keys, self.settings.index_key)

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        from storage.engine import open_engine

        return open_engine(self.settings.database)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The packaged catalogue of tests, then the installation's own. Raises: SetupRefused."""
        from core.results.catalogue import Catalogue

        own = self.settings.catalogue
        packaged = resources.files("core.results") / "catalogue.toml"
        try:
            extension = Path(own).read_text("utf-8") if own else ""
            return Catalogue.parse(packaged.read_text("utf-8"), extension)
        except (OSError, ValueError) as error:
            raise SetupRefused("catalogue_unusable", f"{own}: {error}") from error

    @cached_property
    def languages(self) -> Catalogues:
        """Every message catalogue there is a file for."""
        from bot.cli.output import catalogues

        return catalogues()

    @cached_property
    def facilities(self) -> FacilityStore:
        """Connected units."""
        from storage.facilities import FacilityStore

        return FacilityStore(self.engine)

    @cached_property
    def feeds(self) -> FeedStore:
        """The ways in which they send."""
        from storage.feeds import FeedStore

        return FeedStore(self.engine, self.keyring)

    @cached_property
    def feed_hours(self) -> FeedHourStore:
        """How much came through each feed."""
        from storage.feed_hours import FeedHourStore

        return FeedHourStore(self.engine)

    @cached_property
    def delays(self) -> DelayStore:
        """How long results took."""
        from storage.delays import DelayStore

        return DelayStore(self.engine)

    @cached_property
    def pushes(self) -> PushStore:
        """Keys with which facilities push."""
        from storage.pushes import PushStore

        return PushStore(self.engine, self.keyring)

    @cached_property
    def officers(self) -> OfficerStore:
        """Who answers for a facility's link."""
        from storage.officers import OfficerStore

        return OfficerStore(self.engine, self.keyring)

    @cached_property
    def chat_guesses(self) -> ChatGuessStore:
        """Codes that chats have tried."""
        from storage.chat_guesses import ChatGuessStore

        return ChatGuessStore(self.engine, self.keyring)

    @cached_property
    def shelf(self) -> ShelfStore:
        """Results as people look at them."""
        from storage.shelf import ShelfStore

        return ShelfStore(self.engine, self.keyring, self.catalogue)

    @cached_property
    def staff(self) -> StaffStore:
        """Staff and their sessions."""
        from storage.staff import StaffStore

        return StaffStore(self.engine, self.keyring)

    @cached_property
    def audit(self) -> AuditStore:
        """The audit log."""
        from storage.audit import AuditStore

        return AuditStore(self.engine)

    @cached_property
    def inbox(self) -> InboxStore:
        """Raw items."""
        from storage.inbox import InboxStore

        return InboxStore(self.engine, self.keyring)

    @cached_property
    def visits(self) -> VisitStore:
        """Visits to the web pages."""
        from storage.visits import VisitStore

        return VisitStore(self.engine, self.keyring)

    @cached_property
    def conversations(self) -> ConversationStore:
        """What chats remember."""
        from storage.conversations import ConversationStore

        return ConversationStore(self.engine, self.keyring)

    @cached_property
    def foreign_lists(self) -> ForeignListStore:
        """Document signers of others."""
        from storage.foreign_lists import ForeignListStore

        return ForeignListStore(self.engine)

    @cached_property
    def documents(self) -> DocumentStore:
        """Signed documents that everybody may read."""
        from storage.documents import DocumentStore

        return DocumentStore(self.engine)

    @cached_property
    def revocations(self) -> RevocationStore:
        """What was revoked."""
        from storage.revocations import RevocationStore

        return RevocationStore(self.engine, self.keyring)

    def facility(self, code: str) -> Facility:
        """The facility with this code. Raises: NotFound."""
        facility = self.facilities.get(code.upper())
        if facility is None:
            raise NotFound("facility_unknown", code)
        return facility

    def find_results(self, reference: str, facility: str | None = None) -> list[ShelfItem]:
        """Results by result id, UVCI, short code, or accession in any of its spellings."""
        from core.results.accession import normalise_accession

        where = facility.upper() if facility else None
        found = self.shelf.find(reference.strip(), where)
        return found or self.shelf.find(normalise_accession(reference), where)

    def audit_cli(self, action: str, subject: str) -> None:
        """Record what somebody with a shell on the server did."""
        from core.ports import AuditEntry

        self.audit.record(AuditEntry(self.clock(), "cli", action, subject))
