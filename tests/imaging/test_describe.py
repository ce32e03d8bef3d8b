"""What is said of a frame, wherever the object keeps it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from server.imaging.describe import frame_attributes
from server.imaging.frames import value_range
from tests.imaging.conftest import WHEEL, as_file, ct_slice, phantom


def _described(**elements: object) -> object:
    return next(frame_attributes(ct_slice(phantom(1), 7, generate_uid(), **elements)))


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def test_a_plain_ct_slice() -> None:
    frame = _described(KVP="120", WindowCenter=[40, -600], WindowWidth=[400, 1500])
    assert frame.instance_number == 7
    assert frame.image_position_patient == (0, 0, 14)
    assert frame.pixel_spacing == (0.5, 0.5)
    assert (frame.rescale_slope, frame.rescale_intercept) == (1, -1024)
    assert (frame.window_center, frame.window_width) == ((40, -600), (400, 1500))
    assert (frame.bits_stored, frame.signed, frame.kvp) == (12, False, 120)


def test_functional_groups_speak_for_their_frame_and_shared_ones_for_all() -> None:
    per_frame = [
        _item(
            PlanePositionSequence=Sequence([_item(ImagePositionPatient=[0, 0, 3.0 * number])]),
            PixelValueTransformationSequence=Sequence(
                [_item(RescaleSlope=number + 1, RescaleIntercept=-5)]
            ),
        )
        for number in range(2)
    ]
    shared = _item(
        PixelMeasuresSequence=Sequence([_item(PixelSpacing=[0.25, 0.75], SliceThickness=3)]),
        PlaneOrientationSequence=Sequence([_item(ImageOrientationPatient=[0, 1, 0, 0, 0, -1])]),
    )
    dataset = ct_slice(
        phantom(1),
        1,
        generate_uid(),
        NumberOfFrames=2,
        PerFrameFunctionalGroupsSequence=Sequence(per_frame),
        SharedFunctionalGroupsSequence=Sequence([shared]),
    )
    first, second = frame_attributes(dataset)
    assert (first.image_position_patient, second.image_position_patient) == ((0, 0, 0), (0, 0, 3))
    assert (first.rescale_slope, second.rescale_slope) == (1, 2)
    for frame in (first, second):
        assert frame.pixel_spacing == (0.25, 0.75)
        assert frame.image_orientation_patient == (0, 1, 0, 0, 0, -1)
        assert frame.slice_thickness == 3


def test_one_position_says_nothing_of_several_frames() -> None:
    assert all(
        frame.image_position_patient is None
        for frame in frame_attributes(ct_slice(phantom(1), 1, generate_uid(), NumberOfFrames=3))
    )


@pytest.mark.filterwarnings("ignore")
def test_a_dose_grid_steps_by_its_offsets() -> None:
    dataset = dcmread(WHEEL / "rtdose.dcm")
    frames = list(frame_attributes(dataset))
    origin = np.array(dataset.ImagePositionPatient, dtype=float)
    for frame, offset in zip(frames, dataset.GridFrameOffsetVector, strict=True):
        moved = np.array(frame.image_position_patient) - origin
        assert np.linalg.norm(moved) == pytest.approx(abs(float(offset)))


def test_signed_padding_written_unsigned_is_understood() -> None:
    frame = _described(BitsStored=16, HighBit=15, PixelRepresentation=1, PixelPaddingValue=-2000)
    assert frame.pixel_padding_value == -2000


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], [0.5]])
def test_a_nonsensical_spacing_is_none(spacing: list[float]) -> None:
    assert _described(PixelSpacing=spacing).pixel_spacing is None


def test_imager_pixel_spacing_is_kept_apart() -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid(), ImagerPixelSpacing=[0.2, 0.2])
    del dataset.PixelSpacing
    frame = next(frame_attributes(dataset))
    assert frame.pixel_spacing is None
    assert frame.imager_pixel_spacing == (0.2, 0.2)


def test_a_voi_lut_is_read_whole_or_not_at_all() -> None:
    table = _item(LUTDescriptor=[4, 100, 12], LUTData=[0, 5, 9, 4095], LUTExplanation="胸")
    (lut,) = _described(VOILUTSequence=Sequence([table])).voi_luts
    assert (lut.first_mapped, lut.bits, lut.values) == (100, 12, (0, 5, 9, 4095))
    cut = _item(LUTDescriptor=[9, 100, 12], LUTData=[0, 5])
    assert _described(VOILUTSequence=Sequence([cut])).voi_luts == ()


def test_the_modality_lut_of_angiography_is_not_for_display() -> None:
    table = Sequence([_item(LUTDescriptor=[2, 0, 16], LUTData=[0, 9])])
    assert _described(ModalityLUTSequence=table).modality_lut is not None
    angiography = "1.2.840.10008.5.1.4.1.1.12.1"
    assert _described(ModalityLUTSequence=table, SOPClassUID=angiography).modality_lut is None


def test_padding_is_left_out_of_the_value_range() -> None:
    pixels = phantom(1)
    pixels[:10] = 0
    frame = _described(PixelPaddingValue=0)
    assert value_range(pixels, frame) == (int(pixels[10:].min()), int(pixels[10:].max()))
    limited = _described(PixelPaddingValue=0, PixelPaddingRangeLimit=900)
    inside = pixels[pixels > 900]
    assert value_range(pixels, limited) == (int(inside.min()), int(inside.max()))


def test_chinese_text_needs_no_declared_character_set() -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid())
    written = BytesIO(as_file(dataset))
    read = dcmread(written)
    read[0x00185101] = RawDataElement(
        Tag(0x00185101), "CS", 4, "后位".encode("gbk"), 0, False, True
    )
    assert next(frame_attributes(read)).view_position == "后位"
