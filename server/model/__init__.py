"""The tables of the image cloud (design: one module a subject)."""

from server.model.annotations import AnnotationSet
from server.model.base import Base, UtcDateTime, opaque_id
from server.model.downloads import (
    UNFINISHED_DOWNLOAD,
    Download,
    DownloadState,
    DownloadVisit,
)
from server.model.imaging import (
    DataKey,
    Instance,
    PreviewKind,
    ProcessingState,
    Report,
    ReportStatus,
    Series,
    Study,
    Upload,
)
from server.model.key_images import KeyImage
from server.model.people import (
    Account,
    AccountPreference,
    AccountSession,
    Consent,
    ExternalIdentity,
    FamilyLink,
    Institution,
    Message,
    Person,
    Role,
    SignInChallenge,
)
from server.model.security import AUDIT_GUARDS, AttemptCounter, AuditEvent, AuditHead
from server.model.sending import UNFINISHED_SENDING, Sending, SendingState
from server.model.sharing import Share, ShareFailure, ShareVisit

__all__ = [
    "AUDIT_GUARDS",
    "UNFINISHED_DOWNLOAD",
    "UNFINISHED_SENDING",
    "Account",
    "AccountPreference",
    "AccountSession",
    "AnnotationSet",
    "AttemptCounter",
    "AuditEvent",
    "AuditHead",
    "Base",
    "Consent",
    "DataKey",
    "Download",
    "DownloadState",
    "DownloadVisit",
    "ExternalIdentity",
    "FamilyLink",
    "Instance",
    "Institution",
    "KeyImage",
    "Message",
    "Person",
    "PreviewKind",
    "ProcessingState",
    "Report",
    "ReportStatus",
    "Role",
    "Sending",
    "SendingState",
    "Series",
    "Share",
    "ShareFailure",
    "ShareVisit",
    "SignInChallenge",
    "Study",
    "Upload",
    "UtcDateTime",
    "opaque_id",
]
