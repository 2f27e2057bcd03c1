"""SMS texts: one GSM-7 segment, or start is refused."""

import pytest

from core.errors import SetupRefused
from core.messages import templates
from core.messages.templates import (
    SEGMENT,
    Template,
    check_templates,
    gsm7_length,
    write,
    write_web_otp,
)

FIELDS = {"otp": "123456", "code": "ABCD1234", "link": "https://kq.example.vn/k/" + "x" * 22,
          "days": "10", "appointment": "ABCD1234", "facility": "X" * 32, "feed": "x" * 24,
          "since": "12:00 04/03/2026"}  # fmt: skip


@pytest.mark.parametrize("template", Template)
def test_every_message_is_one_segment_without_accents(template: Template) -> None:
    length = gsm7_length(write(template, **FIELDS))
    assert length is not None
    assert length <= SEGMENT


def test_a_web_otp_ends_with_the_line_that_browsers_read() -> None:
    text = write_web_otp("123456", "kq.example.vn")
    assert text.splitlines()[-1] == "@kq.example.vn #123456"
    assert (gsm7_length(text) or 999) <= SEGMENT


def test_accents_cannot_be_sent_and_brackets_count_twice() -> None:
    assert gsm7_length("Kết quả") is None
    assert gsm7_length("[]€") == 6


def test_a_host_that_makes_a_message_too_long_is_refused_by_name() -> None:
    check_templates("https://ketqua.example.gov.vn", "ketqua.example.gov.vn", 10)
    with pytest.raises(SetupRefused, match="ready"):
        check_templates("https://" + "x" * 40 + ".vn", "x" * 40 + ".vn", 10)


@pytest.mark.parametrize(
    "template", [Template.FEED_SILENT, Template.FEED_LOW, Template.FEED_RECOVERED]
)
def test_the_longest_facility_and_feed_fit_one_segment_and_start_checks_it(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = write(template, facility="W" * 32, feed="w" * 24, since="23:59 31/12/2026")
    room = SEGMENT - (gsm7_length(text) or 999)
    assert room >= 0
    assert "W" * 32 in text
    monkeypatch.setitem(templates._TEXTS, template, templates._TEXTS[template] + "x" * (room + 1))
    with pytest.raises(SetupRefused, match=template):
        check_templates("https://kq.example.vn", "kq.example.vn", 10)


def test_the_sensitive_text_tells_nothing_of_the_result() -> None:
    text = write(Template.SENSITIVE, **FIELDS)
    assert "xet nghiem" not in text
    assert FIELDS["link"] not in text
