"""The front machine's form for pictures of devices without DICOM (E-41)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request
from werkzeug.exceptions import Forbidden

from server import clock
from server.clock import CHINA
from server.gateway.capturing import MODALITIES, CapturedExam, CaptureError
from server.gateway.pictures import Pictures

MOST_BYTES = 200 << 20
MOST_PICTURES = 50


def pictures_blueprint(pictures: Pictures) -> Blueprint:
    """Make the page of a front machine's form."""
    blueprint = Blueprint("pictures", __name__)

    @blueprint.get("/pictures")
    def form() -> str:
        return _page()

    @blueprint.post("/pictures")
    def take() -> tuple[str, int] | str:
        _must_be_own()
        try:
            count = _take(pictures)
        except CaptureError as error:
            return _page(fault=str(error)), 400
        return _page(taken=count)

    return blueprint


def _must_be_own() -> None:
    """Refuse what another page sends in the name of whoever sits at this machine."""
    origin = request.headers.get("Origin", "")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden
    if origin and urlsplit(origin).netloc != request.host:
        raise Forbidden


def _take(pictures: Pictures) -> int:
    files = [one for one in request.files.getlist("pictures") if one.filename]
    if not 0 < len(files) <= MOST_PICTURES:
        raise CaptureError(f"请选择 1 至 {MOST_PICTURES} 张图像 / choose 1 to {MOST_PICTURES}")
    accession_number = _said("accession_number")
    if _said("patient_id") or _said("patient_name"):
        exam = _typed(accession_number)
    else:
        exam = pictures.look_up(accession_number)
    for number, file in enumerate(files, 1):
        pictures.take(file.read(), exam, number)
    return len(files)


def _typed(accession_number: str) -> CapturedExam:
    said = _said("performed_at")
    try:
        performed_at = datetime.fromisoformat(said).replace(tzinfo=CHINA) if said else clock.now()
    except ValueError as error:
        raise CaptureError("检查时间不对 / the time of the exam") from error
    return CapturedExam(
        patient_id=_said("patient_id"),
        patient_name=_said("patient_name"),
        accession_number=accession_number,
        performed_at=performed_at,
        sex=_said("sex"),
        birth_date=_said("birth_date").replace("-", ""),
        modality=_said("modality") or "OT",
        description=_said("description"),
    )


def _said(name: str) -> str:
    return request.form.get(name, "").strip()


def _page(taken: int = 0, fault: str = "") -> str:
    return render_template(
        "gateway/pictures.html", taken=taken, fault=fault, modalities=MODALITIES,
        said=request.form if fault else {},
    )  # fmt: skip
