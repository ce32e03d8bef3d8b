"""Studies, series, instances, previews and reports."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Institution, Person


class ProcessingState(enum.StrEnum):
    """How far the pictures of a study are."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class ReportStatus(enum.StrEnum):
    """The states of a report; patients see their images once it is reviewed (A-16)."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"  # the hospital uploaded it anew: kept for audit, never served (D-39)


class PreviewKind(enum.StrEnum):
    """The sizes in which a picture is prepared (B-04, B-44)."""

    FULL = "full"
    FAST = "fast"
    THUMBNAIL = "thumbnail"


class DataKey(Base):
    """A data key, wrapped by the master key; destroying it makes its objects unreadable."""

    __tablename__ = "data_key"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    algorithm: Mapped[str] = mapped_column(String(20), default="AES-256-GCM")
    master_key_id: Mapped[str] = mapped_column(String(32))
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    destroyed_at: Mapped[datetime | None]


class Study(Base):
    """One examination (检查). `study_id` is what addresses show; it says nothing."""

    __tablename__ = "study"
    # A person's studies in the order of the time line, and what they differ in
    # (server.timeline, server.timeline_filter).
    __table_args__ = (
        Index("ix_study_time_line", "person_id", "study_datetime", "study_id"),
        Index("ix_study_differences", "person_id", "institution_id", "modality", "body_part"),
        # What DICOM queries find an institution's studies by (server.dicom_index).
        Index("ix_study_institution_time", "institution_id", "study_datetime", "study_id"),
        Index("ix_study_institution_patient", "institution_id", "patient_id"),
        Index("ix_study_institution_accession", "institution_id", "accession_number"),
    )

    study_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_uid: Mapped[str] = mapped_column(String(64), unique=True)
    cloud_index: Mapped[str] = mapped_column(String(200), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    data_key_id: Mapped[str] = mapped_column(ForeignKey("data_key.id"))
    accession_number: Mapped[str] = mapped_column(String(64), default="")
    patient_id: Mapped[str] = mapped_column(String(64), default="")
    patient_name: Mapped[str] = mapped_column(String(200), default="")
    patient_sex: Mapped[str] = mapped_column(String(16), default="")
    patient_age: Mapped[str] = mapped_column(String(16), default="")
    patient_birth_date: Mapped[str] = mapped_column(String(8), default="")
    study_datetime: Mapped[datetime] = mapped_column(index=True)
    modality: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(String(200), default="")
    body_part: Mapped[str] = mapped_column(String(64), default="")
    sensitivity: Mapped[str] = mapped_column(String(20), default="personal")
    # Requested Procedure Priority (0040,1003), "" where no object said it.
    priority: Mapped[str] = mapped_column(String(16), default="", server_default="")
    # As the objects have them, for DICOM queries: the name with all its component groups
    # (PS3.5 6.2.1), Referring Physician's Name (0008,0090), Study ID (0020,0010).
    dicom_patient_name: Mapped[str] = mapped_column(String(324), default="", server_default="")
    referring_physician_name: Mapped[str] = mapped_column(
        String(324), default="", server_default=""
    )
    dicom_study_id: Mapped[str] = mapped_column(String(16), default="", server_default="")
    # Maker, model and serial number of the device (PS3.3 C.7.5.1), Protocol Name (0018,1030), and
    # the image number (影像号): Study ID (0020,0010), where there is none Patient ID (D-37).
    device: Mapped[str] = mapped_column(String(200), default="", server_default="")
    method: Mapped[str] = mapped_column(String(200), default="", server_default="")
    image_number: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # Whether the person chose digital film (数字胶片): only then the report is read here.
    digital_film: Mapped[bool] = mapped_column(default=True, server_default=true())
    state: Mapped[ProcessingState] = mapped_column(String(20), default=ProcessingState.PENDING)
    # Whether the index module does not know it as it is now (server.provinces.announcing).
    announce_due: Mapped[bool] = mapped_column(default=True, server_default=true(), index=True)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person | None] = relationship()
    institution: Mapped[Institution] = relationship()
    data_key: Mapped[DataKey] = relationship()
    series: Mapped[list[Series]] = relationship(
        back_populates="study", order_by="Series.series_number, Series.series_id"
    )
    reports: Mapped[list[Report]] = relationship(
        back_populates="study", order_by="Report.version.desc()"
    )


class Series(Base):
    """One series (序列) of a study."""

    __tablename__ = "series"

    series_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    series_uid: Mapped[str] = mapped_column(String(64), unique=True)
    study_id: Mapped[str] = mapped_column(ForeignKey("study.study_id"), index=True)
    modality: Mapped[str] = mapped_column(String(16))
    series_number: Mapped[int | None]
    description: Mapped[str] = mapped_column(String(200), default="")
    body_part: Mapped[str] = mapped_column(String(64), default="")
    instance_count: Mapped[int] = mapped_column(default=0)
    frame_count: Mapped[int] = mapped_column(default=0)
    state: Mapped[ProcessingState] = mapped_column(String(20), default=ProcessingState.PENDING)
    # Why the pictures could not be made: one word for machines; the log has the rest.
    failure: Mapped[str] = mapped_column(String(40), default="")
    # Folder of the objects that one run of the preview job made (server.imaging.bundle): series
    # manifest, index, frame pack, previews. A new run writes a new folder, then replaces this.
    prepared_key: Mapped[str | None] = mapped_column(String(200))
    # Folder that a run is writing, or that a finished one has replaced: the next run removes it.
    unfinished_key: Mapped[str | None] = mapped_column(String(200))
    # Bytes of all frames on the wire, for the megabytes of the confirmation (B-05).
    pack_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    # As the objects have them, for DICOM queries (PS3.18 table 10.6.3-4).
    performed_procedure_step_start_date: Mapped[str] = mapped_column(
        String(8), default="", server_default=""
    )
    performed_procedure_step_start_time: Mapped[str] = mapped_column(
        String(16), default="", server_default=""
    )
    scheduled_procedure_step_id: Mapped[str] = mapped_column(
        String(16), default="", server_default=""
    )
    requested_procedure_id: Mapped[str] = mapped_column(String(16), default="", server_default="")

    study: Mapped[Study] = relationship(back_populates="series")
    instances: Mapped[list[Instance]] = relationship(back_populates="series")


class Instance(Base):
    """One DICOM object, kept byte for byte as it was received."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    series_id: Mapped[str] = mapped_column(ForeignKey("series.series_id"), index=True)
    instance_number: Mapped[int | None]
    frame_count: Mapped[int] = mapped_column(default=1)
    object_key: Mapped[str] = mapped_column(String(200), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    # As the object has them, for DICOM queries (PS3.18 table 10.6.3-5); None where it has none.
    rows: Mapped[int | None]
    columns: Mapped[int | None]
    bits_allocated: Mapped[int | None]

    series: Mapped[Series] = relationship(back_populates="instances")


class Report(Base):
    """A report version (A-19, A-50); the newest reviewed one is served, all are kept."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("study_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[str] = mapped_column(ForeignKey("study.study_id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[ReportStatus] = mapped_column(String(20), default=ReportStatus.DRAFT)
    exam_item: Mapped[str] = mapped_column(String(200), default="")
    exam_overview: Mapped[str] = mapped_column(Text, default="")
    findings: Mapped[str] = mapped_column(Text, default="")
    impression: Mapped[str] = mapped_column(Text, default="")
    requested_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    reporting_physician: Mapped[str] = mapped_column(String(100), default="")
    reporting_physician_code: Mapped[str] = mapped_column(String(40), default="")
    reviewing_physician: Mapped[str] = mapped_column(String(100), default="")
    # {"code", "name", "value", "unit", "reference"} each (检查报告指标, E-37).
    indicators: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    sensitivity: Mapped[str] = mapped_column(
        String(20), default="personal", server_default="personal"
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    study: Mapped[Study] = relationship(back_populates="reports")


class Upload(Base):
    """One delivery: what came, what was stored, what was refused and why."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]
    received: Mapped[int] = mapped_column(default=0)
    stored: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    # One {"path_sealed", "reason"} each: names of files may be names of patients.
    rejected: Mapped[list[Any]] = mapped_column(default=list)
