"""The rules of places: which count, a new version from a form or as JSON, and a try-out.

Nothing is saved by trying. A version that was saved is never changed; it can be withdrawn,
and then the one before it counts again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from flask import Response, redirect, request

from core.certificates.claims import rfc3339
from core.certificates.verdict import Verdict
from core.errors import KetquaError
from core.policy.rule_desk import RuleDesk, read_document, written
from core.policy.rule_sets import RuleSet, RuleSetRefused
from core.policy.simple_rules import (
    ANTIGEN,
    DEFAULT_HOURS,
    DEFAULT_PLACE,
    PCR,
    next_version,
    simple_rule_set,
)
from core.policy.staff import Right, StaffAccount
from sms.page import has_words, say, show
from sms.room import current_room
from sms.staff.session import needs, note

_FIELDS = ("place", "name", "name_en", "pcr", "antigen", "valid_from", "valid_to", "json")
_LOCAL = "%Y-%m-%dT%H:%M"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Tried:
    """A certificate under a draft, and the time that was asked about."""

    verdict: Verdict
    at: datetime


@needs(Right.MANAGE_RULES)
def all_rules(account: StaffAccount) -> Response:
    """What counts at each place now, then every version."""
    desk, now = _desk(), current_room().clock()
    return show(
        "staff_rules.html",
        account=account,
        places=desk.places(now),
        kept=list(reversed(desk.all())),
        now=now,
        default_place=DEFAULT_PLACE,
        pcr=PCR,
        antigen=ANTIGEN,
    )


@needs(Right.MANAGE_RULES)
def ask_for_rules(account: StaffAccount) -> Response:
    """The form, filled with what counts at the place now."""
    place = request.args.get("place", "").upper()
    as_json = request.args.get("as") == "json"
    return _form(account, _filled(place, as_json=as_json), as_json=as_json)


@needs(Right.MANAGE_RULES)
def take_in_rules(account: StaffAccount) -> Response:
    """Save a new version, or only try it."""
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    as_json = request.form.get("as") == "json"
    try:
        draft = read_document(typed["json"]) if as_json else _of_the_form(typed)
        _refuse_unless_mine(account, draft.place)
        saving = request.form.get("do") == "save"
        if saving:
            _desk().add(draft, account.login)
        tried = None if saving else _try(draft)
    except (KetquaError, ValueError) as refusal:
        return _form(account, typed, 422, error=_sentence(refusal), as_json=as_json)
    if saving:
        note(account.login, "rule_added", f"{draft.place} {draft.number}")
        return redirect("/staff/rules", 303)  # type: ignore[return-value]
    return _form(account, typed, tried=tried, as_json=as_json)


@needs(Right.MANAGE_RULES)
def withdraw_rules(account: StaffAccount) -> Response:
    """Let a version no longer count."""
    place, purpose, version = (
        request.form.get(name, "")[:64] for name in ("place", "purpose", "version")
    )
    if account.may(Right.MANAGE_RULES, place):
        with suppress(RuleSetRefused):  # somebody else was first
            _desk().withdraw(place, purpose, version)
            note(account.login, "rule_withdrawn", f"{place} {version}")
    return redirect("/staff/rules", 303)  # type: ignore[return-value]


def _refuse_unless_mine(account: StaffAccount, place: str) -> None:
    if not account.may(Right.MANAGE_RULES, place):
        raise RuleSetRefused("rule_set_not_yours", place)


def _desk() -> RuleDesk:
    return current_room().checkpoint.rules


def _filled(place: str, *, as_json: bool) -> dict[str, str]:
    room = current_room()
    now = room.clock()
    counting = _desk().rule_of(place or DEFAULT_PLACE, now)
    mine = counting if counting.place == place else None
    typed = {
        "place": place,
        "name": mine.name("vi") if mine else "",
        "name_en": mine.name("en") if mine else "",
        "pcr": _hours(counting, PCR),
        "antigen": _hours(counting, ANTIGEN),
        "valid_from": f"{now.astimezone(room.zone):{_LOCAL}}",
        "valid_to": f"{counting.valid_to.astimezone(room.zone):{_LOCAL}}",
        "json": "",
    }
    if as_json:
        typed["json"] = written(counting)
    return typed


def _hours(rule_set: RuleSet, test_type: str) -> str:
    accepted = rule_set.accept_for.get(test_type)
    return str(round(accepted.total_seconds() / 3600)) if accepted else "0"


def _of_the_form(typed: Mapping[str, str]) -> RuleSet:
    """The usual set from the form's fields. Raises: RuleSetRefused, ValueError."""
    place = typed["place"].upper()
    hours = {PCR: _number(typed, "pcr"), ANTIGEN: _number(typed, "antigen")}
    newest = _desk().newest(place)
    return simple_rule_set(
        place,
        {"vi": typed["name"], "en": typed["name_en"] or typed["name"]},
        {test_type: count for test_type, count in hours.items() if count},
        next_version(newest.version) if newest else "1.0.0",
        _utc(typed, "valid_from"),
        _utc(typed, "valid_to"),
    )


def _number(typed: Mapping[str, str], field: str) -> int:
    if not typed[field].isascii() or not typed[field].isdecimal() or len(typed[field]) > 4:  # noqa: PLR2004
        raise RuleSetRefused("rule_set_field", _label(field))
    return int(typed[field])


def _utc(typed: Mapping[str, str], field: str) -> str:
    """A local time of the form, in UTC as RFC 3339. Raises: RuleSetRefused."""
    try:
        local = datetime.fromisoformat(typed[field]).replace(tzinfo=current_room().zone)
        return rfc3339(local.astimezone(UTC))
    except (ValueError, OverflowError):  # in UTC it may lie outside every calendar
        raise RuleSetRefused("rule_set_field", _label(field)) from None


def _try(draft: RuleSet) -> Tried | None:
    text = request.form.get("certificate", "").strip()
    if not text:
        return None
    room = current_room()
    wish = request.form.get("at", "").strip()
    at = datetime.fromisoformat(_utc({"at": wish}, "at")) if wish else room.clock()
    return Tried(room.checkpoint.check_text(text, rule=draft.judge, at=at), at)


def _label(field: str) -> str:
    key = f"pages.staff.rules.{field}"
    return say(key) if has_words(key) else field


def _sentence(refusal: Exception) -> str:
    code = refusal.code if isinstance(refusal, KetquaError) else "rule_set_field"
    detail = refusal.detail if isinstance(refusal, KetquaError) else ""
    names = {"place", "valid_to", "valid_from", "names.vi", "accept_for"}
    field = {"names.vi": "name", "accept_for": "pcr"}.get(detail, detail)
    return say(f"errors.{code}", detail=_label(field) if detail in names else detail)


def _form(
    account: StaffAccount,
    typed: Mapping[str, str],
    status: int = 200,
    *,
    error: str = "",
    tried: Tried | None = None,
    as_json: bool = False,
) -> Response:
    return show(
        "staff_rule.html",
        status,
        account=account,
        typed=typed,
        error=error,
        tried=tried,
        as_json=as_json,
        certificate=request.form.get("certificate", ""),
        at=request.form.get("at", ""),
        hours=DEFAULT_HOURS,
    )
