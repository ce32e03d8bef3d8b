"""What is negotiated: SOP classes and transfer syntaxes (docs/dicom-conformance.md)."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.uid import UID, AllTransferSyntaxes, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import _STORAGE_CLASSES

from server.imaging.codestreams import is_decodable

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PLAIN_SYNTAXES: list[str | UID] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
_IMAGE = ("ImageStorage", "ImageStorageForPresentation", "ImageStorageForProcessing")
# Objects with pixels whose names do not say so.
_FURTHER = frozenset(
    {
        "EnhancedUSVolumeStorage",
        "ParametricMapStorage",
        "RTDoseStorage",
        "SegmentationStorage",
    }
)

_RLE = "1.2.840.10008.1.2.5"
_LOSSLESS = frozenset(
    {_RLE, *(f"1.2.840.10008.1.2.4.{one}" for one in (57, 70, 80, 90, 110, 201, 202))}
)


def _rank(syntax: str) -> tuple[int, str]:
    uid = UID(syntax)
    if uid in _LOSSLESS:
        return 0, str(uid)
    if uid.is_compressed:
        return 2, str(uid)
    return 1, str(_UNCOMPRESSED.index(uid)) if uid in _UNCOMPRESSED else "9"


_UNCOMPRESSED = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
# The acceptor's order decides where a caller offers a choice: without loss if there is a way.
TRANSFER_SYNTAXES: list[str | UID] = list(
    dict.fromkeys(sorted(filter(is_decodable, AllTransferSyntaxes), key=_rank))
)


def image_classes() -> list[UID]:
    """Return the storage SOP classes of images (PS3.4 B.5): what ingest takes holds pixels."""
    return [
        UID(uid)
        for keyword, uid in _STORAGE_CLASSES.items()
        if keyword.endswith(_IMAGE) or keyword in _FURTHER
    ]


def storage_contexts(*, as_scu: bool) -> list[PresentationContext]:
    """Return the contexts of C-STORE; `as_scu`: also for C-GET, where the caller is the SCP."""
    made = [build_context(uid, TRANSFER_SYNTAXES) for uid in image_classes()]
    for context in made if as_scu else ():
        context.scu_role = context.scp_role = True
    return made


def plain_contexts(uids: Iterable[str]) -> list[PresentationContext]:
    """Return contexts of services without pixels."""
    return [build_context(UID(uid), PLAIN_SYNTAXES) for uid in uids]
