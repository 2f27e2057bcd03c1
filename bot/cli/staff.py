"""``ketqua staff``: accounts of the people who work with the service."""

from __future__ import annotations

import click
import pyotp

from bot.cli.output import note, print_json
from core.policy.staff import Role, StaffAccount, hash_password, new_totp_secret

_SHORTEST_PASSWORD = 12


@click.group("staff")
def command() -> None:
    """Create and list staff accounts."""


@command.command("add", epilog="Example: ketqua staff add lan --name 'Lan' --role operator")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--scope", "scopes", multiple=True, help="Facility or place; repeat for several.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def add(login: str, name: str, role: str, scopes: tuple[str, ...], password: str) -> None:
    """Create an account, or replace the one with this LOGIN; prints its TOTP address once."""
    from bot.opening import open_installation

    if len(password) < _SHORTEST_PASSWORD:
        raise click.BadParameter(f"≥ {_SHORTEST_PASSWORD}", param_hint="--password")
    installation = open_installation()
    secret = new_totp_secret()
    installation.staff.add(
        StaffAccount(login, name, Role(role), frozenset(scopes), hash_password(password), secret)
    )
    installation.audit_cli("staff_added", login)
    note("cli.staff.added", login=login)
    click.echo(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Ketqua"))


@command.command("list", epilog="Example: ketqua staff list --json")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List the accounts, without secrets."""
    from bot.opening import open_installation

    accounts = open_installation().staff.all()
    if as_json:
        print_json([_public(account) for account in accounts])
        return
    for account in accounts:
        scopes = ", ".join(sorted(account.scopes))
        click.echo(f"{account.login}\t{account.role}\t{scopes}\t{account.name}")


def _public(account: StaffAccount) -> dict[str, object]:
    return {
        "login": account.login,
        "name": account.name,
        "role": account.role,
        "scopes": sorted(account.scopes),
        "active": account.active,
    }
