"""Everything that the pages need, handed over once by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from zoneinfo import ZoneInfo

from flask import current_app
from prometheus_client import CollectorRegistry

from core.certificates.checkpoint import Checkpoint
from core.certificates.publishing import Publications
from core.certificates.revoking import RevocationDesk
from core.citizens.retrieval import RetrievalDesk
from core.feeds.ports import FeedHours, Feeds
from core.feeds.pushing import Pushing
from core.lookups.desk import LookupDesk
from core.messages.language import Catalogues
from core.onboarding.desk import Onboarding
from core.paper.press import Press
from core.policy.limits import VisitorLimit
from core.ports import Audit, Clock, Facilities, Randomness, ShelfItem, StaffAccounts, Visits
from core.results.catalogue import TestDefinition
from core.results.delays import Delays
from core.results.inbox import Inbox
from core.results.intake import Intake, IntakeReport
from core.results.reported import Finding
from sms.sim.outbox import Outbox
from sms.sim.pictures import PictureShelf

_KEY = "ketqua"
PushAnswer = Callable[[bytes, IntakeReport, Callable[[Finding], tuple[str, str]]], bytes]


def _ready() -> dict[str, bool]:
    return {}


def _no_anchors() -> Sequence[bytes]:
    return ()


def _nothing_to_poke() -> None:
    return None


@dataclass(frozen=True, slots=True)
class DemoRoom:
    """What ``/sim/`` shows and does.

    Args:
        chat: One exchange with the chat; raises ValueError for a request it can't take.
        people: Newest first: ``name``, ``birth_date``, ``phone``, ``accession``, ``facility``.
        release: Makes a laboratory release a new result for a number, or for anybody.
        staff: ``login``, ``role``, ``password`` and the ``totp`` of this very moment.
    """

    outbox: Outbox
    chat: Callable[[dict[str, object]], list[dict[str, object]]]
    people: Callable[[], list[dict[str, str]]]
    release: Callable[[str | None], None]
    staff: Callable[[], list[dict[str, str]]]
    photos: PictureShelf


@dataclass(frozen=True, slots=True)
class LaboratoryRoom:
    """How laboratories' results come in through pages and pushes.

    Args:
        tests: Those that staff may key in.
        push_answers: By media type, how the account of a push is written (what was sent, the
            account, and the sentences for its findings); ``application/json`` is the default.
        largest: Bytes of one file or push.
        onboarding: Where laboratories are connected.
    """

    intake: Intake
    tests: Sequence[TestDefinition]
    feeds: Feeds
    feed_hours: FeedHours
    pushing: Pushing
    push_answers: Mapping[str, PushAnswer]
    largest: int
    delays: Delays
    onboarding: Onboarding


@dataclass(frozen=True, slots=True)
class RevocationRoom:
    """Where staff revoke.

    Args:
        find: Results by short code, accession, UVCI or result id.
    """

    desk: RevocationDesk
    find: Callable[[str], list[ShelfItem]]


@dataclass(frozen=True, slots=True)
class PaperRoom:
    """How results get on paper.

    Args:
        find: Results by accession, UVCI or result id, within a facility.
    """

    press: Press
    find: Callable[[str, str | None], list[ShelfItem]]


@dataclass(frozen=True, slots=True)
class WebRoom:
    """What the pages need.

    Args:
        secret: At least 32 random bytes; signs tickets and the console's form tokens.
        zone: In which times are shown.
        base_url: Address of this site as citizens reach it, without a slash at its end.
        verify_limit: How often a visitor address may have a code checked here.
        anchors: DER of the certificates under which offline verifiers read our lists.
        ready: The named checks of ``/readyz``.
        poke: Called after an OTP was stored, so that it leaves at once.
        demo: Only in the demo.
    """

    desk: RetrievalDesk
    visits: Visits
    checkpoint: Checkpoint
    catalogues: Catalogues
    staff: StaffAccounts
    audit: Audit
    inbox: Inbox
    facilities: Facilities
    laboratories: LaboratoryRoom
    publications: Publications
    revocations: RevocationRoom
    verify_limit: VisitorLimit
    lookups: LookupDesk
    paper: PaperRoom
    secret: bytes
    clock: Clock
    random: Randomness
    base_url: str
    zone: ZoneInfo
    anchors: Callable[[], Sequence[bytes]] = _no_anchors
    ready: Callable[[], dict[str, bool]] = _ready
    metrics_registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    poke: Callable[[], None] = _nothing_to_poke
    demo: DemoRoom | None = None


def current_room() -> WebRoom:
    """The room of the app that answers this request."""
    return cast("WebRoom", current_app.extensions[_KEY])


def furnish(extensions: dict[str, object], room: WebRoom) -> None:
    """Put ``room`` where ``current_room`` finds it."""
    extensions[_KEY] = room
