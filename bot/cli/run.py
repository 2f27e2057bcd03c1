"""``ketqua run`` and its parts: ``web``, ``chat``, ``worker``, ``clock``."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace

import click

from bot.cli.output import note

_PORT = click.IntRange(1, 65535)


@click.command("run", epilog="Example: ketqua run --demo --port 8000")
@click.option("--demo", is_flag=True, help="A world of its own, on loopback, with simulators.")
@click.option("--port", type=_PORT, help="Port of the pages (KETQUA_PORT).")
def run(demo: bool, port: int | None) -> None:
    """Run everything in one process."""
    service = _service(demo=demo, port=port)
    if service.installation.settings.demo:
        from bot.simulation import start_demo

        start_demo(service)
        settings = service.installation.settings
        (settings.data_dir / "port").write_text(str(settings.port), encoding="utf-8")
        note("cli.run.demo", url=f"{service.installation.settings.public_url}/sim/")
    else:
        from bot.service import sms_gateway

        service.start_pages()
        service.start_sending(sms_gateway(service.installation))
        service.start_hl7()
        service.start_clock()
        service.start_telegram()
    service.wait()


@click.command("web")
@click.option("--port", type=_PORT)
def web(port: int | None) -> None:
    """Run the pages, and MLLP where it is set; any number of these processes may run."""
    service = _service(port=port)
    service.start_pages()
    service.start_hl7()
    service.wait()


@click.command("chat")
def chat() -> None:
    """Run the chat channels only."""
    service = _service()
    if not service.installation.settings.telegram_token:
        note("cli.run.no_channel")
        sys.exit(2)
    service.start_telegram()
    service.wait()


@click.command("worker")
def worker() -> None:
    """Send messages only; any number of these processes may run."""
    from bot.service import sms_gateway

    service = _service()
    service.start_sending(sms_gateway(service.installation))
    service.wait()


@click.command("clock")
def clock() -> None:
    """Poll feeds and keep house only."""
    service = _service()
    service.start_clock()
    service.wait()


def _service(*, demo: bool = False, port: int | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from bot.app import Installation
    from bot.opening import choose_settings
    from bot.service import Service
    from bot.settings import Settings
    from core.errors import SetupRefused

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = choose_settings(demo=demo)
    if settings.demo and not demo:
        raise SetupRefused("setting_missing", "KETQUA_MASTER_KEYS")
    settings = replace(settings, port=port or Settings.from_env().port)
    return Service(Installation(settings))
