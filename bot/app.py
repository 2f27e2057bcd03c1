"""The composition root: the only module that knows every room.

``Installation`` builds each part when it is first asked for, and imports it then, so that a
command pays only for what it uses. Nothing here is a rule.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings
from core.errors import NotFound, SetupRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.certificates.checkpoint import Checkpoint
    from core.certificates.signing import Signer
    from core.certificates.trust import TrustStore
    from core.certificates.verdict import Standing
    from core.citizens.retrieval import RetrievalDesk
    from core.lookups.desk import LookupDesk
    from core.messages.language import Catalogues
    from core.messages.sending import Postroom
    from core.paper.press import Press
    from core.paper.sheet import Fonts
    from core.ports import Clock, Former, ShelfItem, SmsGateway
    from core.results.catalogue import Catalogue
    from core.results.facility import Facility
    from core.results.intake import Intake
    from core.results.releasing import Releasing
    from core.results.reported import ReadItem
    from storage.audit import AuditStore
    from storage.conversations import ConversationStore
    from storage.encryption import Keyring
    from storage.facilities import FacilityStore
    from storage.feed_hours import FeedHourStore
    from storage.feeds import FeedStore
    from storage.inbox import InboxStore
    from storage.keystore import FileKeyStore
    from storage.officers import OfficerStore
    from storage.pushes import PushStore
    from storage.shelf import ShelfStore
    from storage.staff import StaffStore
    from storage.visits import VisitStore


def utc_now() -> datetime:
    """The clock of the house."""
    return datetime.now(UTC)


class Installation:
    """One installation with its database and keys."""

    def __init__(self, settings: Settings) -> None:
        """Remember ``settings``; nothing is opened yet."""
        self.settings = settings
        self.clock: Clock = utc_now
        self.random = secrets.token_bytes

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
    def key_store(self) -> FileKeyStore:
        """Signing keys on disk."""
        from storage.keystore import FileKeyStore

        return FileKeyStore(self.settings.keys_folder, self.settings.key_passphrase.encode())

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
    def intake(self) -> Intake:
        """Where laboratories' bytes come in."""
        from core.results.intake import Intake
        from storage.intake import IntakeStore

        return Intake(
            store=IntakeStore(self.engine, self.keyring),
            read=self._read,
            catalogue=self.catalogue,
            codes=self.facilities.codes,
            indexer=self.keyring,
            release=self.releasing,
            recall=self._recall,
            clock=self.clock,
        )

    def _recall(self, result_id: str) -> Former | None:
        from core.ports import Former

        found = self.shelf.find(result_id)
        return Former(found[0].result, found[0].short_code) if found else None

    def _read(self, data: bytes, *, format: str, facility: Facility) -> Iterator[ReadItem]:  # noqa: A002
        from labs.readers.detect import read

        limit = self.settings.max_file_mib * 1024 * 1024
        return read(
            data,
            format=format,
            zone=facility.timezone,
            date_order=facility.date_order,
            limit=limit,
        )

    @cached_property
    def releasing(self) -> Releasing:
        """What belongs to a new version."""
        from core.results.releasing import Releasing

        return Releasing(
            signer=self.signer,
            issuer=self.settings.issuer or "Sở Y tế",
            base_url=self.settings.public_url,
            link_days=self.settings.link_days,
            clock=self.clock,
            random=self.random,
        )

    def signer(self) -> Signer | None:
        """The key that signs now; None, and one line on stderr, while there is none."""
        try:
            return self._signer_of(self.clock().replace(minute=0, second=0, microsecond=0))
        except SetupRefused as refusal:
            self._say_once(refusal)
            return None

    @cached_property
    def _signers(self) -> dict[datetime, Signer]:
        return {}

    def _signer_of(self, hour: datetime) -> Signer:
        """Opening an encrypted key takes 50 ms, so the choice is made once an hour."""
        if hour not in self._signers:
            self._signers.clear()
            self._signers[hour] = self.key_store.current_signer(self.clock())
        return self._signers[hour]

    @cached_property
    def _said(self) -> set[str]:
        return set()

    def _say_once(self, error: SetupRefused) -> None:
        from bot.cli.output import explain

        if error.code not in self._said:
            self._said.add(error.code)
            sys.stderr.write(explain(error) + "\n")

    @cached_property
    def desk(self) -> RetrievalDesk:
        """Where citizens fetch results."""
        from core.citizens.retrieval import RetrievalDesk
        from storage.challenges import ChallengeStore

        return RetrievalDesk(
            challenges=ChallengeStore(self.engine, self.keyring),
            shelf=self.shelf,
            clock=self.clock,
            random=self.random,
            otp_key=self.keyring.derive("otp"),
            web_host=self.settings.public_host,
            countries=frozenset(self.settings.sms_countries.upper().replace(" ", "").split(",")),
        )

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The verifier with this installation's trust and the default rule."""
        from core.certificates.checkpoint import Checkpoint
        from core.policy.rules import default_rule

        return Checkpoint(
            trust=lambda: self.trust, standing=self.standing, rule=default_rule, clock=self.clock
        )

    @cached_property
    def lookups(self) -> LookupDesk:
        """Where officers look people up; the default rule holds at every place."""
        from core.lookups.decoy import make_decoy
        from core.lookups.desk import LookupDesk
        from core.policy.rules import default_rule
        from storage.lookups import LookupStore

        return LookupDesk(
            lookups=LookupStore(self.engine),
            results=self.shelf,
            checkpoint=self.checkpoint,
            rules=lambda _place: default_rule,
            audit=self.audit,
            decoy=make_decoy(self.clock()),
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def press(self) -> Press:
        """Where results are printed."""
        from core.paper.contents import Place
        from core.paper.press import Press

        issuer, zone = self.settings.issuer or "Sở Y tế", self.settings.zone
        verify = self.settings.public_url.partition("://")[2] + "/verify"
        return Press(
            place=Place(self.languages, issuer, verify, zone),
            fonts=lambda: self._fonts,
            standing=self._standing_of,
            clock=self.clock,
        )

    @cached_property
    def _fonts(self) -> Fonts:
        """Be Vietnam Pro, drawn for Vietnamese; its package brings the files and no code."""
        from core.paper.sheet import Fonts

        files = resources.files("fontpkg_be_vietnam_pro") / "files"
        names = ("BeVietnamPro-Regular.ttf", "BeVietnamPro-SemiBold.ttf")
        return Fonts(*((files / name).read_bytes() for name in names))

    def _standing_of(self, item: ShelfItem) -> str:
        """Whether a version of a result still counts, certificate or not."""
        current = self.shelf.find(item.result.accession, item.facility_code)
        if item.result_id not in {each.result_id for each in current}:
            return "corrected"
        return self.standing(item.uvci) if item.uvci else "good"

    @cached_property
    def trust(self) -> TrustStore:
        """The document signers of this installation, retired ones included."""
        from core.certificates.trust import TrustedCertificate, TrustStore

        return TrustStore(TrustedCertificate.from_der(der) for der in self.key_store.signers())

    def standing(self, uvci: str) -> Standing:
        """Whether a certificate that we issued still counts."""
        from core.certificates.verdict import Standing
        from storage.standings import StandingStore

        return Standing(StandingStore(self.engine).standing(uvci))

    def postroom(self, gateway: SmsGateway, channel: str = "sms") -> Postroom:
        """The place from which the messages of a channel leave through ``gateway``."""
        from core.messages.sending import Postroom
        from storage.deliveries import DeliveryStore

        return Postroom(DeliveryStore(self.engine, self.keyring, channel), gateway, self.clock)

    def facility(self, code: str) -> Facility:
        """The facility with this code. Raises: NotFound."""
        facility = self.facilities.get(code.upper())
        if facility is None:
            raise NotFound("facility_unknown", code)
        return facility

    def find_results(self, reference: str, facility: str | None) -> list[ShelfItem]:
        """Results by result id, UVCI, or accession in any of its spellings."""
        from core.results.accession import normalise_accession

        where = facility.upper() if facility else None
        found = self.shelf.find(reference.strip(), where)
        return found or self.shelf.find(normalise_accession(reference), where)

    def make_first_keys(self) -> bool:
        """Create a CSCA and a document signer unless there are some; says whether it did."""
        from core.certificates.authority import create_csca, create_dsc
        from storage.keystore import dsc_name

        if self.key_store.signers():
            return False
        name = (self.settings.issuer or "Sở Y tế").removeprefix("DEMO ")
        now, demo = self.clock(), self.settings.demo
        csca = create_csca(name, not_before=now, demo=demo)
        dsc = create_dsc(csca, name, not_before=now, demo=demo)
        self.key_store.save("csca", csca.private_key, csca.certificate)
        self.key_store.save(dsc_name(dsc.certificate), dsc.private_key, dsc.certificate)
        return True

    def audit_cli(self, action: str, subject: str) -> None:
        """Record what somebody with a shell on the server did."""
        from core.ports import AuditEntry

        self.audit.record(AuditEntry(self.clock(), "cli", action, subject))
