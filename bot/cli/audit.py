"""``ketqua audit``: who did what, when."""

from __future__ import annotations

import click

from bot.cli.output import print_json


@click.command("audit", epilog="Example: ketqua audit --limit 20 --json")
@click.option("--limit", default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def command(limit: int, as_json: bool) -> None:
    """Show the newest entries of the audit log."""
    from bot.opening import open_installation

    entries = open_installation().audit.recent(limit)
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        at = entry.at.isoformat(timespec="seconds")
        click.echo(f"{at}\t{entry.actor}\t{entry.action}\t{entry.subject}\t{entry.detail}")
