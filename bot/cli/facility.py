"""``ketqua facility``: the units that send results."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

from bot.cli.output import CLI, finding_json, note, print_json, refuse, say
from core.messages.findings import printable
from core.onboarding.code_list import read_list
from core.onboarding.facilities import FacilityDesk, FacilityDraft
from core.onboarding.mistake import Mistakes
from core.results.facility import DateOrder, Facility, Stage
from core.results.local_codes import CodeKind
from core.results.preview import PreviewedItem
from core.results.versions import Change
from labs.readers.detect import FORMATS


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

    draft = FacilityDraft(name, short_name, zone, contact, date_order)
    desk = open_installation().onboarding.facilities
    saved = desk.save(code, draft, by=CLI, stage=Stage.PILOT if pilot else None)
    if isinstance(saved, Mistakes):
        refuse(saved)
    note("cli.facility.added", code=saved.code)


@command.command("list", epilog="Example: ketqua facility list --json")
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
    desk = installation.onboarding.facilities
    facility = desk.go_live(installation.facility(code), by=CLI)
    note("cli.facility.live", code=facility.code)
    if release:
        note("cli.facility.released", n=_release_all(desk, facility))


def _release_all(desk: FacilityDesk, facility: Facility) -> int:
    """Batch after batch, as long as a batch is taken in."""
    released = 0
    while items := desk.release_pilot(facility, by=CLI).items:
        released += len(items)
    return released


@command.command("pilot", epilog="Example: ketqua facility pilot BVX")
@click.argument("code")
def pilot(code: str) -> None:
    """Go back to a pilot: nothing new reaches people, and what did stays."""
    from bot.opening import open_installation

    installation = open_installation()
    facility = installation.onboarding.facilities.back_to_pilot(installation.facility(code), by=CLI)
    note("cli.facility.pilot", code=facility.code)


@command.command("sample", epilog="Example: ketqua facility sample BVX first.hl7")
@click.argument("code")
@click.argument("path", type=click.File("rb"))
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="auto")
@click.option("--json", "as_json", is_flag=True)
def sample(code: str, path: IO[bytes], file_format: str, as_json: bool) -> None:
    """Show how the file PATH would be read, and store nothing; exit 1 if anything is held back.

    People are masked, and tests of class C and D are not named.
    """
    from bot.opening import open_installation

    installation = open_installation()
    facility = installation.facility(code)
    items = installation.intake.preview(path.read(), facility, format=file_format)
    if as_json:
        print_json([_seen(item, facility) for item in items])
    else:
        for item in items:
            _print_item(_seen(item, facility))
    sys.exit(1 if any(each.report.change is Change.QUARANTINED for each in items) else 0)


def _seen(item: PreviewedItem, facility: Facility) -> dict[str, object]:
    report, at = item.report, item.collected_at
    return {
        "index": report.index,
        "row": report.row,
        "status": report.change,
        "test": say("cli.sample.confidential")
        if item.confidential
        else item.test and item.test.key,
        "class": item.test and item.test.confidentiality,
        "outcome": item.outcome,
        "collected_at": at.astimezone(facility.timezone) if at else None,
        "person": item.person,
        "errors": [finding_json(each) for each in report.errors],
        "warnings": [finding_json(each) for each in report.warnings],
    }


def _print_item(seen: dict[str, Any]) -> None:
    person = seen["person"]
    who = f"{person.initials} {person.birth_year} …{person.phone}" if person else "-"
    told = (str(seen[name] or "-") for name in ("status", "test", "outcome", "collected_at"))
    click.echo(printable("  ".join((f"#{seen['index'] + 1}", *told, who))))
    for found in (*seen["errors"], *seen["warnings"]):
        click.echo(f"  [{found['code']}] {found['message']} {found['hint']}")


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
    kind = CodeKind.VALUE if value else CodeKind.TEST
    chosen = None if remove else meaning or ""
    desk = installation.onboarding.codes
    wrong = desk.map(facility.code, kind, (system, local), chosen, by=CLI)
    if wrong is not None:
        note("cli.facility.meanings", known=", ".join(desk.meanings(kind)))
        refuse(wrong)
    note("cli.facility.mapped", code=facility.code)


@command.command("codes", epilog="Example: ketqua facility codes BVX list.csv")
@click.argument("code")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"), required=False)
def codes(code: str, file: IO[str] | None) -> None:
    """Show what is mapped; with the laboratory's code list what maps.

    A line of FILE is code[,system[,name]], code;name or system|code|name.
    """
    from bot.opening import open_installation

    installation = open_installation()
    facility, desk = installation.facility(code), installation.onboarding.codes
    if file is None:
        mapped = desk.mapped(facility.code)
        for (system, local), meaning in (*mapped.tests.items(), *mapped.values.items()):
            click.echo(f"{system}|{local}\t{meaning}")
        return
    known = desk.known(facility.code, CodeKind.TEST, read_list(file.read()))
    for each in known:
        click.echo(
            printable(f"{each.listed.system}|{each.listed.code}") + f"\t{each.meaning or '-'}"
        )
    note("cli.facility.codes_missing", n=sum(not each.meaning for each in known))
