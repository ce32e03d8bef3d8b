"""File meta information of DICOM files that this software writes (PS3.10 7.1)."""

from __future__ import annotations

from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

IMPLEMENTATION_CLASS_UID = UID("2.25.179012301837262319462811702417083402113")
IMPLEMENTATION_VERSION_NAME = "YINGYUN"


def file_meta(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
) -> FileMetaDataset:
    """Return the file meta information of an object; it names nobody who had the object before."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta
