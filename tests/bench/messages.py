"""Distinct HL7 v2 messages of about 630 bytes, and an installation to take them in."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi")
_GIVENS = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khánh", "Lộc", "Minh", "Ngọc")
_numbers = count(1)
_random = random.Random(7)


def message(now: datetime) -> bytes:
    """One ORU^R01 with a name, number, time and outcome of its own."""
    number = next(_numbers)
    collected = now - timedelta(minutes=_random.randrange(60, 1200))
    phone = f"09{_random.randrange(10**8):08d}"
    born = f"{_random.randrange(1940, 2015)}{_random.randrange(1, 13):02d}{_random.randrange(1, 28):02d}"
    code = "260415000^Not detected^SCT" if number % 9 else "260373001^Detected^SCT"
    name = f"{_random.choice(_FAMILIES)}^{_random.choice(_GIVENS)}^Văn"
    at, stamp = f"{collected:%Y%m%d%H%M}+0000", f"{now:%Y%m%d%H%M%S}+0000"
    segments = (
        f"MSH|^~\\&|LIS|BVNDGD|KETQUA|SYT|{stamp}||ORU^R01^ORU_R01|M{number}|P|2.5.1|||||VNM|UNICODE UTF-8",
        f"PID|1||MR{number:07d}^^^BVNDGD^MR~0{_random.randrange(10**11):011d}^^^CCCD^NI"
        f"||{name}^^^^L||{born}|F|||1 Duong So {number}^^HCM^^^VN||^PRN^CP^^^^{phone}^^^^^{phone}",
        f"ORC|RE|O{number}|F{number:09d}|||||||||1234567893^BS^A",
        f"OBR|1|O{number}|F{number:09d}|94500-6^SARS-CoV-2 RNA Resp Ql NAA+probe^LN|||{at}|||||||||||||||{stamp}|||F",
        f"OBX|1|CWE|94500-6^SARS-CoV-2 RNA Resp Ql NAA+probe^LN||{code}||||||F|||{at}",
        f"SPM|1|S{number}||258500001^Nasopharyngeal swab^SCT|||||||||||||{at}",
    )
    return ("\r".join(segments) + "\r").encode()


def messages(amount: int) -> list[bytes]:
    """``amount`` distinct messages."""
    now = datetime.now(UTC)
    return [message(now) for _ in range(amount)]
