"""Distinct HL7 v2 messages of about 560 bytes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi")
_GIVENS = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khánh", "Lộc", "Minh", "Ngọc")
_TEST = "94500-6^SARS-CoV-2 RNA Resp Ql NAA+probe^LN"
_numbers = count(1)
_random = random.Random(7)


def message(now: datetime) -> bytes:
    """One ORU^R01 with a name, number, time and outcome of its own."""
    number, below = next(_numbers), _random.randrange
    phone = f"09{below(10**8):08d}"
    born = f"{1940 + below(75)}{1 + below(12):02d}{1 + below(28):02d}"
    value = "260415000^Not detected^SCT" if number % 9 else "260373001^Detected^SCT"
    name = f"{_random.choice(_FAMILIES)}^{_random.choice(_GIVENS)}^Văn"
    at = f"{now - timedelta(minutes=60 + below(1140)):%Y%m%d%H%M}+0000"
    sent = f"{now:%Y%m%d%H%M%S}+0000"
    ids = f"MR{number:07d}^^^BVNDGD^MR~0{below(10**11):011d}^^^CCCD^NI"
    segments = (
        f"MSH|^~\\&|LIS|BVA|KETQUA|SYT|{sent}||ORU^R01^ORU_R01|M{number}|P|2.5.1|||||VNM|UTF-8",
        f"PID|1||{ids}||{name}^^^^L||{born}|F|||1 Duong So {number}^^HCM||^PRN^CP^^^^{phone}",
        f"ORC|RE|O{number}|F{number:09d}|||||||||1234567893^BS^A",
        f"OBR|1|O{number}|F{number:09d}|{_TEST}|||{at}|||||||||||||||{sent}|||F",
        f"OBX|1|CWE|{_TEST}||{value}||||||F|||{at}",
        f"SPM|1|S{number}||258500001^Nasopharyngeal swab^SCT|||||||||||||{at}",
    )
    return ("\r".join(segments) + "\r").encode()


def messages(amount: int) -> list[bytes]:
    """``amount`` distinct messages."""
    now = datetime.now(UTC)
    return [message(now) for _ in range(amount)]
