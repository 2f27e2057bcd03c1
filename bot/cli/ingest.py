"""``ketqua ingest``: take in files of a laboratory and account for every item."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import explain_finding, finding_json, note, print_json, say
from core.messages.findings import printable
from core.results.intake import IntakeReport
from core.results.versions import Change
from labs.replies.account import account

if TYPE_CHECKING:
    from bot.app import Installation
    from core.results.facility import Facility

_WORTH_A_PROGRESS_LINE = 1_000_000  # bytes
_FORMATS = ("auto", "fhir", "hl7v2", "csv", "xlsx", "xml4")


@click.command("ingest", epilog="Example: ketqua ingest --facility BVNDGD --json results.hl7")
@click.option("--facility", "facility_code", required=True, help="Code of the sending facility.")
@click.option("--format", "file_format", type=click.Choice(_FORMATS), default="auto")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(facility_code: str, file_format: str, as_json: bool, paths: tuple[Path, ...]) -> None:
    """Take in PATH… (files, or folders of files); exit 1 if anything was quarantined."""
    from bot.opening import open_installation

    files = _files(paths)
    for file in files:
        _check_readable(file)
    installation = open_installation()
    facility = installation.facility(facility_code)
    report = IntakeReport()
    for file in files:
        report.items += _receive(installation, file, facility, file_format).items
    installation.audit_cli("ingested", facility.code)
    print_report(report, as_json=as_json)
    sys.exit(1 if report.counts()[Change.QUARANTINED] else 0)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return found


def _check_readable(file: Path) -> None:
    """Before anything is taken in: a typing mistake must not cost the account of the rest."""
    try:
        file.open("rb").close()
    except OSError as error:
        note("cli.unreadable_file", path=file, reason=error.strerror)
        sys.exit(2)


def _receive(
    installation: Installation, file: Path, facility: Facility, file_format: str
) -> IntakeReport:
    data = file.read_bytes()
    shown = sys.stderr.isatty() and len(data) > _WORTH_A_PROGRESS_LINE

    def progress(done: int) -> None:
        if shown:
            click.echo(f"\r{file.name}: {done}", nl=False, err=True)

    report = installation.intake.receive(
        data, facility, source=file.name, format=file_format, progress=progress
    )
    if shown:
        click.echo(err=True)
    return report


def print_report(report: IntakeReport, *, as_json: bool) -> None:
    """Print the account: counts, then each finding."""
    if as_json:
        print_json(account(report, explain_finding))
        return
    for change, count in report.counts().items():
        click.echo(f"{say(f'cli.ingest.{change}')}: {count}")
    for item in report.items:
        for finding in (*item.errors, *item.warnings):
            told = finding_json(finding)
            click.echo(
                f"{printable(item.source)} #{item.index + 1} [{told['code']}] {told['field']}: "
                f"{told['message']} {told['hint']}"
            )
