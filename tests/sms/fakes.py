"""The ports of the core in memory, and a small invented world to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.checkpoint import Checkpoint
from core.certificates.issue import eligible, facts_of, issue
from core.certificates.revoking import RevocationDesk
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verdict import Standing
from core.citizens.proof import Proof
from core.citizens.retrieval import RetrievalDesk
from core.citizens.visit import Visit
from core.feeds.push import PushKey
from core.feeds.pushing import Pushing
from core.feeds.source import Probe
from core.lookups.decoy import make_decoy
from core.lookups.desk import LookupDesk
from core.onboarding.codes import CodeDesk
from core.onboarding.desk import Onboarding
from core.onboarding.facilities import FacilityDesk
from core.onboarding.feeds import FeedDesk
from core.onboarding.journal import Journal
from core.onboarding.officers import OfficerDesk
from core.paper.contents import Place
from core.paper.press import Press
from core.paper.sheet import Fonts
from core.policy.rule_desk import RuleDesk
from core.policy.rules import default_rule
from core.policy.staff import StaffAccount
from core.ports import (
    LinkTarget,
    PersonRow,
    ResultShelf,
    ShelfItem,
    StaffAccounts,
    Visits,
)
from core.results.catalogue import Catalogue, Confidentiality, TestDefinition, TestKind
from core.results.delays import Delay, Delays, Step
from core.results.inbox import Inbox, IntakeCount, KeptItem, QuarantinedItem
from core.results.intake import Intake
from core.results.local_codes import NO_CODES
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome, Person, Result, Value
from core.results.versions import Change
from sms.room import LaboratoryRoom
from tests.core.certificates.fakes import MemoryPublications, MemoryRevocations
from tests.core.citizens.fakes import MemoryChallenges
from tests.core.feeds.fakes import MemoryOfficers
from tests.core.lookups.fakes import MemoryLookups, MemoryResults
from tests.core.onboarding.fakes import (
    MemoryAudit,
    MemoryFacilities,
    MemoryFeeds,
    MemoryPushes,
)
from tests.core.policy.fakes import MemoryRuleSets
from tests.core.results.fakes import MemoryIntake, PlainIndexer
from tests.words import catalogues

T = TypeVar("T")
NOON = datetime(2026, 7, 12, 5, 0, tzinfo=UTC)  # noon in Viet Nam
PHONE = "+84900000123"
STRANGER = "+84900000999"


class Watch:
    """A clock that moves when told."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)


class Dice:
    """Different bytes every time, the same in every run."""

    def __init__(self) -> None:
        self.thrown = 0

    def __call__(self, size: int) -> bytes:
        self.thrown += 1
        return self.thrown.to_bytes(size, "big")


class MemoryShelf(ResultShelf):
    def __init__(self) -> None:
        self.items: dict[str, list[ShelfItem]] = {}
        self.links: dict[str, LinkTarget] = {}
        self.proofs: dict[str, Proof] = {}

    def people(self, phone: str) -> list[PersonRow]:
        shown = {
            key: [item for item in items if item.result.test.confidentiality.value in "AB"]
            for key, items in self.items.items()
        }
        return [self._row(key, items) for key, items in shown.items() if items and phone == PHONE]

    def _row(self, key: str, items: list[ShelfItem]) -> PersonRow:
        person = items[0].result.person
        return PersonRow(
            key=key,
            full_name=person.full_name,
            birth_date=person.birth_date,
            documents=person.documents,
            classes=frozenset(item.result.test.confidentiality.value for item in items),
            opened=self.proofs.get(key, Proof()).opened_at is not None,
        )

    def of_person(self, phone: str, person_key: str) -> list[ShelfItem]:
        return self.items.get(person_key, []) if phone == PHONE else []

    def link(self, token: str, now: datetime) -> LinkTarget | None:
        return self.links.get(token)

    def update_proof(
        self, phone: str, person_key: str, change: Callable[[Proof], tuple[Proof, T]]
    ) -> T:
        self.proofs[person_key], outcome = change(self.proofs.get(person_key, Proof()))
        return outcome


