"""``ketqua facility``: the units that send results."""

from __future__ import annotations

import re

import click

from bot.cli.output import note, print_json
from core.results.facility import Facility

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,31}")


@click.group("facility")
def command() -> None:
    """Connect and list facilities."""


@command.command("add", epilog='Example: ketqua facility add BVX --name "Bệnh viện X"')
@click.argument("code")
@click.option("--name", required=True)
@click.option("--short-name", help="At most 30 characters, printed in certificates.")
@click.option("--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="IANA time zone.")
@click.option("--contact", default="", help="How citizens reach it.")
def add(code: str, name: str, short_name: str | None, zone: str, contact: str) -> None:
    """Connect a facility, or change the one with this CODE."""
    from bot.app import open_installation

    if not _CODE.fullmatch(code.upper()):
        raise click.BadParameter(code, param_hint="CODE")  # it names a folder and stands in URLs
    facility = Facility(code.upper(), name, (short_name or name)[:30], zone, contact)
    _check_zone(facility)
    installation = open_installation()
    installation.facilities.add(facility)
    installation.audit_cli("facility_added", facility.code)
    note("cli.facility.added", code=facility.code)


def _check_zone(facility: Facility) -> None:
    try:
        _ = facility.timezone
    except (KeyError, ValueError) as error:
        raise click.BadParameter(facility.zone, param_hint="--zone") from error


@command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List the facilities."""
    from bot.app import open_installation

    found = open_installation().facilities.all()
    if as_json:
        print_json(found)
        return
    for facility in found:
        click.echo(f"{facility.code}\t{facility.name}\t{facility.zone}")
    if not found:
        note("cli.facility.none")
