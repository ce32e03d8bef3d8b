"""What a hospital's RIS tells of an examination, beside what its DICOM objects say (E-15, E-16)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.launching import InstitutionClient
from server.model.people import Institution, Person


class ExamRecord(Base):
    """One examination as the hospital's system ordered it: found by the hospital's own number.

    Whoever tells it again replaces what was told; "" is what nobody told.
    """

    __tablename__ = "exam_record"
    __table_args__ = (UniqueConstraint("institution_id", "accession_number"),)

    exam_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    accession_number: Mapped[str] = mapped_column(String(64))
    # The system that told it.
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"))
    # Study Instance UID, where the RIS knows it (检查唯一标识).
    study_uid: Mapped[str] = mapped_column(String(64), default="", index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    patient_id: Mapped[str] = mapped_column(String(64))
    medical_record_number: Mapped[str] = mapped_column(String(64), default="")
    image_number: Mapped[str] = mapped_column(String(64), default="")  # 影像号
    patient_name: Mapped[str] = mapped_column(String(200))
    patient_sex: Mapped[str] = mapped_column(String(16), default="")
    patient_age: Mapped[str] = mapped_column(String(16), default="")
    application_number: Mapped[str] = mapped_column(String(64), default="")  # 申请单号
    requested_at: Mapped[datetime | None]
    department: Mapped[str] = mapped_column(String(100), default="")
    requesting_physician: Mapped[str] = mapped_column(String(100), default="")
    chief_complaint: Mapped[str] = mapped_column(Text, default="")
    clinical_diagnosis: Mapped[str] = mapped_column(Text, default="")
    modality: Mapped[str] = mapped_column(String(16))
    body_part: Mapped[str] = mapped_column(String(64), default="")
    method: Mapped[str] = mapped_column(String(200), default="")
    exam_item: Mapped[str] = mapped_column(String(200), default="")
    told_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()
    client: Mapped[InstitutionClient] = relationship()
    person: Mapped[Person | None] = relationship()
