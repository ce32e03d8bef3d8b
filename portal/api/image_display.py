"""The parameters of IHE Invoke Image Display (RAD TF-2 4.106), and with what a launch begins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from server.clock import CHINA
from server.launches import Begins, LaunchRefusedError, Opens, RefusalReason

_TEXT = r"^[^\x00-\x1f\x7f]*$"
_OPENS = {"DICOM": Opens.DICOM, "JPG": Opens.IMAGES, "REPORT": Opens.REPORT}
Line = Annotated[str, StringConstraints(max_length=400, pattern=_TEXT, strip_whitespace=True)]
# IHE writes lists with commas.
Uids = Annotated[str, StringConstraints(max_length=400, pattern=r"^[0-9.]+(,[0-9.]+)*$")]
Modalities = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,5}(,[A-Z]{2,5}){0,19}$")]


def _number(value: object) -> object:
    """Take the number of an address, too."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


Count = Annotated[int, BeforeValidator(_number), Field(ge=1, le=50)]


class InvokeImageDisplay(BaseModel):
    """IHE Invoke Image Display (RAD-106) parameters, in an authenticated launch only."""

    model_config = ConfigDict(extra="ignore")

    requestType: Literal["STUDY", "PATIENT"]  # noqa: N815 - as IHE spells it
    patientID: Line | None = Field(None, description="CX: id^^^&oid&ISO")  # noqa: N815
    studyUID: Uids | None = None  # noqa: N815
    accessionNumber: Line | None = None  # noqa: N815
    lowerDateTime: datetime | None = None  # noqa: N815
    upperDateTime: datetime | None = None  # noqa: N815
    modalitiesInStudy: Modalities | None = None  # noqa: N815
    mostRecentResults: Count | None = None  # noqa: N815
    viewerType: Line | None = Field(None, description="DICOM、JPG、REPORT")  # noqa: N815
    diagnosticQuality: bool = False  # noqa: N815


def begins_of(display: InvokeImageDisplay, patient_id: str) -> Begins:
    """Return with what a launch of a patient begins by these parameters.

    Raises LaunchRefusedError where they mean another patient, or no study.
    """
    # HL7 CX: the number, then who gave it out.
    if display.patientID is not None and display.patientID.partition("^")[0] != patient_id:
        raise LaunchRefusedError(RefusalReason.PATIENT)
    if display.requestType == "PATIENT":
        return Begins("", "", Opens.LIST, _list_filter(display))
    uid = (display.studyUID or "").partition(",")[0]
    accession = (display.accessionNumber or "").partition(",")[0]
    if not (uid or accession):
        raise LaunchRefusedError(RefusalReason.STUDY)
    # What is no kind of ours is none of our business (RAD-106): the viewer comes.
    opens = _OPENS.get((display.viewerType or "").upper(), Opens.DICOM)
    if display.diagnosticQuality and opens is Opens.IMAGES:
        opens = Opens.DICOM  # the JPG page is for looking, not for a diagnosis
    return Begins(uid, accession, opens)


def _list_filter(display: InvokeImageDisplay) -> dict[str, str]:
    wanted = {
        "since": _day(display.lowerDateTime),
        "until": _day(display.upperDateTime),
        "modalities": display.modalitiesInStudy or "",
        "most": str(display.mostRecentResults or ""),
    }
    return {name: value for name, value in wanted.items() if value}


def _day(instant: datetime | None) -> str:
    """Return the day in China; an instant without a zone is China's already."""
    if instant is None:
        return ""
    local = instant if instant.tzinfo is None else instant.astimezone(CHINA)
    return local.date().isoformat()
