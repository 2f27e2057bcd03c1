"""``ketqua trust``: whose certificates count here beside our own.

A list is imported under an anchor that came by another way; its document signers then check at
``/verify``, in the chat and in ``ketqua verify``, and stand in our published trust list.
"""

from __future__ import annotations

import sys

import click

from bot.cli import lists
from bot.cli.output import note, print_json

_SHORTEST = 8  # hexadecimal digits of a fingerprint that is not written out


@click.group("trust")
def command() -> None:
    """Import, list and remove trust lists of others."""


@command.command("import", epilog="Example: ketqua trust import https://… --anchor csca.pem")
@click.argument("source", metavar="FILE|URL")
@click.option("--anchor", "anchor_path", required=True, metavar="PEM", help="Who vouches for it.")
def import_list(source: str, anchor_path: str) -> None:
    """Trust the document signers of a list; it takes the place of the last under this anchor."""
    from bot.opening import open_installation
    from storage.foreign_lists import ImportedList

    installation, anchor = open_installation(), lists.read_anchor(anchor_path)
    store, now = installation.foreign_lists, installation.clock()
    seen = store.version(anchor.fingerprint)
    found = lists.read_checked(lists.fetch(source), anchor, at=now, seen=seen)
    imported = ImportedList(
        anchor.fingerprint, source[:200], found.version, now, found.certificates
    )
    if not store.put(imported):
        lists.refuse("cli.list.version_rollback", code="version_rollback")
    installation.audit_cli("trust_imported", anchor.fingerprint)
    note("cli.trust.imported", count=len(found.certificates), anchor=anchor.fingerprint)


@command.command("list", epilog="Example: ketqua trust list --json")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List imported lists with how many certificates each brought."""
    from bot.opening import open_installation

    rows = [
        {"anchor": each.anchor, "origin": each.origin, "version": each.version,
         "imported_at": each.imported_at, "certificates": len(each.certificates)}
        for each in open_installation().foreign_lists.all()
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo("\t".join("-" if value is None else str(value) for value in row.values()))
    if not rows:
        note("cli.trust.none")


@command.command("remove", epilog="Example: ketqua trust remove 3f7a0c55")
@click.argument("anchor")
def remove(anchor: str) -> None:
    """Trust the list under an anchor no more; its first 8 digits are enough."""
    from bot.opening import open_installation

    installation = open_installation()
    kept = [each.anchor for each in installation.foreign_lists.all()]
    meant = [each for each in kept if len(anchor) >= _SHORTEST and each.startswith(anchor.lower())]
    if len(meant) != 1 or not installation.foreign_lists.remove(meant[0]):
        note("cli.trust.unknown", anchor=anchor)
        sys.exit(1)
    installation.audit_cli("trust_removed", meant[0])
    note("cli.trust.removed", anchor=meant[0])
