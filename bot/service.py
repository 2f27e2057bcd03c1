"""A running service: pages, chat, sending and clock in one process or in several.

The pages answer first; the chat follows, because its library takes seconds to import.
"""

from __future__ import annotations

import asyncio
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
from core.messages.delivery import SMS

if TYPE_CHECKING:
    from aiogram import Bot, Dispatcher
    from flask import Flask

    from bot.conversations.room import ChatRoom
    from core.feeds.pushing import Pushing
    from core.ports import Gateway, SmsGateway
    from core.results.intake import IntakeReport
    from labs.replies import Explain
    from sms.room import DemoRoom, LaboratoryRoom, PushAnswer

log = logging.getLogger("ketqua")
_WEB_THREADS = 8
# A stalled sender holds a connection and no thread; below the 1,024 open files that are usual.
_MOST_CONNECTIONS = 800
_SILENT_SECONDS = 60
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
            _check_keys(installation)
        self.installation = installation
        self.stopping = threading.Event()
        self._parts = ExitStack()
        self._sending: dict[str, SendingLoop] = {}

    def poke(self) -> None:
        """A message was stored; harmless where another process sends."""
        for sending in [*self._sending.values()]:
            sending.poke()

    def start_sending(self, gateway: Gateway) -> None:
        """Send SMS from this process."""
        self._parts.callback(self.begin_sending(gateway, SMS).stop)

    def begin_sending(self, gateway: Gateway, channel: str) -> SendingLoop:
        """Send the deliveries of a channel; whoever begins it stops it."""
        sending = self._sending[channel] = SendingLoop(self.installation.postroom(gateway, channel))
        sending.start()
        return sending

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
                connection_limit=_MOST_CONNECTIONS, channel_timeout=_SILENT_SECONDS,
                asyncore_use_poll=True,
                trusted_proxy=settings.proxy, trusted_proxy_count=1,
                trusted_proxy_headers={"x-forwarded-for"},
            )  # fmt: skip
        except OSError as error:
            raise SetupRefused("port_in_use", f"{settings.bind_host}:{settings.port}") from error
        thread = threading.Thread(target=server.run, name="pages", daemon=True)
        thread.start()
        self._parts.callback(server.close)
        log.info("pages on %s:%d", settings.bind_host, settings.port)

    def pages(self, demo: DemoRoom | None = None) -> Flask:
        """The Flask application over this installation."""
        from core.policy.limits import VisitorLimit
        from sms.app import create_app
        from sms.room import PaperRoom, RevocationRoom, WebRoom

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
                publications=here.documents,
                revocations=RevocationRoom(here.revocation_desk, here.find_results),
                verify_limit=VisitorLimit(here.settings.verify_per_minute),
                lookups=here.lookups,
                paper=PaperRoom(here.press, here.find_results),
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
            delays=here.delays,
            onboarding=here.onboarding,
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
        self.send_letters(dispatcher, "telegram")
        thread = threading.Thread(
            target=_logged(partial(run_telegram, token, dispatcher, self.stopping)),
            name="telegram",
            daemon=True,
        )
        thread.start()
        self._parts.callback(partial(thread.join, timeout=15))

    def send_letters(self, dispatcher: Dispatcher, channel: str) -> None:
        """Send the deliveries of a chat channel while its conversations run."""
        from bot.channels.gateway import ChatGateway

        closed = partial(self.installation.linking.chat_closed, channel)

        async def begin(bot: Bot) -> None:
            gateway = ChatGateway(bot, asyncio.get_running_loop(), closed)
            self.begin_sending(gateway, channel)

        async def end() -> None:
            # Not in the loop, where the letter at hand still has to leave.
            await asyncio.to_thread(self._sending[channel].stop)

        dispatcher.startup.register(begin)
        dispatcher.shutdown.register(end)

    def chat_room(self) -> ChatRoom:
        """What conversations need of this installation."""
        from bot.conversations.room import ChatRoom

        here = self.installation
        return ChatRoom(
            desk=here.desk,
            checkpoint=here.checkpoint,
            linking=here.linking,
            facility=here.facilities.get,
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
    return {"database": _answers(installation), "signing": installation.can_sign()}


def _answers(installation: Installation) -> bool:
    try:
        installation.facilities.all()
    except Exception:  # whatever a driver raises means the same here
        log.exception("the database does not answer")
        return False
    return True


def _check_keys(installation: Installation) -> None:
    """Refuse a service that was never given keys; one whose keys fail serves without signing.

    Raises:
        SetupRefused: ``no_signing_key``.
    """
    if not installation.key_store.signers() and not installation.keys.damaged():
        raise SetupRefused("no_signing_key", str(installation.settings.keys_folder))
    installation.signer()  # says on stderr why nothing can be signed


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
