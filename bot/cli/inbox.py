"""``ketqua inbox``: what laboratories sent that could not be used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bot.cli.output import finding_json, note, print_json, printable

if TYPE_CHECKING:
    from core.ports import QuarantinedItem


@click.group("inbox")
def command() -> None:
    """Look at quarantined items."""


@command.command("list", epilog="Example: ketqua inbox list --facility BVNDGD --json")
@click.option("--facility", help="Only of this facility.")
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def list_quarantined(facility: str | None, limit: int, as_json: bool) -> None:
    """List quarantined items, newest first, with what to do about each."""
    from bot.app import open_installation

    only = frozenset({facility}) if facility else None
    items = open_installation().inbox.quarantined(only, limit)
    if as_json:
        print_json([_json(item) for item in items])
        return
    for item in items:
        click.echo(f"{item.id}\t{item.facility}\t{printable(item.source)} #{item.index + 1}")
        for error in map(finding_json, item.errors):
            click.echo(f"  [{error['code']}] {error['message']} {error['hint']}")
    if not items:
        note("cli.inbox.empty")


def _json(item: QuarantinedItem) -> dict[str, object]:
    return {
        "id": item.id,
        "facility": item.facility,
        "source": item.source,
        "index": item.index,
        "received_at": item.received_at,
        "errors": [finding_json(error) for error in item.errors],
    }


@command.command("show")
@click.argument("item_id")
def show(item_id: str) -> None:
    """Write an item's bytes as they were received to stdout; the look is audited."""
    from bot.app import open_installation

    installation = open_installation()
    raw = installation.inbox.raw(item_id)
    if raw is None:
        note("cli.inbox.unknown", id=item_id)
        sys.exit(1)
    installation.audit_cli("raw_item_shown", item_id)
    sys.stdout.buffer.write(raw)
