"""Every pair of a report's and a line's status, as the readers meet them in real messages."""

from __future__ import annotations

import json
from itertools import product

import pytest

from core.results.reported import ReportedResult, ReportStatus
from labs.readers.statuses import OBR_25, OBSERVATION, OBX_11, REPORT, LineStatus, overall
from tests.labs.readers.where import the_result

MSH = "MSH|^~\\&|LIS|X|K|S|20210715093000||ORU^R01|1|P|2.5.1"
PID = "PID|1||1||Nguyen^Van^^^^^L||1990"
OBR = "OBR|1||A1|94500-6^PCR^LN|||20210715083000|||||||||||||||20210715090000|||{}"
OBX = "OBX|{}|CWE|94500-6^PCR^LN||260415000^Not detected^SCT||||||{}"

_SHORT = {
    "p": ReportStatus.PRELIMINARY,
    "F": ReportStatus.FINAL,
    "C": ReportStatus.CORRECTED,
    "w": ReportStatus.WITHDRAWN,
}
# A report's status down, its only line's across ("." is blank). Why the strict ones:
# * a line W is a line of somebody else or of nobody: senders leave the report at F or C;
# * a line X or D leaves nothing to show, whatever the report says;
# * a line P holds back even a report that says F or C: one of the two isn't verified;
# * a report P holds back lines that say F: nobody signed the whole;
# * a report X was cancelled, so its F lines are leftovers;
# * nothing at all is not "final", and neither is a letter that is in no table.
HL7 = """
    .  F  C  P  I  R  S  X  D  W  U  V  A  B  O  N  ?
.   p  F  C  p  p  p  p  w  w  w  F  F  C  C  p  p  p
F   F  F  C  p  p  p  p  w  w  w  F  F  C  C  F  F  p
C   C  C  C  p  p  p  p  w  w  w  C  C  C  C  C  C  p
P   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
A   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
R   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
I   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
O   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
S   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
M   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
N   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
Y   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
Z   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
X   w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w
W   w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w
D   w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w
f   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
?   p  p  p  p  p  p  p  w  w  w  p  p  p  p  p  p  p
"""
# The same for FHIR. amended and corrected are one; cancelled is X, entered-in-error is W.
FHIR = """
                  .  final  amended  corrected  preliminary  registered  unknown  cancelled  entered-in-error  ?
.                 p  F      C        C          p            p           p        w          w                 p
final             F  F      C        C          p            p           p        w          w                 p
amended           C  C      C        C          p            p           p        w          w                 p
corrected         C  C      C        C          p            p           p        w          w                 p
appended          C  C      C        C          p            p           p        w          w                 p
preliminary       p  p      p        p          p            p           p        w          w                 p
partial           p  p      p        p          p            p           p        w          w                 p
registered        p  p      p        p          p            p           p        w          w                 p
unknown           p  p      p        p          p            p           p        w          w                 p
cancelled         w  w      w        w          w            w           w        w          w                 w
entered-in-error  w  w      w        w          w            w           w        w          w                 w
?                 p  p      p        p          p            p           p        w          w                 p
"""  # noqa: E501 - a table is read by its columns


def pairs(table: str) -> list[tuple[str, str, ReportStatus]]:
    """Each cell with its heads; a ``.`` stands for blank."""
    heads, *rows = [line.split() for line in table.strip("\n").splitlines()]
    return [
        (row[0].replace(".", ""), head.replace(".", ""), _SHORT[cell])
        for row in rows
        for head, cell in zip(heads, row[1:], strict=True)
    ]


def hl7(report: str, *lines: str) -> ReportedResult:
    obxs = [OBX.format(at, status) for at, status in enumerate(lines, 1)]
    return the_result("\r".join([MSH, PID, OBR.format(report), *obxs, ""]).encode())


def fhir(report: str, line: str) -> ReportedResult:
    code = {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]}
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "code": code,
        "valueString": "Negative",
    }
    resources = [
        observation | ({"status": line} if line else {}),
        {
            "resourceType": "DiagnosticReport",
            "id": "r",
            "identifier": [{"value": "A1"}],
            "code": code,
            "result": [{"reference": "Observation/o"}],
        }
        | ({"status": report} if report else {}),
    ]
    entries = [{"resource": resource} for resource in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return the_result(json.dumps(bundle).encode())


@pytest.mark.parametrize(("report", "line", "meant"), pairs(HL7))
def test_each_pair_of_hl7_letters_means_one_status(
    report: str, line: str, meant: ReportStatus
) -> None:
    assert hl7(report, line).status is meant


@pytest.mark.parametrize(("report", "line", "meant"), pairs(FHIR))
def test_each_pair_of_fhir_words_means_one_status(
    report: str, line: str, meant: ReportStatus
) -> None:
    assert fhir(report, line).status is meant


def test_no_status_of_the_standards_is_left_out_of_the_tables() -> None:
    assert OBR_25.keys() <= {report for report, _, _ in pairs(HL7)}
    assert OBX_11.keys() <= {line for _, line, _ in pairs(HL7)}
    assert REPORT.keys() <= {report for report, _, _ in pairs(FHIR)}
    assert OBSERVATION.keys() <= {line for _, line, _ in pairs(FHIR)}


@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        ("FF", ReportStatus.FINAL),
        ("FX", ReportStatus.FINAL),  # one gene could not be measured; the rest stands
        ("FD", ReportStatus.CORRECTED),  # what was shown before is not all there any more
        ("FC", ReportStatus.CORRECTED),
        ("FP", ReportStatus.PRELIMINARY),
        ("CP", ReportStatus.PRELIMINARY),
        ("XP", ReportStatus.PRELIMINARY),
        ("XD", ReportStatus.WITHDRAWN),
        ("FW", ReportStatus.WITHDRAWN),
        ("PW", ReportStatus.WITHDRAWN),
        ("FO", ReportStatus.FINAL),
    ],
)
def test_of_several_lines_the_strictest_decides(lines: str, meant: ReportStatus) -> None:
    assert hl7("F", *lines).status is meant
    assert hl7("F", *reversed(lines)).status is meant


@pytest.mark.parametrize("status", ["D", "X", "O", "N"])
def test_a_line_that_is_gone_says_nothing_any_more(status: str) -> None:
    assert len(hl7("F", "F", status).members) == 1


def test_no_line_makes_a_report_more_released_than_it_says() -> None:
    strictness = {
        ReportStatus.FINAL: 0,
        ReportStatus.CORRECTED: 1,
        ReportStatus.PRELIMINARY: 2,
        ReportStatus.WITHDRAWN: 3,
    }
    for own, one, other in product(ReportStatus, LineStatus, LineStatus):
        assert strictness[overall(own, [one, other])] >= strictness[own]
