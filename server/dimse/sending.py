"""Sub-operations of C-MOVE and C-GET (PS3.4 C.4.2, C.4.3): objects go as the bytes that came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import structlog
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from server.dicomweb.frames import UndecodableError
from server.dicomweb.transcoding import explicit_little_endian
from server.dimse.contexts import PLAIN_SYNTAXES
from server.model import DataKey, Instance
from server.sending.storage_scu import MOST_CONTEXTS
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


class ObjectOnDisk(Dataset):
    """Stands for an object in a file where pynetdicom hands data sets on; None is unreadable."""

    file: Path | None = None


class _NoAssociation:
    """Stands for the association to a destination where a C-MOVE is refused before there is one."""

    is_established = True

    def release(self) -> None:
        """Do nothing: there is none."""


NOWHERE = {"nowhere": True}  # options of a destination that is not called


class SendingEntity(AE):
    """An application entity whose associations send objects from files, never encoded again."""

    def associate(self, *arguments: Any, nowhere: bool = False, **options: Any) -> Association:
        """Ask for an association, as `AE.associate` does."""
        if nowhere:
            return cast(Association, _NoAssociation())
        association = super().associate(*arguments, **options)
        send_from_files(association)
        return association


def send_from_files(association: Association) -> None:
    """Have an association send `ObjectOnDisk` as the bytes of its file: pynetdicom's own C-MOVE
    and C-GET would decode and encode each data set."""
    vars(association)["send_c_store"] = partial(_send, association)


def _send(association: Association, stored: Any, **options: Any) -> Dataset:
    if not isinstance(stored, ObjectOnDisk):
        return Association.send_c_store(association, stored, **options)
    if stored.file is None:
        raise ValueError("the object cannot be read")
    try:
        return Association.send_c_store(association, stored.file, **options)
    except ValueError:  # not taken in the syntax in which it is stored
        return Association.send_c_store(association, _plain(stored.file), **options)


def _plain(file: Path) -> Path:
    """Write an object beside its file in Explicit VR Little Endian, which every peer reads.

    Raises ValueError for one that cannot be decoded.
    """
    try:
        data = explicit_little_endian(file.read_bytes())
    except UndecodableError as error:
        raise ValueError("the object cannot be decoded") from error
    plain = file.with_name("plain.dcm")
    plain.write_bytes(data)
    return plain


def objects_on_disk(
    cloud: ImageCloud, rows: Sequence[tuple[Instance, DataKey]]
) -> Iterator[ObjectOnDisk]:
    """Yield each object in a file that lasts until the next one is asked for."""
    with TemporaryDirectory(prefix="yingyun-retrieve-") as folder:
        path = Path(folder) / "object.dcm"
        for instance, data_key in rows:
            one = ObjectOnDisk()
            one.SOPInstanceUID = instance.sop_instance_uid
            try:
                path.write_bytes(cloud.vault.read(data_key, instance.object_key))
                one.file = path
            except StorageError:
                log.warning("dicom_object_unreadable", object_key=instance.object_key)
            yield one


def contexts_for(rows: Sequence[tuple[Instance, DataKey]]) -> list[PresentationContext]:
    """Return a context for each kind of object, and one without compression for each class."""
    kinds = dict.fromkeys((row.sop_class_uid, row.transfer_syntax_uid) for row, _ in rows)
    made = [build_context(sop_class, syntax) for sop_class, syntax in kinds]
    classes = dict.fromkeys(one for one, _ in kinds)
    plain = [build_context(one, PLAIN_SYNTAXES[:1]) for one in classes]
    return [*plain, *made][:MOST_CONTEXTS]
