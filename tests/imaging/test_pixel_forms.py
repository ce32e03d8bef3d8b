"""Pixels of rare forms: palettes, YBR_PARTIAL, floats, 32 bits, ICC, XA and its Modality LUT."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    HTJ2K,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    generate_uid,
)

from server.imaging.color import to_srgb
from server.imaging.decode import NOT_A_NUMBER, DecodeError, stored_frames
from server.imaging.describe import frame_attributes
from server.imaging.frames import SourceFrame, display, source_frames
from tests.imaging.conftest import ct_slice, phantom
from tests.viewer import dcmtk
from tests.viewer.objects import lut_sequence
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline

Pixels = np.ndarray[Any, np.dtype[Any]]
INDICES = np.arange(64 * 64).reshape(64, 64) % 256


def palette_image(bits: int = 16, first: int = 0, **elements: Any) -> Dataset:
    """An image of every index 0…255 under a palette of 200 colours."""
    entries = np.random.default_rng(1).integers(0, 1 << bits, (3, 200))
    dataset = ct_slice(
        INDICES,
        1,
        generate_uid(),
        PhotometricInterpretation="PALETTE COLOR",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=INDICES.astype(np.uint8).tobytes(),
    )
    for channel, name in zip(entries, ("Red", "Green", "Blue"), strict=True):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [200, first, bits])
        setattr(dataset, f"{name}PaletteColorLookupTableData", channel.astype("<u2").tobytes())
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def only(dataset: Dataset) -> SourceFrame:
    (source,) = source_frames(dataset)
    assert isinstance(source, SourceFrame)
    return source


def beside_dcmtk(dataset: Dataset, tmp_path: Path, *options: str) -> int:
    """Return the largest difference between our default picture and DCMTK's."""
    path = tmp_path / "object.dcm"
    dataset.save_as(path, enforce_file_format=True)
    theirs = dcmtk.original(path, tmp_path / "object.pnm", *options)
    assert theirs is not None
    source = only(dcmread(path))
    ours = display(source.stored, source.attributes, source.overlays)
    return int(np.abs(ours.astype(int) - theirs.astype(int)).max())


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("first", [0, 30])
def test_a_palette_of_sixteen_bits(first: int, tmp_path: Path) -> None:
    dataset = palette_image(first=first)
    expected = apply_color_lut(INDICES.astype(np.uint8), dataset) >> 8
    assert np.array_equal(only(dataset).stored, expected)
    assert beside_dcmtk(dataset, tmp_path) <= 1


def test_a_palette_of_eight_bits_packed_or_not(tmp_path: Path) -> None:
    dataset = palette_image(bits=8)
    words = only(dataset).stored
    assert beside_dcmtk(dataset, tmp_path) <= 1
    for name in ("Red", "Green", "Blue"):
        keyword = f"{name}PaletteColorLookupTableData"
        wide = np.frombuffer(dataset[keyword].value, "<u2")
        setattr(dataset, keyword, wide.astype(np.uint8).tobytes())
    assert np.array_equal(only(dataset).stored, words)
    assert beside_dcmtk(dataset, tmp_path) <= 1


def segmented(*segments: int, bits: int = 16, entries: int = 200) -> Dataset:
    dataset = palette_image()
    for name in ("Red", "Green", "Blue"):
        del dataset[f"{name}PaletteColorLookupTableData"]
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [entries, 0, bits])
        data = np.array(segments, dtype="<u2" if bits > 8 else "u1").tobytes()
        setattr(dataset, f"Segmented{name}PaletteColorLookupTableData", data)
    return dataset


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("bits", [8, 16])
def test_a_segmented_palette(bits: int) -> None:
    top = 250 if bits == 8 else 64000
    # Two entries, a rise of 98, then twice more the rise from the first segment on.
    offset = (0, 0, 0, 0) if bits == 8 else (0, 0)
    segments = (0, 2, 5, 9, 1, 98, top, 2, 2, *offset)
    dataset = segmented(*segments, bits=bits)
    mine = only(dataset).stored[..., 0].ravel()[:200]
    shift = 8 if bits > 8 else 0
    judged = apply_color_lut(INDICES.astype(np.uint8), dataset)[..., 0].ravel()[:200] >> shift
    assert np.abs(mine.astype(int) - judged).max() <= 1


@pytest.mark.parametrize(
    "segments",
    [(), (0, 9, 1), (1, 5, 9), (7, 1, 1), (0, 1, 5, 2, 1, 99, 0), (0, 1, 5, 1, 50, 9)],
    ids=["none", "cut", "no start", "unknown", "nowhere", "too few"],
)
def test_a_palette_that_is_not_whole_is_refused_by_name(segments: tuple[int, ...]) -> None:
    with pytest.raises(DecodeError) as refusal:
        list(stored_frames(segmented(*segments)))
    assert refusal.value.reason == "bad_palette"


