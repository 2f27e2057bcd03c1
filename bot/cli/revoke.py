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
_UVCI = re.compile(r"URN:UVCI:[0-9A-Za-z/:#._-]+")
_KID = re.compile(r"[0-9A-Fa-f]{16}")
_MOST_SHOWN = 10_000
_MOST_NUMBERS = 20  # of lines in one sentence


@click.command("revoke")
@click.option("--reason", default="", help="Why; kept and audited, never published.")
@click.option(
    "--facility", "facility_code", help="Where an accession is not unique, in a file too."
)
@click.option("--kid", help="Revoke a signer with all that it signed (16 hexadecimal digits).")
@click.option(
    "--list", "file", type=click.Path(path_type=Path, dir_okay=False),
    help="Revoke what a file names: a UVCI, a hash or a result a line, then its reason.",
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
        _revoke_file(installation, _lines(file, reason), facility_code, hash_type)
    elif not reason.strip():
        _refuse("cli.revoke.no_reason")
    elif kid:
        _revoke_kid(installation, kid, reason)
    else:
        _revoke_result(installation, reference or "", facility_code, reason)


def _revoke_result(
    installation: Installation, reference: str, facility_code: str | None, reason: str
) -> None:
    found = _certified(installation, reference, facility_code)
    if not found:
        note("cli.revoke.not_found", reference=reference)
        sys.exit(1)
    if len(found) > 1:
        for item in found:
            click.echo(f"{item.result_id} {item.facility_code} {item.uvci or '-'}", err=True)
        note("cli.revoke.several")
        sys.exit(2)
    sys.exit(0 if _revoke(installation, found[0], reason) else 1)


def _revoke(installation: Installation, item: ShelfItem, reason: str) -> bool:
    from core.certificates.revoking import Outcome

    outcome = installation.revocation_desk.revoke(item, actor=_ACTOR, reason=reason)
    note(f"cli.revoke.{outcome}", uvci=item.uvci or item.result_id)
    return outcome is Outcome.REVOKED


def _revoke_kid(installation: Installation, kid: str, reason: str) -> None:
    if not _KID.fullmatch(kid):
        _refuse("cli.revoke.kid_unreadable", kid=kid)
    kid = kid.lower()
    ours = installation.key_desk.stop(kid)  # first: what it signed meanwhile would be void
    if ours and ours.retired_at is None:
        installation.audit_cli("key_retired", kid)
    done = installation.revocation_desk.revoke_kid(bytes.fromhex(kid), actor=_ACTOR, reason=reason)
    note("cli.revoke.kid_revoked" if done else "cli.revoke.kid_already", kid=kid)
    if ours:
        note("cli.revoke.kid_ours", role=ours.role.value)
    sys.exit(0 if done else 1)


def _revoke_file(
    installation: Installation,
    lines: dict[int, tuple[str, str]],
    facility_code: str | None,
    hash_type: str,
) -> None:
    """Every line is read before the first is revoked: a broken one stops all."""
    named = {number: each for number, (each, _) in lines.items()}
    items = _resolved(installation, named, facility_code)
    counted = {"revoked": 0, "already": 0}
    hashes: dict[str, list[Entry]] = {}
    for number, (each, why) in lines.items():
        if number in items:
            done = _revoke(installation, items[number], why)
            counted["revoked" if done else "already"] += 1
        else:
            hashes.setdefault(why, []).append(_entry(each, hash_type))
    for why, entries in hashes.items():
        added = installation.revocation_desk.revoke_hashes(entries, actor=_ACTOR, reason=why)
        counted["revoked"] += added
        counted["already"] += len(entries) - added
    note("cli.revoke.file_done", **counted)


def _lines(file: Path, reason: str) -> dict[int, tuple[str, str]]:
    """What a file names, with its reason, by line number; blank lines and # are left out."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, ValueError):
        _refuse("verdicts.cli.unreadable_file", path=file)
    found = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        match = _LINE.fullmatch(line)
        if match and not line.startswith("#"):
            found[number] = match["named"], match["reason"] or reason.strip()
    _stop_at([number for number, (_, why) in found.items() if not why], "line_without_reason")
    return found


def _resolved(
    installation: Installation, named: dict[int, str], facility_code: str | None
) -> dict[int, ShelfItem]:
    """The certificates of ours by line; a line without any must be another issuer's."""
    found = {
        number: _certified(installation, each, facility_code)
        for number, each in named.items()
        if not _HASH.fullmatch(each)
    }
    unknown = [
        number for number, items in found.items() if not items and not _is_foreign(named[number])
    ]
    _stop_at(unknown, "line_unknown")
    _stop_at([number for number, items in found.items() if len(items) > 1], "line_of_several")
    return {number: items[0] for number, items in found.items() if items}


def _certified(
    installation: Installation, reference: str, facility_code: str | None
) -> list[ShelfItem]:
    """What it means, if it has a certificate or is owed one."""
    found = installation.find_results(reference, facility_code)
    return installation.revocation_desk.revocable(found)


def _is_foreign(named: str) -> bool:
    """Whether it can be another's UVCI; with our prefix and a wrong check it was mistyped."""
    from core.certificates.uvci import PREFIX, check_ok

    return bool(_UVCI.fullmatch(named)) and (not named.startswith(PREFIX) or check_ok(named))


def _stop_at(numbers: list[int], why: str) -> None:
    if numbers:
        _refuse(f"cli.revoke.{why}", numbers=", ".join(map(str, numbers[:_MOST_NUMBERS])))


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
