"""The demo's moving parts: a laboratory that releases, a phone and a chat that receive.

Files go through the watched folder and messages through the deliveries, exactly as real ones.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from bot.demo import FACILITIES, staff_cards
from core.citizens.phone import PhoneKind, read_phone
from labs.simulator import LaboratorySimulator
from sms.gateways.log import SimulatedGateway
from sms.room import DemoRoom
from sms.sim.outbox import Outbox
from sms.sim.pictures import PictureShelf

if TYPE_CHECKING:
    from bot.app import Installation
    from bot.channels.simulator import ChatSimulator
    from bot.jobs import SendingLoop
    from bot.service import Service

_RELEASE_SECONDS = 8
_AT_START = 6
_REPAINTS = 100  # /sim/ draws its pictures again and again


def start_demo(service: Service) -> None:
    """Start everything of the demo: pages first, then the laboratory, then the chat."""
    here = service.installation
    outbox = Outbox(here.clock)
    photos = PictureShelf(here.clock, here.random, lifetime=timedelta(minutes=5), fetches=_REPAINTS)
    laboratory = DemoLaboratory(here)
    chat = DemoChat(service, outbox, photos)
    service.start_pages(
        DemoRoom(
            outbox=outbox,
            chat=chat.exchange,
            people=laboratory.people,
            release=laboratory.release,
            staff=partial(staff_cards, here),
            photos=photos,
        )
    )
    service.start_sending(SimulatedGateway(outbox.record))
    service.start_hl7()
    service.start_clock()
    service.on_stop(laboratory.start())
    service.on_stop(chat.start())


class DemoLaboratory:
    """Drops synthetic results into the watched folder, as laboratories do."""

    def __init__(self, installation: Installation) -> None:
        """Invent a new world of people at every start."""
        self._here = installation
        codes = [facility.code for facility in FACILITIES]
        seed = int.from_bytes(installation.random(8))
        self._simulator = LaboratorySimulator(seed, codes)
        self._lock = threading.Lock()

    def start(self) -> partial[None]:
        """Release a few at once and then one after the other; returns how to stop it."""
        for _ in range(_AT_START):
            self.release(None)
        clock = BackgroundScheduler(timezone="UTC")
        clock.add_job(self.release, "interval", seconds=_RELEASE_SECONDS, args=[None])
        clock.start()
        return partial(clock.shutdown, wait=False)

    def release(self, phone: str | None) -> None:
        """Release a result: a negative PCR for ``phone``'s first person, or anybody's."""
        with self._lock:
            now = self._here.clock()
            made = self._simulator.release_for(phone, now) if phone else None
            facility, name, data = made or self._simulator.next_release(now)
        folder = self._here.settings.watch_folder / facility
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}"
        draft.write_bytes(data)
        draft.rename(folder / f"{now:%H%M%S%f}-{name}")

    def people(self) -> list[dict[str, str]]:
        """The newest people first, as the demo's page shows them."""
        with self._lock:
            citizens = self._simulator.people()
        return [
            {
                "name": citizen.name,
                "birth_date": f"{citizen.birth_date:%d/%m/%Y}",
                "phone": citizen.phone,
                "accession": citizen.accession,
                "facility": citizen.facility,
            }
            for citizen in citizens
            if read_phone(citizen.phone).kind is PhoneKind.MOBILE  # others get no SMS to play with
        ]


class DemoChat:
    """The chat beside the phone; it is there some seconds after the pages."""

    def __init__(self, service: Service, outbox: Outbox, photos: PictureShelf) -> None:
        """Remember what the chat needs; its library is imported by ``start``."""
        self._service = service
        self._outbox = outbox
        self._photos = photos
        self._ready = threading.Event()
        self._sending: list[SendingLoop] = []
        self._simulator: ChatSimulator | None = None

    def start(self) -> partial[None]:
        """Import and start in a thread of its own; returns how to stop it."""
        threading.Thread(target=self._start, name="demo-chat", daemon=True).start()
        return partial(self._stop)

    def exchange(self, request: dict[str, object]) -> list[dict[str, object]]:
        """One exchange; waits while the chat is still starting.

        Raises:
            ValueError: the request can't be played.
        """
        self._ready.wait(timeout=60)
        assert self._simulator is not None  # noqa: S101  (60 s are ten times what it takes)
        return self._simulator.exchange(request)

    def _start(self) -> None:
        from bot.channels.incoming import CHANNELS
        from bot.channels.simulator import ChatSimulator
        from bot.conversations.room import build_dispatcher

        here, room = self._service.installation, self._service.chat_room()
        self._simulator = ChatSimulator(
            lambda: build_dispatcher(room, here.conversations),
            record=self._outbox.record,
            keep_photo=self._keep_photo,
            users=here.conversations,
            clock=here.clock,
        )
        self._simulator.start()
        self._sending = [self._send_letters(self._simulator, channel) for channel in CHANNELS]
        self._ready.set()

    def _keep_photo(self, png: bytes) -> str:
        return f"{self._service.installation.settings.public_url}/sim/photo/{self._photos.put(png)}"

    def _send_letters(self, simulator: ChatSimulator, channel: str) -> SendingLoop:
        closed = partial(self._service.installation.linking.chat_closed, channel)
        return self._service.begin_sending(simulator.gateway(channel, closed), channel)

    def _stop(self) -> None:
        for sending in self._sending:
            sending.stop()
        if self._simulator is not None:
            self._simulator.stop()
