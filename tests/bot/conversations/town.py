"""A small town to chat with: real certificates, people, and the simulator."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import zxingcpp
from aiogram import Bot, Dispatcher
from PIL import Image

from bot.channels.screen import ScreenSession, Shown
from bot.channels.simulator import ChatSimulator
from bot.conversations.room import ChatRoom, build_dispatcher
from core.certificates.authority import create_csca, create_dsc
from core.certificates.checkpoint import Checkpoint
from core.certificates.issue import eligible, facts_of, issue
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import new_uvci
from core.certificates.verdict import Standing
from core.citizens.proof import Proof
from core.citizens.retrieval import RetrievalDesk
from core.feeds.linking import Linking
from core.feeds.officer import Officer
from core.messages.delivery import DeliveryState
from core.policy.rule_desk import RuleDesk
from core.ports import (
    ShelfItem,
)
from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.facility import Facility
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome, Person, Result
from tests.bot.conversations.fakes import (
    NOON,
    Clock,
    MemoryConversations,
    MemoryShelf,
    person_key,
)
from tests.core.citizens.fakes import MemoryChallenges
from tests.core.feeds.fakes import MemoryChatGuesses, MemoryOfficers
from tests.core.onboarding.fakes import MemoryAudit
from tests.core.policy.fakes import MemoryRuleSets
from tests.words import catalogues

MINH, MINH_BORN = "+84900001001", "05/03/1990"
NOBODY = "+84900009999"
WEB = "https://kq.example.vn"
HOA = Officer("o1", "BVNDGD", "Chị Hoa", "+84900000900")
TIN = Officer("o2", "BVTD", "Anh Tín", "+84900000901")
PCR = TestDefinition(
    "SARSCOV2-PCR",
    {"vi": "Xét nghiệm Realtime RT-PCR", "en": "Real-time RT-PCR"},
    TestKind.PCR,
    Confidentiality.A,
    "840539006",
    frozenset(),
)
DENGUE = TestDefinition(
    "DENGUE-NS1",
    {"vi": "Sốt xuất huyết NS1", "en": "Dengue NS1"},
    TestKind.QUALITATIVE,
    Confidentiality.B,
    "38362002",
    frozenset(),
)
HIV = TestDefinition(
    "HIV", {"vi": "HIV", "en": "HIV"}, TestKind.QUALITATIVE, Confidentiality.D, "", frozenset()
)


class Town:
    """Everything a chat needs, and people to play."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.shelf = MemoryShelf()
        self.challenges = MemoryChallenges(self.shelf.items)
        self.memory = MemoryConversations()
        self.users = MemoryConversations()
        self.officers = MemoryOfficers(HOA, TIN)
        self.guesses = MemoryChatGuesses()
        self.facilities = {HOA.facility: Facility(HOA.facility, "Bệnh viện Gia Định", "BV GĐ")}
        self.standings: dict[str, Standing] = {}
        self.pokes = 0
        self.photos: list[bytes] = []
        self.outbox: list[dict[str, Any]] = []
        start = NOON - timedelta(days=30)
        csca = create_csca("Example authority", not_before=start, demo=True)
        self.dsc = create_dsc(csca, "Example authority", not_before=start, demo=True)
        self.room = self._room()

    def _room(self) -> ChatRoom:
        trust = TrustStore([TrustedCertificate.from_der(self.dsc.der)])
        return ChatRoom(
            desk=RetrievalDesk(
                self.challenges,
                self.shelf,
                self.clock,
                os.urandom,
                b"k" * 32,
                "kq.example.vn",
                frozenset({"VN"}),
            ),
            checkpoint=Checkpoint(
                lambda: trust,
                lambda uvci: self.standings.get(uvci, Standing.GOOD),
                RuleDesk(MemoryRuleSets(), self.clock),
                self.clock,
            ),
            linking=Linking(
                self.officers, self.guesses, MemoryAudit(), self.clock, os.urandom, b"k" * 32
            ),
            facility=self.facilities.get,
            catalogues=catalogues(),
            zone=ZoneInfo("Asia/Ho_Chi_Minh"),
            clock=self.clock,
            web_url=WEB,
            poke=self._poke,
        )

    def _poke(self) -> None:
        self.pokes += 1

    def dispatcher(self) -> Dispatcher:
        return build_dispatcher(self.room, self.memory)

    def add(
        self,
        phone: str = MINH,
        *,
        name: tuple[str, str] = ("Trần", "Thị Minh"),
        born: str = "1990-03-05",
        test: TestDefinition = PCR,
        outcome: Outcome = Outcome.NEGATIVE,
        hours_ago: float = 4,
        opened: bool = False,
        **more: Any,
    ) -> ShelfItem:
        """Release a result to ``phone``."""
        collected = NOON - timedelta(hours=hours_ago)
        documents = (Document(DocumentType.NATIONAL_ID, "079090001234"),)
        result = Result(
            accession=f"XN{len(self.shelf.items)}{hours_ago}",
            test=test,
            status=ReportStatus.FINAL,
            outcome=outcome,
            person=Person(*name, born, "female", phone, documents),
            collected_at=collected,
            reported_at=collected + timedelta(hours=2),
        )
        item = self._shelved(replace(result, **more))
        self.shelf.items.setdefault(phone, []).append(item)
        if opened:
            self.shelf.proofs[phone, person_key(result.person)] = Proof(opened_at=NOON)
        return item

    def _shelved(self, result: Result) -> ShelfItem:
        uvci, cose = None, None
        if eligible(result):
            uvci = new_uvci(os.urandom(16))
            facts = facts_of(result, centre="BVNDGD", issuer="Example authority")
            issued = issue(facts, self.dsc.signer(), uvci=uvci, issued_at=result.reported_at)
            cose = issued.cose
        result_id = os.urandom(16).hex()
        return ShelfItem(
            result_id, "ABCD1234", 1, result, "BVNDGD", "BV Gia Định", "028 0000", cose, uvci
        )

    @contextmanager
    def chatting(self) -> Iterator[ChatSimulator]:
        """A running simulator; a second one over the same memory is a restart."""
        simulator = ChatSimulator(
            self.dispatcher,
            record=lambda **message: self.outbox.append(message),
            keep_photo=self._keep_photo,
            users=self.users,
            clock=self.clock,
        )
        simulator.start()
        try:
            yield simulator
        finally:
            simulator.stop()

    def _keep_photo(self, png: bytes) -> str:
        self.photos.append(png)
        return f"/sim/photo/{len(self.photos)}"

    def link_code(self, officer: Officer = HOA) -> str:
        """A code that an administrator hands over."""
        code = self.room.linking.offer(officer.id)
        assert code is not None
        return code

    def code(self, phone: str = MINH) -> str:
        """The newest code that was sent to ``phone``."""
        sent = [m for m in self.challenges.messages if m.to == phone]
        assert sent[-1].state is DeliveryState.PENDING
        return str(re.findall(r"\d{6}", sent[-1].text)[0])


