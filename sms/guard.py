"""What every answer carries, and who may ask at all.

No page may be framed, kept, or run a script of its own, except the officer's, which may also use
the camera; the demo talks to this machine only.
Nobody types control characters, and PostgreSQL takes no NUL: forms that hold any are refused.
Source: Content Security Policy Level 3; RFC 9111 section 5.2.2.5 (no-store).
"""

from __future__ import annotations

import re

from flask import Flask, Response, abort, request

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # all but tab and line ends
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_DEMO_POLICY = f"{_POLICY}; script-src 'self'; connect-src 'self'"
_VERIFIER_POLICY = (
    f"{_POLICY}; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_CAMERA = "camera=(self), geolocation=(), microphone=()"
_A_YEAR = "public, max-age=31536000, immutable"


def protect(app: Flask, *, demo: bool) -> None:
    """Put the headers on every answer; in the demo refuse every host but this machine."""
    app.after_request(_add_headers)
    if demo:
        app.before_request(refuse_strangers)


def refuse_strangers() -> None:
    """Answer 403 unless the browser came to a loopback address."""
    if not _LOOPBACK.fullmatch(request.headers.get("Host", "")):
        abort(403)


def refuse_control_characters() -> None:
    """Answer 400 to a query or form with a control character in any name or value.

    Not where bodies are no forms, whatever type a script declares: reading them as a form
    would use them up.
    """
    if request.blueprint in ("sim", "api"):
        return
    for fields in (request.args, request.form):
        for name, value in fields.items(multi=True):
            if _CONTROL.search(name) or _CONTROL.search(value):
                abort(400)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.blueprint == "sim":
        response.headers["Content-Security-Policy"] = _DEMO_POLICY
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    elif _is_verifier():
        response.headers["Content-Security-Policy"] = _VERIFIER_POLICY
        response.headers["Permissions-Policy"] = _CAMERA
    else:
        response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = _keeping(response)
    return response


def _keeping(response: Response) -> str:
    """Nothing is kept but static files, and what the interface for machines calls public."""
    said = response.headers.get("Cache-Control", "")
    if request.blueprint == "api" and said.startswith("public"):
        return said
    kept = request.endpoint == "static" and response.status_code == 200  # noqa: PLR2004
    return _A_YEAR if kept else "no-store"


def _is_verifier() -> bool:
    """The officer's page and its files: a worker's script brings the policy that it runs under."""
    arguments = request.view_args or {}
    is_file = request.endpoint == "static" and arguments["filename"].startswith("verify/")
    return request.blueprint == "officers" or is_file
