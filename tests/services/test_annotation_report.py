"""Annotations as DICOM SR: judged by dciodvfy, dsrdump and highdicom, and read back unharmed."""

from __future__ import annotations

import io
import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.sr import Comprehensive3DSR, srread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.annotations import AnnotationsRefused
from server.annotations.reading import read_report
from server.annotations.report import Reader, make_report
from server.cloud import ImageCloud
from server.model import Study
from tests.factories import SignInFacts
from tests.services.annotation_case import (
    TILT,
    AnnotationCase,
    make_annotation_case,
    value_at,
)
from viewer_py.measure.annotation import POINT_COUNTS, Annotation, AnnotationKind, ImageReference
from viewer_py.measure.annotation_json import AnnotationFormatError
from viewer_py.volume.model import Projection, Slab

KIND = AnnotationKind
READER = Reader("patient", True)
ACROSS, DOWN = np.array(TILT[:3]) * 0.8, np.array(TILT[3:]) * 0.5


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts) -> AnnotationCase:
    return make_annotation_case(cloud, patient)


def at(column: float, row: float) -> tuple[float, float, float]:
    """Return the patient's place of (column, row) of the second CT slice."""
    point = np.array([3.0, -7.0, 4.0]) + (column - 0.5) * ACROSS + (row - 0.5) * DOWN
    return tuple(float(part) for part in point)


def box(c0: float, r0: float, c1: float, r1: float) -> list[tuple[float, float, float]]:
    return [at(c0, r0), at(c1, r0), at(c1, r1), at(c0, r1)]


def every_mark(case: AnnotationCase) -> list[Annotation]:
    """One mark of every kind, in the patient and on images that have no place there."""
    chest = [(50, 5), (50, 110), (35, 60), (75, 65), (10, 70), (90, 72)]
    return [
        case.mark("length", KIND.LENGTH, at(10, 10), at(30, 10), text="病灶长径 <1>"),
        case.mark("rectangle", KIND.RECTANGLE, *box(10, 10, 20, 25)),
        case.mark("ellipse", KIND.ELLIPSE, at(20, 10), at(20, 30), at(15, 20), at(25, 20)),
        case.mark("circle", KIND.CIRCLE, at(30, 20), at(35, 20)),
        case.mark("angle", KIND.ANGLE, at(10, 5), at(20, 15), at(30, 5)),
        case.mark("cobb", KIND.COBB, at(10, 5), at(30, 9), at(10, 30), at(30, 22)),
        case.mark("course", KIND.FREEHAND, at(5, 5), at(6, 9), at(9, 9), at(12, 7)),
        case.mark("area", KIND.FREEHAND, at(5, 5), at(6, 15), at(12, 7), closed=True),
        case.mark("probe", KIND.PROBE, at(22.5, 17.5)),
        case.mark("arrow", KIND.ARROW, at(5, 5), at(9, 9), text="箭头\n第二行"),
        case.mark("text", KIND.TEXT, at(5, 5), at(9, 9), text="结节？"),
        replace(
            case.mark("plane", KIND.LENGTH, at(10, 10), at(10, 30), normal=(-0.8, -0.6, 0.0)),
            image=ImageReference(case.series["CT"]),
        ),
        replace(
            case.mark("slab", KIND.PROBE, at(10, 10)),
            image=ImageReference(case.series["CT"]),
            slab=Slab(20.0, Projection.MINIP),
        ),
        case.flat("flat", KIND.LENGTH, (10.25, 10.5), (40.0, 50.0)),
        case.flat("ratio", KIND.CARDIOTHORACIC, *chest),
        case.flat("disc", KIND.CIRCLE, (40, 40), (50, 40)),
        case.flat("words", KIND.TEXT, (40, 40), (50, 40), text="L"),
        case.flat("later", KIND.PROBE, (20, 20), modality="US", frame=3),
        case.flat("oval", KIND.ELLIPSE, (10, 20), (30, 20), (20, 15), (20, 25), modality="US"),
        case.flat("closed", KIND.FREEHAND, (9, 9), (20, 9), (20, 30), modality="US", closed=True),
    ]  # fmt: skip


def report(case: AnnotationCase, marks: list[Annotation], reader: Reader = READER) -> bytes:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        return make_report(case.cloud, session, study, marks, reader)


def read(case: AnnotationCase, data: bytes) -> tuple[Annotation, ...]:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        found, left_out = read_report(case.cloud, session, study, data)
    assert left_out == ()
    return found


