"""CT series of the trunk: axial slices and coronal reformats (PS3.3 A.3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage

from server.demo.dicom import header
from server.demo.dicom.identity import seed
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.phantom.canvas import FloatArray, Plane, square_plane
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.noise import grain
from server.demo.phantom.tissues import hounsfield
from server.demo.phantom.torso import paint_torso

CENTER_Y = 10.0
PADDING = -2000
INTERCEPT = -1024


@dataclass(frozen=True)
class Reconstruction:
    """How the slices are made; lengths in mm, noise in HU."""

    thickness: float = 5.0
    spacing: float = 5.0
    top: float = 212.0
    size: int = 512
    width: float = 380.0
    edge: float = 1.1
    noise: float = 11.0
    softness: float = 0.22
    kernel: str = "B30f"
    windows: tuple[tuple[float, float, str], ...] = ((40, 350, "纵隔窗"), (-600, 1500, "肺窗"))
    padded: bool = True


@dataclass(frozen=True)
class CtSeries:
    """An axial series: slice 0 is the highest one."""

    study: StudyHeader
    series: SeriesHeader
    anatomy: Anatomy
    count: int
    contrast: bool = False
    reconstruction: Reconstruction = Reconstruction()
    compression: UID | None = None
    tube_current: int = 210

    @property
    def steps(self) -> int:
        """How many pieces of work it is."""
        return self.count

    @property
    def files(self) -> int:
        """How many files it makes."""
        return self.count

    def z(self, index: int) -> float:
        """Return the z (mm) of a slice."""
        return self.reconstruction.top - index * self.reconstruction.spacing

    def hounsfield(self, index: int) -> FloatArray:
        """Return the slice (rows, columns) in HU, noise included."""
        made = self.reconstruction
        scale = self.anatomy.scale
        plane = square_plane(
            made.size, made.width / scale, self.z(index) / scale, made.edge / scale, CENTER_Y
        )
        values = paint_torso(plane, hounsfield(self.contrast), self.anatomy)
        number = seed(self.study.key, self.series.key, index)
        thick = _noise_shape(made.size)
        return values + grain(made.size, made.softness, number) * thick * np.float32(made.noise)

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write slices first … last − 1 and return their files."""
        return [self._write_one(folder, index) for index in range(first, last)]

    def _write_one(self, folder: Path, index: int) -> Path:
        dataset = self.dataset(index)
        name = f"{self.study.key}/{self.series.key}/{index + 1:04d}.dcm"
        return header.save(dataset, folder / name, self.compression)

    def dataset(self, index: int) -> Dataset:
        """Return the slice as a DICOM dataset."""
        made = self.reconstruction
        dataset = header.new_image(
            self.study, self.series, CTImageStorage, index + 1, after=index * 0.05
        )
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        header.set_frame_of_reference(dataset, self.study, "trunk")
        step = made.width / made.size
        corner = -made.width / 2 + step / 2
        z = self.z(index)
        dataset.PatientPosition = "HFS"
        dataset.ImagePositionPatient = [
            f"{corner:.4f}",
            f"{corner + CENTER_Y * self.anatomy.scale:.4f}",
            f"{z:.3f}",
        ]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.SliceLocation = f"{z:.3f}"
        dataset.PixelSpacing = [f"{step:.7f}", f"{step:.7f}"]
        dataset.SliceThickness = f"{made.thickness:g}"
        dataset.SpacingBetweenSlices = f"{made.spacing:g}"
        _acquisition(dataset, self.contrast, made, self.tube_current)
        _set_values(dataset, self.hounsfield(index), made)
        return dataset


