"""A Storage SCU (PS3.4 B.2): stored objects go out as the bytes that came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from server.sending.calling import call
from server.sending.nodes import DicomNode

# Objects on disk go out in pieces, their data set never decoded or encoded again.
_config.STORE_SEND_CHUNKED_DATASET = True

MOST_CONTEXTS = 128  # PS3.8 9.3.2.2: odd numbers up to 255
_WARNING = 0xB000  # PS3.4 table B.2-1: stored, though something was coerced or left out
_NO_ROOM = range(0xA700, 0xA800)


class NodeUnavailableError(ConnectionError):
    """The node cannot be reached or went away; trying again later may help.

    `reason` is a word for machines: unreachable, rejected, certificate, broken, no_room.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ObjectKind:
    """What a presentation context is negotiated for: a SOP class as one transfer syntax."""

    sop_class_uid: str
    transfer_syntax_uid: str


class StorageScu:
    """An association with a node, open within a `with` block.

    Each kind of object has a context of its own, so that a node can take the one and not the other.
    At most MOST_CONTEXTS kinds. Raises NodeUnavailableError on entry and from `store`.
    """

    def __init__(self, node: DicomNode, kinds: Iterable[ObjectKind]) -> None:
        self._node = node
        self._contexts = list(_contexts(kinds))
        self._association: Association | None = None

    def __enter__(self) -> StorageScu:
        try:
            made = call(self._node, self._node.calling_ae_title, self._contexts)
        except OSError as error:
            raise NodeUnavailableError("certificate") from error
        if not made.is_established and not _took_nothing(made):
            raise NodeUnavailableError("rejected" if made.is_rejected else "unreachable")
        self._association = made
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._association is not None and self._association.is_established:
            self._association.release()

    def takes(self, kind: ObjectKind) -> bool:
        """Whether the node accepts objects of a kind as they are stored."""
        assert self._association is not None
        return any(
            one.abstract_syntax == kind.sop_class_uid
            and one.transfer_syntax == [kind.transfer_syntax_uid]
            for one in self._association.accepted_contexts
        )

    def store(self, path: Path) -> str:
        """Send the DICOM file at a path (C-STORE); return "" or the status it was refused with.

        Raises NodeUnavailableError when the association breaks or the node has no room.
        """
        assert self._association is not None
        try:
            answer = self._association.send_c_store(path)
        except AttributeError:  # no file meta information to send it by
            return "no_file_meta"
        except ValueError:  # none of the contexts fits what the file says of itself
            return "not_accepted"
        except RuntimeError as error:
            raise NodeUnavailableError("broken") from error
        if "Status" not in answer:
            raise NodeUnavailableError("broken")
        status = int(answer.Status)
        if status in _NO_ROOM:
            raise NodeUnavailableError("no_room")
        stored = status == 0 or status & 0xF000 == _WARNING
        return "" if stored else f"status_{status:04X}"


def _contexts(kinds: Iterable[ObjectKind]) -> Iterator[PresentationContext]:
    for kind in dict.fromkeys(kinds):
        yield build_context(UID(kind.sop_class_uid), [UID(kind.transfer_syntax_uid)])


def _took_nothing(association: Association) -> bool:
    """Whether the node accepted us, but none of the kinds (pynetdicom then aborts by itself)."""
    return association.is_aborted and bool(association.rejected_contexts)
