"""The citizen's pages: phone, OTP, person, proof, results. No cookies, no script.

GET shows and never sends; every step is a POST that carries a single-use ticket.
"""

from __future__ import annotations

from flask import Blueprint

from sms.pages import start, steps

citizens = Blueprint("citizens", __name__)
citizens.add_url_rule("/", view_func=start.enter_phone, methods=["GET"])
citizens.add_url_rule("/", view_func=start.request_code, methods=["POST"])
citizens.add_url_rule("/k/<token>", view_func=start.follow_link, methods=["GET"])
citizens.add_url_rule("/k/<token>", view_func=start.send_for_link, methods=["POST"])
citizens.add_url_rule("/open", view_func=steps.back_to_start, methods=["GET"])
citizens.add_url_rule("/open", view_func=steps.take_step, methods=["POST"])
