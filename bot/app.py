"""The composition root: the only module that knows every room.

``Installation`` builds each part when it is first asked for, and imports it then, so that a
command pays only for what it uses. Nothing here is a rule.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings
from core.certificates.signing import SigningUnavailable
from core.errors import KetquaError, NotFound, SetupRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.trusting import Kept
    from core.certificates.certifying import Certifying
    from core.certificates.checkpoint import Checkpoint
    from core.certificates.keys import KeyStore
    from core.certificates.publishing import ListSigner, Publishing
    from core.certificates.revocations import Marks
    from core.certificates.revoking import RevocationDesk
    from core.certificates.rotation import KeyDesk
    from core.certificates.signing import Signer
    from core.certificates.trust import TrustStore
    from core.certificates.verdict import Standing
    from core.citizens.retrieval import RetrievalDesk
    from core.feeds.linking import Linking
    from core.lookups.desk import LookupDesk
    from core.messages.language import Catalogues
    from core.messages.sending import Postroom
    from core.onboarding.desk import Onboarding
    from core.paper.press import Press
    from core.paper.sheet import Fonts
    from core.policy.rule_desk import RuleDesk
    from core.ports import Clock, Former, Gateway, ShelfItem
    from core.results.catalogue import Catalogue
    from core.results.facility import Facility
    from core.results.intake import Intake
    from core.results.reissuing import Reissuing
    from core.results.releasing import Releasing
    from core.results.reported import ReadItem
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
    from storage.keyfolder import FolderOfKeys
    from storage.keystore import FileKeyStore
    from storage.officers import OfficerStore
    from storage.pushes import PushStore
    from storage.revocations import RevocationStore
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
    def key_store(self) -> FileKeyStore:
        """Signing keys on disk."""
        from storage.keystore import FileKeyStore

        return FileKeyStore(self.settings.keys_folder, self.settings.key_passphrase.encode())

    @cached_property
    def token_store(self) -> KeyStore | None:
        """Signing keys in a token, where one is set."""
        settings = self.settings
        if not settings.pkcs11_module:
            return None
        from storage.token import TokenKeyStore

        return TokenKeyStore(
            settings.keys_folder,
            settings.pkcs11_module,
            settings.pkcs11_token,
            settings.pkcs11_pin,
        )

    @cached_property
    def keys(self) -> FolderOfKeys:
        """Every key of ours, wherever it lies, and whose else we trust."""
        from storage.keyfolder import FolderOfKeys

        stores = (self.key_store, self.token_store)
        return FolderOfKeys(self.settings.keys_folder, [store for store in stores if store])

    @cached_property
    def key_desk(self) -> KeyDesk:
        """Where operators change keys."""
        from core.certificates.keys import Role
        from core.certificates.rotation import KeyDesk

        return KeyDesk(
            folder=self.keys,
            stores={Role.DSC: self.token_store or self.key_store, Role.LIST: self.key_store},
            organisation=(self.settings.issuer or "Sở Y tế").removeprefix("DEMO "),
            demo=self.settings.demo,
            clock=self.clock,
            overlap=timedelta(hours=self.settings.key_overlap_hours),
        )

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
    def linking(self) -> Linking:
        """How officers link a chat."""
        from core.feeds.linking import Linking

        return Linking(
            officers=self.officers,
            guesses=self.chat_guesses,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
            key=self.keyring.derive("officer chat"),
        )

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

    @cached_property
    def onboarding(self) -> Onboarding:
        """Where laboratories come on board."""
        from bot.polling import check_address, probe
        from core.onboarding.codes import CodeDesk
        from core.onboarding.desk import Onboarding
        from core.onboarding.facilities import FacilityDesk
        from core.onboarding.feeds import FeedDesk
        from core.onboarding.journal import Journal
        from core.onboarding.officers import OfficerDesk
        from labs.readers.vocabulary import system_name

        journal, clock = Journal(self.audit, self.clock), self.clock
        return Onboarding(
            facilities=FacilityDesk(
                self.facilities, self.feeds, self.inbox, self.intake, journal, clock
            ),
            feeds=FeedDesk(
                self.feeds,
                self.pushes,
                check=check_address,
                probe=lambda feed: probe(feed, clock),
                journal=journal,
                clock=clock,
                random=self.random,
                roots=self.settings.share_roots,
            ),
            officers=OfficerDesk(self.officers, journal, self.random, self.linking.offer),
            codes=CodeDesk(self.facilities, self.catalogue, system_name, journal),
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
            certifying=self.certifying,
            base_url=self.settings.public_url,
            link_days=self.settings.link_days,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def certifying(self) -> Certifying:
        """What is signed for a result."""
        from core.certificates.certifying import Certifying

        return Certifying(
            self.signer, self.settings.issuer or "Sở Y tế", self.random, self._say_once
        )

    @cached_property
    def reissuing(self) -> Reissuing:
        """Certificates for results that were released while nothing could sign."""
        from core.results.reissuing import Reissuing
        from storage.certificates import OwedCertificateStore

        owed = OwedCertificateStore(self.engine, self.keyring, self.catalogue)
        return Reissuing(owed, self.certifying, self.clock)

    def signer(self) -> Signer | None:
        """The key that signs now; None, and one line on stderr, while there is none."""
        moment = (self.clock().replace(second=0, microsecond=0), self.keys.stamp())
        if moment not in self._signers:
            found = self._find_signer()
            self._signers.clear()
            self._signers[moment] = found
        return self._signers[moment]

    @cached_property
    def _signers(self) -> dict[tuple[datetime, tuple[int, ...]], Signer | None]:
        """The choice, made once a minute and whenever a key was added or retired."""
        return {}

    @cached_property
    def _opened(self) -> dict[bytes, Signer]:
        """Opening an encrypted key takes 50 ms, so an opened one is kept."""
        return {}

    def _find_signer(self) -> Signer | None:
        try:
            chosen = self.keys.current(self.clock())
            if chosen.kid not in self._opened:
                self._opened[chosen.kid] = self.keys.signer(chosen)
            return self._opened[chosen.kid]
        except (SetupRefused, SigningUnavailable) as refusal:
            self._say_once(refusal)
            return None

    def can_sign(self) -> bool:
        """Whether a signature can be made now; a token is asked for one."""
        try:
            signer = self.signer()
            return signer is not None and bool(signer.sign(b"ketqua"))
        except SigningUnavailable:
            return False

    @cached_property
    def _said(self) -> set[str]:
        return set()

    def _say_once(self, error: KetquaError) -> None:
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
        """The verifier with this installation's trust and rules."""
        from core.certificates.checkpoint import Checkpoint

        return Checkpoint(
            trust=lambda: self.trust,
            standing=self.standing,
            rules=self.rules,
            clock=self.clock,
            listed=self.listed,
        )

    @cached_property
    def lookups(self) -> LookupDesk:
        """Where officers look people up, by the rules of their place."""
        from core.lookups.decoy import make_decoy
        from core.lookups.desk import LookupDesk
        from storage.lookups import LookupStore

        return LookupDesk(
            lookups=LookupStore(self.engine),
            results=self.shelf,
            checkpoint=self.checkpoint,
            rules=lambda place: self.rules.rule_of(place, self.clock()).judge,
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
    def rules(self) -> RuleDesk:
        """What places ask of a certificate."""
        from core.policy.rule_desk import RuleDesk
        from storage.rule_sets import RuleSetStore

        return RuleDesk(RuleSetStore(self.engine), self.clock)

    @property
    def trust(self) -> TrustStore:
        """Our document signers, retired ones included, and those of others that were imported."""
        return self._trust()

    @cached_property
    def _trust(self) -> Kept[TrustStore]:
        from bot.trusting import Kept, trust_of

        def gather() -> TrustStore:
            ours, adopted = self.key_store.signers(), self.keys.trusted()
            return trust_of([*ours, *adopted, *self.foreign_lists.certificates()])

        return Kept(gather, self.clock, seconds=10, stamp=self.keys.stamp)

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

    @cached_property
    def revocation_desk(self) -> RevocationDesk:
        """Where staff revoke."""
        from core.certificates.revoking import RevocationDesk

        return RevocationDesk(self.revocations, self.audit, self.clock, self.random)

    @cached_property
    def publishing(self) -> Publishing:
        """What keeps trust list, revocations and rules fresh."""
        from bot.publishing import make_publishing

        return make_publishing(self)

    def listed(self, marks: Marks) -> bool:
        """Whether a certificate is revoked by its signer or one of its hashes."""
        return self.revocations.is_listed(marks)

    def list_signer(self) -> ListSigner | None:
        """Who signs lists now; made where the CSCA's key is here. None, said once, without."""
        try:
            return self._list_signer()
        except KetquaError as refusal:
            self._say_once(refusal)
            return None

    @cached_property
    def _list_signer(self) -> Kept[ListSigner]:
        from bot.trusting import Kept
        from core.certificates.keys import Role, of_role
        from core.certificates.publishing import ListSigner

        def gather() -> ListSigner:
            if not of_role(self.keys.kept(), Role.LIST):
                self.make_first_keys()
            key = self.keys.current(self.clock(), Role.LIST)
            return ListSigner(self.keys.signer(key), key.der)

        return Kept(gather, self.clock, seconds=600, stamp=self.keys.stamp)

    def standing(self, uvci: str) -> Standing:
        """Whether a certificate that we issued still counts."""
        from core.certificates.verdict import Standing
        from storage.standings import StandingStore

        return Standing(StandingStore(self.engine).standing(uvci))

    def postroom(self, gateway: Gateway, channel: str = "sms") -> Postroom:
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

    def find_results(self, reference: str, facility: str | None = None) -> list[ShelfItem]:
        """Results by result id, UVCI, short code, or accession in any of its spellings."""
        from core.results.accession import normalise_accession

        where = facility.upper() if facility else None
        found = self.shelf.find(reference.strip(), where)
        return found or self.shelf.find(normalise_accession(reference), where)

    def make_first_keys(self) -> bool:
        """Create a CSCA and a first signer of each role unless there are; says whether it did."""
        return self.key_desk.begin(self.key_store)

    def audit_cli(self, action: str, subject: str) -> None:
        """Record what somebody with a shell on the server did."""
        from core.ports import AuditEntry

        self.audit.record(AuditEntry(self.clock(), "cli", action, subject))
