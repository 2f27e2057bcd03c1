"""Who is signed in: a random token in a cookie, its hash in the database.

Source: OWASP Session Management (256 random bits, HttpOnly, SameSite, server side).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec

from flask import Response, g, redirect, request

from core.policy.staff import SESSION_LIFETIME, Right, StaffAccount
from core.ports import AuditEntry
from sms.errors import error_page
from sms.room import current_room

COOKIE = "console"
_PATH = "/staff"

P = ParamSpec("P")


def open_session(response: Response, login: str) -> None:
    """Sign this browser in as ``login``."""
    room = current_room()
    token = urlsafe_b64encode(room.random(32)).rstrip(b"=").decode()
    room.staff.open_session(_hash(token), login, room.clock() + SESSION_LIFETIME)
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_LIFETIME,
        path=_PATH,
        httponly=True,
        samesite="Strict",
        secure=room.demo is None,
    )


def close_session(response: Response) -> None:
    """Sign this browser out, on the server first."""
    token = request.cookies.get(COOKIE)
    if token:
        current_room().staff.close_session(_hash(token))
    response.delete_cookie(COOKIE, path=_PATH)


def signed_in() -> StaffAccount | None:
    """Whose browser this is; an account that was closed is nobody's."""
    if "account" not in g:
        room, token = current_room(), request.cookies.get(COOKIE)
        account = room.staff.session(_hash(token), room.clock()) if token else None
        g.account = account if account and account.active else None
    found: StaffAccount | None = g.account
    return found


def needs(
    right: Right | None,
) -> Callable[[Callable[Concatenate[StaffAccount, P], Response]], Callable[P, Response]]:
    """Let a page be opened only by who is signed in and has ``right`` (None: just signed in).

    The page gets the account as its first argument.
    """

    def guard(page: Callable[Concatenate[StaffAccount, P], Response]) -> Callable[P, Response]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            account = signed_in()
            if account is None:
                return redirect("/staff/sign-in", 303)  # type: ignore[return-value]
            if right is not None and not account.may(right):
                note(account.login, "page_refused", right.value)
                return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
            return page(account, *args, **kwargs)

        return guarded

    return guard


def note(actor: str, action: str, subject: str, detail: str = "") -> None:
    """Write into the audit log."""
    room = current_room()
    room.audit.record(AuditEntry(room.clock(), actor, action, subject, detail))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
