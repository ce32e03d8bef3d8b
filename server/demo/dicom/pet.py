"""PET of the trunk in Bq/ml, in the space of its CT (PS3.3 A.21)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import PositronEmissionTomographyImageStorage

from server.demo.dicom import header
from server.demo.dicom.ct import CENTER_Y
from server.demo.dicom.dx import code
from server.demo.dicom.identity import seed
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.phantom.canvas import FloatArray, square_plane
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.radiograph import blurred
from server.demo.phantom.tissues import uptake
from server.demo.phantom.torso import paint_torso

DOSE = 296e6  # Bq
HALF_LIFE = 6586.2  # s, fluorine-18
UPTAKE_TIME = 3600.0  # s


@dataclass(frozen=True)
class PetSeries:
    """Axial slices, the highest first; lengths in mm."""

    study: StudyHeader
    series: SeriesHeader
    anatomy: Anatomy
    count: int
    spacing: float = 4.5
    top: float = 212.0
    size: int = 128
    width: float = 512.0

    @property
    def steps(self) -> int:
        """How many pieces of work it is."""
        return self.count

    @property
    def files(self) -> int:
        """How many files it makes."""
        return self.count

    @property
    def activity_per_suv(self) -> float:
        """Bq/ml that is one SUV by body weight, at the beginning of the scan."""
        remaining = DOSE * math.exp(-math.log(2) * UPTAKE_TIME / HALF_LIFE)
        return remaining / (self.study.patient.weight * 1000)

    def standardised_uptake(self, index: int) -> FloatArray:
        """Return the slice (rows, columns) in SUV by body weight, blurred and noisy."""
        scale, values = self.anatomy.scale, uptake()
        z = self.top - index * self.spacing
        # Twice as fine as the picture, and three slices, for the partial volume.
        layers = [
            paint_torso(
                square_plane(self.size * 2, self.width / scale, (z + off) / scale, 3.0, CENTER_Y),
                values,
                self.anatomy,
                table=False,
            )
            for off in (-2.4, 0.0, 2.4)
        ]
        fine = blurred((layers[0] + layers[1] + layers[2]) / np.float32(3), 2)
        coarse = fine.reshape(self.size, 2, self.size, 2).mean(axis=(1, 3))
        random = np.random.default_rng(seed(self.study.key, self.series.key, index))
        white = random.standard_normal((self.size, self.size), dtype=np.float32)
        noise = blurred(white, 1) * np.float32(3.5)
        noisy = coarse + noise * np.sqrt(np.maximum(coarse, 0.02)) * np.float32(0.11)
        return np.asarray(np.maximum(noisy, 0), dtype=np.float32)

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write slices first … last − 1 and return their files."""
        name = f"{self.study.key}/{self.series.key}"
        return [
            header.save(self.dataset(index), folder / name / f"{index + 1:04d}.dcm")
            for index in range(first, last)
        ]

    def dataset(self, index: int) -> Dataset:
        """Return the slice as a DICOM dataset."""
        dataset = header.new_image(
            self.study, self.series, PositronEmissionTomographyImageStorage, index + 1
        )
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        header.set_frame_of_reference(dataset, self.study, "trunk")
        step = self.width / self.size
        corner = -self.width / 2 + step / 2
        z = self.top - index * self.spacing
        dataset.ImagePositionPatient = [
            f"{corner:.4f}", f"{corner + CENTER_Y * self.anatomy.scale:.4f}", f"{z:.3f}"
        ]  # fmt: skip
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [f"{step:g}", f"{step:g}"]
        dataset.SliceThickness = f"{self.spacing:g}"
        dataset.SpacingBetweenSlices = f"{self.spacing:g}"
        dataset.SliceLocation = f"{z:.3f}"
        self._series_module(dataset, index)
        self._isotope(dataset)
        activity = self.standardised_uptake(index) * np.float32(self.activity_per_suv)
        slope = max(float(activity.max()), 1.0) / 32000
        dataset.RescaleIntercept = "0"
        dataset.RescaleSlope = f"{slope:.8g}"
        header.set_pixels(
            dataset, np.rint(activity / float(dataset.RescaleSlope)).astype(np.uint16), 16
        )
        high = 7 * self.activity_per_suv
        dataset.WindowCenter = f"{high / 2:.1f}"
        dataset.WindowWidth = f"{high:.1f}"
        dataset.WindowCenterWidthExplanation = "SUV 0-7"
        return dataset

    def _series_module(self, dataset: Dataset, index: int) -> None:
        dataset.Units = "BQML"
        dataset.SUVType = "BW"
        dataset.CountsSource = "EMISSION"
        dataset.SeriesType = ["WHOLE BODY", "IMAGE"]
        dataset.NumberOfSlices = self.count
        dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
        dataset.RandomsCorrectionMethod = "DLYD"
        dataset.AttenuationCorrectionMethod = "CT"
        dataset.ScatterCorrectionMethod = "Model-based"
        dataset.DecayCorrection = "START"
        dataset.ReconstructionMethod = "OSEM 3D"
        dataset.ConvolutionKernel = "Gaussian 5mm"
        dataset.CollimatorType = "NONE"
        dataset.FrameReferenceTime = "60000"
        dataset.ActualFrameDuration = "120000"
        dataset.DecayFactor = "1"
        dataset.ImageIndex = index + 1

    def _isotope(self, dataset: Dataset) -> None:
        began = self.study.taken_at + timedelta(seconds=self.series.begins_after)
        injected = began - timedelta(seconds=UPTAKE_TIME)
        item = Dataset()
        item.Radiopharmaceutical = "18F-FDG"
        item.RadiopharmaceuticalRoute = "静脉注射"
        item.RadiopharmaceuticalStartTime = header.dicom_time(injected)
        item.RadiopharmaceuticalStartDateTime = injected.strftime("%Y%m%d%H%M%S.%f+0800")
        item.RadionuclideTotalDose = f"{DOSE:.0f}"
        item.RadionuclideHalfLife = f"{HALF_LIFE:g}"
        item.RadionuclidePositronFraction = "0.9673"
        item.RadionuclideCodeSequence = Sequence([code("77004003", "SCT", "^18^Fluorine")])
        item.RadiopharmaceuticalCodeSequence = Sequence(
            [code("35321007", "SCT", "Fluorodeoxyglucose F^18^")]
        )
        dataset.RadiopharmaceuticalInformationSequence = Sequence([item])
        dataset.PatientOrientationCodeSequence = Sequence([code("102538003", "SCT", "recumbent")])
        dataset.PatientGantryRelationshipCodeSequence = Sequence(
            [code("102540001", "SCT", "headfirst")]
        )
