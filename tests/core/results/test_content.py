"""What makes a report another one than the one that is here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.results.catalogue import Confidentiality
from core.results.content import canonical
from core.results.judge import Judged, judge
from core.results.reported import ReportStatus
from core.results.result import Result
from tests.core.results.build import CATALOGUE, NOW, report


def of_class(letter: str, **changes: object) -> Result:
    judged = judge(report(), CATALOGUE, now=NOW)
    assert isinstance(judged, Judged)
    test = replace(judged.result.test, confidentiality=Confidentiality(letter))
    return replace(judged.result, test=test, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("letter", "matters"), [("A", False), ("B", False), ("C", True), ("D", True)]
)
def test_consent_counts_where_it_decides_on_a_message(letter: str, matters: bool) -> None:
    without, agreed = of_class(letter), of_class(letter, consent_to_contact=True)
    assert (canonical(without) != canonical(agreed)) == matters


def test_the_same_sent_later_or_as_corrected_is_the_same() -> None:
    later = {"reported_at": NOW + timedelta(days=1), "status": ReportStatus.CORRECTED}
    assert canonical(of_class("A")) == canonical(of_class("A", **later))


def test_another_time_of_collection_is_another_report() -> None:
    moved = of_class("A", collected_at=NOW - timedelta(hours=3))
    assert canonical(of_class("A")) != canonical(moved)
