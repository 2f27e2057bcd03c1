"""``ketqua revoke``: take back a certificate, a signer, or hashes that another issuer sent us.

A certificate of ours counts no more at once, its holder is told, and the published list follows
within a minute. ``ketqua revoke list`` shows what was revoked.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot.cli.output import note, print_json

if TYPE_CHECKING:
    from bot.app import Installation
    from core.certificates.revocations import Entry
    from core.ports import ShelfItem

_ACTOR = "cli"
_LINE = re.compile(r"(?P<named>\S+?)(?:[\s,;]+(?P<reason>.+))?")
_HASH = re.compile(r"(?:(?P<kind>uvci|country_uvci|signature):)?(?P<hex>[0-9A-Fa-f]{32})")
_KID = re.compile(r"[0-9A-Fa-f]{16}")
_MOST_SHOWN = 10_000


@click.command("revoke")
@click.option("--reason", default="", help="Why; kept and audited, never published.")
@click.option("--facility", "facility_code", help="Where an accession is not unique.")
@click.option("--kid", help="Revoke a signer with all that it signed (16 hexadecimal digits).")
@click.option(
    "--list", "file", type=click.Path(path_type=Path, dir_okay=False),
    help="Revoke what a file names: a UVCI or a hash a line, then its reason.",
)  # fmt: skip
@click.option(
    "--hash-type", type=click.Choice(["signature", "uvci", "country_uvci"]), default="signature",
    show_default=True, help="Of hashes of the file that don't say (signature:…, uvci:…).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="With list: print JSON.")
@click.argument("reference", required=False, metavar="RESULT_ID|UVCI|ACCESSION|CODE|list")
def command(
    reason: str,
    facility_code: str | None,
    kid: str | None,
    file: Path | None,
    hash_type: str,
    as_json: bool,
    reference: str | None,
) -> None:
    """Revoke a certificate, a signer, or what a file lists.

    \b
    Examples:
      ketqua revoke 2107662558 --facility BVX --reason "tubes were mixed up"
      ketqua revoke --kid 655a235f89c59371 --reason "key was copied"
      ketqua revoke --list revoked.txt --hash-type uvci --reason "list of 3 May"
      ketqua revoke list --json
    """  # noqa: D301  (click wants the control character itself)
    from bot.opening import open_installation

    chosen = [each for each in (reference, kid, file) if each]
    if len(chosen) != 1:
        _refuse("cli.revoke.choose_one")
    installation = open_installation()
    if reference == "list":
        _show(installation, as_json=as_json)
    elif file:
        _revoke_file(installation, file, hash_type, reason)
    elif not reason.strip():
        _refuse("cli.revoke.no_reason")
    elif kid:
        _revoke_kid(installation, kid, reason)
    else:
        _revoke_result(installation, reference or "", facility_code, reason)


def _revoke_result(
    installation: Installation, reference: str, facility_code: str | None, reason: str
) -> None:
    found = [each for each in installation.find_results(reference, facility_code) if each.uvci]
    if not found:
        note("cli.revoke.not_found", reference=reference)
        sys.exit(1)
    if len(found) > 1:
        for item in found:
            click.echo(f"{item.result_id} {item.facility_code} {item.uvci}", err=True)
        note("cli.revoke.several")
        sys.exit(2)
    sys.exit(0 if _revoke(installation, found[0], reason) else 1)


def _revoke(installation: Installation, item: ShelfItem, reason: str) -> bool:
    from core.certificates.revoking import Outcome

    outcome = installation.revocation_desk.revoke(item, actor=_ACTOR, reason=reason)
    note(f"cli.revoke.{outcome}", uvci=item.uvci)
    return outcome is Outcome.REVOKED


def _revoke_kid(installation: Installation, kid: str, reason: str) -> None:
    if not _KID.fullmatch(kid):
        _refuse("cli.revoke.kid_unreadable", kid=kid)
    done = installation.revocation_desk.revoke_kid(bytes.fromhex(kid), actor=_ACTOR, reason=reason)
    note("cli.revoke.kid_revoked" if done else "cli.revoke.kid_already", kid=kid.lower())
    sys.exit(0 if done else 1)


def _revoke_file(installation: Installation, file: Path, hash_type: str, reason: str) -> None:
    """Every line is read before the first is revoked: a broken one stops all."""
    lines = _lines(file)
    unusable = [number for number, (_, why) in lines.items() if not (why or reason.strip())]
    if unusable:
        _refuse("cli.revoke.line_without_reason", numbers=", ".join(map(str, unusable[:20])))
    counted = {"revoked": 0, "already": 0}
    hashes: dict[str, list[Entry]] = {}
    for named, why in lines.values():
        item = _ours(installation, named)
        if item is None:
            hashes.setdefault(why or reason, []).append(_entry(named, hash_type))
        else:
            done = _revoke(installation, item, why or reason)
            counted["revoked" if done else "already"] += 1
    for why, entries in hashes.items():
        added = installation.revocation_desk.revoke_hashes(entries, actor=_ACTOR, reason=why)
        counted["revoked"] += added
        counted["already"] += len(entries) - added
    note("cli.revoke.file_done", **counted)


def _lines(file: Path) -> dict[int, tuple[str, str]]:
    """What a file names, with its reason, by line number; blank lines and # are left out."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, ValueError):
        _refuse("verdicts.cli.unreadable_file", path=file)
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line.strip())
        if match and not line.startswith("#"):
            found[number] = match["named"], match["reason"] or ""
    return found


def _ours(installation: Installation, named: str) -> ShelfItem | None:
    if _HASH.fullmatch(named):
        return None
    found = [each for each in installation.shelf.find(named) if each.uvci == named]
    return found[0] if found else None


def _entry(named: str, hash_type: str) -> Entry:
    from core.certificates.revocations import Entry, HashKind, uvci_hash

    match = _HASH.fullmatch(named)
    if match:
        return Entry(HashKind(match["kind"] or hash_type), bytes.fromhex(match["hex"]))
    return Entry(HashKind.UVCI, uvci_hash(named))


def _show(installation: Installation, *, as_json: bool) -> None:
    found = installation.revocations.recent(_MOST_SHOWN)
    if as_json:
        print_json(found)
        return
    for each in found:
        at = each.act.at.isoformat(timespec="seconds")
        click.echo(f"{at}\t{each.act.actor}\t{each.target}\t{each.named}\t{each.act.reason}")


def _refuse(key: str, **data: object) -> NoReturn:
    note(key, **data)
    sys.exit(2)
