"""QIDO-RS: what is matched, what is returned, and how it is paged (PS3.18 10.6)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from pydicom.datadict import tag_for_keyword
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from server.dicom_index import Level, attributes_of
from tests.dicomweb.case import DicomwebCase, files_of, make_dicomweb_case, slices

TWO_PATIENTS: tuple[dict[str, Any], ...] = (
    {},
    {
        "PatientName": "Li^Si=李^四",
        "PatientID": "P2[1]",
        "AccessionNumber": "B_200",
        "StudyDate": "20260402",
        "StudyTime": "080000",
        "Modality": "MR",
        "SeriesNumber": 7,
        "ReferringPhysicianName": "Zhao^Liu",
        "StudyID": "S2",
    },
)
FIRST, SECOND = "P100", "P2[1]"


@pytest.fixture(scope="module")
def filled(portal: Flask, centre: ImageCloud) -> DicomwebCase:
    case = make_dicomweb_case(portal, centre)
    for facts in TWO_PATIENTS:
        assert case.stow(*files_of(slices(2, **facts))).status_code == 200
    return case


def tag(keyword: str) -> str:
    number = tag_for_keyword(keyword)
    assert number is not None
    return f"{number:08X}"


def value(row: dict[str, Any], keyword: str) -> Any:
    values = row[tag(keyword)].get("Value", [None])
    return values[0] if len(values) == 1 else values


def found(case: DicomwebCase, path: str) -> list[dict[str, Any]]:
    answer = case.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    rows: list[dict[str, Any]] = answer.get_json(force=True)
    return rows


@pytest.mark.parametrize(
    ("query", "patients"),
    [
        ("", [SECOND, FIRST]),  # newest first
        ("PatientID=P100", [FIRST]),
        ("00100020=P100", [FIRST]),
        ("PatientID=p100", []),
        ("PatientID=P*", [SECOND, FIRST]),
        ("PatientID=P2[?]", [SECOND]),
        ("PatientName=li^si", [SECOND]),
        ("PatientName=Zhang*", [FIRST]),
        ("PatientName=张^三", [FIRST]),
        ("PatientName=Zhang", []),
        ("AccessionNumber=B_*", [SECOND]),
        ("AccessionNumber=B?200", [SECOND]),
        ("StudyDate=20260301", [FIRST]),
        ("StudyDate=20260302-", [SECOND]),
        ("StudyDate=-20260331", [FIRST]),
        ("StudyDate=20260101-20261231", [SECOND, FIRST]),
        ("StudyTime=1030", [FIRST]),
        ("StudyTime=075959-080000", [SECOND]),
        ("ModalitiesInStudy=MR", [SECOND]),
        ("ModalitiesInStudy=CT,MR", [SECOND, FIRST]),
        ("ReferringPhysicianName=*王*", [FIRST]),
        ("StudyID=S2", [SECOND]),
        ("StudyDescription=", [SECOND, FIRST]),
        ("PatientID=*", [SECOND, FIRST]),
    ],
)
def test_studies_are_matched(filled: DicomwebCase, query: str, patients: list[str]) -> None:
    rows = found(filled, f"/studies?{query}")
    assert [value(row, "PatientID") for row in rows] == patients


def test_series_and_objects_are_matched_below_and_across_studies(filled: DicomwebCase) -> None:
    newer, older = found(filled, "/studies")
    uids = [value(row, "StudyInstanceUID") for row in (newer, older)]
    assert len(found(filled, f"/studies?StudyInstanceUID={uids[0]},{uids[1]}")) == 2
    (series,) = found(filled, "/series?Modality=MR")
    assert value(series, "StudyInstanceUID") == uids[0]  # no study in the address: said here
    (below,) = found(filled, f"/studies/{uids[1]}/series")
    assert tag("PatientID") not in below
    request = value(below, "RequestAttributesSequence")
    assert value(request, "ScheduledProcedureStepID") == "SPS7"
    path = "RequestAttributesSequence.RequestedProcedureID"
    assert len(found(filled, f"/series?{path}=RP7")) == 2
    assert found(filled, f"/series?{path}=RP8") == []
    assert len(found(filled, "/series?SeriesNumber=7")) == 1
    assert len(found(filled, "/series?PerformedProcedureStepStartDate=20260301")) == 2
    assert len(found(filled, "/series?PerformedProcedureStepStartTime=1029-1030")) == 2
    objects = found(filled, f"/studies/{uids[1]}/instances")
    assert [value(row, "InstanceNumber") for row in objects] == [1, 2]
    series_uid = value(below, "SeriesInstanceUID")
    (one,) = found(filled, f"/studies/{uids[1]}/series/{series_uid}/instances?InstanceNumber=2")
    assert (value(one, "Rows"), value(one, "Columns")) == (96, 80)
    assert value(one, "BitsAllocated") == 16
    assert len(found(filled, "/instances")) == 4


def test_every_attribute_of_the_standard_is_returned(filled: DicomwebCase) -> None:
    paths = {
        Level.STUDY: "/studies?PatientID=P100",
        Level.SERIES: "/series?PatientID=P100",
        Level.INSTANCE: "/instances?PatientID=P100",
    }
    for level, path in paths.items():
        row = found(filled, path)[0]
        for one in (one for above in level.and_above for one in attributes_of(above)):
            assert tag(one.sequence or one.keyword) in row, one.path
        assert value(row, "RetrieveURL").endswith(f"{value(row, 'StudyInstanceUID')}") is (
            level is Level.STUDY
        )
    study = found(filled, paths[Level.STUDY])[0]
    assert value(study, "NumberOfStudyRelatedSeries") == 1
    assert value(study, "NumberOfStudyRelatedInstances") == 2
    assert value(study, "StudyDate") == "20260301"
    assert value(study, "StudyTime") == "103000"
    assert value(study, "InstanceAvailability") == "ONLINE"


def test_pages_say_how_many_there_are(filled: DicomwebCase) -> None:
    first = filled.get("/studies?limit=1")
    assert first.headers["X-Total-Count"] == "2"
    assert "There are 1 additional results" in first.headers["Warning"]
    second = filled.get("/studies?limit=1&offset=1")
    assert "Warning" not in second.headers
    pages = [value(page.get_json(force=True)[0], "PatientID") for page in (first, second)]
    assert pages == [SECOND, FIRST]
    assert filled.get("/studies?limit=0").get_json(force=True) == []
    assert filled.get("/studies?offset=9").get_json(force=True) == []


def test_more_fields_are_given_when_asked_for(filled: DicomwebCase) -> None:
    (row,) = found(filled, "/series?PatientID=P100&includefield=PixelSpacing,0020000D")
    assert value(row, "PixelSpacing") == [0.5, 0.5]
    uid = value(row, "StudyInstanceUID")
    (below,) = found(filled, f"/studies/{uid}/series?includefield=PatientID")
    assert value(below, "PatientID") == FIRST
    (plain,) = found(filled, "/instances?PatientID=P100&limit=1")
    (whole,) = found(filled, "/instances?PatientID=P100&limit=1&includefield=all")
    assert tag("RescaleSlope") not in plain
    assert value(whole, "RescaleSlope") == 1
    assert tag("PixelData") not in whole


def test_what_is_not_heeded_is_said(filled: DicomwebCase) -> None:
    answer = filled.get("/studies?fuzzymatching=true&PatientSize=1.7")
    warnings = " ".join(answer.headers.getlist("Warning"))
    assert "fuzzymatching is not supported" in warnings
    assert "PatientSize is not a matching key" in warnings
    assert len(answer.get_json(force=True)) == 2


@pytest.mark.parametrize(
    "query",
    [
        "Nonsense=1",
        "limit=-1",
        "offset=x",
        "StudyDate=yesterday",
        "StudyDate=20260230",
        "StudyTime=99x",
        "fuzzymatching=perhaps",
        "includefield=Nonsense",
        f"PatientID={'x' * 5000}",
    ],
)
def test_nonsense_is_refused_in_two_languages(case: DicomwebCase, query: str) -> None:
    answer = case.get(f"/studies?{query}")
    assert answer.status_code == 400
    assert " / " in answer.get_json()["detail"]


def test_only_json_is_given(case: DicomwebCase) -> None:
    assert case.get("/studies", accept="application/json").mimetype == "application/json"
    assert case.get("/studies", accept="application/dicom+xml").status_code == 406
    uid = generate_uid()
    assert case.get(f"/studies/{uid}/series").get_json(force=True) == []
