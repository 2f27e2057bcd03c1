"""``ketqua verify``: judge one certificate and say so in words, JSON and the exit code.

It starts fast, because officers run it for every person: nothing of the chats, the pages or
the database is imported here, and imaging only for a picture. Exit 0: valid; 1: any other
verdict; 2: bad options or an unreadable file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from bot.cli.output import moment, say
from core.certificates.claims import Claims, Kind, rfc3339
from core.certificates.revocations import Marks
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verdict import Standing, Verdict, VerdictWord, words_of_reason
from core.certificates.verify import Rule
from core.certificates.verify import verify as check_text
from core.certificates.verify import verify_image as check_image
from core.policy.rules import DEFAULT_PLACE, default_rule

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"%PDF")
_VALID, _NEGATIVE, _UNUSABLE = 0, 1, 2
_MOST = 10 * 1024 * 1024 + 1  # bytes; one more than a picture may have


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whom to trust, and whom to ask about revocations; nobody where lists were handed over."""

    store: TrustStore
    standing: Callable[[str], Standing] | None = None
    listed: Callable[[Marks], bool] | None = None


@click.command(name="verify")
@click.option("certs", "--cert", multiple=True, metavar="PEM|DER", help="Trust this certificate.")
@click.option("--trust-list", metavar="FILE|URL", help="Trust a signed list.")
@click.option("--trust-anchor", metavar="PEM", help="Who vouches for it; else our CSCA.")
@click.option("at_text", "--at", metavar="TIME", help="Check as of then: RFC 3339, else UTC.")
@click.option("--place", metavar="CODE", help="Apply this place's rules.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document.")
@click.argument("subject", metavar="TEXT|IMAGE|-")
def command(
    certs: tuple[str, ...],
    trust_list: str | None,
    trust_anchor: str | None,
    at_text: str | None,
    place: str | None,
    as_json: bool,
    subject: str,
) -> None:
    """Check a certificate: its text, a picture of it, or - for standard input.

    \b
    Examples:
      ketqua verify photo.jpg
      ketqua verify --cert dsc.pem --at 2026-07-12T08:00:00Z 'HC1:...'
      ketqua verify --trust-list trust-list.jws --trust-anchor csca.pem photo.jpg
      ketqua verify --place DEFAULT --json - < certificate.png
    """  # noqa: D301  (click wants the control character itself)
    if trust_anchor and not trust_list:
        _refuse("verdicts.cli.anchor_alone")
    at = datetime.now(UTC) if at_text is None else moment(at_text)
    data = _subject(subject)
    given = certs or trust_list
    trust = _given(certs, trust_list, trust_anchor, at) if given else _installed()
    check = partial(check_image, data) if _is_picture(data) else partial(check_text, _text(data))
    rule = _rule(place.upper(), at, alone=bool(given)) if place else None
    verdict = check(trust.store, at=at, standing=trust.standing, listed=trust.listed, rule=rule)
    click.echo(json.dumps(verdict.to_json(), ensure_ascii=False) if as_json else _words(verdict))
    sys.exit(_VALID if verdict.is_valid else _NEGATIVE)


def _given(
    paths: tuple[str, ...], trust_list: str | None, trust_anchor: str | None, at: datetime
) -> _Trust:
    """Trust what was handed over; nobody knows of revocations then."""
    certificates = [each for path in paths for each in _certificates(path)]
    if trust_list:
        certificates += _listed(trust_list, trust_anchor, at)
    return _Trust(TrustStore(certificates))


def _listed(source: str, anchor_path: str | None, at: datetime) -> list[TrustedCertificate]:
    """The certificates of a list that the anchor, or our own CSCA, vouches for."""
    from bot.cli import lists
    from bot.opening import own_anchor
    from bot.settings import Settings

    folder = Settings.from_env().data_dir  # where nothing is set up too, without making a demo
    anchor = lists.read_anchor(anchor_path) if anchor_path else own_anchor()
    seen = lists.seen_version(folder, anchor)
    found = lists.read_checked(lists.fetch(source), anchor, at=at, seen=seen)
    lists.remember(folder, anchor, found.version)
    return [each for der in found.certificates for each in _opened(der)]


