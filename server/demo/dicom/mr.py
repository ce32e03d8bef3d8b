"""MR series of the head in any orientation (PS3.3 A.4)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, MRImageStorage

from server.demo.dicom import header
from server.demo.dicom.identity import seed
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.phantom.brain import Points, head_signal, rician
from server.demo.phantom.canvas import FloatArray

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Orientation:
    """Directions of rows and columns, and where the first slice's middle lies (mm, LPS)."""

    along_row: Vector
    along_column: Vector
    first_center: Vector
    step: Vector


AXIAL = Orientation((1, 0, 0), (0, 1, 0), (0, 2, -58), (0, 0, 1))
SAGITTAL = Orientation((0, 1, 0), (0, 0, -1), (57, -2, -4), (-1, 0, 0))
CORONAL = Orientation((1, 0, 0), (0, 0, -1), (0, -80, 0), (0, 1, 0))


@dataclass(frozen=True)
class Weighting:
    """The pulse sequence; times in ms."""

    name: str
    repetition: float
    echo: float
    flip: float
    inversion: float | None
    train: int
    sequence_name: str


T1 = Weighting("T1", 1750, 9.4, 150, 860, 7, "tir2d1_7")
T2 = Weighting("T2", 4800, 98, 150, None, 16, "tse2d1_16")
FLAIR = Weighting("FLAIR", 8500, 92, 150, 2440, 18, "tirm2d1_18")


@dataclass(frozen=True)
class MrSeries:
    """Slices of the head."""

    study: StudyHeader
    series: SeriesHeader
    orientation: Orientation
    weighting: Weighting
    count: int
    spacing: float = 6.0
    thickness: float = 5.0
    size: int = 384
    width: float = 240.0
    anatomy_seed: int = 5
    noise: float = 14.0
    compression: UID | None = None

    @property
    def steps(self) -> int:
        """How many pieces of work it is."""
        return self.count

    @property
    def files(self) -> int:
        """How many files it makes."""
        return self.count

    def _center(self, index: int) -> FloatArray:
        way = np.array(self.orientation.step) * self.spacing * index
        return np.asarray(np.array(self.orientation.first_center) + way, dtype=np.float32)

    def _corner(self, index: int) -> FloatArray:
        half = (self.size - 1) / 2 * self.width / self.size
        row = np.array(self.orientation.along_row)
        column = np.array(self.orientation.along_column)
        return np.asarray(self._center(index) - half * row - half * column, dtype=np.float32)

    def signal(self, index: int) -> FloatArray:
        """Return the slice (rows, columns), noise included."""
        step = self.width / self.size
        steps = (np.arange(self.size) * step).astype(np.float32)
        corner = self._corner(index)
        axes = [
            corner[axis]
            + np.float32(self.orientation.along_row[axis]) * steps[None, :]
            + np.float32(self.orientation.along_column[axis]) * steps[:, None]
            for axis in range(3)
        ]
        points = Points(axes[0], axes[1], axes[2], edge=1.2)
        values = head_signal(points, self.weighting.name, self.anatomy_seed)
        return rician(values, self.noise, seed(self.study.key, self.series.key, index))

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write slices first … last − 1 and return their files."""
        return [self._write_one(folder, index) for index in range(first, last)]

    def _write_one(self, folder: Path, index: int) -> Path:
        name = f"{self.study.key}/{self.series.key}/{index + 1:04d}.dcm"
        return header.save(self.dataset(index), folder / name, self.compression)

    def dataset(self, index: int) -> Dataset:
        """Return the slice as a DICOM dataset."""
        dataset = header.new_image(
            self.study, self.series, MRImageStorage, index + 1, after=index * 0.4
        )
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        header.set_frame_of_reference(dataset, self.study, "head")
        step = self.width / self.size
        dataset.PatientPosition = "HFS"
        dataset.ImagePositionPatient = [f"{value:.4f}" for value in self._corner(index)]
        dataset.ImageOrientationPatient = [
            f"{value:g}" for value in (*self.orientation.along_row, *self.orientation.along_column)
        ]
        normal = np.cross(self.orientation.along_row, self.orientation.along_column)
        dataset.SliceLocation = f"{float(normal @ self._center(index)):.3f}"
        dataset.PixelSpacing = [f"{step:.6f}", f"{step:.6f}"]
        dataset.SliceThickness = f"{self.thickness:g}"
        dataset.SpacingBetweenSlices = f"{self.spacing:g}"
        _sequence(dataset, self.weighting, self.size)
        values = np.clip(np.rint(self.signal(index)), 0, 4095).astype(np.uint16)
        high = 900 if self.weighting.name == "T2" else 760
        dataset.WindowCenter = [str(high // 2), str(high * 2 // 3)]
        dataset.WindowWidth = [str(high), str(high * 4 // 3)]
        dataset.WindowCenterWidthExplanation = ["标准", "宽窗"]
        header.set_pixels(dataset, values, 12)
        return dataset


def _sequence(dataset: Dataset, weighting: Weighting, size: int) -> None:
    dataset.ScanningSequence = ["SE", "IR"] if weighting.inversion else "SE"
    dataset.SequenceVariant = ["SK", "SP", "OSP"]
    dataset.ScanOptions = ["PFP", "FS"]
    dataset.MRAcquisitionType = "2D"
    dataset.SequenceName = weighting.sequence_name
    dataset.RepetitionTime = f"{weighting.repetition:g}"
    dataset.EchoTime = f"{weighting.echo:g}"
    if weighting.inversion:
        dataset.InversionTime = f"{weighting.inversion:g}"
    dataset.EchoTrainLength = weighting.train
    dataset.NumberOfAverages = "1"
    dataset.ImagingFrequency = "123.25"
    dataset.ImagedNucleus = "1H"
    dataset.EchoNumbers = 1
    dataset.MagneticFieldStrength = "3"
    dataset.NumberOfPhaseEncodingSteps = size * 9 // 10
    dataset.PercentSampling = "90"
    dataset.PercentPhaseFieldOfView = "100"
    dataset.PixelBandwidth = "220"
    dataset.ReceiveCoilName = "Head_32"
    dataset.AcquisitionMatrix = [0, size, size * 9 // 10, 0]
    dataset.InPlanePhaseEncodingDirection = "ROW"
    dataset.FlipAngle = f"{weighting.flip:g}"
    dataset.SAR = "0.62"
