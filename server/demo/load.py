"""Putting the demo into an image cloud: people, accounts, studies, reports. Safe to repeat."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

import pyotp
import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import accounts, people
from server.accounts.passwords import hash_password
from server.accounts.totp import TOTP_CONTEXT
from server.cloud import ImageCloud
from server.demo import credentials
from server.demo import people as cast
from server.demo.catalogue import DemoStudy, demo_studies
from server.demo.credentials import Credential
from server.demo.dicom.identity import unique_id
from server.demo.files import write_plans
from server.demo.progress import Progress, silent
from server.demo.shipped import shipped_images
from server.ingest import ingest_paths
from server.model import Account, FamilyLink, Institution, Person, Report, ReportStatus, Study

CHINA = timezone(timedelta(hours=8))
STORING = "存入影像 / storing the images"
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LoadedStudy:
    """A study of the demo in the database."""

    study_id: str
    patient_login: str
    modality: str
    description: str


@dataclass(frozen=True)
class DemoSummary:
    """What `demo.json` tells (design §7)."""

    accounts: tuple[Credential, ...]
    studies: tuple[LoadedStudy, ...]


def _ensure_institutions(session: Session) -> dict[str, Institution]:
    found = {row.code: row for row in session.scalars(select(Institution))}
    for hospital in cast.HOSPITALS:
        if hospital.code not in found:
            row = Institution(
                code=hospital.code,
                name=hospital.name,
                province_code=hospital.province_code,
                province_name=hospital.province_name,
            )
            session.add(row)
            found[hospital.code] = row
    session.flush()
    return found


def _ensure_persons(cloud: ImageCloud, session: Session) -> dict[str, Person]:
    found = {}
    for one in cast.PERSONS:
        row = session.scalar(select(Person).where(Person.person_code == one.person_code))
        found[one.key] = row or people.create_person(
            cloud,
            session,
            person_code=one.person_code,
            name=one.name,
            id_number=one.id_number,
            phone=one.phone,
        )
    for guardian, member, relation in cast.FAMILY:
        pair = (found[guardian.key].id, found[member.key].id)
        link = select(FamilyLink).where(
            FamilyLink.guardian_id == pair[0], FamilyLink.member_id == pair[1]
        )
        if session.scalar(link) is None:
            people.link_family(
                session,
                guardian=found[guardian.key],
                member=found[member.key],
                relation=relation,
            )
    return found


def _renew(cloud: ImageCloud, account: Account, password: str) -> str:
    """Give an account whose password is lost a new one and a new authenticator."""
    secret = pyotp.random_base32()
    account.password_hash = hash_password(password)
    account.totp_secret_sealed = cloud.master_key.seal(secret, TOTP_CONTEXT)
    account.totp_last_step = 0
    return secret


def _ensure_accounts(
    cloud: ImageCloud,
    session: Session,
    persons: dict[str, Person],
    institutions: dict[str, Institution],
) -> dict[str, Credential]:
    known = credentials.read(_secrets(cloud))
    result = {}
    for one in cast.LOGINS:
        account = session.scalar(select(Account).where(Account.login == one.login))
        if account is not None and one.login in known:
            result[one.login] = known[one.login]
            continue
        password = credentials.new_password()
        if account is not None:
            secret = _renew(cloud, account, password)
        else:
            secret = accounts.create_account(
                cloud,
                session,
                login=one.login,
                password=password,
                role=one.role,
                person=persons[one.person.key] if one.person else None,
                institution=institutions[one.hospital.code] if one.hospital else None,
                actor="demo",
            ).totp_secret
        result[one.login] = Credential(str(one.role), one.login, password, secret)
    if result != known:
        credentials.write(_secrets(cloud), result)
    return result


def _secrets(cloud: ImageCloud) -> Path:
    return cloud.settings.home / "secrets"


def _stored_files(session: Session, study: DemoStudy) -> int:
    row = _find(session, study)
    return 0 if row is None else sum(series.instance_count for series in row.series)


def _find(session: Session, study: DemoStudy) -> Study | None:
    return session.scalar(select(Study).where(Study.study_uid == str(unique_id(study.header.key))))


def _ingest(cloud: ImageCloud, study: DemoStudy, files: Sequence[Path], person_id: int) -> None:
    summary = ingest_paths(cloud, files, institution_code=study.hospital.code, person_id=person_id)
    if summary.rejected:
        raise RuntimeError(f"a demo file was refused: {summary.rejected[0]}")


def _load_images(
    cloud: ImageCloud,
    studies: Iterable[DemoStudy],
    persons: dict[str, int],
    progress: Progress,
) -> None:
    missing = list(studies)
    if not missing:
        return
    plans = [plan for study in missing for plan in study.series]
    with tempfile.TemporaryDirectory(dir=cloud.settings.home, prefix="demo-files-") as folder:
        files = write_plans(plans, Path(folder), progress)
        done = 0
        for study in missing:
            own = [file for file in files if file.parts[-3] == study.header.key]
            progress(STORING, done, len(files))
            _ingest(cloud, study, own, persons[study.person.key])
            done += len(own)
        progress(STORING, done, len(files))


def _load_shipped(cloud: ImageCloud, person_id: int) -> None:
    """Ingest pydicom's own files; some are broken on purpose and are refused by name."""
    with cloud.database.session() as session:
        count = session.scalar(
            select(func.count()).select_from(Study).where(Study.person_id == person_id)
        )
    if count:
        return
    summary = ingest_paths(
        cloud, shipped_images(), institution_code=cast.PROVINCIAL.code, person_id=person_id
    )
    logger.info("demo.shipped", stored=summary.stored, refused=len(summary.rejected))


