"""The composition root: the only module that knows every room.

``Installation`` builds each part when it is first asked for, and imports it then, so that a
command pays only for what it uses. Nothing here is a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

from bot.signing import Signing

if TYPE_CHECKING:
    from core.certificates.checkpoint import Checkpoint
    from core.certificates.publishing import Publishing
    from core.certificates.revocations import Marks
    from core.certificates.revoking import RevocationDesk
    from core.certificates.verdict import Standing
    from core.citizens.retrieval import RetrievalDesk
    from core.feeds.linking import Linking
    from core.lookups.desk import LookupDesk
    from core.messages.sending import Postroom
    from core.onboarding.desk import Onboarding
    from core.paper.press import Press
    from core.paper.sheet import Fonts
    from core.policy.rule_desk import RuleDesk
    from core.ports import Former, Gateway, ShelfItem
    from core.results.facility import Facility
    from core.results.intake import Intake
    from core.results.releasing import Releasing
    from core.results.reported import ReadItem


class Installation(Signing):
    """One installation with its database and keys."""

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
                self.facilities,
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
