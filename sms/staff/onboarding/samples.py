"""Paste a sample and see how it reads. Nothing is stored, and people are masked."""

from __future__ import annotations

from datetime import datetime

from flask import Response, request

from core.onboarding.mistake import Mistakes, mistaken
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from core.results.preview import MOST_PREVIEWED, PreviewedItem
from sms.page import show
from sms.room import current_room
from sms.staff.onboarding.at_facility import NO_MISTAKES, at_facility, told
from sms.staff.sending import told as told_finding
from sms.staff.session import note

FORMATS = ("auto", "fhir", "hl7v2", "csv", "xlsx", "xml4")
_LARGEST_SAMPLE = 4 * 1024 * 1024  # a sample, not a night's work
_LARGEST_LIST = 512 * 1024
_LIMITS = {"staff.read_sample": _LARGEST_SAMPLE, "staff.read_codes": _LARGEST_LIST,
           "staff.map_codes": _LARGEST_LIST}  # fmt: skip
_HL7 = ("MSH", "FHS", "BHS")


def let_samples_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Raise the limit of a body, before anything reads the form."""
    limit = _LIMITS.get(endpoint or "")
    if limit:
        request.max_content_length = request.max_form_memory_size = limit


@at_facility(Right.SEND_RESULTS)
def ask_for_sample(account: StaffAccount, facility: Facility) -> Response:
    """The empty form."""
    return _page(account, facility)


@at_facility(Right.SEND_RESULTS)
def read_sample(account: StaffAccount, facility: Facility) -> Response:
    """Read it as it would be taken in; what was pasted doesn't come back."""
    data, chosen = _data(), request.form.get("format", "auto")
    if not data:
        return _page(account, facility, mistakes=mistaken("text", "sample_empty"))
    if chosen not in FORMATS:
        return _page(account, facility, mistakes=mistaken("format", "choice_unknown", chosen[:20]))
    seen = current_room().laboratories.intake.preview(data, facility, format=chosen)
    note(account.login, "sample_read", facility.code)
    return _page(account, facility, seen)


def _data() -> bytes:
    """The file, else the text; pasting has lost which line ends there were."""
    file = request.files.get("file")
    data = file.read() if file else b""
    if data:
        return data
    text = request.form.get("text", "").strip()
    lines = text.splitlines()
    return ("\r" if text.startswith(_HL7) else "\n").join(lines).encode()


def _page(
    account: StaffAccount,
    facility: Facility,
    seen: list[PreviewedItem] | None = None,
    mistakes: Mistakes = NO_MISTAKES,
) -> Response:
    return show(
        "staff_sample.html",
        422 if mistakes.found else 200,
        account=account,
        facility=facility,
        seen=seen,
        most=MOST_PREVIEWED,
        formats=FORMATS,
        chosen=request.form.get("format", "auto"),
        mistakes=told(mistakes),
        explain=told_finding,
        there=lambda moment: _there(moment, facility),
    )


def _there(moment: datetime, facility: Facility) -> str:
    """A time in the facility's zone, with its name."""
    return f"{moment.astimezone(facility.timezone):%H:%M %d/%m/%Y} ({facility.zone})"