def _opened(der: bytes) -> tuple[TrustedCertificate, ...]:
    """One that we can't use (an unknown kind of key) spoils no list."""
    try:
        return (TrustedCertificate.from_der(der),)
    except ValueError:
        return ()


def _certificates(path: str) -> tuple[TrustedCertificate, ...]:
    try:
        return TrustedCertificate.read(_contents(path), given=True)
    except ValueError:
        _refuse("verdicts.cli.not_a_certificate_file", path=path)


def _installed() -> _Trust:
    """Trust this installation. Raises: SetupRefused, which ``ketqua`` turns into a sentence."""
    from bot.opening import open_trust  # --cert needs no installation

    return _Trust(*open_trust())


def _rule(place: str, at: datetime, *, alone: bool) -> Rule:
    """The rules that count at a place; without an installation only the packaged ones do."""
    if alone and place == DEFAULT_PLACE:
        return default_rule
    from bot.opening import open_installation

    rules = open_installation().rules
    found = rules.rule_of(place, at)
    if found.place != place:
        _refuse("verdicts.cli.unknown_place", place=place)
    return found.judge


def _subject(subject: str) -> bytes:
    if subject == "-":
        return sys.stdin.buffer.read(_MOST)
    return _contents(subject) if _is_path(subject) else subject.encode("utf-8", "replace")


def _is_path(subject: str) -> bool:
    """A certificate's text can be too long or too odd for a file's name: then it is none."""
    try:
        return Path(subject).exists()
    except (OSError, ValueError):
        return False


def _contents(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST)
    except (OSError, ValueError):
        _refuse("verdicts.cli.unreadable_file", path=path)


def _is_picture(data: bytes) -> bool:
    """By its first bytes; what isn't text either is left to the picture's reader to refuse."""
    return data.startswith(_PICTURES) or not data or b"\x00" in data


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def _words(verdict: Verdict) -> str:
    """The verdict for a person at a terminal."""
    word = verdict.verdict
    lines = [say(f"verdicts.word.{word}"), say(f"verdicts.sentence.{word}")]
    if verdict.step:
        lines.append(say(f"verdicts.step.{verdict.step}"))
    if verdict.reason:
        key, data = words_of_reason(verdict.reason)
        lines.append(say(key, **data))
    if verdict.claims:
        lines += _claim_lines(verdict.claims)
    if verdict.rule_valid_until:
        lines.append(_labelled("rule_valid_until", rfc3339(verdict.rule_valid_until)))
    if word is VerdictWord.VALID:
        lines.append(say("verdicts.check_photo_id"))
    return "\n".join(lines)


def _claim_lines(claims: Claims) -> list[str]:
    fields = {
        "name": claims.full_name,
        "birth_date": claims.birth_date,
        "document_end": claims.document_end and f"…{claims.document_end}",
        "kind": say(f"verdicts.kind.{claims.kind}"),
        "test_type": claims.test_name or claims.test or _said("test_type", claims.test_type),
        "outcome": claims.values or _said("outcome", claims.outcome),
        "collected_at" if claims.kind is Kind.TEST else "event_at": rfc3339(claims.collected_at),
        "centre": claims.centre,
        "issuer": f"{claims.issuer} ({claims.country})".strip(),
        "uvci": claims.uvci,
        "expires_at": rfc3339(claims.expires_at),
    }
    return [_labelled(label, value) for label, value in fields.items() if value]


def _said(domain: str, word: str | None) -> str:
    return say(f"verdicts.{domain}.{word}") if word else ""


def _labelled(label: str, value: str) -> str:
    """A claim's line; control characters of a stranger's text don't reach the terminal."""
    printable = "".join(c for c in value if c.isprintable())
    return say("verdicts.line", label=say(f"verdicts.label.{label}"), value=printable)


def _refuse(key: str, **data: object) -> NoReturn:
    click.echo(say(key, **data), err=True)
    sys.exit(_UNUSABLE)
