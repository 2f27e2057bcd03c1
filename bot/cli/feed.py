"""``ketqua feed``: the ways in which facilities send."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import IO, TYPE_CHECKING

import click

from bot.cli.output import CLI, note, print_json, refuse, say
from core.feeds import weekdays
from core.feeds.feed import LONGEST_INTERVAL, Feed, FeedKind
from core.feeds.push import OVERLAP
from core.onboarding.feed_draft import ALL_DAY, ALL_WEEK, FeedDraft, draft_of, is_feed_name
from core.onboarding.feeds import ANYWHERE
from core.onboarding.mistake import Mistakes

if TYPE_CHECKING:
    from bot.app import Installation

_LONGEST = int(LONGEST_INTERVAL.total_seconds() // 60)


@click.group("feed")
def command() -> None:
    """Connect, watch and pause feeds; FEED is FACILITY/name."""


@command.command(
    "add",
    epilog="Examples: ketqua feed add BVX/lis --kind mllp --address 'LIS|BVX' --peer 10.1.0.0/16"
    " --expected 60 --hours 7-17 --days mon-sat · ketqua feed add BVX/push --kind push",
)
@click.argument("feed")
@click.option("--kind", type=click.Choice(sorted(map(str, FeedKind))), required=True)
@click.option(
    "--address", default="", help="Folder: its path. MLLP: the sender as in MSH-3|MSH-4, or MSH-4."
)
@click.option("--peer", "peers", multiple=True, help="MLLP: a network it may come from (CIDR).")
@click.option("--host-key", default="", help="SFTP: SHA256:…, as `ketqua feed test` shows it.")
@click.option("--secret-file", type=click.File("r"), help="FHIR: a file with user:password, a"
              " token, or OAuth2 client credentials as JSON; - reads it from stdin.")  # fmt: skip
@click.option("--interval", type=click.IntRange(1, _LONGEST), default=15, show_default=True,
              help="Minutes between two polls.")  # fmt: skip
@click.option("--expected", type=click.IntRange(min=1), help="Silent after so many minutes.")
@click.option("--hours", default=ALL_DAY, show_default=True, help="Local hours in which it sends.")
@click.option("--days", default=ALL_WEEK, show_default=True, help="Days on which it sends.")
def add(
    feed: str,
    kind: str,
    address: str,
    peers: tuple[str, ...],
    host_key: str,
    secret_file: IO[str] | None,
    interval: int,
    expected: int | None,
    hours: str,
    days: str,
) -> None:
    """Make a feed, or change the one with this name; key and secret stay unless given."""
    from bot.opening import open_installation

    facility, name = _split(feed)
    installation = open_installation()
    draft = FeedDraft(
        kind,
        address,
        secret=secret_file.read() if secret_file else None,
        host_key=host_key or None,
        peers=peers,
        interval=str(interval),
        expected=str(expected or ""),
        hours=hours,
        days=days,
    )
    made = _save(installation, installation.facility(facility).code, name, draft)
    if made.kind is FeedKind.PUSH and not installation.onboarding.feeds.keys(
        made.facility, made.name
    ):
        note("cli.feed.needs_key", feed=made.id)


def _save(installation: Installation, facility: str, name: str, draft: FeedDraft) -> Feed:
    desk = installation.onboarding.feeds
    made = desk.save(facility, name, draft, by=CLI, roots=(ANYWHERE,))
    if isinstance(made, Mistakes):
        refuse(made)
    note("cli.feed.added", feed=made.id)
    return made


@command.command(
    "change", epilog="Example: ketqua feed change BVX/lis --expected 60 --days mon-sat"
)
@click.argument("feed")
@click.option("--interval", type=click.IntRange(1, _LONGEST), help="Minutes between two polls.")
@click.option("--expected", type=click.IntRange(min=0), help="Silent after so many minutes; 0:"
              " never.")  # fmt: skip
@click.option("--hours", help="Local hours in which it sends, as 7-17.")
@click.option("--days", help="Days on which it sends, as mon-sat or mon,wed,fri.")
def change(
    feed: str, interval: int | None, expected: int | None, hours: str | None, days: str | None
) -> None:
    """Change when a feed is polled and expected to send; what is not said stays."""
    from bot.opening import open_installation

    installation = open_installation()
    found = _known(installation, feed)
    draft = draft_of(found)
    draft = replace(
        draft,
        interval=draft.interval if interval is None else str(interval),
        expected=draft.expected if expected is None else str(expected or ""),
        hours=draft.hours if hours is None else hours,
        days=draft.days if days is None else days,
    )
    _save(installation, found.facility, found.name, draft)


@command.command("test", epilog="Example: ketqua feed test BVX/sftp")
@click.argument("feed")
def test(feed: str) -> None:
    """Look at a polled feed and take nothing; exit 1 if it can't be read."""
    from bot.cli.output import explain
    from bot.opening import open_installation
    from core.feeds.source import FeedTrouble

    installation = open_installation()
    found = _known(installation, feed)
    try:
        probe = installation.onboarding.feeds.test(found, by=CLI)
    except FeedTrouble as trouble:
        click.echo(explain(trouble), err=True)
        sys.exit(1)
    if probe is None:
        note("cli.feed.is_heard", feed=found.id)
        return
    click.echo(f"{probe.found}\t{probe.newest or ''}\t{probe.host_key}")


