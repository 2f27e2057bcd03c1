"""A patient's Consents, taken together, permit a message or don't."""

from __future__ import annotations

import pytest

from labs.readers import fhir_model as fhir
from labs.readers.fhir_consent import agreed

DAY = "2026-07-01"
YES = fhir.Consent(status="active")
NO = fhir.Consent(status="active", provision=fhir.Provision(type="deny"))


def about(scope: str) -> fhir.Consent:
    return fhir.Consent(status="active", scope=fhir.Concept(coding=[fhir.Coding(code=scope)]))


def within(start: str | None, end: str | None, kind: str = "permit") -> fhir.Consent:
    provision = fhir.Provision(type=kind, period=fhir.Period(start=start, end=end))
    return fhir.Consent(status="active", provision=provision)


def test_nobody_is_asked_by_saying_nothing() -> None:
    assert not agreed([], DAY)


@pytest.mark.parametrize("status", [None, "draft", "proposed", "rejected", "inactive"])
def test_only_an_active_one_counts(status: str | None) -> None:
    assert not agreed([fhir.Consent(status=status)], DAY)
    assert agreed([fhir.Consent(status=status), YES], DAY)


def test_one_denial_outweighs_every_permission() -> None:
    assert not agreed([YES, NO, YES], DAY)


@pytest.mark.parametrize("scope", ["adr", "research", "treatment"])
def test_consent_to_something_else_is_none_and_no_denial_either(scope: str) -> None:
    assert not agreed([about(scope)], DAY)
    assert agreed([about(scope), about("patient-privacy")], DAY)


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        (None, None, True),
        ("2026-07-01", "2026-07-01", True),
        ("2026-07-01T09:00:00+07:00", "2026-07-01T10:00:00+07:00", True),
        ("2026-07-02", None, False),
        (None, "2026-06-30", False),
        ("2020", "2026", True),
        (None, "2025", False),
        ("2026-07", "2026-07", True),
        ("2026-08", None, False),
    ],
)
def test_it_counts_on_the_days_for_which_it_was_given(
    start: str | None, end: str | None, counts: bool
) -> None:
    assert agreed([within(start, end)], DAY) == counts
    assert agreed([within(start, end, "deny"), YES], DAY) != counts


def test_a_report_without_a_day_is_not_held_against_it() -> None:
    assert agreed([within("2026-07-02", "2026-07-03")], "")
