"""Annotations as a DICOM Measurement Report: TID 1500 in a Comprehensive 3D SR (PS3.16, A.35.13).

Each annotation is a Measurement Group (TID 1501): its Tracking Identifier is the annotation's id,
its numbers are NUM items with UCUM units, its place an SCOORD3D in the frame of reference where it
lies in the patient, else an SCOORD on its image. A code of our own (99YINGYUN) says what was drawn,
so that nothing is lost on the way back; others read lines, polygons and numbers. The words of a
mark are a Comment, as are the words about a length's calibration.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from highdicom.sr import (
    Comprehensive3DSR,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from sqlalchemy.orm import Session

from server import clock, people
from server.annotations.codes import PROCEDURE
from server.annotations.groups import measurement_group
from server.annotations.numbers import Numbers
from server.annotations.objects import StoredObject, objects_of
from server.model import Study
from viewer_py.measure.annotation import Annotation

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MANUFACTURER = "Yingyun"
SERIES_NUMBER = 9000
LONGEST_NUMBER = 16  # characters of a DS


@dataclass(frozen=True)
class Reader:
    """Who drew: by role only, and whether he may see who is pictured and the accession number."""

    role: str
    sees_identity: bool
    sees_accession: bool = True


def make_report(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    annotations: Sequence[Annotation],
    reader: Reader,
) -> bytes:
    """Return the annotations of a study as a DICOM file (B-28 … B-30).

    All of them must lie on the study (`server.annotations.check_places`); there is at least one.
    Raises StorageError.
    """
    objects = objects_of(session, study)
    numbers = Numbers(cloud, session, study)
    groups = [measurement_group(one, objects, numbers) for one in annotations]
    evidence = [evidence_of(study, one, reader) for one in _referred(annotations, objects).values()]
    with warnings.catch_warnings():
        # highdicom doubts names of one part; Chinese ones have it, and a role is no name.
        warnings.simplefilter("ignore", UserWarning)
        report = _structured(groups, evidence, reader)
    file = io.BytesIO()
    report.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _referred(
    annotations: Sequence[Annotation], objects: dict[str, StoredObject]
) -> dict[str, StoredObject]:
    """Return the objects that a report refers to; of a reformation the first of its series."""
    found = {}
    for one in annotations:
        wanted = one.image
        source = objects.get(wanted.sop_instance_uid) or next(
            each for each in objects.values() if each.series_id == wanted.series_id
        )
        found[source.uid] = source
    return found


def evidence_of(study: Study, one: StoredObject, reader: Reader) -> Dataset:
    """Return what highdicom takes from an image: whose it is, of which study, and which.

    Nothing but what the study itself holds; masked for whoever may not know who is pictured.
    """
    moment = study.study_datetime.astimezone(clock.CHINA)
    known = reader.sees_identity
    facts: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": one.sop_class,
        "SOPInstanceUID": one.uid,
        "SeriesInstanceUID": one.series_uid,
        "StudyInstanceUID": study.study_uid,
        "StudyDate": moment.strftime("%Y%m%d"),
        "StudyTime": moment.strftime("%H%M%S"),
        "StudyID": "",
        "AccessionNumber": study.accession_number[:16] if reader.sees_accession else "",
        "ReferringPhysicianName": "",
        "PatientName": study.patient_name if known else people.mask_name(study.patient_name),
        "PatientID": study.patient_id if known else people.mask_id_number(study.patient_id),
        "PatientBirthDate": study.patient_birth_date if known else "",
        "PatientSex": study.patient_sex if study.patient_sex in ("M", "F", "O") else "",
    }
    dataset = Dataset()
    for name, value in facts.items():
        setattr(dataset, name, value)
    return dataset


def _structured(
    groups: Sequence[MeasurementsAndQualitativeEvaluations],
    evidence: Sequence[Dataset],
    reader: Reader,
) -> Comprehensive3DSR:
    content = MeasurementReport(
        observation_context=ObservationContext(ObserverContext(
            codes.DCM.Person, PersonObserverIdentifyingAttributes(name=reader.role)
        )),
        procedure_reported=PROCEDURE,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )  # fmt: skip
    return Comprehensive3DSR(
        evidence=evidence,
        content=content[0],
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        series_description="Annotations",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
