"""Errors as calm pages in the reader's language, never a traceback.

The log gets the rule of the address and not the address: links carry tokens.
"""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from sms.api.problem import problem
from sms.page import has_words, show


class QuietFlask(Flask):
    """Flask whose log names the rule of a failed request instead of its address."""

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401  (Flask's signature)
        """Log what went wrong, without the visitor's address or tokens."""
        rule = request.url_rule.rule if request.url_rule else "an unknown address"
        self.logger.error("%s %s failed", request.method, rule, exc_info=exc_info)


def explain_errors(app: Flask) -> None:
    """Give every HTTP error its page; anything unforeseen is a 500 in words."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    response = problem(status, f"http_{status}") if _for_machines() else error_page(status)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unforeseen(_: Exception) -> Response:
    current_app.log_exception(sys.exc_info())
    return problem(503, "http_503") if _for_machines() else error_page(500)


def _for_machines() -> bool:
    return request.path.startswith("/api/")


def error_page(status: int, key: str | None = None, *, way_on: str = "/") -> Response:
    """A page that says what is wrong and how to go on.

    Args:
        key: Message key without ``.title`` and ``.text``; else the one of the status.
        way_on: Where its button leads.
    """
    key = key or f"pages.error.{status}"
    if not has_words(f"{key}.title"):
        key = "pages.error.other"
    return show("error.html", status, key=key, way_on=way_on)
