"""Errors for machines: a problem document with our code, in the reader's language.

Source: RFC 9457 (Problem Details for HTTP APIs).
"""

from __future__ import annotations

from flask import Response, jsonify
from werkzeug.datastructures import WWWAuthenticate

from sms.page import has_words, say


def problem(status: int, code: str) -> Response:
    """A problem document; its title says what is wrong and its detail how to fix it."""
    key = f"api.{code}"
    if not has_words(f"{key}.title"):
        key = "api.other"
    body = {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": say(f"{key}.title"),
        "detail": say(f"{key}.hint"),
    }
    response: Response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    if status == 401:  # noqa: PLR2004
        response.www_authenticate = WWWAuthenticate("bearer", {"realm": "ketqua"})
    if status == 503:  # noqa: PLR2004
        response.headers["Retry-After"] = "30"
    return response
