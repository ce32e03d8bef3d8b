"""A received data set as a file (PS3.10): its bytes as they came, our file meta information.

What arrives is bounded and, where it is large, written to disk fragment by fragment.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA

from server.dicom_file import file_meta
from server.ingest.spool import Buffer, Spool

# Queries, and requests for commitment of a hundred thousand objects, which have 130 bytes each.
MOST_OTHER_BYTES = 16 << 20


def file_of(event: Event) -> Buffer:
    """Return the object of a C-STORE as a file; the same object is always the same file.

    Raises RefusedError for one that was larger than is taken, or for which there was no room.
    """
    request = event.request
    assert isinstance(request, C_STORE)
    data_set = request.DataSet
    if isinstance(data_set, IncomingDataSet) and data_set.is_spooled:
        return data_set.file()
    syntax = event.context.transfer_syntax or ImplicitVRLittleEndian
    return file_heading(request, str(syntax)) + (b"" if data_set is None else data_set.getvalue())


def file_heading(request: C_STORE | Dataset, transfer_syntax_uid: str) -> bytes:
    """Return what comes before the data set in the file of an object: preamble and file meta."""
    meta = file_meta(
        str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), transfer_syntax_uid
    )
    buffer = DicomBytesIO()
    buffer.write(b"\x00" * 128 + b"DICM")
    write_file_meta_info(buffer, meta)
    return bytes(buffer.getvalue())


class IncomingDataSet(BytesIO):
    """The data set of a message as its fragments arrive, bounded.

    An object to be stored is spooled as a file, its heading first; everything else, which is
    short, is kept as pynetdicom would, but for what is beyond `MOST_OTHER_BYTES`.
    """

    def __init__(self, message: DIMSEMessage, association: Association, spool: Spool) -> None:
        super().__init__()
        self._message = message
        self._association = association
        self._spool = spool
        self._size = 0

    def write(self, fragment: Any, /) -> int:
        """Take the next fragment."""
        self._size += len(fragment)
        if not isinstance(self._message, C_STORE_RQ):
            return super().write(fragment) if self._size <= MOST_OTHER_BYTES else len(fragment)
        if not self._spool.size:
            accepted = self._association._accepted_cx[self._message.context_id or 0]
            syntax = str(accepted.transfer_syntax[0])
            self._spool.write(file_heading(self._message.command_set, syntax))
        self._spool.write(fragment)
        return len(fragment)

    @property
    def is_spooled(self) -> bool:
        """Whether this is an object to be stored."""
        return self._spool.size > 0

    def file(self) -> Buffer:
        """Return the object as a file. Raises RefusedError."""
        return self._spool.data()


class BoundedMessages(DIMSEServiceProvider):
    """Receives the messages of an association without holding large ones in memory."""

    def __init__(
        self, association: Association, most_bytes: int, folder: Path | None = None
    ) -> None:
        super().__init__(association)
        self._most_bytes = most_bytes
        self._folder = folder

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take some fragments."""
        if self.message is None:
            self.message = DIMSEMessage()
            spool = Spool(self._most_bytes, self._folder)
            self.message.data_set = IncomingDataSet(self.message, self.assoc, spool)
        super().receive_primitive(primitive)
