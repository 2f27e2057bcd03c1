"""``ketqua slip``: results on paper, as a PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import note, write

if TYPE_CHECKING:
    from core.ports import ShelfItem


@click.command("slip", epilog="Example: ketqua slip 2107662558 --facility BVNDGD -o slip.pdf")
@click.argument("references", metavar="ACCESSION|UVCI|RESULT_ID…", nargs=-1, required=True)
@click.option("--facility", "facility_code", help="Where an accession is not unique.")
@click.option("--card", "form", flag_value="card", help="As a card, one a page.")
@click.option("--sheet", "form", flag_value="sheet", help="As cards on A4, ten a page.")
@click.option(
    "--asked", is_flag=True, help="Its holder asked for it: one result of class B may be printed."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
def command(
    references: tuple[str, ...],
    facility_code: str | None,
    form: str | None,
    asked: bool,
    output: Path | None,
) -> None:
    """Print results on A4, a page each, or as cards; exit 1 if none may be printed."""
    from bot.opening import open_installation
    from core.paper.press import Form
    from core.policy.printing import printable

    installation = open_installation()
    found: list[ShelfItem] = []
    for reference in references:
        items = printable(installation.find_results(reference, facility_code))
        if not items:
            note("cli.qr.not_found", reference=reference)
        found += items
    printed = installation.press.print(found, Form(form or Form.SLIP), asked=asked)
    for item, refusal in printed.refused:
        names = {"reference": item.result.accession, "result_id": item.result_id}
        note(f"paper.refused.{refusal}", **names)
    if not printed.pdf:
        sys.exit(1)
    for item in printed.items:
        installation.audit_cli("slip_printed", item.result_id)
    write(printed.pdf, output)
