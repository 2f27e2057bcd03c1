"""Messages of a laboratory for people of these tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def oru(
    accession: str,
    phone: str,
    *,
    name: str = "Nguyễn^Bình^Văn",
    born: str = "19900305",
    value: str = "260415000^Not detected^SCT",
    test: str = "94500-6^SARS-CoV-2 RNA^LN",
    status: str = "F",
) -> bytes:
    """A result collected two hours ago and released now."""
    now = datetime.now(UTC)
    collected = f"{now - timedelta(hours=2):%Y%m%d%H%M%S}+0000"
    sent = f"{now:%Y%m%d%H%M%S.%f}"[:-2] + "+0000"
    segments = (
        f"MSH|^~\\&|LIS|BVNDGD|KETQUA|SYT|{sent}||ORU^R01|{accession}|P|2.5.1|||||VNM|UTF-8",
        f"PID|1||{accession}^^^BVNDGD^MR||{name}^^^^L||{born}|M|||||^PRN^CP^^^^^^^^^{phone}",
        f"OBR|1||{accession}|{test}|||{collected}|||||||||||||||{sent}|||{status}",
        f"OBX|1|CWE|{test}||{value}||||||{status}|||{collected}",
        f"SPM|1|||258500001^Nasopharyngeal swab^SCT|||||||||||||{collected}",
    )
    return ("\r".join(segments) + "\r").encode()
