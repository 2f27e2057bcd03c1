"""Code lists as laboratories paste them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.onboarding.code_list import LONGEST_CODE, ListedCode, read_list


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("XN1;Công thức máu", ListedCode("", "XN1", "Công thức máu")),
        ("LIS|XN1|Máu", ListedCode("LIS", "XN1", "Máu")),
        ("|XN1", ListedCode("", "XN1")),
        ("XN1\tMáu", ListedCode("", "XN1", "Máu")),
        ("XN1,LIS", ListedCode("LIS", "XN1")),
        ("XN1", ListedCode("", "XN1")),
        ("\N{BOM}Tên;Mã\nMáu;XN1", ListedCode("", "XN1", "Máu")),
        ("Code,Name\nXN1,Máu", ListedCode("", "XN1", "Máu")),
        ('code,name\nXN1,"Máu, toàn phần"', ListedCode("", "XN1", "Máu, toàn phần")),
    ],
)
def test_each_way_of_writing_a_line_is_read(text: str, read: ListedCode) -> None:
    assert read_list(text) == [read]


def test_a_code_counts_once_and_a_line_without_one_not_at_all() -> None:
    assert read_list("A;x\n\n;y\nA;z\nB;w\n") == [
        ListedCode("", "A", "x"),
        ListedCode("", "B", "w"),
    ]


@given(st.text(max_size=400))
def test_whatever_is_pasted_gives_codes_that_can_be_kept(text: str) -> None:
    for each in read_list(text):
        assert 0 < len(each.code) <= LONGEST_CODE
