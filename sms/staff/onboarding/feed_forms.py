"""The form of a feed: first its kind, then only the fields that this kind needs.

A secret is never shown: an empty field leaves it, a tick takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from core.feeds.feed import Feed, FeedKind
from core.onboarding.feed_draft import (
    ALL_DAY,
    ALL_WEEK,
    FIELDS,
    LONGEST_SECRET,
    USUAL_INTERVAL,
    FeedDraft,
    draft_of,
)
from core.onboarding.mistake import Mistakes
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.page import show
from sms.staff.onboarding.at_facility import NO_MISTAKES, at_facility, desks, go, told, typed
from sms.staff.onboarding.feeds import FeedView, at_feed

_NAMES = ("name", "kind", "address", "host_key", "peers", "interval", "expected", "hours",
          "days")  # fmt: skip


@at_facility(Right.MANAGE_FACILITIES)
def ask_for_feed(account: StaffAccount, facility: Facility) -> Response:
    """The kinds to choose from, then the form of one."""
    kind = request.args.get("kind", "")
    if kind not in set(FeedKind):
        return show("staff_feed_kinds.html", account=account, facility=facility, kinds=FeedKind)
    said = {"name": kind, "kind": kind, "interval": USUAL_INTERVAL, "hours": ALL_DAY}
    said["days"] = ALL_WEEK
    return _form(account, facility, None, said)


@at_facility(Right.MANAGE_FACILITIES)
def add_feed(account: StaffAccount, facility: Facility) -> Response:
    """Connect it, or show what has to be mended."""
    said = typed(*_NAMES)
    name = said["name"].strip()
    made = desks().feeds.add(facility.code, name, _draft(said), by=account.login)
    if isinstance(made, Mistakes):
        return _form(account, facility, None, said, made)
    return go(facility, f"/feeds/{made.name}", done="feed_added")


@at_feed(Right.MANAGE_FACILITIES)
def ask_for_feed_changes(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """The form, filled in; with the server's key that a test has shown, if there is one."""
    said = _said(found.feed)
    shown = request.args.get("host_key", "")[:500]
    return _form(account, facility, found.feed, said | ({"host_key": shown} if shown else {}))


@at_feed(Right.MANAGE_FACILITIES)
def change_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Keep what was typed; name and kind stay."""
    said = typed(*_NAMES) | {"name": found.feed.name, "kind": found.feed.kind.value}
    saved = desks().feeds.save(facility.code, found.feed.name, _draft(said), by=account.login)
    if isinstance(saved, Mistakes):
        return _form(account, facility, found.feed, said, saved)
    return go(facility, found.way, done="feed_saved")


def _draft(said: Mapping[str, str]) -> FeedDraft:
    return FeedDraft(
        kind=said["kind"],
        address=said["address"],
        secret=_secret(),
        host_key=said["host_key"],
        peers=tuple(said["peers"].replace(",", " ").split()),
        interval=said["interval"],
        expected=said["expected"],
        hours=said["hours"],
        days=said["days"],
    )


def _secret() -> str | None:
    """What was typed; None: nothing was, and what is kept may stay."""
    secret = request.form.get("secret", "")[: LONGEST_SECRET + 1].strip()
    return secret or ("" if request.form.get("no_secret") else None)


def _said(feed: Feed) -> dict[str, str]:
    draft = draft_of(feed)
    return {
        "name": feed.name,
        "kind": draft.kind,
        "address": draft.address,
        "host_key": feed.host_key,
        "peers": " ".join(draft.peers),
        "interval": draft.interval,
        "expected": draft.expected,
        "hours": draft.hours,
        "days": draft.days,
    }


def _form(
    account: StaffAccount,
    facility: Facility,
    feed: Feed | None,
    said: Mapping[str, str],
    mistakes: Mistakes = NO_MISTAKES,
) -> Response:
    kind = FeedKind(said["kind"]) if said["kind"] in set(FeedKind) else FeedKind.PUSH
    return show(
        "staff_feed_form.html",
        422 if mistakes.found else 200,
        account=account,
        facility=facility,
        feed=feed,
        kind=kind,
        fields=FIELDS[kind],
        typed=said,
        mistakes=told(mistakes),
        roots=desks().feeds.roots,
    )
