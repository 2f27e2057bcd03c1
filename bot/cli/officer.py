"""``ketqua officer``: who answers for a facility's link, and is told when it is silent."""

from __future__ import annotations

import sys

import click

from bot.cli.output import CLI, note, print_json, refuse
from core.feeds.officer import LINK_LIFETIME
from core.onboarding.mistake import Mistakes


@click.group("officer")
def command() -> None:
    """The responsible officers of facilities."""


@command.command(
    "add", epilog='Example: ketqua officer add BVX --name "Chị Hoa" --phone 0900000101'
)
@click.argument("facility_code")
@click.option("--name", required=True)
@click.option("--phone", required=True, help="Mobile number for alerts.")
def add(facility_code: str, name: str, phone: str) -> None:
    """Add an officer of a facility; prints the id."""
    from bot.opening import open_installation

    installation = open_installation()
    facility = installation.facility(facility_code)
    named = installation.onboarding.officers.add(facility.code, name, phone, by=CLI)
    if isinstance(named, Mistakes):
        refuse(named)
    click.echo(named.id)


@command.command("list", epilog="Example: ketqua officer list BVX")
@click.argument("facility_code")
@click.option("--json", "as_json", is_flag=True)
def list_all(facility_code: str, as_json: bool) -> None:
    """List the officers of a facility."""
    from bot.opening import open_installation

    installation = open_installation()
    found = installation.onboarding.officers.of(installation.facility(facility_code).code)
    if as_json:
        print_json(found)
        return
    for officer in found:
        click.echo(f"{officer.id}\t{officer.name}\t{officer.phone}\t{officer.channel or 'sms'}")
    if not found:
        note("cli.officer.none")


@command.command("link", epilog="Example: ketqua officer link 0a1b2c3d")
@click.argument("officer_id")
def link(officer_id: str) -> None:
    """Make a code with which the officer links a chat; exit 1 if there is none.

    Hand it over by voice. It works once, for half an hour, and ends an earlier one.
    """
    from bot.opening import open_installation

    installation = open_installation()
    code = installation.onboarding.officers.link_code(officer_id, by=CLI)
    if code is None:
        note("cli.officer.unknown", id=officer_id)
        sys.exit(1)
    click.echo(code)
    note("cli.officer.link", code=code, minutes=LINK_LIFETIME.seconds // 60)


@command.command("remove", epilog="Example: ketqua officer remove 0a1b2c3d")
@click.argument("officer_id")
def remove(officer_id: str) -> None:
    """Remove an officer; exit 1 if there is none."""
    from bot.opening import open_installation

    if not open_installation().onboarding.officers.remove(officer_id, by=CLI):
        note("cli.officer.unknown", id=officer_id)
        sys.exit(1)
