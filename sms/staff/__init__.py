"""The console of staff: intake, quarantine, facilities, rules, prints, look-ups, the audit log.

The one place with cookies, all of them under ``/staff``. No page here shows a person, a test
or an outcome, but for a sample that somebody sends to see how it reads
(``onboarding.samples``); a printed slip does, and each is audited.
"""

from __future__ import annotations

from flask import Blueprint

from sms.staff import (
    checking,
    entering,
    home,
    onboarding,
    printing,
    revoking,
    rules,
    sending,
    signing_in,
)
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
console.add_url_rule("/rules", view_func=rules.all_rules)
console.add_url_rule("/rules/new", view_func=rules.ask_for_rules, methods=["GET"])
console.add_url_rule("/rules/new", view_func=rules.take_in_rules, methods=["POST"])
console.add_url_rule("/rules/withdraw", view_func=rules.withdraw_rules, methods=["POST"])
console.add_url_rule("/revocations", view_func=revoking.revocations, methods=["GET"])
console.add_url_rule("/revocations", view_func=revoking.look_again, methods=["POST"])
console.add_url_rule("/revocations/confirm", view_func=revoking.revoke, methods=["POST"])
console.add_url_rule("/audit", view_func=home.audit)
onboarding.add_routes(console)