@cache
def fonts() -> Fonts:
    files = resources.files("fontpkg_be_vietnam_pro") / "files"
    names = ("BeVietnamPro-Regular.ttf", "BeVietnamPro-SemiBold.ttf")
    return Fonts(*((files / name).read_bytes() for name in names))


class MemoryVisits(Visits):
    def __init__(self) -> None:
        self.rows: dict[str, Visit] = {}

    def add(self, visit: Visit) -> None:
        self.rows[visit.id] = visit

    def advance(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        visit = self.rows.get(visit_id)
        if visit is None or visit.step != step or now >= visit.expires_at:
            return None
        self.rows[visit_id] = replace(visit, step=step + 1)
        return self.rows[visit_id]

    def look(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        visit = self.rows.get(visit_id)
        usable = visit is not None and visit.step == step and now < visit.expires_at
        return visit if usable else None

    def save(self, visit: Visit) -> None:
        self.rows[visit.id] = replace(visit, step=self.rows[visit.id].step)


class MemoryStaff(StaffAccounts):
    def __init__(self) -> None:
        self.rows: dict[str, StaffAccount] = {}
        self.sessions: dict[bytes, tuple[str, datetime]] = {}

    def add(self, account: StaffAccount) -> None:
        self.rows[account.login] = account
        for token in [t for t, (login, _) in self.sessions.items() if login == account.login]:
            del self.sessions[token]

    def get(self, login: str) -> StaffAccount | None:
        return self.rows.get(login)

    def update(
        self, login: str, change: Callable[[StaffAccount], tuple[StaffAccount, T]]
    ) -> T | None:
        if login not in self.rows:
            return None
        self.rows[login], outcome = change(self.rows[login])
        return outcome

    def open_session(self, token_hash: bytes, login: str, expires_at: datetime) -> None:
        self.sessions[token_hash] = (login, expires_at)

    def session(self, token_hash: bytes, now: datetime) -> StaffAccount | None:
        login, until = self.sessions.get(token_hash, ("", now))
        return self.rows[login] if now < until else None

    def close_session(self, token_hash: bytes) -> None:
        self.sessions.pop(token_hash, None)


class MemoryInbox(Inbox):
    def __init__(self) -> None:
        self.counted: list[IntakeCount] = []
        self.items: list[QuarantinedItem] = []
        self.asked_since: datetime | None = None

    def counts(self, since: datetime) -> list[IntakeCount]:
        self.asked_since = since
        return self.counted

    def quarantined(self, facilities: frozenset[str] | None, limit: int) -> list[QuarantinedItem]:
        return [i for i in self.items if facilities is None or i.facility in facilities][:limit]

    def raw(self, item_id: str) -> bytes | None:
        return None

    def tally(self, facility: str) -> dict[tuple[Change, str], int]:
        waiting = self.reasons(frozenset({facility})).items()
        return {(Change.QUARANTINED, why): count for (_, why), count in waiting}

    def kept(
        self,
        facility: str,
        *,
        pilots: bool = False,
        reason: str = "",
        ids: Sequence[str] = (),
        limit: int = 500,
    ) -> list[KeptItem]:
        return []

    def reasons(self, facilities: frozenset[str] | None) -> dict[tuple[str, str], int]:
        return dict(
            Counter((i.facility, i.errors[0].code) for i in self.quarantined(facilities, 99))
        )


class MemoryDelays(Delays):
    def __init__(self) -> None:
        self.found: dict[str, dict[Step, Delay]] = {}
        self.asked_since: datetime | None = None

    def since(self, since: datetime) -> dict[str, dict[Step, Delay]]:
        self.asked_since = since
        return self.found


def _test(key: str, vi: str, kind: TestKind, letter: str, target: str = "") -> TestDefinition:
    names = {"vi": vi, "en": f"{vi} (en)"}
    return TestDefinition(key, names, kind, Confidentiality(letter), target, frozenset())


PCR = _test("SARSCOV2-PCR", "Xét nghiệm SARS-CoV-2 Realtime RT-PCR", TestKind.PCR, "A", "840539006")
DENGUE = _test("DENGUE-NS1", "Dengue NS1", TestKind.QUALITATIVE, "B", "38362002")
PANEL = _test("PANEL", "Sinh hóa máu", TestKind.PANEL, "B")
TB = _test("TB", "Lao GeneXpert", TestKind.QUALITATIVE, "C")
HIV = _test("HIV", "HIV Ag/Ab", TestKind.QUALITATIVE, "D")

BINH = Person(
    "Nguyễn", "Văn Bình", "1990-03-05", "male", PHONE,
    (Document(DocumentType.NATIONAL_ID, "079090001234"),),
)  # fmt: skip
AN = Person(
    "Trần", "Thị An", "1950", "female", PHONE, (Document(DocumentType.PASSPORT, "C1234567"),)
)
CUC = Person("Lê", "Thị Cúc", "", "female", PHONE)

BLOOD = (
    Value("Glucose", "5.4", "mmol/L", "3.9–6.4", "N"),
    Value("Alanine aminotransferase (ALT/GPT)", "96", "U/L", "< 41", "H"),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """A country's authority and its document signer."""

    csca: CertifiedKey
    dsc: CertifiedKey


def make_keys() -> Keys:
    csca = create_csca("So Y te thu nghiem", not_before=NOON - timedelta(days=30))
    return Keys(csca, create_dsc(csca, "So Y te thu nghiem", not_before=NOON - timedelta(days=29)))


@dataclass
class World:
    """Everything behind the pages."""

    keys: Keys
    clock: Watch = field(default_factory=Watch)
    random: Dice = field(default_factory=Dice)
    challenges: MemoryChallenges = field(default_factory=lambda: MemoryChallenges({PHONE}))
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    visits: MemoryVisits = field(default_factory=MemoryVisits)
    staff: MemoryStaff = field(default_factory=MemoryStaff)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    facilities: MemoryFacilities = field(default_factory=MemoryFacilities)
    delays: MemoryDelays = field(default_factory=MemoryDelays)
    feeds: MemoryFeeds = field(default_factory=MemoryFeeds)
    officers: MemoryOfficers = field(default_factory=MemoryOfficers)
    pushes: MemoryPushes = field(default_factory=MemoryPushes)
    standings: dict[str, Standing] = field(default_factory=dict)
    publications: MemoryPublications = field(default_factory=MemoryPublications)
    revocations: MemoryRevocations = field(default_factory=MemoryRevocations)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    rule_sets: MemoryRuleSets = field(default_factory=MemoryRuleSets)

    def desk(self) -> RetrievalDesk:
        return RetrievalDesk(
            self.challenges, self.shelf, self.clock, self.random, b"k" * 32, "ketqua.example",
            frozenset({"VN"}),
        )  # fmt: skip

    def checkpoint(self) -> Checkpoint:
        trusted = TrustStore([TrustedCertificate.from_der(self.keys.dsc.der)])
        return Checkpoint(
            lambda: trusted,
            lambda uvci: self.standings.get(uvci, Standing.GOOD),
            RuleDesk(self.rule_sets, self.clock),
            self.clock,
            self.revocations.is_listed,
        )

    def revocation_desk(self) -> RevocationDesk:
        return RevocationDesk(self.revocations, self.audit, self.clock, self.random)

    def press(self) -> Press:
        place = Place(catalogues(), "Sở Y tế thử nghiệm", "ketqua.example/verify", self.zone)
        return Press(place, fonts, self._standing_of, self.clock)

    def _standing_of(self, item: ShelfItem) -> str:
        return self.standings.get(item.uvci or "", Standing.GOOD)

    def find(self, accession: str, facility: str | None) -> list[ShelfItem]:
        every = (item for items in self.shelf.items.values() for item in items)
        return [
            item
            for item in every
            if item.result.accession == accession and facility in (None, item.facility_code)
        ]

    def lookups(self) -> LookupDesk:
        return LookupDesk(
            MemoryLookups(), MemoryResults(self.shelf.items), self.checkpoint(),
            lambda _: default_rule, self.audit, make_decoy(NOON), self.clock, self.random,
        )  # fmt: skip

    def release(
        self,
        person: Person = BINH,
        test: TestDefinition = PCR,
        outcome: Outcome = Outcome.NEGATIVE,
        **more: object,
    ) -> ShelfItem:
        """Put a result on the shelf, signed where it may be."""
        number = sum(map(len, self.shelf.items.values())) + 1
        collected = self.clock() - timedelta(hours=5)
        result = Result(
            f"XN-{number:04}", test, ReportStatus.FINAL, outcome, person, collected,
            collected + timedelta(hours=4), **more,  # type: ignore[arg-type]
        )  # fmt: skip
        uvci = f"URN:UVCI:01:VN:{number:020}#X"
        cose = self._signed(result, uvci) if eligible(result) else None
        item = ShelfItem(
            f"result-{number}", f"7K2M9QR{number}", 1, result, "BVTD",
            "Bệnh viện TP Thủ Đức", "Quầy 3, điện thoại 028 0000 0000",
            cose, uvci if cose else None,
        )  # fmt: skip
        self.shelf.items.setdefault(key_of(person), []).append(item)
        return item

    def _signed(self, result: Result, uvci: str) -> bytes:
        facts = facts_of(result, centre="BV TP Thủ Đức", issuer="Sở Y tế thử nghiệm")
        return issue(facts, self.keys.dsc.signer(), uvci=uvci, issued_at=self.clock()).cose

    def link(self, item: ShelfItem, *, expired: bool = False) -> str:
        """The path of an SMS link to ``item``."""
        token = f"{len(self.shelf.links):022}"
        key = key_of(item.result.person)
        self.shelf.links[token] = LinkTarget(PHONE, item.result_id, key, expired)
        return f"/k/{token}"


def key_of(person: Person) -> str:
    return person.full_name.encode().hex()


class NoFeeds:
    """A city through whose feeds nothing came."""

    def since(self, since: datetime) -> dict[tuple[str, str], list[tuple[datetime, int]]]:
        return {}

    def latest(self) -> dict[tuple[str, str], datetime]:
        return {}

    def key(self, key_hash: bytes, now: datetime) -> PushKey | None:
        return None


def no_laboratories(world: World) -> LaboratoryRoom:
    """Pages with nothing to take in; what laboratories do is tested on an installation."""

    def nothing(*_: object, **__: object) -> Any:
        return []

    release: Any = nothing  # never asked
    store, indexer = MemoryIntake(), PlainIndexer()
    quiet: Any = NoFeeds()  # of two ports just what pages ask
    catalogue = Catalogue([PCR, DENGUE, HIV])
    intake = Intake(
        store, nothing, catalogue, lambda _: NO_CODES, indexer, release, store.recall, world.clock
    )
    pushing = Pushing(quiet, world.feeds, world.facilities, intake, indexer, world.clock)
    return LaboratoryRoom(
        intake,
        (),
        world.feeds,
        quiet,
        pushing,
        {},
        64 * 1024,
        world.delays,
        _onboarding(world, intake, catalogue),
    )


def _onboarding(world: World, intake: Intake, catalogue: Catalogue) -> Onboarding:
    journal = Journal(world.audit, world.clock)
    return Onboarding(
        FacilityDesk(world.facilities, world.feeds, world.inbox, intake, journal, world.clock),
        FeedDesk(
            world.facilities, world.feeds, world.pushes, lambda _: None, lambda _: Probe(3),
            journal, world.clock, world.random, ("/mnt/shares",),
        ),
        OfficerDesk(world.officers, journal, world.random, lambda _: "K7M-2QX-9RT"),
        CodeDesk(world.facilities, catalogue, str, journal),
    )  # fmt: skip
