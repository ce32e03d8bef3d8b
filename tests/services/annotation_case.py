"""A study with CT slices in the patient, a radiograph and frames of a film, ready to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from server.access import Grant, patient_grant
from server.cloud import ImageCloud
from server.imaging import prepare
from server.model import Account, Instance, Series, Study
from tests.factories import SignInFacts, make_study
from tests.imaging.conftest import as_file, ct_slice, phantom
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference

SPACE = "1.2.826.0.1.3680043.8.498.77"
TILT = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


@dataclass(frozen=True)
class AnnotationCase:
    """The study, its series by modality, and the SOP Instance UIDs of each."""

    cloud: ImageCloud
    patient: SignInFacts
    study_id: str
    series: dict[str, str]
    images: dict[str, list[str]]

    def grant(self) -> Grant:
        """Return what the patient may do."""
        with self.cloud.database.session() as session:
            account = session.get_one(Account, self.patient.account_id)
            return patient_grant(self.cloud, session, account, source="192.0.2.7")

    def mark(
        self, name: str, kind: AnnotationKind, *points: tuple[float, float, float], **extra: Any
    ) -> Annotation:
        """Return a mark on the second CT slice, in the patient."""
        image = ImageReference(self.series["CT"], self.images["CT"][1])
        facts = {"frame_of_reference_uid": SPACE, "created_at": "2026-11-21T09:00:05+00:00"}
        return Annotation(name, kind, points, image, **(facts | extra))

    def flat(
        self,
        name: str,
        kind: AnnotationKind,
        *points: tuple[float, float],
        modality: str = "DX",
        frame: int = 1,
        **extra: Any,
    ) -> Annotation:
        """Return a mark on an image that has no place in the patient."""
        image = ImageReference(self.series[modality], self.images[modality][0], frame)
        return Annotation(name, kind, tuple((x, y, 0.0) for x, y in points), image, **extra)


def make_annotation_case(cloud: ImageCloud, patient: SignInFacts) -> AnnotationCase:
    """Store and prepare the study."""
    study = make_study(
        cloud,
        person_id=patient.person_id,
        series=0,
        patient_id="P20260077",
        patient_name="张三丰",
        patient_birth_date="19700102",
        patient_sex="M",
        accession_number="A7",
        study_uid=generate_uid(),
    )
    series, images = {}, {}
    with cloud.database.session() as session:
        stored = session.get_one(Study, study.study_id)
        for number, (modality, objects) in enumerate(_objects().items(), 1):
            row = Series(
                series_uid=generate_uid(), modality=modality, series_number=number,
                body_part="CHEST",
            )  # fmt: skip
            stored.series.append(row)
            session.flush()
            series[modality] = row.series_id
            images[modality] = [_add(cloud, row, one) for one in objects]
    prepare.prepare_study(cloud, study.study_id)
    return AnnotationCase(cloud, patient, study.study_id, series, images)


def _objects() -> dict[str, list[Dataset]]:
    slices = [
        ct_slice(
            phantom(number, 40, 60), number, "", FrameOfReferenceUID=SPACE, PixelSpacing=[0.5, 0.8],
            ImageOrientationPatient=list(TILT), ImagePositionPatient=[3.0, -7.0, 2.0 * number],
        )
        for number in (1, 2, 3, 4)
    ]  # fmt: skip
    radiograph = _plain(
        ct_slice(phantom(9, 120, 100), 1, ""), "DX", DigitalXRayImageStorageForPresentation,
        ImagerPixelSpacing=[0.2, 0.2], ViewPosition="AP", BodyPartExamined="CHEST",
    )  # fmt: skip
    frames = np.stack([phantom(number, 50, 50) for number in (1, 2, 3)])
    film = ct_slice(phantom(1, 50, 50), 1, "", NumberOfFrames=3, PixelAspectRatio=[2, 1])
    film = _plain(film, "US", UltrasoundMultiFrameImageStorage)
    film.PixelData = frames.astype("<u2").tobytes()
    return {"CT": slices, "DX": [radiograph], "US": [film]}


def _plain(dataset: Dataset, modality: str, sop_class: str, **elements: Any) -> Dataset:
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, name)
    dataset.Modality, dataset.SOPClassUID = modality, sop_class
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def _add(cloud: ImageCloud, series: Series, dataset: Dataset) -> str:
    dataset.SeriesInstanceUID = series.series_uid
    data = as_file(dataset)
    key = f"studies/{series.study_id}/instances/{generate_uid()}"
    cloud.vault.write(series.study.data_key, key, data)
    series.instances.append(
        Instance(
            sop_instance_uid=str(dataset.SOPInstanceUID),
            sop_class_uid=str(dataset.SOPClassUID),
            transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
            instance_number=dataset.InstanceNumber,
            frame_count=int(dataset.get("NumberOfFrames", 1)),
            object_key=key,
            sha256="",
            size=len(data),
        )
    )
    return str(dataset.SOPInstanceUID)


def value_at(case: AnnotationCase, number: int, column: int, row: int) -> float:
    """Return the HU of a pixel of a CT slice, from the stored object itself."""
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        uid = case.images["CT"][number]
        key = session.query(Instance).filter_by(sop_instance_uid=uid).one().object_key
        data = case.cloud.vault.read(study.data_key, key)
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    assert dataset.SOPClassUID == CTImageStorage
    return float(dataset.pixel_array[row, column]) - 1024.0
