"""A colour ultrasound loop, JPEG-compressed as ultrasound machines do (PS3.3 A.7)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage

from server.demo.dicom import header
from server.demo.dicom.identity import seed
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.phantom import heart_scan

FRAME_TIME = 41.6667


@dataclass(frozen=True)
class UsSeries:
    """One loop of a beating heart in one file."""

    study: StudyHeader
    series: SeriesHeader
    frames: int = 48
    quality: int = 90

    steps: int = 1
    files: int = 1

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Write the loop."""
        name = f"{self.study.key}/{self.series.key}/0001.dcm"
        return [
            header.save(self.dataset(), folder / name, written_as=JPEGBaseline8Bit)
            for _ in range(first, last)
        ]

    def dataset(self) -> Dataset:
        """Return the loop as a DICOM dataset, its frames in JPEG (YBR_FULL_422)."""
        dataset = header.new_image(self.study, self.series, UltrasoundMultiFrameImageStorage, 1)
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.PatientOrientation = ""
        pictures = heart_scan.frames(self.frames, seed(self.study.key) % 1000)
        streams = [_jpeg(picture, self.quality) for picture in pictures]
        _pixels(dataset, streams, sum(picture.nbytes for picture in pictures))
        _timing(dataset, self.frames)
        dataset.SequenceOfUltrasoundRegions = Sequence([_region()])
        dataset.TransducerData = "S5-1"
        dataset.ProcessingFunction = "CARDIAC_ADULT"
        dataset.BurnedInAnnotation = "NO"
        return dataset


def _jpeg(picture: heart_scan.Picture, quality: int) -> bytes:
    buffer = io.BytesIO()
    # 4:2:2, which YBR_FULL_422 says.
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling=1)
    return buffer.getvalue()


def _pixels(dataset: Dataset, streams: list[bytes], original_bytes: int) -> None:
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.PlanarConfiguration = 0
    dataset.NumberOfFrames = len(streams)
    dataset.Rows, dataset.Columns = heart_scan.HEIGHT, heart_scan.WIDTH
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.UltrasoundColorDataPresent = 1
    dataset.LossyImageCompression = "01"
    ratio = original_bytes / sum(map(len, streams))
    dataset.LossyImageCompressionRatio = f"{ratio:.2f}"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.PixelData = encapsulate(streams)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


def _timing(dataset: Dataset, frames: int) -> None:
    dataset.FrameTime = f"{FRAME_TIME:.4f}"
    dataset.FrameIncrementPointer = Tag("FrameTime")
    dataset.CineRate = 24
    dataset.RecommendedDisplayFrameRate = 24
    dataset.EffectiveDuration = f"{frames * FRAME_TIME / 1000:.3f}"
    dataset.PreferredPlaybackSequencing = 0
    dataset.HeartRate = round(60000 / (frames * FRAME_TIME / 2))
    dataset.StartTrim, dataset.StopTrim = 1, frames


def _region() -> Dataset:
    """Return the sector's scale: a tissue region in centimetres (PS3.3 C.8.5.5)."""
    item = Dataset()
    item.RegionSpatialFormat = 1
    item.RegionDataType = 1
    item.RegionFlags = 2
    item.RegionLocationMinX0, item.RegionLocationMinY0 = 60, 26
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 580, 446
    item.ReferencePixelX0 = int(heart_scan.APEX[0]) - 60
    item.ReferencePixelY0 = 0
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.ReferencePixelPhysicalValueX = item.ReferencePixelPhysicalValueY = 0.0
    item.PhysicalDeltaX = item.PhysicalDeltaY = heart_scan.MM_PER_PIXEL / 10
    item.TransducerFrequency = 2500
    return item