@pytest.mark.requirement("B-50")
def test_ybr_partial_is_what_the_formulas_of_the_standard_say() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (32, 16, 3)).repeat(2, axis=1).astype(float)
    r, g, b = np.moveaxis(rgb, -1, 0)
    y = np.round(0.2568 * r + 0.5041 * g + 0.0979 * b + 16)
    cb = np.round(-0.1482 * r - 0.2910 * g + 0.4392 * b + 128)
    cr = np.round(0.4392 * r - 0.3678 * g - 0.0714 * b + 128)
    quads = np.stack([y[:, ::2], y[:, 1::2], cb[:, ::2], cr[:, ::2]], axis=-1)
    dataset = ct_slice(
        np.zeros((32, 32)),
        1,
        generate_uid(),
        PhotometricInterpretation="YBR_PARTIAL_422",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        NumberOfFrames=2,
        PixelData=quads.astype(np.uint8).tobytes() * 2,
    )
    first, second = stored_frames(dataset)
    assert np.array_equal(first, second)
    assert np.abs(first.astype(int) - rgb).max() <= 2  # three roundings of up to 1.6 levels


def float_image(values: Pixels, **elements: Any) -> Dataset:
    dataset = ct_slice(values, 1, generate_uid(), BitsAllocated=8 * values.itemsize)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    keyword = "FloatPixelData" if values.itemsize == 4 else "DoubleFloatPixelData"
    setattr(dataset, keyword, values.tobytes())
    del dataset.WindowCenter, dataset.WindowWidth
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_pixels_are_the_values_and_drawn_from_least_to_most(dtype: type) -> None:
    values = np.linspace(-0.5, 0.25, 64 * 64, dtype=dtype).reshape(64, 64)
    source = only(float_image(values, RescaleSlope=1, RescaleIntercept=0))
    frame = source.attributes
    assert source.stored.dtype == np.float32
    assert np.array_equal(source.stored, values.astype(np.float32))
    assert (frame.smallest_value, frame.largest_value) == (-0.5, 0.25)
    greys = display(source.stored, frame)
    assert np.abs(greys - (values + 0.5) / 0.75 * 255).max() <= 1


def test_what_is_no_number_is_padding() -> None:
    values = np.linspace(1, 2, 64 * 64).reshape(64, 64)
    values[0, :3] = np.nan, np.inf, 1e300
    source = only(float_image(values))
    assert (source.stored[0, :3] == np.float32(NOT_A_NUMBER)).all()
    assert source.attributes.pixel_padding_value == NOT_A_NUMBER
    assert source.attributes.largest_value == 2
    assert not display(source.stored, source.attributes)[0, :3].any()


def test_stated_float_padding_is_padding() -> None:
    values = np.linspace(1, 2, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[:8] = -999.5
    frame = only(float_image(values, FloatPixelPaddingValue=-999.5)).attributes
    assert frame.pixel_padding_value == -999.5
    assert frame.smallest_value > 1


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("allocated", "stored"), [(32, 32), (32, 24), (16, 13), (8, 7), (8, 5)])
def test_every_depth_beside_dcmtk(
    allocated: int, stored: int, signed: bool, tmp_path: Path
) -> None:
    low = -(1 << (stored - 1)) if signed else 0
    values = np.linspace(low, low + (1 << stored) - 1, 64 * 64).astype(np.int64).reshape(64, 64)
    dataset = ct_slice(
        values,
        1,
        generate_uid(),
        BitsAllocated=allocated,
        BitsStored=stored,
        HighBit=stored - 1,
        PixelRepresentation=int(signed),
        RescaleIntercept=0,
        PixelData=(values & ((1 << stored) - 1)).astype(f"<u{allocated // 8}").tobytes(),
    )
    del dataset.WindowCenter, dataset.WindowWidth
    assert np.array_equal(next(stored_frames(dataset)), values)
    assert beside_dcmtk(dataset, tmp_path, "+Wm") <= 1


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
@pytest.mark.parametrize("color", [False, True], ids=["grey", "colour"])
def test_high_throughput_jpeg_2000(syntax: str, color: bool) -> None:
    pixels = phantom(1, 64, 64)
    elements: dict[str, Any] = {}
    if color:
        pixels = np.stack([phantom(number, 64, 64) >> 4 for number in range(3)], axis=-1)
        pixels = pixels.astype(np.uint8)
        elements = {
            "SamplesPerPixel": 3,
            "PhotometricInterpretation": "YBR_RCT",
            "PlanarConfiguration": 0,
            "BitsAllocated": 8,
            "BitsStored": 8,
            "HighBit": 7,
        }
    dataset = ct_slice(phantom(1, 64, 64), 1, generate_uid(), **elements)
    dataset.file_meta.TransferSyntaxUID = syntax
    codestream = bytes(imagecodecs.htj2k_encode(pixels, reversible=True))
    dataset.PixelData = encapsulate([codestream])
    assert np.array_equal(next(stored_frames(dataset)), pixels)