@command.command("list", epilog="Example: ketqua feed list --facility BVX")
@click.option("--facility", help="Only of this facility.")
@click.option("--json", "as_json", is_flag=True)
def list_all(facility: str | None, as_json: bool) -> None:
    """List feeds with what is expected, when the last item came and what is wrong."""
    from bot.opening import open_installation

    installation = open_installation()
    latest = installation.feed_hours.latest()
    found = [
        {
            "feed": feed.id,
            "kind": feed.kind,
            "active": feed.active,
            "expected_minutes": _minutes(feed.expected_every),
            "hours": f"{feed.opens}-{feed.closes}",
            "days": weekdays.write(feed.days),
            "last_item_at": latest.get((feed.facility, feed.name)),
            "alert": state.alert,
            "error": state.error,
        }
        for feed, state in installation.feeds.all()
        if facility in (None, feed.facility)
    ]
    if as_json:
        print_json(found)
        return
    for entry in found:
        last = entry["last_item_at"] or say("cli.feed.never")
        state = entry["alert"] or entry["error"] or ("ok" if entry["active"] else "paused")
        click.echo(f"{entry['feed']}\t{entry['kind']}\t{last}\t{state}")
    if not found:
        note("cli.feed.none")


@command.command("pause", epilog="Example: ketqua feed pause BVX/lis")
@click.argument("feed")
def pause(feed: str) -> None:
    """Stop polling and watching a feed; what it sends by itself is refused."""
    _activate(feed, active=False)


@command.command("resume", epilog="Example: ketqua feed resume BVX/lis")
@click.argument("feed")
def resume(feed: str) -> None:
    """Go on with a paused feed."""
    _activate(feed, active=True)


@command.command("remove", epilog="Example: ketqua feed remove BVX/lis")
@click.argument("feed")
def remove(feed: str) -> None:
    """Forget a feed; what came through it stays."""
    from bot.opening import open_installation

    installation = open_installation()
    found = _known(installation, feed)
    installation.onboarding.feeds.remove(found, by=CLI)
    note("cli.feed.removed", feed=found.id)


@command.command("key", epilog="Example: ketqua feed key BVX/push")
@click.argument("feed")
@click.option("--overlap-days", type=click.IntRange(0, 90), default=OVERLAP.days,
              show_default=True, help="How long earlier keys still count.")  # fmt: skip
@click.option("--revoke", metavar="HINT", help="End the keys that end in HINT, and make none.")
def key(feed: str, overlap_days: int, revoke: str | None) -> None:
    """Print a new key for pushing, once; earlier ones count for a while yet."""
    from bot.opening import open_installation

    facility, name = _split(feed)
    installation = open_installation()
    facility = installation.facility(facility).code
    desk = installation.onboarding.feeds
    if revoke is not None:
        ended = desk.end_key(facility, name, revoke, by=CLI)
        note("cli.feed.keys_ended", n=ended)
        sys.exit(0 if ended else 1)
    click.echo(desk.make_key(facility, name, by=CLI, overlap=timedelta(days=overlap_days)))
    note("cli.feed.key_once", days=overlap_days)


def _activate(feed: str, *, active: bool) -> None:
    from bot.opening import open_installation

    installation = open_installation()
    found = _known(installation, feed)
    installation.onboarding.feeds.activate(found, active=active, by=CLI)


def _split(feed: str) -> tuple[str, str]:
    facility, _, name = feed.partition("/")
    if not facility or not is_feed_name(name):
        raise click.BadParameter(feed, param_hint="FEED")
    return facility.upper(), name


def _known(installation: Installation, feed: str) -> Feed:
    """The feed that is there; exit 1 if there is none."""
    found = installation.feeds.get(*_split(feed))
    if found is None:
        note("cli.feed.unknown", feed=feed)
        sys.exit(1)
    return found[0]


def _minutes(span: timedelta | None) -> int | None:
    return int(span.total_seconds() // 60) if span else None
