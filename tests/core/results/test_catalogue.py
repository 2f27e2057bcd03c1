"""The catalogue of tests, the packaged one and what staff add."""

from __future__ import annotations

from collections import Counter

import pytest

from core.results.catalogue import Catalogue, Confidentiality, TestKind
from core.results.reported import Coding
from tests.labs.readers.where import REPOSITORY

PACKAGED = (REPOSITORY / "core/results/catalogue.toml").read_text("utf-8")
GOOD = """
[[tests]]
key = "FLU-A"
names = { vi = "Cúm A", en = "Influenza A" }
kind = "qualitative"
class = "B"
codes = [["LN", "80382-5"]]
"""


@pytest.mark.parametrize(
    ("code", "key", "confidentiality"),
    [
        ("94500-6", "SARSCOV2-PCR", Confidentiality.A),
        ("94558-4", "SARSCOV2-AG", Confidentiality.A),
        ("75377-2", "DENGUE-NS1", Confidentiality.B),
        ("882-1", "BLOOD-GROUP", Confidentiality.B),
        ("24317-0", "GENERAL-PANEL", Confidentiality.B),
        ("85362-2", "TB-GENEXPERT", Confidentiality.C),
        ("5196-1", "HEPATITIS-B", Confidentiality.C),
        ("100434-0", "MPOX", Confidentiality.C),
        ("56888-1", "HIV", Confidentiality.D),
    ],
)
def test_each_test_is_found_by_its_code_and_has_its_class(
    code: str, key: str, confidentiality: Confidentiality
) -> None:
    test = Catalogue.parse(PACKAGED).find([Coding("LIS", "?"), Coding("LN", code)])
    assert test is not None
    assert (test.key, test.confidentiality) == (key, confidentiality)


def test_no_code_means_two_tests() -> None:
    codes = Counter(code for test in Catalogue.parse(PACKAGED) for code in test.codes)
    assert set(codes.values()) == {1}


def test_an_installation_adds_and_replaces_tests() -> None:
    replacing = GOOD.replace("FLU-A", "HIV")
    catalogue = Catalogue.parse(PACKAGED, GOOD, replacing)
    assert catalogue.get("FLU-A").kind is TestKind.QUALITATIVE
    assert catalogue.get("HIV").name("en") == "Influenza A"
    assert catalogue.get("HIV").name("fr") == "Cúm A"


def test_an_alias_adds_codes_and_keeps_those_that_were_there() -> None:
    alias = '[[aliases]]\ntest = "HIV"\ncodes = [["LIS", "H1", "H2"]]\n'
    catalogue = Catalogue.parse(PACKAGED, alias)
    for coding in (Coding("LIS", "H2"), Coding("LN", "56888-1")):
        test = catalogue.find([coding])
        assert test is not None
        assert test.key == "HIV"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('key = "FLU-A"', 'key = "flu"', "flu"),
        ('kind = "qualitative"', 'kind = "magic"', "FLU-A.*magic"),
        ('kind = "qualitative"', "", "FLU-A.*kind is missing"),
        ('class = "B"', 'class = "E"', "FLU-A.*E"),
        (', en = "Influenza A"', "", "FLU-A.*vi and en"),
        ('[["LN", "80382-5"]]', "[]", "FLU-A.*codes are missing"),
        ('[["LN", "80382-5"]]', '[["LN"]]', "FLU-A.*codes"),
        ("[[tests]]", "[tests]", "tests"),
        ("[[tests]]", "[[tests", "not TOML"),
    ],
)
def test_a_mistake_is_told_with_the_test_that_has_it(before: str, after: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Catalogue.parse(GOOD.replace(before, after))


def test_an_alias_of_no_test_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="NOPE"):
        Catalogue.parse('[[aliases]]\ntest = "NOPE"\ncodes = [["LIS", "1"]]\n')
