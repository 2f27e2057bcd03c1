"""``ketqua migrate``: bring the database to the shape that this version needs."""

from __future__ import annotations

import click

from bot.cli.output import note


@click.command("migrate")
def command() -> None:
    """Create or upgrade the tables; safe to run again."""
    from bot.opening import choose_settings
    from storage.migrate import upgrade

    settings = choose_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database)
    note("cli.migrate.done")
