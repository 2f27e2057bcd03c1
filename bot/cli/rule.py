"""``ketqua rule``: what places ask of a certificate."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.output import moment, note, print_json
from core.certificates.claims import rfc3339
from core.policy.rule_desk import KeptRuleSet, RuleDesk, read_document, written
from core.policy.rule_sets import ENTRY
from core.policy.simple_rules import ANTIGEN, PCR, next_version, simple_rule_set
from core.policy.trial import refuse_unsafe

_TYPES = {"pcr": PCR, "antigen": ANTIGEN}


@click.group("rule")
def command() -> None:
    """The rule sets of places."""


def _desk() -> RuleDesk:
    from bot.opening import open_installation

    return open_installation().rules


@command.command("list", epilog="Example: ketqua rule list --json")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """List every version with its time, and whether it counts now."""
    from bot.opening import open_installation

    installation = open_installation()
    desk, now = installation.rules, installation.clock()
    rows = [_row(kept, desk, now) for kept in desk.all()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo("\t".join(str(value) for value in row.values()))


def _row(kept: KeptRuleSet, desk: RuleDesk, now: datetime) -> dict[str, object]:
    each = kept.rule_set
    return {
        "place": each.place,
        "purpose": each.purpose,
        "version": each.number,
        "state": _state(kept, desk, now),
        "valid_from": rfc3339(each.valid_from),
        "valid_to": rfc3339(each.valid_to),
        "author": kept.author or "-",
        "name": each.name("vi"),
    }


def _state(kept: KeptRuleSet, desk: RuleDesk, now: datetime) -> str:
    each = kept.rule_set
    if kept.withdrawn_at is not None:
        return "withdrawn"
    if now < each.valid_from:
        return "coming"
    counts = each.in_force(now) and desk.rule_of(each.place, now, each.purpose) == each
    return "counts" if counts else "past"


@command.command("show", epilog="Example: ketqua rule show DEFAULT > default.json")
@click.argument("place")
@click.option("--purpose", default=ENTRY)
def show(place: str, purpose: str) -> None:
    """Print the set that counts at PLACE now, as a document that can be changed and added."""
    click.echo(written(_desk().rule_of(place.upper(), datetime.now(UTC), purpose)))


@command.command(
    "set", epilog='Example: ketqua rule set CAU-RACH-MIEU --name "Cầu Rạch Miễu" --pcr 48'
)
@click.argument("place")
@click.option("--name", required=True, help="What people call the place.")
@click.option("--name-en", default="", help="Its name in English.")
@click.option("--pcr", type=click.IntRange(0, 720), default=72, help="Hours; 0: never passes.")
@click.option("--antigen", type=click.IntRange(0, 720), default=24, help="The same.")
@click.option("--from", "start", default=None, help="RFC 3339; now if left out.")
@click.option("--to", "end", default="2100-01-01T00:00:00Z", help="RFC 3339.")
def set_hours(  # the fields of the usual set
    place: str, name: str, name_en: str, pcr: int, antigen: int, start: str | None, end: str
) -> None:
    """Let negative tests pass at PLACE for so many hours after collection."""
    from bot.opening import open_installation

    installation = open_installation()
    newest = installation.rules.newest(place.upper())
    hours = {_TYPES[word]: count for word, count in (("pcr", pcr), ("antigen", antigen)) if count}
    made = simple_rule_set(
        place.upper(),
        {"vi": name, "en": name_en or name},
        hours,
        next_version(newest.version) if newest else "1.0.0",
        start or installation.clock().isoformat(),
        end,
    )
    installation.rules.add(made, "cli")
    installation.audit_cli("rule_added", f"{made.place} {made.number}")
    note("cli.rule.added", place=made.place, version=made.number)


@command.command("add", epilog="Example: ketqua rule add set.json")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--check", is_flag=True, help="Only say whether it could be added.")
def add(file: Path, check: bool) -> None:
    """Add a rule set written as JSON: a new version of its place and purpose."""
    from bot.opening import open_installation

    made = read_document(file.read_bytes())
    refuse_unsafe(made)
    label = {"place": made.place, "version": made.number}
    if check:
        note("cli.rule.good", **label)
        return
    installation = open_installation()
    installation.rules.add(made, "cli")
    installation.audit_cli("rule_added", "{place} {version}".format(**label))
    note("cli.rule.added", **label)


@command.command("withdraw", epilog="Example: ketqua rule withdraw CAU-RACH-MIEU 1.0.1")
@click.argument("place")
@click.argument("version")
@click.option("--purpose", default=ENTRY)
def withdraw(place: str, version: str, purpose: str) -> None:
    """Let a version no longer count; the one before it counts again."""
    from bot.opening import open_installation

    installation = open_installation()
    installation.rules.withdraw(place.upper(), purpose, version)
    installation.audit_cli("rule_withdrawn", f"{place.upper()} {version}")
    note("cli.rule.withdrawn", place=place.upper(), version=version)


@command.command("try", epilog="Example: ketqua rule try set.json 'HC1:...' --at 2026-07-12")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("text", metavar="TEXT")
@click.option("--at", "at_text", default=None, help="RFC 3339, UTC if it has no offset.")
def try_out(file: Path, text: str, at_text: str | None) -> None:
    """Apply a set that isn't added yet to a certificate; exit 1 unless it passes."""
    from bot.opening import open_installation

    at = None if at_text is None else moment(at_text)
    installation, made = open_installation(), read_document(file.read_bytes())
    verdict = installation.checkpoint.check_text(text, rule=made.judge, at=at)
    click.echo(json.dumps(verdict.to_json(), ensure_ascii=False))
    sys.exit(0 if verdict.is_valid else 1)
