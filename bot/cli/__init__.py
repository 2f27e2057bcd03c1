"""The commands: ``ketqua NAME``, each in a module of its own, imported only when called.

No command has a rule of its own: it reads options, calls a use case and prints.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from core.errors import KetquaError

_COMMANDS = (
    "run", "web", "chat", "worker", "clock", "migrate", "doctor",
    "ingest", "verify", "qr", "slip", "facility", "feed", "officer", "key", "rule", "revoke",
    "trust", "staff", "inbox", "audit",
)  # fmt: skip
_HOME = {"web": "run", "chat": "run", "worker": "run", "clock": "run"}


class _Commands(click.Group):
    """Imports a command's module when it is asked for: checking a QR starts in no time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"bot.cli.{_HOME.get(cmd_name, cmd_name)}")
        found = getattr(module, cmd_name, None) or module.command
        assert isinstance(found, click.Command)  # noqa: S101  (a slip in _COMMANDS)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ketqua", prog_name="ketqua")
def _ketqua() -> None:
    """Laboratory results as signed QR codes, by chat and SMS."""


def main() -> None:
    """Run a command; an error of ours is one sentence on stderr and exit code 2.

    Whatever a command writes is for its own user only: databases, keys, pictures of QR codes.
    """
    os.umask(0o077)
    try:
        _ketqua(prog_name="ketqua")
    except KetquaError as error:
        from bot.cli.output import explain

        click.echo(explain(error), err=True)
        sys.exit(2)
