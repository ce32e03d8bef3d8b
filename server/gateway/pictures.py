"""Pictures of devices without DICOM on their way into the spool (E-41)."""

from __future__ import annotations

from server.gateway.capturing import CapturedExam, CaptureError, captured
from server.gateway.configuration import GatewaySettings
from server.gateway.fetching import PacsUnavailableError
from server.gateway.picture_folder import take_folder
from server.gateway.receiving import Receiving
from server.gateway.worklist import find_exam
from server.sending.nodes import load_nodes

SOURCE = "PICTURES"  # where the spool says that an object came from


class Pictures:
    """Takes pictures from the watched folder, and from the page of the front machine."""

    def __init__(self, settings: GatewaySettings, receiving: Receiving) -> None:
        self._settings = settings
        self._receiving = receiving

    def take(self, data: bytes, exam: CapturedExam, number: int) -> None:
        """Make an object of a picture and keep it in the spool. Raises CaptureError."""
        made = captured(data, exam, number, origin=self._settings.client_id)
        answer = self._receiving.take(made, SOURCE)
        if answer.Status:
            reason = str(answer.get("ErrorComment", ""))
            raise CaptureError(f"前置机未能保存 / the front machine did not keep it: {reason}")

    def look_up(self, accession_number: str) -> CapturedExam:
        """Return the exam that the worklist has under an accession number. Raises CaptureError."""
        nodes = {one.name: one for one in load_nodes(self._settings.pacs_file)}
        node = nodes.get(self._settings.worklist)
        if node is None:
            raise CaptureError(
                "请填写患者信息，本机没有配置工作列表 / "
                "fill in the patient: no worklist is configured on this machine"
            )
        try:
            return find_exam(node, self._settings.ae_title, accession_number)
        except PacsUnavailableError as error:
            raise CaptureError(
                "工作列表没有应答，请稍后重试或直接填写 / "
                "the worklist does not answer: try later, or fill in the patient"
            ) from error

    def step(self) -> int:
        """Take in what lies in the watched folder; return how many pictures were taken."""
        folder = self._settings.pictures
        return 0 if folder is None else take_folder(folder, self.take, self.look_up)
