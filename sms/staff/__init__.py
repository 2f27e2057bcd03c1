"""The console of staff: sign-in, what arrived, what was kept back, prints, look-ups, the audit.

The one place with cookies, all of them under ``/staff``. No page here shows a person, a test
or an outcome; a printed slip does, and each is audited.
"""

from __future__ import annotations

from flask import Blueprint

from sms.staff import checking, entering, home, printing, sending, signing_in
from sms.staff.csrf import check_form

console = Blueprint("staff", __name__, url_prefix="/staff")
console.url_value_preprocessor(sending.let_files_in)
console.before_request(check_form)
console.add_url_rule("/sign-in", view_func=signing_in.ask, methods=["GET"])
console.add_url_rule("/sign-in", view_func=signing_in.sign_in_here, methods=["POST"])
console.add_url_rule("/sign-out", view_func=signing_in.sign_out, methods=["POST"])
console.add_url_rule("/", view_func=home.welcome)
console.add_url_rule("/intake", view_func=home.intake)
console.add_url_rule("/quarantine", view_func=home.quarantine)
console.add_url_rule("/upload", view_func=sending.ask_for_file, methods=["GET"])
console.add_url_rule("/upload", view_func=sending.take_in_file, methods=["POST"])
console.add_url_rule("/enter", view_func=entering.ask_for_result, methods=["GET"])
console.add_url_rule("/enter", view_func=entering.take_in_result, methods=["POST"])
console.add_url_rule("/enter/card", view_func=entering.fill_from_card, methods=["POST"])
console.add_url_rule("/print", view_func=printing.ask_what, methods=["GET"])
console.add_url_rule("/print", view_func=printing.print_results, methods=["POST"])
console.add_url_rule("/check", view_func=checking.ask_whom, methods=["GET"])
console.add_url_rule("/check", view_func=checking.look_up, methods=["POST"])
console.add_url_rule("/replay", view_func=sending.replay, methods=["POST"])
console.add_url_rule("/audit", view_func=home.audit)
