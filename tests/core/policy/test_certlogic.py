"""CertLogic: the published suite, the unhappy paths, and bounds."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy.certlogic import CertLogicError, evaluate, is_path, is_true, operators

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
EXPRESSIONS = st.recursive(
    JSON,
    lambda inner: st.builds(
        lambda word, operands: {word: operands},
        st.sampled_from(sorted(operators())),
        st.lists(inner, max_size=3) | st.sampled_from(["", "a", "a.0", "current"]),
    ),
    max_leaves=12,
)


def test_every_case_of_the_published_suite(vectors: Path) -> None:
    asked = 0
    for file in sorted((vectors / "certlogic").glob("*.json")):
        for case in json.loads(file.read_text("utf-8"))["cases"]:
            for each in case["assertions"]:
                expression = each.get("certLogicExpression") or case["certLogicExpression"]
                assert evaluate(expression, each["data"]) == each["expected"], case["name"]
                asked += 1
    assert asked > 70


@pytest.mark.parametrize(
    "expression",
    [
        {"if": [{"plusTime": ["2021-06-01", 0, "day"]}, 1, 2]},
        {"!": [{"plusTime": ["2021-06-01", 0, "day"]}]},
        {"and": [True]},
        {"plusTime": ["2021-02-30", 0, "day"]},
        {"plusTime": ["01/02/2021", 0, "day"]},
        {"plusTime": ["2021-06-01", 1, "week"]},
        {"plusTime": ["2021-06-01", True, "day"]},
        {"plusTime": ["9999-12-31", 1, "day"]},
        {"plusTime": ["9999-12", 0, "day"]},
        {"plusTime": ["2021-13", 0, "day"]},
        {"<": ["1", "2"]},
        {"<": [1]},
        {"<": [1, 2, 3, 4]},
        {"after": ["2021-06-01", "2021-06-02"]},
        {"in": ["a", "abc"]},
        {"+": [1, "1"]},
        {"reduce": ["x", 1, 2]},
        {"dccDateOfBirth": [None]},
        {"extractFromUVCI": [7, 0]},
        {"var": 1},
        {"var": "t.length"},
        {"var": "a..b"},
        {"or": [True, True]},
        {"<": []},
        {},
        {"<": [1, 2], ">": [1, 2]},
        None,
        1.5,
    ],
)
def test_what_has_no_value_is_an_error_and_no_guess(expression: object) -> None:
    with pytest.raises(CertLogicError):
        evaluate(expression, {})


def test_only_the_branch_that_is_taken_is_evaluated() -> None:
    assert evaluate({"if": [True, "yes", {"<": []}]}, {}) == "yes"
    assert evaluate({"and": [False, {"<": []}]}, {}) is False


def test_one_is_not_true_and_structures_are_not_the_same() -> None:
    assert evaluate({"===": [1, True]}, {}) is False
    assert evaluate({"===": [{"var": "a"}, {"var": "b"}]}, {"a": [1], "b": [1]}) is False
    assert evaluate({"===": [{"var": "a"}, {"var": "b"}]}, {}) is True
    assert evaluate({"in": [1, [True]]}, {}) is False


def test_days_that_a_month_lacks_run_over() -> None:
    def moved(start: str, amount: int, unit: str) -> object:
        return evaluate({"plusTime": [start, amount, unit]}, {})

    assert moved("2021-01-31", 1, "month") == datetime(2021, 3, 3, tzinfo=UTC)
    assert moved("2024-02-29", 1, "year") == datetime(2025, 3, 1, tzinfo=UTC)
    assert moved("2024-02-29", 4, "year") == datetime(2028, 2, 29, tzinfo=UTC)
    assert moved("2021-03-31T10:00:00+07:00", -1, "month") == datetime(2021, 3, 3, 3, tzinfo=UTC)
    assert moved("2021-12-15", -12, "month") == datetime(2020, 12, 15, tzinfo=UTC)


def test_a_fold_over_nothing_is_its_initial_value_and_sees_no_outer_data() -> None:
    total = {"reduce": [{"var": "t"}, {"+": [{"var": "accumulator"}, {"var": "current"}]}, 0]}
    assert evaluate(total, {"t": [1, 2, 3]}) == 6
    assert evaluate(total, {}) == 0
    assert evaluate({"reduce": [[1], {"var": "t"}, 0]}, {"t": 9}) is None


def test_depth_and_steps_are_bounded() -> None:
    deep: object = True
    for _ in range(1000):
        deep = {"!": [deep]}
    with pytest.raises(CertLogicError, match="too_much"):
        evaluate(deep, {})
    inner: object = {"var": "accumulator"}
    for _ in range(8):
        inner = {"reduce": [list(range(20)), inner, 0]}
    with pytest.raises(CertLogicError, match="too_much"):
        evaluate(inner, {})


@given(EXPRESSIONS, JSON)
def test_any_expression_has_a_value_or_a_coded_error(expression: object, data: object) -> None:
    with suppress(CertLogicError):  # anything else fails here
        is_true(evaluate(expression, data))


@pytest.mark.parametrize("path", ["", "payload.t.0.sc", "external.validationClock", "x-y"])
def test_members_and_positions_are_a_path(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize(
    "path", [".", "a.", "1a", "t.length", "__proto__", "t. ", None, 0, "a.constructor"]
)
def test_what_engines_read_differently_is_no_path(path: object) -> None:
    assert not is_path(path)
