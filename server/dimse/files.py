"""A received data set as a file (PS3.10): its bytes as they came, our file meta information."""

from __future__ import annotations

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, ImplicitVRLittleEndian
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

IMPLEMENTATION_CLASS_UID = UID("2.25.179012301837262319462811702417083402113")
IMPLEMENTATION_VERSION_NAME = "YINGYUN"


def file_of(event: Event) -> bytes:
    """Return the object of a C-STORE as a file; the same object is always the same file."""
    request = event.request
    assert isinstance(request, C_STORE)
    data_set = b"" if request.DataSet is None else request.DataSet.getvalue()
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(str(request.AffectedSOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(request.AffectedSOPInstanceUID))
    meta.TransferSyntaxUID = UID(event.context.transfer_syntax or ImplicitVRLittleEndian)
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    buffer = DicomBytesIO()
    buffer.write(b"\x00" * 128 + b"DICM")
    write_file_meta_info(buffer, meta)
    return bytes(buffer.getvalue()) + data_set
