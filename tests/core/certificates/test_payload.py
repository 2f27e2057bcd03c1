"""The contents of a certificate against the schema and value sets that others published."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from core.certificates.payload import TestFacts
from core.certificates.payload import test_certificate as certificate_of
from core.results.catalogue import TestKind
from tests.core.certificates.conftest import FACTS, UVCI


@pytest.fixture
def schema(vectors: Path) -> dict[str, Any]:
    path = vectors / "dcc-schema" / "dcc-1.3.3.schema.json"
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


@pytest.fixture
def value_sets(vectors: Path) -> dict[str, Any]:
    path = vectors / "dcc-schema" / "valueSets.json"
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def entry_of(facts: TestFacts) -> dict[str, str]:
    entries: Any = certificate_of(facts, UVCI)["t"]
    assert len(entries) == 1
    return entries[0]  # type: ignore[no-any-return]


def check(value: Any, rule: dict[str, Any], schema: dict[str, Any]) -> None:
    """The few keywords of JSON Schema that this schema uses."""
    if "$ref" in rule:
        rule = schema["$defs"][rule["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        assert set(rule.get("required", ())) <= value.keys()
        assert value.keys() <= rule["properties"].keys()
        for key, member in value.items():
            check(member, rule["properties"][key], schema)
    elif isinstance(value, list):
        assert rule["minItems"] <= len(value) <= rule["maxItems"]
        for member in value:
            check(member, rule["items"], schema)
    else:
        assert isinstance(value, str)
        assert re.search(rule.get("pattern", ""), value)
        assert len(value) <= rule.get("maxLength", 1000)


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        replace(FACTS, given="", birth_date="1950", device="Bộ kit realtime"),
        replace(FACTS, family="王", given="", birth_date=""),
        replace(FACTS, test_kind=TestKind.ANTIGEN, positive=True, device="1232"),
        replace(FACTS, family="Ngô " * 40, centre="Trung tâm " * 40, issuer="Sở " * 40),
    ],
)
def test_the_contents_follow_the_schema_whatever_the_facts(
    facts: TestFacts, schema: dict[str, Any]
) -> None:
    document = certificate_of(facts, UVCI)
    check(document, {"properties": schema["properties"], "required": ["ver", "nam", "dob"]}, schema)


def test_codes_are_members_of_the_value_sets(value_sets: dict[str, Any]) -> None:
    known = json.dumps(value_sets)
    for kind in (TestKind.PCR, TestKind.ANTIGEN):
        for positive in (True, False):
            facts = replace(FACTS, test_kind=kind, positive=positive)
            entry = entry_of(facts)
            assert all(f'"{entry[key]}"' in known for key in ("tg", "tt", "tr", "co"))


def test_times_are_written_in_utc_to_the_second() -> None:
    local = FACTS.collected_at.astimezone(timezone(timedelta(hours=7)))
    facts = replace(FACTS, collected_at=local.replace(microsecond=123456))
    entry = entry_of(facts)
    assert entry["sc"] == "2026-07-12T07:00:00Z"


@pytest.mark.parametrize(
    ("kind", "device", "field"),
    [
        (TestKind.PCR, "1232", "nm"),
        (TestKind.ANTIGEN, "Kit nhanh", "nm"),
        (TestKind.ANTIGEN, "1232", "ma"),
    ],
)
def test_only_a_listed_rapid_test_is_named_by_its_code(
    kind: TestKind, device: str, field: str
) -> None:
    facts = replace(FACTS, test_kind=kind, device=device)
    entry = entry_of(facts)
    assert entry.get(field) == device
    assert len({"nm", "ma"} & entry.keys()) == 1
