"""``ketqua key``: the keys that sign certificates."""

from __future__ import annotations

import click

from bot.cli.output import note, print_json


@click.group("key")
def command() -> None:
    """Create and list signing keys."""


@command.command("init", epilog="Example: ketqua key init")
def init() -> None:
    """Create the CSCA and a first document signer, where there are none."""
    from bot.opening import open_installation

    installation = open_installation()
    made = installation.make_first_keys()
    installation.audit_cli("keys_created" if made else "keys_kept", "")
    note("cli.key.created" if made else "cli.key.kept", folder=installation.settings.keys_folder)


@command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List the document signers by kid, with the time in which each signs."""
    from bot.opening import open_trust

    trust, *_ = open_trust()
    rows = [
        {"kid": each.kid.hex(), "issuer": each.issuer, "not_before": each.not_before,
         "not_after": each.not_after}
        for each in trust
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['kid']}\t{row['issuer']}\t{row['not_before']}\t{row['not_after']}")
    if not rows:
        note("cli.key.none")
