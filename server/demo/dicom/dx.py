"""A frontal chest radiograph, Digital X-Ray for presentation (PS3.3 A.26)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DigitalXRayImageStorageForPresentation

from server.demo.dicom import header
from server.demo.dicom.identity import seed
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.phantom.canvas import FloatArray
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.radiograph import enlarge, exposure, harmonised, path_lengths


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


@dataclass(frozen=True)
class DxSeries:
    """One PA picture; lengths in mm at the detector."""

    study: StudyHeader
    series: SeriesHeader
    anatomy: Anatomy
    columns: int = 2048
    rows: int = 2176
    width: float = 352.0
    top: float = 240.0
    ray_step: float = 0.75

    steps: int = 1
    files: int = 1

    def picture(self) -> FloatArray:
        """Return stored values (rows, columns), 0…4095, low where much was exposed."""
        height = self.width * self.rows / self.columns
        count = round(height / self.ray_step)
        path = path_lengths(self.anatomy, self.width, self.top, height, self.ray_step, 0, count)
        path = enlarge(path, self.rows, self.columns)
        density = harmonised(exposure(path, seed(self.study.key, self.series.key)))
        low, high = np.percentile(density[::8, ::8], (0.5, 99.7))
        part = np.clip((density - low) / (high - low), 0, 1.08)
        values = 200 + part ** np.float32(1.35) * 3500
        return np.asarray(np.clip(np.rint(values), 0, 4095), dtype=np.float32)

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write the picture."""
        name = f"{self.study.key}/{self.series.key}/0001.dcm"
        return [header.save(self.dataset(), folder / name) for _ in range(first, last)]

    def dataset(self) -> Dataset:
        """Return the picture as a DICOM dataset; MONOCHROME2, bone is white."""
        dataset = header.new_image(
            self.study, self.series, DigitalXRayImageStorageForPresentation, 1
        )
        dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
        _positioning(dataset)
        _acquisition(dataset, self.width / self.columns)
        header.set_pixels(dataset, self.picture().astype(np.uint16), 12)
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = 1
        dataset.RescaleIntercept = "0"
        dataset.RescaleSlope = "1"
        dataset.RescaleType = "US"
        dataset.PresentationLUTShape = "IDENTITY"
        dataset.LossyImageCompression = "00"
        dataset.BurnedInAnnotation = "NO"
        dataset.WindowCenter = ["2050", "2250"]
        dataset.WindowWidth = ["3900", "2900"]
        dataset.WindowCenterWidthExplanation = ["标准", "高对比"]
        return dataset


def _positioning(dataset: Dataset) -> None:
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.PatientOrientation = ["L", "F"]
    dataset.PositionerType = "COLUMN"
    dataset.ViewPosition = "PA"
    dataset.ImageLaterality = "U"
    region = code("51185008", "SCT", "Chest")
    dataset.AnatomicRegionSequence = Sequence([region])
    dataset.PatientOrientationCodeSequence = Sequence([code("10904000", "SCT", "Erect")])
    view = code("399348003", "SCT", "postero-anterior")
    view.ViewModifierCodeSequence = Sequence([])
    dataset.ViewCodeSequence = Sequence([view])
    dataset.AcquisitionContextSequence = Sequence([])


def _acquisition(dataset: Dataset, spacing: float) -> None:
    dataset.ImagerPixelSpacing = [f"{spacing:.6f}", f"{spacing:.6f}"]
    dataset.DetectorType = "SCINTILLATOR"
    dataset.DetectorConfiguration = "AREA"
    dataset.DetectorID = "DEMO-DETECTOR"
    dataset.DetectorActiveShape = "RECTANGLE"
    dataset.FieldOfViewShape = "RECTANGLE"
    dataset.FieldOfViewHorizontalFlip = "NO"
    dataset.FieldOfViewRotation = "0"
    dataset.FieldOfViewOrigin = ["0", "0"]
    dataset.KVP = "125"
    dataset.ExposureTime = 8
    dataset.XRayTubeCurrent = 250
    dataset.Exposure = 2
    dataset.ExposureInuAs = 2000
    dataset.DistanceSourceToDetector = "1800"
    dataset.DistanceSourceToPatient = "1620"
    dataset.Grid = "FOCUSED"
    dataset.FocalSpots = "1.2"
    dataset.FilterMaterial = "ALUMINUM"
    dataset.ExposureControlMode = "AUTOMATIC"
    dataset.BodyPartThickness = "230"
    dataset.ExposureIndex = "412"
    dataset.TargetExposureIndex = "400"
    dataset.DeviationIndex = "0.1"
