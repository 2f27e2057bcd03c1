"""The officer's page: paste or upload what somebody shows, get one verdict.

The place's rule is always applied, so a positive is never green; personal data appear only
where the verdict vouches for them.
"""

from __future__ import annotations

from flask import Blueprint

from sms.verify import routes

officers = Blueprint("officers", __name__)
officers.url_value_preprocessor(routes.let_pictures_in)
officers.add_url_rule("/verify", view_func=routes.ask, methods=["GET"])
officers.add_url_rule("/verify", view_func=routes.check, methods=["POST"])
