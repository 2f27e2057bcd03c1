"""Sign in with a password and a TOTP, and out again.

An unknown login, a wrong password and a wrong code are answered alike, after the same work.
"""

from __future__ import annotations

from functools import cache

from flask import Response, redirect, request

from core.policy.staff import (
    SignInVerdict,
    StaffAccount,
    hash_password,
    password_matches,
    sign_in,
)
from sms.page import say, show
from sms.room import current_room
from sms.staff.session import close_session, needs, note, open_session, signed_in

_LONGEST = {"login": 64, "password": 256, "code": 12}


def ask() -> Response:
    """The form, or the console for who is signed in already."""
    if signed_in():
        return redirect("/staff/", 303)  # type: ignore[return-value]
    return show("sign_in.html")


def sign_in_here() -> Response:
    """Try what was typed; every try is audited."""
    login, password, code = (
        request.form.get(name, "")[:longest] for name, longest in _LONGEST.items()
    )
    login = login.strip()
    verdict = _try(login, password, "".join(code.split()))
    if verdict is SignInVerdict.PASSED:
        note(login, "signed_in", login)
        response: Response = redirect("/staff/", 303)  # type: ignore[assignment]
        open_session(response, login)
        return response
    note("anonymous", f"sign_in_{verdict}", login if _known(login) else "unknown")
    return show("sign_in.html", 403, login=login, error=say(f"pages.staff.sign_in_{verdict}"))


@needs(None)
def sign_out(account: StaffAccount) -> Response:
    """End this browser's session."""
    note(account.login, "signed_out", account.login)
    response: Response = redirect("/staff/sign-in", 303)  # type: ignore[assignment]
    close_session(response)
    return response


def _try(login: str, password: str, code: str) -> SignInVerdict:
    room = current_room()
    now = room.clock()

    def change(account: StaffAccount) -> tuple[StaffAccount, SignInVerdict]:
        return sign_in(account, password, code, now)

    verdict = room.staff.update(login, change)
    if verdict is None:
        password_matches(_nobodys_hash(), password)
        return SignInVerdict.REFUSED
    return verdict


def _known(login: str) -> bool:
    """Whether the audit log may name ``login``: people type passwords into this field."""
    return current_room().staff.get(login) is not None


@cache
def _nobodys_hash() -> str:
    """Something to compare with where there is no account."""
    return hash_password("nobody")
