"""``ketqua inbox``: what laboratories sent that could not be used."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from bot.cli.ingest import print_report
from bot.cli.output import finding_json, note, print_json
from core.messages.findings import printable
from core.results.versions import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.results.inbox import KeptItem, QuarantinedItem


@click.group("inbox")
def command() -> None:
    """Look at quarantined items, and take them in again."""


@command.command("list", epilog="Example: ketqua inbox list --facility BVNDGD --json")
@click.option("--facility", help="Only of this facility.")
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def list_quarantined(facility: str | None, limit: int, as_json: bool) -> None:
    """List quarantined items, newest first, with what to do about each."""
    from bot.opening import open_installation

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


@command.command("show", epilog="Example: ketqua inbox show BVX:0f3a…")
@click.argument("item_id")
def show(item_id: str) -> None:
    """Write an item's bytes as they were received to stdout; the look is audited."""
    from bot.opening import open_installation

    installation = open_installation()
    raw = installation.inbox.raw(item_id)
    if raw is None:
        note("cli.inbox.unknown", id=item_id)
        sys.exit(1)
    installation.audit_cli("raw_item_shown", item_id)
    sys.stdout.buffer.write(raw)


@command.command("replay", epilog="Example: ketqua inbox replay BVX --reason unknown_test")
@click.argument("facility_code")
@click.argument("item_ids", nargs=-1)
@click.option("--reason", default="", help="Only what waits for this first reason.")
@click.option("--json", "as_json", is_flag=True)
def replay(facility_code: str, item_ids: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Take quarantined items in again, after a mapping or the catalogue was mended.

    All of the facility, those of one reason, or the ITEM_IDS; exit 1 if any still waits.
    """
    from bot.opening import open_installation
    from core.results.intake import IntakeReport

    installation = open_installation()
    facility = installation.facility(facility_code)
    find = partial(installation.inbox.kept, facility.code, reason=reason, ids=item_ids)
    report = IntakeReport()
    with click.progressbar(
        every_kept(find), file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as items:
        for item in items:
            report.items += installation.intake.replay([item], facility).items
    installation.audit_cli("replayed", facility.code)
    print_report(report, as_json=as_json)
    sys.exit(1 if report.counts()[Change.QUARANTINED] else 0)


def every_kept(find: Callable[[], list[KeptItem]]) -> Iterator[KeptItem]:
    """Batch after batch; what still waits comes last, and ends it when it comes again."""
    seen: set[str] = set()
    while fresh := [item for item in find() if item.id not in seen]:
        seen.update(item.id for item in fresh)
        yield from fresh


@command.command("trace", epilog="Example: ketqua inbox trace BVX:0f3a…")
@click.argument("item_id")
def trace(item_id: str) -> None:
    """Print as JSON what came of an item: its result, certificate and messages."""
    from bot.opening import open_installation

    found = open_installation().inbox.lineage(item_id)
    if found is None:
        note("cli.inbox.unknown", id=item_id)
        sys.exit(1)
    print_json(found)


@command.command("reasons", epilog="Example: ketqua inbox reasons")
@click.option("--facility", help="Only of this facility.")
def reasons(facility: str | None) -> None:
    """Count what waits, by facility and reason."""
    from bot.opening import open_installation

    only = frozenset({facility.upper()}) if facility else None
    for (code, reason), count in sorted(open_installation().inbox.reasons(only).items()):
        click.echo(f"{code}\t{reason}\t{count}")