def _ensure_reports(session: Session, studies: Iterable[DemoStudy]) -> None:
    for study in studies:
        row = _find(session, study)
        if row is None or row.reports:
            continue
        text, taken_at = study.report, study.header.taken_at.replace(tzinfo=CHINA)
        session.add(
            Report(
                study_id=row.study_id,
                version=1,
                status=text.status,
                exam_item=text.exam_item,
                exam_overview=text.overview,
                findings=text.findings,
                impression=text.impression,
                requested_at=text.requested_at(taken_at),
                reported_at=text.reported_at(taken_at),
                reporting_physician=text.reporting_physician,
                reporting_physician_code=text.reporting_physician_code,
                reviewing_physician=text.reviewing_physician,
            )
        )


def _ensure_shipped_reports(session: Session, person_id: int) -> None:
    """Give every test study a reviewed report, without which the patient may not open it (A-16)."""
    for row in session.scalars(select(Study).where(Study.person_id == person_id)):
        if row.reports:
            continue
        session.add(
            Report(
                study_id=row.study_id,
                version=1,
                status=ReportStatus.REVIEWED,
                exam_item="图像解码测试",
                exam_overview="pydicom 随附的测试文件，按原样存入。",
                findings="仅用于验证图像解码与显示，不含诊断内容。",
                impression="无诊断意义。",
                reported_at=row.received_at,
                reporting_physician="测试样本",
                reporting_physician_code="D990000000999",
                reviewing_physician="测试样本",
            )
        )


def _loaded(session: Session) -> tuple[LoadedStudy, ...]:
    rows = session.scalars(
        select(Study).where(Study.person_id.is_not(None)).order_by(Study.study_datetime.desc())
    )
    logins = {one.person.person_code: one.login for one in cast.LOGINS if one.person is not None}
    for guardian, member, _ in cast.FAMILY:
        logins.setdefault(member.person_code, logins[guardian.person_code])
    return tuple(
        LoadedStudy(row.study_id, logins[row.person.person_code], row.modality, row.description)
        for row in rows
        if row.person is not None and row.person.person_code in logins
    )


def load_demo(
    cloud: ImageCloud,
    progress: Progress = silent,
    *,
    studies: Sequence[DemoStudy] | None = None,
    shipped: bool = True,
) -> DemoSummary:
    """Bring the demo into a migrated database, and return its accounts and studies.

    What is there already stays as it is, so a second run changes nothing. `studies` (default: all
    of the catalogue) and `shipped` (pydicom's files) let tests load less.
    """
    wanted = demo_studies() if studies is None else studies
    with cloud.database.session() as session:
        institutions = _ensure_institutions(session)
        persons = _ensure_persons(cloud, session)
        known = _ensure_accounts(cloud, session, persons, institutions)
        person_ids = {key: row.id for key, row in persons.items()}
        missing = [
            study
            for study in wanted
            if _stored_files(session, study) < sum(plan.files for plan in study.series)
        ]
    _load_images(cloud, missing, person_ids, progress)
    if shipped:
        _load_shipped(cloud, person_ids[cast.ENGINEER.key])
    with cloud.database.session() as session:
        _ensure_reports(session, wanted)
        _ensure_shipped_reports(session, person_ids[cast.ENGINEER.key])
        return DemoSummary(tuple(known.values()), _loaded(session))