def numbers(data: bytes) -> dict[str, dict[str, tuple[float, str]]]:
    """Return tracking identifier → name → (value, unit), as highdicom reads the report."""
    opened = srread(io.BytesIO(data))
    assert isinstance(opened, Comprehensive3DSR)
    groups = opened.content.get_image_measurement_groups()
    found: dict[str, dict[str, tuple[float, str]]] = {}
    for group in groups:
        items = found.setdefault(group.tracking_identifier, {})
        for one in group.get_measurements():
            derivation = f" {one.derivation.meaning}" if one.derivation else ""
            items[f"{one.name.meaning}{derivation}"] = (one.value, one.unit.value)
    return found


def same_within_float32(one: Annotation, other: Annotation) -> None:
    assert replace(one, points=()) == replace(other, points=())
    assert np.asarray(other.points, "f4") == pytest.approx(np.asarray(one.points, "f4"), abs=1e-4)


@pytest.mark.requirement("B-28", "B-29", "B-30", "C-13", "C-14", "C-15")
def test_every_kind_of_mark_comes_back(case: AnnotationCase) -> None:
    marks = every_mark(case)
    assert {one.kind for one in marks} == set(KIND)
    first = report(case, marks)
    once = read(case, first)
    for before, after in zip(marks, once, strict=True):
        same_within_float32(before, after)
    # What has been through a report once does not change any more, to the last bit.
    assert read(case, report(case, list(once))) == once


@pytest.mark.requirement("B-28", "B-29", "C-13", "C-14")
def test_the_numbers_are_those_of_the_marks(case: AnnotationCase) -> None:
    found = numbers(report(case, every_mark(case)))
    assert found["length"]["Length"] == (pytest.approx(16.0), "mm")
    assert found["rectangle"]["Area"] == (pytest.approx(8.0 * 7.5), "mm2")
    assert found["rectangle"]["Perimeter"] == (pytest.approx(31.0), "mm")
    pixels = [value_at(case, 1, column, row) for column in range(10, 20) for row in range(10, 25)]
    mean = found["rectangle"]["Attenuation Coefficient Mean"]
    assert mean == (pytest.approx(np.mean(pixels)), "[hnsf'U]")
    deviation = found["rectangle"]["Attenuation Coefficient Standard Deviation"]
    assert deviation[0] == pytest.approx(np.std(pixels))
    assert found["ellipse"]["Area"] == (pytest.approx(math.pi * 5 * 4), "mm2")
    assert found["circle"]["Area"] == (pytest.approx(math.pi * 16), "mm2")
    assert found["angle"]["Angle"] == (
        pytest.approx(2 * math.degrees(math.atan2(8, 5)), abs=1e-9),
        "deg",
    )
    assert found["probe"]["Attenuation Coefficient"] == (value_at(case, 1, 22, 17), "[hnsf'U]")
    assert found["ratio"]["Cardiothoracic ratio"] == (pytest.approx(0.5), "1")
    assert found["plane"]["Length"] == (pytest.approx(10.0), "mm")
    assert found["arrow"] == {}


@pytest.mark.requirement("B-30", "C-15")
def test_dicom3tools_and_dcmtk_have_nothing_to_say_against_it(
    case: AnnotationCase, tmp_path: Path
) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(report(case, every_mark(case)))
    judge = shutil.which("dciodvfy")
    assert judge, "apt-get install dicom3tools"
    verdict = subprocess.run([judge, str(path)], capture_output=True, text=True, check=False)
    said = (verdict.stdout + verdict.stderr).splitlines()
    assert [line for line in said if line.startswith("Error")] == []
    assert any("Comprehensive3DSR" in line for line in said)
    dump = subprocess.run(
        ["dsrdump", "+Pl", str(path)], capture_output=True, text=True, check=False
    )
    assert dump.returncode == 0, dump.stderr
    assert "violates" not in dump.stderr
    assert "Length" in dump.stdout
    assert "结节？" in dump.stdout
    checked = subprocess.run(["dcm2json", str(path)], capture_output=True, check=False)
    assert checked.returncode == 0


@pytest.mark.requirement("F-22")
def test_a_report_names_nobody_but_the_patient_and_him_only_to_who_may_know(
    case: AnnotationCase,
) -> None:
    marks = every_mark(case)[:1]
    open_ = pydicom.dcmread(io.BytesIO(report(case, marks)))
    assert (str(open_.PatientName), open_.PatientID) == ("张三丰", "P20260077")
    masked = pydicom.dcmread(io.BytesIO(report(case, marks, Reader("recipient", False))))
    assert str(masked.PatientName) == "张**"
    assert "P20260077" not in str(masked)
    assert masked.PatientBirthDate == ""
    observers = [
        str(item.PersonName) for item in masked.ContentSequence if item.ValueType == "PNAME"
    ]
    assert observers == ["recipient"]


