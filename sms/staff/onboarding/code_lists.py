"""Post the laboratory's code list: what is known, and a meaning for what isn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request

from core.onboarding.code_list import MOST_CODES, ListedCode, read_list
from core.onboarding.codes import KnownCode
from core.onboarding.mistake import Mistakes, mistaken
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from core.results.local_codes import CodeKind
from sms.page import language, say, show
from sms.room import current_room
from sms.staff.onboarding.at_facility import (
    NO_MISTAKES,
    at_facility,
    desks,
    go,
    told,
    typed,
    what_was_done,
)

_MENDED_BY_MAPPING = ("unknown_test", "unknown_value")
_ENCODINGS = ("utf-8-sig", "cp1258")


@dataclass(frozen=True, slots=True)
class OwnCode:
    """One of the facility's codes that has a meaning."""

    kind: CodeKind
    system: str
    code: str
    meaning: str


@at_facility(Right.SEND_RESULTS)
def ask_for_list(account: StaffAccount, facility: Facility) -> Response:
    """The form, what is mapped, and what waits for a mapping."""
    return _page(account, facility)


@at_facility(Right.SEND_RESULTS)
def read_codes(account: StaffAccount, facility: Facility) -> Response:
    """Show which codes of a list mean something."""
    listed = read_list(_text())
    if not listed:
        wrong = mistaken("text", "code_list_empty")
        return _page(account, facility, text=_text()[:20_000], mistakes=wrong)
    return _page(account, facility, desks().codes.known(facility.code, _kind(), listed))


@at_facility(Right.MANAGE_FACILITIES)
def map_codes(account: StaffAccount, facility: Facility) -> Response:
    """Keep the meanings that were chosen."""
    chosen = [(listed, meaning) for listed, meaning in _chosen() if meaning]
    if not chosen:
        known = desks().codes.known(facility.code, _kind(), [listed for listed, _ in _chosen()])
        return _page(account, facility, known, mistakes=mistaken("text", "no_meaning_chosen"))
    for listed, meaning in chosen:
        code = (listed.system, listed.code)
        wrong = desks().codes.map(facility.code, _kind(), code, meaning, by=account.login)
        if wrong is not None:
            return _page(account, facility, mistakes=Mistakes(wrong.found))
    return go(facility, "/codes", done="codes_mapped")


@at_facility(Right.MANAGE_FACILITIES)
def unmap_code(account: StaffAccount, facility: Facility) -> Response:
    """Take a meaning away; mapping it again undoes that."""
    said = typed("system", "code")
    desks().codes.map(
        facility.code, _kind(), (said["system"], said["code"]), None, by=account.login
    )
    return go(facility, "/codes", done="code_unmapped")


def _kind() -> CodeKind:
    return CodeKind.VALUE if request.form.get("kind") == CodeKind.VALUE else CodeKind.TEST


def _text() -> str:
    file = request.files.get("file")
    data = file.read() if file else b""
    if file:
        file.seek(0)
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding) or request.form.get("text", "")
        except UnicodeDecodeError:
            continue
    return ""


def _chosen() -> list[tuple[ListedCode, str]]:
    form = request.form
    columns = (form.getlist(name)[:MOST_CODES] for name in ("system", "code", "name", "meaning"))
    return [(ListedCode(*said), meaning) for *said, meaning in zip(*columns, strict=False)]


def _page(
    account: StaffAccount,
    facility: Facility,
    known: Sequence[KnownCode] | None = None,
    *,
    text: str = "",
    mistakes: Mistakes = NO_MISTAKES,
) -> Response:
    room, code = current_room(), facility.code
    waiting = {why: n for (_, why), n in room.inbox.reasons(frozenset({code})).items()}
    return show(
        "staff_codes.html",
        422 if mistakes.found else 200,
        account=account,
        facility=facility,
        known=[each for each in known or () if each.meaning],
        unknown=[each for each in known or () if not each.meaning],
        read=known is not None,
        most=MOST_CODES,
        kind=_kind(),
        names=_names(),
        own=_own(code),
        waiting=[(why, waiting[why]) for why in _MENDED_BY_MAPPING if waiting.get(why)],
        manages=account.may(Right.MANAGE_FACILITIES, code),
        sends=account.may(Right.SEND_RESULTS, code),
        text=text,
        mistakes=told(mistakes),
        done=what_was_done(),
    )


def _names() -> dict[str, dict[str, str]]:
    """What each meaning is called, by kind of code."""
    tests = {test.key: test.name(language()) for test in current_room().laboratories.tests}
    values = {
        each: say(f"pages.staff.outcome.{each}") for each in desks().codes.meanings(CodeKind.VALUE)
    }
    return {CodeKind.TEST.value: tests, CodeKind.VALUE.value: values}


def _own(facility: str) -> list[OwnCode]:
    mapped = desks().codes.mapped(facility)
    tests = [OwnCode(CodeKind.TEST, *code, meaning) for code, meaning in mapped.tests.items()]
    values = [OwnCode(CodeKind.VALUE, *code, meaning) for code, meaning in mapped.values.items()]
    return sorted((*tests, *values), key=lambda each: (each.kind, each.system, each.code))
