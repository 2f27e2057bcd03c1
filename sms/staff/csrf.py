"""Forms of the console carry a token bound to the browser; citizens' forms carry tickets."""

from __future__ import annotations

from flask import Response
from flask_wtf.csrf import CSRFError, CSRFProtect

from sms.errors import error_page

csrf = CSRFProtect()


def check_form() -> Response | None:
    """Refuse a POST without this browser's token."""
    try:
        csrf.protect()
    except CSRFError:
        return error_page(400, "pages.staff.form_too_old")
    return None
