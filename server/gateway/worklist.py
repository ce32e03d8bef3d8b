"""Asking the hospital's worklist (PS3.4 K) whose exam an accession number names (E-41)."""

from __future__ import annotations

from datetime import datetime

from pydicom import Dataset

from server import clock
from server.clock import CHINA
from server.dimse.contexts import plain_contexts
from server.gateway.capturing import CapturedExam, CaptureError
from server.gateway.fetching import check_status, open_association
from server.sending.nodes import DicomNode

WORKLIST_FIND = "1.2.840.10008.5.1.4.31"  # PS3.4 K.6


def find_exam(node: DicomNode, ae_title: str, accession_number: str) -> CapturedExam:
    """Return the exam that a worklist has under an accession number.

    Raises CaptureError where it has none, or several patients'; PacsUnavailableError.
    """
    wanted = Dataset()
    wanted.AccessionNumber = accession_number
    wanted.PatientName = wanted.PatientID = wanted.PatientBirthDate = wanted.PatientSex = ""
    wanted.StudyInstanceUID = wanted.RequestedProcedureDescription = ""
    step = Dataset()
    step.Modality = step.ScheduledProcedureStepStartDate = ""
    step.ScheduledProcedureStepStartTime = ""
    wanted.ScheduledProcedureStepSequence = [step]
    found: list[Dataset] = []
    association = open_association(node, ae_title, plain_contexts([WORKLIST_FIND]))
    try:
        for status, answer in association.send_c_find(wanted, WORKLIST_FIND):
            check_status(status)
            if answer is not None and str(answer.get("AccessionNumber", "")) == accession_number:
                found.append(answer)
    finally:
        association.release()
    if len({str(one.get("PatientID", "")) for one in found}) != 1:
        raise CaptureError(
            f"工作列表中没有检查号 {accession_number}，或有多位患者 / "
            "the worklist does not have this accession number, or several patients under it"
        )
    return _exam(found[0], accession_number)


def _exam(answer: Dataset, accession_number: str) -> CapturedExam:
    steps = answer.get("ScheduledProcedureStepSequence") or [Dataset()]
    modality = str(steps[0].get("Modality", "") or "OT")
    return CapturedExam(
        patient_id=str(answer.get("PatientID", "")),
        patient_name=str(answer.get("PatientName", "")),
        accession_number=accession_number,
        performed_at=_moment(steps[0]),
        sex=str(answer.get("PatientSex", "") or ""),
        birth_date=str(answer.get("PatientBirthDate", "") or ""),
        modality=modality,
        description=str(answer.get("RequestedProcedureDescription", "") or ""),
        study_uid=str(answer.get("StudyInstanceUID", "") or ""),
    )


def _moment(step: Dataset) -> datetime:
    """Return when the step is scheduled; now where the worklist does not say."""
    day = str(step.get("ScheduledProcedureStepStartDate", "") or "")
    time = str(step.get("ScheduledProcedureStepStartTime", "") or "000000")
    try:
        return datetime.strptime(day + time[:6].ljust(6, "0"), "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        return clock.now()
