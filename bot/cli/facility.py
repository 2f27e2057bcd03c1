"""``ketqua facility``: the units that send results."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from typing import IO, Any

import click

from bot.cli.output import note, print_json
from core.results.facility import DateOrder, Facility, Stage
from core.results.intake import BATCH, PILOT
from core.results.local_codes import FIXED_SYSTEMS, CodeKind
from core.results.reported import Coding
from core.results.result import Outcome

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,31}")


@click.group("facility")
def command() -> None:
    """Connect and list facilities."""


@command.command("add", epilog='Example: ketqua facility add BVX --name "Bệnh viện X"')
@click.argument("code")
@click.option("--name", required=True)
@click.option("--short-name", help="At most 30 characters, printed in certificates.")
@click.option("--zone", help="IANA time zone; Asia/Ho_Chi_Minh unless set.")
@click.option("--contact", help="How citizens reach it.")
@click.option("--date-order", type=click.Choice([order.value for order in DateOrder]),
              help="How it writes dates such as 03/04/2026; day first unless set.")  # fmt: skip
@click.option("--pilot", is_flag=True, help="Check what it sends, and let nobody have it yet.")
def add(
    code: str,
    name: str,
    short_name: str | None,
    zone: str | None,
    contact: str | None,
    date_order: str | None,
    pilot: bool,
) -> None:
    """Connect a facility, or change the one with this CODE; what isn't said stays as it is."""
    from bot.opening import open_installation

    if not _CODE.fullmatch(code.upper()):
        raise click.BadParameter(code, param_hint="CODE")  # it names a folder and stands in URLs
    installation = open_installation()
    known = installation.facilities.get(code.upper()) or Facility(code.upper(), name, name[:30])
    said: dict[str, Any] = {
        "name": name,
        "short_name": short_name and short_name[:30],
        "zone": zone,
        "contact": contact,
        "date_order": date_order and DateOrder(date_order),
        "stage": Stage.PILOT if pilot else None,
    }
    facility = replace(known, **{key: value for key, value in said.items() if value is not None})
    _check_zone(facility)
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
    from bot.opening import open_installation

    found = open_installation().facilities.all()
    if as_json:
        print_json(found)
        return
    for facility in found:
        click.echo(f"{facility.code}\t{facility.name}\t{facility.zone}\t{facility.stage}")
    if not found:
        note("cli.facility.none")


@command.command("live", epilog="Example: ketqua facility live BVX --release")
@click.argument("code")
@click.option("--release", is_flag=True, help="Also release what came during the pilot.")
def live(code: str, release: bool) -> None:
    """End a facility's pilot: from now on its results reach people."""
    from bot.opening import open_installation

    installation = open_installation()
    facility = replace(installation.facility(code), stage=Stage.LIVE)
    installation.facilities.add(facility)
    installation.feeds.watch_from(facility.code, installation.clock())
    installation.audit_cli("facility_live", facility.code)
    note("cli.facility.live", code=facility.code)
    released = 0
    while release and (kept := installation.inbox.kept(facility.code, reason=PILOT, limit=BATCH)):
        released += len(installation.intake.replay(kept, facility).items)
    if release:
        installation.audit_cli("pilot_released", facility.code)
        note("cli.facility.released", n=released)


@command.command(
    "map",
    epilog="Examples: ketqua facility map BVX XN-COVID SARSCOV2-PCR ·"
    " ketqua facility map BVX --value P1 positive",
)
@click.argument("code")
@click.argument("local")
@click.argument("meaning", required=False)
@click.option("--system", default="", help="The local code's system as the laboratory sends it.")
@click.option("--value", is_flag=True, help="It is a code of a result, not of a test.")
@click.option("--remove", is_flag=True)
def map_code(
    code: str, local: str, meaning: str | None, system: str, value: bool, remove: bool
) -> None:
    """Say what a laboratory's own code LOCAL means: a key of the catalogue, or an outcome."""
    from bot.opening import open_installation

    installation = open_installation()
    facility = installation.facility(code)
    known = [*Outcome] if value else [test.key for test in installation.catalogue]
    if not remove and meaning not in known:
        raise click.BadParameter(f"{meaning}: {', '.join(known)}", param_hint="MEANING")
    if system in FIXED_SYSTEMS:
        raise click.BadParameter(system, param_hint="--system")
    kind = CodeKind.VALUE if value else CodeKind.TEST
    chosen = None if remove else meaning
    installation.facilities.map_code(facility.code, kind, (system, local), chosen)
    installation.audit_cli("code_mapped", facility.code)
    note("cli.facility.mapped", code=facility.code)


@command.command("codes", epilog="Example: ketqua facility codes BVX list.csv")
@click.argument("code")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"), required=False)
def codes(code: str, file: IO[str] | None) -> None:
    """Show what is mapped; with the laboratory's code list (code[,system] a line) what maps."""
    from bot.opening import open_installation

    installation = open_installation()
    facility = installation.facility(code)
    mapped = installation.facilities.codes(facility.code)
    if file is None:
        for (system, local), meaning in (*mapped.tests.items(), *mapped.values.items()):
            click.echo(f"{system}|{local}\t{meaning}")
        return
    catalogue, missing = installation.catalogue.with_codes(mapped.tests), 0
    for row in csv.reader(file):
        local, system = (*(cell.strip() for cell in row), "", "")[:2]
        if local:
            test = catalogue.find([Coding(system, local), Coding("LN", local)])
            missing += test is None
            click.echo(f"{system}|{local}\t{test.key if test else '-'}")
    note("cli.facility.codes_missing", n=missing)
