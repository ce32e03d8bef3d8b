"""Which DICOM elements tell who is pictured, for readers who may not know (X-44, PS3.15 E.1).

The list is that of the Basic Application Level Confidentiality Profile (PS3.15 table E.1-1, what is
removed, emptied or replaced there), less what the four corners show such a reader anyway: sex and
age, hospital and device, what was examined and when. Of a device's private elements nobody knows
what they hold, so their values are hidden too (E.3.10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from server import people
from server.ingest.text import decode_text, person_name

HIDDEN = "***"
Elements = Mapping[int, Any]  # tag → RawDataElement or DataElement
_PATIENT_NAME, _PATIENT_ID, _BIRTH_DATE = 0x00100010, 0x00100020, 0x00100030
_ACCESSION_NUMBER = 0x00080050
# Shorter words occur by chance.
_SHORTEST_SECRET = 2
_SHORTEST_LATIN_SECRET = 4


def _keywords(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Groups of which all is masked but what is listed: patient, visit, requests and reports.
_MASKED_GROUPS = frozenset({0x0010, 0x0032, 0x0038, 0x4000, 0x4008})
_KEPT = _keywords(
    """
    PatientName PatientID PatientSex PatientAge PatientSize PatientWeight PatientSizeCodeSequence
    PatientPosition QualityControlSubject
    RequestedProcedureDescription RequestedProcedureCodeSequence RequestedContrastAgent
    """
)
_MASKED = _keywords(
    """
    IssuerOfAccessionNumberSequence StudyID
    StudyIDIssuer
    InstitutionAddress InstitutionalDepartmentName InstitutionCodeSequence
    InstitutionalDepartmentTypeCodeSequence
    ReferringPhysicianName ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName
    ConsultingPhysicianIdentificationSequence
    PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence
    PerformingPhysicianName PerformingPhysicianIdentificationSequence
    NameOfPhysiciansReadingStudy PhysiciansReadingStudyIdentificationSequence
    OperatorsName OperatorIdentificationSequence
    AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence
    ReferencedPatientSequence ReferencedPatientAliasSequence
    ReferencedStudySequence ReferencedPerformedProcedureStepSequence
    SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence
    PersonIdentificationCodeSequence PersonAddress PersonTelephoneNumbers PersonTelecomInformation
    ResponsibleOrganization
    ContentCreatorName ContentCreatorIdentificationCodeSequence
    DeviceSerialNumber DeviceUID GantryID DetectorID CassetteID PlateID GeneratorID
    UniqueDeviceIdentifier UDISequence
    AcquisitionComments ImageComments FrameComments DerivationDescription
    AcquisitionDeviceProcessingDescription AcquisitionProtocolDescription
    ContributionDescription ContributingEquipmentSequence IdentifyingComments
    ConfidentialityConstraintOnPatientDataDescription CommentsOnThePerformedProcedureStep
    RequestAttributesSequence RequestedProcedureID RequestedProcedureComments
    RequestedProcedureLocation ReasonForTheRequestedProcedure
    ReasonForRequestedProcedureCodeSequence
    ScheduledProcedureStepID ScheduledProcedureStepDescription ScheduledProcedureStepLocation
    ScheduledPerformingPhysicianName ScheduledPerformingPhysicianIdentificationSequence
    ScheduledStationAETitle ScheduledStationName ScheduledStationNameCodeSequence
    ScheduledHumanPerformersSequence ScheduledStationGeographicLocationCodeSequence
    ScheduledPatientInstitutionResidence PatientTransportArrangements
    PerformedProcedureStepID PerformedProcedureStepDescription PerformedLocation
    PerformedStationAETitle PerformedStationName PerformedStationNameCodeSequence
    PerformedStationGeographicLocationCodeSequence
    ActualHumanPerformersSequence HumanPerformerName HumanPerformerOrganization
    NamesOfIntendedRecipientsOfResults IntendedRecipientsOfResultsIdentificationSequence
    PlacerOrderNumberImagingServiceRequest FillerOrderNumberImagingServiceRequest
    PlacerOrderNumberImagingServiceRequestRetired FillerOrderNumberImagingServiceRequestRetired
    ImagingServiceRequestComments ReasonForTheImagingServiceRequest
    OrderEnteredBy OrderEntererLocation OrderCallbackPhoneNumber OrderCallbackTelecomInformation
    IssueDateOfImagingServiceRequest AdmissionID IssuerOfAdmissionID
    VerifyingObserverName VerifyingObserverSequence VerifyingOrganization
    VerifyingObserverIdentificationCodeSequence AuthorObserverSequence ParticipantSequence
    CustodialOrganizationSequence PersonName TextValue ContentSequence
    AcquisitionContextSequence OriginalAttributesSequence ModifiedAttributesSequence
    DigitalSignaturesSequence MACParametersSequence ReferencedDigitalSignatureSequence
    EncryptedAttributesSequence
    GraphicAnnotationSequence UnformattedTextValue TextString
    TopicTitle TopicSubject TopicAuthor TopicKeywords
    ReviewerName
    StorageMediaFileSetID SourceApplicationEntityTitle SendingApplicationEntityTitle
    ReceivingApplicationEntityTitle StationAETitle RetrieveAETitle InstanceOriginStatus
    ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ClinicalTrialSiteID ClinicalTrialSiteName
    ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSponsorName
    ClinicalTrialCoordinatingCenterName ClinicalTrialProtocolEthicsCommitteeName
    """
)
_PRIVATE_INFORMATION = 0x00020102


@dataclass(frozen=True)
class Hidden:
    """What a reader is not told: who is pictured, and the accession number (检查号)."""

    identity: bool = False
    accession: bool = False


def tells_who(tag: int, vr: str, hidden: Hidden) -> bool:
    """Tell whether an element is masked for a reader from whom this is hidden."""
    if tag == _ACCESSION_NUMBER:
        return hidden.accession
    if not hidden.identity:
        return False
    group = tag >> 16
    if vr == "PN" or group % 2 or tag == _PRIVATE_INFORMATION:
        return True
    keyword = keyword_for_tag(tag)
    if group in _MASKED_GROUPS:
        return keyword not in _KEPT or keyword in ("PatientName", "PatientID")
    return keyword in _MASKED


def masked_value(tag: int, value: str) -> str:
    """Return what such a reader is shown: name and number as in the corners, else `HIDDEN`."""
    if not value:
        return ""
    if tag == _PATIENT_NAME:
        return people.mask_name(person_name(value))
    if tag == _PATIENT_ID:
        return people.mask_id_number(value)
    return HIDDEN


def elements_of(dataset: Dataset) -> Elements:
    """Return the elements of a data set as they were read, none converted or fetched."""
    return {int(tag): element for tag, element in dataset.items()}


class Secrets:
    """The words by which this object's person would be known in any other element's text."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(word.casefold() for word in words if len(word) >= _shortest(word))

    def in_text(self, text: str) -> bool:
        """Tell whether a text holds one of the words."""
        folded = text.casefold()
        return any(word in folded for word in self._words)


def _shortest(word: str) -> int:
    return _SHORTEST_LATIN_SECRET if word.isascii() else _SHORTEST_SECRET


def secrets_of(dataset: Dataset, character_sets: list[str], hidden: Hidden) -> Secrets:
    """Return the words that are hidden: the object's own name, numbers and birth date."""
    words: set[str] = set()
    elements = elements_of(dataset)
    who = (_PATIENT_NAME, _PATIENT_ID, _BIRTH_DATE) if hidden.identity else ()
    for tag in (*who, _ACCESSION_NUMBER) if hidden.accession else who:
        raw = getattr(elements.get(tag), "value", None)
        if not isinstance(raw, bytes):
            continue
        text = decode_text(raw, character_sets)
        words |= {text, person_name(text)} if tag == _PATIENT_NAME else {text}
        if tag == _PATIENT_NAME:
            for group in text.split("="):
                words |= {group.strip("^ "), *group.replace("^", " ").split()}
                words.add(group.replace("^", ""))
    return Secrets(words)
