"""Other people's files: what every one of them gives, and what the bad ones are told."""

from __future__ import annotations

from collections import Counter

import pytest

from core.results.catalogue import Catalogue
from core.results.facility import DateOrder
from core.results.reported import Coding, ReportedResult, ReportStatus
from labs.readers.detect import read
from tests.labs.readers.where import LABS, REPOSITORY, ZONE, items, results, told

pytestmark = pytest.mark.usefixtures("vectors")  # skips where they are absent; CI fails there

UUID_AG = "b518ef23-1d9a-40c1-ac4b-ed7b438dfc4b"
UUID_WRONG = "8c66de45-62e3-453c-a5b2-90b6f90a407c"
EXPECTED = {
    "csv-bad/rs-completely-empty-file.csv": ["empty_file"],
    "csv-bad/rs-missing-data.csv": ["missing_columns"],
    "csv-bad/rs-not-a-csv-file.csv": ["unrecognised_format"],
    "csv-bad/rs-weird-dates.csv": ["missing_columns"],
    "csv-bad/sr-invalid-values.csv": ["unreadable_date patient_dob"],
    "csv/rs-duplicate-rows.csv": ["corrected DUPLICATETEST"] * 2,
    "csv/sr-valid-different-results.csv": ["date_contradicts_order patient_dob"] * 6,
    "csv/sr-valid-with-escaped-commas.csv": ["date_contradicts_order patient_dob"] * 2,
    "csv/sr-valid.csv": ["date_contradicts_order patient_dob"],
    "fhir-bad/rs-no-patient.json": ["final 73a6e9bd-aaec-418e-813a-0ad33366ca85"],
    "fhir/ms-lab-oru-1-as-fhir.json": ["preliminary 82503246", "preliminary 890775544"],
    "fhir/rs-entered-in-error-bundle.json": [f"withdrawn {UUID_WRONG}"],
    "fhir/rs-simplereport-bundle.json": ["final 7c76ad50-9c8e-49a5-b245-3a74ae368ea2"],
    "fhir/sr-diagnosticreport.json": ["unreadable_date DiagnosticReport.effective"],
    "fhir/sr-observation-correction.json": ["corrected 3c9c7370-e2e3-49ad-bb7a-f6005f41cf29"],
    "fhir/sr-observation-covid.json": ["final 3c9c7370-e2e3-49ad-bb7a-f6005f41cf29"],
    "fhir/sr-patient.json": ["ignored Patient"],
    "fhir/sr-specimen.json": ["ignored Specimen"],
    "fhir/sr-upload-valid.ndjson": [
        f"final {n}" for n in ("123", "234", "345", "456", "567", "678")
    ],
    "hl7v2-bad/lfh-lf-line-endings.hl7": ["ignored ADT^A01"],
    "hl7v2-bad/lfh-oru-mixed-line-endings.hl7": ["final FON_0d70c6c8"],
    "hl7v2-bad/rs-orm-not-a-result.hl7": ["ignored ORM^O01"],
    "hl7v2/ms-lab-oru-1.hl7": ["preliminary 82503246", "preliminary 890775544"],
    "hl7v2/rs-batch-fhs-bhs.hl7": [
        "final 0cba76f5-35e0-4a28-803a-2f31308aae9b",
        f"final {UUID_AG}",
    ],
    "hl7v2/rs-elims-cancelled-obx-x.hl7": [
        "ignored 68991-9",
        "withdrawn 29_3004185233_5065302_782",
        "withdrawn 29_3004185233_5065302_784",
    ],
    "hl7v2/rs-entered-in-error-obx-w.hl7": [f"withdrawn {UUID_WRONG}"],
    "hl7v2/rs-flfhospital-pcr.hl7": ["final 2107662558"],
    "hl7v2/rs-mpox.hl7": ["final 255684053"],
    "hl7v2/rs-single-covid-ag-aoe.hl7": [f"final {UUID_AG}"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_gives_exactly_its_items(name: str) -> None:
    assert [told(item) for item in items(LABS / name)] == EXPECTED[name]


def test_no_file_of_the_folder_is_left_out_of_these_tests() -> None:
    elsewhere = {
        "hl7v2/simhospital-1013-messages.out",
        "fhir-bad/sr-pretty-printed-as-ndjson.ndjson",
    }
    there = {str(path.relative_to(LABS)) for path in LABS.glob("*/*")}
    assert there == EXPECTED.keys() | elsewhere


def test_pretty_printed_documents_under_an_ndjson_name_are_read_with_a_warning() -> None:
    found = results(LABS / "fhir-bad/sr-pretty-printed-as-ndjson.ndjson")
    assert len(found) == 5
    assert {finding.code for result in found for finding in result.findings} == {
        "pretty_printed_ndjson"
    }


def test_the_stream_of_simulated_hospital_messages_gives_610_results_and_403_ignored() -> None:
    found = items(LABS / "hl7v2/simhospital-1013-messages.out")
    kinds = Counter(told(item).split()[0] for item in found)
    assert kinds == {"final": 610, "ignored": 403}
    assert [item.index for item in found] == list(range(1013))


def test_the_sample_extension_maps_the_panels_of_that_stream_and_nothing_else() -> None:
    packaged = (REPOSITORY / "core/results/catalogue.toml").read_text("utf-8")
    own = (REPOSITORY / "tests/vectors/simhospital-catalogue.toml").read_text("utf-8")
    catalogue = Catalogue.parse(packaged, own)
    stream = items(LABS / "hl7v2/simhospital-1013-messages.out")
    reports = [i.content for i in stream if isinstance(i.content, ReportedResult)]
    tests = Counter(test.key if (test := catalogue.find(r.codes)) else "" for r in reports)
    assert tests == {"GENERAL-PANEL": 335 + 87 + 62, "": 65 + 61}


def test_answers_to_questions_at_order_entry_are_no_lines() -> None:
    (antigen,) = results(LABS / "hl7v2/rs-single-covid-ag-aoe.hl7")
    assert [member.value_codes[0].code for member in antigen.members] == ["260415000"]
    for bundle in results(LABS / "fhir/sr-upload-valid.ndjson"):
        assert [member.codes[0].code for member in bundle.members] == ["94534-5"]


def test_the_same_blood_count_as_hl7_and_as_fhir_has_the_same_lines() -> None:
    from_hl7 = results(LABS / "hl7v2/ms-lab-oru-1.hl7")
    from_fhir = results(LABS / "fhir/ms-lab-oru-1-as-fhir.json")
    for one, other in zip(from_hl7, from_fhir, strict=True):
        assert [m.value for m in one.members] == [m.value for m in other.members]
        assert [m.codes[0].code for m in one.members] == [m.codes[0].code for m in other.members]


def test_both_spellings_of_loinc_in_one_message_mean_loinc() -> None:
    (pcr,) = results(LABS / "hl7v2/rs-flfhospital-pcr.hl7")
    assert pcr.codes == (
        Coding("LAB_IN", "SARSCOV2", "SARS-CoV-2 RNA"),
        Coding("LN", "94500-6", ""),
    )
    assert pcr.members[0].codes[1] == Coding("LN", "94500-6", "SARS-CoV-2")
    assert pcr.members[0].value == "NEGATIVE"


def test_a_line_reported_as_wrong_withdraws_a_report_that_calls_itself_corrected() -> None:
    (wrong,) = results(LABS / "hl7v2/rs-entered-in-error-obx-w.hl7")
    assert wrong.status is ReportStatus.WITHDRAWN


def test_a_report_without_a_patient_is_a_result_without_a_patient() -> None:
    (report,) = results(LABS / "fhir-bad/rs-no-patient.json")
    assert report.patient is None


def test_a_sender_of_american_dates_is_read_once_its_facility_says_so() -> None:
    data = (LABS / "csv/sr-valid-different-results.csv").read_bytes()
    found = list(read(data, zone=ZONE, date_order=DateOrder.MONTH_FIRST))
    assert [told(item) for item in found] == [
        f"final {n}" for n in ("123", "234", "345", "456", "567", "678")
    ]
    assert [item.row for item in found] == [2, 3, 4, 5, 6, 7]
