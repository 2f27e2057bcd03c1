"""Officers are named with a mobile number, once each."""

from __future__ import annotations

import pytest

from core.feeds.officer import Officer
from core.onboarding.mistake import Mistakes
from tests.core.onboarding.conftest import Office


def test_an_officer_is_named_and_taken_off_and_the_log_names_nobody(office: Office) -> None:
    named = office.officers.add("BVA", " Chị  Hoa ", "0900 000 101", by="van")
    assert isinstance(named, Officer)
    assert (named.name, named.phone) == ("Chị Hoa", "+84900000101")
    assert office.officers.of("BVA") == [named]
    assert office.officers.remove(named.id, by="van")
    assert not office.officers.remove(named.id, by="van")
    assert office.audit.said() == [
        ("van", "officer_added", named.id),
        ("van", "officer_removed", named.id),
    ]


@pytest.mark.parametrize("phone", ["", "028 3829 0000", "19001234", "x"])
def test_a_number_that_gets_no_sms_is_refused(office: Office, phone: str) -> None:
    answer = office.officers.add("BVA", "", phone, by="van")
    assert isinstance(answer, Mistakes)
    assert [each.code for each in answer.found] == ["field_missing", "phone_not_mobile"]
    assert [each.detail for each in answer.found] == ["", ""]


def test_the_same_number_is_not_named_twice(office: Office) -> None:
    office.officers.add("BVA", "Hoa", "0900000101", by="van")
    again = office.officers.add("BVA", "Hoa", "+84 900 000 101", by="van")
    assert isinstance(again, Mistakes)
    assert isinstance(office.officers.add("BVB", "Hoa", "0900000101", by="van"), Officer)
