"""``ketqua qr``: the QR code of a result, as a picture or as text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import note, write
from core.certificates.compact import as_compact_text
from core.certificates.issue import as_text

if TYPE_CHECKING:
    from core.ports import ShelfItem


@click.command("qr", epilog="Example: ketqua qr 2107662558 --facility BVNDGD -o qr.png")
@click.argument("reference", metavar="ACCESSION|UVCI|RESULT_ID")
@click.option("--facility", "facility_code", help="Where an accession is not unique.")
@click.option("--profile", type=click.Choice(["full", "compact"]), default="full")
@click.option(
    "--format", "picture", type=click.Choice(["png", "svg", "txt", "text"]), default="png",
    help="txt draws it in the terminal; text prints the HC1: or KQ1: text.",
)  # fmt: skip
@click.option("--asked", is_flag=True, help="Its holder asked for it: class B may be drawn.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
def command(
    reference: str,
    facility_code: str | None,
    profile: str,
    picture: str,
    asked: bool,
    output: Path | None,
) -> None:
    """Draw the QR code of a result; exit 1 if it has none."""
    from bot.opening import open_installation
    from core.policy.printing import print_refusal, printable

    installation = open_installation()
    found = printable(installation.find_results(reference, facility_code))
    certified = [
        item
        for item in found
        if item.uvci and item.certificate and installation.standing(item.uvci) == "good"
    ]
    if not certified:
        note("cli.qr.no_certificate" if found else "cli.qr.not_found", reference=reference)
        sys.exit(1)
    if len(certified) > 1:
        for item in certified:
            click.echo(f"{item.result_id} {item.facility_code} {item.result.test.key}", err=True)
        note("cli.qr.several")
        sys.exit(2)
    refusal = print_refusal(certified[0], standing="good", asked=asked)
    if refusal:
        note(f"paper.refused.{refusal}", reference=reference)
        sys.exit(1)
    text = _text(certified[0], profile)
    if text is None:
        note("cli.qr.no_compact", reference=reference)
        sys.exit(1)
    installation.audit_cli("qr_drawn", certified[0].result_id)
    write(_draw(text, picture), output)


def _text(item: ShelfItem, profile: str) -> str | None:
    if profile == "compact":
        return as_compact_text(item.compact) if item.compact else None
    return as_text(item.certificate) if item.certificate else None


def _draw(text: str, picture: str) -> bytes:
    from core.certificates.picture import png, svg, terminal

    if picture == "png":
        return png(text)
    drawn = {"svg": svg, "txt": terminal}.get(picture, lambda t: t + "\n")(text)
    return drawn if isinstance(drawn, bytes) else drawn.encode()