@lru_cache(maxsize=4)
def _noise_shape(size: int) -> FloatArray:
    """Return how the noise grows towards the middle of the body."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    radius = axis[None, :] ** 2 + (axis[:, None] * 1.4) ** 2
    result: FloatArray = (0.62 + 0.5 * np.exp(-radius * 2.2)).astype(np.float32)
    return result


@lru_cache(maxsize=4)
def _outside_circle(size: int) -> npt.NDArray[np.bool_]:
    axis = np.arange(size) - (size - 1) / 2
    return np.asarray(axis[None, :] ** 2 + axis[:, None] ** 2 > (size / 2) ** 2)


def _set_values(dataset: Dataset, values: FloatArray, made: Reconstruction) -> None:
    dataset.RescaleIntercept = str(INTERCEPT)
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter = [str(window[0]) for window in made.windows]
    dataset.WindowWidth = [str(window[1]) for window in made.windows]
    dataset.WindowCenterWidthExplanation = [window[2] for window in made.windows]
    stored = np.rint(np.clip(values, -1024, 3071)) - INTERCEPT
    if not made.padded:
        header.set_pixels(dataset, stored.astype(np.uint16), 12)
        return
    signed = stored.astype(np.int16)
    signed[_outside_circle(made.size)] = PADDING
    header.set_pixels(dataset, signed, 16)
    dataset.PixelPaddingValue = PADDING
    dataset["PixelPaddingValue"].VR = "SS"


def _acquisition(dataset: Dataset, contrast: bool, made: Reconstruction, current: int) -> None:
    dataset.KVP = "120"
    dataset.ScanOptions = "HELICAL MODE"
    dataset.DataCollectionDiameter = "500"
    dataset.ReconstructionDiameter = f"{made.width:g}"
    dataset.DistanceSourceToDetector = "1085.6"
    dataset.DistanceSourceToPatient = "595"
    dataset.GantryDetectorTilt = "0"
    dataset.TableHeight = "148"
    dataset.RotationDirection = "CW"
    dataset.ExposureTime = 500
    dataset.XRayTubeCurrent = current
    dataset.Exposure = current // 2
    dataset.FilterType = "BODY FILTER"
    dataset.GeneratorPower = 42
    dataset.FocalSpots = "1.2"
    dataset.ConvolutionKernel = made.kernel
    dataset.RevolutionTime = 0.5
    dataset.SingleCollimationWidth = 0.625
    dataset.TotalCollimationWidth = 40.0
    dataset.SpiralPitchFactor = 0.984
    if contrast:
        dataset.ContrastBolusAgent = "碘海醇 350 mgI/ml"
        dataset.ContrastBolusRoute = "静脉注射"
        dataset.ContrastBolusVolume = "80"
        dataset.ContrastFlowRate = "3.5"
        dataset.ContrastBolusIngredient = "IODINE"


@dataclass(frozen=True)
class CoronalSeries:
    """Coronal reformats of the same body, front to back."""

    study: StudyHeader
    series: SeriesHeader
    anatomy: Anatomy
    count: int
    contrast: bool = True
    first_y: float = -92.0
    spacing: float = 5.0
    top: float = 212.0
    height: float = 420.0
    size: int = 512
    width: float = 380.0
    noise: float = 8.0

    @property
    def steps(self) -> int:
        """How many pieces of work it is: all at once, as they share their rows."""
        return 1

    @property
    def files(self) -> int:
        """How many files it makes."""
        return self.count

    def volume(self) -> FloatArray:
        """Return (count, rows, columns) in HU."""
        step = self.width / self.size
        rows = round(self.height / step)
        across = square_plane(self.size, self.width, 0.0, 1.2).x
        along = (self.first_y + self.spacing * np.arange(self.count)).astype(np.float32)
        values = hounsfield(self.contrast)
        result = np.empty((self.count, rows, self.size), dtype=np.float32)
        for row in range(rows):
            plane = Plane(x=across, y=along, z=self.top - row * step, edge=1.3)
            result[:, row, :] = paint_torso(plane, values, self.anatomy)
        return result

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write all reformats (there is one piece of work)."""
        volume = self.volume() if first < last else np.empty((0, 0, 0), dtype=np.float32)
        name = f"{self.study.key}/{self.series.key}"
        return [
            header.save(self._dataset(values, index), folder / name / f"{index + 1:04d}.dcm")
            for index, values in enumerate(volume)
        ]

    def _dataset(self, values: FloatArray, index: int) -> Dataset:
        dataset = header.new_image(self.study, self.series, CTImageStorage, index + 1)
        dataset.ImageType = ["DERIVED", "SECONDARY", "MPR"]
        dataset.DerivationDescription = "多平面重建"
        header.set_frame_of_reference(dataset, self.study, "trunk")
        step = self.width / self.size
        y = self.first_y + self.spacing * index
        dataset.PatientPosition = "HFS"
        dataset.ImagePositionPatient = [
            f"{-self.width / 2 + step / 2:.4f}", f"{y:.4f}", f"{self.top:.3f}"
        ]  # fmt: skip
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        dataset.PixelSpacing = [f"{step:.7f}", f"{step:.7f}"]
        dataset.SliceThickness = f"{self.spacing:g}"
        dataset.SpacingBetweenSlices = f"{self.spacing:g}"
        made = Reconstruction(
            windows=((40, 400, "软组织窗"), (300, 1500, "骨窗")), padded=False, kernel="B30f"
        )
        _acquisition(dataset, self.contrast, made, 210)
        rows, columns = values.shape
        size = max(rows, columns)
        number = seed(self.study.key, self.series.key, index)
        noise = grain(size, 0.2, number)[:rows, :columns] * np.float32(self.noise)
        _set_values(dataset, values + noise, made)
        return dataset
