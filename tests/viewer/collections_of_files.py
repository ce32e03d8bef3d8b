"""Collections of real DICOM files, and what is known of single files in them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom import Dataset

from server.imaging.decode import has_frames
from tests.viewer.objects import WHEEL_FILES

SHARED = Path(__file__).parents[3] / "shared" / "data"
# Made to fill a memory: the business of ingest, which refuses them before anything is decoded.
BOMBS = ("bomb", "too_big", "999999", "4gb")

ROOTS = {
    "pydicom": WHEEL_FILES,
    **{name: SHARED / name for name in ("syntax", "hostile", "objects", "geometry", "volumes")},
}

JPEG_2000 = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in ("90", "91", "201", "202", "203")
)

# Files that are refused, by the words for machines. Each is broken, or asks for what nobody can.
REFUSED = {
    "pydicom/JPEG2000-embedded-sequence-delimiter.dcm": "size_mismatch",
    "pydicom/MR_truncated.dcm": "damaged_pixels",
    "pydicom/badVR.dcm": "damaged_pixels",
    "pydicom/meta_missing_tsyntax.dcm": "no_transfer_syntax",
    "pydicom/nested_priv_SQ.dcm": "unsupported_photometric",
    "syntax/pylibjpeg/ljdata__ds__JPEG2000Lossless__966.dcm": "damaged_pixels",
    "hostile/malformed-derived/bits_stored_gt_allocated.dcm": "damaged_pixels",
    "hostile/malformed-derived/rows_zero.dcm": "damaged_pixels",
    "hostile/malformed-derived/samples7.dcm": "damaged_pixels",
    "hostile/malformed-derived/truncated_pixeldata.dcm": "damaged_pixels",
    "hostile/malformed-derived/ts_says_jpeg_but_native.dcm": "damaged_pixels",
    "hostile/malformed-derived/ts_unknown.dcm": "unsupported_transfer_syntax",
    "hostile/malformed-derived/unknown_photometric.dcm": "unsupported_photometric",
    "hostile/malformed-derived/wrong_vr_rows.dcm": "damaged_pixels",
    "hostile/malformed-fuzz/bitflip_02.dcm": "unsupported_transfer_syntax",
}

# Files whose pixels dcm2pnm cannot read, or reads wrongly: (why, which judge reads them).
# Judges: "sitk" SimpleITK; "pydicom" its own pixel processing; "imagecodecs" its codec; "twin:PATH"
# another file with the same pixels; "formula" the equations of PS3.3 themselves; "supplemental"
# the palette laid over pydicom's greys; "rescale" DCMTK,
# once the rescale, which it rounds to whole values, is worked into the window.
UNREAD_BY_DCMTK = {
    "pydicom/SC_rgb_jpeg.dcm": ("says explicit VR and is implicit", "pydicom"),
    "pydicom/rtdose_expb.dcm": ("32 bits, big endian", "twin:pydicom/rtdose.dcm"),
    "pydicom/rtdose_expb_1frame.dcm": ("32 bits, big endian", "twin:pydicom/rtdose_1frame.dcm"),
    "syntax/cornerstone/examples__test-images__CT0012.fragmented_no_bot_jpeg_baseline.51.dcm": (
        "several fragments a frame and no offset table",
        "sitk",
    ),
    "syntax/cornerstone/examples__test-images__CTImage.dcm_JPEGLSLossyTransferSyntax_"
    "1.2.840.10008.1.2.4.81.dcm": ("wraps signed values in lossy JPEG-LS", "sitk"),
    "syntax/pydicom-data/data_store__data__JLSL_08_07_0_1F.dcm": (
        "7 bits in JPEG-LS",
        "imagecodecs",
    ),
    "syntax/pydicom-data/data_store__data__SC_rgb_expb_32bit.dcm": (
        "32 bits a sample, big endian",
        "pydicom",
    ),
    "syntax/pydicom-data/data_store__data__SC_ybr_full_uncompressed.dcm": (
        "cuts the fraction of each of two products off: two levels",
        "formula",
    ),
    "syntax/pydicom-data/data_store__data__eCT_Supplemental.dcm": (
        "no supplemental palettes",
        "supplemental",
    ),
    "syntax/pydicom-data/data_store__data__gdcm-US-ALOKA-16.dcm": (
        "no segmented palettes",
        "pydicom",
    ),
    "syntax/pydicom-data/data_store__data__gdcm-US-ALOKA-16_big.dcm": (
        "no segmented palettes",
        "twin:syntax/pydicom-data/data_store__data__gdcm-US-ALOKA-16.dcm",
    ),
    "syntax/pydicom-data/data_store__data__liver_nonbyte_aligned_deflate.dcm": (
        "no deflated frames",
        "twin:syntax/pydicom-data/data_store__data__liver_nonbyte_aligned.dcm",
    ),
    "syntax/pydicom-data/data_store__data__liver_nonbyte_aligned_rle.dcm": (
        "no bitmaps in RLE",
        "twin:syntax/pydicom-data/data_store__data__liver_nonbyte_aligned.dcm",
    ),
    "syntax/pydicom-data/data_store__data__liver_rle.dcm": (
        "no bitmaps in RLE",
        "twin:syntax/pydicom-data/data_store__data__liver_expb.dcm",
    ),
    **{
        f"geometry/tests__data__generic__anatomical__002_non_isotropic__{number:03}.dcm": (
            "rounds modality values, here 42.5 to 42.9 in all, to whole ones",
            "rescale",
        )
        for number in range(1, 5)
    },
    "geometry/tests__data__philips_enhanced__anatomical__001__IM-0001-0170-0001.dcm": (
        "reads no functional groups",
        "rescale",
    ),
    "hostile/malformed-fuzz/bitflip_07.dcm": (
        "gives up at a private element of unknown VR",
        "twin:pydicom/CT_small.dcm",
    ),
}


def name_of(path: Path) -> str:
    """Return "collection/path inside it"."""
    for collection, root in ROOTS.items():
        if path.is_relative_to(root):
            return f"{collection}/{path.relative_to(root).as_posix()}"
    raise ValueError(path)


def path_of(name: str) -> Path:
    """Return the path of a file by its name; the opposite of `name_of`."""
    collection, _, inside = name.partition("/")
    return ROOTS[collection] / inside


def files(collection: str) -> list[Path]:
    """Return the files of a collection, in order; none when it is not there."""
    root = ROOTS[collection]
    found = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
    return [path for path in found if not any(word in path.name for word in BOMBS)]


def images(paths: list[Path]) -> Iterator[tuple[Path, Dataset]]:
    """Yield those that pydicom reads at all and that are images."""
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path, force=True)
                image = has_frames(dataset)
            except Exception:  # whatever pydicom raises on what is no DICOM
                continue
        if image:
            yield path, dataset
