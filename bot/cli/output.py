"""What commands print: JSON on stdout, sentences on stderr, in the reader's language."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from core.errors import KetquaError
from core.messages import findings
from core.messages.findings import printable
from core.messages.language import Catalogues
from core.onboarding.mistake import Mistakes
from core.results.reported import Finding
from labs.replies.account import told

CLI = "cli"  # who acts, in the audit log: somebody with a shell on the server
_FOLDER = Path(__file__).resolve().parent.parent.parent / "core" / "messages" / "catalogues"


@cache
def catalogues() -> Catalogues:
    """Every language there is a file for."""
    return Catalogues({path.stem: path.read_bytes() for path in sorted(_FOLDER.glob("*.po"))})


def language() -> str:
    """``KETQUA_LANGUAGE``, else Vietnamese."""
    return catalogues().choose(os.environ.get("KETQUA_LANGUAGE"))


def say(key: str, **data: object) -> str:
    """A sentence in the reader's language."""
    return catalogues().say(language(), key, **data)


def note(key: str, **data: object) -> None:
    """Tell the person at the terminal something beside the output."""
    click.echo(say(key, **data), err=True)


def write(data: bytes, output: Path | None) -> None:
    """Write a picture or a paper to a file, or to stdout."""
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        note("cli.unwritable_file", path=output, reason=error.strerror)
        sys.exit(2)


def print_json(document: object) -> None:
    """Print one JSON document."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2)
    sys.stdout.write(text.decode() + "\n")


def explain(error: KetquaError) -> str:
    """The sentence for an error, with its code for whoever looks it up."""
    key = f"errors.{error.code}"
    if not catalogues().has(language(), key):
        return f"{error.code}: {error.detail}"
    return f"{say(key, detail=error.detail)} [{error.code}]"


def moment(text: str) -> datetime:
    """A time as it was typed (RFC 3339, UTC if it has no offset); exit with 2 if it is none."""
    try:
        found = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        note("verdicts.cli.unreadable_time", value=printable(text))
        sys.exit(2)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def refuse(mistakes: Mistakes) -> NoReturn:
    """Say everything that can't be kept as it was typed, and exit with 2."""
    for each in mistakes.found:
        text = say(f"errors.{each.code}", detail=printable(each.detail))
        click.echo(f"{each.field}: {text} [{each.code}]", err=True)
    sys.exit(2)


def explain_finding(finding: Finding) -> tuple[str, str]:
    """The sentence for a finding and how to fix it, in the reader's language."""
    return findings.explain(catalogues(), language(), finding)


def finding_json(finding: Finding) -> dict[str, str]:
    """A finding as ``{"code", "field", "message", "hint"}``."""
    return told(finding, explain_finding)
