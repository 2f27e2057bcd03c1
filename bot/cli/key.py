"""``ketqua key``: the keys that sign, from their making to their end, and whom we trust.

Every change is recorded in the audit log.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import explain, moment, note, print_json, say
from core.errors import SetupRefused

if TYPE_CHECKING:
    from bot.app import Installation
    from core.certificates.keys import KeptKey

_MOST_BYTES = 1024 * 1024


@click.group("key")
def command() -> None:
    """Create, list, rotate and retire signing keys; trust those of others."""


@command.command("init", epilog="Example: ketqua key init")
def init() -> None:
    """Create the CSCA, a first document signer and a first list signer, where there are none."""
    from bot.opening import open_installation

    installation = open_installation()
    made = installation.make_first_keys()
    installation.audit_cli("keys_created" if made else "keys_kept", "")
    note("cli.key.created" if made else "cli.key.kept", folder=installation.settings.keys_folder)


@command.command("list", epilog="Example: ketqua key list --json")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List every key by kid: its role, issuer, times, state and store; then whom we trust."""
    from bot.opening import open_installation

    installation = open_installation()
    rows = [*_ours(installation), *_others(installation)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo("\t".join(_shown(value) for value in row.values()))
    if not rows:
        note("cli.key.none")
    for path in installation.keys.damaged():
        click.echo(explain(SetupRefused("key_file_unreadable", path)), err=True)


def _ours(installation: Installation) -> list[dict[str, object]]:
    from core.certificates.keys import state_of

    kept = installation.keys.kept()
    return [
        {"kid": key.kid.hex(), "role": key.role.value, "issuer": key.issuer,
         "not_before": key.signs_from, "not_after": key.signs_until,
         "state": state_of(key, kept, installation.clock()).value, "store": key.store}
        for key in kept
    ]  # fmt: skip


def _others(installation: Installation) -> list[dict[str, object]]:
    from core.certificates.trust import TrustedCertificate

    return [
        {"kid": each.kid.hex(), "role": "trusted", "issuer": each.issuer,
         "not_before": each.not_before, "not_after": each.not_after,
         "state": "", "store": each.country}
        for each in map(TrustedCertificate.from_der, installation.keys.trusted())
    ]  # fmt: skip


def _shown(value: object) -> str:
    shown = value.isoformat(timespec="minutes") if isinstance(value, datetime) else str(value)
    return "".join(character for character in shown if character.isprintable())


@command.command("rotate", epilog="Example: ketqua key rotate --from 2026-08-01T00:00+07:00")
@click.option("--from", "starts", metavar="TIME", help="RFC 3339, or now; else after the overlap.")
@click.option("--role", type=click.Choice(["dsc", "list"]), default="dsc", show_default=True)
@click.option("--csca-key", type=click.Path(path_type=Path), help="Where csca.key was moved to.")
@click.option("--ask-passphrase", is_flag=True, help="Of that file, where it has its own.")
def rotate(starts: str | None, role: str, csca_key: Path | None, ask_passphrase: bool) -> None:
    """Publish a new signer that takes over later; the old one goes on verifying."""
    from bot.opening import open_installation
    from core.certificates.keys import Role

    at = _moment(starts)
    installation = open_installation()
    passphrase = click.prompt(say("cli.key.passphrase"), hide_input=True) if ask_passphrase else ""
    csca = installation.key_store.csca(csca_key, passphrase.encode())
    made = installation.key_desk.rotate(csca, role=Role(role), starts=at)
    installation.audit_cli("key_rotated", made.kid.hex())
    _tell("cli.key.rotated", made)


@command.command("retire", epilog="Example: ketqua key retire 655a235f89c59371")
@click.argument("kid")
def retire(kid: str) -> None:
    """Stop signing with a key at once; its certificates still verify."""
    from bot.opening import open_installation

    installation = open_installation()
    successor = installation.key_desk.retire(kid)
    installation.audit_cli("key_retired", kid.strip().lower())
    if successor is None:
        note("cli.key.retired_without_successor", kid=kid)
    else:
        note("cli.key.retired", kid=kid, successor=successor.kid.hex())


@command.command("import", epilog="Example: ketqua key import dsc-fr.pem --country FR")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--country", required=True, metavar="CC", help="ISO 3166 code, two letters.")
def import_(file: Path, country: str) -> None:
    """Trust the document signers in a file: PEM (any number) or DER; never a CA."""
    from bot.opening import open_installation

    data = _read(file)
    installation = open_installation()
    for adopted in installation.key_desk.adopt(data, country.upper()):
        kid = adopted.kid.hex()
        installation.audit_cli("key_known" if adopted.known else "key_imported", kid)
        note("cli.key.known" if adopted.known else "cli.key.imported", kid=kid,
             issuer=_shown(adopted.issuer))  # fmt: skip
        if adopted.expired:
            note("cli.key.imported_expired", kid=kid)


@command.command("reissue-missing", epilog="Example: ketqua key reissue-missing --limit 1000")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True)
def reissue_missing(limit: int) -> None:
    """Give results that were released without a signing key their certificates.

    Nobody is told again. Exit 1 while some still wait.
    """
    from bot.opening import open_installation

    installation = open_installation()
    made = installation.reissuing.round(limit)
    left = installation.reissuing.owed.count()
    if made:
        installation.audit_cli("certificates_reissued", str(made))
    note("cli.key.reissued", made=made, left=left)
    sys.exit(1 if left else 0)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.now(UTC) if text.strip().lower() == "now" else moment(text)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES)
    except OSError:
        note("verdicts.cli.unreadable_file", path=file)
        sys.exit(2)


def _tell(key: str, made: KeptKey) -> None:
    since = made.signs_from.isoformat(timespec="minutes")
    note(key, kid=made.kid.hex(), since=since, store=made.store)