def test_a_report_of_another_study_and_other_files_are_refused(
    case: AnnotationCase, cloud: ImageCloud, patient: SignInFacts
) -> None:
    data = report(case, every_mark(case))
    other = make_annotation_case(cloud, patient)
    for study_id, wrong, words in (
        (other.study_id, data, "此报告属于另一次检查"),
        (case.study_id, b"", "不是 DICOM 结构化报告"),
        (case.study_id, b"\0" * 200 + b"DICM", "不是 DICOM 结构化报告"),
    ):
        with cloud.database.session() as session, pytest.raises(AnnotationsRefused) as error:
            read_report(cloud, session, session.get_one(Study, study_id), wrong)
        assert error.value.words.chinese == words


def test_a_report_that_is_cut_off_is_refused_as_a_whole(case: AnnotationCase) -> None:
    data = report(case, every_mark(case)[:3])
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        for length in range(200, len(data), max(len(data) // 60, 1)):
            with pytest.raises(AnnotationsRefused):
                read_report(case.cloud, session, study, data[:length])


def test_a_damaged_report_is_read_or_refused_but_never_fails(case: AnnotationCase) -> None:
    data = report(case, every_mark(case))
    random = np.random.default_rng(4)
    outcomes = set()
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        for _ in range(150):
            damaged = bytearray(data)
            for place in random.integers(132, len(data), random.integers(1, 30)):
                damaged[place] = random.integers(0, 256)
            try:
                found, left_out = read_report(case.cloud, session, study, bytes(damaged))
            except (AnnotationsRefused, AnnotationFormatError):
                outcomes.add("refused")
            else:
                assert found
                outcomes.add("partly" if left_out else "read")
    assert outcomes >= {"refused", "read"}


def foreign(data: bytes) -> pydicom.Dataset:
    """Return a report without what is only ours: other people's are like it."""
    opened = pydicom.dcmread(io.BytesIO(data))

    def strip(item: pydicom.Dataset) -> None:
        children = item.get("ContentSequence")
        if not children:
            return
        kept = [
            child
            for child in children
            if child.ConceptNameCodeSequence[0].CodingSchemeDesignator != "99YINGYUN"
            and child.ConceptNameCodeSequence[0].CodeValue != "112002"
            if "ConceptNameCodeSequence" in child
        ]
        item.ContentSequence = kept
        for child in kept:
            strip(child)

    strip(opened)
    return opened


@pytest.mark.requirement("C-13")
def test_other_peoples_reports_are_read_as_far_as_they_are_known(case: AnnotationCase) -> None:
    marks = [one for one in every_mark(case) if one.kind is not KIND.CARDIOTHORACIC]
    file = io.BytesIO()
    foreign(report(case, marks)).save_as(file)
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        found, left_out = read_report(case.cloud, session, study, file.getvalue())
    kinds = {one.kind for one in found}
    assert kinds >= {KIND.LENGTH, KIND.ELLIPSE, KIND.FREEHAND, KIND.ANGLE, KIND.PROBE, KIND.CIRCLE}
    # A mark hangs on the code that says so, which is ours alone; so does the disc in the patient.
    assert any("没有坐标" in one.chinese for one in left_out)
    length = found[0]
    assert np.asarray(length.points) == pytest.approx(np.asarray(marks[0].points), abs=1e-4)
    assert (length.text, length.image) == ("病灶长径 <1>", marks[0].image)
    assert len({one.annotation_id for one in found}) == len(found)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_marks_of_any_shape_come_back(case: AnnotationCase, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(AnnotationKind))
    fewest, most = POINT_COUNTS[kind]
    place = st.tuples(st.floats(1, 99), st.floats(1, 119))
    points = data.draw(st.lists(place, min_size=fewest, max_size=min(most, 20)))
    closed = kind is KIND.FREEHAND and data.draw(st.booleans())
    flat = case.flat("flat", kind, *points, closed=closed)
    solid = case.mark("solid", kind, *[at(x / 2, y / 3) for x, y in points], closed=closed)
    once = read(case, report(case, [flat, solid]))
    for before, after in zip((flat, solid), once, strict=True):
        assert replace(after, points=()) == replace(before, points=())
        assert len(after.points) == len(before.points)
        if kind is not KIND.ELLIPSE:
            same_within_float32(before, after)
    assert read(case, report(case, list(once))) == once
