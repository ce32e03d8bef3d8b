"""Signed forms on paper: their scans, kept encrypted and read only by who reviews them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.authorisations import notices, recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import WrittenEvidence
from server.authorisations.recording import Asked
from server.authorisations.reviewing import reviewable
from server.authorisations.terms import LIFETIMES
from server.model import Account, Authorisation, DataKey, ReviewState, opaque_id

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LARGEST_DOCUMENT = 900 * 1024
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}
_SUFFIX = {"image/png": ".png", "image/jpeg": ".jpg", "application/pdf": ".pdf"}


@dataclass(frozen=True)
class Document:
    """The scan of a form."""

    data: bytes
    media_type: str

    @property
    def suffix(self) -> str:
        """How a file of it is called at the end."""
        return _SUFFIX[self.media_type]


def keep_written(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    asked: Asked,
    document: bytes,
    source: str = "",
) -> Authorisation:
    """Authorise by a signed form, whose scan (PNG, JPEG, PDF) is stored encrypted.

    Raises AuthorisationRefused for anything else, or a scan of more than LARGEST_DOCUMENT bytes.
    """
    kind = next((kind for magic, kind in _MAGIC.items() if document.startswith(magic)), None)
    if kind is None or len(document) > LARGEST_DOCUMENT:
        raise AuthorisationRefused(Refusal.DOCUMENT)
    made = recording.make(cloud, session, account, asked, source=source)
    data_key = cloud.vault.new_data_key(session)
    session.flush()
    object_key = f"authorisations/{made.authorisation_id}/{opaque_id()}"
    cloud.vault.write(data_key, object_key, document)
    recording.approve(
        session,
        made,
        WrittenEvidence(hashlib.sha256(document).hexdigest(), kind, len(document)),
        actor=f"account:{account.id}",
        source=source,
        lifetime=LIFETIMES[0],
        review=ReviewState.PENDING,
        document_key=object_key,
        document_data_key_id=data_key.id,
    )
    notices.tell_of_assistance(cloud, session, made)
    return made


def document(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    authorisation_id: str,
    source: str = "",
) -> Document:
    """Return the scan for the institution's administrator, audited. Raises AuthorisationRefused."""
    found = reviewable(session, account, authorisation_id)
    if found.document_key is None or found.document_data_key_id is None:
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    data_key = session.get_one(DataKey, found.document_data_key_id)
    data = cloud.vault.read(data_key, found.document_key)
    actor = f"account:{account.id}"
    recording.note(session, found, "authorisation.document", actor=actor, source=source)
    return Document(data, str(found.evidence["media_type"]))