class Citizen:
    """One user of one channel."""

    def __init__(self, chat: ChatSimulator, user: str = "minh", channel: str = "telegram") -> None:
        self.chat, self.user, self.channel = chat, user, channel
        self.buttons: list[str] = []

    def do(self, **what: str) -> str:
        """Do something; all texts that come back."""
        self.replies = self.chat.exchange({"user": self.user, "channel": self.channel, **what})
        self.buttons = [label for reply in self.replies for label in reply["buttons"]]
        return "\n".join(reply["text"] for reply in self.replies)

    def say(self, text: str) -> str:
        return self.do(text=text)

    def press(self, label: str) -> str:
        return self.do(button=label)

    def ask_for_qr(self, phone: str = MINH) -> str:
        """The menu's way to the code: three taps."""
        self.say("/start")
        self.press("Thông tin của tôi")
        self.press("Mã QR của tôi")
        if self.channel == "zalo":
            return self.say(phone)
        return self.do(contact=phone)


def feed(
    town: Town, *updates: dict[str, Any], files: dict[str, bytes] | None = None
) -> list[Shown]:
    """Feed raw updates, as Telegram sends them; what would be sent."""

    async def run() -> list[Shown]:
        shown: list[Shown] = []
        session = ScreenSession("town", lambda _, message: shown.append(message), town.clock)
        for name, content in (files or {}).items():
            session.offer_file(name, content)
        bot, dispatcher = Bot("1:town", session=session), town.dispatcher()
        for update in updates:
            await dispatcher.feed_raw_update(bot, update)
        return shown

    return asyncio.run(run())


def said(user_id: int = 7, *, chat: dict[str, Any] | None = None, **content: Any) -> dict[str, Any]:
    """An update with a message of ``user_id``."""
    frame = {
        "message_id": 1,
        "date": int(NOON.timestamp()),
        "chat": chat or {"id": user_id, "type": "private"},
        "from": {"id": user_id, "is_bot": False, "first_name": "•", "language_code": "vi"},
    }
    return {"update_id": 1, "message": frame | content}


def qr_of(png: bytes) -> str:
    """What zxing-cpp reads in a picture."""
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(png)).convert("L"))
    return str(code.text)
