"""A running service: pages, chat, sending and clock in one process or in several.

The pages answer first; the chat follows, because its library takes seconds to import.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from msgspec.json import encode
from prometheus_client import CollectorRegistry, ProcessCollector

from bot.app import Installation
from bot.jobs import SendingLoop, make_clock
from bot.opening import prepare
from core.errors import SetupRefused

if TYPE_CHECKING:
    from flask import Flask

    from bot.conversations.room import ChatRoom
    from core.feeds.pushing import Pushing
    from core.ports import SmsGateway
    from core.results.intake import IntakeReport
    from labs.replies import Explain
    from sms.room import DemoRoom, LaboratoryRoom, PushAnswer

log = logging.getLogger("ketqua")
_WEB_THREADS = 8
_LARGEST_BODY = 64 * 1024 * 1024  # above every limit of the pages, which answer in words


class Service:
    """The parts of a running service, stopped in the reverse order of their start."""

    def __init__(self, installation: Installation) -> None:
        """Check that ``installation`` may serve people. Raises: SetupRefused."""
        if not installation.settings.demo:
            installation.settings.check_for_service()
        prepare(installation)
        _check_messages(installation)
        if not installation.settings.demo:
            installation.key_store.current_signer(installation.clock())
        self.installation = installation
        self.stopping = threading.Event()
        self._parts = ExitStack()
        self._sending: SendingLoop | None = None

    def poke(self) -> None:
        """A message was stored; harmless where another process sends."""
        if self._sending is not None:
            self._sending.poke()

    def start_sending(self, gateway: SmsGateway) -> None:
        """Send deliveries from this process."""
        self._sending = SendingLoop(self.installation.postroom(gateway))
        self._sending.start()
        self._parts.callback(self._sending.stop)

    def start_clock(self) -> None:
        """Poll feeds and keep house from this process."""
        clock = make_clock(self.installation, self.poke)
        clock.start()
        self._parts.callback(partial(clock.shutdown, wait=True))

    def start_hl7(self) -> None:
        """Listen for HL7 v2 over MLLP, where a port is set. Raises: SetupRefused."""
        settings = self.installation.settings
        if not settings.mllp_port:
            return
        from bot.hl7 import mllp_server

        try:
            server = mllp_server(self.installation, self.poke)
            server.start()
        except OSError as error:
            where = f"{settings.mllp_host}:{settings.mllp_port}"
            raise SetupRefused("mllp_unusable", f"{where}: {error.strerror}") from error
        self._parts.callback(server.stop)
        log.info("mllp on %s:%d", settings.mllp_host, server.port)

    def start_pages(self, demo: DemoRoom | None = None) -> None:
        """Serve HTTP in threads of this process."""
        from waitress.server import create_server

        settings = self.installation.settings
        try:
            server = create_server(
                self.pages(demo), host=settings.bind_host, port=settings.port,
                threads=_WEB_THREADS, ident="", max_request_body_size=_LARGEST_BODY,
            )  # fmt: skip
        except OSError as error:
            raise SetupRefused("port_in_use", f"{settings.bind_host}:{settings.port}") from error
        thread = threading.Thread(target=server.run, name="pages", daemon=True)
        thread.start()
        self._parts.callback(server.close)
        log.info("pages on %s:%d", settings.bind_host, settings.port)

    def pages(self, demo: DemoRoom | None = None) -> Flask:
        """The Flask application over this installation."""
        from sms.app import create_app
        from sms.room import WebRoom

        here = self.installation
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        return create_app(
            WebRoom(
                desk=here.desk,
                visits=here.visits,
                checkpoint=here.checkpoint,
                catalogues=here.languages,
                staff=here.staff,
                audit=here.audit,
                inbox=here.inbox,
                facilities=here.facilities,
                laboratories=self._laboratories(),
                secret=here.keyring.derive("web"),
                clock=here.clock,
                random=here.random,
                base_url=here.settings.public_url,
                zone=here.settings.zone,
                anchors=here.key_store.anchors,
                ready=partial(readiness, here),
                metrics_registry=registry,
                poke=self.poke,
                demo=demo,
            )
        )

    def _laboratories(self) -> LaboratoryRoom:
        from sms.room import LaboratoryRoom

        here = self.installation
        return LaboratoryRoom(
            intake=here.intake,
            tests=tuple(here.catalogue),
            feeds=here.feeds,
            feed_hours=here.feed_hours,
            pushing=self._pushing(),
            push_answers=self._push_answers(),
            largest=here.settings.max_file_mib * 1024 * 1024,
        )

    def _pushing(self) -> Pushing:
        from core.feeds.pushing import Pushing

        here = self.installation
        return Pushing(
            pushes=here.pushes,
            feeds=here.feeds,
            facilities=here.facilities,
            intake=here.intake,
            indexer=here.keyring,
            clock=here.clock,
            stored=self.poke,
        )

    def _push_answers(self) -> dict[str, PushAnswer]:
        from labs.replies.account import account
        from labs.replies.ack import reply_to
        from labs.replies.bad_rows import bad_rows
        from labs.replies.outcome import operation_outcome

        here = self.installation

        def ack(sent: bytes, report: IntakeReport, explain: Explain) -> bytes:
            control_id, now = here.random(10).hex(), here.clock()
            return reply_to(sent, report, explain, control_id=control_id, now=now)

        return {
            "application/json": lambda _, report, explain: encode(account(report, explain)),
            "application/fhir+json": lambda _, report, explain: operation_outcome(report, explain),
            "application/hl7-v2": ack,
            "text/csv": lambda _, report, explain: bad_rows(report, explain),
        }

    def start_telegram(self) -> None:
        """Talk on Telegram, where a token is set."""
        token = self.installation.settings.telegram_token
        if not token:
            return
        from bot.channels.telegram import run_telegram
        from bot.conversations.room import build_dispatcher

        dispatcher = build_dispatcher(self.chat_room(), self.installation.conversations)
        thread = threading.Thread(
            target=_logged(partial(run_telegram, token, dispatcher, self.stopping)),
            name="telegram",
            daemon=True,
        )
        thread.start()
        self._parts.callback(partial(thread.join, timeout=15))

    def chat_room(self) -> ChatRoom:
        """What conversations need of this installation."""
        from bot.conversations.room import ChatRoom

        here = self.installation
        return ChatRoom(
            desk=here.desk,
            checkpoint=here.checkpoint,
            catalogues=here.languages,
            zone=here.settings.zone,
            clock=here.clock,
            web_url=here.settings.public_url,
            poke=self.poke,
        )

    def on_stop(self, action: Callable[[], object]) -> None:
        """Call ``action`` when the service stops."""
        self._parts.callback(action)

    def wait(self) -> None:
        """Serve until SIGTERM or Ctrl-C, then stop every part."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self.stopping.wait()
        self._parts.close()


def sms_gateway(installation: Installation) -> SmsGateway:
    """The gateway that the settings choose."""
    from sms.gateways.twilio import TwilioGateway

    settings = installation.settings
    return TwilioGateway(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token,
        messaging_service_sid=settings.twilio_messaging_service_sid,
        sender=settings.twilio_from,
        base_url=settings.twilio_base_url,
    )


def readiness(installation: Installation) -> dict[str, bool]:
    """The checks of ``/readyz``: can it read its database, and sign?"""
    return {"database": _answers(installation), "signing": installation.signer() is not None}


def _answers(installation: Installation) -> bool:
    try:
        installation.facilities.all()
    except Exception:  # whatever a driver raises means the same here
        log.exception("the database does not answer")
        return False
    return True


def _check_messages(installation: Installation) -> None:
    from core.messages.templates import check_templates

    settings = installation.settings
    check_templates(settings.public_url, settings.public_host, settings.link_days)


def _logged(run: Callable[[], None]) -> Callable[[], None]:
    def logged() -> None:
        try:
            run()
        except SetupRefused as refusal:
            log.error("%s", refusal)  # noqa: TRY400  (a sentence, not a traceback)

    return logged
