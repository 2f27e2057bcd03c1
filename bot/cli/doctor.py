"""``ketqua doctor``: check the installation and say what to mend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from bot.cli.output import explain, print_json, say
from core.errors import KetquaError, SetupRefused

if TYPE_CHECKING:
    from bot.app import Installation


@click.command("doctor", epilog="Example: ketqua doctor --json")
@click.option("--json", "as_json", is_flag=True)
def command(as_json: bool) -> None:
    """Check settings, database, keys, messages and catalogue; exit 1 if one needs mending."""
    from bot.app import Installation
    from bot.cli.output import note
    from bot.opening import choose_settings

    installation = Installation(choose_settings(tell=note))
    found = {name: _try(check, installation) for name, check in _CHECKS.items()}
    if as_json:
        print_json({name: {"ok": not said, "message": said} for name, said in found.items()})
    else:
        for name, said in found.items():
            mark = say("cli.doctor.bad") if said else say("cli.doctor.good")
            click.echo(f"{say(f'cli.doctor.{name}')}: {mark} {said}".rstrip())
    sys.exit(1 if any(found.values()) else 0)


def _try(check: Callable[[Installation], object], installation: Installation) -> str:
    """Empty when the check passes, else the sentence that says what to mend."""
    try:
        check(installation)
    except KetquaError as error:
        return explain(error)
    except OSError as error:  # a database or folder that can't be reached
        return f"{type(error).__name__}: {error.strerror or ''}"
    return ""


def _settings(installation: Installation) -> None:
    if not installation.settings.demo:
        installation.settings.check_for_service()


def _database(installation: Installation) -> None:
    from bot.opening import prepare

    prepare(installation)


def _messages(installation: Installation) -> None:
    from core.messages.templates import check_templates

    settings = installation.settings
    check_templates(settings.public_url, settings.public_host, settings.link_days)


def _keys(installation: Installation) -> None:
    """Old signers too: what they signed verifies no more once their file is damaged."""
    damaged = installation.keys.damaged()
    if damaged:
        raise SetupRefused("key_file_unreadable", ", ".join(damaged))


def _signing(installation: Installation) -> None:
    installation.keys.current_signer(installation.clock()).sign(b"ketqua doctor")


def _token(installation: Installation) -> None:
    """Where a token is set: every signer whose key lies there signs, coming ones too."""
    if installation.token_store is None:
        return
    for key in installation.keys.kept():
        if key.store == installation.token_store.name and key.retired_at is None:
            installation.keys.signer(key).sign(b"ketqua doctor")


def _lists(installation: Installation) -> None:
    from core.certificates.keys import Role

    installation.keys.current_signer(installation.clock(), Role.LIST).sign(b"ketqua doctor")


_CHECKS: dict[str, Callable[[Installation], object]] = {
    "settings": _settings,
    "database": _database,
    "fields": lambda installation: installation.keyring,
    "keys": _keys,
    "signing": _signing,
    "token": _token,
    "lists": _lists,
    "messages": _messages,
    "catalogue": lambda installation: installation.catalogue,
}