def test_samples_in_planes_and_big_endian_words() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    color = ct_slice(
        np.zeros((64, 64)),
        1,
        generate_uid(),
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=1,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=rgb.transpose(2, 0, 1).tobytes(),
    )
    assert np.array_equal(next(stored_frames(color)), rgb)
    grey = ct_slice(phantom(2), 1, generate_uid(), PixelData=phantom(2).astype(">u2").tobytes())
    grey.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    target = BytesIO()
    grey.save_as(target, implicit_vr=False, little_endian=False)
    again = dcmread(BytesIO(target.getvalue()), force=True)
    assert np.array_equal(next(stored_frames(again)), phantom(2))


def _profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def test_an_icc_profile_of_srgb_moves_nothing_and_one_that_is_none_neither() -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (16, 16, 3), np.uint8)
    assert np.abs(to_srgb(rgb, _profile("sRGB")).astype(int) - rgb).max() <= 1
    for useless in (b"", b"no profile", _profile("LAB")):
        assert np.array_equal(to_srgb(rgb, useless), rgb)


def test_an_icc_profile_is_that_which_another_binding_of_littlecms_applies() -> None:
    """A profile of linear light: every middle level rises."""
    primaries = (0.64, 0.33, 1, 0.30, 0.60, 1, 0.15, 0.06, 1)
    linear = bytes(
        imagecodecs.cms_profile(
            "rgb", whitepoint=(0.3127, 0.3290, 1.0), primaries=primaries, gamma=1.0
        )
    )
    rgb = np.full((4, 4, 3), 128, dtype=np.uint8)
    expected = imagecodecs.cms_transform(
        rgb, linear, imagecodecs.cms_profile("srgb"), colorspace="rgb", outcolorspace="rgb"
    )
    ours = to_srgb(rgb, linear)
    assert ours[0, 0, 0] > 180
    assert np.abs(ours.astype(int) - expected.astype(int)).max() <= 1


XA, XRF, DX = (f"1.2.840.10008.5.1.4.1.1.{suffix}" for suffix in ("12.1", "12.2", "1.1"))


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("relationship", ["", "LIN", "LOG", "DISP"])
@pytest.mark.parametrize("sop_class", [XA, XRF, DX], ids=["XA", "XRF", "DX"])
@pytest.mark.parametrize("kind", ["table", "rescale"])
def test_the_modality_lut_of_angiography_is_not_for_display(
    sop_class: str, relationship: str, kind: str, tmp_path: Path
) -> None:
    dataset = ct_slice(
        np.arange(64 * 64).reshape(64, 64),
        1,
        generate_uid(),
        SOPClassUID=sop_class,
        WindowCenter=1500,
        WindowWidth=2000,
    )
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    if relationship:
        dataset.PixelIntensityRelationship = relationship
    if kind == "table":
        del dataset.RescaleSlope, dataset.RescaleIntercept
        dataset.ModalityLUTSequence = lut_sequence(0, 12, list(range(4095, -1, -1)))
    else:
        dataset.RescaleSlope, dataset.RescaleIntercept = -1, 4095
    assert beside_dcmtk(dataset, tmp_path, "+Wi", "1") <= 1
    frame = next(frame_attributes(dataset))
    as_stored = frame.modality_lut is None and frame.rescale_slope == 1
    assert as_stored == (sop_class != DX)


def test_a_voi_lut_below_zero_written_unsigned_is_understood(tmp_path: Path) -> None:
    """Modality values of a CT go below 0: 64536 as first input can only be -1000."""
    table = lut_sequence(64536, 8, [n % 256 for n in range(2000)])
    dataset = ct_slice(np.arange(64 * 64).reshape(64, 64), 1, generate_uid(), VOILUTSequence=table)
    (lut,) = next(frame_attributes(dataset)).voi_luts
    assert lut.first_mapped == -1000
    dataset.VOILUTSequence[0]["LUTDescriptor"].VR = "SS"
    dataset.VOILUTSequence[0].LUTDescriptor = [2000, -1000, 8]
    assert beside_dcmtk(dataset, tmp_path, "+Wl", "1") <= 1


def test_padding_is_excluded_from_the_fall_back_window() -> None:
    values = np.array([[-5000, 0], [100, 200]])
    frame = FrameAttributes(
        "1", 1, 2, 2, signed=True, pixel_padding_value=-5000, smallest_value=0, largest_value=200
    )
    assert pipeline.display(values.astype(np.int16), frame).tolist() == [[0, 0], [128, 255]]


def test_a_palette_picture_stays_flat() -> None:
    """Colours of a palette come back exactly from the picture of full matrix."""
    from server.imaging.frames import ReadyFrame, ready_frames

    dataset = palette_image()
    (ready,) = ready_frames(source_frames(dataset))
    assert isinstance(ready, ReadyFrame)
    picture = np.asarray(Image.open(BytesIO(ready.full.data)))
    assert np.array_equal(picture, only(dataset).stored)
